#include <fmt/format.h>

#include <algorithm>

#include "base/xml.h"
#include "corpus/merge.h"
#include "plot/charts.h"

namespace npuscribe::corpus {
namespace {

using xml::escaped;

constexpr size_t kMostRows = 1000;  // of the table; --missing has all
constexpr size_t kMostReasons = 20;

// Within one file: a page that is sent on must not need a network.
constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="npuscribe">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>npuscribe: corpus</title>
<style>
:root { color-scheme: light dark; --page: #fff; --text: #1c1d21; --soft: #5d616b; --line: #dedfe3; }
@media (prefers-color-scheme: dark) { :root { --page: #16171b; --text: #e6e6e9; --soft: #a0a4ae; --line: #34363d; } }
body { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; }
.chart { overflow-x: auto; }
.chart.narrow { display: none; }
.problems td:nth-child(2), .problems th { overflow-wrap: normal; }
@media (max-width: 45rem) {
  .chart.wide { display: none; }
  .chart.narrow { display: block; }
}
)";

/// A message without what is particular to one file, so that failures can be counted by reason: its path
/// and its numbers are taken out.
std::string reason(const Merged& entry) {
    std::string text = entry.error;
    for (const std::string& name : {entry.audio.string(), entry.audio.filename().string()}) {
        for (size_t at = text.find(name); !name.empty() && at != std::string::npos; at = text.find(name))
            text.erase(at, name.size());
    }
    while (text.starts_with(':') || text.starts_with(' ')) text.erase(0, 1);
    std::string out;
    bool in_number = false;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit) out += c;
        if (digit && !in_number) out += 'N';
        in_number = digit || (in_number && c == '.');
    }
    return out.empty() ? "no reason given" : out;
}

std::string row(std::string_view what, std::string_view value) {
    return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(what), escaped(value));
}

std::string totals_table(const Totals& t) {
    std::string out = "<table>\n";
    const auto count = [&](const char* what, size_t value, bool always) {
        if (always || value > 0) out += row(what, fmt::to_string(value));
    };
    count("expected", t.expected, false);
    count("done", t.done, true);
    count("incomplete", t.incomplete, false);
    count("failed", t.failed, true);
    count("missing", t.missing, t.expected > 0);
    count("not expected", t.unexpected, false);
    count("done more than once", t.duplicates, false);
    count("lines that are not whole", t.broken_lines, false);
    out += row("audio", fmt::format("{:.2f} hours", t.audio_hours()));
    out += row("time of all tasks", fmt::format("{:.2f} hours", t.wall_seconds / 3600));
    out += row("realtime factor of a task", fmt::format("{:.1f}", t.realtime_factor()));
    if (t.with_reference > 0)
        out += row("word error rate",
                   fmt::format("{:.2f} % of {} words", 100 * t.errors.rate(), t.errors.words));
    for (const auto& [setting, made] : t.settings)
        out += row("model, options", fmt::format("{}: {}", setting, made));
    return out + "</table>\n";
}

std::string factors_chart(const Merge& merge) {
    std::vector<double> factors;
    for (const Merged& entry : merge.entries()) {
        const bool has_text = !entry.is_missing() && entry.outcome != Outcome::failed;
        if (has_text && entry.seconds > 0) factors.push_back(entry.duration / entry.seconds);
    }
    if (factors.empty()) return {};
    std::sort(factors.begin(), factors.end());
    const double median = factors[factors.size() / 2];
    const auto chart = [&](const char* classes, double width) {
        return fmt::format(
            "<div class=\"chart {}\">{}</div>\n", classes,
            plot::histogram("Recordings by realtime factor", "seconds of audio for each second of work",
                            factors, {{"median", median}}, "recordings", width)
                .element());
    };
    return chart("wide", 720) +
           chart("narrow", plot::kNarrow);  // the page shows what its window has room for
}

std::string reasons_chart(const Merge& merge) {
    std::map<std::string, size_t> counts;
    for (const Merged& entry : merge.entries()) {
        if (!entry.is_missing() && entry.outcome != Outcome::done) ++counts[reason(entry)];
    }
    if (counts.empty()) return {};
    std::vector<plot::Bar> bars;
    for (const auto& [text, count] : counts)
        bars.push_back({text, static_cast<double>(count), fmt::to_string(count)});
    std::stable_sort(bars.begin(), bars.end(),
                     [](const plot::Bar& a, const plot::Bar& b) { return a.value > b.value; });
    if (bars.size() > kMostReasons) bars.resize(kMostReasons);
    // On a telephone the reasons, which are sentences, would have no room beside their bars.
    std::string rows;
    for (const plot::Bar& bar : bars)
        rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", bar.label, escaped(bar.name));
    constexpr const char* kTitle = "Failures by reason";
    return fmt::format(
        "<div class=\"chart wide\">{}</div>\n<div class=\"chart "
        "narrow\"><h2>{}</h2>\n<table>\n{}</table></div>\n",
        plot::bars(kTitle, "recordings", bars).element(), kTitle, rows);
}

std::string problems_table(const Merge& merge) {
    std::string rows;
    size_t count = 0;
    for (const Merged& entry : merge.entries()) {
        if (!entry.is_missing() && entry.outcome == Outcome::done) continue;
        if (++count > kMostRows) continue;
        rows += fmt::format("<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>\n", escaped(entry.audio.string()),
                            entry.offset > 0 ? fmt::format(" from {} s", entry.offset) : "",
                            entry.is_missing() ? "missing" : name(entry.outcome), escaped(entry.error));
    }
    if (count == 0) return {};
    const std::string rest =
        count > kMostRows ? fmt::format("<p>and {} more; --missing FILE lists them</p>\n", count - kMostRows)
                          : "";
    return "<h2>Failed, incomplete and missing "
           "recordings</h2>\n<table class=\"problems\">\n<tr><th>recording</th><th>status</th>"
           "<th>reason</th></tr>\n" +
           rows + "</table>\n" + rest;
}

}  // namespace

std::string merge_html(const Merge& merge) {
    return fmt::format("{}{}</style>\n</head>\n<body>\n<h1>Corpus</h1>\n{}{}{}{}</body>\n</html>\n", kHead,
                       plot::style(), totals_table(merge.totals()), factors_chart(merge),
                       reasons_chart(merge), problems_table(merge));
}

}  // namespace npuscribe::corpus
