#pragma once
// Maps values to pixels, and chooses the round numbers beside an axis.

#include <string>
#include <vector>

#include "plot/canvas.h"

namespace npuscribe::plot {

struct Tick {
    double value = 0;
    std::string label;
};

struct Axis {
    std::string label;  // with the unit
    double low = 0;
    double high = 1;           // > low; both > 0 if logarithmic
    bool logarithmic = false;  // to base 10

    /// 0 at `low`, 1 at `high`.
    double place(double value) const;
};

/// The multiples of 1, 2 or 5 times a power of ten within [low, high]: about `wanted` of them, and at least
/// two if there is room. On a logarithmic axis, the powers of ten, and twice and five times these if the axis
/// has less than three decades. None if the range is not finite, or not above 0 on a logarithmic axis.
std::vector<Tick> ticks(const Axis& axis, size_t wanted);

/// An axis from 0 to a round number that is at least `largest`.
Axis from_zero(std::string label, double largest);

/// Draws the grid, the ticks and the labels of a chart with two axes of numbers. The chart draws the rest.
class Frame {
  public:
    /// `below`: pixels left free under the frame.
    Frame(Canvas& canvas, const std::string& title, Axis x, Axis y, double below = 0);
    double x(double value) const { return left_ + x_.place(value) * (right_ - left_); }
    double y(double value) const { return bottom_ - y_.place(value) * (bottom_ - top_); }
    Point at(double x_value, double y_value) const { return {x(x_value), y(y_value)}; }
    double left() const { return left_; }
    double right() const { return right_; }
    double top() const { return top_; }
    double bottom() const { return bottom_; }

  private:
    Axis x_, y_;
    double left_, right_, top_, bottom_;
};

}  // namespace npuscribe::plot
