#pragma once
// A drawing in SVG 1.1: shapes and text with classes. One style sheet colours them, in light and in dark
// mode.

#include <string>
#include <string_view>
#include <vector>

namespace npuscribe::plot {

struct Point {
    double x = 0, y = 0;  // pixels, from the upper left corner
};

inline constexpr size_t kColours = 7;      // classes c0 … c6, in the order in which series take them
inline constexpr double kTextHeight = 12;  // pixels
inline constexpr double kNarrow = 350;     // pixels: the width of a chart for a telephone
/// An estimate of a text's width in pixels, without looking at fonts.
double text_width(std::string_view text);
/// The text, shortened to fit `width` with an ellipsis in front: the ends of file names tell them apart.
std::string shortened(const std::string& text, double width);

/// The text in lines that fit `width`, cut between words: at least one line.
std::vector<std::string> wrapped(std::string_view text, double width);

enum class Anchor { start, middle, end };

class Canvas {
  public:
    /// `title`, any bytes, is read out by screen readers.
    Canvas(double width, double height, std::string_view title);

    /// `tip` is shown under the pointer, if it is not empty.
    void rect(double x, double y, double width, double height, std::string_view classes,
              std::string_view tip = {});
    void line(Point from, Point to, std::string_view classes);
    void path(const std::vector<Point>& points, std::string_view classes);
    void dot(Point at, std::string_view classes, std::string_view tip = {});
    void text(Point at, std::string_view text, Anchor anchor = Anchor::start, std::string_view classes = {});
    /// Text that runs upwards, centred at `at`.
    void upright_text(Point at, std::string_view text);

    double width() const { return width_; }
    double height() const { return height_; }
    /// An <svg> element for a page that includes `style()`.
    std::string element(double y = 0) const;

  private:
    double width_, height_;
    std::string title_;
    std::string shapes_;
};

/// CSS for the classes that the charts use.
std::string_view style();

/// A complete SVG file, with the canvases one below the other.
std::string document(const std::vector<Canvas>& canvases);

}  // namespace npuscribe::plot
