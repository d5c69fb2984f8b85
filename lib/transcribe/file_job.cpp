#include "transcribe/file_job.h"

#include <algorithm>

#include "audio/clips.h"
#include "decoder/prompt.h"
#include "transcribe/words.h"

namespace npuscribe {

namespace {

double last_word_end(const std::vector<Segment>& segments, double otherwise) {
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        if (!segment->words.empty()) return segment->words.back().end;
    }
    return segments.empty() ? otherwise : segments.back().end;
}

/// Above this temperature a text is too wild to prompt the next window with (OpenAI's transcribe.py).
constexpr double kHottestHistory = 0.5;

}  // namespace

FileJob::FileJob(const Settings& settings)
    : settings_(settings),
      initial_prompt_(given_tokens(settings.vocabulary, settings.options.initial_prompt)),
      hotwords_(given_tokens(settings.vocabulary, settings.options.hotwords)),
      prefix_(given_tokens(settings.vocabulary, settings.options.prefix)),
      history_(initial_prompt_),
      filter_(settings.sequential() ? std::nullopt : settings.options.words.hallucination_silence_threshold) {
    transcript_.language = settings.vocabulary.multilingual ? settings.options.language : "en";
}

void FileJob::set_language(const std::string& code, double probability) {
    transcript_.language = code;
    transcript_.language_probability = probability;
}

PromptParts FileJob::start_window(SourceWindow window) {
    input_seconds_ = window.input_seconds;
    timing_.mel += window.mel_seconds;
    ++timing_.windows;
    if (window.part > 0) --rests_;
    const bool first = window.index == 0 && window.part == 0;
    open_.emplace(Place{window.index, window.part}, std::move(window.window));
    // Sequential windows wait for each other: if none has kept its text yet, the transcript begins here.
    const bool begins = settings_.sequential() ? !begun_ : first;
    return {settings_.options.task, language(), hotwords_, previous_text(first),
            begins ? prefix_ : std::vector<Token>()};
}

std::vector<Token> FileJob::previous_text(bool first) const {
    if (settings_.options.carry_initial_prompt && !first) {
        std::vector<Token> carried = initial_prompt_;
        // The prompt stays in front even if the history is longer than there is room for.
        const size_t room = max_previous_tokens(settings_.n_text_ctx);
        carried.resize(std::min(carried.size(), room));
        if (settings_.one_at_a_time()) {
            const size_t tail = std::min(history_.size(), room - carried.size());
            carried.insert(carried.end(), history_.end() - static_cast<std::ptrdiff_t>(tail), history_.end());
        }
        return carried;
    }
    return settings_.one_at_a_time() || first ? history_ : std::vector<Token>();
}

void FileJob::add_encoding(const EncodedWindow& window) {
    const EncoderTimes& times = window.times;
    timing_.encoder_frames += window.n_ctx;
    timing_.encoder_quantise += times.quantise;
    timing_.encoder_matmul += times.matmul;
    timing_.encoder_attention += times.attention;
    timing_.encoder_other += std::max(0.0, window.seconds - times.quantise - times.matmul - times.attention);
}

void FileJob::add(const DecodeCost& cost) {
    timing_.cross_kv += cost.cross_kv_seconds;
    timing_.decoder += cost.decoder_seconds;
    timing_.steps += cost.steps;
    timing_.rows += cost.rows;
    timing_.tokens += cost.tokens;
}

void FileJob::refuse_window(const DecodeCost& cost) {
    add(cost);
    ++timing_.context_guard;
}

FileJob::Outcome FileJob::finish_window(Place place, const DecodingResult& result, const DecodeCost& cost) {
    add(cost);
    timing_.total = watch_.seconds();
    timing_.fallbacks += result.attempts > 1 ? 1 : 0;

    const auto window = open_.extract(place);
    WindowText text = window_text(result, window.mapped(), settings_.vocabulary, settings_.sequential(),
                                  settings_.options.words, settings_.options.decoding.word_timestamps);
    if (const auto threshold = settings_.options.words.hallucination_silence_threshold;
        threshold && settings_.sequential()) {
        skip_silence(text, window.mapped(), {*threshold, settings_.window_seconds, last_speech_});
        last_speech_ = last_word_end(text.segments, last_speech_);
    }
    begun_ = begun_ || !text.skipped;
    // A silent window leaves the history, initial prompt included, to its successor, as OpenAI's does.
    if (!result.silence && !text.skipped) remember(text, result);
    const audio::Piece& last = window.mapped().pieces.back();
    const auto window_end = static_cast<double>(last.in_file + last.length) / audio::kSampleRate;
    Outcome outcome;
    outcome.resume_at = text.resume_at;
    if (text.rest_from) {
        ++rests_;
        outcome.rest.emplace();
        outcome.rest->index = place.window;
        outcome.rest->part = place.part + 1;
        outcome.rest->window = window.mapped().from(*text.rest_from);
        outcome.rest->input_seconds = input_seconds_;
    }
    finished_[place] = {std::move(text), window_end};
    take_over();
    return outcome;
}

void FileJob::remember(const WindowText& text, const DecodingResult& result) {
    if (!settings_.options.condition_on_previous_text || result.temperature > kHottestHistory) {
        history_.clear();
        return;
    }
    // Unless windows are sequential, text that may be made up can still be dropped later.
    const bool in_doubt = settings_.options.words.hallucination_silence_threshold && !settings_.sequential();
    for (size_t i = 0; i < text.segments.size(); ++i) {
        if (in_doubt && text.anomalous[i]) continue;
        const auto& tokens = text.segments[i].tokens;
        history_.insert(history_.end(), tokens.begin(), tokens.end());
    }
    const size_t most = max_previous_tokens(settings_.n_text_ctx);
    if (history_.size() > most) history_.erase(history_.begin(), history_.end() - static_cast<int64_t>(most));
}

void FileJob::append(std::vector<Segment> segments) {
    for (Segment& segment : segments) {
        auto& all = transcript_.segments;
        segment.id = static_cast<int>(all.size());
        if (!all.empty()) put_after(all.back(), segment);
        all.push_back(std::move(segment));
    }
}

void FileJob::take_over() {
    for (auto next = finished_.find(next_); next != finished_.end(); next = finished_.find(next_)) {
        auto& [text, window_end] = next->second;
        for (size_t i = 0; i < text.segments.size(); ++i)
            append(filter_.add(std::move(text.segments[i]), text.anomalous[i]));
        seconds_done_ = std::max(seconds_done_, window_end);
        next_ = text.rest_from ? Place{next_.window, next_.part + 1} : Place{next_.window + 1, 0};
        finished_.erase(next);
    }
    if (done())
        append(filter_.end(audio::file_seconds_of_clips(settings_.options.clips, transcript_.duration)));
}

std::span<const Segment> FileJob::take_segments() {
    const auto fresh = std::span<const Segment>(transcript_.segments).subspan(segments_taken_);
    segments_taken_ = transcript_.segments.size();
    return fresh;
}

void FileJob::end(const SourceEnd& end) {
    ended_ = true;
    error_ = end.error;
    transcript_.duration = static_cast<double>(end.samples_read) / audio::kSampleRate;
    transcript_.speech_duration = static_cast<double>(end.speech_samples) / audio::kSampleRate;
    if (transcript_.language.empty())
        transcript_.language_probability = 0;  // there was no window, hence nothing to detect it from
    timing_.audio_decode += end.decode_seconds;
    timing_.vad += end.vad_seconds;
    timing_.audio_seconds = transcript_.duration;
    timing_.total = watch_.seconds();
    take_over();
}

}  // namespace npuscribe
