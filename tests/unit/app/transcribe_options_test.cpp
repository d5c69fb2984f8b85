#include "transcribe_options.h"

#include <map>
#include <set>

#include "option.h"
#include "transcribe_command.h"

namespace npuscribe::app {

using test_support::TranscribeCommand;

namespace {

TranscribeSettings completed(const std::vector<std::string>& arguments) {
    TranscribeSettings settings = test_support::parsed(arguments);
    complete(settings);
    return settings;
}

std::vector<audio::Clip> clips(const std::vector<std::string>& arguments) {
    return completed(arguments).session.transcribe.clips;
}

}  // namespace

TEST_CASE("every option has help, and a name with hyphens") {
    const TranscribeCommand transcribe;
    for (const CLI::Option* option : options_of(transcribe.command)) {
        INFO(name(*option));
        CHECK(name(*option).find('_') == std::string::npos);
        CHECK_FALSE(option->get_description().empty());
    }
}

TEST_CASE("every default can be typed") {
    TranscribeCommand transcribe;
    for (const auto& [option_name, before] : values(transcribe.command)) {
        INFO(option_name);
        if (option_name == "output-format") continue;  // none by default, which is not a format
        CHECK_NOTHROW(transcribe.read({"--" + option_name + "=" + before}));
        for (const auto& [same_name, after] : values(transcribe.command)) {
            if (same_name == option_name) CHECK(after == before);
        }
    }
}

TEST_CASE("defaults are openai-whisper's for the options that it has") {
    TranscribeCommand transcribe;
    std::map<std::string, std::string> value;
    for (const auto& [option_name, text] : values(transcribe.command)) value[option_name] = text;
    // openai/whisper, whisper/transcribe.py: cli(), but for beams (greedy here) and the previous text.
    CHECK(value["task"] == "transcribe");
    CHECK(value["temperature"] == "0");
    CHECK(value["temperature-increment-on-fallback"] == "0.2");
    CHECK(value["best-of"] == "5");
    CHECK(value["suppress-tokens"] == "-1");
    CHECK(value["compression-ratio-threshold"] == "2.4");
    CHECK(value["logprob-threshold"] == "-1");
    CHECK(value["no-speech-threshold"] == "0.6");
    CHECK(value["length-penalty"] == "none");
    CHECK(value["word-timestamps"] == "false");
    CHECK(value["hallucination-silence-threshold"] == "none");
    CHECK(value["prepend-punctuations"] == "\"'“¿([{-");
    CHECK(value["append-punctuations"] == "\"'.。,，!！?？:：”)]}、");
    CHECK(value["max-line-width"] == "none");
    CHECK(value["max-words-per-line"] == "none");
}

TEST_CASE("temperatures go up to 1 in steps, as numpy.arange(first, 1 + 1e-6, step) has them") {
    const auto check = [](const std::vector<double>& got, const std::vector<double>& expected) {
        REQUIRE(got.size() == expected.size());
        for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == test::Approx(expected[i]));
    };
    check(temperatures(0, 0.2), {0, 0.2, 0.4, 0.6, 0.8, 1.0});
    check(temperatures(0.5, 0.2), {0.5, 0.7, 0.9});
    check(temperatures(1, 0.2), {1});
    check(temperatures(0.3, std::nullopt), {0.3});
}

TEST_CASE("formats: those asked for, all with a directory alone, none without either") {
    TranscribeSettings settings;
    CHECK(formats_to_write(settings).empty());
    settings.output_dir = "out";
    CHECK(formats_to_write(settings).size() == output::parse_formats("all").size());
    settings.formats = "srt,txt";
    REQUIRE(formats_to_write(settings).size() == 2);
    CHECK(formats_to_write(settings)[0].name == "srt");
}

TEST_CASE("options that do not fit together are refused") {
    TranscribeSettings settings;
    settings.report = "-";
    CHECK(test::contains(test::message_of<UsageError>([&] { complete(settings); }), "--report"));
    settings.report.clear();
    settings.quiet = settings.verbose = true;
    CHECK(test::contains(test::message_of<UsageError>([&] { complete(settings); }), "--quiet and --verbose"));
}

TEST_CASE("what is made of words finds their times without being told to") {
    for (const std::vector<std::string>& given : {std::vector<std::string>{"--highlight-words"},
                                                  {"--max-line-width", "42"},
                                                  {"--max-words-per-line", "4"},
                                                  {"--subtitles"},
                                                  {"--subtitles", "--max_line_count", "1"},
                                                  {"--min-cue-gap", "0.1"}}) {
        INFO(given[0]);
        CHECK(completed(given).session.transcribe.decoding.word_timestamps);
    }
    CHECK_FALSE(completed({}).session.transcribe.decoding.word_timestamps);
    CHECK(completed({"--max-line-count", "2"}).subtitles.max_line_width == 42);
    CHECK(completed({"--max-line-count", "2", "--max-line-width", "30"}).subtitles.max_line_width == 30);
    CHECK(test::contains(test::message_of<UsageError>([] {
                             completed({"--hallucination_silence_threshold", "2"});
                         }),
                         "--word-timestamps"));
}

TEST_CASE("--subtitles has numbers of its own, and options that change them imply it") {
    const output::SubtitleOptions preset = completed({"--subtitles"}).subtitles;
    CHECK(preset.broadcast);
    CHECK_FALSE(preset.max_line_width);
    const output::SubtitleOptions changed =
        completed({"--min-cue-duration", "1", "--max_cue_duration", "6", "--max-chars-per-second", "17",
                   "--min-cue-gap", "0.12", "--max-line-width", "37"})
            .subtitles;
    CHECK(changed.broadcast);
    CHECK(changed.limits.min_seconds == 1);
    CHECK(changed.limits.max_seconds == 6);
    CHECK(changed.limits.max_characters_per_second == 17);
    CHECK(changed.limits.min_gap == 0.12);
    CHECK(changed.max_line_width == 37);
    const auto refused = [](std::vector<std::string> given) {
        return test::message_of<UsageError>([&] { completed(given); });
    };
    CHECK(test::contains(refused({"--subtitles", "--highlight-words"}), "--highlight-words cannot"));
    CHECK(
        test::contains(refused({"--subtitles", "--max-words-per-line", "3"}), "--max-words-per-line cannot"));
    CHECK(test::contains(refused({"--min-cue-duration", "9"}), "--max-cue-duration is 7"));
}

TEST_CASE("the audio context is seconds, all of them, or what a window needs") {
    TranscribeCommand transcribe;
    const TranscribeOptions& options = transcribe.settings.session.transcribe;
    CLI::Option* context = transcribe.command.get_option("--audio-context");
    const auto after = [&](const char* given) {
        transcribe.read({"--audio-context", given});
        return std::pair(options.n_audio_ctx, options.fit_audio_ctx);
    };
    const auto shown = [&] { return context->capture_default_str()->get_default_str(); };
    CHECK(shown() == "auto");
    CHECK(after("10.24") == std::pair<size_t, bool>(512, false));  // frames of 20 ms
    CHECK(shown() == "10.24");
    CHECK(after("30") == std::pair<size_t, bool>(1500, false));
    CHECK(after("auto") == std::pair<size_t, bool>(0, true));
    CHECK(after("full") == std::pair<size_t, bool>(0, false));
    CHECK(shown() == "full");
    for (const char* wrong : {"0", "31", "512", "fully"}) {
        const auto message = test::message_of<UsageError>([&] { after(wrong); });
        CHECK(test::contains(message, "a number from 0.02 to 30, auto or full"));
    }
}

TEST_CASE("parts of the audio: from an offset, so long, or clips as openai-whisper has them") {
    using Clips = std::vector<audio::Clip>;
    CHECK(clips({}).empty());
    CHECK(clips({"--offset", "1:30"}) == Clips{{90, {}}});
    CHECK(clips({"--duration", "20"}) == Clips{{0, 20}});
    CHECK(clips({"--offset", "5", "--duration", "2.5"}) == Clips{{5, 7.5}});
    CHECK(clips({"--clip_timestamps", "0,10,15.5,20"}) == Clips{{0, 10}, {15.5, 20}});
    CHECK(clips({"--clip-timestamps", "0,10,01:00"}) == Clips{{0, 10}, {60, {}}});
    CHECK(clips({"--clip-timestamps", "0"}) == Clips{{0, {}}});  // openai-whisper's default
    // whisper.cpp's are in milliseconds.
    CHECK(clips({"-ot", "1500", "-d", "2000"}) == Clips{{1.5, 3.5}});
    CHECK(clips({"--offset-t=1500"}) == Clips{{1.5, {}}});
    const auto refusal = [](const std::vector<std::string>& arguments) {
        return test::message_of<UsageError>([&] { completed(arguments); });
    };
    CHECK(
        test::contains(refusal({"--clip-timestamps", "5,3"}), "for --clip-timestamps: the clip from 5.00 s"));
    CHECK(test::contains(refusal({"--clip-timestamps", "0,1", "--offset", "3"}), "give one of them"));
    CHECK(test::contains(refusal({"--duration", "0"}), "--duration"));
    CHECK(test::contains(refusal({"-ot", "1.5"}), "milliseconds"));
}

TEST_CASE("channels by name, and by whisper.cpp's option") {
    CHECK(completed({}).session.transcribe.channels == Channels::mix);
    CHECK(completed({"--channel", "right"}).session.transcribe.channels == Channels::right);
    CHECK(completed({"-di"}).session.transcribe.channels == Channels::split);
    CHECK(completed({"--diarize"}).session.transcribe.channels == Channels::split);
}

TEST_CASE("skipping what exists needs files to look for") {
    CHECK(test::contains(test::message_of<UsageError>([] { completed({"--skip-existing"}); }),
                         "--output-format"));
    CHECK_NOTHROW(completed({"--skip-existing", "-o", "out"}));
}

}  // namespace npuscribe::app
