#include "summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "model/languages.h"

namespace npuscribe::app {
namespace {

using Status = output::FileReport::Status;

std::string language_text(const output::FileReport& file) {
    std::string name = language_name(file.language);
    if (name.empty() || file.language_probability >= 1) return name;
    return fmt::format("{} ({:.0f} %)", name, 100 * file.language_probability);
}

/// "English", "English and German", "5 languages"; empty if there are none.
std::string languages_text(const output::RunReport& report) {
    constexpr size_t kMostNames = 2;
    std::set<std::string> names;
    for (const output::FileReport& file : report.files) {
        if (file.has_transcript() && !file.language.empty()) names.insert(language_name(file.language));
    }
    if (names.size() > kMostNames) return fmt::format("{} languages", names.size());
    return fmt::format("{}", fmt::join(names, " and "));
}

/// " (2 by name alone)", or nothing: of those that were skipped, the ones whose outputs may be of another
/// input.
std::string by_name_text(const output::RunReport& report) {
    const auto by_name = std::count_if(report.files.begin(), report.files.end(), [](const auto& file) {
        return file.status == Status::skipped && file.skipped_by_name;
    });
    return by_name > 0 ? fmt::format(" ({} by name alone)", by_name) : "";
}

std::string counts_text(const output::RunReport& report) {
    std::string out =
        fmt::format("{} done, {} failed", count(report, Status::done), count(report, Status::failed));
    if (const size_t incomplete = count(report, Status::incomplete); incomplete > 0)
        out += fmt::format(", {} incomplete", incomplete);
    if (const size_t skipped = count(report, Status::skipped); skipped > 0)
        out += fmt::format(", {} skipped", skipped) + by_name_text(report);
    if (const size_t left = count(report, Status::interrupted); left > 0)
        out += fmt::format(", {} not done", left);
    return out;
}

std::string duration_text(double seconds) {
    return seconds < 60 ? fmt::format("{:.1f} s", seconds) : clock_text(seconds);
}

/// "cpu (AMD EPYC)": without what `npuscribe device info` says beyond the name.
std::string device_text(const Setup& setup) {
    const std::string& all = setup.device_description;
    const std::string name = all.substr(0, std::min(all.find(", "), all.find(" (")));
    return name.empty() ? setup.device : fmt::format("{} ({})", setup.device, name);
}

std::string speed_text(const output::RunReport& report) {
    const Timing& totals = report.totals;
    const double factor = totals.realtime_factor();
    return fmt::format("{} of audio in {}, {:.{}f} x realtime, device {}", clock_text(totals.audio_seconds),
                       duration_text(totals.total), factor, factor < 100 ? 1 : 0, device_text(report.setup));
}

}  // namespace

std::string summary(const output::RunReport& report) {
    const bool one = report.files.size() == 1 && count(report, Status::skipped) == 0;
    if (one && !report.files.front().has_transcript()) return {};
    std::string out = one ? language_text(report.files.front()) : counts_text(report);
    const auto add = [&](const std::string& part) {
        if (!part.empty()) out += (out.empty() ? "" : ", ") + part;
    };
    if (!one) add(languages_text(report));
    if (const auto rate = word_error_rate(report)) add(fmt::format("word error rate {:.2f} %", 100 * *rate));
    if (report.totals.total > 0) add(speed_text(report));
    return out;
}

}  // namespace npuscribe::app
