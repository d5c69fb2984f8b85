#pragma once
// lib/output/page.html, as the build found it.

#include <string_view>

namespace npuscribe::output {

/// The page of the format `html`, with {{names}} where text goes.
std::string_view page_html();

}  // namespace npuscribe::output
