#include "encoder/encoder.h"

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "device/cpu/cpu_device.h"
#include "plain_whisper.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

const Dimensions kSmall{.n_mels = 80,
                        .n_audio_ctx = 150,
                        .n_audio_state = 128,
                        .n_audio_head = 2,
                        .n_audio_layer = 2,
                        .n_vocab = 16,
                        .n_text_ctx = 8,
                        .n_text_state = 128,
                        .n_text_head = 2,
                        .n_text_layer = 1};

struct Encoded {
    explicit Encoded(size_t n_ctx) : out(n_ctx * 128) {}
    std::vector<float> out;
};

Encoded encode(const RandomCheckpoint& checkpoint, Precision precision, const Plain& mel, size_t threads) {
    ThreadPool pool(threads);
    const auto device = make_cpu_device({precision, {}}, pool);
    Encoder encoder(checkpoint, *device, pool);
    const std::vector<float> values(mel.values.begin(), mel.values.end());
    Encoded result(mel.rows / 2);
    const MatrixView<float> out(result.out.data(), mel.rows / 2, 128);
    encoder.encode({values.data(), mel.rows, mel.cols}, out);
    encoder.encode({values.data(), mel.rows, mel.cols}, out);  // a second window finds nothing of the first
    return result;
}

}  // namespace

TEST_CASE("The encoder agrees with the paper's in every precision and for any number of frames") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    const PlainWhisper plain(checkpoint);
    for (const size_t n_ctx : {150, 64, 33, 1}) {
        const auto mel = random_plain(2 * n_ctx, 80, 3);
        const auto wanted = plain.encode(mel);
        for (const size_t threads : {1, 3}) {
            INFO(n_ctx << " frames, " << threads << " threads");
            const auto fp32 = distance(encode(checkpoint, Precision::fp32, mel, threads).out.data(), wanted);
            CHECK(fp32.relative_l2 < 1e-5);
            const auto bf16 = distance(encode(checkpoint, Precision::bf16, mel, threads).out.data(), wanted);
            CHECK(bf16.relative_l2 < 0.01);
            const auto bfp16 =
                distance(encode(checkpoint, Precision::bfp16, mel, threads).out.data(), wanted);
            CHECK(bfp16.relative_l2 < 0.03);
            CHECK(bfp16.cosine > 0.9995);
            CHECK(bfp16.relative_l2 > bf16.relative_l2);  // the precisions really are different
            CHECK(bf16.relative_l2 > fp32.relative_l2);
        }
    }
}

TEST_CASE("Hidden states are shown after the stem and after each layer") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(1);
    const auto device = make_cpu_device({Precision::fp32, {}}, pool);
    Encoder encoder(checkpoint, *device, pool);
    std::vector<size_t> seen;
    encoder.on_layer = [&](size_t layer, MatrixView<const float> hidden) {
        CHECK(hidden.rows == 40);
        CHECK(hidden.cols == 128);
        seen.push_back(layer);
    };
    const std::vector<float> mel(80 * 80, 0.5F);
    std::vector<float> out(40 * 128);
    encoder.encode({mel.data(), 80, 80}, {out.data(), 40, 128});
    CHECK(seen == std::vector<size_t>{0, 1, 2});
}

TEST_CASE("A mel of the wrong shape is refused, and the message has the right shape") {
    const RandomCheckpoint checkpoint(kSmall, 1);
    ThreadPool pool(1);
    const auto device = make_cpu_device({Precision::bfp16, {}}, pool);
    Encoder encoder(checkpoint, *device, pool);
    const std::vector<float> mel(400 * 80, 0.5F);
    std::vector<float> out(200 * 128);
    const auto message = message_of<ModelError>([&] {
        encoder.encode({mel.data(), 400, 80}, {out.data(), 200, 128});
    });
    CHECK(contains(message, "up to 300 frames of 80"));
}
