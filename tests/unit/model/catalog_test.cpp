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

TEST_CASE("checksums of the catalog are SHA-256, and every entry has a source") {
    const auto json = nlohmann::json::parse(catalog_json());
    for (const char* list : {"models", "files"}) {
        for (const auto& entry : json.at(list)) {
            INFO(entry.at("name"));
            CHECK(!entry.at("sources").empty());
            for (const auto& [file, sum] : entry.at("sha256").items()) {
                const std::string text = sum;
                CHECK(text.size() == 64);
                CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
            }
        }
    }
}
