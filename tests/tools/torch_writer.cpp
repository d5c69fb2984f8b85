#include "torch_writer.h"

#include <bit>
#include <cstring>

#include "ggml_writer.h"

namespace npuscribe::test {
namespace {

template <class T>
std::string number(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

std::string bytes_of_values(DType dtype, const std::vector<float>& values) {
    std::string bytes;
    for (const float value : values) {
        if (dtype == DType::f32) bytes += number(value);
        if (dtype == DType::f16) bytes += number(round_to_f16(value));
        if (dtype == DType::bf16)
            bytes += number(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    }
    return bytes;
}

}  // namespace

std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries, bool in_64_bits) {
    std::string out;
    std::string directory;
    const uint32_t escaped = ~uint32_t{0};
    for (const auto& [name, content] : entries) {
        const auto size = static_cast<uint32_t>(content.size());
        const auto offset = static_cast<uint32_t>(out.size());
        const auto name_size = static_cast<uint16_t>(name.size());
        const std::string extra = !in_64_bits
                                      ? ""
                                      : number(uint16_t{1}) + number(uint16_t{24}) + number(uint64_t{size}) +
                                            number(uint64_t{size}) + number(uint64_t{offset});
        const auto extra_size = static_cast<uint16_t>(extra.size());
        // Version, flags, method, time and date, checksum.
        const std::string common = number(uint16_t{45}) + std::string(12, '\0');
        out += "PK\x03\x04" + common + number(size) + number(size) + number(name_size) + number(uint16_t{5}) +
               name + "FB\x01" + std::string(2, '\0') + content;  // PyTorch pads with an extra field
        directory += "PK\x01\x02" + number(uint16_t{45}) + common + number(in_64_bits ? escaped : size) +
                     number(in_64_bits ? escaped : size) + number(name_size) + number(extra_size) +
                     std::string(10, '\0') + number(in_64_bits ? escaped : offset) + name + extra;
    }
    const auto count = static_cast<uint16_t>(entries.size());
    const auto at = out.size();
    out += directory;
    if (in_64_bits) {
        const auto record = out.size();
        out += std::string("PK\x06\x06", 4) + number(uint64_t{44}) + std::string(12, '\0') +
               number(uint64_t{count}) + number(uint64_t{count}) + number(uint64_t{directory.size()}) +
               number(uint64_t{at});
        out += std::string("PK\x06\x07", 4) + number(uint32_t{0}) + number(uint64_t{record}) +
               number(uint32_t{1});
    }
    return out + std::string("PK\x05\x06", 4) + std::string(4, '\0') + number(count) + number(count) +
           number(in_64_bits ? escaped : static_cast<uint32_t>(directory.size())) +
           number(in_64_bits ? escaped : static_cast<uint32_t>(at)) + std::string(2, '\0');
}

std::string pickled_text(const std::string& text) {
    return "X" + number(static_cast<uint32_t>(text.size())) + text;
}

std::string pickled_number(int64_t value) {
    if (value >= 0 && value < 256) return "K" + number(static_cast<uint8_t>(value));
    if (value >= 0 && value < 65536) return "M" + number(static_cast<uint16_t>(value));
    return "J" + number(static_cast<int32_t>(value));
}

std::string pickled_tuple(const std::vector<std::string>& items) {
    std::string out = "(";
    for (const std::string& item : items) out += item;
    return out + "t";
}

std::string pickled_tensor(const std::string& type, const std::string& key, const std::vector<size_t>& shape,
                           size_t offset) {
    std::vector<std::string> sizes;
    std::vector<std::string> strides;
    uint64_t count = 1;  // unsigned, because a damaged shape's may not fit
    for (const size_t dimension : shape) sizes.push_back(pickled_number(static_cast<int64_t>(dimension)));
    for (size_t i = shape.size(); i > 0; --i) {
        strides.insert(strides.begin(), pickled_number(static_cast<int64_t>(count)));
        count *= shape[i - 1];
    }
    const std::string storage =
        pickled_tuple({pickled_text("storage"), "ctorch\n" + type + "\n", pickled_text(key),
                       pickled_text("cpu"), pickled_number(static_cast<int64_t>(count))}) +
        "Q";
    return "ctorch._utils\n_rebuild_tensor_v2\n" +
           pickled_tuple({storage, pickled_number(static_cast<int64_t>(offset)), pickled_tuple(sizes),
                          pickled_tuple(strides), "\x89", "ccollections\nOrderedDict\n)R"}) +
           "R";
}

std::string pickled_checkpoint(const Dimensions& dimensions,
                               const std::vector<std::pair<std::string, std::string>>& tensors) {
    std::string dims = "}(";
    for (const auto& [name, field] : kDimensionFields)
        dims += pickled_text(name) + pickled_number(static_cast<int64_t>(dimensions.*field));
    std::string state = "ccollections\nOrderedDict\n)R(";
    for (const auto& [name, opcodes] : tensors) state += pickled_text(name) + opcodes;
    return "\x80\x02}(" + pickled_text("dims") + dims + "u" + pickled_text("model_state_dict") + state +
           "uu.";
}

std::string torch_checkpoint(const Dimensions& dimensions, DType dtype,
                             const std::function<std::vector<float>(const NamedShape& tensor)>& values) {
    const std::string type = dtype == DType::f32   ? "FloatStorage"
                             : dtype == DType::f16 ? "HalfStorage"
                                                   : "BFloat16Storage";
    std::vector<std::pair<std::string, std::string>> tensors;
    std::vector<std::pair<std::string, std::string>> entries(1);
    for (const NamedShape& tensor : whisper_tensors(dimensions)) {
        const std::string key = std::to_string(tensors.size());
        tensors.emplace_back(tensor.name, pickled_tensor(type, key, tensor.shape));
        entries.emplace_back("small/data/" + key, bytes_of_values(dtype, values(tensor)));
    }
    entries.front() = {"small/data.pkl", pickled_checkpoint(dimensions, tensors)};
    entries.emplace_back("small/version", "3\n");
    return zip_of(entries);
}

}  // namespace npuscribe::test
