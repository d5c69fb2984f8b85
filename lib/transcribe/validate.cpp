#include "transcribe/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/clips.h"
#include "base/error.h"
#include "decoder/vocabulary.h"
#include "model/languages.h"
#include "model/model.h"

namespace npuscribe {
namespace {

constexpr double kSecondsPerFrame = 0.02;  // of the encoder

/// Throws unless `holds`. The message: "name: 'value' was given" and the rest.
template <class T>
void require(bool holds, const char* name, const T& value, std::string_view rest) {
    if (!holds) throw OptionError(fmt::format("{}: '{}' was given{}", name, value, rest));
}

template <class T>
void require_positive(const char* name, const T& value) {
    require(value >= 1, name, value, "; give a whole number of 1 or more");
}

void check_language(const TranscribeOptions& options, std::string_view model, const Vocabulary& vocabulary) {
    const std::string english_only =
        fmt::format(", but the model {} knows only English; use a multilingual model, such as base", model);
    if (!options.language.empty()) {
        const std::string_view code = find_language_code(options.language);
        const char* const instead =
            "; give a code such as de, or an English name such as German, or have the language detected";
        require(!code.empty(), "language", options.language,
                fmt::format(", which is no language that Whisper knows{}", instead));
        require(vocabulary.multilingual || code == "en", "language", options.language, english_only);
        require(!vocabulary.multilingual || vocabulary.language_token(code), "language", options.language,
                fmt::format(", which the model {} does not know{}", model, instead));
    }
    require(vocabulary.multilingual || options.task == Task::transcribe, "task", "translate", english_only);
}

void check_audio(const TranscribeOptions& options, std::string_view model, const Dimensions& dimensions) {
    const auto seconds = [](size_t frames) { return kSecondsPerFrame * static_cast<double>(frames); };
    if (options.n_audio_ctx > dimensions.n_audio_ctx) {
        throw OptionError(fmt::format(
            "audio-context: {} s ({} frames) were asked for, but the model {} has {} s ({} frames); give at "
            "most that, or full",
            seconds(options.n_audio_ctx), options.n_audio_ctx, model, seconds(dimensions.n_audio_ctx),
            dimensions.n_audio_ctx));
    }
    try {
        audio::check_clips(options.clips);
    } catch (const UsageError& error) {
        throw OptionError(fmt::format("clip-timestamps: {}", error.what()));
    }
}

void check_search(const DecodingOptions& decoding) {
    require_positive("beam-size", decoding.beam_size);
    require(decoding.beam_recombination >= 0, "beam-recombination", decoding.beam_recombination,
            "; give a whole number of 1 or more, or 0 to keep all beams");
    require(decoding.beam_threshold.value_or(0) >= 0, "beam-threshold", decoding.beam_threshold.value_or(0),
            "; give a number of 0 or more, or none to keep all beams");
    require_positive("best-of", decoding.best_of);
    require_positive("max-tokens", decoding.max_tokens);
    if (decoding.temperatures.empty())
        throw OptionError("temperature: none was given; give at least one, such as 0");
    for (const double temperature : decoding.temperatures)
        require(temperature >= 0 && std::isfinite(temperature), "temperature", temperature,
                "; give 0 or more");
    require(std::nearbyint(decoding.beam_size * decoding.patience) >= 1, "patience", decoding.patience,
            fmt::format(" with a beam size of {}, which would never finish a text; give more of either",
                        decoding.beam_size));
}

void check_rules(const DecodingOptions& decoding, const Vocabulary& vocabulary) {
    for (const Token token : decoding.suppress_tokens)
        require(token >= -1 && token < static_cast<Token>(vocabulary.size), "suppress-tokens", token,
                fmt::format(", but the model's tokens are 0 to {}; give one of those, or -1 for all symbols "
                            "that are not speech",
                            vocabulary.size - 1));
    const double latest = decoding.max_initial_timestamp.value_or(0);
    require(latest >= 0, "max-initial-timestamp", latest, "; give 0 seconds or more, or none");
    require(decoding.repetition_penalty > 0, "repetition-penalty", decoding.repetition_penalty,
            "; give a number above 0");
    require(decoding.no_repeat_ngram_size >= 0, "no-repeat-ngram-size", decoding.no_repeat_ngram_size,
            "; give a whole number of 1 or more, or 0 for no such rule");
}

}  // namespace

void validate(const TranscribeOptions& options, const Model& model) {
    validate(options, model.name, make_vocabulary(model.tokenizer), model.dimensions());
}

void validate(const TranscribeOptions& options, std::string_view model_name, const Vocabulary& vocabulary,
              const Dimensions& dimensions) {
    check_language(options, model_name, vocabulary);
    check_audio(options, model_name, dimensions);
    check_search(options.decoding);
    check_rules(options.decoding, vocabulary);
    if (const auto threshold = options.words.hallucination_silence_threshold)
        require(options.decoding.word_timestamps, "hallucination-silence-threshold", *threshold,
                ", which needs the words' times; ask for word timestamps, too");
}

}  // namespace npuscribe
