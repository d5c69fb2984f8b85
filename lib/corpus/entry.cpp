#include "corpus/entry.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "corpus/json_line.h"

namespace npuscribe::corpus {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLongest = 1e9;  // seconds, 31 years: larger numbers would not fit where they are counted

[[noreturn]] void refuse(std::string_view name, size_t line, std::string_view problem) {
    throw UsageError(fmt::format("invalid line {} of {}: {}", line, name, problem));
}

std::optional<double> number(const Json& object, const char* field, double above, bool or_equal,
                             std::string_view name, size_t line) {
    const auto found = object.find(field);
    if (found == object.end() || found->is_null()) return std::nullopt;
    const double value = found->is_number() ? found->get<double>() : std::nan("");
    if (!(or_equal ? value >= above : value > above) || value > kLongest)
        refuse(name, line,
               fmt::format("its {} is {}; expected seconds {} 0 and at most {}", field, found->dump(),
                           or_equal ? "of at least" : "above", kLongest));
    return value;
}

std::optional<std::string> text(const Json& object, const char* field, std::string_view name, size_t line) {
    const auto found = object.find(field);
    if (found == object.end() || found->is_null()) return std::nullopt;
    if (!found->is_string())
        refuse(name, line, fmt::format("its {} is {}; expected text", field, found->dump()));
    return found->get<std::string>();
}

Entry entry_of(Json object, const fs::path& directory, std::string_view name, size_t line) {
    Entry entry;
    const auto audio = text(object, "audio_filepath", name, line);
    if (!audio || audio->empty())
        refuse(name, line,
               R"(it names no recording; expected a line such as {"audio_filepath": "talk.wav"})");
    if (*audio == "-") refuse(name, line, "its audio_filepath is '-'; expected a file");
    entry.audio = is_address(*audio) ? fs::path(*audio) : directory / *audio;
    entry.offset = number(object, "offset", 0, true, name, line);
    entry.duration = number(object, "duration", 0, false, name, line);
    entry.reference = text(object, "text", name, line);
    for (const char* used : {"audio_filepath", "offset", "duration", "text"}) object.erase(used);
    entry.fields = object.dump();
    return entry;
}

}  // namespace

bool is_address(const fs::path& path) {
    return path.native().find("://") != std::string::npos;
}

fs::path absolute_by_name(const fs::path& path) {
    if (is_address(path)) return path;
    static const fs::path current = fs::current_path();  // asked once: a list may have 100,000 names
    return (current / path).lexically_normal();
}

std::string key(const fs::path& audio, double offset) {
    fs::path path = absolute_by_name(audio);
    if (!path.has_filename()) path = path.parent_path();  // "/data/", a directory
    return fmt::format("{}\n{}", utf8::repair(path.string()), std::llround(1000 * offset));
}

bool is_manifest(const fs::path& name, std::string_view text) {
    return to_lower(name.extension().string()) == ".jsonl" || text.starts_with('{');
}

std::vector<Entry> read_manifest(std::string_view text, const fs::path& directory, std::string_view name) {
    std::vector<Entry> entries;
    size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (strip(line).empty()) continue;
        if (nests_too_deep(line)) refuse(name, number, "its fields nest more than 100 deep");
        Json object = Json::parse(line, nullptr, false);
        if (!object.is_object()) refuse(name, number, "it is no JSON object");
        entries.push_back(entry_of(std::move(object), directory, name, number));
    }
    return entries;
}

std::string to_line(const Entry& entry) {
    Json out = {{"audio_filepath", absolute_by_name(entry.audio).string()}};
    if (entry.offset) out["offset"] = *entry.offset;
    if (entry.duration) out["duration"] = *entry.duration;
    if (entry.reference) out["text"] = *entry.reference;
    out.update(Json::parse(entry.fields));
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npuscribe::corpus
