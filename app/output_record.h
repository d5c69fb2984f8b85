#pragma once
// What an output was made of, as its extended attribute `user.npuscribe` says, and whether --skip-existing
// believes it.

#include <filesystem>
#include <string>
#include <vector>

#include "output/atomic_file.h"

namespace npuscribe::app {

/// What all outputs of a run have in common.
struct RecordOfRun {
    std::string model;    // as it was given
    std::string options;  // the hash of those that change what is written (option_effect.h)
};

/// What an output is made of.
struct Source {
    std::filesystem::path path;  // "-": standard input
    std::string part = {};       // of the recording, in any form; empty: all of it
};

/// What identifies the input and the run, as lines: the input's path, size and time of change, its part, the
/// model and the options. Empty if the input is not a file.
std::string record_of(const Source& input, const RecordOfRun& run);

/// Writes the record into an output. Does nothing if there is none, or if the file system keeps no extended
/// attributes.
void write_record(output::AtomicFile& file, const Source& input, const RecordOfRun& run);

struct SkipChoice {
    bool skip = false;
    /// The outputs have no record: they are taken for this input's because they have its name, and are not
    /// older than it.
    bool by_name = false;
    std::string why_not;  // what speaks against skipping, if some outputs are there; else empty
};

/// Whether an input whose outputs are `outputs` is to be skipped.
SkipChoice choose_skip(const Source& input, const std::vector<std::filesystem::path>& outputs,
                       const RecordOfRun& run);

}  // namespace npuscribe::app
