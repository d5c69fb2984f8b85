#include "plot/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "plot/axis.h"

namespace npuscribe::plot {
namespace {

constexpr double kRight = 24;

std::string seconds_text(const Stretch& stretch, const std::string& stage) {
    return fmt::format("{}: {:.3f} s, from {:.3f} s to {:.3f} s", stage, stretch.end - stretch.begin,
                       stretch.begin, stretch.end);
}

}  // namespace

Canvas timeline(const std::string& title, double seconds, const std::vector<std::string>& stages,
                const std::vector<Lane>& lanes, double width) {
    constexpr double kLine = 18, kSquare = 10, kBetween = 20;
    const double names = std::min(190.0, width * 0.36);
    const std::vector<std::string> heading = wrapped(title, width - 32);
    // Where each stage's name goes: as many on a line as fit.
    std::vector<Point> places;
    Point at{width < 2 * kNarrow ? 16 : names, 20 + kLine * static_cast<double>(heading.size())};
    const double left = at.x;
    for (const std::string& stage : stages) {
        const double wide = kSquare + 5 + text_width(stage);
        if (at.x > left && at.x + wide > width) at = {left, at.y + kLine};
        places.push_back(at);
        at.x += wide + kBetween;
    }
    const double top = at.y + 28;
    const double row = lanes.size() > 60 ? 9 : 18;
    const double bottom = top + row * static_cast<double>(lanes.size());
    Canvas canvas(width, bottom + 48, title);
    for (size_t i = 0; i < heading.size(); ++i)
        canvas.text({16, 24 + kLine * static_cast<double>(i)}, heading[i], Anchor::start, "title");
    for (size_t i = 0; i < stages.size(); ++i) {
        canvas.rect(places[i].x, places[i].y, kSquare, kSquare, fmt::format("c{}", i % kColours));
        canvas.text({places[i].x + kSquare + 5, places[i].y + kSquare}, stages[i]);
    }
    const Axis axis{"seconds since the start", 0, seconds, false};
    const double room = width - names - kRight;
    for (const Tick& tick : ticks(axis, room > 400 ? 10 : 3)) {
        const double x = names + room * axis.place(tick.value);
        canvas.line({x, top - 4}, {x, bottom}, "grid");
        canvas.text({x, bottom + 16}, tick.label, Anchor::middle);
    }
    canvas.text({names + room / 2, bottom + 36}, axis.label, Anchor::middle, "soft");
    for (size_t i = 0; i < lanes.size(); ++i) {
        const Lane& lane = lanes[i];
        const double y = top + row * static_cast<double>(i);
        // In narrow rows, only every other name has room.
        if (row > kTextHeight || i % 2 == 0)
            canvas.text({names - 8, y + row / 2 + 4}, shortened(lane.name, names - 20), Anchor::end);
        for (const Stretch& stretch : lane.stretches) {
            const double x = names + room * axis.place(stretch.begin);
            const double length = room * (stretch.end - stretch.begin) / seconds;
            canvas.rect(x, y + 1, std::max(0.75, length), row - 3,
                        fmt::format("c{}", stretch.stage % kColours),
                        lane.tip + ", " + seconds_text(stretch, stages[stretch.stage]));
        }
    }
    canvas.line({names, top - 4}, {names, bottom}, "axis");
    return canvas;
}

Canvas course(const std::string& title, double seconds, const std::string& label,
              const std::vector<Point>& points, double width) {
    double largest = 0;
    for (const Point& point : points) largest = std::max(largest, point.y);
    Canvas canvas(width, 260, title);
    const Frame frame(canvas, title, {"seconds since the start", 0, seconds, false},
                      from_zero(label, largest));
    std::vector<Point> line;
    for (const Point& point : points) line.push_back(frame.at(point.x, point.y));
    canvas.path(line, "c0");
    return canvas;
}

}  // namespace npuscribe::plot
