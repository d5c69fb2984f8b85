#include "option_effect.h"

#include "catch.h"

namespace npuscribe::app {

TEST_CASE("the hash of options changes with those that change words, and with layout if that is asked for") {
    using Options = std::vector<std::pair<std::string, std::string>>;
    const auto words = [](const Options& options) { return options_hash(options, Effect::words); };
    const auto layout = [](const Options& options) { return options_hash(options, Effect::layout); };
    const Options options = {{"model", "base"},
                             {"beam-size", "5"},
                             {"output-dir", "a"},
                             {"threads", "2"},
                             {"max-line-width", "42"}};
    const auto with = [&](const std::string& name, const std::string& value) {
        Options other = options;
        for (auto& [option, old] : other)
            if (option == name) old = value;
        return other;
    };
    CHECK(words(options).size() == 16);
    for (const auto& [name, value] : Options{{"model", "small"}, {"output-dir", "b"}, {"threads", "9"}}) {
        CHECK(words(with(name, value)) == words(options));
        CHECK(layout(with(name, value)) == layout(options));
    }
    CHECK(words(with("beam-size", "1")) != words(options));
    CHECK(layout(with("beam-size", "1")) != layout(options));
    for (const char* shape : {"max-line-width", "min-cue-duration", "max-chars-per-second", "paragraphs"}) {
        Options shaped = options;
        shaped.emplace_back(shape, "37");
        CHECK(words(shaped) == words(options));
        CHECK(layout(shaped) != layout(options));
    }
}

TEST_CASE("options and values do not run into one another in the hash") {
    CHECK(options_hash({{"beam-size5", ""}}, Effect::words) !=
          options_hash({{"beam-size", "5"}}, Effect::words));
    // The published value of FNV-1a for no bytes.
    CHECK(options_hash({}, Effect::words) == "cbf29ce484222325");
}

}  // namespace npuscribe::app
