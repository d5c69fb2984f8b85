#include "bench_options.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bench/study/study_figures.h"
#include "device_options.h"
#include "option.h"

namespace npuscribe::app {
namespace {

constexpr const char* kMeasurement = "Measurement";
constexpr const char* kOutput = "Output";
constexpr long long kLongest = 30'000;  // frames; ten minutes

void add_json_option(CLI::App& command, std::string& variable) {
    option(command, "--json", "FILE|-", variable,
           "Write the results as JSON to a file, or to stdout (-) in place of the text");
}

bool read_frames(const std::string& text, std::vector<size_t>& out) {
    std::vector<size_t> all;
    const std::string list =
        text + ",";  // split gives no part after a comma at the end, and that one is an error
    for (const std::string_view part : split(list, ',')) {
        const auto frames = to_whole_number(part, 1, kLongest);
        if (!frames) return false;
        all.push_back(static_cast<size_t>(*frames));
    }
    out = std::move(all);
    return true;
}

}  // namespace

void add_bench_options(CLI::App& command, BenchSettings& s) {
    const auto& benchmarks = bench_names();
    option(command, "BENCHMARK", "", s.benchmark, one_of(benchmarks), "What to measure; see above")
        ->required();
    option(command, "AUDIO", "", s.audio,
           "Speech to work on; without it, LibriVox recordings of pocketsphinx-testdata or, if they are "
           "not installed, an imitation of speech");
    command.option_defaults()->group(kMeasurement);
    option(command, "-m,--model", "NAME|DIR", s.model,
           "Use this model: a fetched one's name, or a checkpoint's directory");
    add_device_options(command, s.device, s.precision, s.threads);
    option(command, "--seq", "N", s.frames, whole_number(0, kLongest),
           "Encode N frames of 20 ms; 0: 512 for layer, encoder and batch, as in the study, and all of the "
           "model's for the others. layer takes more frames than a model has positions for");
    option(command, "-n,--runs", "N", s.runs, whole_number(0, 1'000'000),
           "Measure N runs; 0: 1000 for layer, 200 for prepare, 100 for encoder, 10 for batch and "
           "bandwidth, 5 for pipeline and roofline, and 2 if times are modelled");
    option(command, "--layer", "N", s.layer, whole_number(0, 1000),
           "Time this layer, counted from 0 (bench layer)");
    option(command, "--seconds", "X", s.seconds, number(0.1, 86'400), "Encode for X seconds (bench power)");
    option(command, "--megabytes", "N", s.megabytes, whole_number(1, 65'536),
           "Use buffers of N MiB (bench bandwidth)");
    command.option_defaults()->group(kOutput);
    add_json_option(command, s.json);
    option(command, "--plot", "FILE", s.plot,
           "Draw the results as SVG: histograms for layer and encoder, curves for batch and roofline");
    toggle(command, "--check", s.check, "Exit with 1 if a criterion is not met or could not be measured");
}

void add_project_options(CLI::App& command, ProjectSettings& s) {
    bench::ProjectOptions& o = s.options;
    o.battery_watt_hours = bench::study::kBatteryWattHours;
    const auto read_models = [&o, all = o.models](const std::string& text) {
        const auto names = split(text, ',');
        o.models = text == "all" ? all : std::vector<std::string>(names.begin(), names.end());
        return !o.models.empty();
    };
    command.option_defaults()->group(kMeasurement);
    option(
        command, "-m,--models", "LIST", read_models,
        [&o] { return fmt::format("{}", fmt::join(o.models, ",")); },
        "all, or names of models with commas between them",
        "Project these models, with commas between them; all: base, small, medium and large");
    option(
        command, "--frames", "LIST", [&o](const std::string& text) { return read_frames(text, o.frames); },
        [&o] { return fmt::format("{}", fmt::join(o.frames, ",")); },
        fmt::format("whole numbers from 1 to {} with commas between them", kLongest),
        "Project these numbers of encoder frames of 20 ms, with commas between them");
    toggle(command, "--measure", o.measure, "Time a layer of each size on this CPU");
    add_threads_option(command, s.threads);
    option(command, "--battery", "WH", o.battery_watt_hours, number(0.1, 1e6),
           "Assume a battery of WH watt-hours");
    command.option_defaults()->group(kOutput);
    toggle(command, "--notes", s.notes, "Print only what the study got wrong, in full");
    add_json_option(command, s.json);
}

}  // namespace npuscribe::app
