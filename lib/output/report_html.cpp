#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "output/markup.h"
#include "output/page_html.h"
#include "output/report.h"
#include "output/text.h"
#include "plot/charts.h"
#include "plot/timeline.h"

namespace npuscribe::output {
namespace {

constexpr size_t kMostLanes = 150, kMostBars = 100;  // what a person still looks at
constexpr double kMiB = 1 << 20;

enum Stage : size_t { kLoad, kRead, kMel, kEncoder, kDecoder, kRefused };
const std::vector<std::string> kStages = {"load",    "read, voice activity", "mel", "encoder",
                                          "decoder", "decoder, refused"};

[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...) {
    std::array<char, 256> out{};
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(out.data(), out.size(), format, arguments);
    va_end(arguments);
    return out.data();
}

std::string file_name(const std::string& path) {
    return path == "-" ? "standard input" : path.substr(path.find_last_of('/') + 1);
}

std::string tile(const std::string& name, const std::string& value) {
    return "<div><dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd></div>\n";
}

std::string tiles(const RunReport& report) {
    using Status = FileReport::Status;
    const Timing& t = report.totals;
    std::string out = tile("files done", std::to_string(count(report, Status::done)) + " of " +
                                             std::to_string(report.files.size()));
    if (const size_t failed = count(report, Status::failed); failed > 0)
        out += tile("failed", std::to_string(failed));
    out += tile("audio", timestamp(milliseconds(t.audio_seconds), '.', true).substr(0, 8));
    out += tile("time", print("%.1f s", t.total));
    out += tile("realtime", print("%.1f ×", t.realtime_factor()));
    if (t.total > t.load)
        out += tile("without loading", print("%.1f ×", t.audio_seconds / (t.total - t.load)));
    if (report.memory.peak > 0)
        out += tile("memory, at most", print("%.0f MiB", static_cast<double>(report.memory.peak) / kMiB));
    if (report.setup.modelled_times) out += tile("array, modelled", print("%.3f s", t.modelled_array));
    return out;
}

std::string setup_text(const Setup& s) {
    if (s.device.empty()) return "Nothing was transcribed.";
    return escaped(s.device + " (" + s.device_description + "), model " + s.model + ", " + s.precision +
                   " (" + s.numerics + "), " + s.task + ", beam " + std::to_string(s.beam_size) + ", batch " +
                   std::to_string(s.batch_size) + ", " + std::to_string(s.threads) +
                   (s.threads == 1 ? " thread" : " threads"));
}

plot::Canvas stage_bars(const RunReport& report) {
    const Timing& t = report.totals;
    std::vector<plot::Bar> bars;
    for (const auto& [name, seconds] : {std::pair{"load", t.load},
                                        {"decode audio", t.audio_decode},
                                        {"voice activity", t.vad},
                                        {"mel", t.mel},
                                        {"encoder: norm, quantise", t.encoder_quantise},
                                        {"encoder: matmuls", t.encoder_matmul},
                                        {"encoder: attention", t.encoder_attention},
                                        {"encoder: the rest", t.encoder_other},
                                        {"cross-attention's keys", t.cross_kv},
                                        {"decoder", t.decoder}}) {
        const double share = t.total > 0 ? 100 * seconds / t.total : 0;
        bars.push_back({name, seconds, print("%.2f s, %.0f %%", seconds, share)});
    }
    return plot::bars("Stages, in all", "seconds; stages overlap", bars);
}

void add(plot::Lane& lane, Stage stage, const Interval& interval) {
    if (interval.end > interval.begin) lane.stretches.push_back({stage, interval.begin, interval.end});
}

double begin_of(const WindowTrace& window) {
    return window.read.end > window.read.begin ? window.read.begin : window.mel.begin;
}

plot::Lane lane(const RunReport& report, const WindowTrace& window) {
    plot::Lane lane;
    const std::string file = file_name(report.files.at(window.input).path);
    const std::string at = print("%.0f–%.0f s", window.audio_begin, window.audio_end);
    lane.name = (report.files.size() > 1 ? file + "  " : "") + at;
    lane.tip = file + ", " + at;
    add(lane, kRead, window.read);
    add(lane, kMel, window.mel);
    add(lane, kEncoder, window.encoder);
    add(lane, window.refused ? kRefused : kDecoder, window.decoder);
    return lane;
}

plot::Canvas windows_chart(const RunReport& report) {
    std::vector<WindowTrace> windows = report.windows;
    std::stable_sort(windows.begin(), windows.end(),
                     [](const WindowTrace& a, const WindowTrace& b) { return begin_of(a) < begin_of(b); });
    const size_t all = windows.size() + report.windows_left_out;
    const size_t shown = std::min(windows.size(), kMostLanes);
    std::vector<plot::Lane> lanes = {{"the model", {{kLoad, 0, report.totals.load}}, "the model"}};
    double end = shown == all ? report.totals.total : 0;
    for (size_t i = 0; i < shown; ++i) {
        lanes.push_back(lane(report, windows[i]));
        end = std::max(end, windows[i].decoder.end);
    }
    std::string title = "Windows, and when their stages were";
    if (shown < all) title += ": the first " + std::to_string(shown) + " of " + std::to_string(all);
    return plot::timeline(title, end, kStages, lanes);
}

plot::Canvas memory_chart(const RunReport& report) {
    std::vector<plot::Point> points;
    for (const MemorySample& sample : report.memory.samples)
        points.push_back({sample.seconds, static_cast<double>(sample.bytes) / kMiB});
    return plot::course("Memory in use", points.back().x, "MiB", points);
}

std::string realtime_chart(const RunReport& report) {
    std::vector<plot::Bar> bars;
    for (const FileReport& file : report.files) {
        if (file.status != FileReport::Status::done || bars.size() == kMostBars) continue;
        const double factor = file.timing.realtime_factor();
        bars.push_back({file_name(file.path), factor, print("%.1f ×", factor)});
    }
    if (bars.size() < 2) return {};
    const size_t done = count(report, FileReport::Status::done);
    std::string title = "Realtime factor by file, while others were worked on";
    if (bars.size() < done)
        title += ": the first " + std::to_string(bars.size()) + " of " + std::to_string(done);
    return "<div class=\"scroll\">" + plot::bars(title, "seconds of audio a second", bars).element() +
           "</div>\n";
}

std::string charts(const RunReport& report) {
    std::string out;
    const auto add_chart = [&](const plot::Canvas& canvas) {
        out += "<div class=\"scroll\">" + canvas.element() + "</div>\n";
    };
    if (report.totals.total <= 0) return out;
    if (!report.windows.empty()) add_chart(windows_chart(report));
    add_chart(stage_bars(report));
    out += realtime_chart(report);
    if (report.memory.samples.size() > 1) add_chart(memory_chart(report));
    return out;
}

std::string file_row(const FileReport& file) {
    using Status = FileReport::Status;
    std::string out = "<tr><td>" + escaped(file.path) + "</td>";
    if (file.status != Status::done) {
        const bool failed = file.status == Status::failed;
        const std::string what = failed                           ? "failed: " + escaped(file.error)
                                 : file.status == Status::skipped ? "skipped"
                                                                  : "not done";
        return out + "<td colspan=\"5\"" + (failed ? " class=\"failed\">" : ">") + what + "</td></tr>\n";
    }
    const auto number = [&](const std::string& text) { out += "<td class=\"number\">" + text + "</td>"; };
    out += "<td>" + escaped(file.language) + "</td>";
    number(print("%.1f s", file.timing.audio_seconds));
    number(print("%.2f s", file.timing.total));
    number(print("%.1f ×", file.timing.realtime_factor()));
    number(std::to_string(file.timing.windows));
    return out + "</tr>\n";
}

}  // namespace

std::string report_html(const RunReport& report) {
    std::string files, options;
    for (const FileReport& file : report.files) files += file_row(file);
    for (const auto& [name, value] : report.options)
        options += "<tr><th>" + escaped(name) + "</th><td>" + escaped(value) + "</td></tr>\n";
    return filled(report_page_html(), {{"title", "npuscribe " + escaped(report.version) + ": a run"},
                                       {"plot_style", std::string(plot::style())},
                                       {"setup", setup_text(report.setup)},
                                       {"tiles", tiles(report)},
                                       {"charts", charts(report)},
                                       {"files", files},
                                       {"options", options}});
}

}  // namespace npuscribe::output
