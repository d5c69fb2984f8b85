#pragma once
// The options of a transcription. transcribe/validate.h checks them.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "audio/clip.h"
#include "audio/vad.h"
#include "decoder/options.h"
#include "model/token.h"

namespace npuscribe {

/// Which channels of an input are transcribed: their mean, one of two, or both of two, each by itself.
enum class Channels { mix, left, right, split };

/// How words are made of a window's tokens.
struct WordOptions {
    std::string prepend_punctuations = "\"'“¿([{-";                // go to the word after them
    std::string append_punctuations = "\"'.。,，!！?？:：”)]}、";  // go to the word before them
    /// Seconds: text that may be made up is left out if more silence surrounds it (hallucination.h).
    std::optional<double> hallucination_silence_threshold;
};

struct TranscribeOptions {
    // What is transcribed.
    Task task = Task::transcribe;
    std::string language;  // a code ("de") or an English name ("German"); empty: detect it
    Channels channels = Channels::mix;
    /// Of several audio tracks: its number from 1, or the code of its language; empty: the main one.
    std::string audio_track;
    std::vector<audio::Clip> clips;  // parts of each input, as audio::check_clips wants them; none: all of it

    // How it is cut into windows, and how much of each is encoded.
    bool vad = true;  // cut at pauses; else windows of 30 s, one after the other
    audio::VadOptions vad_options;
    size_t n_audio_ctx = 0;  // upper limit in encoder frames of 20 ms; 0: all of the model's
    /// Encode a window's sound and some silence instead of all of n_audio_ctx. A window whose text is not
    /// believed then is encoded at full length, and so are all if the first temperature is above 0.
    bool fit_audio_ctx = true;

    // What the decoder is given beside the audio.
    std::string initial_prompt;         // what was said before the first window
    bool carry_initial_prompt = false;  // the prompt comes before every window, not the first alone
    std::string hotwords;               // words to expect: before every window, in front of other text
    /// What the first window of an input begins with. It is part of the transcript, with a probability of 1,
    /// as in faster-whisper; openai-whisper's DecodingOptions.prefix leaves it out.
    std::string prefix;
    bool condition_on_previous_text = false;  // a window's text is the next one's prompt: Whisper may loop

    DecodingOptions decoding;
    WordOptions words;      // if decoding.word_timestamps
    size_t batch_size = 0;  // windows decoded at once, over all files; 0: default_batch_size() of the model
};

}  // namespace npuscribe
