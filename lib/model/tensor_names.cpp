#include "model/tensor_names.h"

#include <charconv>

namespace npuscribe {

std::optional<BlockName> parse_block_name(std::string_view name) {
    constexpr std::string_view kBlocks = ".blocks.";
    BlockName block;
    const size_t blocks = name.find(kBlocks);
    if (blocks == std::string_view::npos) return std::nullopt;
    block.part = name.substr(0, blocks);
    name.remove_prefix(blocks + kBlocks.size());
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), block.layer);
    if (error != std::errc()) return std::nullopt;
    name.remove_prefix(static_cast<size_t>(end - name.data()));
    const size_t last_dot = name.rfind('.');
    if (!name.starts_with('.') || last_dot == 0 || last_dot == std::string_view::npos) return std::nullopt;
    block.module = name.substr(1, last_dot - 1);
    block.parameter = name.substr(last_dot + 1);
    return block;
}

}  // namespace npuscribe
