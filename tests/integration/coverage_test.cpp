// A real model on real speech, made to leave 17 seconds of it out: the coverage guard hears them again.

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audio/silero_vad.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "decoder/decoder.h"
#include "device/cpu/cpu_device.h"
#include "encoder/encoder.h"
#include "model/model.h"
#include "needs.h"
#include "transcribe/pipeline.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

/// The decoder, but in the first window that it hears the sixth token after the first timestamp is followed
/// by
/// <|19.30|> and the end: one segment of a few words for all of the window. Whisper does that by itself now
/// and then.
class Jumping : public StepModel {
  public:
    /// `follows_audio`: it has its alignment heads, so that the guard sees what was heard.
    Jumping(WhisperDecoder& decoder, const Vocabulary& vocabulary, bool follows_audio)
        : decoder_(decoder), vocabulary_(vocabulary), follows_audio_(follows_audio) {}

    const Dimensions& dimensions() const override { return decoder_.dimensions(); }
    size_t max_sequences() const override { return decoder_.max_sequences(); }
    size_t max_audio() const override { return decoder_.max_audio(); }
    void set_audio(int audio, MatrixView<const float> encoder_output) override {
        decoder_.set_audio(audio, encoder_output);
        ++windows;
    }
    void copy_sequence(int from, int to, int length) override {
        decoder_.copy_sequence(from, to, length);
        copy_history(from, to, length);
    }
    void share_sequence(int from, int to, int length) override {
        decoder_.share_sequence(from, to, length);
        copy_history(from, to, length);
    }
    size_t alignment_heads() const override { return follows_audio_ ? decoder_.alignment_heads() : 0; }
    std::span<const float> attention(size_t head, size_t row) const override {
        return decoder_.attention(head, row);
    }

    void step(std::span<const StepRow> rows, MatrixView<float> logits) override {
        decoder_.step(rows, logits);
        size_t out = 0;
        for (const StepRow& row : rows) {
            auto& history = sequences_[row.sequence];
            history.resize(static_cast<size_t>(row.position));
            history.push_back(row.token);
            if (!row.want_logits) continue;
            const std::span<float> values = logits.row_span(out++);
            const auto forced = windows > 1 ? std::nullopt : forced_after(history);
            if (!forced) continue;
            std::fill(values.begin(), values.end(), -1000.0F);
            values[static_cast<size_t>(*forced)] = 10;
        }
    }

    size_t windows = 0;

  private:
    void copy_history(int from, int to, int length) {
        auto& source = sequences_[from];
        sequences_[to].assign(source.begin(), source.begin() + length);
    }

    std::optional<Token> forced_after(const std::vector<Token>& history) const {
        const auto first = std::find_if(history.begin(), history.end(),
                                        [this](Token token) { return vocabulary_.is_timestamp(token); });
        const auto count = history.end() - first;
        if (count == 7) return vocabulary_.timestamp_begin + 965;
        return count == 8 ? std::optional(vocabulary_.eot) : std::nullopt;
    }

    WhisperDecoder& decoder_;
    const Vocabulary& vocabulary_;
    bool follows_audio_;
    std::map<int, std::vector<Token>> sequences_;
};

std::string letters_of(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(c));
    }
    return out;
}

}  // namespace

TEST_CASE("Speech that the decoder jumps over is decoded again, and its words are put where they belong",
          "[real][needs-audio][needs-models]") {
    const auto recording = need_shared_audio() / "librispeech-test-other" / "2609-156975-0007.flac";
    ThreadPool pool(2);
    const audio::SileroVad vad(vad_weights());
    for (const char* name : {"base", "tiny.en"}) {
        const Model model = load_model(need_model(name).string());
        const auto device = make_cpu_device({}, pool);
        Encoder encoder(*model.checkpoint, *device, pool);
        const Vocabulary vocabulary = make_vocabulary(model.tokenizer);
        TranscribeOptions options;
        options.language = "en";
        for (const int beams : {1, 3}) {
            options.decoding.beam_size = beams;
            DecoderSetup setup;
            setup.max_sequences = DecodingEngine::sequences_for(options.decoding, options.batch_size);
            WhisperDecoder decoder(*model.checkpoint, pool, setup);
            for (const bool guarded : {false, true}) {
                Jumping jumping(decoder, vocabulary, guarded);
                Pipeline pipeline({&encoder, false, &jumping, &vocabulary, &vad}, options, &pool);
                Transcript transcript;
                TranscribeEvents events;
                events.on_done = [&](size_t, const Transcript& done, const Timing&) { transcript = done; };
                pipeline.run({recording}, events, nullptr);
                const std::string text = letters_of(transcript.text());
                INFO(name << ", " << beams << " beams: " << transcript.text());
                CHECK(contains(text, "thestoriesregardingjoseph"));
                CHECK(contains(text, "strongcentraltribes") == guarded);
                CHECK(contains(text, "possiblytogetherwiththesoutherntribes") == guarded);
                CHECK(contains(text, "israelshistory") == guarded);
                CHECK(pipeline.timing().coverage_guard == (guarded ? 1 : 0));
                CHECK(pipeline.timing().coverage_filled == (guarded ? 1 : 0));
                CHECK(jumping.windows == (guarded ? 2 : 1));
                for (size_t i = 1; i < transcript.segments.size(); ++i)
                    CHECK(transcript.segments[i].start >= transcript.segments[i - 1].end - 0.01);
            }
        }
    }
}
