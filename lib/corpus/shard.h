#pragma once
// Which part of a list one of several tasks works on.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace npuscribe::corpus {

struct Shard {
    size_t index = 0;  // from 0 to count - 1
    size_t count = 1;
};

/// "3/10" as a shard; nothing if `text` is not I/N with whole numbers, I < N and N from 1 to 1,000,000.
std::optional<Shard> parse_shard(std::string_view text);

/// The entries of a list, by number and in order, that belong to `shard`. `durations` has the seconds of each
/// entry, or nothing for one whose length is not known. If any is known, shards are balanced: the longest
/// entries are dealt first, each to the shard with the least so far (Graham 1969, "longest processing time
/// first"), and an entry of unknown length counts as the mean of the others. Else entries are dealt in turn.
/// Every entry is in exactly one of the shards. The result depends on the arguments alone.
std::vector<size_t> members(const std::vector<std::optional<double>>& durations, Shard shard);

}  // namespace npuscribe::corpus
