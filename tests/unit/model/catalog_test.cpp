#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "catch.h"
#include "data_paths.h"
#include "model/catalog.h"
#include "model/model.h"
#include "model/tensor_checkpoint.h"
#include "model/tensor_data.h"
#include "temporary_directory.h"

using namespace npuscribe;
using namespace npuscribe::test;

TEST_CASE("the program carries the catalog of the source tree") {
    CHECK(catalog_json() == read_file(source_directory() / "models/catalog.json"));
}

TEST_CASE("the catalog's dimensions give the parameter counts that OpenAI and Hugging Face publish") {
    // openai/whisper, README: 39 M, 74 M, 244 M, 769 M, 1550 M, 809 M; huggingface/distil-whisper, README:
    // 166 M, 394 M, 756 M. Counted by both without the encoder's fixed position table.
    const std::pair<const char*, double> published[] = {{"tiny", 39},
                                                        {"base", 74},
                                                        {"small", 244},
                                                        {"medium", 769},
                                                        {"large-v2", 1550},
                                                        {"large-v3", 1550},
                                                        {"turbo", 809},
                                                        {"distil-small.en", 166},
                                                        {"distil-medium.en", 394},
                                                        {"distil-large-v3", 756}};
    for (const auto& [name, millions] : published) {
        const CatalogEntry* entry = find_in_catalog(name);
        REQUIRE(entry != nullptr);
        double count = 0;
        for (const auto& [tensor, shape] : whisper_tensors(entry->dimensions)) {
            count += static_cast<double>(*element_count(shape));
        }
        INFO(name << " has " << count);
        CHECK(count / 1e6 == Approx(millions).epsilon(0.05));
    }
}

TEST_CASE(
    "names end in .en just where the vocabulary is English-only; large-v3 and later have 128 mels and yue") {
    for (const auto& entry : catalog()) {
        INFO(entry.name);
        const bool v3 = entry.name.find("large-v3") != std::string::npos;
        CHECK(entry.dimensions.multilingual() != entry.name.ends_with(".en"));
        CHECK(entry.dimensions.n_mels == (v3 ? 128 : 80));
        CHECK(entry.dimensions.n_languages() == (v3 ? 100 : 99));
        CHECK(entry.dimensions.n_audio_head * kHeadSize == entry.dimensions.n_audio_state);
    }
}

TEST_CASE("every name is found once, and known models come smallest first") {
    std::set<std::string> names;
    for (const auto& entry : catalog()) {
        CHECK(names.insert(entry.name).second);
        for (const auto& alias : entry.aliases) CHECK(names.insert(alias).second);
    }
    CHECK(find_in_catalog("turbo")->name == "large-v3-turbo");
    CHECK(find_in_catalog("large")->name == "large-v3");
    CHECK(find_in_catalog("huge") == nullptr);
    const auto known = known_models();
    CHECK(known.front() == "tiny");
    CHECK(known.back() == "large-v3");
}

TEST_CASE("names of other programs lead to the catalog's, and other names to none") {
    const std::pair<const char*, const char*> names[] = {
        {"Systran/faster-whisper-base", "base"},
        {"openai/whisper-base", "base"},
        {"ggml-base.bin", "base"},
        {"ggml-base.en-q5_1.bin", "base.en"},
        {"base.pt", "base"},
        {"faster-whisper-small.en", "small.en"},
        {"openai/whisper-large-v3-turbo", "large-v3-turbo"},
        {"mobiuslabsgmbh/faster-whisper-large-v3-turbo", "large-v3-turbo"},
        {"deepdml/faster-whisper-large-v3-turbo-ct2", "large-v3-turbo"},
        {"Systran/faster-distil-whisper-large-v3", "distil-large-v3"},
        {"distil-whisper/distil-large-v3", "distil-large-v3"},
        {"Large-V2", "large-v2"},
    };
    for (const auto& [other, ours] : names) {
        INFO(other);
        const CatalogEntry* entry = find_by_other_name(other);
        REQUIRE(entry != nullptr);
        CHECK(entry->name == ours);
    }
    for (const char* name : {"basee", "", "models/base", "someone/whisper-base", "openai/whisper", "./base",
                             "/base", "ggml-.bin"}) {
        INFO(name);
        CHECK(find_by_other_name(name) == nullptr);
    }
}

TEST_CASE("checksums of the catalog are SHA-256, revisions are commits, and every entry has a source") {
    const auto json = nlohmann::json::parse(catalog_json());
    const auto is_hex = [](const std::string& text, size_t size) {
        return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos;
    };
    size_t files = 0;
    size_t unverified = 0;
    for (const char* list : {"models", "files"}) {
        for (const auto& entry : json.at(list)) {
            INFO(entry.at("name"));
            CHECK(!entry.at("sources").empty());
            for (const auto& [name, facts] : entry.at("files").items()) {
                ++files;
                if (!facts.contains("sha256")) {
                    ++unverified;
                    continue;
                }
                CHECK(is_hex(facts.at("sha256"), 64));
                CHECK(facts.at("bytes").get<uint64_t>() > 1000);
            }
            for (const auto& source : entry.at("sources"))
                CHECK((source.at("kind") != "huggingface" || is_hex(source.at("revision"), 40)));
        }
    }
    // Of distil-large-v2 alone nobody has published the sums of the files on Hugging Face.
    CHECK(files > 55);
    CHECK(unverified == 3);
}
