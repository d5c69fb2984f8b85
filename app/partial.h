#pragma once
// What is finished of a long input, kept beside its output until that is whole, so that a run that was
// stopped can be gone on with.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "transcribe/finished_part.h"

namespace npuscribe::app {

/// The file `OUTPUT.partial`: a line of JSON that says what it was made of, and one for each time that
/// windows were finished. A line that a killed run did not write to its end is left out. All members do
/// nothing after the file could not be written once, because the transcript does not need it.
class Partial {
  public:
    /// `output` is the path of the JSON output. `made_of`: input, model and options, in any form. A part is
    /// taken from a file only if it was made of the same.
    Partial(const std::filesystem::path& output, std::string made_of);

    /// What an earlier run finished, if it left such a file.
    std::optional<FinishedPart> read() const;
    /// Adds what was finished since the last call. The first call begins the file anew, with `before`, which
    /// is what `read` returned if the run goes on from there. Nothing is written for the first window alone,
    /// since most inputs have no more.
    void add(const FinishedPart& part, const std::optional<FinishedPart>& before);
    /// The output is whole.
    void remove();

    const std::filesystem::path& path() const { return path_; }

  private:
    void append(const std::string& line);

    std::filesystem::path path_;
    std::string made_of_;
    std::string waiting_;  // lines that are not written yet
    bool begun_ = false;
    bool given_up_ = false;
};

}  // namespace npuscribe::app
