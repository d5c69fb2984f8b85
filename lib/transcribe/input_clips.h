#pragma once
// Which parts of each input of a run are transcribed.

#include <cstddef>
#include <filesystem>
#include <utility>
#include <vector>

#include "audio/clip.h"

namespace npuscribe {

/// A file, or parts of it.
struct FileClips {
    std::filesystem::path path;           // "-": standard input
    std::vector<audio::Clip> clips = {};  // as audio::check_clips wants them; none: those of the options
};

/// The clips by track (channels.h).
class InputClips {
  public:
    /// `all` are the clips of inputs without clips of their own, and must outlive this. `own` has those of
    /// each input, or none at all.
    InputClips(const std::vector<audio::Clip>& all, std::vector<std::vector<audio::Clip>> own,
               size_t tracks_of_input)
        : all_(all), own_(std::move(own)), tracks_of_input_(tracks_of_input) {}

    /// Empty: all of the track is transcribed.
    const std::vector<audio::Clip>& of(size_t track) const {
        const size_t input = track / tracks_of_input_;
        return input >= own_.size() || own_[input].empty() ? all_ : own_[input];
    }

  private:
    const std::vector<audio::Clip>& all_;
    std::vector<std::vector<audio::Clip>> own_;
    size_t tracks_of_input_;
};

}  // namespace npuscribe
