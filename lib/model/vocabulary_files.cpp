#include "model/vocabulary_files.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/json_file.h"

namespace npuscribe {
namespace {

namespace fs = std::filesystem;

// Collects tokens in any order of ids. Views of texts that the caller keeps.
class Collector {
  public:
    Collector(size_t n_text, std::string file)
        : n_text_(n_text), tokens_(n_text + 2), file_(std::move(file)) {}

    void add(size_t id, std::string_view token) {
        if (id >= tokens_.size()) return;  // languages, tasks, timestamps: their ids follow from n_vocab
        if (tokens_[id].data() != nullptr && tokens_[id] != token)
            throw ModelError(file_ + ": has id " + std::to_string(id) + " twice");
        tokens_[id] = token;
    }

    BytePairs finish() {
        BytePairs vocabulary;
        std::string bytes;
        for (size_t id = 0; id < n_text_; ++id) {
            if (tokens_[id].data() == nullptr) {
                // Where a vocabulary has an empty token (the last, in the multilingual one), some files leave
                // it out.
                if (id + 1 < n_text_)
                    throw ModelError(file_ + ": lacks token " + std::to_string(id) + " of " +
                                     std::to_string(n_text_));
                tokens_[id] = std::string_view("", 0);
            }
            bytes.clear();
            if (!bytes_of_gpt2_text(tokens_[id], bytes))
                throw ModelError(file_ + ": token " + std::to_string(id) +
                                 " is not in the byte alphabet of GPT-2");
            vocabulary.add(bytes);
        }
        check_special(n_text_, "<|endoftext|>");
        check_special(n_text_ + 1, "<|startoftranscript|>");
        check_bytes(vocabulary);
        return vocabulary;
    }

  private:
    void check_special(size_t id, std::string_view wanted) const {
        if (tokens_[id].data() != nullptr && tokens_[id] != wanted)
            throw ModelError(file_ + ": token " + std::to_string(id) + " is not " + std::string(wanted) +
                             ": not the vocabulary of this model");
    }

    void check_bytes(const BytePairs& text) const {
        std::vector<bool> seen(256);
        for (size_t id = 0; id < text.size(); ++id) {
            if (text.bytes(id).size() == 1) seen[static_cast<uint8_t>(text.bytes(id)[0])] = true;
        }
        for (size_t byte = 0; byte < seen.size(); ++byte) {
            if (!seen[byte]) throw ModelError(file_ + ": has no token for byte " + std::to_string(byte));
        }
    }

    size_t n_text_;
    std::vector<std::string_view> tokens_;
    std::string file_;
};

BytePairs from_lines(const fs::path& path, size_t n_text) {
    const std::string content = read_text_file(path);
    Collector collector(n_text, path.string());
    std::string_view rest = content;
    for (size_t id = 0; !rest.empty(); ++id) {
        const size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        collector.add(id, line);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return collector.finish();
}

BytePairs from_list(const fs::path& path, size_t n_text) {
    const auto json = parse_json(read_text_file(path), path.string());
    if (!json.is_array()) throw ModelError(path.string() + ": is not a list of tokens");
    Collector collector(n_text, path.string());
    size_t id = 0;
    for (const auto& token : json) {
        if (!token.is_string())
            throw ModelError(path.string() + ": entry " + std::to_string(id) + " is not a string");
        collector.add(id++, token.get_ref<const std::string&>());
    }
    return collector.finish();
}

void add_map(Collector& collector, const nlohmann::json& map, const std::string& file) {
    if (!map.is_object()) throw ModelError(file + ": has no map from tokens to ids");
    for (const auto& [token, id] : map.items()) {
        if (!id.is_number_unsigned())
            throw ModelError(file + ": gives a token an id that is not a whole number");
        // items() makes a new key each time for arrays only: of an object it is the map's own string.
        collector.add(id.get<size_t>(), token);
    }
}

BytePairs from_map(const fs::path& path, size_t n_text) {
    const auto json = read_json_object(path);
    Collector collector(n_text, path.string());
    add_map(collector, json, path.string());
    return collector.finish();
}

BytePairs from_tokenizer(const fs::path& path, size_t n_text) {
    const auto json = read_json_object(path);
    const auto model = json.find("model");
    if (model == json.end() || !model->is_object() || !model->contains("vocab"))
        throw ModelError(path.string() + ": has no \"model\" with a \"vocab\"");
    Collector collector(n_text, path.string());
    add_map(collector, (*model)["vocab"], path.string());
    return collector.finish();
}

}  // namespace

BytePairs read_vocabulary(const fs::path& directory, size_t n_text) {
    struct Source {
        const char* name;
        BytePairs (*read)(const fs::path& path, size_t n_text);
    };
    constexpr Source kSources[] = {
        {"vocabulary.txt", from_lines},
        {"vocabulary.json", from_list},
        {"vocab.json", from_map},
        {"tokenizer.json", from_tokenizer},
    };
    for (const Source& source : kSources) {
        std::error_code ignored;
        if (fs::exists(directory / source.name, ignored)) return source.read(directory / source.name, n_text);
    }
    throw ModelError(
        directory.string() +
        ": has no vocabulary; wanted vocabulary.txt, vocabulary.json, vocab.json or tokenizer.json");
}

}  // namespace npuscribe
