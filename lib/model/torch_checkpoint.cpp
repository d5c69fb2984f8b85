#include "model/torch_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/zip.h"
#include "model/builtin_vocabulary.h"
#include "model/catalog.h"
#include "model/file_kind.h"
#include "model/pickle.h"
#include "model/tensor_checkpoint.h"

namespace npuscribe::torch {
namespace {

using pickle::Document;
using pickle::Value;
using Kind = Value::Kind;

constexpr const char* kModelFile = "model.pt";
constexpr size_t kLargestPickle = size_t{2} << 20;  // large-v3's has 0.2 MiB
constexpr size_t kMaxRank = 4;

constexpr std::string_view kRebuildTensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils _rebuild_parameter";
constexpr std::string_view kAllowed[] = {
    "collections OrderedDict", kRebuildTensor,          kRebuildParameter,     "torch FloatStorage",
    "torch HalfStorage",       "torch BFloat16Storage", "torch DoubleStorage", "torch LongStorage",
    "torch IntStorage",        "torch ShortStorage",    "torch CharStorage",   "torch ByteStorage",
    "torch BoolStorage",
};
constexpr std::pair<std::string_view, DType> kTypes[] = {{"torch FloatStorage", DType::f32},
                                                         {"torch HalfStorage", DType::f16},
                                                         {"torch BFloat16Storage", DType::bf16}};

std::string plain(std::string_view text) {
    std::string out(text.substr(0, 80));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
    return out;
}

class Reader {
  public:
    Reader(std::span<const std::byte> bytes, const std::string& file)
        : file_(file), entries_(read_zip(bytes, file)) {
        constexpr std::string_view kPickle = "/data.pkl";
        const auto found = std::find_if(entries_.begin(), entries_.end(),
                                        [&](const auto& entry) { return entry.first.ends_with(kPickle); });
        if (found == entries_.end())
            throw ModelError(
                fmt::format("{}: is a zip file, but no PyTorch checkpoint: it has no data.pkl", file));
        prefix_ = found->first.substr(0, found->first.size() - kPickle.size());
        const auto order = entries_.find(prefix_ + "/byteorder");
        if (order != entries_.end() && order->second.size == 3)  // "big"
            throw ModelError(
                fmt::format("{}: has big-endian numbers; save it again on a usual machine", file));
        const auto pickled = stored(found->first);
        if (pickled.size() > kLargestPickle)
            throw ModelError(fmt::format("{}: is no checkpoint of a Whisper model: its pickle has {} bytes",
                                         file, pickled.size()));
        document_ = pickle::parse(pickled, kAllowed, file);
    }

    Contents read() const {
        const Value& root = document_[document_.root];
        const Value* dims = document_.find(root, "dims");
        const Value* state = document_.find(root, "model_state_dict");
        if (dims == nullptr || state == nullptr || dims->kind != Kind::dict || state->kind != Kind::dict)
            throw ModelError(fmt::format(
                "{}: is a PyTorch file, but no checkpoint of openai-whisper: it lacks \"dims\" or "
                "\"model_state_dict\"",
                file_));
        Contents contents;
        for (const auto& [name, field] : kDimensionFields)
            contents.dimensions.*field = dimension(*dims, name);
        for (size_t i = 0; i + 1 < state->items.size(); i += 2) {
            const Value& name = document_[state->items[i]];
            if (name.kind != Kind::text) damaged("a tensor's name is no text");
            if (const auto data = tensor(document_[state->items[i + 1]], plain(name.text)))
                contents.tensors.insert_or_assign(name.text, *data);
        }
        return contents;
    }

  private:
    [[noreturn]] void damaged(const std::string& what) const {
        throw ModelError(fmt::format("{}: is damaged: {}", file_, what));
    }

    std::span<const std::byte> stored(const std::string& name) const {
        const auto found = entries_.find(name);
        if (found == entries_.end()) damaged(fmt::format("it has no {}", plain(name)));
        if (found->second.deflated)
            throw ModelError(
                fmt::format("{}: its {} is packed, and PyTorch does not pack; unzip it and zip it with -0",
                            file_, plain(name)));
        return found->second.bytes;
    }

    size_t dimension(const Value& dims, const char* name) const {
        const Value* value = document_.find(dims, name);
        if (value == nullptr || value->kind != Kind::number || value->number <= 0)
            damaged(fmt::format("its dims have no {}", name));
        return static_cast<size_t>(value->number);
    }

    const Value& argument(const Value& call, size_t index) const {
        const Value& arguments = document_[call.items[1]];
        if (index >= arguments.items.size()) damaged("a tensor is made with too few arguments");
        return document_[arguments.items[index]];
    }

    std::vector<size_t> sizes(const Value& tuple, const std::string& name) const {
        std::vector<size_t> out;
        if (tuple.kind != Kind::sequence || tuple.items.size() > kMaxRank)
            damaged(fmt::format("tensor {} has no list of at most {} sizes", name, kMaxRank));
        for (const pickle::Id id : tuple.items) {
            const Value& size = document_[id];
            if (size.kind != Kind::number || size.number < 0)
                damaged(fmt::format("tensor {} has a size that is no number", name));
            out.push_back(static_cast<size_t>(size.number));
        }
        return out;
    }

    // Row-major and without gaps; the stride of a dimension of one does not matter.
    static bool is_contiguous(const std::vector<size_t>& shape, const std::vector<size_t>& strides) {
        if (shape.size() != strides.size()) return false;
        size_t wanted = 1;
        for (size_t i = shape.size(); i > 0; --i) {
            if (shape[i - 1] != 1 && strides[i - 1] != wanted) return false;
            if (__builtin_mul_overflow(wanted, shape[i - 1], &wanted)) return false;
        }
        return true;
    }

    // None if it is of a type that Whisper does not have, or no tensor at all.
    std::optional<TensorData> tensor(const Value& given, const std::string& name) const {
        const Value* value = &given;
        if (value->kind == Kind::call && document_[value->items[0]].text == kRebuildParameter)
            value = &argument(*value, 0);
        if (value->kind != Kind::call || document_[value->items[0]].text != kRebuildTensor)
            return std::nullopt;
        const Value& persistent = argument(*value, 0);
        if (persistent.kind != Kind::persistent) damaged(fmt::format("tensor {} has no storage", name));
        const Value& storage = document_[persistent.items[0]];
        if (storage.kind != Kind::sequence || storage.items.size() < 5 ||
            document_[storage.items[0]].text != "storage" || document_[storage.items[2]].kind != Kind::text)
            damaged(fmt::format("tensor {} has no storage", name));
        const std::string& type_name = document_[storage.items[1]].text;
        const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                       [&](const auto& known) { return known.first == type_name; });
        if (type == std::end(kTypes)) return std::nullopt;
        const auto bytes = stored(prefix_ + "/data/" + document_[storage.items[2]].text);

        TensorData data;
        data.dtype = type->second;
        data.shape = sizes(argument(*value, 2), name);
        if (!is_contiguous(data.shape, sizes(argument(*value, 3), name)))
            damaged(fmt::format("tensor {} does not lie row by row", name));
        const Value& offset = argument(*value, 1);
        const auto count = element_count(data.shape);
        const size_t elements = bytes.size() / size_of(data.dtype);
        if (!count || offset.kind != Kind::number || offset.number < 0 ||
            static_cast<uint64_t>(offset.number) > elements ||
            *count > elements - static_cast<size_t>(offset.number))
            damaged(fmt::format("tensor {} {} does not fit into its storage of {} bytes", name,
                                to_string(data.shape), bytes.size()));
        data.bytes = bytes.subspan(static_cast<size_t>(offset.number) * size_of(data.dtype),
                                   *count * size_of(data.dtype));
        return data;
    }

    const std::string& file_;
    ZipDirectory entries_;
    std::string prefix_;
    Document document_;
};

void check_dimensions(const Dimensions& stated, const Dimensions& d, const std::string& file) {
    for (const auto& [name, member] : kDimensionFields) {
        if (stated.*member != d.*member)
            throw ModelError(fmt::format("{}: is damaged: {} is {}, but the tensors make it {}", file, name,
                                         stated.*member, d.*member));
    }
}

class TorchCheckpoint final : public TensorCheckpoint {
  public:
    using TensorCheckpoint::TensorCheckpoint;
    std::optional<BytePairs> vocabulary(size_t n_text) const override { return builtin_vocabulary(n_text); }
};

}  // namespace

bool recognises(const std::filesystem::path& path) {
    return is_zip(first_bytes(path, 4)) || is_plain_file(path / kModelFile);
}

Contents parse(std::span<const std::byte> bytes, const std::string& file) {
    return Reader(bytes, file).read();
}

std::optional<TensorData> find(const Contents& contents, std::string_view openai_name) {
    const auto found = contents.tensors.find(openai_name);
    return found == contents.tensors.end() ? std::nullopt : std::optional(found->second);
}

std::unique_ptr<Checkpoint> open(const std::filesystem::path& path) {
    const std::filesystem::path weights = is_plain_file(path) ? path : path / kModelFile;
    const std::string file = weights.string();
    std::vector<MappedFile> files;
    files.emplace_back(weights);
    const Contents contents = parse(files.front().bytes(), file);
    auto checkpoint = std::make_unique<TorchCheckpoint>(
        [&](std::string_view name) { return find(contents, name); }, file, "PyTorch", std::move(files));
    check_dimensions(contents.dimensions, checkpoint->dimensions(), file);
    if (const CatalogEntry* like = find_in_catalog(contents.dimensions, path.filename().string()))
        checkpoint->set_alignment_heads(like->alignment_heads);
    return checkpoint;
}

}  // namespace npuscribe::torch
