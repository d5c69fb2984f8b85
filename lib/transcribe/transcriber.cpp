#include "transcribe/transcriber.h"

#include "base/error.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "decoder/decoder.h"
#include "decoder/engine.h"
#include "encoder/encoder.h"
#include "model/languages.h"
#include "transcribe/pipeline.h"
#include "transcribe/validate.h"

namespace npuscribe {

namespace {

/// The options, found to be valid, with the language as a code.
TranscribeOptions checked(TranscribeOptions options, const Model& model, const audio::VadModel* vad) {
    validate(options, model);
    if (options.vad && vad == nullptr) {
        throw UsageError("vad: on was given without its model; load it, or switch voice activity off");
    }
    if (!options.language.empty()) options.language = find_language_code(options.language);
    if (options.batch_size == 0) options.batch_size = default_batch_size(model.dimensions());
    return options;
}

DecoderSetup decoder_setup(const TranscribeOptions& options, Precision encoder_precision) {
    DecoderSetup decoder;
    decoder.precision = encoder_precision;
    decoder.max_sequences = DecodingEngine::sequences_for(options.decoding, options.batch_size);
    decoder.max_audio = options.batch_size;
    return decoder;
}

}  // namespace

size_t default_batch_size(const Dimensions& d) {
    constexpr size_t kMany = 16, kFew = 8;
    constexpr size_t kMostBytes = 300'000'000;
    const size_t keys_and_values = 2 * d.n_text_layer * d.n_audio_ctx * d.n_text_state;
    return kMany * keys_and_values * sizeof(uint16_t) <= kMostBytes ? kMany : kFew;
}

struct Transcriber::Impl {
    Stopwatch load_watch;
    const Model& model;
    const Device& device;
    ThreadPool& pool;
    TranscribeOptions options;
    Vocabulary vocabulary;
    Encoder encoder;
    WhisperDecoder decoder;
    Pipeline pipeline;
    double load_seconds;
    Timing timing;

    Impl(const Model& model_, Device& device_, ThreadPool& pool_, const audio::VadModel* vad,
         TranscribeOptions options_)
        : model(model_),
          device(device_),
          pool(pool_),
          options(checked(std::move(options_), model_, vad)),
          vocabulary(make_vocabulary(model_.tokenizer)),
          encoder(*model_.checkpoint, device_, pool_),
          decoder(*model_.checkpoint, pool_, decoder_setup(options, device_.info().precision)),
          pipeline(parts(vad), options, &pool_),
          load_seconds(load_watch.seconds()) {
        timing.load = load_seconds;
    }

    void run(const std::vector<FileClips>& inputs, const TranscribeEvents& events,
             const std::atomic<bool>* cancel, OpenAudio open) {
        const auto sum = [this] {
            timing = pipeline.timing();
            timing.load = load_seconds;
            if (!device.info().modelled_times) return;
            const DeviceStats stats = device.stats();
            timing.modelled_array = stats.matmul_seconds + stats.transfer_seconds;
        };
        try {
            pipeline.run(inputs, events, cancel, std::move(open));
        } catch (...) {
            sum();
            throw;
        }
        sum();
    }

    ModelParts parts(const audio::VadModel* vad) {
        ModelParts parts;
        parts.encoder = &encoder;
        parts.encode_ahead = device.info().asynchronous;
        parts.decoder = &decoder;
        parts.vocabulary = &vocabulary;
        parts.vad = vad;
        return parts;
    }
};

Transcriber::Transcriber(const Model& model, Device& device, ThreadPool& pool, const audio::VadModel* vad,
                         TranscribeOptions options)
    : impl_(std::make_unique<Impl>(model, device, pool, vad, std::move(options))) {}

Transcriber::~Transcriber() = default;

void Transcriber::transcribe(const std::vector<FileClips>& inputs, const TranscribeEvents& events,
                             const std::atomic<bool>* cancel) {
    impl_->run(inputs, events, cancel, nullptr);
}

void Transcriber::transcribe(std::span<const float> samples, const TranscribeEvents& events,
                             const std::atomic<bool>* cancel) {
    impl_->run({{"samples"}}, events, cancel,
               [samples](const std::filesystem::path&, const audio::OpenOptions& channels) {
                   if (channels.channel > 0 || channels.wanted_channels > 1)
                       throw InputError("samples in memory are one channel; leave options.channels at mix");
                   return audio::open_samples(samples);
               });
}

const Timing& Transcriber::timing() const {
    return impl_->timing;
}

Setup Transcriber::setup() const {
    const DeviceInfo info = impl_->device.info();
    Setup setup;
    setup.device = info.name;
    setup.device_description = info.description;
    setup.numerics = info.numerics;
    setup.modelled_times = info.modelled_times;
    setup.model = impl_->model.name;
    setup.precision = name(info.precision);
    setup.task = impl_->options.task == Task::translate ? "translate" : "transcribe";
    setup.beam_size = impl_->options.decoding.beam_size;
    setup.batch_size = static_cast<int>(impl_->options.batch_size);
    setup.threads = static_cast<int>(impl_->pool.size());
    return setup;
}

}  // namespace npuscribe
