#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "corpus/merge.h"

namespace npuscribe::corpus {
namespace {

using Json = nlohmann::ordered_json;

std::string counts_text(const Totals& t) {
    std::string out = fmt::format("{} done", t.done);
    const auto add = [&](size_t count, const char* what) {
        if (count > 0) out += fmt::format(", {} {}", count, what);
    };
    add(t.incomplete, "incomplete");
    out += fmt::format(", {} failed", t.failed);
    if (t.expected > 0) out += fmt::format(", {} missing of {} expected", t.missing, t.expected);
    add(t.unexpected, "not expected");
    add(t.duplicates, "done more than once");
    return out;
}

std::string length_text(double seconds) {
    constexpr double kHour = 3600;
    return seconds < 10 * kHour ? clock_text(seconds) : fmt::format("{:.1f} hours", seconds / kHour);
}

Json problem_json(const Merged& entry) {
    return {{"audio_filepath", entry.audio.string()},
            {"offset", entry.offset},
            {"status", entry.is_missing() ? "missing" : name(entry.outcome)},
            {"error", entry.error}};
}

}  // namespace

std::string totals_text(const Totals& t) {
    std::string out = counts_text(t);
    out += fmt::format("\n{} of audio in {} of all tasks, {:.1f} x realtime a task",
                       length_text(t.audio_seconds), length_text(t.wall_seconds), t.realtime_factor());
    if (t.with_reference > 0)
        out +=
            fmt::format("\nword error rate {:.2f} % ({} errors in {} words, {} recordings with a reference)",
                        100 * t.errors.rate(), t.errors.errors, t.errors.words, t.with_reference);
    if (t.settings.size() > 1) {
        out += "\nwarning: the corpus was made with different models or options:";
        for (const auto& [setting, count] : t.settings) out += fmt::format(" {} ({});", setting, count);
        out.pop_back();
    }
    if (t.broken_lines > 0)
        out += fmt::format("\nwarning: {} lines are not whole and were left out", t.broken_lines);
    return out;
}

std::string merge_json(const Merge& merge) {
    const Totals t = merge.totals();
    Json problems = Json::array();
    for (const Merged& entry : merge.entries()) {
        if (entry.is_missing() || entry.outcome != Outcome::done) problems.push_back(problem_json(entry));
    }
    Json settings = Json::object();
    for (const auto& [setting, count] : t.settings) settings[setting] = count;
    Json totals = {{"expected", t.expected},
                   {"done", t.done},
                   {"incomplete", t.incomplete},
                   {"failed", t.failed},
                   {"missing", t.missing},
                   {"unexpected", t.unexpected},
                   {"duplicates", t.duplicates},
                   {"broken_lines", t.broken_lines},
                   {"audio_seconds", t.audio_seconds},
                   {"audio_hours", t.audio_hours()},
                   {"wall_seconds", t.wall_seconds},
                   {"realtime_factor", t.realtime_factor()},
                   {"with_reference", t.with_reference},
                   {"reference_words", t.errors.words},
                   {"word_errors", t.errors.errors},
                   {"settings", settings}};
    totals["word_error_rate"] = t.errors.words > 0 ? Json(t.errors.rate()) : Json();
    const Json out = {{"schema", "npuscribe-corpus"},
                      {"schema_version", 1},
                      {"totals", std::move(totals)},
                      {"problems", std::move(problems)}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npuscribe::corpus
