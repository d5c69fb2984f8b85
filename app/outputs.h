#pragma once
// Which files a run will write, known before it starts.

#include <filesystem>
#include <string>
#include <vector>

#include "inputs.h"
#include "output/formats.h"
#include "output_record.h"

namespace npuscribe::app {

/// The paths of outputs: outputs[i] belong to input i, in the order of the formats.
struct OutputPlan {
    std::vector<output::Format> formats;
    std::vector<std::vector<std::filesystem::path>> outputs;
    /// The directory of outputs[i] that a person named: below it no link is followed.
    std::vector<std::filesystem::path> roots;
    RecordOfRun run;                // what outputs record beside their input; the command sets it
    output::WriterOptions options;  // the page's are filled in for each input
    std::vector<Source> inputs;
    std::string note;  // for stderr: which outputs keep their input's extension in their names; or empty

    /// One input's transcript in a format, for standard output.
    std::string text(size_t input, const output::Format& format, const Transcript& transcript) const;
    /// Writes one input's transcript in every format, and adds the paths to `written`. A format that cannot
    /// be written does not stop the others: throws OutputError, with all reasons, after the last one.
    void write(size_t input, const Transcript& transcript, std::vector<std::string>& written) const;

    /// Whether --skip-existing skips an input, and why or why not (output_record.h). Not an input without
    /// outputs.
    SkipChoice skip(size_t input) const;
};

/// Plans DIRECTORY/BELOW/STEM.EXTENSION for every input without an error, creates the directories, and
/// removes the unfinished files of a killed run from them. Inputs whose names are not decided get them from
/// decide_names (output_names.h). `report` (may be empty) counts as an output, unless it is a pipe or a
/// device, and so does `manifest`. `name`, if it is not empty, is that of the only input's outputs,
/// DIRECTORY/NAME.EXTENSION; a single format's own extension is not put behind a name that has it. Throws
/// UsageError if two outputs would be the same file, if one is an input, or if there is a name but not one
/// input; and OutputError if a directory cannot be created or written to.
OutputPlan plan_outputs(const std::vector<Input>& inputs, std::vector<output::Format> formats,
                        const std::filesystem::path& directory, const std::filesystem::path& report,
                        const std::string& name = {}, const std::filesystem::path& manifest = {});

}  // namespace npuscribe::app
