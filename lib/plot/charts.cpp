#include "plot/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/axis.h"

namespace npuscribe::plot {
namespace {

constexpr double kWidth = 720, kHeight = 380;

std::string colour(size_t series) {
    return fmt::format("c{}", series % kColours);
}

std::string short_number(double value) {
    return fmt::format("{:.4g}", value);
}

// Written in the upper right corner, from right to left.
void legend(Canvas& canvas, const Frame& frame, const std::vector<std::string>& names) {
    double right = frame.right();
    for (size_t i = names.size(); i-- > 0;) {
        canvas.text({right, frame.top() - 10}, names[i], Anchor::end);
        right -= text_width(names[i]) + 16;
        canvas.rect(right, frame.top() - 20, 10, 10, colour(i));
        right -= 16;
    }
}

// 1, 2 or 5 times a power of ten: the next above `value` (or `value` itself) if `up`, else the next below.
double round_number(double value, bool up) {
    const double power = std::pow(10, std::floor(std::log10(value)));
    if (!up) return power * (value >= 5 * power ? 5 : value >= 2 * power ? 2 : 1);
    return power * (value > 5 * power ? 10 : value > 2 * power ? 5 : value > power ? 2 : 1);
}

Axis logarithmic(std::string label, double least, double largest) {
    return {std::move(label), round_number(least, false), round_number(largest, true), true};
}

/// Dots at the same position, with their numbers: "2, 3".
struct Numbered {
    Point at;
    std::string numbers;
};

}  // namespace

Bins bins(std::vector<double> values) {
    constexpr size_t kFewest = 5, kMost = 60;
    std::sort(values.begin(), values.end());
    const double range = values.back() - values.front();
    Bins out;
    out.low = values.front();
    if (!(range > 0)) {  // all the same
        out.width = std::max(std::fabs(out.low) / 100, 1e-9);
        out.low -= out.width / 2;
        out.counts = {values.size()};
        return out;
    }
    const double quartiles = values[values.size() * 3 / 4] - values[values.size() / 4];
    const double wanted = 2 * quartiles / std::cbrt(static_cast<double>(values.size()));
    const double count = wanted > 0 ? range / wanted : static_cast<double>(kMost);
    out.counts.resize(static_cast<size_t>(
        std::clamp(std::ceil(count), static_cast<double>(kFewest), static_cast<double>(kMost))));
    out.width = range / static_cast<double>(out.counts.size());
    for (const double value : values) {
        const auto bin = static_cast<size_t>((value - out.low) / out.width);
        ++out.counts[std::min(bin, out.counts.size() - 1)];  // the largest value is in the last
    }
    return out;
}

Canvas histogram(const std::string& title, const std::string& label, const std::vector<double>& values,
                 const std::vector<Mark>& marks, const std::string& counted, double width) {
    constexpr double kHeadroom = 1.2;  // for the marks' names
    const Bins found = bins(values);
    const double end = found.low + found.width * static_cast<double>(found.counts.size());
    Axis x{label, found.low, end, false};
    for (const Mark& mark : marks) {
        x.low = std::min(x.low, mark.value);
        x.high = std::max(x.high, mark.value);
    }
    const size_t largest = *std::max_element(found.counts.begin(), found.counts.end());
    Canvas canvas(width, kHeight, title);
    const Frame frame(canvas, title, x, from_zero(counted, kHeadroom * static_cast<double>(largest)));
    for (size_t i = 0; i < found.counts.size(); ++i) {
        if (found.counts[i] == 0) continue;
        const double from = found.low + found.width * static_cast<double>(i);
        const double left = frame.x(from), right = frame.x(from + found.width);
        const double top = frame.y(static_cast<double>(found.counts[i]));
        canvas.rect(left + 0.5, top, std::max(1.0, right - left - 1), frame.bottom() - top, "c0",
                    fmt::format("{} – {}: {}", short_number(from), short_number(from + found.width),
                                found.counts[i]));
    }
    std::vector<std::pair<double, double>> taken;  // by names; a name that would overlap them goes lower
    for (const Mark& mark : marks) {
        const double at = frame.x(mark.value);
        const std::string text = mark.name + " " + short_number(mark.value);
        const double room = text_width(text) + 10;
        const bool left = at + room > frame.right();
        const std::pair<double, double> here = left ? std::pair(at - room, at) : std::pair(at, at + room);
        const auto row = std::count_if(taken.begin(), taken.end(), [&](const auto& other) {
            return here.first < other.second && other.first < here.second;
        });
        taken.push_back(here);
        canvas.line({at, frame.top()}, {at, frame.bottom()}, "mark");
        canvas.text({left ? at - 5 : at + 5, frame.top() + 12 + 15 * static_cast<double>(row)}, text,
                    left ? Anchor::end : Anchor::start);
    }
    return canvas;
}

Canvas curves(const std::string& title, const std::string& x, const std::string& y,
              const std::vector<Series>& series) {
    Point largest;
    std::vector<std::string> names;
    for (const Series& one : series) {
        names.push_back(one.name);
        for (const Point& point : one.points)
            largest = {std::max(largest.x, point.x), std::max(largest.y, point.y)};
    }
    Canvas canvas(kWidth, kHeight, title);
    const Frame frame(canvas, title, from_zero(x, largest.x), from_zero(y, largest.y));
    for (size_t i = 0; i < series.size(); ++i) {
        std::vector<Point> points;
        for (const Point& point : series[i].points) points.push_back(frame.at(point.x, point.y));
        canvas.path(points, colour(i));
        for (size_t p = 0; p < points.size(); ++p) {
            const std::string value = short_number(series[i].points[p].y);
            canvas.dot(points[p], colour(i), series[i].name + ": " + value);
            canvas.text({points[p].x, points[p].y - 9}, value, Anchor::middle);
        }
    }
    if (series.size() > 1) legend(canvas, frame, names);
    return canvas;
}

Canvas roofline(const std::string& title, const std::vector<Roof>& roofs, const std::vector<Work>& work) {
    double least_x = 1, largest_x = 1, least_y = work.empty() ? 1e9 : work[0].rate, largest_y = 1;
    std::vector<std::string> names;
    for (const Roof& roof : roofs) {
        names.push_back(roof.name);
        largest_x = std::max(largest_x, 2 * roof.peak / roof.bandwidth);
        largest_y = std::max(largest_y, roof.peak * 1.05);
    }
    for (const Work& one : work) {
        least_x = std::min(least_x, one.intensity);
        largest_x = std::max(largest_x, one.intensity);
        least_y = std::min(least_y, one.rate);
    }
    for (const Roof& roof : roofs) least_y = std::min(least_y, roof.bandwidth * least_x);

    constexpr double kGiga = 1e9, kLine = 17, kClose = 12, kRoofWidth = 780;
    const size_t list_rows = (work.size() + 1) / 2;  // two columns
    const double list = kLine * static_cast<double>(list_rows) + 30;
    Canvas canvas(kRoofWidth, 440 + list, title);
    const Axis x = logarithmic("FLOP for a byte from memory", least_x, largest_x);
    const Frame frame(canvas, title, x, logarithmic("GFLOP/s", least_y / kGiga, largest_y / kGiga), list);
    for (size_t i = 0; i < roofs.size(); ++i) {
        const double ridge = roofs[i].peak / roofs[i].bandwidth;
        const double peak = roofs[i].peak / kGiga;
        const Point foot = frame.at(x.low, roofs[i].bandwidth * x.low / kGiga);
        canvas.path({foot, frame.at(ridge, peak), frame.at(x.high, peak)}, colour(i));
        canvas.text({frame.x(ridge) - 6, frame.y(peak) - 6}, short_number(peak) + " GFLOP/s", Anchor::end);
        if (i == 0)
            canvas.text({foot.x + 30, foot.y - 4}, short_number(roofs[i].bandwidth / kGiga) + " GB/s read");
    }
    std::vector<Numbered> numbered;
    const size_t half = (work.size() + 1) / 2;
    for (size_t i = 0; i < work.size(); ++i) {
        const std::string number = fmt::to_string(i + 1);
        const std::string rate = short_number(work[i].rate / kGiga) + " GFLOP/s";
        const Point at = frame.at(work[i].intensity, work[i].rate / kGiga);
        canvas.dot(at, colour(work[i].roof), work[i].name + ": " + rate);
        const auto close = std::find_if(numbered.begin(), numbered.end(), [&](const Numbered& other) {
            return std::hypot(other.at.x - at.x, other.at.y - at.y) < kClose;
        });
        if (close == numbered.end()) {
            numbered.push_back({at, number});
        } else {
            close->numbers += ", " + number;
        }
        const double left = 16 + (i < half ? 0 : kRoofWidth / 2);
        const double top = canvas.height() - list + 16 + kLine * static_cast<double>(i % half);
        canvas.rect(left, top - 9, 10, 10, colour(work[i].roof));
        canvas.text({left + 16, top}, number + "  " + work[i].name + ": " + rate + " at " +
                                          short_number(work[i].intensity) + " FLOP/B");
    }
    for (const Numbered& one : numbered) canvas.text({one.at.x, one.at.y + 18}, one.numbers, Anchor::middle);
    legend(canvas, frame, names);
    return canvas;
}

Canvas bars(const std::string& title, const std::string& label, const std::vector<Bar>& given, double width) {
    constexpr double kRow = 22, kLabels = 110, kTitle = 18;
    const double names = std::min(220.0, width * 0.36);
    const std::vector<std::string> lines = wrapped(title, width - 32);
    const double top = 26 + kTitle * static_cast<double>(lines.size());
    double largest = 0;
    for (const Bar& bar : given) largest = std::max(largest, bar.value);
    const Axis axis = from_zero(label, largest);
    Canvas canvas(width, top + kRow * static_cast<double>(given.size()) + 48, title);
    const double bottom = canvas.height() - 44, room = width - names - kLabels;
    for (size_t i = 0; i < lines.size(); ++i)
        canvas.text({16, 24 + kTitle * static_cast<double>(i)}, lines[i], Anchor::start, "title");
    for (const Tick& tick : ticks(axis, room > 300 ? 6 : 2)) {
        const double at = names + room * axis.place(tick.value);
        canvas.line({at, top - 4}, {at, bottom}, "grid");
        canvas.text({at, bottom + 16}, tick.label, Anchor::middle);
    }
    canvas.text({names + room / 2, bottom + 34}, axis.label, Anchor::middle, "soft");
    for (size_t i = 0; i < given.size(); ++i) {
        const double y = top + kRow * static_cast<double>(i);
        const double length = room * axis.place(given[i].value);
        canvas.text({names - 8, y + 13}, shortened(given[i].name, names - 20), Anchor::end);
        canvas.rect(names, y, length, kRow - 6, "c0", given[i].name + ": " + given[i].label);
        canvas.text({names + length + 6, y + 13}, given[i].label, Anchor::start, "soft");
    }
    canvas.line({names, top - 4}, {names, bottom}, "axis");
    return canvas;
}

}  // namespace npuscribe::plot
