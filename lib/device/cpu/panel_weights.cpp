#include "device/cpu/panel_weights.h"

#include <atomic>
#include <vector>

#include "base/thread_pool.h"
#include "device/checks.h"
#include "device/operand_rows.h"
#include "simd/rows/blocks.h"

namespace npuscribe {
namespace {

constexpr size_t kPieceRows = bfp16::kPanelRows;  // rows that a worker rounds at a time

}  // namespace

PanelWeights::PanelWeights(const LinearWeights& weights, bfp16::Rounding rounding, ThreadPool& pool)
    : name_(weights.name),
      n_(weights.weight.rows),
      k_(weights.weight.cols),
      bias_(weights.bias.begin(), weights.bias.end()),
      own_(bfp16::panel_bytes(n_, padded_k()), Pages::huge),
      panels_(own_.data()) {
    check_bias(name_, bias_, n_);
    std::vector<Buffer<float>> wide(pool.size());
    std::atomic<bool> bad{false};
    pool.for_each(n_, kPieceRows, [&](size_t begin, size_t end, size_t worker) {
        const auto rows = in_whole_blocks(weights.weight.rows_from(begin, end - begin), {}, wide[worker]);
        if (rounding == bfp16::Rounding::nearest_even) {
            if (simd::quantise_panels(rows, begin, own_.data())) bad = true;
        } else {
            std::vector<uint8_t> blocks(rows.rows * bfp16::row_bytes(rows.cols));
            uint8_t* block = blocks.data();
            for (size_t r = 0; r < rows.rows; ++r) {
                for (size_t c = 0; c < rows.cols; c += bfp16::kBlockSize, block += bfp16::kBlockBytes)
                    bfp16::quantise_block(rows.row(r) + c, block, rounding);
            }
            bfp16::pack_panels(blocks.data(), padded_k(), begin, end - begin, own_.data());
        }
    });
    if (bad) refuse_weights(name_, weights.weight);
    bfp16::pad_last_panel(n_, padded_k(), own_.data());
    exponents_ = check_exponents(panels_, n_, padded_k(), name_, &pool);
}

PanelWeights::PanelWeights(const BlockWeights& weights, ThreadPool& pool)
    : name_(weights.name),
      n_(weights.n),
      k_(weights.k),
      bias_(weights.bias.begin(), weights.bias.end()),
      panels_(weights.panels.data()),
      exponents_(check_blocks(weights, &pool)) {}

}  // namespace npuscribe
