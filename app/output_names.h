#pragma once
// What the outputs of inputs are called, decided from names alone: the file system is not asked, so that all
// tasks of a job decide the same, and one does not look at the files of the others.

#include <filesystem>
#include <string>
#include <vector>

#include "inputs.h"

namespace npuscribe::app {

/// Sets Input::name of all inputs that have none: the input's stem, for a part of a recording with its
/// offset: talk-12.5. Inputs that would share a name in one directory and have different extensions, talk.wav
/// and talk.mp3, keep it: talk.wav, talk.mp3. Inputs with an error count if they look like recordings, so
/// that names do not depend on which inputs can be read. Returns a note for stderr if extensions were kept,
/// else "".
std::string decide_names(std::vector<Input>& inputs);

/// The directory below which listed files keep their directories: `given` if it is not empty, else `base` if
/// it holds all of them, else the longest directory that does. Throws UsageError if `given` does not hold all
/// of them.
std::filesystem::path root_of(const std::vector<Input>& listed, const std::string& given,
                              const std::filesystem::path& base);

/// Sets Input::below of each listed input to its directory below `root`.
void keep_directories(std::vector<Input>& listed, const std::filesystem::path& root);

}  // namespace npuscribe::app
