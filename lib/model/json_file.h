#pragma once
// Reading JSON files that may be damaged.

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace npuscribe {

inline constexpr size_t kMaxJsonBytes = size_t{32} << 20;  // tokenizer.json is 2 to 4 MB

/// The whole file. Throws ModelError if it cannot be read or is larger than `max_bytes`.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes = kMaxJsonBytes);

/// Throws ModelError, naming `file`, if `text` is not JSON.
nlohmann::json parse_json(std::string_view text, const std::string& file);

/// The JSON object in a file. Throws ModelError if the file holds anything else.
nlohmann::json read_json_object(const std::filesystem::path& path);
/// The same, or an empty object if there is no such file.
nlohmann::json read_json_object_if_there(const std::filesystem::path& path);

/// object[key] as a count; none if it is missing or null. Throws ModelError if it is something else.
std::optional<size_t> optional_count(const nlohmann::json& object, const char* key, const std::string& file);

/// "alignment_heads": [[layer, head], ...] with layers below `n_layers` and heads below `n_heads`; empty
/// if missing or null. Throws ModelError if it is something else.
std::vector<std::pair<int, int>> read_alignment_heads(const nlohmann::json& object, size_t n_layers,
                                                      size_t n_heads, const std::string& file);

}  // namespace npuscribe
