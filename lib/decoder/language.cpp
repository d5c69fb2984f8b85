#include "decoder/language.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "decoder/row_math.h"

namespace npuscribe {

namespace {

/// How sure the model must be that the language has changed. Of 201 pieces of read English, 3 and 6 s long,
/// six are taken for Arabic, Latin, Turkish or Portuguese, with a probability of up to 0.78 (base). Where
/// English really turns into German, pieces of 5 s have 0.97 or more.
constexpr double kSure = 0.9;

}  // namespace

std::vector<double> language_probabilities(const Vocabulary& vocabulary, std::span<const float> logits) {
    std::vector<float> scores;
    scores.reserve(vocabulary.languages.size());
    for (const auto& language : vocabulary.languages)
        scores.push_back(logits[static_cast<size_t>(language.token)]);
    const double sum = row::log_sum_exp(scores);
    if (scores.empty() || !std::isfinite(sum))
        throw ModelError("the decoder gave no language a finite score; the model is damaged");
    std::vector<double> probabilities;
    probabilities.reserve(scores.size());
    for (const float score : scores) probabilities.push_back(std::exp(static_cast<double>(score) - sum));
    return probabilities;
}

DetectedLanguage likeliest_language(const Vocabulary& vocabulary, std::span<const double> probabilities) {
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    return {vocabulary.languages[static_cast<size_t>(best - probabilities.begin())].code, *best};
}

DetectedLanguage language_after(std::string_view current, const Vocabulary& vocabulary,
                                std::span<const double> probabilities) {
    DetectedLanguage likeliest = likeliest_language(vocabulary, probabilities);
    if (likeliest.code != current && likeliest.probability >= kSure) return likeliest;
    return {std::string(current), 1};
}

}  // namespace npuscribe
