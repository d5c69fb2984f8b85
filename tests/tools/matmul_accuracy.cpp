// How far each precision is from f32 in each of an encoder's matmuls, on real speech: every linear is run in
// f32, and again, on the same operand, by each device and precision asked for. One line a kind of matmul and
// precision, then the same for the encoder's output.
//
//   matmul_accuracy --model DIR --input FILE [--device cpu|emulated]

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "audio/log_mel.h"
#include "audio/stream.h"
#include "audio/window.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "device/cpu/cpu_device.h"
#include "device/device.h"
#include "device/emulated/emulated_device.h"
#include "encoder/encoder.h"
#include "model/checkpoint.h"
#include "simd/rows/prepare.h"

namespace {

using namespace npuscribe;

struct Difference {
    double relative_l2 = 0;
    double cosine = 0;
};

Difference compare(const Buffer<float>& y, const Buffer<float>& reference, size_t count) {
    double error = 0, norm = 0, product = 0, other = 0;
    for (size_t i = 0; i < count; ++i) {
        const double a = reference[i], b = y[i];
        error += (b - a) * (b - a);
        norm += a * a;
        other += b * b;
        product += a * b;
    }
    return {std::sqrt(error / norm), product / std::sqrt(norm * other)};
}

struct Candidate {
    std::string name;
    std::unique_ptr<Device> device;
};

/// "encoder.blocks.3.attn.query+key+value" → "attn.query+key+value".
std::string kind(const std::string& name) {
    const size_t block = name.find("blocks.");
    return block == std::string::npos ? name : name.substr(name.find('.', block + 7) + 1);
}

using Findings = std::map<std::string, std::map<std::string, std::vector<Difference>>>;

struct Shared {
    Device& exact;
    std::vector<Candidate>& candidates;
    Findings& findings;
};

/// Keeps what it was filled with, as f32.
class ProbeOperand final : public Operand {
  public:
    ProbeOperand(const Device& owner, size_t max_rows, size_t cols, Device& device)
        : Operand(owner, cols), values(max_rows * cols), exact(device.make_operand(max_rows, cols)) {}
    void set_rows(size_t rows) { rows_ = rows; }
    MatrixView<float> matrix() { return {values.data(), rows_, cols_}; }
    MatrixView<const float> matrix() const { return {values.data(), rows_, cols_}; }

    Buffer<float> values;
    std::unique_ptr<Operand> exact;
};

class ProbeLinear final : public Linear {
  public:
    ProbeLinear(const LinearWeights& weights, Shared& shared)
        : shared_(shared), name_(kind(weights.name)), exact_(shared.exact.load(weights)) {
        for (auto& candidate : shared.candidates) others_.push_back(candidate.device->load(weights));
    }
    size_t n() const override { return exact_->n(); }
    size_t k() const override { return exact_->k(); }

    Run submit(const Operand& x, MatrixView<float> y, Epilogue epilogue) override {
        const auto& operand = dynamic_cast<const ProbeOperand&>(x);
        Buffer<float> reference(x.rows() * n()), other(x.rows() * n());
        exact_->submit(*operand.exact, reference.matrix(x.rows(), n()), Epilogue::none).wait();
        for (size_t i = 0; i < others_.size(); ++i) {
            auto& candidate = shared_.candidates[i];
            const auto rounded = candidate.device->make_operand(x.rows(), x.cols());
            candidate.device->prepare(operand.matrix(), nullptr, *rounded);
            others_[i]->submit(*rounded, other.matrix(x.rows(), n()), Epilogue::none).wait();
            shared_.findings[name_][candidate.name].push_back(compare(other, reference, reference.size()));
        }
        exact_->submit(*operand.exact, y, epilogue).wait();
        return {};
    }

    Run submit(const Operand& x, Operand& y, Epilogue epilogue) override {
        auto& result = dynamic_cast<ProbeOperand&>(y);
        result.set_rows(x.rows());
        submit(x, result.matrix(), epilogue).wait();
        shared_.exact.prepare(result.matrix(), nullptr, *result.exact);
        return {};
    }

  private:
    Shared& shared_;
    std::string name_;
    std::unique_ptr<Linear> exact_;
    std::vector<std::unique_ptr<Linear>> others_;
};

class ProbeDevice final : public Device {
  public:
    explicit ProbeDevice(Shared& shared) : shared_(shared) {}
    DeviceInfo info() const override { return shared_.exact.info(); }
    DeviceStats stats() const override { return {}; }
    std::unique_ptr<Linear> load(const LinearWeights& weights) override {
        return std::make_unique<ProbeLinear>(weights, shared_);
    }
    std::unique_ptr<Operand> make_operand(size_t max_rows, size_t cols) override {
        return std::make_unique<ProbeOperand>(*this, max_rows, cols, shared_.exact);
    }
    void prepare(MatrixView<const float> x, const LayerNorm* norm, Operand& out) override {
        auto& operand = dynamic_cast<ProbeOperand&>(out);
        operand.set_rows(x.rows);
        if (norm != nullptr) {
            simd::layer_norm(x, norm->weight.data(), norm->bias.data(), operand.matrix());
        } else {
            for (size_t r = 0; r < x.rows; ++r) std::copy_n(x.row(r), x.cols, operand.matrix().row(r));
        }
        shared_.exact.prepare(operand.matrix(), nullptr, *operand.exact);
    }

  private:
    Shared& shared_;
};

std::vector<Candidate> candidates(const std::string& device, ThreadPool& pool) {
    std::vector<Candidate> all;
    const auto add = [&](Precision precision, bfp16::Rounding rounding, const std::string& label) {
        const DeviceOptions options{precision, rounding};
        all.push_back({label, device == "emulated" ? make_emulated_device(options, pool)
                                                   : make_cpu_device(options, pool)});
    };
    constexpr auto kNearest = bfp16::Rounding::nearest_even;
    add(Precision::bfp16, kNearest, "bfp16");
    add(Precision::bfp16, bfp16::Rounding::floor, "bfp16 floor");
    add(Precision::int8, kNearest, "int8");
    add(Precision::int8_tensor, kNearest, "int8-tensor");
    if (device != "emulated") add(Precision::bf16, kNearest, "bf16");
    return all;
}

void print_row(const std::string& what, const std::string& precision, std::vector<Difference> found) {
    const auto by_error = [](const Difference& a, const Difference& b) {
        return a.relative_l2 < b.relative_l2;
    };
    std::sort(found.begin(), found.end(), by_error);
    double least = 1;
    for (const auto& difference : found) least = std::min(least, difference.cosine);
    std::printf("%-24s %-12s %9.5f %9.5f %10.6f\n", what.c_str(), precision.c_str(),
                found[found.size() / 2].relative_l2, found.back().relative_l2, least);
}

/// The encoder's output: over all values, and frame by frame.
void print_output(const std::string& precision, const Buffer<float>& y, const Buffer<float>& reference,
                  size_t frames) {
    const size_t width = reference.size() / frames;
    const Difference all = compare(y, reference, reference.size());
    std::vector<double> each(frames);
    for (size_t f = 0; f < frames; ++f) {
        double error = 0, norm = 0;
        for (size_t i = f * width; i < (f + 1) * width; ++i) {
            error += std::pow(static_cast<double>(y[i]) - reference[i], 2);
            norm += std::pow(static_cast<double>(reference[i]), 2);
        }
        each[f] = std::sqrt(error / norm);
    }
    std::sort(each.begin(), each.end());
    std::printf("%-24s %-12s %9.5f %9.5f %10.6f   frames: median %.5f, 99th percentile %.5f\n",
                "encoder output", precision.c_str(), all.relative_l2, all.relative_l2, all.cosine,
                each[frames / 2], each[frames * 99 / 100]);
}

void run(const std::filesystem::path& model, const std::filesystem::path& input,
         const std::string& device_name) {
    ThreadPool pool;
    const auto checkpoint = open_checkpoint(model);
    const Dimensions dimensions = checkpoint->dimensions();
    std::vector<float> samples(audio::kWindowSamples);
    const auto stream = audio::open(input);
    size_t filled = 0;
    while (filled < samples.size()) {
        const size_t got = stream->read(std::span(samples).subspan(filled));
        if (got == 0) break;
        filled += got;
    }
    samples.resize(filled);
    const size_t frames = std::min<size_t>(dimensions.n_audio_ctx, (filled + 319) / 320);
    const audio::LogMel log_mel(dimensions.n_mels);
    Buffer<float> mel(2 * frames * dimensions.n_mels), reference(frames * dimensions.n_audio_state);
    log_mel.compute(samples, mel.matrix(2 * frames, dimensions.n_mels));

    const auto exact = make_cpu_device({Precision::fp32, {}}, pool);
    auto devices = candidates(device_name, pool);
    Findings findings;
    Shared shared{*exact, devices, findings};
    ProbeDevice probe(shared);
    Encoder encoder(*checkpoint, probe, pool);
    encoder.encode(mel.matrix(2 * frames, dimensions.n_mels),
                   reference.matrix(frames, dimensions.n_audio_state));

    std::printf("%zu frames, %s device against f32\n", frames, device_name.c_str());
    std::printf("%-24s %-12s %9s %9s %10s\n", "matmul", "precision", "L2 median", "L2 worst", "cosine min");
    for (const auto& [what, by_precision] : findings) {
        for (const auto& candidate : devices)
            print_row(what, candidate.name, by_precision.at(candidate.name));
    }
    for (auto& candidate : devices) {
        Encoder rounded(*checkpoint, *candidate.device, pool);
        Buffer<float> out(reference.size());
        rounded.encode(mel.matrix(2 * frames, dimensions.n_mels),
                       out.matrix(frames, dimensions.n_audio_state));
        print_output(candidate.name, out, reference, frames);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::filesystem::path model, input;
    std::string device = "cpu";
    CLI::App app("Compares every precision with f32, matmul by matmul, on the first window of a file");
    app.add_option("--model", model, "Model directory")->required();
    app.add_option("--input", input, "Audio file")->required();
    app.add_option("--device", device, "cpu or emulated")->check(CLI::IsMember({"cpu", "emulated"}));
    CLI11_PARSE(app, argc, argv);
    try {
        run(model, input, device);
    } catch (const Error& error) {
        std::cerr << "matmul_accuracy: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
