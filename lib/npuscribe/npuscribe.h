#pragma once
// npuscribe as a library: the one header that a program includes. examples/transcribe.cpp shows it in use.
//
// Errors are exceptions of base/error.h: UsageError (an option), ModelError, DeviceError, InputError (the
// audio), Cancelled. Sessions share nothing: a program may have several, each used by one thread at a time.

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "device/device.h"
#include "model/model.h"
#include "transcribe/transcriber.h"
#include "transcribe/types.h"

namespace npuscribe {

struct SessionOptions {
    std::string model = "base";   // a model that was fetched, or a checkpoint's path
    std::string device = "auto";  // cpu, npu, emulated, or what this machine has
    Precision precision = Precision::bfp16;
    size_t threads = 0;            // CPU threads; 0: one for each CPU
    TranscribeOptions transcribe;  // language, task, beams, thresholds, voice activity, word times
};

/// The model that `options` ask for; a converted one where its precision allows. Throws ModelError.
Model load_model(const SessionOptions& options);

/// A model on its device, ready to transcribe.
class Session {
  public:
    explicit Session(const SessionOptions& options = {});
    /// With a model that the caller has opened already; `options.model` does not count.
    Session(Model model, const SessionOptions& options);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Called with each segment as it is finished, in order.
    using OnSegment = std::function<void(const Segment&)>;

    /// One file, or "-" for standard input. `cancel`, where given, may be set by any thread: Cancelled is
    /// thrown soon after.
    Transcript transcribe(const std::filesystem::path& file, const OnSegment& on_segment = {},
                          const std::atomic<bool>* cancel = nullptr);
    /// Samples in memory: 16 kHz, mono, −1 to 1.
    Transcript transcribe(std::span<const float> samples, const OnSegment& on_segment = {},
                          const std::atomic<bool>* cancel = nullptr);

    /// Many files at once, which is faster than one after the other.
    Transcriber& transcriber();
    const Model& model() const;
    /// What runs the encoder, and why "auto" took it.
    DeviceInfo device() const;
    const std::string& reason() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
