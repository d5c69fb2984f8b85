#pragma once
// A pipeline over a decoder whose words a test writes down. A made-up input is a list of levels,
// one a second: a tone, quieter by 4 dB a level. A window is one second; the stand-in for the encoder reads
// its level off the loudest mel band, so that what the decoder says shows which audio it was given.
#include "transcribe/pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <set>
#include <thread>

#include "base/error.h"
#include "catch.h"
#include "decoder/engine.h"
#include "unit/decoder/scripted_model.h"

namespace npuscribe::test {

constexpr size_t kSecond = audio::kSampleRate;

inline std::vector<float> tone(const std::vector<int>& levels) {
    std::vector<float> samples;
    for (const int level : levels) {
        const double amplitude = std::pow(10, -level / 5.0);
        for (size_t i = 0; i < kSecond; ++i) {
            const double phase = 2 * std::numbers::pi * 1000 * static_cast<double>(i) / kSecond;
            samples.push_back(static_cast<float>(amplitude * std::sin(phase)));
        }
    }
    return samples;
}

inline float loudest(MatrixView<const float> mel) {
    float most = -10;
    for (size_t r = 0; r < mel.rows; ++r) {
        for (const float value : mel.row_span(r)) most = std::max(most, value);
    }
    return most;
}

/// A stream that breaks off.
class Broken : public audio::Stream {
  public:
    Broken(std::span<const float> samples, size_t good) : inner_(audio::open_samples(samples.first(good))) {}
    size_t read(std::span<float> out) override {
        const size_t count = inner_->read(out);
        if (count == 0) throw InputError("the file breaks off");
        return count;
    }
    std::optional<double> duration() const override { return std::nullopt; }
    std::string description() const override { return "broken"; }

  private:
    std::unique_ptr<audio::Stream> inner_;
};

/// One second a window, or as many as are asked for.
class Seconds : public audio::Windows {
  public:
    /// `speech`: voice activity hears speech in all of it.
    Seconds(audio::Stream& stream, bool sequential, std::atomic<int>& cut, size_t seconds,
            bool speech = false)
        : stream_(stream), sequential_(sequential), cut_(cut), length_(seconds * kSecond), speech_(speech) {}

    std::optional<audio::Window> next() override {
        while (all_.size() < static_cast<size_t>(at_) + length_) {
            std::vector<float> more(kSecond / 4);
            const size_t count = stream_.read(more);
            if (count == 0) break;
            all_.insert(all_.end(), more.begin(), more.begin() + static_cast<long>(count));
        }
        if (static_cast<size_t>(at_) >= all_.size()) return std::nullopt;
        audio::Window window;
        const size_t end = std::min(all_.size(), static_cast<size_t>(at_) + length_);
        window.samples.assign(all_.begin() + at_, all_.begin() + static_cast<long>(end));
        window.pieces = {{0, at_, static_cast<int64_t>(window.samples.size())}};
        if (speech_) window.speech = {{0, static_cast<int64_t>(window.samples.size())}};
        at_ += static_cast<int64_t>(window.samples.size());
        ++cut_;
        return window;
    }
    void resume_at(int64_t sample) override { at_ = sample; }
    bool sequential() const override { return sequential_; }
    int64_t samples_read() const override { return static_cast<int64_t>(all_.size()); }
    double decode_seconds() const override { return 0.25; }
    double vad_seconds() const override { return 0.5; }
    int64_t speech_samples() const override { return at_; }
    float peak() const override { return 0.5F; }
    int64_t samples_held() const override { return static_cast<int64_t>(all_.size()); }

  private:
    audio::Stream& stream_;
    bool sequential_;
    std::atomic<int>& cut_;
    size_t length_;
    bool speech_;
    std::vector<float> all_;
    int64_t at_ = 0;
};

/// A pipeline, its inputs by name, and what came of them.
class Bench {
  public:
    explicit Bench(ScriptedModel::Script script, TranscribeOptions options = {}, size_t batch = 3,
                   bool encode_ahead = false)
        : vocabulary_(small_vocabulary()),
          model_(DecodingEngine::sequences_for(options.decoding, batch), batch, std::move(script)) {
        options.batch_size = batch;
        options.decoding.beam_size = 1;  // the scripts say one text
        ModelParts parts;
        parts.encoder = &encoder_;
        parts.encode_ahead = encode_ahead;
        parts.decoder = &model_;
        parts.vocabulary = &vocabulary_;
        pipeline_.emplace(parts, options, nullptr, [this, sequential = !options.vad](audio::Stream& stream) {
            if (cut_throws) throw ModelError("the detector is damaged");
            return std::make_unique<Seconds>(stream, sequential, cut, window_seconds, hears_speech);
        });
        const auto full = tone({0});
        std::vector<float> mel(3000 * 80);
        audio::LogMel(80).compute(full, {mel.data(), 3000, 80});
        reference_ = loudest({mel.data(), 3000, 80});

        events.on_segment = [this](size_t input, const Segment& segment) {
            segments[input].push_back(segment);
        };
        events.on_progress = [this](size_t input, double behind, double) {
            progress[input].push_back(behind);
        };
        events.on_done = [this](size_t input, const Transcript& transcript, const Timing& timing) {
            order.push_back(input);
            done[input] = transcript;
            timings[input] = timing;
        };
        events.on_error = [this](size_t input, const std::string& message) {
            order.push_back(input);
            errors[input] = message;
        };
    }

    void add(const std::string& name, const std::vector<int>& levels,
             std::optional<size_t> breaks_at = std::nullopt) {
        inputs.emplace_back(name);
        samples_[name] = tone(levels);
        if (breaks_at) breaks_at_[name] = *breaks_at;
    }

    void run(const std::atomic<bool>* cancel = nullptr) {
        pipeline_->run(inputs, events, cancel,
                       [this](const std::filesystem::path& path,
                              const audio::OpenOptions& options) -> std::unique_ptr<audio::Stream> {
                           if (path == open_lacks_memory) throw std::bad_alloc();
                           // The channels of "name" are "name" and "name:1".
                           const std::string channel = options.channel > 0 ? ":1" : "";
                           const auto found = samples_.find(path.string() + channel);
                           if (found == samples_.end()) throw InputError(path.string() + ": no such file");
                           const auto broken = breaks_at_.find(path.string());
                           if (broken != breaks_at_.end())
                               return std::make_unique<Broken>(found->second, broken->second);
                           return audio::open_samples(found->second);
                       });
    }

    ScriptedModel& model() { return model_; }
    const Timing& timing() const { return pipeline_->timing(); }

    std::vector<std::filesystem::path> inputs;
    TranscribeEvents events;
    std::map<size_t, std::vector<Segment>> segments;
    std::map<size_t, std::vector<double>> progress;
    std::map<size_t, Transcript> done;
    std::map<size_t, Timing> timings;
    std::map<size_t, std::string> errors;
    std::vector<size_t> order;
    std::atomic<int> cut{0};
    size_t window_seconds = 1;
    bool hears_speech = false;
    std::atomic<int> encoded{0};
    int encode_throws_at = 0;    // the window that the encoder fails at, counted from 1
    int no_memory_at = 0;        // the window for which the encoder has not enough memory
    std::vector<size_t> frames;  // of each window encoded
    float shortened_mark = 0;    // added to the level of a window that is encoded shorter than 30 s
    bool cut_throws = false;
    std::string open_lacks_memory;  // the input for which there is not enough memory

  private:
    /// Reads a window's level.
    class LevelEncoder : public EncodeModel {
      public:
        explicit LevelEncoder(Bench& bench) : bench_(bench) {}
        const Dimensions& dimensions() const override { return bench_.model_.dimensions(); }
        void encode(MatrixView<const float> mel, MatrixView<float> out) override {
            ++bench_.encoded;
            bench_.frames.push_back(out.rows);
            // log10 of the power, over 4: 0.1 a level
            out(0, 0) = std::round((bench_.reference_ - loudest(mel)) * 10);
            if (out.rows < dimensions().n_audio_ctx) out(0, 0) += bench_.shortened_mark;
            if (bench_.encoded == bench_.no_memory_at) throw std::bad_alloc();
            if (bench_.encoded == bench_.encode_throws_at) throw DeviceError("the device is gone");
        }
        const EncoderTimes& times() const override { return times_; }

      private:
        Bench& bench_;
        EncoderTimes times_;
    };

    Vocabulary vocabulary_;
    ScriptedModel model_;
    LevelEncoder encoder_{*this};
    std::optional<Pipeline> pipeline_;
    std::map<std::string, std::vector<float>> samples_;
    std::map<std::string, size_t> breaks_at_;
    float reference_ = 0;
};

/// Token of the letter that stands for a level: b for 0.
inline Token letter(float level) {
    return static_cast<Token>(level) + 1;
}

inline void next_token(std::span<const Token> history, const std::vector<Token>& text,
                       std::span<float> logits) {
    const size_t i = sampled(history).size();
    logits[static_cast<size_t>(i < text.size() ? text[i] : kEot)] = 10;
}

/// A decoder takes its time; that of a second thread, which cuts windows, is not always at once.
inline ScriptedModel::Script slowly(ScriptedModel::Script script) {
    return
        [script = std::move(script)](float level, std::span<const Token> history, std::span<float> logits) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            script(level, history, logits);
        };
}

/// Half a second of the level's letter, then half a second of two of them. Languages as `languages` gives
/// them by level.
inline ScriptedModel::Script spells(const std::map<int, Token>& languages = {}) {
    return [languages](float level, std::span<const Token> history, std::span<float> logits) {
        if (history.size() == 1) {
            const auto language = languages.find(static_cast<int>(level));
            logits[static_cast<size_t>(language == languages.end() ? kEnglish : language->second)] = 10;
            return;
        }
        const Token x = letter(level);
        next_token(history, {at(0), x, at(50), at(50), x, x, at(100)}, logits);
    };
}

inline TranscribeOptions english() {
    TranscribeOptions options;
    options.language = "en";
    return options;
}

}  // namespace npuscribe::test
