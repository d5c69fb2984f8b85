#include "command_line.h"

#include "base/text.h"
#include "option.h"
#include "terminal_text.h"
#include "transcribe_command.h"

namespace npuscribe::app {

using test_support::parsed;
using test_support::refusal;
using test_support::TranscribeCommand;

TEST_CASE("options and inputs may stand in any order") {
    const TranscribeSettings p = parsed({"a.wav", "-m", "tiny", "b.wav", "--beam-size=5", "-r", "c.wav"});
    CHECK(p.inputs == std::vector<std::string>{"a.wav", "b.wav", "c.wav"});
    CHECK(p.session.model == "tiny");
    CHECK(p.session.transcribe.decoding.beam_size == 5);
    CHECK(p.recursive);
}

TEST_CASE("letters may be joined to their value and to each other") {
    const TranscribeSettings p = parsed({"-mtiny", "-rq", "-"});
    CHECK(p.session.model == "tiny");
    CHECK(p.recursive);
    CHECK(p.quiet);
    CHECK(p.inputs == std::vector<std::string>{"-"});
}

TEST_CASE("underscores are as good as hyphens in an option's name, and stay in its value") {
    const TranscribeSettings p =
        parsed({"--output_dir", "my_out", "--beam_size=3", "--initial_prompt=a_b", "in_put.wav"});
    CHECK(p.output_dir == "my_out");
    CHECK(p.session.transcribe.decoding.beam_size == 3);
    CHECK(p.session.transcribe.initial_prompt == "a_b");
    CHECK(p.inputs == std::vector<std::string>{"in_put.wav"});
}

TEST_CASE("after two hyphens everything is an input") {
    CHECK(parsed({"--", "-m", "--beam_size"}).inputs == std::vector<std::string>{"-m", "--beam_size"});
}

TEST_CASE("words that CLI11 reads as marks are inputs") {
    CHECK(parsed({"a", "++", "b"}).inputs == std::vector<std::string>{"a", "./++", "b"});
    CHECK(parsed({"a", "--", "++", "--", "b"}).inputs == std::vector<std::string>{"a", "++", "--", "b"});
    CHECK(parsed({"a", "-q", "--", "-b"}).inputs == std::vector<std::string>{"a", "-b"});
    CHECK(parsed({"-q", "true", "a"}).quiet);
}

TEST_CASE("a switch can be switched off, with a hyphen or a value") {
    CHECK(parsed({"a"}).session.transcribe.vad);
    CHECK_FALSE(parsed({"--no-vad", "a"}).session.transcribe.vad);
    CHECK_FALSE(parsed({"--no_vad", "a"}).session.transcribe.vad);
    CHECK_FALSE(parsed({"--vad=false", "a"}).session.transcribe.vad);
    CHECK(parsed({"--no-vad", "--vad", "a"}).session.transcribe.vad);  // the last one counts
    CHECK(
        test::contains(refusal({"--vad=maybe"}), "invalid value 'maybe' for --vad: expected true or false"));
}

TEST_CASE("openai-whisper's True and False after a switch are its value, not an input") {
    const TranscribeSettings p =
        parsed({"--condition_on_previous_text", "True", "--suppress_blank", "False", "a.wav"});
    CHECK(p.session.transcribe.condition_on_previous_text);
    CHECK_FALSE(p.session.transcribe.decoding.suppress_blank);
    CHECK(p.inputs == std::vector<std::string>{"a.wav"});
}

TEST_CASE("a value may look like an option") {
    const TranscribeSettings p =
        parsed({"--suppress-tokens", "-1,220", "--logprob-threshold", "-0.5", "--initial-prompt", "-tr"});
    CHECK(p.session.transcribe.decoding.suppress_tokens == std::vector<Token>{-1, 220});
    CHECK(p.session.transcribe.decoding.logprob_threshold == -0.5);
    CHECK(p.session.transcribe.initial_prompt == "-tr");
    CHECK(p.session.transcribe.task == Task::transcribe);
}

TEST_CASE("a value may be empty") {
    CHECK(parsed({"--suppress-tokens", ""}).session.transcribe.decoding.suppress_tokens.empty());
    CHECK(parsed({"--initial-prompt", "", "a.wav"}).inputs == std::vector<std::string>{"a.wav"});
}

TEST_CASE("a value may be in brackets, and a directory's name too") {
    const TranscribeSettings p = parsed({"--initial-prompt", "[noise]", "[talks]", "--output-dir=", "a.wav"});
    CHECK(p.session.transcribe.initial_prompt == "[noise]");
    CHECK(p.output_dir.empty());
    CHECK(p.inputs == std::vector<std::string>{"./[talks]", "a.wav"});
}

TEST_CASE("of a repeated option the last one counts, but formats add up") {
    const TranscribeSettings p = parsed({"-m", "tiny", "-f", "srt", "-m", "base", "-f", "txt,json"});
    CHECK(p.session.model == "base");
    CHECK(p.formats == "srt,txt,json");
}

TEST_CASE("an unknown option names the nearest") {
    CHECK(refusal({"--outputdir", "out"}) == "unknown option --outputdir; did you mean --output-dir?");
    CHECK(test::contains(refusal({"--bem_size", "5"}), "--beam-size"));
    CHECK(refusal({"--frobnicate"}) ==
          "unknown option --frobnicate; npuscribe transcribe --help lists all options");
    CHECK(test::contains(refusal({"-Z"}), "unknown option -Z"));
}

TEST_CASE("an option without its value, and a value that is not allowed, are named") {
    CHECK(refusal({"a.wav", "--beam-size"}) == "missing value for --beam-size: expected N");
    CHECK(refusal({"-m"}) == "missing value for --model: expected NAME|PATH");
    CHECK(refusal({"-rm"}) == "missing value for --model: expected NAME|PATH");
    CHECK(refusal({"--beam-size", "five"}) ==
          "invalid value 'five' for --beam-size: expected a whole number from 1 to 64");
}

TEST_CASE("a command's missing, unknown and superfluous words are named") {
    int made = 0;
    const auto refused = [&](const std::vector<std::string>& words) {
        CLI::App root("", "npuscribe");
        set_up(root);
        CLI::App* model = root.add_subcommand("model", "List and convert models");
        model->require_subcommand(1);
        model->add_subcommand("list", "List them")->callback([&] { ++made; });
        CLI::App* convert = model->add_subcommand("convert", "Convert one");
        std::string source;
        option(*convert, "SOURCE", "", source, "a model")->required();
        return test::message_of<UsageError>([&] { parse(root, words); });
    };
    CHECK(refused({"model"}) == "missing command: npuscribe model expects one of list, convert");
    CHECK(refused({"model", "lost"}) ==
          "unknown command 'lost': npuscribe model expects one of list, convert");
    CHECK(refused({"model", "convert"}) == "missing SOURCE: npuscribe model convert expects a model");
    CHECK(refused({"model", "list", "all"}) ==
          "unexpected argument 'all'; npuscribe model list --help shows what it takes");
    CHECK(made == 0);
}

TEST_CASE("help is asked for anywhere before the two hyphens, whatever else is wrong") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"a.wav", "--help"},
                                                  {"-h"},
                                                  {"--beam-size", "0", "--help"},
                                                  {"--nonsense", "-h"},
                                                  {"-of", "talk", "--help"}}) {
        TranscribeCommand command;
        CHECK_THROWS_AS(command.read(words), CLI::CallForHelp);
    }
    TranscribeCommand all;
    CHECK_THROWS_AS(all.read({"--beam-size", "many", "--help_all"}), CLI::CallForAllHelp);
    CHECK_NOTHROW(parsed({"--", "-h"}));
    CHECK_NOTHROW(parsed({"a.wav"}));
}

TEST_CASE("help of all options names each and its default, within 80 columns") {
    const TranscribeCommand transcribe;
    const std::string help = transcribe.command.help("npuscribe", CLI::AppFormatMode::All);
    for (const CLI::Option* option : options_of(transcribe.command)) {
        INFO(name(*option));
        CHECK(test::contains(help, usage(*option)));
    }
    CHECK(test::contains(help, "Usage: npuscribe transcribe [OPTIONS] [INPUT...]\n"));
    CHECK(test::contains(help, "(default: base)"));
    CHECK(test::contains(help, "--[no-]vad"));
    for (const std::string_view line : split(help, '\n')) CHECK(columns_of(line) <= 80);
}

}  // namespace npuscribe::app
