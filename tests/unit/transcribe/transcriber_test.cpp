// Real recordings through the real pipeline: with a scripted decoder everywhere, with a model where one has
// been fetched.
#include "transcribe/transcriber.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/error.h"
#include "base/thread_pool.h"
#include "catch.h"
#include "data_paths.h"
#include "decoder/engine.h"
#include "device/cpu/cpu_device.h"
#include "needs.h"
#include "transcribe/pipeline.h"
#include "unit/decoder/scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::vector<std::filesystem::path> librivox(const std::filesystem::path& data) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(data / "librivox")) {
        if (entry.path().extension() == ".wav") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// 16 bits a sample, 16 kHz, one channel, behind a header of 44 bytes.
double wav_seconds(const std::filesystem::path& file) {
    return static_cast<double>(std::filesystem::file_size(file) - 44) / 2 / audio::kSampleRate;
}

std::string lower_words(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(c));
        if (c == ' ') out += ' ';
    }
    return out;
}

/// An encoder whose output says nothing.
class Deaf : public EncodeModel {
  public:
    Deaf() {
        dimensions_.n_mels = 80;
        dimensions_.n_audio_ctx = 1500;
        dimensions_.n_audio_state = 1;
    }
    const Dimensions& dimensions() const override { return dimensions_; }
    void encode(MatrixView<const float>, MatrixView<float> out) override { out(0, 0) = 0; }
    const EncoderTimes& times() const override { return times_; }

  private:
    Dimensions dimensions_;
    EncoderTimes times_;
};

struct Heard {
    std::vector<Transcript> transcripts;
    std::vector<std::string> errors;
};

TranscribeEvents into(Heard& heard) {
    TranscribeEvents events;
    events.on_done = [&](size_t, const Transcript& transcript, const Timing&) {
        heard.transcripts.push_back(transcript);
    };
    events.on_error = [&](size_t, const std::string& message) { heard.errors.push_back(message); };
    return events;
}

}  // namespace

TEST_CASE("Real files are transcribed whole, and a file that is not audio is reported",
          "[real][needs-pocketsphinx]") {
    const auto data = need_pocketsphinx_data();
    ScriptedModel model(12, 8, [](float, std::span<const Token> history, std::span<float> logits) {
        const std::vector<Token> text = {at(0), 1, 2, at(3000)};
        const size_t i = sampled(history).size();
        logits[static_cast<size_t>(i < text.size() ? text[i] : kEot)] = 10;
    });
    const Vocabulary vocabulary = small_vocabulary();
    ModelParts parts;
    Deaf encoder;
    parts.encoder = &encoder;
    parts.decoder = &model;
    parts.vocabulary = &vocabulary;
    TranscribeOptions options;
    options.vad = false;
    options.language = "en";
    Pipeline pipeline(parts, options, nullptr);

    auto files = librivox(data);
    REQUIRE(files.size() == 5);
    files.insert(files.begin() + 1, data / "librivox" / "transcription");  // a text file
    Heard heard;
    pipeline.run(files, into(heard), nullptr);
    REQUIRE(heard.errors.size() == 1);
    CHECK(contains(heard.errors[0], "transcription"));
    REQUIRE(heard.transcripts.size() == 5);
    files.erase(files.begin() + 1);
    for (size_t i = 0; i < files.size(); ++i) {
        const Transcript& transcript = heard.transcripts[i];
        CHECK(transcript.duration == Approx(wav_seconds(files[i])));
        REQUIRE(transcript.segments.size() == 1);
        CHECK(transcript.segments[0].end == Approx(transcript.duration));  // clipped: the decoder said 30 s
    }
}

TEST_CASE("Sixteen windows are decoded at once, or eight if they take much memory") {
    Dimensions d;
    d.n_audio_ctx = 1500;
    const auto batch = [&d](size_t layers, size_t state) {
        d.n_text_layer = layers;
        d.n_text_state = state;
        return default_batch_size(d);
    };
    CHECK(batch(4, 384) == 16);   // tiny
    CHECK(batch(6, 512) == 16);   // base
    CHECK(batch(12, 768) == 8);   // small
    CHECK(batch(4, 1280) == 8);   // large-v3-turbo
    CHECK(batch(32, 1280) == 8);  // large
}

TEST_CASE("A real model hears what LibriVox reads, alone or in a batch, greedily or by beams",
          "[real][needs-pocketsphinx][needs-models]") {
    const auto data = need_pocketsphinx_data();
    const auto directory = need_model("tiny.en");
    const Model model = load_model(directory.string());
    ThreadPool pool(2);
    const auto device = make_cpu_device({}, pool);
    std::vector<FileClips> files;
    for (const auto& path : librivox(data)) files.push_back({path});

    std::vector<std::string> greedy;
    for (const auto& [batch, beam] : {std::pair<size_t, int>{1, 1}, {4, 1}, {4, 3}}) {
        TranscribeOptions options;
        options.vad = false;
        options.batch_size = batch;
        options.n_audio_ctx = 750;  // 15 s: the longest recording is 7
        options.decoding.beam_size = beam;
        Transcriber transcriber(model, *device, pool, nullptr, options);
        Heard heard;
        transcriber.transcribe(files, into(heard));
        REQUIRE(heard.transcripts.size() == 5);
        CHECK(heard.transcripts[0].language == "en");
        CHECK(contains(lower_words(heard.transcripts[0].text()), "dashwood had then leisure to consider"));
        CHECK(contains(lower_words(heard.transcripts[4].text()),
                       "he might even have been made amiable himself"));
        CHECK(transcriber.timing().windows == 5);
        CHECK(transcriber.timing().encoder() > 0);
        CHECK(transcriber.timing().load > 0);
        CHECK(transcriber.setup().batch_size == static_cast<int>(batch));
        if (beam > 1) continue;
        std::vector<std::string> texts;
        for (const Transcript& transcript : heard.transcripts) texts.push_back(transcript.text());
        if (greedy.empty()) {
            greedy = texts;
        } else {
            CHECK(texts == greedy);
        }
    }
}

TEST_CASE("Options that the model cannot carry out are refused before it is loaded onto the device",
          "[real][needs-models]") {
    const auto directory = need_model("tiny.en");
    const Model model = load_model(directory.string());
    ThreadPool pool(1);
    const auto device = make_cpu_device({}, pool);
    const auto refused = [&](auto change) {
        TranscribeOptions options;
        options.vad = false;
        change(options);
        return message_of<UsageError>([&] { Transcriber(model, *device, pool, nullptr, options); });
    };
    CHECK(contains(refused([](auto& o) { o.language = "de"; }), "the model tiny.en knows only English"));
    CHECK(contains(refused([](auto& o) { o.vad = true; }), "voice activity"));
}
