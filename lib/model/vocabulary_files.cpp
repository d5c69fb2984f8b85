#include "model/vocabulary_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
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
            throw ModelError(fmt::format("{}: has id {} twice", file_, id));
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
                    throw ModelError(fmt::format("{}: lacks token {} of {}", file_, id, n_text_));
                tokens_[id] = std::string_view("", 0);
            }
            bytes.clear();
            if (!bytes_of_gpt2_text(tokens_[id], bytes))
                throw ModelError(fmt::format("{}: token {} is not in the byte alphabet of GPT-2", file_, id));
            vocabulary.add(bytes);
        }
        check_special(n_text_, "<|endoftext|>");
        check_special(n_text_ + 1, "<|startoftranscript|>");
        vocabulary.check_bytes(file_);
        return vocabulary;
    }

  private:
    void check_special(size_t id, std::string_view wanted) const {
        if (tokens_[id].data() != nullptr && tokens_[id] != wanted)
            throw ModelError(
                fmt::format("{}: token {} is not {}: not the vocabulary of this model", file_, id, wanted));
    }

    size_t n_text_;
    std::vector<std::string_view> tokens_;
    std::string file_;
};

BytePairs from_lines(const fs::path& path, size_t n_text) {
    return parse_vocabulary(read_text_file(path), n_text, path.string());
}

BytePairs from_list(const fs::path& path, size_t n_text) {
    const auto json = parse_json(read_text_file(path), path.string());
    if (!json.is_array()) throw ModelError(fmt::format("{}: is not a list of tokens", path.string()));
    Collector collector(n_text, path.string());
    size_t id = 0;
    for (const auto& token : json) {
        if (!token.is_string())
            throw ModelError(fmt::format("{}: entry {} is not a string", path.string(), id));
        collector.add(id++, token.get_ref<const std::string&>());
    }
    return collector.finish();
}

// Takes the object { token: id, ... } at `path` out of a JSON text as it is parsed. A tree of the 2 MB of a
// tokenizer.json would cost the start of the program a multiple of everything else; reading also ends where
// the object does, before the merges.
class VocabularyHandler : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit VocabularyHandler(std::vector<std::string> path) : path_(std::move(path)) {}

    std::vector<std::pair<size_t, std::string>> entries;  // id, token
    bool found = false;                                   // the object began
    bool whole = false;                                   // and ended
    bool bad_id = false;
    bool bad_json = false;

    bool null() override { return value(); }
    bool boolean(bool) override { return value(); }
    bool number_integer(number_integer_t) override { return value(); }
    bool number_float(number_float_t, const string_t&) override { return value(); }
    bool string(string_t&) override { return value(); }
    bool binary(binary_t&) override { return value(); }
    bool number_unsigned(number_unsigned_t id) override {
        if (!inside()) return true;
        entries.emplace_back(static_cast<size_t>(id), std::move(key_));
        return true;
    }
    bool start_array(size_t) override { return begin(false); }
    bool end_array() override { return end(); }
    bool start_object(size_t) override { return begin(true); }
    bool end_object() override { return end(); }
    bool key(string_t& name) override {
        key_ = std::move(name);
        return true;
    }
    bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
        bad_json = true;
        return false;
    }

  private:
    bool inside() const { return found && depth_ == path_.size() + 1; }
    bool value() {
        bad_id = inside();
        return !bad_id;
    }
    bool begin(bool object) {
        if (!value()) return false;
        const bool next =
            depth_ == on_path_ && depth_ <= path_.size() && (depth_ == 0 || key_ == path_[depth_ - 1]);
        if (object && next) ++on_path_;
        ++depth_;
        found = on_path_ == path_.size() + 1;
        return true;
    }
    bool end() {
        if (inside()) {
            whole = true;
            return false;  // nothing further is needed
        }
        --depth_;
        on_path_ = std::min(on_path_, depth_);
        return true;
    }

    std::vector<std::string> path_;
    std::string key_;
    size_t depth_ = 0;    // open objects and arrays
    size_t on_path_ = 0;  // of them, those that lead along the path, counted from the outermost
};

BytePairs from_object(const fs::path& path, size_t n_text, std::vector<std::string> keys) {
    std::string where;
    for (const auto& key : keys) where += fmt::format("{}\"{}\"", where.empty() ? "" : " with a ", key);
    const std::string text = read_text_file(path);
    VocabularyHandler handler(std::move(keys));
    nlohmann::json::sax_parse(text, &handler);
    if (handler.bad_json) throw ModelError(fmt::format("{}: is not JSON", path.string()));
    if (handler.bad_id)
        throw ModelError(fmt::format("{}: gives a token an id that is not a whole number", path.string()));
    if (!handler.whole)
        throw ModelError(
            fmt::format("{}: {}", path.string(),
                        where.empty() ? "holds no map from tokens to ids" : fmt::format("has no {}", where)));
    Collector collector(n_text, path.string());
    for (const auto& [id, token] : handler.entries) collector.add(id, token);
    return collector.finish();
}

BytePairs from_map(const fs::path& path, size_t n_text) {
    return from_object(path, n_text, {});
}

BytePairs from_tokenizer(const fs::path& path, size_t n_text) {
    return from_object(path, n_text, {"model", "vocab"});
}

}  // namespace

BytePairs parse_vocabulary(std::string_view lines, size_t n_text, const std::string& file) {
    Collector collector(n_text, file);
    for (size_t id = 0; !lines.empty(); ++id) {
        const size_t end = lines.find('\n');
        std::string_view line = lines.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        collector.add(id, line);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    return collector.finish();
}

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
    throw ModelError(fmt::format(
        "{}: has no vocabulary; expected vocabulary.txt, vocabulary.json, vocab.json or tokenizer.json",
        directory.string()));
}

}  // namespace npuscribe
