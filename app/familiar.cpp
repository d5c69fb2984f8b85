#include "familiar.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace npuscribe::app {
namespace {

constexpr std::string_view kDevices = "use --device cpu, npu or auto, which says where the encoder runs";
constexpr std::string_view kPrecision = "use --precision bfp16 (the default), bf16, fp32 or int8";
constexpr std::string_view kNamedAfterInput = "use --output-dir DIR; files in it are named after their input";
constexpr std::string_view kKaraoke =
    "use --word-timestamps --output-format html, a page that lights up each word as it is spoken, or "
    "--highlight-words for srt and vtt";
constexpr std::string_view kTokens =
    "use --output-format json-full, which has every token with its probability";
constexpr std::string_view kConfidence =
    "use --output-format html, which shades what the model was less sure of, or json-full, which has every "
    "token's probability";
constexpr std::string_view kDetected =
    "use --duration 30 --verbose, which tells the language that was detected; it is in json and in the "
    "report, too";
constexpr std::string_view kNoWordThreshold = "leave it out: the times of words need no threshold here";
constexpr std::string_view kRepetition = "use --compression-ratio-threshold, which does its work here";
constexpr std::string_view kGrammar =
    "leave it out: there are no grammars; --hotwords TEXT names words to expect";
constexpr std::string_view kTokenList = "use --suppress-tokens LIST, of token numbers";
constexpr std::string_view kSpeakers =
    "leave it out: speakers are told apart by channel alone, with --channel split";
constexpr std::string_view kVadWeights =
    "leave it out: Silero's weights come with every model that is fetched";
constexpr std::string_view kLongestWindow =
    "leave it out: speech is cut at pauses, into windows of at most 30 s";
constexpr std::string_view kWhereModels =
    "set NPUSCRIBE_MODELS to that directory, or give --model the model's own directory";
constexpr std::string_view kLive =
    "record first (arecord -f cd talk.wav) and transcribe the file: what is piped into npuscribe - is waited "
    "for to its "
    "end";
constexpr std::string_view kAlign = "use --word-timestamps, which needs no second model";
constexpr std::string_view kParallel = "use --threads N, or --batch-size N for windows at once";

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

// An entry for one value stands before the one for all.
constexpr std::array kFamiliar = {
    // whisper.cpp: files
    Familiar{"--file", {}, Reading::input},
    means("-otxt --output-txt", "--output-format=txt"),
    means("-osrt --output-srt", "--output-format=srt"),
    means("-ovtt --output-vtt", "--output-format=vtt"),
    means("-ocsv --output-csv", "--output-format=csv"),
    means("-olrc --output-lrc", "--output-format=lrc"),
    means("-oj -ojson --output-json", "--output-format=json"),
    means("-ojf --output-json-full", "--output-format=json-full"),
    instead("-of --output-file", kNamedAfterInput),
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
    instead(
        "-mc --max-context",
        "use --condition-on-previous-text: a window gets as much of the text before it as the model takes"),
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
    given("--print-colors", "false", ""),
    instead("-pc --print-colors --print-confidence", kConfidence),
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
    given("--device-index", "0", ""),
    instead("--device-index", "leave it out: --device alone says where the encoder runs"),
    given("--pretty-json", "false", ""),
    instead("--pretty-json", "leave it out: jq . FILE shows json in lines"),
    given("--prompt-reset-on-temperature", "0.5", ""),
    instead("--prompt-reset-on-temperature", "leave it out: it is 0.5"),
    instead("--prefix",
            "use --initial-prompt TEXT, which comes before a window's text and does not begin it"),
    given("--multilingual", "false", ""),
    instead("--multilingual", "leave it out: each file has one language, detected or given with --language"),
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
    while (!names.empty()) {
        const size_t space = std::min(names.find(' '), names.size());
        if (names.substr(0, space) == typed) return true;
        names.remove_prefix(std::min(space + 1, names.size()));
    }
    return false;
}

// "int8_float32" and "None" as the table has them.
std::string plain(std::string value) {
    for (char& c : value) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return value;
}

}  // namespace

std::span<const Familiar> familiar_options() {
    return kFamiliar;
}

const Familiar* familiar(std::string_view typed, const std::string* value) {
    const std::string given = value != nullptr ? plain(*value) : "";
    const auto found = std::find_if(kFamiliar.begin(), kFamiliar.end(), [&](const Familiar& entry) {
        return has_name(entry.typed, typed) && (entry.value.empty() || entry.value == given);
    });
    return found == kFamiliar.end() ? nullptr : &*found;
}

}  // namespace npuscribe::app
