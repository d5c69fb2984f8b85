#pragma once
// Whisper's text decoder (openai/whisper, whisper/model.py: TextDecoder), one step for many sequences, on the
// CPU.

#include <cstddef>
#include <memory>

#include "decoder/step_model.h"
#include "device/device.h"
#include "model/checkpoint.h"

namespace npuscribe {

class ThreadPool;

struct DecoderSetup {
    /// fp32 keeps everything in fp32. Any other precision has bfloat16 caches; weights are bfloat16 for bf16
    /// and else BFP16, which is multiplied as blocks if the CPU has VNNI.
    Precision precision = Precision::bf16;
    size_t max_sequences = 8;
    size_t max_audio = 8;
    /// Keep cross-attention keys and values in 8 bits if the CPU has the instructions (never for fp32).
    bool compact_audio = true;
};

class WhisperDecoder final : public StepModel {
  public:
    /// Loads and packs the weights. `pool` must outlive the decoder. Throws ModelError.
    WhisperDecoder(const Checkpoint& checkpoint, ThreadPool& pool, const DecoderSetup& options);
    ~WhisperDecoder() override;

    const Dimensions& dimensions() const override;
    size_t max_sequences() const override;
    size_t max_audio() const override;
    void set_audio(int audio, MatrixView<const float> encoder_output) override;
    void step(std::span<const StepRow> rows, MatrixView<float> logits) override;
    /// The checkpoint's heads; if it names none, all heads of the upper half of the layers, as OpenAI does.
    size_t alignment_heads() const override;
    std::span<const float> attention(size_t head, size_t row) const override;
    void copy_sequence(int from, int to, int length) override;
    void share_sequence(int from, int to, int length) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace npuscribe
