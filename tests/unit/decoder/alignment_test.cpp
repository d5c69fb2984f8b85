#include "decoder/alignment.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "catch.h"
#include "decoder/dtw.h"
#include "scripted_model.h"

using namespace npuscribe;
using namespace npuscribe::test;

namespace {

std::vector<float> random_values(size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(0, 1);
    std::vector<float> values(n);
    for (float& value : values) value = uniform(random);
    return values;
}

/// Cost of the cheapest path from (i, j) to the end, by trying all.
double cheapest(MatrixView<const float> cost, size_t i, size_t j) {
    double rest = 1e300;
    const bool down = i + 1 < cost.rows;
    const bool along = j + 1 < cost.cols;
    if (!down && !along) rest = 0;
    if (down) rest = std::min(rest, cheapest(cost, i + 1, j));
    if (along) rest = std::min(rest, cheapest(cost, i, j + 1));
    if (down && along) rest = std::min(rest, cheapest(cost, i + 1, j + 1));
    return double{cost(i, j)} + rest;
}

}  // namespace

TEST_CASE("The warped path follows the cheap cells") {
    const std::vector<float> cost = {0, 0, 9, 9,  //
                                     9, 9, 0, 9,  //
                                     9, 9, 9, 0};
    CHECK(dtw({cost.data(), 3, 4}) == std::vector<DtwStep>{{0, 0}, {0, 1}, {1, 2}, {2, 3}});
    CHECK(dtw({cost.data(), 0, 4}).empty());
    CHECK(dtw({cost.data(), 1, 2}) == std::vector<DtwStep>{{0, 0}, {0, 1}});
    CHECK(dtw({cost.data(), 2, 1}) == std::vector<DtwStep>{{0, 0}, {1, 0}});
}

TEST_CASE("No path is cheaper than the warped one") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const size_t rows = 1 + seed % 5;
        const size_t cols = 1 + seed % 7;
        auto values = random_values(rows * cols, seed);
        for (float& value : values) value -= 0.5F;  // as the negated attention has both signs
        const MatrixView<const float> cost(values.data(), rows, cols);
        const auto path = dtw(cost);
        double sum = 0;
        for (const DtwStep& step : path) sum += double{cost(step.row, step.column)};
        CHECK(path.front() == DtwStep{0, 0});
        CHECK(path.back() == DtwStep{rows - 1, cols - 1});
        for (size_t i = 1; i < path.size(); ++i) {
            const size_t down = path[i].row - path[i - 1].row;
            const size_t along = path[i].column - path[i - 1].column;
            CHECK((down <= 1 && along <= 1 && down + along > 0));
        }
        CHECK(sum == Approx(cheapest(cost, 0, 0)).epsilon(1e-5));
    }
}

TEST_CASE("The median is that of the seven values around, mirrored at the ends") {
    for (const size_t n : {4, 5, 7, 8, 50, 1500}) {
        const auto values = random_values(n, 3);
        std::vector<float> out(n);
        median_filter(values, out);
        for (size_t i = 0; i < n; ++i) {
            std::vector<float> around;
            for (std::ptrdiff_t k = static_cast<std::ptrdiff_t>(i) - 3;
                 k <= static_cast<std::ptrdiff_t>(i) + 3; ++k) {
                const auto last = static_cast<std::ptrdiff_t>(n) - 1;
                const std::ptrdiff_t mirrored = k < 0 ? -k : k > last ? 2 * last - k : k;
                around.push_back(values[static_cast<size_t>(mirrored)]);
            }
            std::sort(around.begin(), around.end());
            CHECK(out[i] == around[3]);
        }
    }
    const std::vector<float> few = {3, 1, 2};
    std::vector<float> out(3);
    median_filter(few, out);
    CHECK(out == few);
}

TEST_CASE("The median of seven is right for every pattern of zeros and ones") {
    // By the zero-one principle (Knuth, vol. 3, 5.3.4) that holds for all values.
    for (unsigned bits = 0; bits < 128; ++bits) {
        std::vector<float> values(7);
        int ones = 0;
        for (unsigned i = 0; i < 7; ++i) ones += (values[i] = static_cast<float>(bits >> i & 1U)) > 0 ? 1 : 0;
        std::vector<float> out(7);
        median_filter(values, out);
        CHECK(out[3] == (ones >= 4 ? 1.0F : 0.0F));
    }
}

TEST_CASE("A head's attention is standardised over all rows, frame by frame") {
    // One head, three rows, three frames (too few to smooth): the second frame is attended to alike by all.
    const std::vector<float> weights = {0.75F, 0.25F, 0, 0.25F, 0.25F, 0.5F, 0.5F, 0.25F, 0.25F};
    const TokenAttention attention{
        1, 3, 3, [&](size_t, size_t row) { return std::span(weights).subspan(3 * row, 3); }};
    const Buffer<float> matrix = attention_matrix(attention, 0, 2);
    // Mean 1/2, deviation sqrt(1/24) of the first frame; mean 1/4, the same deviation of the last.
    const double unit = 0.25 / std::sqrt(1.0 / 24);
    const std::vector<double> expected = {unit, 0, -unit, -unit, 0, unit};
    REQUIRE(matrix.size() == 6);
    for (size_t i = 0; i < 6; ++i) CHECK(double{matrix[i]} == Approx(expected[i]).margin(1e-6));
}

TEST_CASE("Tokens begin where their rows' attention begins") {
    constexpr size_t kFrames = 100;
    const std::vector<size_t> begins = {0, 20, 50, 65};
    std::vector<std::vector<float>> rows(
        6, std::vector<float>(kFrames, 0.01F));  // the first and last: elsewhere
    for (size_t r = 0; r < begins.size(); ++r) {
        const size_t end = r + 1 < begins.size() ? begins[r + 1] : kFrames;
        for (size_t j = begins[r]; j < end; ++j) rows[r + 1][j] = 0.1F;
    }
    const TokenAttention attention{2, 6, kFrames,
                                   [&](size_t, size_t row) { return std::span<const float>(rows[row]); }};
    CHECK(starting_frames(attention, 1, 5) == begins);
}

TEST_CASE("The pass holds the prompt, the text and the end, and fits the decoder's context") {
    const Vocabulary vocabulary = small_vocabulary();
    const std::vector<Token> text = {3, 4};
    const AlignmentPass pass = make_alignment_pass(vocabulary, Task::translate, "de", text, 70, kTextContext);
    CHECK(pass.tokens == std::vector<Token>{kSot, kGerman, kTranslate, kNoTimestamps, 3, 4, kEot});
    CHECK(pass.lead == 4);
    std::vector<StepRow> rows;
    pass.append_rows(2, 1, rows);
    REQUIRE(rows.size() == 7);
    CHECK(rows[5].token == 4);
    CHECK(rows[5].position == 5);
    CHECK(rows[5].sequence == 2);
    CHECK(rows[5].audio == 1);
    CHECK(rows[5].attention_frames == 70);
    CHECK_FALSE(rows[5].want_logits);
    const std::vector<Token> much(2 * kTextContext, 3);
    CHECK(make_alignment_pass(vocabulary, Task::transcribe, "en", much, 70, kTextContext).tokens.size() ==
          kTextContext);
}
