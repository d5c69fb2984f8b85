#include "spelling.h"

#include <algorithm>
#include <utility>

namespace npuscribe::app {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before;  // row i − 2
    std::vector<size_t> last(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        std::vector<size_t> row(b.size() + 1);
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::exchange(last, std::move(row));
    }
    return last[b.size()];
}

std::vector<std::string> nearest(std::string_view typed, std::span<const std::string> known) {
    std::vector<std::pair<size_t, std::string>> found;
    for (const std::string& name : known) {
        // One slip in four letters, two in eight; or the beginning of a name.
        const size_t slips = std::max<size_t>(1, typed.size() / 4);
        const bool beginning = typed.size() >= 3 && name.starts_with(typed);
        const size_t longer = std::max(typed.size(), name.size()) - std::min(typed.size(), name.size());
        if (longer > slips && !beginning) continue;  // without looking at each letter of a whole line
        const size_t distance = edit_distance(typed, name);
        if (distance <= slips || beginning) found.emplace_back(distance, name);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> out;
    for (auto& [distance, name] : found) {
        // A near miss is one thing that was meant; beginnings may be several.
        if (out.size() == 3 || (!out.empty() && found.front().first <= 2 && distance > 2)) break;
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace npuscribe::app
