#include "audio/silero_vad.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "audio/stream.h"
#include "base/error.h"
#include "catch.h"
#include "data_paths.h"
#include "needs.h"
#include "temporary_directory.h"

using namespace npuscribe;
using audio::SileroVad;

namespace {

constexpr const char* kSpeech = "librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
constexpr const char* kWeights = "silero_vad_16k.safetensors";

/// All samples of a file, padded with zeros to whole frames.
std::vector<float> frames_of(const std::filesystem::path& path) {
    const auto stream = audio::open(path);
    std::vector<float> samples;
    std::vector<float> block(10000);
    while (const size_t count = stream->read(block))
        samples.insert(samples.end(), block.begin(), block.begin() + count);
    samples.resize((samples.size() + SileroVad::kFrame - 1) / SileroVad::kFrame * SileroVad::kFrame);
    return samples;
}

std::vector<float> probabilities(const SileroVad& model, std::span<const float> samples) {
    const auto detector = model.detector();
    std::vector<float> out(samples.size() / SileroVad::kFrame);
    detector->run(samples, out);
    return out;
}

}  // namespace

TEST_CASE("probabilities on real speech are those of onnxruntime on Silero's own model",
          "[vad][needs-models][needs-pocketsphinx]") {
    const auto weights = test::need_model(kWeights);
    const auto data = test::need_pocketsphinx_data();

    std::ifstream file(test::test_data("vad_librivox.txt"));
    const std::vector<float> golden{std::istream_iterator<float>(file), {}};
    REQUIRE(golden.size() == 222);
    REQUIRE(*std::max_element(golden.begin(), golden.end()) > 0.99F);
    REQUIRE(*std::min_element(golden.begin(), golden.end()) < 0.05F);

    const auto actual = probabilities(SileroVad(weights), frames_of(data / kSpeech));
    REQUIRE(actual.size() == golden.size());
    float worst = 0;
    for (size_t i = 0; i < golden.size(); ++i) worst = std::max(worst, std::abs(golden[i] - actual[i]));
    CHECK(worst < 1e-4F);
}

TEST_CASE("probabilities do not depend on how many frames a call has",
          "[vad][needs-models][needs-pocketsphinx]") {
    const auto weights = test::need_model(kWeights);
    const auto data = test::need_pocketsphinx_data();
    const SileroVad model(weights);
    const auto samples = frames_of(data / kSpeech);
    const auto at_once = probabilities(model, samples);

    const auto detector = model.detector();
    std::vector<float> in_parts(at_once.size());
    const size_t parts[] = {1, 63, 64, 65, 2};
    for (size_t done = 0, i = 0; done < in_parts.size(); ++i) {
        const size_t count = std::min(parts[i % 5], in_parts.size() - done);
        detector->run(std::span(samples).subspan(done * SileroVad::kFrame, count * SileroVad::kFrame),
                      std::span(in_parts).subspan(done, count));
        done += count;
    }
    CHECK(in_parts == at_once);

    detector->reset();
    detector->run(samples, in_parts);
    CHECK(in_parts == at_once);
}

TEST_CASE("a detector refuses frames that are not whole", "[vad][needs-models]") {
    const auto weights = test::need_model(kWeights);
    const SileroVad model(weights);
    const auto detector = model.detector();
    std::vector<float> samples(SileroVad::kFrame + 1);
    std::vector<float> out(1);
    CHECK_THROWS_AS(detector->run(samples, out), std::invalid_argument);
}

TEST_CASE("a file that is not Silero's model is refused with the reason", "[vad]") {
    const test::TemporaryDirectory directory;
    const auto message_for = [&](const std::string& bytes) {
        const auto path = directory.write("weights", bytes);
        return test::message_of<ModelError>([&] { SileroVad model(path); });
    };
    const auto with_header = [](const std::string& json, uint64_t length) {
        return std::string(reinterpret_cast<const char*>(&length), sizeof length) + json;
    };
    CHECK(test::contains(message_for("short"), "its size is 5 bytes"));
    CHECK(test::contains(message_for(with_header("{}", uint64_t{1} << 60)), "longer than the file"));
    CHECK(test::contains(message_for(with_header("hello", 5)), "not JSON"));
    CHECK(test::contains(message_for(with_header("{}", 2)), "no proper tensor stft_conv.weight"));
    const std::string outside =
        R"({"stft_conv.weight":{"dtype":"F32","shape":[258,1,256],"data_offsets":[18446744073709551360,264192]}})";
    CHECK(test::contains(message_for(with_header(outside, outside.size())), "lies outside the file"));
    const std::string shape = R"({"stft_conv.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
    CHECK(test::contains(message_for(with_header(shape, shape.size())), "another type or shape"));
    const auto missing = [&] { SileroVad model(directory / "missing"); };
    CHECK(test::contains(test::message_of<ModelError>(missing), "No such file"));
}
