#include "spelling.h"

#include <algorithm>
#include <array>
#include <utility>

namespace npuscribe::app {
namespace {

constexpr std::string_view kNoGpu = "use --device cpu; --device says where the encoder runs";
constexpr std::string_view kPrecision = "use --precision bfp16, bf16 or fp32";
constexpr std::string_view kNamedAfterInput = "use --output-dir DIR; files in it are named after their input";
constexpr std::string_view kOwnProgress = "leave it out: progress is shown wherever stderr is a terminal";
constexpr std::string_view kAudioContextUnit =
    "use --audio-context SECONDS, where 50 of whisper.cpp's frames are a second";
constexpr std::string_view kWhereModels = "set NPUSCRIBE_MODELS, or give --model the model's directory";
constexpr std::string_view kLineWidth = "use --word-timestamps --max-line-width N --max-line-count 1";
constexpr std::string_view kWholeWords = "leave it out: text is cut between words alone";
constexpr std::string_view kNoWordThreshold = "leave it out: the times of words need no threshold here";

// whisper.cpp's, whisper-ctranslate2's and openai-whisper's own. Options of the same name and meaning need no
// entry.
constexpr std::array kSpellings = {
    // whisper.cpp: output files
    Spelling{"-otxt", "--output-format=txt", {}},
    Spelling{"-osrt", "--output-format=srt", {}},
    Spelling{"-ovtt", "--output-format=vtt", {}},
    Spelling{"-ocsv", "--output-format=csv", {}},
    Spelling{"-olrc", "--output-format=lrc", {}},
    Spelling{"-oj", "--output-format=json", {}},
    Spelling{"-ojson", "--output-format=json", {}},
    Spelling{"-ojf", "--output-format=json-full", {}},
    Spelling{"--output-txt", "--output-format=txt", {}},
    Spelling{"--output-srt", "--output-format=srt", {}},
    Spelling{"--output-vtt", "--output-format=vtt", {}},
    Spelling{"--output-csv", "--output-format=csv", {}},
    Spelling{"--output-lrc", "--output-format=lrc", {}},
    Spelling{"--output-json", "--output-format=json", {}},
    Spelling{"--output-json-full", "--output-format=json-full", {}},
    Spelling{"-of", {}, kNamedAfterInput},
    Spelling{"--output-file", {}, kNamedAfterInput},
    Spelling{"--file", {}, "give the file without an option: npuscribe FILE"},
    // whisper.cpp: decoding
    Spelling{"-bs", "--beam-size", {}},
    Spelling{"-bo", "--best-of", {}},
    Spelling{"-tr", "--task=translate", {}},
    Spelling{"--translate", "--task=translate", {}},
    Spelling{"-tp", "--temperature", {}},
    Spelling{"-tpi", "--temperature-increment-on-fallback", {}},
    Spelling{"--temperature-inc", "--temperature-increment-on-fallback", {}},
    Spelling{"-nf", "--temperature-increment-on-fallback=none", {}},
    Spelling{"--no-fallback", "--temperature-increment-on-fallback=none", {}},
    Spelling{"-lpt", "--logprob-threshold", {}},
    Spelling{"--logprob-thold", "--logprob-threshold", {}},
    Spelling{"-nth", "--no-speech-threshold", {}},
    Spelling{"--no-speech-thold", "--no-speech-threshold", {}},
    Spelling{"-et", {}, "use --compression-ratio-threshold, which does its work here"},
    Spelling{"--entropy-thold", {}, "use --compression-ratio-threshold, which does its work here"},
    Spelling{"-ac", {}, kAudioContextUnit},
    Spelling{"--audio-ctx", {}, kAudioContextUnit},
    Spelling{"-nt", "--without-timestamps", {}},
    Spelling{"--no-timestamps", "--without-timestamps", {}},
    Spelling{"--prompt", "--initial-prompt", {}},
    Spelling{"-dl",
             {},
             "use --language auto, the default: what is detected is in the json output and in the report"},
    Spelling{"--detect-language",
             {},
             "use --language auto, the default: what is detected is in the json output and in the report"},
    // whisper.cpp: where in the audio
    Spelling{"-ot", "--offset", {}, true},
    Spelling{"--offset-t", "--offset", {}, true},
    Spelling{"-d", "--duration", {}, true},
    Spelling{"-di", "--channel=split", {}},
    Spelling{"--diarize", "--channel=split", {}},
    // whisper.cpp: words
    Spelling{"-ml", {}, kLineWidth},
    Spelling{"--max-len", {}, kLineWidth},
    Spelling{"-sow", {}, kWholeWords},
    Spelling{"--split-on-word", {}, kWholeWords},
    Spelling{"-wt", {}, kNoWordThreshold},
    Spelling{"--word-thold", {}, kNoWordThreshold},
    // whisper.cpp: voice activity
    Spelling{"-vt", "--vad-threshold", {}},
    Spelling{"-vspd", "--vad-min-speech-duration-ms", {}},
    Spelling{"-vsd", "--vad-min-silence-duration-ms", {}},
    Spelling{"-vp", "--vad-speech-pad-ms", {}},
    Spelling{"-vm", {}, kWhereModels},
    Spelling{"--vad-model", {}, kWhereModels},
    // whisper.cpp: what is printed, and where it runs
    Spelling{"-np", "--quiet", {}},
    Spelling{"--no-prints", "--quiet", {}},
    Spelling{"-pp", {}, kOwnProgress},
    Spelling{"--print-progress", {}, kOwnProgress},
    Spelling{"-ng", {}, kNoGpu},
    Spelling{"--no-gpu", {}, kNoGpu},
    Spelling{"-p", {}, "use --threads, or --batch-size for windows at once"},
    Spelling{"--processors", {}, "use --threads, or --batch-size for windows at once"},
    // whisper-ctranslate2, faster-whisper
    Spelling{"--vad-filter", "--vad", {}},
    Spelling{"--model-directory", "--model", {}},
    Spelling{"--log-prob-threshold", "--logprob-threshold", {}},
    Spelling{"--compute-type", {}, kPrecision},
    Spelling{"--batched", {}, "use --batch-size N; windows are always decoded together"},
    Spelling{"--device-index", {}, "leave it out: --device alone says where the encoder runs"},
    Spelling{"--print-colors", {}, "leave it out: transcripts have no colours"},
    Spelling{"--live-transcribe", {}, "pipe the audio into npuscribe - instead"},
    // openai-whisper
    Spelling{"--model-dir", {}, kWhereModels},
    Spelling{"--fp16", {}, kPrecision},
};

}  // namespace

const Spelling* familiar_spelling(std::string_view typed) {
    const auto found = std::find_if(kSpellings.begin(), kSpellings.end(),
                                    [&](const Spelling& s) { return s.typed == typed; });
    return found == kSpellings.end() ? nullptr : &*found;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before;  // row i − 2
    std::vector<size_t> last(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        std::vector<size_t> row(b.size() + 1);
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::exchange(last, std::move(row));
    }
    return last[b.size()];
}

std::vector<std::string> nearest(std::string_view typed, std::span<const std::string> known) {
    std::vector<std::pair<size_t, std::string>> found;
    for (const std::string& name : known) {
        // One slip in four letters, two in eight; or the beginning of a name.
        const size_t distance = edit_distance(typed, name);
        const bool beginning = typed.size() >= 3 && name.starts_with(typed);
        if (distance <= std::max<size_t>(1, typed.size() / 4) || beginning)
            found.emplace_back(distance, name);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> out;
    for (auto& [distance, name] : found) {
        // A near miss is one thing that was meant; beginnings may be several.
        if (out.size() == 3 || (!out.empty() && found.front().first <= 2 && distance > 2)) break;
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace npuscribe::app
