#include "welcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "model/catalog.h"
#include "model/model.h"

namespace npuscribe::app {
namespace {

constexpr const char* kDefaultModel = "base";

// A download has two bytes a weight (16-bit floats); biases and norms, a thousandth of it, are left out.
// The layers' matrices: 4 n² of attention, and 4 more of the decoder's cross-attention, and 8 n² behind it
// (openai/whisper, whisper/model.py).
double download_megabytes(const Dimensions& d) {
    const double audio = static_cast<double>(d.n_audio_state);
    const double text = static_cast<double>(d.n_text_state);
    const double convolutions = 3 * static_cast<double>(d.n_mels) * audio + 3 * audio * audio;
    const double positions =
        static_cast<double>(d.n_audio_ctx) * audio + static_cast<double>(d.n_text_ctx) * text;
    const double layers = 12 * static_cast<double>(d.n_audio_layer) * audio * audio +
                          16 * static_cast<double>(d.n_text_layer) * text * text;
    return 2e-6 * (convolutions + positions + layers + static_cast<double>(d.n_vocab) * text);
}

std::string size_text(const std::string& model) {
    const CatalogEntry* entry = find_in_catalog(model);
    if (entry == nullptr) return "";
    const double megabytes = download_megabytes(entry->dimensions);
    return megabytes < 1000 ? fmt::format("{:.0f} MB", megabytes)
                            : fmt::format("{:.1f} GB", megabytes / 1000);
}

bool is_on_disk(const CatalogEntry& entry) {
    return find_fetched(entry.name).has_value();
}

std::string command_line(const std::string& command, const std::string& what) {
    return fmt::format("  {:<34}  {}\n", command, what);
}

std::string fetch_line(const std::string& model) {
    return command_line(fmt::format("npuscribe model fetch {}", model),
                        fmt::format("download the model {}: {}, once", model, size_text(model)));
}

/// In single quotes if a shell would read it otherwise.
std::string for_shell(const std::string& word) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_./,:=+@%").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

std::string welcome() {
    const bool fetched = std::any_of(catalog().begin(), catalog().end(), is_on_disk);
    std::string out = "npuscribe transcribes speech. To start:\n\n";
    if (!fetched) out += fetch_line(kDefaultModel);
    out += command_line("npuscribe talk.mp3", "print what is said");
    out += command_line("npuscribe film.mkv -f srt", "write subtitles to film.srt");
    if (fetched) out += command_line("npuscribe -r talks/ -f txt -o out", "transcribe all of a directory");
    return out + "\nnpuscribe --help shows the options that people use most.\n";
}

void require_model(const std::string& model, const std::string& input) {
    const CatalogEntry* entry = find_in_catalog(model);
    std::error_code ignored;
    if (entry == nullptr || is_on_disk(*entry) || std::filesystem::is_directory(model, ignored)) return;
    const std::string option = entry->name == kDefaultModel ? "" : fmt::format("-m {} ", entry->name);
    std::vector<std::string> choices;
    for (const char* name : {"tiny", "base", "small", "large-v3-turbo"})
        choices.push_back(fmt::format("{} {}", name, size_text(name)));
    const std::string next =
        "\n" + fetch_line(entry->name) +
        command_line(fmt::format("npuscribe {}{}", option, for_shell(input)), "then this run again") +
        fmt::format(
            "\nIt comes from Hugging Face and is kept. No audio ever leaves this machine.\n"
            "Fast to accurate: {}.\n"
            "npuscribe model list shows all; -m PATH takes one that you have.\n",
            fmt::join(choices, ", "));
    throw MissingModel(fmt::format("model {} is not in {}; fetch it with npuscribe model fetch {}",
                                   entry->name, models_directory().string(), entry->name),
                       next);
}

}  // namespace npuscribe::app
