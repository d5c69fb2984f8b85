#pragma once
// The library's interface: everything that a program which transcribes with npuscribe includes.
// examples/transcribe.cpp shows it in use.
//
// Errors are exceptions from base/error.h: UsageError (an option is wrong), ModelError, DeviceError,
// InputError (the audio cannot be read) and Cancelled. Sessions share nothing, so a program may have several.
// One thread at a time may use a session.

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "device/precision.h"
#include "transcribe/events.h"
#include "transcribe/input_clips.h"
#include "transcribe/options.h"
#include "transcribe/types.h"

namespace npuscribe {

struct SessionOptions {
    std::string model = "base";   // the name of a fetched model, or the path of a checkpoint
    std::string device = "auto";  // cpu, npu or emulated; auto: the NPU if it can be used, else the CPU
    Precision precision = Precision::bfp16;  // of the encoder's matmuls
    size_t threads = 0;                      // CPU threads; 0: one for each CPU
    TranscribeOptions transcribe;
};

/// A model on its device, ready to transcribe.
class Session {
  public:
    /// Loads the model. Throws UsageError if an option is wrong or does not fit the model, ModelError, and
    /// DeviceError if the device cannot be used here.
    explicit Session(const SessionOptions& options = {});
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Called with each segment as soon as it is finished, in order.
    using OnSegment = std::function<void(const Segment&)>;

    /// Transcribes one file, or standard input if `file` is "-". Any thread may set `cancel`: `transcribe`
    /// then soon throws Cancelled. Throws InputError if the file cannot be read, and DeviceError if the
    /// device fails. Of a file that breaks off, the transcript has what there is, and says why in broken_off.
    Transcript transcribe(const std::filesystem::path& file, const OnSegment& on_segment = {},
                          const std::atomic<bool>* cancel = nullptr);

    /// Transcribes samples in memory: 16 kHz, mono, from −1 to 1.
    Transcript transcribe(std::span<const float> samples, const OnSegment& on_segment = {},
                          const std::atomic<bool>* cancel = nullptr);

    /// Transcribes many files, which is faster together than one after the other. A file that cannot be read
    /// is reported by `events.on_error` and does not stop the others.
    void transcribe(const std::vector<std::filesystem::path>& files, const TranscribeEvents& events,
                    const std::atomic<bool>* cancel = nullptr);
    /// The same with clips of each file in place of options.transcribe.clips.
    void transcribe(const std::vector<FileClips>& files, const TranscribeEvents& events,
                    const std::atomic<bool>* cancel = nullptr);

    /// The sum over everything that this session has transcribed. `total` is the time inside `transcribe`.
    const Timing& timing() const;
    /// The device, numerics and model in use.
    Setup setup() const;
    /// Why this device was chosen, in one sentence.
    const std::string& device_reason() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
