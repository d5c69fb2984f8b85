#include "bench_output.h"

#include <cstdio>

#include "base/error.h"
#include "bench/render.h"
#include "output/atomic_file.h"
#include "version.h"

namespace npuscribe::app {
namespace {

void print(const std::string& out) {
    const bool written = std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
    if (!written || std::fflush(stdout) != 0) throw OutputError("standard output cannot be written");
}

}  // namespace

void show(const std::vector<bench::Result>& results, const std::string& json) {
    const std::string as_json = json.empty() ? "" : bench::json(results.front(), version());
    if (json == "-") {
        print(as_json);
        return;
    }
    std::string text;
    for (const bench::Result& result : results) {
        if (!text.empty()) text += '\n';
        text += bench::text(result);
    }
    print(text);
    if (!json.empty()) output::write_file(json, as_json);
}

}  // namespace npuscribe::app
