#include "corpus/json_line.h"

#include <cstddef>

namespace npuscribe::corpus {

bool nests_too_deep(std::string_view line) {
    constexpr size_t kDeepest = 100;
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kDeepest) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace npuscribe::corpus
