#include <fmt/format.h>

#include <algorithm>

#include "output/markup.h"
#include "output/page_html.h"
#include "output/report.h"
#include "output/text.h"
#include "plot/charts.h"
#include "plot/timeline.h"

namespace npuscribe::output {
namespace {

constexpr size_t kMostLanes = 150, kMostBars = 100;  // a person looks at no more
constexpr double kMiB = 1 << 20;

enum Stage : size_t { kLoad, kRead, kMel, kEncoder, kDecoder, kRefused };
const std::vector<std::string> kStages = {"load",    "read, voice activity", "mel", "encoder",
                                          "decoder", "decoder, refused"};

std::string file_name(const std::string& path) {
    return path == "-" ? "standard input" : path.substr(path.find_last_of('/') + 1);
}

std::string tile(const std::string& name, const std::string& value) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value));
}

std::string tiles(const RunReport& report) {
    using Status = FileReport::Status;
    const Timing& t = report.totals;
    std::string out =
        tile("files done", fmt::format("{} of {}", count(report, Status::done), report.files.size()));
    if (const size_t incomplete = count(report, Status::incomplete); incomplete > 0)
        out += tile("incomplete", fmt::to_string(incomplete));
    if (const size_t failed = count(report, Status::failed); failed > 0)
        out += tile("failed", fmt::to_string(failed));
    out += tile("audio", timestamp(milliseconds(t.audio_seconds), '.', true).substr(0, 8));
    out += tile("time", fmt::format("{:.1f} s", t.total));
    out += tile("realtime", fmt::format("{:.1f} ×", t.realtime_factor()));
    if (t.total > t.load)
        out += tile("without loading", fmt::format("{:.1f} ×", t.audio_seconds / (t.total - t.load)));
    if (report.memory.peak > 0)
        out += tile("memory, at most",
                    fmt::format("{:.0f} MiB", static_cast<double>(report.memory.peak) / kMiB));
    if (const size_t made = replacements(report); made > 0) out += tile("replacements", fmt::to_string(made));
    if (report.setup.modelled_times)
        out += tile("array, modelled", fmt::format("{:.3f} s", t.modelled_array));
    return out;
}

std::string setup_text(const Setup& s) {
    if (s.device.empty()) return "Nothing was transcribed.";
    return escaped(fmt::format("{} ({}), model {}, {} ({}), {}, beam {}, batch {}, {} {}", s.device,
                               s.device_description, s.model, s.precision, s.numerics, s.task, s.beam_size,
                               s.batch_size, s.threads, s.threads == 1 ? "thread" : "threads"));
}

plot::Canvas stage_bars(const RunReport& report, double width) {
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
        bars.push_back({name, seconds, fmt::format("{:.2f} s, {:.0f} %", seconds, share)});
    }
    return plot::bars("Stages, in all", "seconds; stages overlap", bars, width);
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
    const std::string at = fmt::format("{:.0f}–{:.0f} s", window.audio_begin, window.audio_end);
    lane.name = (report.files.size() > 1 ? file + "  " : "") + at;
    lane.tip = file + ", " + at;
    add(lane, kRead, window.read);
    add(lane, kMel, window.mel);
    add(lane, kEncoder, window.encoder);
    add(lane, window.refused ? kRefused : kDecoder, window.decoder);
    return lane;
}

plot::Canvas windows_chart(const RunReport& report, double width) {
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
    if (shown < all) title += fmt::format(": the first {} of {}", shown, all);
    return plot::timeline(title, end, kStages, lanes, width);
}

plot::Canvas memory_chart(const RunReport& report, double width) {
    std::vector<plot::Point> points;
    for (const MemorySample& sample : report.memory.samples)
        points.push_back({sample.seconds, static_cast<double>(sample.bytes) / kMiB});
    return plot::course("Memory in use", points.back().x, "MiB", points, width);
}

constexpr double kWideBars = 720, kWideLanes = 960;

/// A chart twice, of which the page shows the one that its window has room for.
template <class Draw>
std::string chart(double wide, const Draw& draw) {
    return fmt::format("<div class=\"chart wide\">{}</div>\n<div class=\"chart narrow\">{}</div>\n",
                       draw(wide).element(), draw(plot::kNarrow).element());
}

/// Empty if fewer than two files are done.
std::string realtime_chart(const RunReport& report) {
    std::vector<plot::Bar> bars;
    for (const FileReport& file : report.files) {
        if (file.status != FileReport::Status::done || bars.size() == kMostBars) continue;
        const double factor = file.timing.realtime_factor();
        bars.push_back({file_name(file.path), factor, fmt::format("{:.1f} ×", factor)});
    }
    if (bars.size() < 2) return {};
    const size_t done = count(report, FileReport::Status::done);
    std::string title = "Realtime factor by file, while others were worked on";
    if (bars.size() < done) title += fmt::format(": the first {} of {}", bars.size(), done);
    return chart(kWideBars,
                 [&](double width) { return plot::bars(title, "seconds of audio a second", bars, width); });
}

std::string charts(const RunReport& report) {
    std::string out;
    if (report.totals.total <= 0) return out;
    if (!report.windows.empty())
        out += chart(kWideLanes, [&](double width) { return windows_chart(report, width); });
    out += chart(kWideBars, [&](double width) { return stage_bars(report, width); });
    out += realtime_chart(report);
    if (report.memory.samples.size() > 1)
        out += chart(kWideLanes, [&](double width) { return memory_chart(report, width); });
    return out;
}

std::string file_row(const FileReport& file) {
    using Status = FileReport::Status;
    std::string out = "<tr><td>" + escaped(file.path) + "</td>";
    if (file.status != Status::done) {
        const bool incomplete = file.status == Status::incomplete;
        const bool failed = incomplete || file.status == Status::failed;
        const std::string what = incomplete                       ? "incomplete: " + escaped(file.error)
                                 : failed                         ? "failed: " + escaped(file.error)
                                 : file.status == Status::skipped ? "skipped"
                                                                  : "not done";
        return out + "<td colspan=\"5\"" + (failed ? " class=\"failed\">" : ">") + what + "</td></tr>\n";
    }
    const auto number = [&](const std::string& text) { out += "<td class=\"number\">" + text + "</td>"; };
    out += "<td>" + escaped(file.language) + "</td>";
    number(fmt::format("{:.1f} s", file.timing.audio_seconds));
    number(fmt::format("{:.2f} s", file.timing.total));
    number(fmt::format("{:.1f} ×", file.timing.realtime_factor()));
    number(fmt::to_string(file.timing.windows));
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
