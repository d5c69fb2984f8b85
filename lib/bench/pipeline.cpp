#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "audio/log_mel.h"
#include "audio/silero_vad.h"
#include "audio/stream.h"
#include "audio/window.h"
#include "base/stopwatch.h"
#include "bench/benchmarks.h"
#include "bench/encoder_runner.h"
#include "bench/limits.h"
#include "bench/pipeline_stages.h"
#include "bench/timing.h"
#include "bfp16/block.h"
#include "decoder/decoder.h"
#include "device/cpu/cpu_info.h"
#include "simd/kernels.h"

namespace npuscribe::bench {
namespace {

constexpr size_t kFirstPosition = 4;  // after the prompt
constexpr size_t kSteps = 96;         // in a window with much speech
constexpr size_t kBatch = 8;

class Stages {
  public:
    Stages(double flops, double read) : flops_(flops), read_(read) {}

    /// Adds a stage that has no limit of its own.
    void add(const std::string& name, double seconds, Origin origin = Origin::measured) {
        table_.rows.push_back({{name, seconds * 1e3, {}, {}, {}, {}, {}}, origin});
    }
    /// Adds a stage, and returns its fraction of the limit.
    double add(const std::string& name, double seconds, const Work& work, Origin origin = Origin::measured) {
        const double fraction = work.seconds(flops_, read_) / seconds;
        const bool by_flops = work.flops / flops_ > work.bytes / read_;
        const bool computes = work.flops > 0;
        table_.rows.push_back({{name, seconds * 1e3, computes ? Cell(work.flops / 1e9) : Cell(),
                                work.bytes > 0 ? Cell(work.bytes / 1e6) : Cell(),
                                computes ? Cell(work.flops / seconds / 1e9) : Cell(), fraction * 100,
                                std::string(by_flops ? "arithmetic" : "memory")},
                               origin});
        return fraction;
    }
    Table table() && { return std::move(table_); }

  private:
    double flops_, read_;
    Table table_{"Stages of one window, the fastest run of each",
                 {{"stage", ""},
                  {"time", "ms"},
                  {"work", "GFLOP"},
                  {"bytes", "MB"},
                  {"rate", "GFLOP/s"},
                  {"of the limit", "%"},
                  {"bound by", ""}},
                 {}};
};

// Decodes 30 s of audio; a shorter file again and again.
double decode_audio(const std::filesystem::path& file, size_t runs) {
    std::vector<float> block(audio::kSampleRate);
    return fastest(runs, [&] {
        for (size_t done = 0; done < audio::kWindowSamples;) {
            const auto stream = audio::open(file);
            for (size_t count = 1; count > 0 && done < audio::kWindowSamples; done += count)
                count = stream->read(
                    std::span(block).first(std::min(audio::kWindowSamples - done, block.size())));
        }
    });
}

double voice_activity(const std::filesystem::path& weights, std::span<const float> samples, size_t runs) {
    const audio::SileroVad model(weights);
    const auto detector = model.detector();
    const size_t frames = samples.size() / detector->frame_samples();
    std::vector<float> probabilities(frames);
    return fastest(runs, [&] {
        detector->reset();
        detector->run(samples.first(frames * detector->frame_samples()), probabilities);
    });
}

// The fastest of the encoder's runs, stage by stage.
struct EncoderFastest {
    EncoderSeconds seconds;

    void take(const EncoderSeconds& run) {
        for (double EncoderSeconds::*stage :
             {&EncoderSeconds::total, &EncoderSeconds::layers, &EncoderSeconds::stem,
              &EncoderSeconds::prepare, &EncoderSeconds::matmul, &EncoderSeconds::attention,
              &EncoderSeconds::norm, &EncoderSeconds::transfer})
            seconds.*stage = std::min(seconds.*stage, run.*stage);
    }
};

// A position in the middle of a window's decoding.
size_t middle_position(const Dimensions& d) {
    return std::min(kFirstPosition + kSteps / 2, d.n_text_ctx / 2);
}

// Seconds of a step at that position, for `rows` sequences with a window each: the fastest of a few steps
// around it. All steps before it are run, because the caches grow from the first position on.
double decoder_step(WhisperDecoder& decoder, size_t rows) {
    constexpr size_t kAround = 4;
    const size_t middle = middle_position(decoder.dimensions());
    std::vector<StepRow> step(rows);
    Buffer<float> logits(rows * decoder.dimensions().n_vocab);
    double best = std::numeric_limits<double>::infinity();
    for (size_t position = 0; position < middle + kAround; ++position) {
        for (size_t r = 0; r < rows; ++r) {
            const auto token = static_cast<Token>(100 + 7 * position + r);  // any word
            step[r] = {static_cast<int>(r), static_cast<int>(r), token, static_cast<int>(position), true};
        }
        const Stopwatch watch;
        decoder.step(step, logits.matrix(rows, decoder.dimensions().n_vocab));
        if (position + kAround >= middle) best = std::min(best, watch.seconds());
    }
    return best;
}

}  // namespace

Result pipeline(const Context& context, const std::optional<std::filesystem::path>& audio,
                const std::optional<std::filesystem::path>& vad) {
    const Dimensions& d = context.dimensions();
    const Precision precision = context.device.info().precision;
    const bool exact = precision == Precision::fp32;
    const bool native = !exact && onednn_has_bf16();
    const GemmType type = native ? GemmType::bf16 : GemmType::f32;
    const size_t element = exact ? 4 : 2;
    const Limits limits = measure_limits(d, context.frames, context.pool, context.runs, context.progress);
    const double flops = limits.layer_flops(type);

    Result result;
    result.name = "bench pipeline";
    result.setup = setup(context);
    result.quantities = {{fmt::format("limit: a layer's six matmuls, {}", native ? "bf16" : "f32"),
                          flops / 1e9, "GFLOP/s", Origin::measured},
                         {"limit: memory read", limits.read / 1e9, "GB/s", Origin::measured}};

    Stages stages(flops, limits.read);
    const auto progress = [&](const char* what) {
        if (context.progress) context.progress(what);
    };
    progress("audio");
    if (audio) {
        stages.add("decode audio", decode_audio(*audio, context.runs));
    } else {
        result.notes.emplace_back("Decoding of audio is left out: it needs an audio file as input.");
    }
    const auto samples = context.speech.window(0);
    if (vad) {
        stages.add("voice activity", voice_activity(*vad, samples, context.runs));
    } else {
        result.notes.emplace_back("Voice activity is left out: its weights are not there.");
    }
    {
        const audio::LogMel log_mel(d.n_mels);
        Buffer<float> out(2 * context.frames * d.n_mels);
        stages.add("log-mel", fastest(context.runs, [&] {
                       log_mel.compute(samples, out.matrix(2 * context.frames, d.n_mels));
                   }));
    }

    progress("encoder");
    EncoderRunner runner(context);
    const auto input = mel(context, 0, context.frames);
    EncoderFastest encoder{runner.run(input)};
    for (size_t run = 0; run < context.runs; ++run) encoder.take(runner.run(input));
    const EncoderSeconds& e = encoder.seconds;
    const Origin origin = context.origin();
    const Work stem = stem_work(d, context.frames, element);
    const Work matmuls = matmul_work(d, context.frames, element);
    const Work attention = attention_work(d, context.frames, element);
    stages.add("encoder: convolutions", e.stem, stem);
    stages.add("encoder: norm, quantisation", e.prepare, quantise_work(d, context.frames, element));
    const double of_gemm = stages.add("encoder: matmuls", e.matmul, matmuls, origin);
    stages.add("encoder: attention", e.attention, attention);
    stages.add("encoder: final norm", e.norm);
    const Work all{stem.flops + matmuls.flops + attention.flops, 0};
    const double of_encoder = stages.add("encoder, all of it", e.total, all, origin);

    progress("decoder");
    WhisperDecoder decoder(context.checkpoint, context.pool, {precision, kBatch, kBatch});
    for (size_t i = 0; i < kBatch; ++i) decoder.set_audio(static_cast<int>(i), runner.output());
    stages.add("cross-attention keys, values",
               fastest(context.runs, [&] { decoder.set_audio(0, runner.output()); }),
               cross_kv_work(d, context.frames, element));
    // In 8 bits: one byte for the value, and four for the scale of a head's vector.
    const double audio_bytes = exact || simd::kernels().audio != simd::KeyFormat::int8
                                   ? static_cast<double>(element)
                                   : 1 + 4.0 / kHeadSize;
    const bool blocks =
        precision != Precision::bf16 && !exact && simd::kernels().decoder_weights == simd::Element::bfp16;
    const double weight_bytes =
        blocks ? static_cast<double>(bfp16::kBlockBytes) / bfp16::kBlockSize : static_cast<double>(element);
    double of_read = 0;
    for (const size_t rows : {size_t{1}, kBatch}) {
        const double seconds = decoder_step(decoder, rows);
        const auto work = decoder_step_work(d, {context.frames, rows, middle_position(d), weight_bytes,
                                                audio_bytes, static_cast<double>(element)});
        stages.add(fmt::format("decoder step, batch {}", rows), seconds, work.all);
        if (rows == 1) of_read = work.weight_bytes / seconds / limits.read;
    }
    result.tables.push_back(std::move(stages).table());

    result.criteria = {{"encoder matmuls by GEMM rate", Relation::at_least, 90, of_gemm * 100, "%", origin},
                       {"encoder by GEMM rate", Relation::at_least, 80, of_encoder * 100, "%", origin},
                       {"decoder step at batch 1: weights by memory read", Relation::at_least, 60,
                        of_read * 100, "%", Origin::measured}};
    if (context.device.info().name != kCpuDevice)
        result.notes.emplace_back("The limits are this CPU's; the encoder's matmuls ran elsewhere.");
    const char* integers =
        precision == Precision::bfp16 ? "blocks multiplied as integers" : "INT8 multiplies";
    if (blocks || precision == Precision::int8 || precision == Precision::int8_tensor)
        result.notes.push_back(fmt::format("The limit of the matmuls is {}'s; {} can pass it.",
                                           native ? "bf16" : "f32", integers));
    result.notes.emplace_back(
        "The limit of a stage is the longer of two times: its operations at the GEMM rate, and the bytes "
        "that it must read or write at the speed of reading memory. A stage whose data are in a cache can "
        "be faster than the second.");
    return result;
}

}  // namespace npuscribe::bench
