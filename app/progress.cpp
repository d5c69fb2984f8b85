#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <system_error>

#include "base/clock.h"
#include "terminal_text.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLongBar = 20;
constexpr size_t kShortBar = 10;
constexpr size_t kLeastName = 12;  // columns; a shorter name is useless

std::string bar(double fraction, size_t width) {
    const auto full = static_cast<size_t>(std::lround(fraction * static_cast<double>(width)));
    return "[" + std::string(full, '#') + std::string(width - full, '-') + "]";
}

std::string percent(double fraction) {
    return fmt::format("{:.0f} %", std::floor(100 * std::clamp(fraction, 0.0, 1.0)));
}

/// The position in the current file: "43 %" if there are others, else times.
std::string position(const ProgressView& view) {
    if (view.files > 1)
        return view.length > 0 ? percent(view.seconds / view.length) : clock_text(view.seconds);
    if (view.length <= 0) return clock_text(view.seconds);
    return clock_text(std::min(view.seconds, view.length)) + " of " + clock_text(view.length);
}

}  // namespace

std::string progress_line(const ProgressView& view, size_t columns) {
    const std::string head = view.files > 1 ? fmt::format("{}/{} files", view.files_done, view.files) : "";
    const std::string share = percent(view.fraction);
    const std::string left = view.seconds_left ? clock_text(*view.seconds_left) + " left" : "";
    const std::string where = position(view);
    const std::string name = printable(view.name);
    const auto joined = [](std::initializer_list<std::string> parts) {
        std::string out;
        for (const std::string& part : parts) {
            if (!part.empty()) out += (out.empty() ? "" : "  ") + part;
        }
        return out;
    };
    if (columns == 0) return joined({head, share, left, name, where});

    // From most to least detail; the first that leaves room for the name is taken.
    const std::string before[] = {joined({head, bar(view.fraction, kLongBar), share, left}),
                                  joined({head, bar(view.fraction, kShortBar), share, left}),
                                  joined({head, share, left}), joined({head, share}), share};
    const size_t wanted = std::min(columns_of(name), kLeastName);
    for (const std::string& begin : before) {
        const size_t fixed = columns_of(begin) + columns_of(where) + 4;
        if (fixed + wanted <= columns) return joined({begin, shorten(name, columns - fixed), where});
    }
    return cut(joined({head, share}), columns);
}

std::string transfer_line(const TransferView& view, size_t columns) {
    const double done = static_cast<double>(view.done);
    const double total = static_cast<double>(view.total);
    const std::string name = printable(view.name);
    const std::string speed = view.speed > 0 ? fmt::format("  {:.1f} MB/s", view.speed / 1e6) : "";
    if (view.total == 0) {
        const std::string line = fmt::format("{}  {:.1f} MB{}", name, done / 1e6, speed);
        return columns == 0 ? line : cut(line, columns);
    }
    const double fraction = std::min(1.0, done / total);
    const std::string left = view.speed > 0 ? "  " + clock_text((total - done) / view.speed) + " left" : "";
    const std::string share = fmt::format("{} of {:.1f} MB", percent(fraction), total / 1e6);
    if (columns == 0) return name + "  " + share + speed + left;
    for (const size_t width : {kLongBar, kShortBar}) {
        std::string line = name + "  " + bar(fraction, width) + " " + share + speed + left;
        if (columns_of(line) <= columns) return line;
    }
    return cut(name + "  " + share, columns);
}

BatchProgress::BatchProgress(const std::vector<fs::path>& paths) {
    double known = 0;
    size_t sized = 0;
    for (const fs::path& path : paths) {
        names_.push_back(path == "-" ? "standard input" : path.filename().string());
        std::error_code error;
        const auto bytes = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
        shares_.push_back(error ? 0 : static_cast<double>(bytes));
        known += shares_.back();
        sized += shares_.back() > 0 ? 1 : 0;
    }
    const double usual = sized > 0 ? known / static_cast<double>(sized) : 1;
    for (double& share : shares_) share = share > 0 ? share : usual;
    const double all = std::accumulate(shares_.begin(), shares_.end(), 0.0);
    for (double& share : shares_) share /= all;
}

void BatchProgress::advance(size_t file, double seconds, double length) {
    current_ = file;
    seconds_ = seconds;
    length_ = length;
    begun_[file] = length > 0 ? std::clamp(seconds / length, 0.0, 1.0) : 0;
}

void BatchProgress::finish(size_t file) {
    begun_.erase(file);
    behind_ += shares_.at(file);
    ++done_;
}

std::optional<double> BatchProgress::seconds_left(double elapsed, double fraction) {
    constexpr double kEnoughToGuess = 0.02;
    if (!estimate_begun_) return std::nullopt;
    // The first window's time says little, because the batch has only begun to grow.
    if (!mark_) mark_ = Mark{elapsed, fraction};
    const double gained = fraction - mark_->fraction;
    if (gained < kEnoughToGuess) return std::nullopt;
    return (elapsed - mark_->elapsed) * (1 - fraction) / gained;
}

ProgressView BatchProgress::view(double elapsed) {
    ProgressView view;
    view.files_done = done_;
    view.files = names_.size();
    view.name = names_.at(current_);
    view.seconds = seconds_;
    view.length = length_;
    view.fraction = behind_;
    for (const auto& [file, fraction] : begun_) view.fraction += fraction * shares_[file];
    view.fraction = std::clamp(view.fraction, 0.0, 1.0);
    view.seconds_left = seconds_left(elapsed, view.fraction);
    return view;
}

}  // namespace npuscribe::app
