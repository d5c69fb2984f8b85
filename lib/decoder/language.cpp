#include "decoder/language.h"

#include <cmath>

#include "base/error.h"
#include "decoder/row_math.h"

namespace npuscribe {

DetectedLanguage detect_language(const Vocabulary& vocabulary, std::span<const float> logits) {
    std::vector<float> scores;
    scores.reserve(vocabulary.languages.size());
    for (const auto& language : vocabulary.languages)
        scores.push_back(logits[static_cast<size_t>(language.token)]);
    const float best = row::max(scores);
    const size_t index = row::index_of(scores, best);
    if (index == scores.size())
        throw ModelError("the decoder gave no language a finite score; the model is damaged");
    return {vocabulary.languages[index].code, std::exp(static_cast<double>(best) - row::log_sum_exp(scores))};
}

}  // namespace npuscribe
