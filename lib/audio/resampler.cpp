#include "audio/resampler.h"

#include <fmt/format.h>
#include <soxr.h>

#include "base/error.h"

namespace npuscribe::audio {

struct Resampler::Impl {
    soxr_t soxr = nullptr;
    ~Impl() { soxr_delete(soxr); }
};

Resampler::Resampler(int from_rate, int to_rate) : impl_(std::make_unique<Impl>()) {
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_error_t error = nullptr;
    impl_->soxr = soxr_create(from_rate, to_rate, 1, &error, &io, &quality, &runtime);
    if (error != nullptr) {
        throw InputError(fmt::format("cannot resample {} Hz: {}", from_rate, soxr_strerror(error)));
    }
}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;

Resampler::Progress Resampler::process(std::span<const float> in, std::span<float> out) {
    Progress progress;
    const float* input = in.empty() ? nullptr : in.data();
    if (const soxr_error_t error = soxr_process(impl_->soxr, input, in.size(), &progress.taken, out.data(),
                                                out.size(), &progress.given)) {
        throw InputError(fmt::format("cannot resample: {}", soxr_strerror(error)));
    }
    return progress;
}

}  // namespace npuscribe::audio
