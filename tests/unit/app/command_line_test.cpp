#include "command_line.h"

#include "base/error.h"
#include "catch.h"
#include "transcribe_options.h"

namespace npuscribe::app {
namespace {

struct Parsed {
    TranscribeSettings settings;
    std::vector<std::string> inputs;
};

Parsed parsed(const std::vector<std::string>& arguments) {
    Parsed out;
    out.inputs = parse(transcribe_options(out.settings), arguments);
    return out;
}

std::string refusal(const std::vector<std::string>& arguments) {
    return test::message_of<UsageError>([&] { parsed(arguments); });
}

}  // namespace

TEST_CASE("options and inputs may stand in any order") {
    const Parsed p = parsed({"a.wav", "-m", "tiny", "b.wav", "--beam-size=5", "-r", "c.wav"});
    CHECK(p.inputs == std::vector<std::string>{"a.wav", "b.wav", "c.wav"});
    CHECK(p.settings.model == "tiny");
    CHECK(p.settings.transcribe.decoding.beam_size == 5);
    CHECK(p.settings.recursive);
}

TEST_CASE("letters may be joined to their value and to each other") {
    const Parsed p = parsed({"-mtiny", "-rq", "-"});
    CHECK(p.settings.model == "tiny");
    CHECK(p.settings.recursive);
    CHECK(p.settings.quiet);
    CHECK(p.inputs == std::vector<std::string>{"-"});
}

TEST_CASE("underscores are as good as hyphens in an option's name, and stay in its value") {
    const Parsed p =
        parsed({"--output_dir", "my_out", "--beam_size=3", "--initial_prompt=a_b", "in_put.wav"});
    CHECK(p.settings.output_dir == "my_out");
    CHECK(p.settings.transcribe.decoding.beam_size == 3);
    CHECK(p.settings.transcribe.initial_prompt == "a_b");
    CHECK(p.inputs == std::vector<std::string>{"in_put.wav"});
}

TEST_CASE("after two hyphens everything is an input") {
    CHECK(parsed({"--", "-m", "--beam_size"}).inputs == std::vector<std::string>{"-m", "--beam_size"});
}

TEST_CASE("a switch can be switched off, with a hyphen or a value") {
    CHECK(parsed({"a"}).settings.transcribe.vad);
    CHECK_FALSE(parsed({"--no-vad", "a"}).settings.transcribe.vad);
    CHECK_FALSE(parsed({"--no_vad", "a"}).settings.transcribe.vad);
    CHECK_FALSE(parsed({"--vad=false", "a"}).settings.transcribe.vad);
    CHECK(parsed({"--no-vad", "--vad", "a"}).settings.transcribe.vad);  // the last one counts
    CHECK(test::contains(refusal({"--vad=maybe"}), "--vad: 'maybe'"));
}

TEST_CASE("openai-whisper's True and False after a switch are its value, not an input") {
    const Parsed p = parsed({"--condition_on_previous_text", "True", "--suppress_blank", "False", "a.wav"});
    CHECK(p.settings.transcribe.condition_on_previous_text);
    CHECK_FALSE(p.settings.transcribe.decoding.suppress_blank);
    CHECK(p.inputs == std::vector<std::string>{"a.wav"});
}

TEST_CASE("a value may look like an option") {
    const Parsed p =
        parsed({"--suppress-tokens", "-1,220", "--logprob-threshold", "-0.5", "--initial-prompt", "-tr"});
    CHECK(p.settings.transcribe.decoding.suppress_tokens == std::vector<Token>{-1, 220});
    CHECK(p.settings.transcribe.decoding.logprob_threshold == -0.5);
    CHECK(p.settings.transcribe.initial_prompt == "-tr");
    CHECK(p.settings.task == "transcribe");
}

TEST_CASE("a value may be empty") {
    CHECK(parsed({"--suppress-tokens", ""}).settings.transcribe.decoding.suppress_tokens.empty());
    CHECK(parsed({"--initial-prompt", "", "a.wav"}).inputs == std::vector<std::string>{"a.wav"});
}

TEST_CASE("an unknown option names the nearest") {
    CHECK(refusal({"--outputdir", "out"}) == "there is no option --outputdir; did you mean --output-dir?");
    CHECK(test::contains(refusal({"--bem_size", "5"}), "--beam-size"));
    CHECK(test::contains(refusal({"--frobnicate"}), "--help"));
    CHECK(test::contains(refusal({"-Z"}), "there is no option -Z"));
}

TEST_CASE("an option without its value, and a value that is not allowed, are named") {
    CHECK(refusal({"a.wav", "--beam-size"}) == "--beam-size: it needs a value: --beam-size N");
    CHECK(test::contains(refusal({"-m"}), "--model: it needs a value"));
    CHECK(refusal({"--beam-size", "0"}) ==
          "--beam-size: '0' was given; allowed is a whole number from 1 to 64");
}

TEST_CASE("help is asked for anywhere before the two hyphens") {
    CHECK(asks_for_help({"a.wav", "--help"}));
    CHECK(asks_for_help({"-h"}));
    CHECK_FALSE(asks_for_help({"--", "-h"}));
    CHECK_FALSE(asks_for_help({"a.wav"}));
}

TEST_CASE("help names every option and its default, within the width") {
    TranscribeSettings settings;
    const auto options = transcribe_options(settings);
    for (const size_t width : {80U, 100U}) {
        const std::string help = help_text(options, width);
        for (const Option& option : options) {
            INFO(option.name);
            CHECK(
                (test::contains(help, "--" + option.name) || test::contains(help, "--[no-]" + option.name)));
        }
        CHECK(test::contains(help, "(default: base)"));
        CHECK(test::contains(help, "--[no-]vad"));
        for (size_t at = 0; at < help.size();) {
            const size_t end = help.find('\n', at);
            CHECK(end - at <= width);
            at = end + 1;
        }
    }
}

}  // namespace npuscribe::app
