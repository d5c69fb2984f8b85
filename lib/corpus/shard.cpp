#include "corpus/shard.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace npuscribe::corpus {
namespace {

constexpr size_t kMostShards = 1'000'000;

std::optional<size_t> whole_number(std::string_view text) {
    size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// In milliseconds, because sums of whole numbers are the same on every machine.
std::vector<int64_t> weights(const std::vector<std::optional<double>>& durations) {
    int64_t sum = 0;
    int64_t known = 0;
    std::vector<int64_t> out(durations.size(), -1);
    for (size_t i = 0; i < durations.size(); ++i) {
        if (!durations[i]) continue;
        out[i] = std::llround(1000 * *durations[i]);
        sum += out[i];
        ++known;
    }
    if (known == 0) return {};
    for (int64_t& weight : out) weight = weight < 0 ? sum / known : weight;
    return out;
}

}  // namespace

std::optional<Shard> parse_shard(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto index = whole_number(text.substr(0, slash));
    const auto count = whole_number(text.substr(slash + 1));
    if (!index || !count || *count > kMostShards || *index >= *count) return std::nullopt;
    return Shard{*index, *count};
}

std::vector<size_t> members(const std::vector<std::optional<double>>& durations, Shard shard) {
    std::vector<size_t> out;
    const std::vector<int64_t> weight = weights(durations);
    if (weight.empty()) {
        for (size_t i = shard.index; i < durations.size(); i += shard.count) out.push_back(i);
        return out;
    }
    std::vector<size_t> order(durations.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weight[a] > weight[b]; });
    using Load = std::pair<int64_t, size_t>;  // milliseconds, shard
    std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
    for (size_t i = 0; i < shard.count; ++i) loads.emplace(0, i);
    for (const size_t entry : order) {
        const auto [load, index] = loads.top();
        loads.pop();
        loads.emplace(load + weight[entry], index);
        if (index == shard.index) out.push_back(entry);
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace npuscribe::corpus
