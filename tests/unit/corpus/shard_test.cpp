#include "corpus/shard.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "catch.h"

namespace npuscribe::corpus {
namespace {

using Durations = std::vector<std::optional<double>>;

double sum_of(const Durations& durations, const std::vector<size_t>& shard) {
    double sum = 0;
    for (const size_t entry : shard) sum += durations[entry].value_or(0);
    return sum;
}

}  // namespace

TEST_CASE("a shard is I/N with I from 0 to N - 1") {
    const auto shard = parse_shard("3/10");
    REQUIRE(shard);
    CHECK(shard->index == 3);
    CHECK(shard->count == 10);
    CHECK(parse_shard("0/1"));
    for (const char* text : {"", "3", "/", "3/", "/3", "3/3", "10/3", "-1/3", "0/0", "1.5/3", "1/3x", " 1/3",
                             "0/1000001", "0/99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_shard(text));
    }
}

TEST_CASE("without durations, entries are dealt in turn") {
    const Durations durations(7);
    CHECK(members(durations, {0, 3}) == std::vector<size_t>{0, 3, 6});
    CHECK(members(durations, {1, 3}) == std::vector<size_t>{1, 4});
    CHECK(members(durations, {2, 3}) == std::vector<size_t>{2, 5});
    CHECK(members(durations, {8, 9}).empty());
}

TEST_CASE("with durations, shards are balanced, and each entry is in one of them") {
    std::mt19937 random(1);
    std::lognormal_distribution<double> length(5, 1.5);
    Durations durations(5000);
    for (auto& duration : durations) duration = length(random);
    constexpr size_t kShards = 40;
    std::vector<size_t> seen;
    std::vector<double> sums;
    for (size_t i = 0; i < kShards; ++i) {
        const auto shard = members(durations, {i, kShards});
        CHECK(std::is_sorted(shard.begin(), shard.end()));
        seen.insert(seen.end(), shard.begin(), shard.end());
        sums.push_back(sum_of(durations, shard));
    }
    std::sort(seen.begin(), seen.end());
    std::vector<size_t> all(durations.size());
    std::iota(all.begin(), all.end(), size_t{0});
    CHECK(seen == all);
    const double mean = std::accumulate(sums.begin(), sums.end(), 0.0) / kShards;
    CHECK(*std::max_element(sums.begin(), sums.end()) < 1.01 * mean);
}

TEST_CASE("the longest entries are dealt first, each to the shard with the least") {
    // 7 to shard 0, 6 to 1, 5 to 1 (6 < 7), 4 to 0 (7 < 11), 3 to 0 (11 = 11, the first).
    const Durations durations = {3, 4, 5, 6, 7};
    CHECK(members(durations, {0, 2}) == std::vector<size_t>{0, 1, 4});
    CHECK(members(durations, {1, 2}) == std::vector<size_t>{2, 3});
}

TEST_CASE("an entry of unknown length counts as the mean of the others") {
    // 10, mean 6, 2: the unknown one goes to the second shard, and the short one after it.
    const Durations durations = {10, std::nullopt, 2};
    CHECK(members(durations, {0, 2}) == std::vector<size_t>{0});
    CHECK(members(durations, {1, 2}) == std::vector<size_t>{1, 2});
}

}  // namespace npuscribe::corpus
