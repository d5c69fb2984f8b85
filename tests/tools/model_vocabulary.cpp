#include "model_vocabulary.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/utf8.h"
#include "model/languages.h"

namespace npuscribe::test {
namespace {

namespace fs = std::filesystem;

bool stands_for_itself(char32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

bool of_whisper(const Dimensions& d) {
    return d.n_vocab >= 51864 && d.n_vocab <= 51866;
}

// GPT-2's bytes_to_unicode: first the bytes that stand for themselves, then the others as U+0100 and on.
std::vector<std::string> byte_tokens() {
    std::vector<std::string> printable;
    std::vector<std::string> others;
    for (char32_t byte = 0; byte < 256; ++byte) {
        const bool itself = stands_for_itself(byte);
        std::string text;
        utf8::append(text, itself ? byte : 256 + static_cast<char32_t>(others.size()));
        (itself ? printable : others).push_back(std::move(text));
    }
    printable.insert(printable.end(), others.begin(), others.end());
    return printable;
}

std::vector<std::string> made_up_tokens(const Dimensions& d) {
    auto tokens = byte_tokens();
    const size_t n_text = d.multilingual() ? 50257 : 50256;
    for (size_t pair = 0; tokens.size() < n_text; ++pair)
        tokens.push_back(tokens[pair / 256] + tokens[pair % 256]);
    tokens.insert(tokens.end(), {"<|endoftext|>", "<|startoftranscript|>"});
    for (const Language& language : whisper_languages().first(d.n_languages()))
        tokens.push_back("<|" + std::string(language.code) + "|>");
    for (const char* name :
         {"translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"})
        tokens.push_back("<|" + std::string(name) + "|>");
    for (int i = 0; tokens.size() < d.n_vocab; ++i) {
        char text[32];
        std::snprintf(text, sizeof text, "<|%d.%02d|>", i / 50, i % 50 * 2);
        tokens.emplace_back(text);
    }
    return tokens;
}

}  // namespace

void write_vocabulary(const fs::path& directory, const RandomModel& model) {
    const Dimensions& d = model.dimensions;
    if (!model.vocabulary.empty()) {
        bool copied = false;
        for (const char* name : {"vocabulary.txt", "vocabulary.json", "vocab.json", "merges.txt",
                                 "added_tokens.json", "tokenizer.json"}) {
            if (!fs::exists(model.vocabulary / name)) continue;
            fs::copy_file(model.vocabulary / name, directory / name, fs::copy_options::overwrite_existing);
            copied = true;
        }
        if (!copied) throw std::runtime_error(model.vocabulary.string() + " has no vocabulary to copy");
        return;
    }
    if (!of_whisper(d)) return;
    const auto tokens = made_up_tokens(d);
    if (model.format == ModelFormat::ct2) {
        std::ofstream out(directory / "vocabulary.txt", std::ios::binary);
        for (const auto& token : tokens) out << token << '\n';
        return;
    }
    nlohmann::json ids;
    const size_t n_text = d.multilingual() ? 50257 : 50256;
    for (size_t id = 0; id < n_text; ++id) ids[tokens[id]] = id;
    std::ofstream(directory / "vocab.json", std::ios::binary) << ids.dump();
}

std::vector<std::string> made_up_text_tokens(const Dimensions& d) {
    std::vector<std::string> tokens;
    if (!of_whisper(d)) return tokens;
    for (const bool itself : {true, false}) {
        for (char32_t byte = 0; byte < 256; ++byte) {
            if (stands_for_itself(byte) == itself) tokens.emplace_back(1, static_cast<char>(byte));
        }
    }
    const size_t n_text = d.multilingual() ? 50257 : 50256;
    for (size_t pair = 0; tokens.size() < n_text; ++pair)
        tokens.push_back(tokens[pair / 256] + tokens[pair % 256]);
    return tokens;
}

}  // namespace npuscribe::test
