#pragma once
// What all readers of checkpoint formats share: it makes a Checkpoint of a function that finds tensors.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "model/checkpoint.h"
#include "model/tensor_data.h"

namespace npuscribe {

/// A tensor that Whisper needs, under OpenAI's state-dict name.
struct NamedShape {
    std::string name;
    std::vector<size_t> shape;
};

/// All tensors of a Whisper model of these dimensions, in OpenAI's order. Key projections have no bias; the
/// output projection is the token embedding.
std::vector<NamedShape> whisper_tensors(const Dimensions&);

/// What a format implements: finds the tensor of an OpenAI name, which it has checked to lie inside its file;
/// returns none if there is no such tensor.
using FindTensor = std::function<std::optional<TensorData>(std::string_view openai_name)>;

/// Dimensions from the tensors' shapes. Throws ModelError, beginning with `file`, if one of these tensors is
/// missing or if this is not a Whisper model (heads of 64, the same width for encoder and decoder).
Dimensions dimensions_of(const FindTensor& find, const std::string& file);

/// Tensors in mapped files, under OpenAI's names.
class TensorCheckpoint : public Checkpoint {
  public:
    /// Looks up every tensor of whisper_tensors(dimensions_of(find)) and checks its shape. `file` begins
    /// error messages; `format` is for description(). Keeps `files` mapped; tensors may also lie elsewhere.
    TensorCheckpoint(const FindTensor& find, std::string file, std::string format,
                     std::vector<MappedFile> files);

    void set_alignment_heads(std::vector<std::pair<int, int>> heads) { alignment_heads_ = std::move(heads); }

    const Dimensions& dimensions() const override { return dimensions_; }
    std::string description() const override;
    std::vector<size_t> shape(std::string_view name) const override { return tensor(name).shape; }
    bool has(std::string_view name) const override { return tensors_.contains(name); }
    using Checkpoint::read;
    void read(std::string_view name, std::span<float> out) const override;
    void read_rows(std::string_view name, size_t first, std::span<float> out) const override;
    std::optional<std::span<const uint8_t>> panels(std::string_view name) const override;
    void release(std::string_view name) const override;
    std::vector<std::pair<int, int>> alignment_heads() const override { return alignment_heads_; }

  private:
    const TensorData& tensor(std::string_view name) const;
    const MappedFile* file_of(const TensorData& data) const;
    void convert(std::string_view name, size_t first, size_t rows, std::span<float> out) const;

    std::string file_;
    std::string format_;
    std::vector<MappedFile> files_;
    Dimensions dimensions_;
    std::map<std::string, TensorData, std::less<>> tensors_;
    std::vector<std::pair<int, int>> alignment_heads_;
};

}  // namespace npuscribe
