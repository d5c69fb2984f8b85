#pragma once
// One window on its way through the engine: language, prompt, one token after another, perhaps again at a
// higher temperature. Holds an audio slot throughout, sequence slots while it is searching.

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decoder/alignment.h"
#include "decoder/engine.h"
#include "decoder/hypotheses.h"
#include "decoder/logit_rules.h"
#include "decoder/prompt.h"
#include "decoder/slots.h"

namespace npuscribe {

/// What all windows of an engine share.
struct DecodingContext {
    StepModel& model;
    const Vocabulary& vocabulary;
    DecodingOptions options;
    LogitRules rules;
    Slots sequences;
};

class WindowDecoding {
  public:
    WindowDecoding(DecodingContext& context, const DecodeRequest& request, int audio);

    size_t id() const { return id_; }
    int audio() const { return audio_; }

    /// Sequences that the attempt to come needs; 0 while one is running.
    size_t sequences_wanted() const;
    /// Takes them.
    void start_attempt();

    /// True where the next rows are a whole prompt, or another run of tokens.
    bool at_prompt() const { return state_ == State::prompt || state_ == State::align; }
    /// Appends its rows of the next step; returns how many of them want logits.
    size_t append_rows(std::vector<StepRow>& rows) const;
    /// True where the next rows are those of an alignment: `align` follows the step, not `advance`.
    bool aligning() const { return state_ == State::align; }
    /// After a step in which its rows were those from `first_row` on: finds the times of its text. Different
    /// windows may do so on several threads; `finish_alignment` follows, on one.
    void align(size_t first_row);
    void finish_alignment();
    /// Looks at the `index`th of these logits (changed in place). Different rows may be looked at by several
    /// threads.
    void look_at(size_t index, std::span<float> logits);
    /// Once all of them have been looked at: goes on by a token.
    void advance();

    /// The language, once, after the step that detected it; with a guard, not before it is believed.
    std::optional<std::string> take_detected_language();
    /// Done: `result` is final, and all sequences are given back.
    bool done() const { return state_ == State::done; }
    DecodingResult& result() { return result_; }
    DecodeCost& cost() { return cost_; }

  private:
    enum class State { waiting, language, prompt, search, align, done };

    void prepare_prompt();
    Token earliest_end() const;
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
    std::optional<ContextGuard> guard_;

    State state_ = State::waiting;
    Prompt prompt_;
    size_t fed_ = 0;          // tokens of the prompt that the cache holds
    bool no_speech_ = false;  // its probability is known
    std::optional<Hypotheses> hypotheses_;
    AlignmentPass alignment_;
    std::vector<int> sequences_;  // one for each live hypothesis first, then those kept for it to grow into
    std::vector<std::vector<Choice>> choices_;
    std::optional<std::string> detected_;
    DecodingResult result_;
    DecodeCost cost_;
};

}  // namespace npuscribe
