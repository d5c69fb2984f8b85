#include "decoder/hypotheses.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "decoder/row_math.h"

namespace npuscribe {

namespace {

/// A good mixer of 64 bits (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// 2014).
uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
}

/// log-softmax over the candidates of a row, whose normaliser is computed once.
class LogProbability {
  public:
    LogProbability(const Candidates& allowed, std::span<const float> logits)
        : logits_(logits), text_(allowed.text(logits)), time_(allowed.time(logits)), allowed_(allowed) {
        max_ = std::max(row::max(text_), row::max(time_));
        normaliser_ =
            static_cast<double>(max_) + std::log(row::sum_exp(text_, max_) + row::sum_exp(time_, max_));
        if (!std::isfinite(normaliser_)) {
            throw ModelError(
                "the decoder gave no token a finite score; the model is damaged, or all tokens are "
                "suppressed");
        }
    }

    Choice at(size_t index) const {
        return {static_cast<Token>(index), static_cast<double>(logits_[index]) - normaliser_};
    }
    Choice likeliest() const {
        const size_t in_text = row::index_of(text_, max_);
        if (in_text < text_.size()) return at(allowed_.text_begin + in_text);
        return at(allowed_.time_begin + row::index_of(time_, max_));
    }
    /// The likeliest candidates, in order.
    std::vector<Choice> top(size_t count) const {
        std::vector<row::Ranked> best;
        row::top_k(text_, allowed_.text_begin, count, best);
        row::top_k(time_, allowed_.time_begin, count, best);
        std::vector<Choice> choices;
        choices.reserve(best.size());
        for (const row::Ranked& entry : best) choices.push_back(at(entry.index));
        return choices;
    }
    /// The candidate at the quantile `uniform` of the distribution softmax(logits / temperature).
    Choice sample(double temperature, double uniform) const {
        const auto scale = static_cast<float>(1 / temperature);
        const double text = row::sum_exp(text_, max_, scale);
        const double target = uniform * (text + row::sum_exp(time_, max_, scale));
        if (target < text || time_.empty()) {
            const size_t in_text = row::index_at(text_, max_, scale, target);
            if (in_text < text_.size()) return at(allowed_.text_begin + in_text);
        }
        const size_t in_time = row::index_at(time_, max_, scale, std::max(0.0, target - text));
        return in_time < time_.size() ? at(allowed_.time_begin + in_time) : likeliest();
    }

  private:
    std::span<const float> logits_;
    std::span<const float> text_;
    std::span<const float> time_;
    Candidates allowed_;
    float max_ = 0;
    double normaliser_ = 0;
};

void append(Hypothesis& hypothesis, const Choice& choice) {
    hypothesis.tokens.push_back(choice.token);
    hypothesis.probabilities.push_back(static_cast<float>(std::exp(choice.logprob)));
    hypothesis.frames.push_back(choice.frame);
}

}  // namespace

size_t Hypotheses::width(const DecodingOptions& options, double temperature) {
    return static_cast<size_t>(std::max(1, temperature > 0 ? options.best_of : options.beam_size));
}

Hypotheses::Hypotheses(const DecodingOptions& options, const Attempt& attempt)
    : temperature_(attempt.temperature),
      width_(width(options, temperature_)),
      beams_(temperature_ <= 0 && width_ > 1),
      // Python's round(): halves go to the even number.
      max_candidates_(static_cast<size_t>(std::nearbyint(static_cast<double>(width_) * options.patience))),
      recombination_(static_cast<size_t>(options.beam_recombination)),
      threshold_(options.beam_threshold.value_or(std::numeric_limits<double>::infinity())),
      length_penalty_(options.length_penalty),
      max_tokens_(attempt.max_tokens),
      key_(attempt.key),
      eot_(attempt.eot),
      prefix_(attempt.prefix.size()),
      earliest_ends_(attempt.earliest_ends),
      live_(1) {
    live_.front().tokens.assign(attempt.prefix.begin(), attempt.prefix.end());
    live_.front().probabilities.assign(prefix_, 1.0F);
    live_.front().frames.assign(prefix_, -1);
}

double Hypotheses::uniform(size_t sample) const {
    uint64_t bits = mix(key_.seed);
    for (const uint64_t part :
         {key_.window, key_.attempt, static_cast<uint64_t>(sample), static_cast<uint64_t>(length_)}) {
        bits = mix(bits ^ part);
    }
    return static_cast<double>(bits >> 11U) * 0x1p-53;
}

std::vector<Choice> Hypotheses::choose(size_t index, const LogitRules& rules, std::span<float> logits) const {
    const Hypothesis& hypothesis = live_[index];
    const LogProbability distribution(rules.apply(logits, hypothesis.tokens, earliest_ends_), logits);
    if (beams_) return distribution.top(width_ + 1);
    if (temperature_ <= 0) return {distribution.likeliest()};
    if (length_ > 0) return {distribution.sample(temperature_, uniform(hypothesis.sample))};
    std::vector<Choice> firsts;  // all samples start from the same row
    for (size_t sample = 0; sample < width_; ++sample) {
        firsts.push_back(distribution.sample(temperature_, uniform(sample)));
    }
    return firsts;
}

void Hypotheses::advance(std::span<const std::vector<Choice>> choices) {
    if (beams_) {
        advance_beams(choices);
    } else {
        advance_samples(choices);
    }
    ++length_;
    if (length_ < max_tokens_) return;
    for (Hypothesis& hypothesis : live_) finished_.push_back(std::move(hypothesis));
    live_.clear();
}

void Hypotheses::finish(Hypothesis hypothesis, double sum_logprob) {
    hypothesis.sum_logprob = sum_logprob;
    finished_.push_back(std::move(hypothesis));
}

void Hypotheses::advance_samples(std::span<const std::vector<Choice>> choices) {
    std::vector<Hypothesis> next;
    for (size_t i = 0; i < live_.size(); ++i) {
        for (size_t k = 0; k < choices[i].size(); ++k) {
            const Choice& choice = choices[i][k];
            Hypothesis hypothesis = live_[i];
            hypothesis.parent = i;
            if (length_ == 0) hypothesis.sample = k;
            const double sum = hypothesis.sum_logprob + choice.logprob;
            if (choice.token == eot_) {
                finish(std::move(hypothesis), sum);
                continue;
            }
            hypothesis.sum_logprob = sum;
            append(hypothesis, choice);
            next.push_back(std::move(hypothesis));
        }
    }
    live_ = std::move(next);
}

/// Whether `hypothesis` with `last` ends as one of the `better` ones does: all have equally many tokens. Only
/// sampled tokens count, because all texts have the same prefix.
bool Hypotheses::recombines(const Hypothesis& hypothesis, Token last,
                            std::span<const Hypothesis> better) const {
    if (recombination_ == 0 || length_ + 1 < recombination_) return false;
    const auto before = static_cast<std::ptrdiff_t>(recombination_ - 1);  // tokens but the last
    return std::any_of(better.begin(), better.end(), [&](const Hypothesis& other) {
        return other.tokens.back() == last &&
               std::equal(hypothesis.tokens.end() - before, hypothesis.tokens.end(),
                          other.tokens.end() - 1 - before);
    });
}

void Hypotheses::advance_beams(std::span<const std::vector<Choice>> choices) {
    struct Extension {
        size_t parent = 0;
        Choice choice;
        double sum_logprob = 0;
    };
    std::vector<Extension> extensions;
    for (size_t i = 0; i < live_.size(); ++i) {
        for (const Choice& choice : choices[i]) {
            extensions.push_back({i, choice, live_[i].sum_logprob + choice.logprob});
        }
    }
    // A stable sort keeps equal ones in the order of beams, as Python's does.
    std::stable_sort(extensions.begin(), extensions.end(),
                     [](const Extension& a, const Extension& b) { return a.sum_logprob > b.sum_logprob; });

    std::vector<Hypothesis> next;
    size_t places = width_;
    for (const Extension& extension : extensions) {
        if (places == 0) break;
        Hypothesis hypothesis = live_[extension.parent];
        hypothesis.parent = extension.parent;
        if (extension.choice.token == eot_) {
            if (finished_.size() < max_candidates_) finish(std::move(hypothesis), extension.sum_logprob);
            continue;
        }
        if (recombines(hypothesis, extension.choice.token, next)) continue;  // its place goes to the next
        --places;  // a dropped beam's stays empty: unlikely ends would take it, and end the search early
        if (!next.empty() && extension.sum_logprob < next.front().sum_logprob - threshold_) continue;
        hypothesis.sum_logprob = extension.sum_logprob;
        append(hypothesis, extension.choice);
        next.push_back(std::move(hypothesis));
    }
    live_ = std::move(next);

    const bool last = length_ + 1 >= max_tokens_;
    const bool enough = finished_.size() >= max_candidates_;
    if (!last && !enough && !live_.empty()) return;
    // With patience below 1 fewer texts than beams may be finished. The best unfinished ones then compete as
    // well; they are in order already.
    for (Hypothesis& hypothesis : live_) {
        if (finished_.size() >= width_) break;
        finished_.push_back(std::move(hypothesis));
    }
    live_.clear();
}

const Hypothesis& Hypotheses::best() const {
    const auto score = [this](const Hypothesis& hypothesis) {
        const auto length = static_cast<double>(std::max<size_t>(1, hypothesis.tokens.size() - prefix_));
        // With a length penalty: Wu et al., "Google's neural machine translation system", 2016, section 7.
        const double penalty = length_penalty_ ? std::pow((5 + length) / 6, *length_penalty_) : length;
        return hypothesis.sum_logprob / penalty;
    };
    return *std::max_element(finished_.begin(), finished_.end(),
                             [&](const Hypothesis& a, const Hypothesis& b) { return score(a) < score(b); });
}

}  // namespace npuscribe
