#pragma once
// Where the results of `bench` and `project` go.

#include <string>
#include <vector>

#include "bench/result.h"

namespace npuscribe::app {

/// As text on stdout, and as JSON in the file `json`; only as JSON on stdout if that is "-". An empty
/// `json`: no JSON. The JSON is the first result's; others are for people. Throws OutputError.
void show(const std::vector<bench::Result>& results, const std::string& json);

}  // namespace npuscribe::app
