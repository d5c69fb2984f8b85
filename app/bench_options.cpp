#include "bench_options.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "bench/study/study_figures.h"
#include "device/choose.h"

namespace npuscribe::app {
namespace {

constexpr const char* kWork = "What is measured";
constexpr const char* kOutput = "Output";
constexpr size_t kLongest = 30'000;  // frames; ten minutes

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out;
    for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        out.push_back(list.substr(at, comma - at));
        at = comma + 1;
    }
    return out;
}

Option json_option(std::string& variable) {
    return {"json",
            0,
            "FILE|-",
            kOutput,
            "write the results as JSON to a file, or to stdout in place of the text",
            text(variable)};
}

Option threads_option(size_t& variable) {
    return {"threads", 't', "N", kWork, "CPU threads; 0: one for each CPU", integer(variable, 0, 1024)};
}

}  // namespace

ProjectSettings::ProjectSettings() : battery(bench::study::kBatteryWattHours) {}

std::vector<Option> bench_options(BenchSettings& s) {
    return {
        {"model", 'm', "NAME|DIR", kWork, "a model that was fetched, or a checkpoint's directory",
         text(s.model)},
        {"device", 0, "DEVICE", kWork, list_words(device_choices()),
         one_of(s.device, {device_choices().begin(), device_choices().end()})},
        {"precision", 0, "PRECISION", kWork, list_words(precision_names()),
         one_of(s.precision, {precision_names().begin(), precision_names().end()})},
        threads_option(s.threads),
        {"seq", 0, "N", kWork,
         "encoder frames of 20 ms; 0: 512 for layer, encoder and batch, as in the study, and all of the "
         "model's for the "
         "others; layer takes more than a model has positions for",
         integer(s.frames, 0, static_cast<long long>(kLongest))},
        {"runs", 'n', "N", kWork,
         "0: 1000 for layer, 100 for encoder, 10 for batch and bandwidth, 200 for prepare, 5 for pipeline "
         "and roofline; 2 "
         "where times are "
         "modelled",
         integer(s.runs, 0, 1'000'000)},
        {"layer", 0, "N", kWork, "bench layer: the layer that is timed, from 0", integer(s.layer, 0, 1000)},
        {"seconds", 0, "X", kWork, "bench power: how long to encode", number(s.seconds, 0.1, 86'400)},
        {"megabytes", 0, "N", kWork, "bench bandwidth: MiB of memory a buffer",
         integer(s.megabytes, 1, 65'536)},
        json_option(s.json),
        {"plot", 0, "FILE", kOutput,
         "draw the results as SVG: layer and encoder as histograms, batch as a curve, roofline as one",
         text(s.plot)},
        {"check", 0, "", kOutput, "exit with 1 where a criterion is not met, or could not be measured",
         toggle(s.check)},
    };
}

std::vector<Option> project_options(ProjectSettings& s) {
    return {
        {"models", 'm', "LIST", kWork, "all (base, small, medium, large), or names with commas between them",
         text(s.models)},
        {"frames", 0, "LIST", kWork, "encoder frames of 20 ms, with commas between them", text(s.frames)},
        {"measure", 0, "", kWork, "time a layer of each size on this CPU", toggle(s.measure)},
        threads_option(s.threads),
        {"battery", 0, "WH", kWork, "of the machine, watt-hours", number(s.battery, 0.1, 1e6)},
        {"notes", 0, "", kOutput, "only what the study got wrong, in full", toggle(s.notes)},
        json_option(s.json),
    };
}

bench::ProjectOptions to_project(const ProjectSettings& settings) {
    bench::ProjectOptions options;
    if (settings.models != "all") options.models = split(settings.models);
    options.frames.clear();
    for (const std::string& frames : split(settings.frames)) {
        try {
            options.frames.push_back(
                static_cast<size_t>(whole_number(frames, 1, static_cast<long long>(kLongest))));
        } catch (const UsageError& error) {
            throw UsageError(fmt::format("--frames: {}", error.what()));
        }
    }
    options.measure = settings.measure;
    options.battery_watt_hours = settings.battery;
    return options;
}

}  // namespace npuscribe::app
