#pragma once
// Results as text for people and as JSON for programs. Every number is followed by where it comes from:
// measured, modelled, the study's, or computed.

#include <string>
#include <vector>

#include "bench/result.h"

namespace npuscribe::bench {

inline constexpr int kSchemaVersion = 1;  // raised when a field goes or changes its meaning

/// Setup, quantities, tables, criteria with pass or FAIL, notes.
std::string text(const Result& result);

/// {"schema": "npuscribe.bench", "schema_version", "version", "name", "setup", "quantities", "tables",
/// "samples", "criteria", "notes", "all_met"}. What was not measured is null. `version` is npuscribe's.
std::string json(const Result& result, const std::string& version);

/// About four significant digits, never in exponent form: "13902", "0.1139", "15.30"; whole numbers as they
/// are: "15".
std::string number_text(double value);

/// `text` cut into lines of at most `width` columns, each after the first indented by `indent`.
std::string wrapped(const std::string& text, size_t width, size_t indent);

}  // namespace npuscribe::bench
