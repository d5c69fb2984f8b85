#include "decoder/alignment.h"

#include <algorithm>
#include <cmath>

#include "base/eigen.h"
#include "decoder/dtw.h"
#include "decoder/prompt.h"

namespace npuscribe {

namespace {

constexpr size_t kReach = kMedianWidth / 2;
constexpr double kFrameSeconds = 0.02;  // of the encoder's output

inline void sort_two(float& a, float& b) {
    const float low = std::min(a, b);
    b = std::max(a, b);
    a = low;
}

/// Median of seven by 13 exchanges (Devillard, "Fast median search: an ANSI C implementation", 1998). Without
/// branches, so that the compiler works on several columns at once.
inline float median_of_seven(float a, float b, float c, float d, float e, float f, float g) {
    sort_two(a, f);
    sort_two(a, d);
    sort_two(b, g);
    sort_two(c, e);
    sort_two(a, b);
    sort_two(d, f);
    sort_two(c, g);
    sort_two(c, d);
    sort_two(d, g);
    sort_two(e, f);
    sort_two(b, e);
    sort_two(b, d);
    sort_two(d, e);
    return d;
}

Eigen::Map<const Eigen::ArrayXf> weights_of(const TokenAttention& attention, size_t head, size_t row) {
    return {attention.weights(head, row).data(), static_cast<Eigen::Index>(attention.frames)};
}

/// Of each frame over all rows of a head: mean, and 1 / standard deviation, or 0 if all are alike. Summed row
/// by row, because rows are not contiguous.
struct Moments {
    Moments(const TokenAttention& attention, size_t head) {
        const auto count = static_cast<float>(attention.rows);
        const auto frames = static_cast<Eigen::Index>(attention.frames);
        mean = Eigen::ArrayXf::Zero(frames);
        for (size_t row = 0; row < attention.rows; ++row) mean += weights_of(attention, head, row);
        mean /= count;
        Eigen::ArrayXf squares = Eigen::ArrayXf::Zero(frames);
        for (size_t row = 0; row < attention.rows; ++row)
            squares += (weights_of(attention, head, row) - mean).square();
        inverse =
            squares.unaryExpr([count](float sum) { return sum > 0 ? 1.0F / std::sqrt(sum / count) : 0.0F; });
    }

    Eigen::ArrayXf mean, inverse;
};

}  // namespace

void median_filter(std::span<const float> values, std::span<float> out) {
    static_assert(kMedianWidth == 7, "the exchanges below sort seven");
    const size_t n = values.size();
    if (n <= kReach) {
        std::copy(values.begin(), values.end(), out.begin());
        return;
    }
    std::vector<float> mirrored(n + 2 * kReach);
    std::copy(values.begin(), values.end(), mirrored.begin() + kReach);
    for (size_t i = 1; i <= kReach; ++i) {
        mirrored[kReach - i] = values[i];
        mirrored[kReach + n - 1 + i] = values[n - 1 - i];
    }
    const float* x = mirrored.data();
    float* y = out.data();
    for (size_t i = 0; i < n; ++i)
        y[i] = median_of_seven(x[i], x[i + 1], x[i + 2], x[i + 3], x[i + 4], x[i + 5], x[i + 6]);
}

Buffer<float> attention_matrix(const TokenAttention& attention, size_t first, size_t last) {
    Buffer<float> result((last - first) * attention.frames);
    auto matrix = as_eigen(result.matrix(last - first, attention.frames));
    matrix.setZero();
    std::vector<float> standardised(attention.frames);
    std::vector<float> smoothed(attention.frames);
    const float share = 1.0F / static_cast<float>(attention.heads);
    for (size_t head = 0; head < attention.heads; ++head) {
        const Moments moments(attention, head);
        for (size_t row = first; row < last; ++row) {
            as_eigen(std::span(standardised)) =
                (weights_of(attention, head, row) - moments.mean) * moments.inverse;
            median_filter(standardised, smoothed);
            matrix.row(static_cast<Eigen::Index>(row - first)) +=
                share * as_eigen(std::span(smoothed)).transpose();
        }
    }
    return result;
}

std::vector<size_t> starting_frames(const TokenAttention& attention, size_t first, size_t last) {
    Buffer<float> cost = attention_matrix(attention, first, last);
    for (float& value : cost) value = -value;
    std::vector<size_t> starts(last - first, attention.frames);
    for (const DtwStep& step : dtw(cost.matrix(last - first, attention.frames)))
        starts[step.row] = std::min(starts[step.row], step.column);
    return starts;
}

size_t attended_frame(const StepModel& model, size_t row, size_t frames) {
    Eigen::ArrayXf sum = Eigen::ArrayXf::Zero(static_cast<Eigen::Index>(frames));
    for (size_t head = 0; head < model.alignment_heads(); ++head)
        sum += as_eigen(model.attention(head, row)).array();
    Eigen::Index most = 0;
    sum.maxCoeff(&most);
    return static_cast<size_t>(most);
}

void AlignmentPass::append_rows(int sequence, int audio, std::vector<StepRow>& rows) const {
    for (size_t i = 0; i < tokens.size(); ++i)
        rows.push_back({sequence, audio, tokens[i], static_cast<int>(i), false, static_cast<int>(frames)});
}

std::vector<double> AlignmentPass::text_times(const StepModel& model, size_t first_row) const {
    const TokenAttention attention{
        model.alignment_heads(), tokens.size(), frames,
        [&](size_t head, size_t row) { return model.attention(head, first_row + row); }};
    // A token's row is the one before it: the row whose attention predicted the token.
    std::vector<double> times;
    for (const size_t frame : starting_frames(attention, lead - 1, tokens.size() - 1))
        times.push_back(static_cast<double>(frame) * kFrameSeconds);
    return times;
}

AlignmentPass make_alignment_pass(const Vocabulary& vocabulary, Task task, std::string_view language,
                                  std::span<const Token> text, size_t frames, size_t n_text_ctx) {
    PromptParts parts;
    parts.task = task;
    parts.language = language;
    AlignmentPass pass;
    pass.tokens = make_prompt(vocabulary, parts, false, n_text_ctx).tokens;
    pass.lead = pass.tokens.size();
    pass.frames = frames;
    const size_t room = n_text_ctx - std::min(n_text_ctx, pass.lead + 1);
    const auto kept = text.first(std::min(text.size(), room));
    pass.tokens.insert(pass.tokens.end(), kept.begin(), kept.end());
    pass.tokens.push_back(vocabulary.eot);
    return pass;
}

}  // namespace npuscribe
