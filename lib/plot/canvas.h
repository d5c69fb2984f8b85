#pragma once
// A drawing in SVG 1.1: shapes and text with classes, coloured by one style sheet for light and dark.

#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::plot {

struct Point {
    double x = 0, y = 0;  // pixels, from the upper left corner
};

inline constexpr size_t kColours = 7;      // classes c0 … c6, in the order in which series take them
inline constexpr double kTextHeight = 12;  // pixels
/// About how wide a text is, in pixels: no fonts are looked at.
double text_width(std::string_view text);
/// The text, cut to what fits with an ellipsis at its beginning: the ends of file names tell them apart.
std::string shortened(const std::string& text, double width);

enum class Anchor { start, middle, end };

class Canvas {
  public:
    /// `title` is what a screen reader says of it; any bytes.
    Canvas(double width, double height, std::string_view title);

    /// `tip`, where not empty, is shown under the pointer.
    void rect(double x, double y, double width, double height, std::string_view classes,
              std::string_view tip = {});
    void line(Point from, Point to, std::string_view classes);
    void path(const std::vector<Point>& points, std::string_view classes);
    void dot(Point at, std::string_view classes, std::string_view tip = {});
    void text(Point at, std::string_view text, Anchor anchor = Anchor::start, std::string_view classes = {});
    /// Read from below, around its middle.
    void upright_text(Point at, std::string_view text);

    double width() const { return width_; }
    double height() const { return height_; }
    /// An <svg> element, to stand in a page that has `style()`.
    std::string element(double y = 0) const;

  private:
    double width_, height_;
    std::string title_;
    std::string shapes_;
};

/// CSS for the classes that the charts use.
std::string_view style();

/// A file of its own: the canvases below each other.
std::string document(const std::vector<Canvas>& canvases);

}  // namespace npuscribe::plot
