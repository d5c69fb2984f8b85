#pragma once
// How long an encoder's layers take if two windows are encoded together: the array works for one of them
// while the CPU works for the other. The steps are those of encoder/pair_order.h, in its order.

#include <cstddef>
#include <span>

#include "bench/host_share.h"

namespace npuscribe::bench {

/// Seconds from the start of a pair until its windows are done.
struct PairSeconds {
    double one = 0;   // until the first of them is done
    double both = 0;  // until both are
    double each() const { return both / 2; }
};

/// Two windows of the same length. `host`: the CPU's steps in a layer. `submissions`: the seconds that the
/// array takes for each of a layer's three, dispatch included (ArrayProjection). The array does what is
/// submitted in order. The CPU does one step at a time, and waits where the step needs a result that is not
/// there yet; it is free while the array works, dispatch included.
PairSeconds project_pair(const HostLayer& host, std::span<const double> submissions, size_t layers);

}  // namespace npuscribe::bench
