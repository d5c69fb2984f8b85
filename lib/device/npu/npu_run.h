#pragma once
// A matmul on its way through the array, or several of which each reads the one before, and where the last
// one's result goes.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "device/array/array_plan.h"
#include "device/npu/npu_operand.h"
#include "device/npu/npu_queue.h"

namespace npuscribe {

/// Idle calls of one linear, by padded rows and result. The weights are bound to each call once. A call that
/// runs belongs to its run.
class NpuCallPool {
  public:
    using Key = std::pair<size_t, array::Result>;

    std::unique_ptr<xrt_backend::Call> take(xrt_backend::Program& program, Key key,
                                            xrt_backend::Buffer& weights);
    void give_back(Key key, std::unique_ptr<xrt_backend::Call> call) {
        idle_[key].push_back(std::move(call));
    }

  private:
    std::map<Key, std::vector<std::unique_ptr<xrt_backend::Call>>> idle_;
};

/// A call with its arguments, and the pool that takes it back.
struct NpuCall {
    std::string name;  // the weights', for errors
    std::shared_ptr<NpuCallPool> pool;
    NpuCallPool::Key key;
    std::unique_ptr<xrt_backend::Call> call;
    std::shared_ptr<NpuBatch> batch = nullptr;  // once it has started
};

/// Some rows of a run: the array's calls for them, in order, and the last one's result.
struct NpuPiece {
    size_t first = 0, rows = 0;
    array::Gemm shape;  // of the last call
    std::vector<NpuCall> calls;
    NpuBuffer result;
};

/// Takes the rows of a result. Any worker calls it.
class NpuDestination {
  public:
    virtual ~NpuDestination() = default;
    /// Stores `rows` rows of the product `c` from `from` on as rows [to, to + rows) of the result. Returns
    /// the first value that cannot be stored, or nothing.
    virtual std::optional<simd::Place> take_over(const array::Gemm& shape, std::span<const uint8_t> c,
                                                 size_t from, size_t rows, size_t to) = 0;
    virtual void finish() {}
};
std::unique_ptr<NpuDestination> into_matrix(MatrixView<float> y, Epilogue epilogue);
/// `epilogue` is none or gelu.
std::unique_ptr<NpuDestination> into_operand(NpuOperand& y, Epilogue epilogue, bfp16::Rounding rounding);

/// Work that is handed to the array.
struct NpuWork {
    std::string name;
    std::vector<NpuPiece> pieces;
    std::unique_ptr<NpuDestination> destination;
    NpuOperand* operand = nullptr;  // written by this work, or null
    bool quantises = false;         // the destination rounds to BFP16, on the CPU
};

/// Hands all calls of `work` to the array's queue, in order.
Run start_on_npu(NpuShared& shared, xrt_backend::Context& context, NpuWork work);

}  // namespace npuscribe
