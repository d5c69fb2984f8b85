#pragma once
// What OneDnnMatmul and the INT8 back end share of oneDNN. Only files of this folder include this header: it
// brings oneDNN's own.

#include <cstddef>
#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

namespace npuscribe::onednn {

/// Caps oneDNN's instructions like those of our own kernels (NPUSCRIBE_MAX_ISA), unless oneDNN's own variable
/// is set. Has an effect only before oneDNN is first used; engine() calls it.
void cap_isa();
const dnnl::engine& engine();

inline dnnl::memory::dim dim(size_t size) {
    return static_cast<dnnl::memory::dim>(size);
}

/// `values` as oneDNN wants its inputs: it takes pointers to non-const memory even for what it only reads.
inline void* input(const void* values) {
    return const_cast<void*>(values);
}

/// A matmul without bias if `bias` is empty. oneDNN 2 and 3 make it in different ways.
dnnl::matmul::primitive_desc describe(const dnnl::memory::desc& x, const dnnl::memory::desc& weights,
                                      const dnnl::memory::desc& bias, const dnnl::memory::desc& y,
                                      dnnl::primitive_attr attributes);

/// A matmul of one shape, with what each worker needs to run it without allocating.
class Primitive {
  public:
    /// `bias` may be empty. `workers` of them may execute at once.
    Primitive(const dnnl::matmul::primitive_desc&, const dnnl::memory& weights, const dnnl::memory& bias,
              size_t workers);
    /// `x` and `y` have the primitive's shapes.
    void execute(const void* x, void* y, const dnnl::stream& stream, size_t worker) const;

  private:
    struct Slot {
        dnnl::memory x, y, scratch;
        std::unordered_map<int, dnnl::memory> arguments;
    };
    dnnl::matmul primitive_;
    std::vector<Slot> slots_;
};

}  // namespace npuscribe::onednn
