// The expected times are counted by hand from the order in encoder/pair_order.h.
#include "bench/pair_projection.h"

#include <array>

#include "catch.h"

using namespace npuscribe;
using namespace npuscribe::bench;
using test::Approx;

namespace {

using Submissions = std::array<double, 3>;

/// Steps that take so many units each.
HostLayer host(double take_inputs, double take_result, double prepare_normed, double prepare,
               std::array<double, kAttentionPieces> attention) {
    return {take_inputs, take_result, prepare_normed, prepare, attention};
}

double of_one_window(const HostLayer& h) {
    double all = h.take_inputs + 2 * h.take_result + 2 * h.prepare_normed + h.prepare;
    for (const double piece : h.attention) all += piece;
    return all;
}

}  // namespace

TEST_CASE("pairs: if the array takes no time, two windows take the CPU's time twice", "[bench]") {
    const HostLayer h = host(1, 2, 4, 8, {16, 32, 64});
    const PairSeconds pair = project_pair(h, Submissions{}, 6);
    CHECK(pair.both == Approx(2 * 6 * of_one_window(h)));
    CHECK(pair.one < pair.both);
}

TEST_CASE("pairs: if the CPU takes no time, the array does both windows' work", "[bench]") {
    const PairSeconds pair = project_pair({}, Submissions{1, 2, 4}, 6);
    CHECK(pair.both == Approx(2 * 6 * 7));
}

TEST_CASE("pairs: the array's work is hidden behind attention if its pieces take longer", "[bench]") {
    // One layer, no host work but attention, 10 a piece; the array takes 3, 2 and 4. The first window waits
    // for its Q, K and V (3), the second has them done beside the first's last piece. The first's output
    // projection runs beside the second's first piece, its MLP beside the second. The second's last
    // projection and MLP have nothing beside them.
    const PairSeconds pair = project_pair(host(0, 0, 0, 0, {10, 10, 10}), Submissions{3, 2, 4}, 1);
    CHECK(pair.both == Approx(3 + 60 + 2 + 4));
    CHECK(pair.one == Approx(3 + 30 + 10 + 10));
    // With more layers, only these ends are seen.
    const PairSeconds six = project_pair(host(0, 0, 0, 0, {10, 10, 10}), Submissions{3, 2, 4}, 6);
    CHECK(six.both == Approx(3 + 6 * 60 + 2 + 4));
}

TEST_CASE("pairs: two windows take no longer than one after the other, and no less than either part",
          "[bench]") {
    for (const double array : {0.01, 0.1, 0.3, 1.0, 3.0}) {
        const HostLayer h = host(0.05, 0.04, 0.06, 0.03, {0.5, 0.5, 0.4});
        const Submissions submissions = {array, array / 2, 2 * array};
        const double cpu = 6 * of_one_window(h), all_array = 6 * 3.5 * array;
        const PairSeconds pair = project_pair(h, submissions, 6);
        CHECK(pair.each() < cpu + all_array);
        CHECK(pair.each() > cpu);
        CHECK(pair.each() > all_array);
        CHECK(pair.one < pair.both);
    }
}
