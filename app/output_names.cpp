#include "output_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "audio/stream.h"
#include "base/error.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

// An input that cannot be read counts if it looks like a recording: a directory without one does not.
bool has_outputs(const Input& input) {
    return input.error.empty() || audio::is_audio_file_name(input.path);
}

/// "-12.5" for a part of a recording that begins there.
std::string offset_suffix(const Input& input, bool has_other_parts) {
    if (!input.entry || !input.entry->offset) return {};
    const double offset = *input.entry->offset;
    return offset > 0 || has_other_parts ? fmt::format("-{}", offset) : std::string();
}

bool is_below(const fs::path& path, const fs::path& root) {
    const auto [end, _] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    return end == root.end();
}

// Standard input and addresses lie in no directory.
bool is_file(const Input& input) {
    return input.path != "-" && !corpus::is_address(input.path);
}

fs::path directory_of(const Input& input) {
    return corpus::absolute_by_name(input.path).parent_path();
}

}  // namespace

std::string decide_names(std::vector<Input>& inputs) {
    std::map<std::string, size_t> parts;
    for (const Input& input : inputs) {
        if (input.entry) ++parts[input.path.string()];
    }
    std::vector<size_t> open;
    std::vector<std::string> full(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
        Input& input = inputs[i];
        if (!input.name.empty()) continue;
        const std::string suffix = offset_suffix(input, input.entry && parts[input.path.string()] > 1);
        input.name = stem(input.path) + suffix;
        full[i] = file_name(input.path) + suffix;
        open.push_back(i);
    }
    // A full name may meet another stem (x.wav beside x.wav.flac), so this is done until nothing changes.
    size_t renamed = 0;
    std::string example;
    for (bool changed = true; changed;) {
        changed = false;
        std::map<std::string, std::vector<size_t>> groups;  // a path compares its names one by one
        for (const size_t i : open) {
            if (has_outputs(inputs[i]))
                groups[(inputs[i].below / inputs[i].name).lexically_normal().string()].push_back(i);
        }
        for (const auto& [_, members] : groups) {
            std::set<std::string> full_names;
            for (const size_t i : members) full_names.insert(full[i]);
            if (full_names.size() < 2) continue;
            for (const size_t i : members) {
                if (inputs[i].path == "-" || inputs[i].name == full[i]) continue;
                inputs[i].name = full[i];
                changed = true;
                if (++renamed <= 2) example += (example.empty() ? "" : ", ") + full[i];
            }
        }
    }
    if (renamed == 0) return {};
    return fmt::format(
        "{} inputs differ from others only in their extension; their outputs keep it in their names: {}{}",
        renamed, example, renamed > 2 ? ", ..." : "");
}

fs::path root_of(const std::vector<Input>& listed, const std::string& given, const fs::path& base) {
    if (!given.empty()) {
        fs::path root = corpus::absolute_by_name(given);
        if (!root.has_filename()) root = root.parent_path();  // "/data/"
        for (const Input& input : listed) {
            if (!is_file(input)) continue;
            if (!is_below(corpus::absolute_by_name(input.path), root))
                throw UsageError(
                    fmt::format("invalid value '{}' for --root: {} of the list is not below it; give a "
                                "directory that holds all files of the list",
                                given, input.path.string()));
        }
        return root;
    }
    fs::path root = corpus::absolute_by_name(base);
    if (!root.has_filename()) root = root.parent_path();
    const auto outside = std::find_if(listed.begin(), listed.end(), [&](const Input& input) {
        return is_file(input) && !is_below(corpus::absolute_by_name(input.path), root);
    });
    if (outside == listed.end()) return root;
    root = directory_of(*outside);
    for (const Input& input : listed) {
        if (!is_file(input)) continue;
        const fs::path directory = directory_of(input);
        while (!is_below(directory, root)) root = root.parent_path();
    }
    return root;
}

void keep_directories(std::vector<Input>& listed, const fs::path& root) {
    for (Input& input : listed) {
        if (!is_file(input)) continue;
        input.below = directory_of(input).lexically_relative(root);
        if (input.below == ".") input.below.clear();
    }
}

}  // namespace npuscribe::app
