#pragma once
// A decoder whose logits a test writes down, and a vocabulary small enough to do that by hand. The model
// checks what every StepModel may rely on: slots in range, positions without gaps, no more rows than
// announced.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "decoder/options.h"
#include "decoder/step_model.h"
#include "decoder/vocabulary.h"

namespace npuscribe::test {

/// Text tokens 0 to 19 ("a" to "t", of which 0 is " "), special ones from 20, languages en, de, ja,
/// timestamps from 31.
inline constexpr Token kBlank = 0;
inline constexpr Token kMusic = 19;  // stands for the non-speech tokens
inline constexpr Token kEot = 20;
inline constexpr Token kSot = 21;
inline constexpr Token kEnglish = 22;
inline constexpr Token kGerman = 23;
inline constexpr Token kJapanese = 24;
inline constexpr Token kTranslate = 25;
inline constexpr Token kTranscribe = 26;
inline constexpr Token kSotLm = 27;
inline constexpr Token kSotPrev = 28;
inline constexpr Token kNoSpeech = 29;
inline constexpr Token kNoTimestamps = 30;
inline constexpr Token kTime0 = 31;  // <|0.00|>
inline constexpr size_t kVocabulary = 31 + 1501;
inline constexpr size_t kTextContext = 64;

/// Timestamp token of a time in hundredths of a second: at(250) is <|2.50|>.
inline Token at(int hundredths) {
    return kTime0 + hundredths / 2;
}

inline Vocabulary small_vocabulary(bool multilingual = true) {
    Vocabulary v;
    v.size = kVocabulary;
    v.multilingual = multilingual;
    v.eot = kEot;
    v.sot = kSot;
    v.translate = kTranslate;
    v.transcribe = kTranscribe;
    v.sot_lm = kSotLm;
    v.sot_prev = kSotPrev;
    v.no_speech = kNoSpeech;
    v.no_timestamps = kNoTimestamps;
    v.timestamp_begin = kTime0;
    v.languages = {{"en", kEnglish}, {"de", kGerman}, {"ja", kJapanese}};
    v.blank = {kBlank};
    v.non_speech = {kMusic};
    v.text = [](std::span<const Token> tokens) {
        std::string text;
        for (const Token token : tokens) {
            if (token < kEot) text += token == kBlank ? ' ' : static_cast<char>('a' + token);
        }
        return text;
    };
    v.encode = [](std::string_view utf8) {
        std::vector<Token> tokens;
        for (const char c : utf8) tokens.push_back(c == ' ' ? kBlank : c - 'a');
        return tokens;
    };
    v.split_words = [text = v.text](std::span<const Token> tokens, std::string_view) {
        std::vector<Tokenizer::Word> words;  // one begins at each space
        for (const Token token : tokens) {
            if (words.empty() || token == kBlank) words.emplace_back();
            words.back().tokens.push_back(token);
            words.back().text += text({&token, 1});
        }
        return words;
    };
    return v;
}

/// The defaults, with one beam: most scripts say one text, and count the steps that it takes.
inline DecodingOptions greedy() {
    DecodingOptions options;
    options.beam_size = 1;
    return options;
}

class ScriptedModel : public StepModel {
  public:
    /// Writes the logits that follow `history` (prompt included) for the audio whose encoder output starts
    /// with `audio`. The row comes filled with −20.
    using Script = std::function<void(float audio, std::span<const Token> history, std::span<float> logits)>;

    ScriptedModel(size_t max_sequences, size_t max_audio, Script script)
        : script_(std::move(script)), sequences_(max_sequences), owners_(max_sequences), audio_(max_audio) {
        dimensions_.n_vocab = kVocabulary;
        dimensions_.n_text_ctx = kTextContext;
        dimensions_.n_audio_ctx = 1500;
        dimensions_.n_audio_state = 1;
        dimensions_.n_mels = 80;
    }

    const Dimensions& dimensions() const override { return dimensions_; }
    size_t max_sequences() const override { return sequences_.size(); }
    size_t max_audio() const override { return audio_.size(); }

    void set_audio(int audio, MatrixView<const float> encoder_output) override {
        audio_.at(static_cast<size_t>(audio)) = encoder_output(0, 0);
    }

    void step(std::span<const StepRow> rows, MatrixView<float> logits) override {
        ++steps;
        widest_step = std::max(widest_step, rows.size());
        require(!rows.empty() && rows.size() <= sequences_.size() + kTextContext, "number of rows");
        size_t out = 0;
        attention_.clear();
        for (const StepRow& row : rows) {
            auto& history = sequences_.at(static_cast<size_t>(row.sequence));
            require(row.position >= 0 && static_cast<size_t>(row.position) <= history.size(),
                    "gap in a sequence");
            require(static_cast<size_t>(row.position) < kTextContext, "position beyond the text context");
            history.resize(static_cast<size_t>(row.position));
            require(std::find(history.begin(), history.end(), kLost) == history.end(),
                    "a shared position was overwritten");
            history.push_back(row.token);
            take_over(row.sequence, static_cast<size_t>(row.position));
            ++tokens_fed;
            if (row.attention_frames > 0) attend(row, static_cast<size_t>(&row - rows.data()));
            if (!row.want_logits) continue;
            require(out < logits.rows, "row of logits");
            const auto values = logits.row_span(out++);
            std::fill(values.begin(), values.end(), -20.0F);
            script_(audio_.at(static_cast<size_t>(row.audio)), history, values);
        }
        require(out == logits.rows, "row of logits");
    }

    void copy_sequence(int from, int to, int length) override {
        ++copies;
        take_tokens(from, to, length);
        for (size_t position = 0; position < static_cast<size_t>(length); ++position) take_over(to, position);
    }

    void share_sequence(int from, int to, int length) override {
        ++shares;
        take_tokens(from, to, length);
        const auto& owners = owners_.at(static_cast<size_t>(from));
        owners_.at(static_cast<size_t>(to)).assign(owners.begin(), owners.begin() + length);
    }

    size_t alignment_heads() const override { return heads; }
    std::span<const float> attention(size_t head, size_t row) const override {
        require(head < heads && attention_.contains(row), "attention that was not asked for");
        return attention_.at(row);
    }

    size_t heads = 0;             // alignment heads: each attends to ten frames a position
    int first_frame = 0;          // from 10 · position on, or this many frames later
    std::map<int, int> looks_at;  // by position, instead
    size_t steps = 0;
    size_t tokens_fed = 0;
    size_t copies = 0;
    size_t shares = 0;
    size_t widest_step = 0;

  private:
    static void require(bool holds, const char* what) {
        if (!holds) throw std::logic_error(std::string("the search broke the StepModel contract: ") + what);
    }

    static constexpr Token kLost = -1;

    void take_tokens(int from, int to, int length) {
        const auto& source = sequences_.at(static_cast<size_t>(from));
        require(from != to && length >= 0 && static_cast<size_t>(length) <= source.size(), "copy");
        sequences_.at(static_cast<size_t>(to)).assign(source.begin(), source.begin() + length);
    }

    /// The sequence writes at the position: others that had it in common have lost it.
    void take_over(int sequence, size_t position) {
        auto& own = owners_.at(static_cast<size_t>(sequence));
        own.resize(position);
        for (size_t other = 0; other < owners_.size(); ++other) {
            if (position < owners_[other].size() && owners_[other][position] == sequence)
                sequences_[other][position] = kLost;
        }
        own.push_back(sequence);
    }

    void attend(const StepRow& row, size_t index) {
        std::vector<float> weights(static_cast<size_t>(row.attention_frames), 0.001F);
        const auto elsewhere = looks_at.find(row.position);
        const int first = elsewhere == looks_at.end() ? first_frame + 10 * row.position : elsewhere->second;
        for (int j = first; j < std::min(first + 10, row.attention_frames); ++j)
            weights[static_cast<size_t>(j)] = 1;
        attention_[index] = std::move(weights);
    }

    std::map<size_t, std::vector<float>> attention_;  // by row of the last step
    Script script_;
    Dimensions dimensions_;
    std::vector<std::vector<Token>> sequences_;
    std::vector<std::vector<int>> owners_;  // which sequence wrote each position
    std::vector<float> audio_;
};

/// The tokens of a history that were sampled: what follows <|transcribe|>, <|translate|> or, where there is
/// neither,
/// <|startoftranscript|>; <|notimestamps|> left out.
inline std::span<const Token> sampled(std::span<const Token> history) {
    size_t begin = 0;
    for (size_t i = 0; i < history.size(); ++i) {
        if (history[i] >= kSot && history[i] < kTime0) begin = i + 1;
    }
    return history.subspan(begin);
}

}  // namespace npuscribe::test
