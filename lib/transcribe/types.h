#pragma once
// What a transcription is made of. lib/output sees these types and nothing else.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/token.h"

namespace npuscribe {

struct Word {
    double start = 0;  // seconds in the file
    double end = 0;
    std::string text;  // with its leading space, as Whisper has it
    double probability = 0;
};

/// A token as it was sampled.
struct TokenDetail {
    Token id = 0;
    std::string text;        // <|1.50|> for a timestamp; a part of a character comes as U+FFFD
    double probability = 0;  // among what the rules allowed
};

/// OpenAI's fields.
struct Segment {
    int id = 0;
    int64_t seek = 0;  // mel frame (10 ms) at which its window starts in the file
    double start = 0;  // seconds in the file; start <= end, and no segment starts before the one before it
    double end = 0;
    std::string text;      // UTF-8, with its leading space
    std::string language;  // code of what was spoken
    std::vector<Token> tokens;
    double temperature = 0;
    double avg_logprob = 0;
    double compression_ratio = 0;
    double no_speech_prob = 0;
    std::string speaker;      // "0" or "1": the channel, if channels are transcribed apart; else empty
    std::vector<Word> words;  // if word times were asked for: in order, and joined they are the text
    std::vector<TokenDetail> token_details;  // of `tokens`
};

struct Transcript {
    std::string language;  // code; if it changes, that of most of the speech
    double language_probability = 1;
    double duration = 0;         // seconds of audio, of what was to be transcribed
    double speech_duration = 0;  // seconds that were transcribed
    double peak = 0;             // the largest absolute value of a sample; full scale is 1
    /// What a listener should know of the audio, as sentences that begin with "its", meaning the input's.
    std::vector<std::string> warnings;
    /// Why the input could not be read whole, as a sentence that names it; empty: it was. The segments are of
    /// what could be read.
    std::string broken_off;
    std::vector<Segment> segments;
    /// All segments' text, joined.
    std::string text() const;
};

/// Seconds of wall-clock time by stage, and counts. Sums of a run, or of one file. Stages that run at the
/// same time on an asynchronous device may add up to more than `total`.
struct Timing {
    double load = 0;          // model, weights packed
    double audio_decode = 0;  // audio file to 16 kHz mono
    double vad = 0;
    double mel = 0;
    double encoder_quantise = 0;  // normalise and quantise
    double encoder_matmul = 0;
    double encoder_attention = 0;
    double encoder_other = 0;   // convolutions, final norm
    double cross_kv = 0;        // cross-attention keys and values, once a window
    double modelled_array = 0;  // not spent: what the array would take, by the emulated device's model
    double decoder = 0;         // all decoder steps, search included
    double total = 0;           // wall clock; the program adds loading

    uint64_t windows = 0;
    uint64_t steps = 0;           // decoder steps, each for a batch of rows
    uint64_t rows = 0;            // of the steps: tokens fed to the decoder, prompts and every beam included
    uint64_t tokens = 0;          // tokens sampled, over all sequences
    uint64_t fallbacks = 0;       // windows decoded again at a higher temperature
    uint64_t encoder_frames = 0;  // rows that the encoder was given, over all windows
    uint64_t context_guard = 0;   // windows encoded again at full length: their ContextGuard refused them
    uint64_t coverage_guard = 0;  // stretches of speech decoded again, because no word was looked for in them
    uint64_t coverage_filled = 0;  // those of them that had words
    double audio_seconds = 0;

    double encoder() const { return encoder_quantise + encoder_matmul + encoder_attention + encoder_other; }
    double realtime_factor() const { return total > 0 ? audio_seconds / total : 0; }
    double tokens_per_second() const { return decoder > 0 ? static_cast<double>(tokens) / decoder : 0; }
    Timing& operator+=(const Timing& other);
};

/// When something was done, in seconds since the run began; both are 0 if it was not.
struct Interval {
    double begin = 0;
    double end = 0;
};

/// A window's way through the pipeline. A window that is encoded twice has two traces. Stages of different
/// windows overlap: between its own stages a window waits.
struct WindowTrace {
    size_t input = 0;
    size_t channel = 0;      // if channels are transcribed apart
    size_t index = 0;        // in its input
    size_t part = 0;         // above 0: what its earlier parts left over
    double audio_begin = 0;  // seconds in the file
    double audio_end = 0;
    bool refused = false;  // to be encoded again at full length
    Interval read;         // audio decoded, speech found
    Interval mel;
    Interval encoder;
    Interval decoder;  // beside the other windows of the batch
};

/// What did the work; printed with every timing.
struct Setup {
    std::string device;  // DeviceInfo.name
    std::string device_description;
    std::string numerics;
    bool modelled_times = false;
    std::string model;
    std::string precision;
    std::string task;
    int beam_size = 1;
    int batch_size = 1;
    int threads = 1;
};

}  // namespace npuscribe
