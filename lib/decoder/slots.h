#pragma once
// Which slots of a cache are free. The lowest are taken first, so that memory beyond the most slots ever in
// use is not touched.

#include <algorithm>
#include <cassert>
#include <functional>
#include <vector>

namespace npuscribe {

class Slots {
  public:
    explicit Slots(size_t count) {
        for (size_t i = 0; i < count; ++i) free_.push_back(static_cast<int>(i));
    }
    size_t free() const { return free_.size(); }
    int take() {
        assert(!free_.empty());
        std::pop_heap(free_.begin(), free_.end(), std::greater<>());
        const int slot = free_.back();
        free_.pop_back();
        return slot;
    }
    void give_back(int slot) {
        free_.push_back(slot);
        std::push_heap(free_.begin(), free_.end(), std::greater<>());
    }

  private:
    std::vector<int> free_;  // a heap, the lowest on top
};

}  // namespace npuscribe
