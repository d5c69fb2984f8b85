#pragma once
// Which files a run will write, known before it starts.

#include <filesystem>
#include <string>
#include <vector>

#include "inputs.h"
#include "output/formats.h"

namespace npuscribe::app {

/// The paths of outputs: outputs[i] belong to input i, in the order of the formats.
struct OutputPlan {
    std::vector<output::Format> formats;
    std::vector<std::vector<std::filesystem::path>> outputs;
    output::SubtitleOptions subtitles;
    std::vector<std::filesystem::path> inputs;

    /// Writes one input's transcript in every format; returns the paths. Throws OutputError.
    std::vector<std::string> write(size_t input, const Transcript& transcript) const;

    /// Whether all outputs of an input exist. False for an input without outputs.
    bool exists(size_t input) const;
};

/// Plans DIRECTORY/BELOW/STEM.EXTENSION for every input without an error, creates the directories, and
/// removes the unfinished files of a killed run from them. `report` (may be empty) counts as an output.
/// Throws UsageError if two outputs would be the same file, or if one is an input, and OutputError if a
/// directory cannot be created or written to.
OutputPlan plan_outputs(const std::vector<Input>& inputs, std::vector<output::Format> formats,
                        const std::filesystem::path& directory, const std::filesystem::path& report);

}  // namespace npuscribe::app
