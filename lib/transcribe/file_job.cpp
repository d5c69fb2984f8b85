#include "transcribe/file_job.h"

#include <algorithm>
#include <iterator>

#include "audio/clips.h"
#include "decoder/prompt.h"
#include "transcribe/coverage.h"
#include "transcribe/words.h"

namespace npuscribe {

namespace {

/// When the window's audio ends, in seconds in the file.
double end_in_file(const audio::Window& window) {
    const audio::Piece& last = window.pieces.back();
    return static_cast<double>(last.in_file + last.length) / audio::kSampleRate;
}

double last_word_end(const std::vector<Segment>& segments, double otherwise) {
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        if (!segment->words.empty()) return segment->words.back().end;
    }
    return segments.empty() ? otherwise : segments.back().end;
}

/// Above this temperature a text is too wild to prompt the next window with (OpenAI's transcribe.py).
constexpr double kHottestHistory = 0.5;

}  // namespace

FileJob::FileJob(const Settings& settings, const std::vector<audio::Clip>& clips)
    : settings_(settings),
      clips_(clips),
      initial_prompt_(given_tokens(settings.vocabulary, settings.options.initial_prompt)),
      hotwords_(given_tokens(settings.vocabulary, settings.options.hotwords)),
      prefix_(given_tokens(settings.vocabulary, settings.options.prefix)),
      history_(initial_prompt_),
      filter_(settings.sequential() ? std::nullopt : settings.options.words.hallucination_silence_threshold) {
    transcript_.language = settings.vocabulary.multilingual ? settings.options.language : "en";
}

void FileJob::resume(FinishedPart part) {
    if (part.windows == 0) return;
    first_window_ = windows_told_ = part.windows;
    next_ = {part.windows, 0};
    seconds_done_ = seconds_encoded_ = part.seconds;
    transcript_.language = part.language;
    chosen_[part.windows - 1] = part.last_language;
    for (const FinishedPart::Spoken& spoken : part.languages)
        languages_[spoken.language] = {spoken.seconds, spoken.probability};
    if (!languages_.empty()) languages_.try_emplace(part.language);
    transcript_.segments = std::move(part.segments);
    segments_told_ = transcript_.segments.size();
}

std::optional<FinishedPart> FileJob::take_part() {
    // A window that goes on in further parts is not whole.
    if (next_.part > 0 || next_.window <= windows_told_ || done() || error_) return std::nullopt;
    windows_told_ = next_.window;
    FinishedPart part;
    part.windows = next_.window;
    part.seconds = seconds_done_;
    part.language = transcript_.language;
    const auto last = chosen_.find(next_.window - 1);
    part.last_language = last == chosen_.end() ? transcript_.language : last->second;
    for (const auto& [code, spoken] : languages_) {
        if (spoken.seconds > 0) part.languages.push_back({code, spoken.seconds, spoken.probability});
    }
    const auto& all = transcript_.segments;
    part.segments.assign(all.begin() + static_cast<std::ptrdiff_t>(segments_told_), all.end());
    segments_told_ = all.size();
    return part;
}

DetectedLanguage FileJob::choose_language(Place place, std::span<const double> probabilities) {
    const Vocabulary& vocabulary = settings_.vocabulary;
    if (place == Place{}) return likeliest_language(vocabulary, probabilities);
    const auto before = chosen_.find(place.window - 1);
    const std::string& current = before == chosen_.end() ? transcript_.language : before->second;
    DetectedLanguage chosen = language_after(current, vocabulary, probabilities);
    // What a window is found to speak when it is encoded again may come too late for those after it.
    chosen_.try_emplace(place.window, chosen.code);
    return chosen;
}

void FileJob::set_language(const std::string& code, double probability) {
    languages_.try_emplace(code, Spoken{0, probability});
    if (transcript_.language.empty()) transcript_.language = code;
}

/// The language of the file is that of most of its speech, and among equals the first.
void FileJob::tell_language() {
    if (languages_.empty()) return;  // it was given, or there is no speech
    for (const auto& [code, spoken] : languages_) {
        if (spoken.seconds > languages_.at(transcript_.language).seconds) transcript_.language = code;
    }
    transcript_.language_probability = languages_.at(transcript_.language).probability;
}

PromptParts FileJob::start_window(SourceWindow window) {
    input_seconds_ = window.input_seconds;
    timing_.mel += window.mel_seconds;
    ++timing_.windows;
    if (window.part > 0) --rests_;
    const Place place{window.index, window.part};
    open_.emplace(place, std::move(window.window));
    // Sequential windows wait for each other: if none has kept its text yet, the transcript begins here.
    const bool begins = settings_.sequential() ? !begun_ : place == Place{};
    return {settings_.options.task, language_of(place), hotwords_, previous_text(place),
            begins ? prefix_ : std::vector<Token>()};
}

/// Empty if it is to be detected.
std::string FileJob::language_of(Place place) const {
    const auto part = part_languages_.find(place);
    if (part != part_languages_.end()) return part->second;
    return settings_.vocabulary.multilingual ? settings_.options.language : "en";
}

std::vector<Token> FileJob::previous_text(Place place) const {
    const bool first = place == Place{};
    const bool hole = holes_.contains(place);  // the history goes on beyond it
    if (settings_.options.carry_initial_prompt && !first) {
        std::vector<Token> carried = initial_prompt_;
        // The prompt stays in front even if the history is longer than there is room for.
        const size_t room = max_previous_tokens(settings_.n_text_ctx);
        carried.resize(std::min(carried.size(), room));
        if (settings_.one_at_a_time() && !hole) {
            const size_t tail = std::min(history_.size(), room - carried.size());
            carried.insert(carried.end(), history_.end() - static_cast<std::ptrdiff_t>(tail), history_.end());
        }
        return carried;
    }
    return (settings_.one_at_a_time() && !hole) || first ? history_ : std::vector<Token>();
}

void FileJob::add_encoding(Place place, const EncodedWindow& window) {
    seconds_encoded_ = std::max(seconds_encoded_, end_in_file(open_.at(place)));
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
    part_languages_.erase(place);
    Outcome outcome;
    if (!holes_.contains(place)) {
        take(place, result, window.mapped(), outcome);
    } else if (fills_hole(place, result)) {
        ++timing_.coverage_filled;
        take(place, result, window.mapped(), outcome);
    } else {
        complete(place, {});
    }
    take_over();
    outcome.window_done = next_.window > place.window;
    return outcome;
}

int64_t FileJob::fail_window(Place place, const std::string& why) {
    const auto window = open_.extract(place);
    part_languages_.erase(place);
    if (!error_) error_ = why;
    if (transcript_.language.empty())
        set_language("en", 0);  // windows that wait for it are not to wait forever
    complete(place, {});
    take_over();
    const audio::Piece& last = window.mapped().pieces.back();
    return last.in_file + last.length;
}

bool FileJob::fills_hole(Place place, const DecodingResult& result) const {
    const auto [parent, index] = holes_.at(place);
    const auto& around = with_holes_.at(parent).around;
    const auto joined = [](const WindowText& text) {
        std::string all;
        for (const Segment& segment : text.segments) all += segment.text;
        return all;
    };
    return npuscribe::fills_hole(result, settings_.vocabulary, joined(around[index]),
                                 joined(around[index + 1]));
}

WindowText FileJob::text_of(const DecodingResult& result, const audio::Window& window) const {
    WindowText text = window_text(result, window, settings_.vocabulary, settings_.sequential(),
                                  settings_.options.words, settings_.options.decoding.word_timestamps);
    for (Segment& segment : text.segments) segment.language = result.language;
    return text;
}

/// A part's text was accepted. In `outcome`: what is to be decoded after it, its rest and speech that its
/// words left out.
void FileJob::take(Place place, const DecodingResult& result, const audio::Window& window, Outcome& outcome) {
    WindowText text = text_of(result, window);
    if (const auto threshold = settings_.options.words.hallucination_silence_threshold;
        threshold && settings_.sequential()) {
        skip_silence(text, window, {*threshold, settings_.window_seconds, last_speech_});
        last_speech_ = last_word_end(text.segments, last_speech_);
    }
    begun_ = begun_ || !text.skipped;
    // A silent window leaves the history, initial prompt included, to its successor, as OpenAI's does.
    if (!result.silence && !text.skipped) remember(text, result);
    outcome.resume_at = text.resume_at;

    Finished whole;
    whole.window_end = end_in_file(window);
    if (languages_.contains(result.language) && place.part == 0) {
        whole.spoken = window.seconds();
        whole.language = result.language;
    }
    auto holes = find_holes(result, window, settings_.vocabulary, settings_.options.words);
    if (text.rest_from && !holes_.contains(place)) {
        if (!holes.empty() && holes.back().tokens == result.tokens.size()) holes.pop_back();
        whole.rest = add_part(place, window.from(*text.rest_from), result.language, outcome).part;
    }
    whole.texts.push_back(std::move(text));
    if (holes.empty()) {
        complete(place, std::move(whole));
        return;
    }
    WithHoles& with_holes = with_holes_[place];
    with_holes.whole = std::move(whole);
    with_holes.open = holes.size();
    with_holes.found.resize(holes.size());
    for (const auto& stretch : split_at_holes(result, window, holes, settings_.vocabulary))
        with_holes.around.push_back(text_of(stretch.result, stretch.window));
    for (size_t i = 0; i < holes.size(); ++i) {
        ++timing_.coverage_guard;
        holes_[add_part(place, window.part(holes[i].audio), result.language, outcome)] = {place, i};
    }
}

/// Adds a part of the window of `place`, spoken in `language`, and returns its place.
FileJob::Place FileJob::add_part(Place place, audio::Window window, const std::string& language,
                                 Outcome& outcome) {
    place.part = ++last_parts_[place.window];
    ++rests_;
    part_languages_[place] = language;
    SourceWindow& rest = outcome.rests.emplace_back();
    rest.index = place.window;
    rest.part = place.part;
    rest.window = std::move(window);
    rest.input_seconds = input_seconds_;
    return place;
}

/// A part has all its text. If it is the last hole of another part, that one has all its text, too.
void FileJob::complete(Place place, Finished finished) {
    const auto hole = holes_.extract(place);
    if (hole.empty()) {
        finished_[place] = std::move(finished);
        return;
    }
    const auto [parent, index] = hole.mapped();
    WithHoles& with_holes = with_holes_.at(parent);
    with_holes.found[index] = std::move(finished.texts);
    if (--with_holes.open > 0) return;
    Finished whole = std::move(with_holes.whole);
    const auto is_filled = [](const std::vector<WindowText>& texts) { return !texts.empty(); };
    if (std::any_of(with_holes.found.begin(), with_holes.found.end(), is_filled)) {
        whole.texts = {std::move(with_holes.around.front())};
        for (size_t i = 0; i < with_holes.found.size(); ++i) {
            std::move(with_holes.found[i].begin(), with_holes.found[i].end(),
                      std::back_inserter(whole.texts));
            whole.texts.push_back(std::move(with_holes.around[i + 1]));
        }
    }
    with_holes_.erase(parent);
    complete(parent, std::move(whole));
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
        Finished& finished = next->second;
        for (WindowText& text : finished.texts) {
            for (size_t i = 0; i < text.segments.size(); ++i)
                append(filter_.add(std::move(text.segments[i]), text.anomalous[i]));
        }
        seconds_done_ = std::max(seconds_done_, finished.window_end);
        if (finished.spoken > 0) languages_.at(finished.language).seconds += finished.spoken;
        const Place after =
            finished.rest > 0 ? Place{next_.window, finished.rest} : Place{next_.window + 1, 0};
        finished_.erase(next);
        if (after.part == 0) last_parts_.erase(next_.window);
        next_ = after;
    }
    if (!done()) return;
    tell_language();
    append(filter_.end(audio::file_seconds_of_clips(clips_, transcript_.duration)));
}

std::span<const Segment> FileJob::take_segments() {
    const auto fresh = std::span<const Segment>(transcript_.segments).subspan(segments_taken_);
    segments_taken_ = transcript_.segments.size();
    return fresh;
}

void FileJob::end(const SourceEnd& end) {
    ended_ = true;
    if (end.broken_off) {
        transcript_.broken_off = end.error.value_or("");
    } else if (!error_) {
        error_ = end.error;
    }
    transcript_.duration = static_cast<double>(end.samples_read) / audio::kSampleRate;
    transcript_.speech_duration = static_cast<double>(end.speech_samples) / audio::kSampleRate;
    transcript_.peak = end.peak;
    transcript_.warnings = end.warnings;
    if (transcript_.language.empty())
        transcript_.language_probability = 0;  // there was no window, hence nothing to detect it from
    timing_.audio_decode += end.decode_seconds;
    timing_.vad += end.vad_seconds;
    timing_.audio_seconds = transcript_.duration;
    timing_.total = watch_.seconds();
    take_over();
}

}  // namespace npuscribe
