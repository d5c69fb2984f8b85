#pragma once
// What an output was made of, as its extended attribute `user.npuscribe` says, and whether --skip-existing
// believes it.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "output/atomic_file.h"

namespace npuscribe::app {

/// What all outputs of a run have in common.
struct RecordOfRun {
    std::string model;    // as it was given
    std::string options;  // a hash of those that change what is written
};

/// The record of a run with these options, given as names without hyphens and values.
RecordOfRun record_of_run(const std::string& model,
                          const std::vector<std::pair<std::string, std::string>>& options);

/// Writes the record of an input (its path, size and time of change) and of the run into an output. Does
/// nothing if the file system keeps no extended attributes, and for standard input.
void write_record(output::AtomicFile& file, const std::filesystem::path& input, const RecordOfRun& run);

struct SkipChoice {
    bool skip = false;
    /// The outputs have no record: they are taken for this input's because they have its name, and are not
    /// older than it.
    bool by_name = false;
    std::string why_not;  // what speaks against skipping, if some outputs are there; else empty
};

/// Whether an input whose outputs are `outputs` is to be skipped.
SkipChoice choose_skip(const std::filesystem::path& input, const std::vector<std::filesystem::path>& outputs,
                       const RecordOfRun& run);

}  // namespace npuscribe::app
