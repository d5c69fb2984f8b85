#include "plot/canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/utf8.h"
#include "base/xml.h"

namespace npuscribe::plot {
namespace {

constexpr double kCharacterWidth = 0.58 * kTextHeight;  // the average in a sans-serif font

std::string number(double value) {
    std::string text = fmt::format("{:.2f}", std::isfinite(value) ? value : 0.0);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

std::string attribute(const char* name, double value) {
    return fmt::format(R"( {}="{}")", name, number(value));
}

std::string class_of(std::string_view classes) {
    return classes.empty() ? "" : fmt::format(R"( class="{}")", xml::escaped(classes));
}

std::string closed(const char* element, std::string_view tip) {
    if (tip.empty()) return "/>\n";
    return fmt::format("><title>{}</title></{}>\n", xml::escaped(tip), element);
}

const char* name(Anchor anchor) {
    switch (anchor) {
        case Anchor::middle:
            return "middle";
        case Anchor::end:
            return "end";
        case Anchor::start:
            break;
    }
    return "start";
}

size_t characters(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

double text_width(std::string_view text) {
    return kCharacterWidth * static_cast<double>(characters(text));
}

std::string shortened(const std::string& text, double width) {
    std::string rest = utf8::repair(text);
    const auto room = static_cast<size_t>(std::max(1.0, width / kCharacterWidth));
    size_t count = characters(rest);
    if (count <= room) return rest;
    size_t from = 0;
    for (; count >= room && from < rest.size(); --count)
        from += utf8::first(std::string_view(rest).substr(from)).size;
    return "…" + rest.substr(from);
}

std::vector<std::string> wrapped(std::string_view text, double width) {
    std::vector<std::string> lines;
    for (const std::string_view word : split(text, ' ')) {
        if (lines.empty() || text_width(lines.back()) + text_width(word) + kCharacterWidth > width) {
            lines.emplace_back(word);
        } else {
            lines.back() += fmt::format(" {}", word);
        }
    }
    if (lines.empty()) lines.emplace_back();
    return lines;
}

Canvas::Canvas(double width, double height, std::string_view title)
    : width_(width), height_(height), title_(title) {}

void Canvas::rect(double x, double y, double width, double height, std::string_view classes,
                  std::string_view tip) {
    shapes_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", std::max(0.0, width)) +
               attribute("height", std::max(0.0, height)) + class_of(classes) + closed("rect", tip);
}

void Canvas::line(Point from, Point to, std::string_view classes) {
    shapes_ += "<line" + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) +
               attribute("y2", to.y) + class_of(classes) + "/>\n";
}

void Canvas::path(const std::vector<Point>& points, std::string_view classes) {
    shapes_ += "<polyline points=\"";
    for (size_t i = 0; i < points.size(); ++i)
        shapes_ += fmt::format("{}{},{}", i == 0 ? "" : " ", number(points[i].x), number(points[i].y));
    shapes_ += "\"" + class_of(classes) + "/>\n";
}

void Canvas::dot(Point at, std::string_view classes, std::string_view tip) {
    shapes_ += "<circle" + attribute("cx", at.x) + attribute("cy", at.y) + " r=\"4\"" + class_of(classes) +
               closed("circle", tip);
}

void Canvas::text(Point at, std::string_view text, Anchor anchor, std::string_view classes) {
    shapes_ += fmt::format("<text{}{} text-anchor=\"{}\"{}>{}</text>\n", attribute("x", at.x),
                           attribute("y", at.y), name(anchor), class_of(classes), xml::escaped(text));
}

void Canvas::upright_text(Point at, std::string_view text) {
    shapes_ +=
        fmt::format("<text text-anchor=\"middle\" transform=\"translate({},{}) rotate(-90)\">{}</text>\n",
                    number(at.x), number(at.y), xml::escaped(text));
}

std::string Canvas::element(double y) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\"{}{}{} viewBox=\"0 0 {} {}\">\n"
        "<title>{}</title>\n{}</svg>\n",
        attribute("y", y), attribute("width", width_), attribute("height", height_), number(width_),
        number(height_), xml::escaped(title_), shapes_);
}

std::string_view style() {
    return R"(.plot { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.plot text { fill: #1c1d21; }
.plot .title { font-size: 15px; font-weight: 600; }
.plot .soft { fill: #5d616b; }
.plot .axis { stroke: #5d616b; fill: none; }
.plot .grid { stroke: #dedfe3; }
.plot .mark { stroke: #1c1d21; stroke-dasharray: 4 3; }
.plot .back { fill: #fff; }
.plot polyline { fill: none; stroke-width: 2; }
.plot .c0 { fill: #4477aa; } .plot .c1 { fill: #ee6677; } .plot .c2 { fill: #228833; } .plot .c3 { fill: #ccbb44; }
.plot .c4 { fill: #66ccee; } .plot .c5 { fill: #aa3377; } .plot .c6 { fill: #a0a4ae; }
.plot polyline.c0 { fill: none; stroke: #4477aa; } .plot polyline.c1 { fill: none; stroke: #ee6677; }
.plot polyline.c2 { fill: none; stroke: #228833; } .plot polyline.c3 { fill: none; stroke: #ccbb44; }
@media (prefers-color-scheme: dark) {
.plot text { fill: #e6e6e9; }
.plot .soft { fill: #a0a4ae; }
.plot .axis { stroke: #a0a4ae; }
.plot .grid { stroke: #34363d; }
.plot .mark { stroke: #e6e6e9; }
.plot .back { fill: #16171b; }
}
)";
}

std::string document(const std::vector<Canvas>& canvases) {
    double width = 0, height = 0;
    std::string elements;
    for (const Canvas& canvas : canvases) {
        elements += canvas.element(height);
        width = std::max(width, canvas.width());
        height += canvas.height();
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"{}{} "
        "class=\"plot\">\n"
        "<style>\n{}</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
        attribute("width", width), attribute("height", height), style(), elements);
}

}  // namespace npuscribe::plot
