// Reading any bytes as a vocabulary gives all of its tokens or throws ModelError, and every text can be
// encoded with it.

#include <memory>
#include <vector>

#include "base/error.h"
#include "fuzz_input.h"
#include "model/vocabulary_files.h"
#include "temporary_directory.h"

namespace {

using namespace npuscribe;

/// A directory for each kind of vocabulary file, because the first that exists is read.
struct Directories {
    static constexpr std::array<const char*, 4> kNames = {"vocabulary.txt", "vocabulary.json", "vocab.json",
                                                          "tokenizer.json"};
    test::TemporaryDirectory root;
    fuzz::MemoryFile file;

    Directories() {
        for (const char* name : kNames) {
            std::filesystem::create_directory(directory(name));
            file.link(directory(name) / name);
        }
    }
    std::filesystem::path directory(const char* name) const { return root / (std::string(name) + ".d"); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kText = 256;  // the fewest that a vocabulary has
    static const Directories directories;
    fuzz::Cutter input(data, size);
    const auto directory = directories.directory(Directories::kNames[input.below(4)]);
    const std::string_view text = input.rest();
    directories.file.write(text);
    try {
        const BytePairs tokens = read_vocabulary(directory, kText);
        fuzz::require(tokens.size() == kText);
        const TokenIndex index(tokens);
        const std::string_view piece = text.substr(0, 100);
        std::vector<int> ids;
        index.encode_piece(piece, ids);
        std::string back;
        for (const int id : ids) back += tokens.bytes(static_cast<size_t>(id));
        fuzz::require(back == piece);
    } catch (const ModelError&) {  // the right answer to most inputs
    }
    return 0;
}
