// Runs every benchmark on a small model with random weights: its numbers must be consistent.
#include "bench/benchmarks.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "bench/generated_encoder.h"
#include "bench/layer_runner.h"
#include "bench/speech.h"
#include "catch.h"
#include "cells.h"
#include "device/cpu/cpu_device.h"
#include "random_checkpoint.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;
using test::contains;
using test::message_of;
using test::number;

namespace {

constexpr Dimensions kSmall = {80, 40, 128, 2, 2, 51864, 32, 128, 2, 1};

class Fixture {
  public:
    explicit Fixture(Precision precision, size_t frames = 24)
        : device_(make_cpu_device({precision, {}}, pool_)), frames_(frames) {
        speech_.samples = imitated_speech(2);
        speech_.description = "an imitation";
    }
    Context context() {
        return {checkpoint_, "small", *device_, pool_,
                speech_,     frames_, 3,        [this](const std::string&) { ++told; }};
    }
    ThreadPool& pool() { return pool_; }
    Device& device() { return *device_; }
    int told = 0;

  private:
    ThreadPool pool_{2};
    std::unique_ptr<Device> device_;
    test::RandomCheckpoint checkpoint_{kSmall, 7};
    Speech speech_;
    size_t frames_;
};

double quantity(const Result& result, const std::string& name) {
    for (const Quantity& q : result.quantities) {
        if (q.name == name) return q.value.value();
    }
    FAIL("there is no quantity " << name);
    return 0;
}

}  // namespace

TEST_CASE("bench layer: fp32 equals the reference, and bfp16 is close to it", "[bench]") {
    Fixture exact(Precision::fp32);
    const Result same = layer(exact.context(), 1);
    for (const Row& row : same.tables.at(1).rows) {
        CHECK(number(row, 1) == Approx(1).margin(1e-9));
        CHECK(number(row, 2) == 0);
    }

    Fixture fixture(Precision::bfp16);
    const Result near = layer(fixture.context(), 1);
    REQUIRE(near.tables.at(1).rows.size() == 2);  // every layer
    for (const Row& row : near.tables.at(1).rows) {
        CHECK(number(row, 1) > 0.999);
        CHECK(number(row, 1) < 1);
        CHECK(number(row, 2) > 0.05);  // percent
        CHECK(number(row, 2) < 5);
        CHECK(row.origin == Origin::measured);
    }
    CHECK(fixture.told > 3);
}

TEST_CASE("bench layer: percentiles are in order, and the stages are no longer than the layer", "[bench]") {
    Fixture fixture(Precision::bfp16);
    const Result result = layer(fixture.context(), 0);
    CHECK(quantity(result, "min") <= quantity(result, "p50"));
    CHECK(quantity(result, "p50") <= quantity(result, "p95"));
    CHECK(quantity(result, "p95") <= quantity(result, "p99"));
    CHECK(quantity(result, "p99") <= quantity(result, "max"));
    CHECK(quantity(result, "min") > 0);
    REQUIRE(result.criteria.size() == 4);
    // The study's 15 ms for 512 frames, at 24
    CHECK(result.criteria[0].limit == Approx(15.0 * 24 / 512));
    CHECK(result.criteria[0].got == quantity(result, "p50"));
}

TEST_CASE("bench layer takes more frames than the model has positions for", "[bench]") {
    Fixture fixture(Precision::bf16, 100);  // of 40
    CHECK(quantity(layer(fixture.context(), 1), "p50") > 0);
}

TEST_CASE("a layer that the model does not have is a usage error", "[bench]") {
    Fixture fixture(Precision::bf16);
    CHECK(contains(message_of<UsageError>([&] { layer(fixture.context(), 2); }), "layers 0 to 1"));
}

TEST_CASE("bench encoder: encodes a second and realtime factor follow from the mean", "[bench]") {
    Fixture fixture(Precision::bfp16);
    const Result result = encoder(fixture.context());
    const double mean = quantity(result, "mean");
    CHECK(quantity(result, "encodes") == Approx(1000 / mean));
    CHECK(quantity(result, "realtime factor") == Approx(0.48 / mean * 1000));  // 24 frames are 0.48 s
    CHECK(quantity(result, "layers alone, mean") < mean);
}

TEST_CASE("the encoder takes no more frames than it has positions for", "[bench]") {
    Fixture fixture(Precision::bf16, 41);
    CHECK(contains(message_of<UsageError>([&] { encoder(fixture.context()); }), "40 frames"));
}

TEST_CASE("bench batch: each ratio is to the size before", "[bench]") {
    Fixture fixture(Precision::bf16);
    const Result result = batch(fixture.context());
    const auto& rows = result.tables.at(0).rows;
    REQUIRE(rows.size() == 4);
    REQUIRE(result.criteria.size() == 3);
    for (size_t i = 1; i < rows.size(); ++i) {
        CHECK(number(rows[i], 0) == 2 * number(rows[i - 1], 0));
        CHECK(result.criteria[i - 1].got.value() == Approx(number(rows[i], 1) / number(rows[i - 1], 1)));
    }
    CHECK(result.criteria[0].limit == 2.2);
    CHECK(result.criteria[1].limit == 2.5);
}

TEST_CASE("bench bandwidth: measures memory with one thread and with all", "[bench]") {
    Fixture fixture(Precision::bf16);
    const Result result = bandwidth(fixture.device(), fixture.pool(), 1, 4, {});
    const auto& rows = result.tables.at(0).rows;
    REQUIRE(rows.size() == 2);
    for (const Row& row : rows) {
        for (size_t column = 1; column < 4; ++column) {
            CHECK(number(row, column) > 0.1);  // GB/s
            CHECK(number(row, column) < 10000);
        }
    }
    CHECK(result.criteria.at(0).got == number(rows[1], 2));  // written by all threads
    CHECK(result.criteria.at(1).got == number(rows[1], 1));  // read by all threads
}

TEST_CASE("bench prepare: the criterion is the better of one thread and two", "[bench]") {
    const Result result = prepare(2, 2, {});
    const auto& rows = result.tables.at(0).rows;
    REQUIRE(rows.size() == 6);
    for (const Row& row : rows) CHECK(number(row, 1) > 0);
    const double best = std::min(number(rows[3], 1), number(rows[4], 1));
    CHECK(result.criteria.at(0).got.value() == Approx(0.8 / best));
    CHECK(result.criteria.at(0).limit == 8);
    // INT8 conversions: both ways together
    const auto& conversions = result.tables.at(1).rows;
    CHECK(number(conversions.at(2), 1) == Approx(number(conversions[0], 1) + number(conversions[1], 1)));
    CHECK(number(conversions[2], 2) == 2240);
}

TEST_CASE("bench power: without sensors it says why, and no criterion passes", "[bench]") {
    Fixture fixture(Precision::bf16);
    const Result result = power(fixture.context(), 0.05, "/nonexistent");
    CHECK(quantity(result, "windows encoded") >= 1);
    for (const Criterion& criterion : result.criteria) CHECK(criterion.outcome() == Outcome::not_measured);
    CHECK_FALSE(result.all_met());
    CHECK(std::any_of(result.notes.begin(), result.notes.end(), [](const std::string& note) {
        return contains(note, "Not measured: the CPU's power");
    }));
}

TEST_CASE("bench roofline: a layer's rate lies between its matmuls' rates", "[bench]") {
    Fixture fixture(Precision::bf16);
    const Result result = roofline(kSmall, 64, fixture.pool(), 1, {});
    double least = 1e9, most = 0;
    for (const Row& row : result.tables.at(0).rows) {
        if (std::get<std::string>(row.cells.at(1)) != "f32" ||
            std::get<std::string>(row.cells.at(0)) == "a large one")
            continue;
        least = std::min(least, number(row, 5));
        most = std::max(most, number(row, 5));
    }
    CHECK(quantity(result, "a layer's six matmuls, f32") >= least);
    CHECK(quantity(result, "a layer's six matmuls, f32") <= most);
    CHECK(quantity(result, "memory read, all threads") > 0.1);

    const auto& more = result.tables.at(1).rows;  // modelled: 8, 16 and 32 cores
    REQUIRE(more.size() == 3);
    for (size_t i = 0; i < more.size(); ++i) {
        CHECK(more[i].origin == Origin::modelled);
        CHECK(number(more[i], 0) == static_cast<double>(8 << i));
        // Twice the cores take half the time, and ask memory for twice as much a second.
        CHECK(number(more[i], 2) == Approx(number(more[0], 2) / (1 << i)));
        CHECK(number(more[i], 4) == Approx(number(more[0], 4) * (1 << i)));
    }
}

TEST_CASE("bench pipeline: every stage has a time, and is left out if it cannot be measured", "[bench]") {
    Fixture fixture(Precision::bfp16);
    Context context = fixture.context();
    context.runs = 1;
    const Result result = pipeline(context, std::nullopt, std::nullopt);
    const auto& rows = result.tables.at(0).rows;
    const auto has = [&](const std::string& stage) {
        return std::any_of(rows.begin(), rows.end(),
                           [&](const Row& row) { return std::get<std::string>(row.cells.at(0)) == stage; });
    };
    CHECK_FALSE(has("decode audio"));
    CHECK_FALSE(has("voice activity"));
    CHECK(has("log-mel"));
    CHECK(has("encoder: matmuls"));
    CHECK(has("decoder step, batch 1"));
    CHECK(has("decoder step, batch 8"));
    for (const Row& row : rows) CHECK(number(row, 1) > 0);
    CHECK(result.criteria.size() == 3);
}

TEST_CASE("a generated layer can be run, and is the same each time", "[bench]") {
    Dimensions d = kSmall;
    d.n_audio_state = 64;
    d.n_audio_head = 1;
    d.n_audio_layer = 1;
    const GeneratedEncoder weights(d);
    CHECK(weights.shape("encoder.blocks.0.mlp.0.weight") == std::vector<size_t>{256, 64});
    CHECK(weights.shape("encoder.blocks.0.mlp.2.bias") == std::vector<size_t>{64});
    CHECK_FALSE(weights.has("encoder.blocks.0.attn.key.bias"));  // Whisper's has none
    CHECK_FALSE(weights.has("encoder.blocks.1.attn.key.weight"));
    const auto once = weights.read("encoder.blocks.0.attn.out.weight");
    const auto again = weights.read("encoder.blocks.0.attn.out.weight");
    CHECK(std::equal(once.begin(), once.end(), again.begin()));

    ThreadPool pool(1);
    const auto device = make_cpu_device({Precision::bf16, {}}, pool);
    LayerRunner runner(weights, 0, 8, *device, pool);
    Buffer<float> x(8 * 64);
    std::fill(x.begin(), x.end(), 0.5F);
    CHECK(runner.run(x.matrix(8, 64)).total > 0);
    CHECK(std::all_of(x.begin(), x.end(), [](float value) { return std::isfinite(value); }));
}

TEST_CASE("imitated speech is the same each time, is loud enough, and has pauses", "[bench]") {
    const auto samples = imitated_speech(3);
    REQUIRE(samples.size() == 48000);
    CHECK(samples == imitated_speech(3));
    const auto loudest = [&](size_t from, size_t to) {
        float most = 0;
        for (size_t i = from; i < to; ++i) most = std::max(most, std::fabs(samples[i]));
        return most;
    };
    CHECK(loudest(0, 32000) > 0.02F);
    CHECK(loudest(0, 48000) < 1);
    CHECK(loudest(33000, 39000) < 0.002F);  // from 2 s to 2.5 s
}

TEST_CASE("speech starts over at its end", "[bench]") {
    Speech speech;
    speech.samples = {0.25F, 0.5F, 0.75F};
    const auto window = speech.window(0);
    CHECK(window.size() == 480000);
    CHECK(window[0] == 0.25F);
    CHECK(window[2] == 0.75F);
    CHECK(window[3] == 0.25F);
}
