#include "plot/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "plot/axis.h"

namespace npuscribe::plot {
namespace {

constexpr double kWidth = 960, kNames = 190, kRight = 24;

std::string seconds_text(const Stretch& stretch, const std::string& stage) {
    return fmt::format("{}: {:.3f} s, from {:.3f} s to {:.3f} s", stage, stretch.end - stretch.begin,
                       stretch.begin, stretch.end);
}

}  // namespace

Canvas timeline(const std::string& title, double seconds, const std::vector<std::string>& stages,
                const std::vector<Lane>& lanes) {
    constexpr double kTop = 66;
    const double row = lanes.size() > 60 ? 9 : 18;
    const double bottom = kTop + row * static_cast<double>(lanes.size());
    Canvas canvas(kWidth, bottom + 48, title);
    canvas.text({16, 24}, title, Anchor::start, "title");
    double at = kNames;
    for (size_t i = 0; i < stages.size(); ++i) {
        canvas.rect(at, 38, 10, 10, fmt::format("c{}", i % kColours));
        canvas.text({at + 15, 48}, stages[i]);
        at += 15 + text_width(stages[i]) + 20;
    }
    const Axis axis{"seconds since the start", 0, seconds, false};
    const double room = kWidth - kNames - kRight;
    for (const Tick& tick : ticks(axis, 10)) {
        const double x = kNames + room * axis.place(tick.value);
        canvas.line({x, kTop - 4}, {x, bottom}, "grid");
        canvas.text({x, bottom + 16}, tick.label, Anchor::middle);
    }
    canvas.text({kNames + room / 2, bottom + 36}, axis.label, Anchor::middle, "soft");
    for (size_t i = 0; i < lanes.size(); ++i) {
        const Lane& lane = lanes[i];
        const double y = kTop + row * static_cast<double>(i);
        // In narrow rows, only every other name has room.
        if (row > kTextHeight || i % 2 == 0)
            canvas.text({kNames - 8, y + row / 2 + 4}, shortened(lane.name, kNames - 20), Anchor::end);
        for (const Stretch& stretch : lane.stretches) {
            const double x = kNames + room * axis.place(stretch.begin);
            const double width = room * (stretch.end - stretch.begin) / seconds;
            canvas.rect(x, y + 1, std::max(0.75, width), row - 3,
                        fmt::format("c{}", stretch.stage % kColours),
                        lane.tip + ", " + seconds_text(stretch, stages[stretch.stage]));
        }
    }
    canvas.line({kNames, kTop - 4}, {kNames, bottom}, "axis");
    return canvas;
}

Canvas course(const std::string& title, double seconds, const std::string& label,
              const std::vector<Point>& points) {
    double largest = 0;
    for (const Point& point : points) largest = std::max(largest, point.y);
    Canvas canvas(kWidth, 260, title);
    const Frame frame(canvas, title, {"seconds since the start", 0, seconds, false},
                      from_zero(label, largest));
    std::vector<Point> line;
    for (const Point& point : points) line.push_back(frame.at(point.x, point.y));
    canvas.path(line, "c0");
    return canvas;
}

}  // namespace npuscribe::plot
