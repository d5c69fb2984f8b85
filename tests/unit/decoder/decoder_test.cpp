#include "decoder/decoder.h"

#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "plain_whisper.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

const Dimensions kSmall{.n_mels = 80,
                        .n_audio_ctx = 70,
                        .n_audio_state = 128,
                        .n_audio_head = 2,
                        .n_audio_layer = 1,
                        .n_vocab = 107,
                        .n_text_ctx = 32,
                        .n_text_state = 128,
                        .n_text_head = 2,
                        .n_text_layer = 2};

void set_audio(WhisperDecoder& decoder, int slot, const Plain& audio) {
    const std::vector<float> values(audio.values.begin(), audio.values.end());
    decoder.set_audio(slot, {values.data(), audio.rows, audio.cols});
}

Plain row(const Plain& matrix, size_t r) {
    Plain result(1, matrix.cols);
    for (size_t c = 0; c < matrix.cols; ++c) result(0, c) = matrix(r, c);
    return result;
}

double tolerance(Precision precision) {
    return precision == Precision::fp32 ? 2e-5 : 0.02;
}

}  // namespace

TEST_CASE("A step with a cache gives the same as the whole sequence without one") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    const PlainWhisper plain(checkpoint);
    const auto audio_a = random_plain(70, 128, 5);
    const auto audio_b = random_plain(23, 128, 6);  // a shorter window
    const std::vector<int> a = {5, 9, 11, 3, 100, 42};
    const std::vector<int> b = {106, 1, 1, 7};
    const auto wanted_a = plain.decode(a, audio_a);
    const auto wanted_b = plain.decode(b, audio_b);
    struct Kind {
        Precision precision;
        bool compact_audio;
    };
    for (const auto [precision, compact_audio] :
         {Kind{Precision::fp32, true}, Kind{Precision::bf16, false}, Kind{Precision::bf16, true}}) {
        for (const size_t threads : {1, 2, 5}) {
            INFO(name(precision) << (compact_audio ? ", compact audio, " : ", ") << threads << " threads");
            ThreadPool pool(threads);
            WhisperDecoder decoder(checkpoint, pool, {precision, 3, 2, compact_audio});
            set_audio(decoder, 0, audio_a);
            set_audio(decoder, 1, audio_b);
            std::vector<float> logits(2 * 107);
            // A prompt of four tokens and one of two, in one step.
            const std::vector<StepRow> prompts = {{2, 0, 5, 0, false},   {2, 0, 9, 1, false},
                                                  {2, 0, 11, 2, false},  {2, 0, 3, 3, true},
                                                  {0, 1, 106, 0, false}, {0, 1, 1, 1, true}};
            decoder.step(prompts, {logits.data(), 2, 107});
            CHECK(distance(logits.data(), row(wanted_a, 3)).relative_l2 < tolerance(precision));
            CHECK(distance(logits.data() + 107, row(wanted_b, 1)).relative_l2 < tolerance(precision));
            for (int next = 0; next < 2; ++next) {
                const std::vector<StepRow> rows = {{2, 0, a[4 + static_cast<size_t>(next)], 4 + next, true},
                                                   {0, 1, b[2 + static_cast<size_t>(next)], 2 + next, true}};
                decoder.step(rows, {logits.data(), 2, 107});
                CHECK(distance(logits.data(), row(wanted_a, 4 + static_cast<size_t>(next))).relative_l2 <
                      tolerance(precision));
                CHECK(
                    distance(logits.data() + 107, row(wanted_b, 2 + static_cast<size_t>(next))).relative_l2 <
                    tolerance(precision));
            }
        }
    }
}

TEST_CASE("A copied sequence goes on as its parent would") {
    const RandomCheckpoint checkpoint(kSmall, 2);
    const PlainWhisper plain(checkpoint);
    const auto audio = random_plain(70, 128, 7);
    ThreadPool pool(2);
    WhisperDecoder decoder(checkpoint, pool, {Precision::fp32, 2, 1, true});
    set_audio(decoder, 0, audio);
    std::vector<float> logits(2 * 107);
    decoder.step(std::vector<StepRow>{{0, 0, 4, 0, false}, {0, 0, 8, 1, false}}, {logits.data(), 0, 107});
    decoder.copy_sequence(0, 1, 2);
    // Two children with tokens of their own, over the same audio.
    decoder.step(std::vector<StepRow>{{0, 0, 20, 2, true}, {1, 0, 30, 2, true}}, {logits.data(), 2, 107});
    CHECK(distance(logits.data(), row(plain.decode({4, 8, 20}, audio), 2)).relative_l2 < 2e-5);
    CHECK(distance(logits.data() + 107, row(plain.decode({4, 8, 30}, audio), 2)).relative_l2 < 2e-5);
}

TEST_CASE("Sequences that share their beginning go on as ones that have it to themselves") {
    const RandomCheckpoint checkpoint(kSmall, 2);
    const PlainWhisper plain(checkpoint);
    const auto audio = random_plain(70, 128, 7);
    ThreadPool pool(2);
    WhisperDecoder decoder(checkpoint, pool, {Precision::fp32, 3, 1, true});
    set_audio(decoder, 0, audio);
    std::vector<float> logits(3 * 107);
    decoder.step(std::vector<StepRow>{{0, 0, 4, 0, false}, {0, 0, 8, 1, false}}, {logits.data(), 0, 107});
    decoder.share_sequence(0, 1, 2);
    decoder.step(std::vector<StepRow>{{0, 0, 20, 2, true}, {1, 0, 30, 2, true}}, {logits.data(), 2, 107});
    // A child of the child, which itself goes on: the third has rows of both.
    decoder.share_sequence(1, 2, 3);
    decoder.step(std::vector<StepRow>{{0, 0, 5, 3, true}, {1, 0, 6, 3, true}, {2, 0, 7, 3, true}},
                 {logits.data(), 3, 107});
    const std::vector<std::vector<Token>> texts = {{4, 8, 20, 5}, {4, 8, 30, 6}, {4, 8, 30, 7}};
    for (size_t i = 0; i < texts.size(); ++i)
        CHECK(distance(logits.data() + i * 107, row(plain.decode(texts[i], audio), 3)).relative_l2 < 2e-5);
    // Once the others are done, a sequence starts over with rows of its own.
    decoder.step(std::vector<StepRow>{{2, 0, 9, 0, false}, {2, 0, 10, 1, true}}, {logits.data(), 1, 107});
    CHECK(distance(logits.data(), row(plain.decode({9, 10}, audio), 1)).relative_l2 < 2e-5);
}

TEST_CASE("A row that does not fit is refused, not read out of bounds") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(1);
    WhisperDecoder decoder(checkpoint, pool, {Precision::bf16, 2, 2, true});
    set_audio(decoder, 0, random_plain(70, 128, 7));
    std::vector<float> logits(107);
    const auto refused = [&](StepRow bad) {
        CHECK_THROWS_AS(decoder.step(std::vector<StepRow>{bad}, {logits.data(), 1, 107}), ModelError);
    };
    refused({2, 0, 1, 0, true});    // no such sequence
    refused({0, 1, 1, 0, true});    // audio never set
    refused({0, 0, 107, 0, true});  // past the vocabulary
    refused({0, 0, 1, 32, true});   // past the text context
    refused({0, 0, -1, 0, true});
}
