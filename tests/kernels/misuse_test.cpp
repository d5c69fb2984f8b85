// The host's AIE API refuses what the array answers with wrong values. Right uses give the blocks that they
// should.
#define NPUSCRIBE_HOST_ABI host_test
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <utility>

#include "catch.h"
#include "host/aie_api/aie.hpp"
#include "operands.h"

using namespace npuscribe;

namespace {

using Stream = aie::block_vector_input_buffer_stream<bfp16ebs8, 64>;

/// Block i has the mantissa i, and an exponent that makes it the value i.
struct Blocks {
    static constexpr int kCount = 64;
    test::Tile<uint8_t> bytes = test::Tile<uint8_t>(72 * kCount);

    Blocks() {
        for (size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<uint8_t>(i % 9 == 0 ? 127 + 6 : i / 72);
        }
    }
    const bfp16ebs8* at(size_t byte = 0) const {
        return reinterpret_cast<const bfp16ebs8*>(bytes.data() + byte);
    }
};

int number(const Stream::vector_type& block) {
    return static_cast<int>(block.mantissas[0][0] * block.units[0]);
}

enum Move { pop, pop_seek, seek };

/// What a stream reads with these moves from its beginning.
std::vector<int> blocks_read(std::initializer_list<std::pair<Move, int>> moves) {
    const Blocks blocks;
    Stream stream(blocks.at());
    std::vector<int> read;
    for (const auto& [move, by] : moves) {
        if (move == seek) stream.seek(by);
        if (move == pop) read.push_back(number(stream.pop()));
        if (move == pop_seek) read.push_back(number(stream.pop_seek(by)));
    }
    return read;
}

}  // namespace

TEST_CASE("a stream reads the blocks that its moves lead to") {
    using Numbers = std::vector<int>;
    CHECK(blocks_read({{pop, 0}, {pop, 0}, {pop, 0}}) == Numbers{0, 1, 2});
    CHECK(blocks_read({{seek, 9}, {pop, 0}, {seek, 3}, {pop, 0}}) == Numbers{9, 13});
    // Two rows of eight blocks, two blocks of each in turn.
    CHECK(
        blocks_read({{pop, 0}, {pop_seek, 6}, {pop, 0}, {pop_seek, -8}, {pop, 0}, {pop_seek, 6}, {pop, 0}}) ==
        Numbers{0, 1, 8, 9, 2, 3, 10});
    // Odd jumps are right where no plain pop goes before.
    CHECK(blocks_read({{pop_seek, 4}, {pop_seek, -5}, {pop_seek, 4}, {pop, 0}}) == Numbers{0, 5, 1, 6});
    CHECK(blocks_read({{pop, 0}, {seek, 0}, {pop_seek, 1}, {pop, 0}}) == Numbers{0, 1, 3});
}

TEST_CASE("a jump that reads wrong blocks on the array is an error") {
    CHECK_THROWS_AS(blocks_read({{pop, 0}, {pop_seek, 1}}), std::logic_error);
    CHECK_THROWS_AS(blocks_read({{pop, 0}, {pop_seek, -7}}), std::logic_error);
    CHECK_THROWS_AS(blocks_read({{seek, 7}, {pop, 0}, {pop_seek, 2}}), std::logic_error);
    CHECK_THROWS_AS(blocks_read({{seek, 15}, {pop, 0}, {pop_seek, 2}}), std::logic_error);
    CHECK_NOTHROW(blocks_read({{seek, 6}, {pop, 0}, {pop_seek, 2}}));
    CHECK_NOTHROW(blocks_read({{seek, 7}, {pop_seek, 2}, {pop, 0}, {pop_seek, 2}}));
}

TEST_CASE("a core has two load FIFOs: a third stream is an error, one after another is not") {
    const Blocks blocks;
    Stream a(blocks.at());
    {
        const Stream b(blocks.at());
        CHECK_THROWS_AS(Stream(blocks.at()), std::logic_error);
        CHECK_THROWS_AS(Stream(blocks.at()), std::logic_error);  // the one that failed holds nothing
    }
    const Stream b(blocks.at());
    CHECK(number(a.pop()) == 0);
}

TEST_CASE("an address that is not aligned is an error") {
    Blocks blocks;
    for (const size_t byte : {1, 8, 32, 72}) {
        CHECK_THROWS_AS(Stream(blocks.at(byte)), std::logic_error);
    }
    CHECK_NOTHROW(Stream(blocks.at(64)));
    auto* floats = reinterpret_cast<float*>(blocks.bytes.data());
    CHECK_NOTHROW(aie::load_v<8>(floats + 8));
    CHECK_THROWS_AS(aie::load_v<8>(floats + 4), std::logic_error);
    CHECK_THROWS_AS(aie::load_v<64>(floats + 8), std::logic_error);
    CHECK_NOTHROW(aie::store_v(floats + 16, aie::zeros<float, 64>()));
    CHECK_THROWS_AS(aie::store_v(floats + 8, aie::zeros<float, 64>()), std::logic_error);
}

TEST_CASE("a kernel whose operands are not aligned is an error") {
    for (const auto& kernel : kernels::host_kernels()) {
        if (!test::runs_here(kernel)) continue;
        test::Tile<uint8_t> a(kernel.m * kernel.k * 2), b(kernel.n * kernel.k * 2);
        test::Tile<uint8_t> c(kernel.m * kernel.n * 4 + 64);
        const auto multiply = [&](size_t a_at, size_t b_at, size_t c_at) {
            if (kernel.bfp16.multiply != nullptr) {
                kernel.bfp16.multiply(a.data() + a_at, b.data() + b_at,
                                      reinterpret_cast<float*>(c.data() + c_at));
            } else {
                kernel.int8.multiply(reinterpret_cast<const int8_t*>(a.data() + a_at),
                                     reinterpret_cast<const int8_t*>(b.data() + b_at),
                                     reinterpret_cast<int32_t*>(c.data() + c_at));
            }
        };
        CHECK_NOTHROW(multiply(0, 0, 0));
        CHECK_NOTHROW(multiply(64, 64, 64));
        CHECK_THROWS_AS(multiply(32, 0, 0), std::logic_error);
        CHECK_THROWS_AS(multiply(0, 32, 0), std::logic_error);
        CHECK_THROWS_AS(multiply(0, 0, 32), std::logic_error);
        CHECK_NOTHROW(multiply(0, 0, 0));  // nothing is left of the failures
    }
}
