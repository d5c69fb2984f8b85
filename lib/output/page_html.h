#pragma once
// The templates of the pages, built into the program: HTML with {{names}} to be replaced (markup.h: filled).

#include <string_view>

namespace npuscribe::output {

/// page.html: the format `html`.
std::string_view page_html();
/// report_page.html: a run's report.
std::string_view report_page_html();

}  // namespace npuscribe::output
