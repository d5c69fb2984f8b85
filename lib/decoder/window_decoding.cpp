#include "decoder/window_decoding.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "decoder/fallback.h"
#include "decoder/language.h"
#include "decoder/row_math.h"

namespace npuscribe {

WindowDecoding::WindowDecoding(DecodingContext& context, const DecodeRequest& request, int audio)
    : context_(context),
      id_(request.id),
      audio_(audio),
      parts_(request.prompt),
      sample_key_(request.sample_key),
      audio_frames_(request.audio_frames > 0 ? std::min(request.audio_frames, request.encoder_output.rows)
                                             : request.encoder_output.rows),
      detect_(context.vocabulary.multilingual && request.prompt.language.empty()),
      earliest_end_frame_(request.earliest_end_frame),
      earliest_open_end_frame_(request.earliest_open_end_frame),
      guard_(request.guard),
      wants_times_(request.wants_times),
      locate_(request.locate && context.model.alignment_heads() > 0) {
    result_.language = context.vocabulary.multilingual ? request.prompt.language : "en";
    result_.attempts = 0;
}

size_t WindowDecoding::sequences_wanted() const {
    if (state_ != State::waiting) return 0;
    const auto attempt = static_cast<size_t>(result_.attempts);
    return Hypotheses::width(context_.options, context_.options.temperatures[attempt]);
}

void WindowDecoding::start_attempt() {
    for (size_t wanted = sequences_wanted(); wanted > 0; --wanted)
        sequences_.push_back(context_.sequences.take());
    if (detect_) {
        state_ = State::language;
        return;
    }
    prepare_prompt();
}

void WindowDecoding::prepare_prompt() {
    const size_t n_text_ctx = context_.model.dimensions().n_text_ctx;
    const auto attempt = static_cast<size_t>(result_.attempts);
    parts_.language = result_.language;
    prompt_ = make_prompt(context_.vocabulary, parts_, !context_.options.without_timestamps, n_text_ctx);
    fed_ = 0;
    // The last token sampled is not fed to the decoder, so there may be one more than it has room for.
    size_t room = n_text_ctx + 1 - std::min(n_text_ctx, prompt_.tokens.size());
    if (guard_) room = std::min(room, guard_->most_tokens + 1);  // one too many is enough to tell
    Attempt next;
    next.temperature = context_.options.temperatures[attempt];
    next.max_tokens = std::min(room, static_cast<size_t>(context_.options.max_tokens));
    next.key = {context_.options.seed, sample_key_, attempt};
    next.eot = context_.vocabulary.eot;
    next.prefix = std::span(prompt_.tokens).subspan(prompt_.text_begin);
    next.earliest_ends = earliest_ends();
    hypotheses_.emplace(context_.options, next);
    choices_.assign(1, {});
    state_ = State::prompt;
}

/// Applies to the first attempt only: if that was not accepted, being made to go on may be the reason.
EarliestEnds WindowDecoding::earliest_ends() const {
    if (result_.attempts > 0) return {};
    const auto timestamp = [this](size_t frame) {
        return frame == 0 ? 0 : context_.vocabulary.timestamp_begin + static_cast<Token>(frame);
    };
    return {timestamp(earliest_end_frame_), timestamp(earliest_open_end_frame_)};
}

std::optional<std::string> WindowDecoding::take_detected_language() {
    if (guard_ && (!done() || result_.refused)) return std::nullopt;
    return std::exchange(detected_, std::nullopt);
}

size_t WindowDecoding::append_rows(std::vector<StepRow>& rows) const {
    size_t wanted = 0;
    const auto append = [&](int sequence, Token token, size_t position, bool want_logits) {
        rows.push_back({sequence, audio_, token, static_cast<int>(position), want_logits});
        wanted += want_logits ? 1 : 0;
    };
    const auto locate_last = [&] {
        if (locate_) rows.back().attention_frames = static_cast<int>(audio_frames_);
    };
    if (state_ == State::language) {
        append(sequences_.front(), context_.vocabulary.sot, 0, true);
    } else if (state_ == State::prompt) {
        for (size_t i = fed_; i < prompt_.tokens.size(); ++i) {
            const bool for_no_speech = i == prompt_.sot && !no_speech_;
            append(sequences_.front(), prompt_.tokens[i], i, for_no_speech || i + 1 == prompt_.tokens.size());
        }
        locate_last();
    } else if (state_ == State::align) {
        alignment_.append_rows(sequences_.front(), audio_, rows);
    } else if (state_ == State::search) {
        const auto& live = hypotheses_->live();
        for (size_t i = 0; i < live.size(); ++i) {
            append(sequences_[i], live[i].tokens.back(), prompt_.text_begin + live[i].tokens.size() - 1,
                   true);
            locate_last();
        }
    }
    return wanted;
}

void WindowDecoding::look_at(size_t index, size_t step_row, std::span<float> logits) {
    const auto look_for_speech = [&] {
        const auto no_speech =
            static_cast<double>(logits[static_cast<size_t>(context_.vocabulary.no_speech)]);
        result_.no_speech_prob = std::exp(no_speech - row::log_sum_exp(logits));
    };
    if (state_ == State::language) {
        language_probabilities_ = language_probabilities(context_.vocabulary, logits);
        look_for_speech();
        return;
    }
    if (state_ == State::prompt && !no_speech_) {
        const bool sot_is_last = prompt_.sot + 1 == prompt_.tokens.size();
        if (index == 0) look_for_speech();
        if (index == 0 && !sot_is_last) return;
        index = 0;
    }
    choices_[index] = hypotheses_->choose(index, context_.rules, logits);
    if (!locate_) return;
    const auto frame = static_cast<int>(attended_frame(context_.model, step_row, audio_frames_));
    for (Choice& choice : choices_[index]) choice.frame = frame;
}

void WindowDecoding::advance() {
    switch (state_) {
        case State::language:
            choose_language();
            prepare_prompt();
            // Without previous text, the prompt starts with the very token that the cache now holds.
            no_speech_ = prompt_.sot == 0;
            fed_ = no_speech_ ? 1 : 0;
            break;
        case State::prompt:
            no_speech_ = true;
            fed_ = prompt_.tokens.size();
            state_ = State::search;
            advance_search();
            break;
        case State::search:
            advance_search();
            break;
        case State::waiting:
        case State::align:
        case State::done:
            break;
    }
}

void WindowDecoding::choose_language() {
    const DetectedLanguage chosen = context_.choose_language
                                        ? context_.choose_language(id_, language_probabilities_)
                                        : likeliest_language(context_.vocabulary, language_probabilities_);
    result_.language = chosen.code;
    result_.language_probability = chosen.probability;
    detected_ = chosen.code;
    detect_ = false;
}

void WindowDecoding::advance_search() {
    const auto length = static_cast<int>(prompt_.text_begin + hypotheses_->live().front().tokens.size());
    cost_.tokens += choices_.size();
    hypotheses_->advance(choices_);
    if (hypotheses_->done()) {
        finish_attempt();
        return;
    }
    const bool beams = context_.options.temperatures[static_cast<size_t>(result_.attempts)] <= 0;
    // Each new hypothesis needs its parent's cache. The first child of a parent keeps the parent's sequence;
    // the others get sequences that no hypothesis continues: of beams they share the parent's cache, of
    // samples they have a copy, because another window may take the parent's sequence before they end.
    const auto& live = hypotheses_->live();
    std::vector<int> next(live.size(), -1);
    std::vector<bool> kept(sequences_.size(), false);
    for (size_t i = 0; i < live.size(); ++i) {
        if (kept[live[i].parent]) continue;
        kept[live[i].parent] = true;
        next[i] = sequences_[live[i].parent];
    }
    std::vector<int> spare;
    for (size_t i = sequences_.size(); i-- > 0;) {
        if (!kept[i]) spare.push_back(sequences_[i]);
    }
    for (size_t i = 0; i < live.size(); ++i) {
        if (next[i] >= 0) continue;
        next[i] = spare.back();
        spare.pop_back();
        const int from = sequences_[live[i].parent];
        if (beams) {
            context_.model.share_sequence(from, next[i], length);
        } else {
            context_.model.copy_sequence(from, next[i], length);
        }
    }
    for (const int sequence : spare) {
        // A sample that has ended frees its sequence for other windows; beams may need theirs again.
        if (beams) {
            next.push_back(sequence);
        } else {
            context_.sequences.give_back(sequence);
        }
    }
    sequences_ = std::move(next);
    choices_.resize(live.size());
}

void WindowDecoding::finish_attempt() {
    const Hypothesis& best = hypotheses_->best();
    result_.tokens = best.tokens;
    result_.probabilities = best.probabilities;
    if (locate_) result_.frames = best.frames;
    result_.prefix_tokens = prompt_.tokens.size() - prompt_.text_begin;
    const auto sampled = std::span<const Token>(result_.tokens).subspan(result_.prefix_tokens);
    result_.avg_logprob = best.sum_logprob / static_cast<double>(sampled.size() + 1);
    result_.temperature = context_.options.temperatures[static_cast<size_t>(result_.attempts)];
    result_.compression_ratio = compression_ratio(strip(context_.vocabulary.text(sampled)));
    ++result_.attempts;

    hypotheses_.reset();

    if (guard_ && is_refused(*guard_, result_, context_.options, context_.vocabulary)) {
        give_back_sequences();
        result_.refused = true;
        state_ = State::done;
        return;
    }
    const bool another = static_cast<size_t>(result_.attempts) < context_.options.temperatures.size();
    if (another && needs_fallback(result_, context_.options)) {
        give_back_sequences();
        state_ = State::waiting;
        return;
    }
    result_.silence = is_silence(result_, context_.options);
    if (start_alignment()) return;
    give_back_sequences();
    state_ = State::done;
}

/// Starts one more pass if the text's times are wanted and there is text to time. Returns whether it did.
bool WindowDecoding::start_alignment() {
    if (result_.silence || context_.model.alignment_heads() == 0) return false;
    if (!context_.options.word_timestamps && !(wants_times_ && wants_times_(result_))) return false;
    std::vector<Token> text;
    std::copy_if(result_.tokens.begin(), result_.tokens.end(), std::back_inserter(text),
                 [&](Token token) { return token < context_.vocabulary.eot; });
    if (text.empty()) return false;
    alignment_ = make_alignment_pass(context_.vocabulary, parts_.task, result_.language, text, audio_frames_,
                                     context_.model.dimensions().n_text_ctx);
    while (sequences_.size() > 1) {
        context_.sequences.give_back(sequences_.back());
        sequences_.pop_back();
    }
    state_ = State::align;
    return true;
}

void WindowDecoding::align(size_t first_row) {
    result_.text_times = alignment_.text_times(context_.model, first_row);
    // Text beyond the decoder's context gets the last time; Whisper's own limits leave next to none.
    const auto text = std::count_if(result_.tokens.begin(), result_.tokens.end(),
                                    [&](Token token) { return token < context_.vocabulary.eot; });
    result_.text_times.resize(static_cast<size_t>(text) + 1, result_.text_times.back());
}

void WindowDecoding::finish_alignment() {
    give_back_sequences();
    state_ = State::done;
}

void WindowDecoding::give_back_sequences() {
    for (const int sequence : sequences_) context_.sequences.give_back(sequence);
    sequences_.clear();
}

}  // namespace npuscribe
