#pragma once
// Sound that comes through a pipe. Private to lib/audio.

#include <atomic>
#include <functional>
#include <memory>

#include "audio/input_file.h"
#include "audio/stream.h"

namespace npuscribe::audio {

/// A stream over `file`, which is a pipe. `open` opens it for decoding; it is called, and its result is read,
/// on a thread of its own, so that `wait` can tell that nothing comes. Waits until the beginning of the file
/// is decoded. `cancel` is that of OpenOptions. Throws what `open` throws, and Cancelled.
std::unique_ptr<Stream> piped_stream(std::shared_ptr<InputFile> file,
                                     std::function<std::unique_ptr<Stream>()> open,
                                     const std::atomic<bool>* cancel);

}  // namespace npuscribe::audio
