#include "decoder/dtw.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace npuscribe {

namespace {

enum class Came : uint8_t { diagonally, down, along };

}  // namespace

std::vector<DtwStep> dtw(MatrixView<const float> cost) {
    if (cost.rows == 0 || cost.cols == 0) return {};
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    std::vector<Came> came(cost.rows * cost.cols);
    // Row i of the sums and the row before it, each with an unreachable column in front.
    std::vector<float> before(cost.cols + 1, kInfinity);
    std::vector<float> sums(cost.cols + 1, kInfinity);
    before[0] = 0;
    for (size_t i = 0; i < cost.rows; ++i) {
        const float* row = cost.row(i);
        sums[0] = kInfinity;
        for (size_t j = 0; j < cost.cols; ++j) {
            const float diagonal = before[j];
            const float above = before[j + 1];
            const float left = sums[j];
            Came& how = came[i * cost.cols + j];
            float least = left;
            how = Came::along;
            if (diagonal < above && diagonal < left) {
                least = diagonal;
                how = Came::diagonally;
            } else if (above < diagonal && above < left) {
                least = above;
                how = Came::down;
            }
            sums[j + 1] = row[j] + least;
        }
        std::swap(sums, before);
    }
    std::vector<DtwStep> path;
    for (DtwStep at{cost.rows - 1, cost.cols - 1};;) {
        path.push_back(at);
        if (at.row == 0 && at.column == 0) break;
        Came how = came[at.row * cost.cols + at.column];
        if (at.row == 0) how = Came::along;
        if (at.column == 0) how = Came::down;
        if (how != Came::along) --at.row;
        if (how != Came::down) --at.column;
    }
    std::reverse(path.begin(), path.end());
    return path;
}

}  // namespace npuscribe
