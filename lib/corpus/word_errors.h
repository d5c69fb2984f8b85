#pragma once
// Word error rate: the words that differ between what was spoken and what was written.

#include <cstddef>
#include <string_view>

namespace npuscribe::corpus {

struct WordErrors {
    size_t words = 0;   // of the reference
    size_t errors = 0;  // insertions, deletions and substitutions
    WordErrors& operator+=(const WordErrors& other);
    /// Errors per word of the reference; 0 if it has none.
    double rate() const { return words == 0 ? 0 : static_cast<double>(errors) / static_cast<double>(words); }
};

/// Compares words in small letters and without punctuation: letters, numbers and marks count, apostrophes are
/// left out, and white space, hyphens and slashes separate words. A character of a script that is written
/// without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer) is a word. The number of errors is the least
/// that turns one into the other (Levenshtein distance), in time O(words × errors).
WordErrors word_errors(std::string_view reference, std::string_view written);

}  // namespace npuscribe::corpus
