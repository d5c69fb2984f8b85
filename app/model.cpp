#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "command_line.h"
#include "commands.h"
#include "exit_code.h"
#include "model/model.h"

namespace npuscribe::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kHelp =
    "Usage: npuscribe model list\n"
    "       npuscribe model info [NAME|DIR]\n\n"
    "list: the models that npuscribe knows by name, and whether they have been fetched.\n"
    "info: a model's dimensions, format and languages (default: base).\n";

// Bytes of the files in a directory, subdirectories not counted.
uintmax_t size_of(const fs::path& directory) {
    uintmax_t bytes = 0;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::error_code ignored;
        if (const uintmax_t size = entry->file_size(ignored); !ignored) bytes += size;
    }
    return bytes;
}

int list() {
    const fs::path models = models_directory();
    std::string out = fmt::format("{:<18} {}\n", "NAME", "FETCHED");
    for (const std::string& name : known_models()) {
        std::error_code ignored;
        const fs::path directory = models / name;
        const bool fetched = fs::is_directory(directory, ignored);
        const std::string size = fmt::format("{:.0f} MB", static_cast<double>(size_of(directory)) / 1e6);
        out += fmt::format("{:<18} {}\n", name, fetched ? size + "  " + directory.string() : "no");
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
    row("n_mels", std::to_string(d.n_mels));
    row("n_audio_ctx", std::to_string(d.n_audio_ctx));
    row("n_audio_state", std::to_string(d.n_audio_state));
    row("n_audio_head", std::to_string(d.n_audio_head));
    row("n_audio_layer", std::to_string(d.n_audio_layer));
    row("n_vocab", std::to_string(d.n_vocab));
    row("n_text_ctx", std::to_string(d.n_text_ctx));
    row("n_text_state", std::to_string(d.n_text_state));
    row("n_text_head", std::to_string(d.n_text_head));
    row("n_text_layer", std::to_string(d.n_text_layer));
    row("alignment heads", std::to_string(model.checkpoint->alignment_heads().size()));
    std::fputs(out.c_str(), stdout);
    return kDone;
}

}  // namespace

int model(const std::vector<std::string>& arguments) {
    if (asks_for_help(arguments)) {
        std::fputs(kHelp, stdout);
        return kDone;
    }
    const std::vector<std::string> words = parse({}, arguments);
    if (!words.empty() && words[0] == "list" && words.size() == 1) return list();
    if (!words.empty() && words[0] == "info" && words.size() <= 2)
        return info(words.size() == 2 ? words[1] : "base");
    throw UsageError(
        words.empty() ? "model: it needs to be told what to do: npuscribe model list, or npuscribe model info"
                      : fmt::format("model: '{}' was given; allowed is list, or info with at most one model",
                                    fmt::join(words, " ")));
}

}  // namespace npuscribe::app
