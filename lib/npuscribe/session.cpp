#include <malloc.h>

#include <array>
#include <optional>
#include <utility>

#include "audio/silero_vad.h"
#include "base/thread_pool.h"
#include "device/choose.h"
#include "npuscribe/npuscribe.h"

namespace npuscribe {
namespace {

/// The weights of an encoder layer: attention's four, and the two of its feed-forward part.
std::array<WeightShape, 3> encoder_shapes(const Dimensions& dimensions) {
    const size_t n = dimensions.n_audio_state;
    return {{{n, n}, {4 * n, n}, {n, 4 * n}}};
}

/// A converted model's weights are rounded to BFP16: good enough for what rounds at least as much.
Prefer preference(Precision precision) {
    return precision == Precision::fp32 || precision == Precision::bf16 ? Prefer::original
                                                                        : Prefer::converted;
}

/// The model, if it can do what it is told: that is known before a device is opened.
Model valid(Model model, const TranscribeOptions& options) {
    validate(options, model);
    return model;
}

/// Events of one input.
struct Collected {
    explicit Collected(const Session::OnSegment& on_segment) {
        if (on_segment) events.on_segment = [&](size_t, const Segment& segment) { on_segment(segment); };
        events.on_done = [this](size_t, const Transcript& done, const Timing&) { transcript = done; };
        events.on_error = [this](size_t, const std::string& message) { error = message; };
    }
    Transcript take() && {
        if (error) throw InputError(*error);
        return std::move(transcript);
    }

    TranscribeEvents events;
    Transcript transcript;
    std::optional<std::string> error;
};

}  // namespace

struct Session::Impl {
    Impl(Model given, const SessionOptions& options)
        : model(valid(std::move(given), options.transcribe)),
          pool(options.threads),
          chosen(choose_device(options.device, {options.precision, {}}, pool,
                               encoder_shapes(model.dimensions()))) {
        if (options.transcribe.vad) vad.emplace(vad_weights());
        transcriber.emplace(model, *chosen.device, pool, vad ? &*vad : nullptr, options.transcribe);
#ifdef __GLIBC__
        malloc_trim(0);  // what loading took for a while need not count until the end
#endif
    }

    Model model;
    ThreadPool pool;
    ChosenDevice chosen;
    std::optional<audio::SileroVad> vad;
    std::optional<Transcriber> transcriber;
};

Model load_model(const SessionOptions& options) {
    return load_model(options.model, preference(options.precision));
}

Session::Session(const SessionOptions& options) : Session(load_model(options), options) {}
Session::Session(Model model, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Transcript Session::transcribe(const std::filesystem::path& file, const OnSegment& on_segment,
                               const std::atomic<bool>* cancel) {
    Collected collected(on_segment);
    impl_->transcriber->transcribe({file}, collected.events, cancel);
    return std::move(collected).take();
}

Transcript Session::transcribe(std::span<const float> samples, const OnSegment& on_segment,
                               const std::atomic<bool>* cancel) {
    Collected collected(on_segment);
    impl_->transcriber->transcribe(samples, collected.events, cancel);
    return std::move(collected).take();
}

Transcriber& Session::transcriber() {
    return *impl_->transcriber;
}
const Model& Session::model() const {
    return impl_->model;
}
DeviceInfo Session::device() const {
    return impl_->chosen.device->info();
}
const std::string& Session::reason() const {
    return impl_->chosen.reason;
}

}  // namespace npuscribe
