#pragma once
// Holds the recent samples of a stream until their speech is in a window.

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "audio/speech_packing.h"

namespace npuscribe::audio {

/// Blocks of samples, each under its position in the file.
class SampleStore {
  public:
    void append(std::span<const float> samples) {
        for (size_t done = 0; done < samples.size(); done += kBlock) {
            const auto part = samples.subspan(done, std::min(kBlock, samples.size() - done));
            blocks_.emplace(end_, std::vector<float>(part.begin(), part.end()));
            end_ += static_cast<int64_t>(part.size());
            held_ += static_cast<int64_t>(part.size());
        }
    }

    /// Frees blocks that overlap none of `needed`, which is in order.
    void keep(const std::vector<FileRange>& needed) {
        auto range = needed.begin();
        for (auto block = blocks_.begin(); block != blocks_.end();) {
            const int64_t begin = block->first;
            const int64_t end = begin + static_cast<int64_t>(block->second.size());
            while (range != needed.end() && range->end <= begin) ++range;
            if (range != needed.end() && range->begin < end) {
                ++block;
            } else {
                held_ -= end - begin;
                block = blocks_.erase(block);
            }
        }
    }

    /// Appends the samples of `range` to `out`. All of them must have been kept.
    void copy(FileRange range, std::vector<float>& out) const {
        auto block = blocks_.upper_bound(range.begin);
        assert(block != blocks_.begin());
        --block;
        for (int64_t at = range.begin; at < range.end; ++block) {
            assert(block != blocks_.end() && block->first <= at);
            const int64_t first = at - block->first;
            const int64_t count =
                std::min(range.end - at, static_cast<int64_t>(block->second.size()) - first);
            const auto from = block->second.begin() + first;
            out.insert(out.end(), from, from + count);
            at += count;
        }
    }

    int64_t end() const { return end_; }
    int64_t held() const { return held_; }

  private:
    static constexpr size_t kBlock = 512;

    std::map<int64_t, std::vector<float>> blocks_;
    int64_t end_ = 0;
    int64_t held_ = 0;
};

}  // namespace npuscribe::audio
