#pragma once
// The parts of OpenAI's state-dict names, for formats that have other names.

#include <cstddef>
#include <optional>
#include <string_view>

namespace npuscribe {

/// "decoder.blocks.3.cross_attn.query.weight" is part "decoder", layer 3, module "cross_attn.query",
/// parameter "weight".
struct BlockName {
    std::string_view part;
    size_t layer = 0;
    std::string_view module;
    std::string_view parameter;
};

/// None if `name` is not inside a block.
std::optional<BlockName> parse_block_name(std::string_view name);

}  // namespace npuscribe
