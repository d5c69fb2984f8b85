#include "simd/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/buffer.h"
#include "catch.h"
#include "needs.h"
#include "simd/attention/attention_int8.h"
#include "simd/attention/attention_int8_avx2.h"
#include "simd/attention/int8_head.h"
#include "simd/isa.h"
#include "unit/simd/random_matrix.h"

using namespace npuscribe;
using namespace npuscribe::test;
using simd::Element;

namespace {

/// softmax(q·Kᵀ/8), a row a query, in double precision.
EigenMatrix<double> weights_of(const Matrix& q, const Matrix& k) {
    EigenMatrix<double> p = product(q, k) / 8;
    const Eigen::VectorXd largest = p.rowwise().maxCoeff();
    p = (p.colwise() - largest).array().exp();
    const Eigen::VectorXd sums = p.rowwise().sum();
    return p.array().colwise() / sums.array();
}

/// softmax(q·Kᵀ/8)·V in double precision. With bf16 elements keys and values are rounded first, as they are
/// stored.
Matrix reference(const Matrix& q, Matrix k, Matrix v, Element element) {
    if (element == Element::bf16) {
        for (auto& value : k.values) value = to_bf16(value);
        for (auto& value : v.values) value = to_bf16(value);
    }
    Matrix out(q.rows, 64);
    as_eigen(out.view()) = (weights_of(q, k) * in_double(v)).cast<float>();
    return out;
}

/// Rows as keys and values in 8 bits hold them: in steps of 1/127 of a row's largest magnitude.
Matrix to_int8(Matrix x) {
    for (size_t r = 0; r < x.rows; ++r) {
        float largest = 0;
        for (size_t i = 0; i < 64; ++i) largest = std::max(largest, std::abs(x(r, i)));
        for (size_t i = 0; i < 64 && largest > 0; ++i)
            x(r, i) = std::nearbyint(x(r, i) * 127 / largest) * largest / 127;
    }
    return x;
}

/// The queries' and the probabilities' rounding, 2^-9 each, moves scores and weights by about that much.
double tolerance(Element element) {
    return element == Element::bf16 ? 0.02 : 2e-5;
}

}  // namespace

TEST_CASE("attention over packed keys and values is softmax(QK'/8)V") {
    for (const auto element : {Element::bf16, Element::f32}) {
        for (const size_t n : {1, 15, 16, 17, 100, 1500}) {
            // Up to a group of vectors, and of AMX's tiles, and more.
            for (const size_t rows : {1, 2, 5, 6, 7, 13, 16, 31, 32, 33, 70}) {
                const auto q = random_matrix(rows, 64, 1);
                const auto k = random_matrix(n, 64, 2);
                const auto v = random_matrix(n, 64, 3);
                Buffer<uint8_t> keys(simd::packed_head_size(n) * simd::bytes(element));
                Buffer<uint8_t> values(simd::packed_head_size(n) * simd::bytes(element));
                simd::pack_keys(k.view(), element, keys.data());
                simd::pack_values(v.view(), element, values.data());
                Matrix out(rows, 64);
                std::vector<float> scratch(simd::attention_scratch(n));
                simd::attend(q.view(), {keys.data(), values.data(), n, element}, out.view(), scratch);
                const auto expected = reference(q, k, v, element);
                for (size_t i = 0; i < out.values.size(); ++i) {
                    INFO("n " << n << ", rows " << rows << ", value " << i);
                    REQUIRE(std::abs(out.values[i] - expected.values[i]) < tolerance(element));
                }
            }
        }
    }
}

TEST_CASE("keys in 8 bits give the attention of the rounded queries and keys", "[needs-avx512-bf16]") {
    need_vnni_and_bf16(simd::isa() >= simd::Isa::bf16 && simd::has_vnni());
    for (const size_t n : {1, 15, 16, 17, 100, 1500}) {
        for (const size_t rows : {1, 2, 5, 6, 7, 13}) {
            auto q = random_matrix(rows, 64, 1), k = random_matrix(n, 64, 2);
            const auto v = random_matrix(n, 64, 3);
            if (rows > 1) std::fill_n(q.view().row(1), 64, 0.0F);
            if (n > 1) std::fill_n(k.view().row(n / 2), 64, 0.0F);
            Buffer<uint8_t> keys(simd::int8_keys_bytes(n));
            Buffer<uint8_t> values(simd::packed_head_size(n) * 2);
            simd::pack_int8_keys(k.view(), keys.data());
            simd::pack_values(v.view(), Element::bf16, values.data());
            Matrix out(rows, 64);
            std::vector<float> scratch(simd::attention_scratch(n));
            simd::attend(q.view(), {keys.data(), values.data(), n, Element::bf16, true}, out.view(), scratch);
            auto values_as_stored = v;
            for (auto& value : values_as_stored.values) value = to_bf16(value);
            const auto expected = reference(to_int8(q), to_int8(k), values_as_stored, Element::f32);
            for (size_t i = 0; i < out.values.size(); ++i) {
                INFO("n " << n << ", rows " << rows << ", value " << i);
                REQUIRE(std::abs(out.values[i] - expected.values[i]) < tolerance(Element::bf16));
            }
        }
    }
}

TEST_CASE("the result of attention may replace its queries, and other columns stay as they are") {
    const size_t n = 100, rows = 41, heads = 3;
    const auto k = random_matrix(n, 64, 2);
    const auto v = random_matrix(n, 64, 3);
    Buffer<uint8_t> keys(simd::packed_head_size(n) * 2);
    Buffer<uint8_t> values(simd::packed_head_size(n) * 2);
    simd::pack_keys(k.view(), Element::bf16, keys.data());
    simd::pack_values(v.view(), Element::bf16, values.data());
    auto all = random_matrix(rows, heads * 64, 1);
    const auto before = all;
    Matrix q(rows, 64);
    for (size_t r = 0; r < rows; ++r) std::copy_n(before.view().row(r) + 64, 64, q.view().row(r));
    std::vector<float> scratch(simd::attention_scratch(n));
    const auto middle = all.view().cols_from(64, 64);
    simd::attend(middle, {keys.data(), values.data(), n, Element::bf16}, middle, scratch);
    const auto expected = reference(q, k, v, Element::bf16);
    for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < heads * 64; ++i) {
            INFO("row " << r << ", column " << i);
            if (i / 64 == 1) {
                REQUIRE(std::abs(all(r, i) - expected(r, i - 64)) < tolerance(Element::bf16));
            } else {
                REQUIRE(all(r, i) == before(r, i));
            }
        }
    }
}

TEST_CASE("a score far above the rest takes all the weight, whatever its size and place") {
    const auto [n, far] = GENERATE(table<size_t, size_t>({{50, 33}, {200, 3}, {200, 150}, {1500, 1499}}));
    const float scale = GENERATE(30.0F, 1000.0F);
    const size_t rows = GENERATE(1, 20);
    auto q = random_matrix(1, 64, 1);
    q.values.resize(rows * 64);
    q.rows = rows;
    for (size_t r = 1; r < rows; ++r) std::copy_n(q.view().row(0), 64, q.view().row(r));
    auto k = random_matrix(n, 64, 2);
    const auto v = random_matrix(n, 64, 3);
    for (size_t i = 0; i < 64; ++i) k(far, i) = q(0, i) * scale;
    Buffer<uint8_t> keys(simd::packed_head_size(n) * 2);
    Buffer<uint8_t> values(simd::packed_head_size(n) * 2);
    simd::pack_keys(k.view(), Element::bf16, keys.data());
    simd::pack_values(v.view(), Element::bf16, values.data());
    Matrix out(rows, 64);
    std::vector<float> scratch(simd::attention_scratch(n));
    simd::attend(q.view(), {keys.data(), values.data(), n, Element::bf16}, out.view(), scratch);
    for (size_t i = 0; i < rows * 64; ++i)
        REQUIRE(out(i / 64, i % 64) == Approx(to_bf16(v(far, i % 64))).epsilon(1e-3));
}

TEST_CASE("rows whose scores all lie far from zero do not disturb those beside them") {
    // Scores around ±200: 2^score alone is no float. Keys share a large first value, and differ in the
    // others.
    const size_t n = 100, rows = 13;
    auto q = random_matrix(rows, 64, 1), k = random_matrix(n, 64, 2);
    const auto v = random_matrix(n, 64, 3);
    for (size_t t = 0; t < n; ++t) k(t, 0) = 40;
    for (size_t r = 0; r < rows; ++r) q(r, 0) = r % 3 == 0 ? 40.0F : r % 3 == 1 ? -40.0F : 0.0F;
    const auto expected = reference(q, k, v, Element::bf16);
    for (const bool int8_keys : {false, true}) {
        if (int8_keys && !(simd::isa() >= simd::Isa::bf16 && simd::has_vnni())) continue;
        Buffer<uint8_t> keys(simd::packed_head_size(n) * 2);
        Buffer<uint8_t> values(simd::packed_head_size(n) * 2);
        if (int8_keys) {
            simd::pack_int8_keys(k.view(), keys.data());
        } else {
            simd::pack_keys(k.view(), Element::bf16, keys.data());
        }
        simd::pack_values(v.view(), Element::bf16, values.data());
        Matrix out(rows, 64);
        std::vector<float> scratch(simd::attention_scratch(n));
        simd::attend(q.view(), {keys.data(), values.data(), n, Element::bf16, int8_keys}, out.view(),
                     scratch);
        for (size_t r = 0; r < rows; ++r) {
            for (size_t i = 0; i < 64; ++i) {
                INFO("row " << r << ", value " << i << ", 8-bit keys: " << int8_keys);
                REQUIRE(std::isfinite(out(r, i)));
                // 8 bits beside a value of 40 leave steps of a third to the others.
                if (!int8_keys) REQUIRE(std::abs(out(r, i) - expected(r, i)) < tolerance(Element::bf16));
                const auto column = [&](size_t t) { return to_bf16(v(t, i)); };
                float lowest = column(0), highest = column(0);
                for (size_t t = 1; t < n; ++t) {
                    lowest = std::min(lowest, column(t));
                    highest = std::max(highest, column(t));
                }
                REQUIRE((out(r, i) > lowest - 0.01F && out(r, i) < highest + 0.01F));
            }
        }
    }
}

TEST_CASE("attention over plain rows equals attention over packed ones") {
    for (const auto element : {Element::bf16, Element::f32}) {
        for (const size_t n : {1, 7, 64, 200}) {
            const auto q = random_matrix(1, 64, 1);
            const auto k = random_matrix(n, 64, 2);
            const auto v = random_matrix(n, 64, 3);
            std::vector<uint8_t> keys(n * 64 * simd::bytes(element));
            std::vector<uint8_t> values(keys.size());
            for (size_t t = 0; t < n; ++t) {
                simd::store_row(k.view().row(t), element, keys.data() + t * 64 * simd::bytes(element));
                simd::store_row(v.view().row(t), element, values.data() + t * 64 * simd::bytes(element));
            }
            std::vector<float> out(64);
            std::vector<float> scratch(simd::lane_blocks(n) * simd::kLaneBlock);
            simd::attend_rows(q.values.data(), {keys.data(), values.data(), n, element}, out.data(), scratch);
            const auto expected = reference(q, k, v, element);
            for (size_t i = 0; i < 64; ++i) REQUIRE(std::abs(out[i] - expected(0, i)) < 2e-5);

            // The same positions, scattered over memory: in reverse, and every other row.
            std::vector<uint8_t> far_keys(2 * keys.size());
            std::vector<uint8_t> far_values(2 * keys.size());
            std::vector<size_t> rows(n);
            const size_t bytes = 64 * simd::bytes(element);
            for (size_t t = 0; t < n; ++t) {
                rows[t] = 2 * (n - 1 - t);
                std::memcpy(far_keys.data() + rows[t] * bytes, keys.data() + t * bytes, bytes);
                std::memcpy(far_values.data() + rows[t] * bytes, values.data() + t * bytes, bytes);
            }
            std::vector<float> scattered(64);
            simd::attend_rows(q.values.data(), {far_keys.data(), far_values.data(), n, element, rows.data()},
                              scattered.data(), scratch);
            CHECK(scattered == out);
        }
    }
}

TEST_CASE("attention over 8-bit keys and values differs only by their rounding", "[needs-avx2]") {
    need_avx2(simd::can_attend_int8());
    for (const size_t n : {1, 15, 16, 17, 100, 1500}) {
        for (const size_t rows : {1, 2, 3, 4, 5, 8}) {
            const auto q = random_matrix(rows, 64, 1);
            const auto k = random_matrix(n, 64, 2);
            const auto v = random_matrix(n, 64, 3);
            Buffer<uint8_t> head(simd::int8_head_bytes(n));
            simd::pack_int8_head(k.view(), v.view(), head.data());
            Matrix out(rows, 64);
            std::vector<float> scratch(simd::int8_attention_scratch(n));
            simd::attend_int8(q.view(), {head.data(), n}, out.view(), scratch);
            const auto expected = reference(q, to_int8(k), to_int8(v), Element::f32);
            for (size_t i = 0; i < out.values.size(); ++i) {
                INFO("n " << n << ", rows " << rows << ", value " << i);
                // 2^-15 of the query, 2^-15 of the largest weight or less, and a cubic exponential of 8e-5.
                REQUIRE(std::abs(out.values[i] - expected.values[i]) < 1e-3);
            }
        }
    }
}

TEST_CASE("AVX2 and AVX-512 VNNI pack keys and values in 8 bits alike, and attend alike",
          "[needs-avx512-vnni]") {
    need_avx512_vnni(simd::has_vnni());
    for (const size_t n : {1, 63, 64, 65, 1500}) {
        const auto q = random_matrix(7, 64, 1), k = random_matrix(n, 64, 2), v = random_matrix(n, 64, 3);
        Buffer<uint8_t> wide(simd::int8_head_bytes(n)), narrow(wide.size());
        simd::pack_int8_head(k.view(), v.view(), wide.data());
        simd::avx2::pack_int8_head(k.view(), v.view(), narrow.data());
        INFO(n);
        CHECK(std::equal(wide.begin(), wide.end(), narrow.begin()));
        Matrix of_wide(q.rows, 64), of_narrow(q.rows, 64);
        std::vector<float> scratch(simd::int8_attention_scratch(n));
        simd::attend_int8(q.view(), {wide.data(), n}, of_wide.view(), scratch);
        for (size_t r = 0; r < q.rows; r += simd::kPassRows) {
            const size_t rows = std::min(simd::kPassRows, q.rows - r);
            simd::avx2::attend_rows_together(q.view().rows_from(r, rows), {narrow.data(), n},
                                             of_narrow.view().rows_from(r, rows), scratch.data());
        }
        for (size_t i = 0; i < of_wide.values.size(); ++i)
            CHECK(std::abs(of_wide.values[i] - of_narrow.values[i]) < 3e-4);
    }
}

TEST_CASE("attention weights are the softmax over the first positions, whatever follows them") {
    const size_t n = 100;
    const auto q = random_matrix(8, 64, 1);
    const auto k = random_matrix(n, 64, 2);
    for (const size_t first : {1, 15, 16, 17, 64, 99, 100}) {
        Matrix first_keys(first, 64);
        std::copy_n(k.values.begin(), first * 64, first_keys.values.begin());
        const auto expected = weights_of(q, first_keys);
        const size_t stride = simd::lane_blocks(first) * simd::kLaneBlock;
        Matrix out(q.rows, stride);
        const auto weights = out.view().cols_from(0, first);
        const auto furthest = [&] {
            return (as_eigen(weights).cast<double>().array() / expected.array() - 1).abs().maxCoeff();
        };
        INFO(first);
        for (const auto element : {Element::bf16, Element::f32}) {
            Buffer<uint8_t> keys(simd::packed_head_size(n) * simd::bytes(element));
            simd::pack_keys(k.view(), element, keys.data());
            simd::attention_weights(q.view(), keys.data(), first, element, weights);
            CHECK(furthest() <
                  (element == Element::bf16 ? 0.03 : 2e-5));  // a score is off by 2^-9 of its terms
        }
        if (!simd::can_attend_int8()) continue;
        Buffer<uint8_t> head(simd::int8_head_bytes(n));
        simd::pack_int8_head(k.view(), k.view(), head.data());
        simd::int8_attention_weights(q.view(), {head.data(), n}, first, weights);
        CHECK(furthest() < 0.06);  // half a step of 1/127 of the largest of each key
    }
}
