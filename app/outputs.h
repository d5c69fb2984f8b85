#pragma once
// Which files a run will write, known before it starts.

#include <filesystem>
#include <string>
#include <vector>

#include "inputs.h"
#include "output/formats.h"

namespace npuscribe::app {

/// Output paths: outputs[i] are those of input i, in the order of the formats.
struct OutputPlan {
    std::vector<output::Format> formats;
    std::vector<std::vector<std::filesystem::path>> outputs;
    output::SubtitleOptions subtitles;
    std::vector<std::filesystem::path> inputs;

    /// Writes one input's transcript in every format; returns the paths. Throws OutputError.
    std::vector<std::string> write(size_t input, const Transcript& transcript) const;

    /// Whether all outputs of an input are there. False for one that has none.
    bool exists(size_t input) const;
};

/// Plans DIRECTORY/BELOW/STEM.EXTENSION for every input without an error, makes the directories, and removes
/// from them what a killed run left unfinished. Throws UsageError where two would be the same file, or one is
/// an input; OutputError where a directory cannot be made or written to. `report` (may be empty) counts as an
/// output.
OutputPlan plan_outputs(const std::vector<Input>& inputs, std::vector<output::Format> formats,
                        const std::filesystem::path& directory, const std::filesystem::path& report);

}  // namespace npuscribe::app
