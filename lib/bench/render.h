#pragma once
// Results as text for people and as JSON for programs. Every number comes with its origin: measured,
// modelled, stated by the study, or computed.

#include <string>
#include <vector>

#include "bench/result.h"

namespace npuscribe::bench {

inline constexpr int kSchemaVersion = 1;  // goes up when a field is removed or changes its meaning

/// Setup, quantities, tables, criteria with pass or FAIL, notes.
std::string text(const Result& result);

/// {"schema": "npuscribe.bench", "schema_version", "version", "name", "setup", "quantities", "tables",
/// "samples", "criteria", "notes", "all_met"}. A value that was not measured is null. `version` is
/// npuscribe's.
std::string json(const Result& result, const std::string& version);

/// About four significant digits, never in exponent form: "13902", "0.1139", "15.30". Whole numbers stay
/// whole: "15".
std::string number_text(double value);

/// `text` wrapped to lines of at most `width` columns. All lines but the first are indented by `indent`.
std::string wrapped(const std::string& text, size_t width, size_t indent);

}  // namespace npuscribe::bench
