#pragma once
// One window on its way through the engine: language, prompt, one token after another, perhaps again at a
// higher temperature. It holds an audio slot all the time, and sequence slots while it searches.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decoder/alignment.h"
#include "decoder/engine.h"
#include "decoder/hypotheses.h"
#include "decoder/language.h"
#include "decoder/logit_rules.h"
#include "decoder/prompt.h"
#include "decoder/slots.h"

namespace npuscribe {

/// What the windows of an engine share.
struct DecodingContext {
    StepModel& model;
    const Vocabulary& vocabulary;
    DecodingOptions options;
    LogitRules rules;
    Slots sequences;
    std::function<DetectedLanguage(size_t id, std::span<const double> probabilities)> choose_language;
};

class WindowDecoding {
  public:
    WindowDecoding(DecodingContext& context, const DecodeRequest& request, int audio);

    size_t id() const { return id_; }
    int audio() const { return audio_; }

    /// Sequences that the next attempt needs; 0 while an attempt is running.
    size_t sequences_wanted() const;
    /// Takes those sequences and begins.
    void start_attempt();

    /// True if its next rows are several tokens of one sequence: a prompt, or an alignment pass.
    bool at_prompt() const { return state_ == State::prompt || state_ == State::align; }
    /// Appends its rows to the next step. Returns how many of them want logits.
    size_t append_rows(std::vector<StepRow>& rows) const;
    /// True if its next rows are an alignment pass: after the step comes `align`, not `advance`.
    bool aligning() const { return state_ == State::align; }
    /// After a step in which its rows began at `first_row`: finds the times of its text. Several threads may
    /// do so for different windows; then one thread calls `finish_alignment`.
    void align(size_t first_row);
    void finish_alignment();
    /// Takes what it needs from its `index`th row of logits, which is changed in place and belongs to row
    /// `step_row` of the step. Several threads may do so for different rows.
    void look_at(size_t index, size_t step_row, std::span<float> logits);
    /// After `look_at` for all its rows: advances by one token.
    void advance();

    /// The language, once, after the step that detected it; with a guard, once the result is trusted.
    std::optional<std::string> take_detected_language();
    /// True once `result` is final and all sequences are given back.
    bool done() const { return state_ == State::done; }
    DecodingResult& result() { return result_; }
    DecodeCost& cost() { return cost_; }

  private:
    enum class State { waiting, language, prompt, search, align, done };

    void choose_language();
    void prepare_prompt();
    EarliestEnds earliest_ends() const;
    void advance_search();
    void finish_attempt();
    bool start_alignment();
    void give_back_sequences();

    DecodingContext& context_;
    size_t id_;
    int audio_;
    PromptParts parts_;
    uint64_t sample_key_;
    size_t audio_frames_;
    bool detect_;
    size_t earliest_end_frame_;
    size_t earliest_open_end_frame_;
    std::optional<ContextGuard> guard_;
    std::function<bool(const DecodingResult&)> wants_times_;
    bool locate_;

    State state_ = State::waiting;
    Prompt prompt_;
    size_t fed_ = 0;          // tokens of the prompt that the cache holds
    bool no_speech_ = false;  // its probability is known
    std::optional<Hypotheses> hypotheses_;
    AlignmentPass alignment_;
    std::vector<int> sequences_;  // first one for each live hypothesis, then spare ones that beams may need
    std::vector<std::vector<Choice>> choices_;
    std::vector<double> language_probabilities_;
    std::optional<std::string> detected_;
    DecodingResult result_;
    DecodeCost cost_;
};

}  // namespace npuscribe
