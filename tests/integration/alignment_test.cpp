// Token times beside CTranslate2's: the golden alignments of its own tests, for tiny.en. The same tokens go
// in, so that nothing but the alignment is compared.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/stream.h"
#include "audio/window.h"
#include "base/buffer.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "data_paths.h"
#include "decoder/alignment.h"
#include "decoder/decoder.h"
#include "device/cpu/cpu_device.h"
#include "encoder/encoder.h"
#include "model/model.h"
#include "needs.h"

using namespace npuscribe;

namespace {

struct Golden {
    std::string name;
    std::vector<Token> text;
    size_t frames = 0;           // of 20 ms
    std::vector<size_t> starts;  // of each text token, and of what follows the last
};

Golden read_golden(const std::filesystem::path& directory, const std::string& name, const std::string& file) {
    std::ifstream stream(directory / file);
    const auto json = nlohmann::json::parse(stream);
    Golden golden;
    golden.name = name;
    golden.text = json.at("text_tokens").get<std::vector<Token>>();
    golden.frames = json.at("num_frames").get<size_t>() / 2;  // of 10 ms there
    for (const auto& pair : json.at("expected_alignments")) {
        if (pair.at(0).get<size_t>() == golden.starts.size())
            golden.starts.push_back(pair.at(1).get<size_t>());
    }
    REQUIRE(golden.starts.size() == golden.text.size() + 1);
    return golden;
}

/// tiny.en with its encoder and decoder, one audio slot and one sequence.
class TinyEnglish {
  public:
    TinyEnglish(const std::filesystem::path& directory, Precision precision)
        : model_(load_model(directory.string())),
          device_(make_cpu_device({precision, {}}, pool_)),
          encoder_(*model_.checkpoint, *device_, pool_),
          decoder_(*model_.checkpoint, pool_, {precision, 1, 1, true}),
          vocabulary_(make_vocabulary(model_.tokenizer)) {}

    void hear(const std::filesystem::path& recording) {
        const auto stream = audio::open(recording);
        std::vector<float> samples(audio::kWindowSamples);
        size_t filled = 0;
        for (size_t got = 1; got > 0; filled += got = stream->read(std::span(samples).subspan(filled))) {
        }
        samples.resize(filled);
        const Dimensions& d = model_.dimensions();
        Buffer<float> mel(2 * d.n_audio_ctx * d.n_mels);
        Buffer<float> out(d.n_audio_ctx * d.n_audio_state);
        audio::LogMel(d.n_mels).compute(samples, mel.matrix(2 * d.n_audio_ctx, d.n_mels));
        encoder_.encode(mel.matrix(2 * d.n_audio_ctx, d.n_mels), out.matrix(d.n_audio_ctx, d.n_audio_state));
        decoder_.set_audio(0, out.matrix(d.n_audio_ctx, d.n_audio_state));
    }

    std::vector<double> text_times(const Golden& golden) {
        const AlignmentPass pass = make_alignment_pass(vocabulary_, Task::transcribe, "en", golden.text,
                                                       golden.frames, model_.dimensions().n_text_ctx);
        std::vector<StepRow> rows;
        pass.append_rows(0, 0, rows);
        decoder_.step(rows, {});
        return pass.text_times(decoder_, 0);
    }

  private:
    Model model_;
    ThreadPool pool_{2};
    std::unique_ptr<Device> device_;
    Encoder encoder_;
    WhisperDecoder decoder_;
    Vocabulary vocabulary_;
};

}  // namespace

TEST_CASE("token times are CTranslate2's: 95 % within 20 ms, the rest within 60",
          "[needs-audio][needs-models]") {
    const auto audio = test::need_shared_audio();
    const auto directory = test::need_model("tiny.en");
    for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::bfp16}) {
        TinyEnglish model(directory, precision);
        size_t close = 0;
        size_t all = 0;
        double furthest = 0;
        for (const auto& [recording, file] : {std::pair("jfk-44k", "jfk_alignments.json"),
                                              std::pair("mr_quilter", "mr_quilter_alignments.json")}) {
            const Golden golden = read_golden(audio / "alignments", recording, file);
            model.hear(audio / "alignments" / (golden.name + ".wav"));
            const std::vector<double> times = model.text_times(golden);
            REQUIRE(times.size() == golden.starts.size());
            for (size_t i = 0; i < times.size(); ++i) {
                const double off = std::abs(times[i] - 0.02 * static_cast<double>(golden.starts[i]));
                close += off < 0.0201 ? 1 : 0;
                furthest = std::max(furthest, off);
                ++all;
            }
        }
        const double share = static_cast<double>(close) / static_cast<double>(all);
        std::cout << name(precision) << ": " << 100 * share << " % of " << all
                  << " token starts within 20 ms, the furthest " << 1000 * furthest << " ms off" << std::endl;
        CHECK(share >= 0.95);
        CHECK(furthest < 0.0601);
    }
}
