// Writes what the encoder sees and makes of real speech, for scripts/check-encoder to compare with another
// program's: for each 30 s window of a file, window-N.samples, window-N.mel, window-N.layer-0 (the stem) …
// window-N.layer-L and window-N.output, all raw little-endian f32, and shapes.json.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/stream.h"
#include "audio/window.h"
#include "base/error.h"
#include "base/matrix_view.h"
#include "base/thread_pool.h"
#include "device/cpu/cpu_device.h"
#include "device/device.h"
#include "encoder/encoder.h"
#include "model/checkpoint.h"

namespace {

using namespace npuscribe;
namespace fs = std::filesystem;

struct Arguments {
    fs::path model;
    fs::path input;
    fs::path output;
    std::string precision = "bfp16";
    std::string rounding = "nearest_even";
    size_t windows = 1;
    size_t threads = 0;
};

void write(const fs::path& path, MatrixView<const float> values) {
    std::ofstream file(path, std::ios::binary);
    for (size_t r = 0; r < values.rows; ++r) {
        file.write(reinterpret_cast<const char*>(values.row(r)),
                   static_cast<std::streamsize>(values.cols * sizeof(float)));
    }
    if (!file.flush()) throw OutputError("cannot write " + path.string());
}

/// The next 30 s of the stream; less, or none, at its end.
std::vector<float> next_window(audio::Stream& stream) {
    std::vector<float> samples(audio::kWindowSamples);
    size_t filled = 0;
    while (filled < samples.size()) {
        const size_t got = stream.read(std::span(samples).subspan(filled));
        if (got == 0) break;
        filled += got;
    }
    samples.resize(filled);
    return samples;
}

bfp16::Rounding parse_rounding(const std::string& name) {
    if (name == "nearest_even") return bfp16::Rounding::nearest_even;
    if (name == "floor") return bfp16::Rounding::floor;
    throw UsageError("--rounding is '" + name + "': it takes nearest_even or floor");
}

void run(const Arguments& arguments) {
    ThreadPool pool(arguments.threads);
    const auto device = make_cpu_device(
        {.precision = parse_precision(arguments.precision), .rounding = parse_rounding(arguments.rounding)},
        pool);
    const auto checkpoint = open_checkpoint(arguments.model);
    const Dimensions dimensions = checkpoint->dimensions();
    Encoder encoder(*checkpoint, *device, pool);
    const audio::LogMel log_mel(dimensions.n_mels);
    const auto stream = audio::open(arguments.input);
    fs::create_directories(arguments.output);

    const size_t n_frames = 2 * dimensions.n_audio_ctx;
    std::vector<float> mel(n_frames * dimensions.n_mels);
    std::vector<float> out(dimensions.n_audio_ctx * dimensions.n_audio_state);
    const MatrixView<float> mel_view(mel.data(), n_frames, dimensions.n_mels);
    const MatrixView<float> out_view(out.data(), dimensions.n_audio_ctx, dimensions.n_audio_state);

    size_t windows = 0;
    for (; windows < arguments.windows; ++windows) {
        const std::vector<float> samples = next_window(*stream);
        if (samples.empty()) break;
        const std::string prefix = "window-" + std::to_string(windows);
        encoder.on_layer = [&](size_t layer, MatrixView<const float> hidden) {
            write(arguments.output / (prefix + ".layer-" + std::to_string(layer)), hidden);
        };
        log_mel.compute(samples, mel_view);
        encoder.encode(mel_view, out_view);
        write(arguments.output / (prefix + ".samples"),
              MatrixView<const float>(samples.data(), 1, samples.size()));
        write(arguments.output / (prefix + ".mel"), mel_view);
        write(arguments.output / (prefix + ".output"), out_view);
    }
    if (windows == 0) throw InputError(arguments.input.string() + " holds no audio");

    const nlohmann::json shapes = {{"windows", windows},
                                   {"n_frames", n_frames},
                                   {"n_mels", dimensions.n_mels},
                                   {"n_audio_ctx", dimensions.n_audio_ctx},
                                   {"n_audio_state", dimensions.n_audio_state},
                                   {"n_audio_layer", dimensions.n_audio_layer},
                                   {"numerics", device->info().numerics}};
    std::ofstream file(arguments.output / "shapes.json");
    file << shapes.dump(2) << '\n';
    if (!file.flush()) throw OutputError("cannot write " + (arguments.output / "shapes.json").string());
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Writes log-mel, hidden states and output of the encoder on a file's first windows");
    app.add_option("--model", arguments.model, "Model directory")->required();
    app.add_option("--precision", arguments.precision, "bfp16, bf16 or fp32")->capture_default_str();
    app.add_option("--rounding", arguments.rounding, "nearest_even or floor")->capture_default_str();
    app.add_option("--windows", arguments.windows, "How many windows of 30 s")->capture_default_str();
    app.add_option("--threads", arguments.threads, "0: one for each CPU")->capture_default_str();
    app.add_option("--output-dir", arguments.output, "Where to write")->required();
    app.add_option("input", arguments.input, "Audio file")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        run(arguments);
    } catch (const std::exception& error) {
        std::cerr << "encoder_dump: " << error.what() << '\n';
        return 1;
    }
}
