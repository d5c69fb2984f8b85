#include "familiar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "device/choose.h"
#include "device/precision.h"
#include "inputs.h"
#include "option.h"

namespace npuscribe::app {
namespace {

// Completed by advice().
constexpr std::string_view kDevices = "use --device {devices}";
constexpr std::string_view kPrecision = "use --precision {precisions}";
constexpr std::string_view kKaraoke =
    "use --word-timestamps --output-format html, a page that lights up each word as it is spoken, or "
    "--highlight-words for srt and vtt";
constexpr std::string_view kTokens =
    "use --output-format json-full, which has every token with its probability";
constexpr std::string_view kDetected =
    "use --duration 30: the line at the end has the detected language and its probability, as json and the "
    "report have";
constexpr std::string_view kNoWordThreshold = "leave it out: the times of words need no threshold here";
constexpr std::string_view kRepetition = "use --compression-ratio-threshold instead";
constexpr std::string_view kGrammar = "there are no grammars; --hotwords TEXT gives words to expect";
constexpr std::string_view kTokenList = "use --suppress-tokens LIST, of token numbers";
constexpr std::string_view kSpeakers = "speakers are told apart only by channel, with --channel split";
constexpr std::string_view kVadWeights = "leave it out: Silero's weights are fetched with every model";
constexpr std::string_view kLongestWindow =
    "leave it out: speech is cut at pauses, into windows of at most 30 s";
constexpr std::string_view kWindowTokens =
    "leave it out: a window has at most 224 tokens, as in openai-whisper, and --no-repeat-ngram-size N stops "
    "text that repeats itself";
constexpr std::string_view kWhereModels =
    "set NPUSCRIBE_MODELS to that directory, or give --model the model's own directory";
constexpr std::string_view kLive =
    "record first (arecord -f cd talk.wav), then transcribe the file; npuscribe - reads a pipe to its end "
    "before it finishes";
constexpr std::string_view kAlign = "use --word-timestamps, which needs no second model";
constexpr std::string_view kParallel =
    "use --threads N, or --batch-size N for windows that are decoded together";

constexpr Unit kMilliseconds = {"milliseconds", 0.001, ""};
constexpr Unit kMillisecondsOrAll = {"milliseconds", 0.001, "none"};
constexpr Unit kFrames = {"frames of 20 ms", 0.02, "full"};

using Reading = Familiar::Reading;
constexpr Familiar means(std::string_view typed, std::string_view text, const Unit* unit = nullptr) {
    return {typed, {}, Reading::means, text, unit};
}
constexpr Familiar given(std::string_view typed, std::string_view value, std::string_view text) {
    return {typed, value, text.empty() ? Reading::left_out : Reading::means, text};
}
constexpr Familiar left_out(std::string_view typed) {
    return {typed, {}, Reading::left_out};
}
constexpr Familiar instead(std::string_view typed, std::string_view advice) {
    return {typed, {}, Reading::refused, advice};
}
constexpr Familiar instead_of(std::string_view typed, std::string_view value, std::string_view advice) {
    return {typed, value, Reading::refused, advice};
}

// Entries for a single value stand before the one for any value.
constexpr std::array kFamiliar = {
    // whisper.cpp: files
    Familiar{"-f", {}, Reading::recording},
    Familiar{"--file", {}, Reading::input},
    means("-otxt --output-txt", "--output-format=txt"),
    means("-osrt --output-srt", "--output-format=srt"),
    means("-ovtt --output-vtt", "--output-format=vtt"),
    means("-ocsv --output-csv", "--output-format=csv"),
    means("-olrc --output-lrc", "--output-format=lrc"),
    means("-oj -ojson --output-json", "--output-format=json"),
    means("-ojf --output-json-full", "--output-format=json-full"),
    means("-of --output-file", "--output-name"),
    means("-pt", "--print-timestamps"),
    instead("-owts --output-words -fp --font-path", kKaraoke),
    // whisper.cpp: where in the audio
    means("-ot --offset-t", "--offset", &kMilliseconds),
    means("-d", "--duration", &kMillisecondsOrAll),
    given("-on --offset-n", "0", ""),
    instead("-on --offset-n", "leave it out: segments are numbered from 0"),
    means("-di", "--channel=split"),
    means("--diarize", "--channel=split"),
    instead("-tdrz --tinydiarize", kSpeakers),
    // whisper.cpp: decoding
    means("-bs", "--beam-size"),
    means("-bo", "--best-of"),
    means("-tr --translate", "--task=translate"),
    means("-tp", "--temperature"),
    means("-tpi --temperature-inc", "--temperature-increment-on-fallback"),
    means("-nf --no-fallback", "--temperature-increment-on-fallback=none"),
    means("-lpt --logprob-thold", "--logprob-threshold"),
    means("-nth --no-speech-thold", "--no-speech-threshold"),
    instead("-et --entropy-thold", kRepetition),
    means("-ac --audio-ctx", "--audio-context", &kFrames),
    means("-nt --no-timestamps", "--without-timestamps"),
    means("--prompt", "--initial-prompt"),
    given("-mc --max-context", "0", "--no-condition-on-previous-text"),
    given("-mc --max-context", "-1", "--condition-on-previous-text"),
    instead("-mc --max-context",
            "use --condition-on-previous-text, which gives a window as much of the text before it as the "
            "model takes"),
    instead("-dl --detect-language", kDetected),
    means("-sns --suppress-nst", "--suppress-tokens=-1"),
    instead("--suppress-regex", kTokenList),
    instead("--grammar --grammar-rule --grammar-penalty", kGrammar),
    // whisper.cpp: words
    given("-ml --max-len", "0", ""),
    means("-ml --max-len", "--word-timestamps --max-line-count=1 --max-line-width"),
    left_out("-sow --split-on-word"),
    instead("-wt --word-thold", kNoWordThreshold),
    instead("-dtw --dtw", "use --word-timestamps: the alignment heads are the model's own"),
    // whisper.cpp: voice activity
    means("-vt", "--vad-threshold"),
    means("-vspd", "--vad-min-speech-duration-ms"),
    means("-vsd", "--vad-min-silence-duration-ms"),
    means("-vp", "--vad-speech-pad-ms"),
    instead("-vm --vad-model", kVadWeights),
    instead("-vmsd --vad-max-speech-duration-s", kLongestWindow),
    instead("-vo --vad-samples-overlap", "leave it out: windows do not overlap"),
    // whisper.cpp: what is printed
    means("-np --no-prints", "--quiet"),
    means("-debug --debug-mode", "--verbose"),
    left_out("-pp --print-progress"),
    instead("-ps --print-special -ls --log-score", kTokens),
    means("-pc --print-confidence", "--print-colors"),
    // whisper.cpp: where it runs
    means("-ng --no-gpu", "--device=cpu"),
    instead("-dev -oved --ov-e-device", kDevices),
    left_out("-fa --flash-attn -nfa --no-flash-attn"),
    given("-p --processors", "1", ""),
    given("-p", "false", ""),
    instead_of("-p", "true", "leave it out: jq . FILE shows json in lines"),
    instead("-p --processors", kParallel),

    // openai-whisper
    given("--fp16", "false", "--precision=fp32"),
    instead("--fp16", kPrecision),
    instead("--model-dir", kWhereModels),
    instead_of("--device", "cuda", kDevices),
    instead_of("--device", "gpu", kDevices),
    instead_of("--device", "0", kDevices),
    given("--beam-size", "none", "--beam-size=1"),
    given("--best-of", "none", "--best-of=1"),
    given("--threads", "none", "--threads=0"),
    given("-l --language", "none", "--language=auto"),

    // whisper-ctranslate2
    means("--vad-filter", "--vad"),
    means("--vad-onset", "--vad-threshold"),
    means("--model-directory", "--model"),
    means("--log-prob-threshold", "--logprob-threshold"),
    given("--compute-type", "auto", ""),
    given("--compute-type", "default", ""),
    given("--compute-type", "bfloat16", "--precision=bf16"),
    given("--compute-type", "float32", "--precision=fp32"),
    given("--compute-type", "int8", "--precision=int8"),
    given("--compute-type", "int8-float32", "--precision=int8"),
    given("--compute-type", "int8-float16", "--precision=int8"),
    given("--compute-type", "int8-bfloat16", "--precision=int8"),
    instead("--compute-type", kPrecision),
    given("--batch-size", "none", ""),
    left_out("--batched --local-files-only"),

    // Parameters of faster-whisper's transcribe() and of Hugging Face's pipeline, typed as options
    means("--cpu-threads", "--threads"),
    instead("--num-workers", kParallel),
    given("--chunk-length", "30", ""),
    given("--chunk-length-s", "30", ""),
    instead("--chunk-length --chunk-length-s", kLongestWindow),
    instead("--max-new-tokens", kWindowTokens),
    instead("--language-detection-threshold --language-detection-segments", kDetected),
    given("--device-index", "0", ""),
    instead("--device-index", "leave it out: --device alone chooses where the encoder runs"),
    given("--pretty-json", "false", ""),
    instead("--pretty-json", "leave it out: jq . FILE shows json in lines"),
    given("--prompt-reset-on-temperature", "0.5", ""),
    instead("--prompt-reset-on-temperature", "leave it out: it is 0.5"),
    given("--multilingual", "false", ""),
    instead("--multilingual",
            "leave it out: --language auto, the default, looks at the language of each window"),
    instead("--hf-token --speaker-name --speaker-num", kSpeakers),
    given("--live-transcribe", "false", ""),
    instead("--live-transcribe --live-volume-threshold --live-input-device --live-input-device-sample-rate",
            kLive),

    // WhisperX
    left_out("--model-cache-only --no-align"),
    given("--log-level", "debug", "--verbose"),
    given("--log-level", "info", ""),
    given("--log-level", "warning", ""),
    given("--log-level", "error", "--quiet"),
    given("--log-level", "critical", "--quiet"),
    instead("--log-level", "use --verbose, or --quiet"),
    instead("--align-model --interpolate-method --timestamp-sanitize --return-char-alignments", kAlign),
    given("--vad-method", "silero", "--vad"),
    instead("--vad-method", "leave it out: voice activity is Silero's"),
    instead("--vad-offset", "leave it out: speech ends 0.15 below --vad-threshold"),
    given("--chunk-size", "30", ""),
    instead("--chunk-size", kLongestWindow),
    instead("--min-speakers --max-speakers --diarize-model --speaker-embeddings", kSpeakers),
    instead("--suppress-numerals", kTokenList),
    instead("--segment-resolution", "leave it out, or use --without-timestamps for one segment a window"),
};

bool has_name(std::string_view names, std::string_view typed) {
    const std::vector<std::string_view> all = split(names, ' ');
    return std::find(all.begin(), all.end(), typed) != all.end();
}

}  // namespace

std::span<const Familiar> familiar_options() {
    return kFamiliar;
}

const Familiar* find(std::span<const Familiar> entries, std::string_view typed, const std::string* value) {
    // "int8_float32" and "None" are written as the table has them.
    std::string given = value != nullptr ? to_lower(*value) : "";
    std::replace(given.begin(), given.end(), '_', '-');
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Familiar& entry) {
        return has_name(entry.typed, typed) && (entry.value.empty() || entry.value == given);
    });
    return found == entries.end() ? nullptr : &*found;
}

namespace {

// True and False as a switch's value, and as the word after one; nothing if it is neither.
std::optional<bool> truth(const std::string& word) {
    const std::string lower = to_lower(word);
    if (lower == "true" || lower == "yes" || lower == "on") return true;
    if (lower == "false" || lower == "no" || lower == "off") return false;
    return std::nullopt;
}

// `text` of a refused entry, with the names that --device and --precision take.
std::string advice(std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("devices", list_words(device_choices())),
                       fmt::arg("precisions", list_words(precision_names())));
}

// What another program counts in its unit, in seconds.
std::string in_seconds(const Unit& unit, const std::string& option, const std::string& value) {
    const auto count = to_whole_number(value, 0, 10'000'000'000);
    if (!count) refuse(value, option, fmt::format("a whole number of {}, as in whisper.cpp", unit.name));
    if (*count == 0 && !unit.zero.empty()) return std::string(unit.zero);
    return to_text(static_cast<double>(*count) * unit.seconds);
}

class Translation {
  public:
    Translation(const CLI::App& command, const std::vector<std::string>& arguments,
                std::span<const Familiar> familiar)
        : command_(command),
          familiar_(familiar),
          marked_(std::find(arguments.begin(), arguments.end(), "--") != arguments.end()) {
        for (size_t i = 0; i < arguments.size(); ++i) {
            if (arguments[i] == "--") {
                while (++i < arguments.size()) add_input(arguments[i]);
                break;
            }
            const std::string* next = i + 1 < arguments.size() ? &arguments[i + 1] : nullptr;
            if (add(arguments[i], next)) ++i;
        }
        // All of them at once, so that a command line from elsewhere can be mended in one go.
        if (!refused_.empty()) throw UsageError(fmt::format("{}", fmt::join(refused_, "; ")));
    }

    std::vector<std::string> words() && {
        if (marked_) {
            out_.push_back("--");
            std::move(inputs_.begin(), inputs_.end(), std::back_inserter(out_));
        }
        return std::move(out_);
    }

  private:
    // An option as it was typed. `value`: what stood behind its '=', else the next word; null if there is
    // none.
    struct Typed {
        std::string name;
        bool joined;  // with an '='
        const std::string* value;
    };

    // These return true if the next word was used up as the value.

    bool add(const std::string& argument, const std::string* next) {
        if (argument.size() < 2 || argument[0] != '-') {
            add_input(argument);
            return false;
        }
        const size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
        const bool joined = equals != std::string::npos;
        const std::string value = joined ? argument.substr(equals + 1) : "";
        Typed typed{argument.substr(0, equals), joined, joined ? &value : next};
        if (typed.name.starts_with("--")) std::replace(typed.name.begin(), typed.name.end(), '_', '-');
        if (const Familiar* entry = find(familiar_, typed.name, typed.value))
            return add_familiar(*entry, typed);
        return add_option(typed);
    }

    bool add_familiar(const Familiar& entry, const Typed& typed) {
        const std::optional<bool> wanted = typed.value != nullptr ? truth(*typed.value) : std::nullopt;
        switch (entry.reading) {
            case Familiar::Reading::refused:
                refused_.push_back(fmt::format("{}{} is not available: {}", typed.name,
                                               entry.value.empty() ? "" : " " + *typed.value,
                                               advice(entry.text)));
                return false;
            case Familiar::Reading::left_out:
                return !typed.joined && (!entry.value.empty() || wanted);
            case Familiar::Reading::recording:
                if (typed.value == nullptr || !is_recording(*typed.value)) return add_option(typed);
                return add_input_of(typed);
            case Familiar::Reading::input:
                if (typed.value == nullptr)
                    throw UsageError(fmt::format("missing value for {}: expected FILE", typed.name));
                return add_input_of(typed);
            case Familiar::Reading::means:
                break;
        }
        const std::vector<std::string_view> words = split(entry.text, ' ');
        Typed last = typed;
        last.name = words.back();
        const bool complete = last.name.find('=') != std::string::npos;
        if (complete && entry.value.empty() && typed.joined && !wanted)
            throw UsageError(fmt::format("{} takes no value; it stands for {}", typed.name, last.name));
        if (complete && entry.value.empty() && wanted == false) return !typed.joined;  // "--output-srt False"
        out_.insert(out_.end(), words.begin(), words.end() - 1);
        if (complete || !entry.value.empty()) {
            out_.push_back(last.name);
            return !typed.joined && (!entry.value.empty() || wanted);
        }
        if (entry.unit != nullptr && typed.value != nullptr) {
            out_.insert(out_.end(), {last.name, in_seconds(*entry.unit, typed.name, *typed.value)});
            return !typed.joined;
        }
        return add_option(last);
    }

    bool add_option(const Typed& typed) {
        const CLI::Option* option = command_.get_option_no_throw(typed.name);
        const bool known = option != nullptr && typed.value != nullptr;
        if (known && !is_switch(*option)) {
            out_.insert(out_.end(), {typed.name, *typed.value});
            return !typed.joined;
        }
        const bool has_value = typed.joined || (known && truth(*typed.value));
        const bool is_short = !typed.name.starts_with("--");  // CLI11 knows no "-q=true"
        out_.push_back(has_value
                           ? (known && is_short ? "--" + name(*option) : typed.name) + "=" + *typed.value
                           : typed.name);
        return has_value && !typed.joined;
    }

    // CLI11 takes "[a,b]" as a list of two, "++" as the end of a subcommand, and no input after "--" if there
    // was one before it. So with "--" all inputs follow it, in their order.
    void add_input(const std::string& path) {
        const bool list = path.starts_with('[') && path.ends_with(']');
        if (marked_) {
            inputs_.push_back((list ? "./" : "") + path);
        } else {
            out_.push_back((list || path == "++" ? "./" : "") + path);
        }
    }

    bool add_input_of(const Typed& typed) {
        const bool looks_like_option = typed.value->size() > 1 && typed.value->front() == '-';
        add_input((looks_like_option ? "./" : "") + *typed.value);
        return !typed.joined;
    }

    const CLI::App& command_;
    std::span<const Familiar> familiar_;
    const bool marked_;  // "--" is among the arguments
    std::vector<std::string> out_;
    std::vector<std::string> inputs_;  // if marked_; otherwise they stand in out_
    std::vector<std::string> refused_;
};

}  // namespace

std::vector<std::string> translate(const CLI::App& command, const std::vector<std::string>& arguments,
                                   std::span<const Familiar> familiar) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    const auto asked_for = [&](const char* name) { return std::find(arguments.begin(), end, name) != end; };
    // Whatever else is wrong.
    if (asked_for("--help-all") || asked_for("--help_all")) return {"--help-all"};
    if (asked_for("--help") || asked_for("-h")) return {"--help"};
    return Translation(command, arguments, familiar).words();
}

}  // namespace npuscribe::app
