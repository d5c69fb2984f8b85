#include "bench/encoder_runner.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/stopwatch.h"

namespace npuscribe::bench {
namespace {

const Context& checked(const Context& context) {
    const size_t longest = context.dimensions().n_audio_ctx;
    if (context.frames > longest) {
        throw UsageError(fmt::format(
            "invalid value '{}' for --seq: the model {} has positions for {} frames; only bench layer "
            "takes more",
            context.frames, context.model, longest));
    }
    return context;
}

}  // namespace

EncoderRunner::EncoderRunner(const Context& context)
    : context_(checked(context)),
      encoder_(context.checkpoint, context.device, context.pool),
      out_(context.frames * context.dimensions().n_audio_state) {}

EncoderSeconds EncoderRunner::run(const Buffer<float>& mel) {
    const EncoderTimes before = encoder_.times();
    const DeviceSpan span(context_.device);
    const Stopwatch watch;
    encoder_.encode(mel.matrix(2 * context_.frames, context_.dimensions().n_mels),
                    out_.matrix(context_.frames, context_.dimensions().n_audio_state));
    EncoderSeconds seconds;
    seconds.total = watch.seconds();
    const EncoderTimes& after = encoder_.times();
    seconds.stem = after.stem - before.stem;
    seconds.prepare = after.quantise - before.quantise;
    seconds.matmul = after.matmul - before.matmul;
    seconds.attention = after.attention - before.attention;
    seconds.norm = after.norm - before.norm;
    seconds.transfer = span.transfer();
    seconds.layers = seconds.prepare + seconds.matmul + seconds.attention;
    if (context_.device.info().modelled_times) {
        seconds.prepare = span.prepare();
        seconds.matmul = span.matmul();
        seconds.layers = seconds.prepare + seconds.matmul + seconds.transfer + seconds.attention;
        seconds.total = seconds.stem + seconds.layers + seconds.norm;
    }
    return seconds;
}

double EncoderRunner::run_pair(const Buffer<float>& first, const Buffer<float>& second) {
    const size_t state = context_.dimensions().n_audio_state;
    const auto job = [&](const Buffer<float>& mel, Buffer<float>& out) {
        out.reserve_discard(context_.frames * state);
        return EncodeJob{mel.matrix(2 * context_.frames, context_.dimensions().n_mels),
                         out.matrix(context_.frames, state)};
    };
    EncodeJob jobs[] = {job(first, pair_out_[0]), job(second, pair_out_[1])};
    const Stopwatch watch;
    encoder_.encode_pair(jobs[0], jobs[1]);
    const double seconds = watch.seconds();
    for (const EncodeJob& each : jobs) {
        if (each.error) std::rethrow_exception(each.error);
    }
    return seconds;
}

MatrixView<const float> EncoderRunner::output() const {
    return out_.matrix(context_.frames, context_.dimensions().n_audio_state);
}

}  // namespace npuscribe::bench
