#include <malloc.h>

#include <array>
#include <optional>
#include <utility>

#include "audio/silero_vad.h"
#include "base/thread_pool.h"
#include "device/choose.h"
#include "model/model.h"
#include "npuscribe/npuscribe.h"
#include "transcribe/transcriber.h"
#include "transcribe/validate.h"

namespace npuscribe {
namespace {

/// The weights of an encoder layer: attention's four, and the two of its feed-forward part.
std::array<WeightShape, 3> encoder_shapes(const Dimensions& dimensions) {
    const size_t n = dimensions.n_audio_state;
    return {{{n, n}, {4 * n, n}, {n, 4 * n}}};
}

/// Loads the model and checks that it can do what the options ask for, before a device is opened. A converted
/// model's weights are rounded to BFP16, so the precisions that round less take the original.
Model load(const SessionOptions& options) {
    const bool exact = options.precision == Precision::fp32 || options.precision == Precision::bf16;
    Model model = load_model(options.model, exact ? Prefer::original : Prefer::converted);
    validate(options.transcribe, model);
    return model;
}

/// Collects what is reported of one input.
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
    explicit Impl(const SessionOptions& options)
        : model(load(options)),
          pool(options.threads),
          chosen(choose_device(options.device, {options.precision, {}}, pool,
                               encoder_shapes(model.dimensions()))) {
        if (options.transcribe.vad) vad.emplace(vad_weights());
        transcriber.emplace(model, *chosen.device, pool, vad ? &*vad : nullptr, options.transcribe);
#ifdef __GLIBC__
        malloc_trim(0);  // gives memory that only loading needed back to the system
#endif
    }

    Model model;
    ThreadPool pool;
    ChosenDevice chosen;
    std::optional<audio::SileroVad> vad;
    std::optional<Transcriber> transcriber;
};

Session::Session(const SessionOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Transcript Session::transcribe(const std::filesystem::path& file, const OnSegment& on_segment,
                               const std::atomic<bool>* cancel) {
    Collected collected(on_segment);
    impl_->transcriber->transcribe({{file}}, collected.events, cancel);
    return std::move(collected).take();
}

Transcript Session::transcribe(std::span<const float> samples, const OnSegment& on_segment,
                               const std::atomic<bool>* cancel) {
    Collected collected(on_segment);
    impl_->transcriber->transcribe(samples, collected.events, cancel);
    return std::move(collected).take();
}

void Session::transcribe(const std::vector<std::filesystem::path>& files, const TranscribeEvents& events,
                         const std::atomic<bool>* cancel) {
    std::vector<FileClips> whole;
    whole.reserve(files.size());
    for (const auto& path : files) whole.push_back({path});
    transcribe(whole, events, cancel);
}

void Session::transcribe(const std::vector<FileClips>& files, const TranscribeEvents& events,
                         const std::atomic<bool>* cancel) {
    impl_->transcriber->transcribe(files, events, cancel);
}

const Timing& Session::timing() const {
    return impl_->transcriber->timing();
}
Setup Session::setup() const {
    return impl_->transcriber->setup();
}
const std::string& Session::device_reason() const {
    return impl_->chosen.reason;
}

}  // namespace npuscribe
