#include "plot/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace npuscribe::plot {
namespace {

constexpr double kNoise = 1e-9;      // rounding errors, relative to a step
constexpr double kMostTicks = 1000;  // more cannot be meant
constexpr double kTickPixels = 70, kTickPixelsUp = 40;

// With enough decimals to tell the steps apart.
std::string label(double value, double step) {
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - kNoise)), 0, 9);
    return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
}

double round_step(double range, size_t wanted) {
    const double least = range / static_cast<double>(std::max<size_t>(1, wanted));
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double times : {1.0, 2.0, 5.0}) {
        if (power * times >= least * (1 - kNoise)) return power * times;
    }
    return power * 10;
}

std::vector<Tick> logarithmic_ticks(const Axis& axis) {
    if (!(axis.low > 0) || !std::isfinite(axis.high)) return {};
    const double decades = std::log10(axis.high / axis.low);
    std::vector<Tick> out;
    for (double power = std::floor(std::log10(axis.low)); power <= std::log10(axis.high); ++power) {
        for (const double times : {1.0, 2.0, 5.0}) {
            const double value = times * std::pow(10, power);
            if (times > 1 && decades >= 3) continue;
            if (value < axis.low * (1 - kNoise) || value > axis.high * (1 + kNoise)) continue;
            out.push_back({value, label(value, std::min(1.0, std::pow(10, power)))});
        }
    }
    return out;
}

}  // namespace

double Axis::place(double value) const {
    if (!logarithmic) return (value - low) / (high - low);
    return std::log(value / low) / std::log(high / low);
}

std::vector<Tick> ticks(const Axis& axis, size_t wanted) {
    if (axis.logarithmic) return logarithmic_ticks(axis);
    const double step = round_step(axis.high - axis.low, wanted);
    const double first = std::ceil(axis.low / step - kNoise);
    const double last = std::floor(axis.high / step + kNoise);
    std::vector<Tick> out;
    if (!(last - first < kMostTicks)) return out;  // the range is not a number, or too narrow for its values
    for (int i = 0; i <= static_cast<int>(last - first); ++i)
        out.push_back({(first + i) * step, label((first + i) * step, step)});
    return out;
}

Axis from_zero(std::string label, double largest) {
    constexpr size_t kSteps = 5;
    if (!(largest > 0) || !std::isfinite(largest)) largest = 1;
    const double step = round_step(largest, kSteps);
    return {std::move(label), 0, std::ceil(largest / step - kNoise) * step, false};
}

Frame::Frame(Canvas& canvas, const std::string& title, Axis x, Axis y, double below)
    : x_(std::move(x)),
      y_(std::move(y)),
      left_(70),
      right_(canvas.width() - 24),
      top_(48),
      bottom_(canvas.height() - 48 - below) {
    canvas.text({16, 24}, title, Anchor::start, "title");
    for (const Tick& tick : ticks(y_, static_cast<size_t>((bottom_ - top_) / kTickPixelsUp))) {
        const double at = this->y(tick.value);
        canvas.line({left_, at}, {right_, at}, "grid");
        canvas.text({left_ - 8, at + 4}, tick.label, Anchor::end);
    }
    for (const Tick& tick : ticks(x_, static_cast<size_t>((right_ - left_) / kTickPixels))) {
        const double at = this->x(tick.value);
        canvas.line({at, bottom_}, {at, bottom_ + 5}, "axis");
        canvas.text({at, bottom_ + 19}, tick.label, Anchor::middle);
    }
    canvas.line({left_, bottom_}, {right_, bottom_}, "axis");
    canvas.line({left_, top_}, {left_, bottom_}, "axis");
    canvas.text({(left_ + right_) / 2, bottom_ + 38}, x_.label, Anchor::middle, "soft");
    canvas.upright_text({18, (top_ + bottom_) / 2}, y_.label);
}

}  // namespace npuscribe::plot
