#include "model/json_file.h"

#include <fmt/format.h>

#include <cstdint>
#include <fstream>

#include "base/error.h"

namespace npuscribe {

std::string read_text_file(const std::filesystem::path& path, size_t max_bytes) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::is_regular_file(status))
        throw ModelError(fmt::format("{}: no such file", path.string()));
    const auto size = std::filesystem::file_size(path, error);
    if (error) throw ModelError(fmt::format("{}: {}", path.string(), error.message()));
    if (size > max_bytes)
        throw ModelError(
            fmt::format("{}: has {} bytes, at most {} are read", path.string(), size, max_bytes));
    std::string text(static_cast<size_t>(size), '\0');
    std::ifstream stream(path, std::ios::binary);
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream) throw ModelError(fmt::format("{}: cannot be read", path.string()));
    return text;
}

nlohmann::json parse_json(std::string_view text, const std::string& file) {
    try {
        return nlohmann::json::parse(text.begin(), text.end());
    } catch (const nlohmann::json::parse_error& error) {
        // Not error.what(): it repeats bytes of the file, which may be anything.
        throw ModelError(fmt::format("{}: is not JSON (byte {})", file, error.byte));
    } catch (const nlohmann::json::exception&) {
        throw ModelError(fmt::format("{}: is not JSON that can be read", file));  // a number out of range
    }
}

nlohmann::json read_json_object(const std::filesystem::path& path) {
    auto json = parse_json(read_text_file(path), path.string());
    if (!json.is_object()) throw ModelError(fmt::format("{}: holds no JSON object", path.string()));
    return json;
}

nlohmann::json read_json_object_if_there(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return nlohmann::json::object();
    return read_json_object(path);
}

std::optional<size_t> optional_count(const nlohmann::json& object, const char* key, const std::string& file) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return std::nullopt;
    if (!found->is_number_unsigned())
        throw ModelError(
            fmt::format("{}: \"{}\" is a {}, expected a whole number", file, key, found->type_name()));
    return found->get<size_t>();
}

std::vector<std::pair<int, int>> read_alignment_heads(const nlohmann::json& object, size_t n_layers,
                                                      size_t n_heads, const std::string& file) {
    std::vector<std::pair<int, int>> heads;
    const auto found = object.find("alignment_heads");
    if (found == object.end() || found->is_null()) return heads;
    const auto damaged = [&] {
        return ModelError(
            fmt::format("{}: \"alignment_heads\" is not a list of [layer, head] of {} layers and {} heads",
                        file, n_layers, n_heads));
    };
    if (!found->is_array()) throw damaged();
    for (const auto& pair : *found) {
        if (!pair.is_array() || pair.size() != 2) throw damaged();
        if (!pair[0].is_number_unsigned() || !pair[1].is_number_unsigned()) throw damaged();
        const auto layer = pair[0].get<uint64_t>();
        const auto head = pair[1].get<uint64_t>();
        if (layer >= n_layers || head >= n_heads) throw damaged();
        heads.emplace_back(static_cast<int>(layer), static_cast<int>(head));
    }
    return heads;
}

}  // namespace npuscribe
