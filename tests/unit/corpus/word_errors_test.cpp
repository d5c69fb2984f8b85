#include "corpus/word_errors.h"

#include <random>
#include <string>
#include <vector>

#include "catch.h"

namespace npuscribe::corpus {
namespace {

size_t errors(const char* reference, const char* written) {
    return word_errors(reference, written).errors;
}

/// The textbook's table, without a band.
size_t plain_distance(const std::vector<int>& a, const std::vector<int>& b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

TEST_CASE("errors are words that were inserted, left out or replaced") {
    CHECK(errors("the cat sat on the mat", "the cat sat on the mat") == 0);
    CHECK(errors("the cat sat on the mat", "the cat sat the mat") == 1);
    CHECK(errors("the cat sat on the mat", "the fat cat sat on a mat") == 2);
    CHECK(errors("one two", "") == 2);
    CHECK(errors("", "one two three") == 3);
    CHECK(word_errors("one two", "one").words == 2);
    CHECK(word_errors("one two", "one").rate() == 0.5);
    CHECK(word_errors("", "one").rate() == 0);
}

TEST_CASE("case and punctuation do not count, and hyphens separate words") {
    CHECK(errors("it's a well known fact", "Its a well-known fact.") == 0);
    CHECK(errors("über", "Über!") == 0);
    CHECK(errors("ueber", "über") == 1);
    CHECK(errors("1,000 times", "1000 times") == 0);
}

TEST_CASE("in scripts without spaces a character is a word") {
    const WordErrors japanese = word_errors("日本語の音声。", "日本の 音声");
    CHECK(japanese.words == 6);
    CHECK(japanese.errors == 1);
    CHECK(word_errors("มา", "ม").words == 2);
}

TEST_CASE("the band finds the same distance as the whole table") {
    std::mt19937 random(7);
    for (int round = 0; round < 60; ++round) {
        std::vector<int> a(random() % 120);
        std::vector<int> b(random() % 120);
        for (int& word : a) word = static_cast<int>(random() % 6);
        for (int& word : b) word = static_cast<int>(random() % 6);
        const auto joined = [](const std::vector<int>& numbers) {
            std::string out;
            for (const int number : numbers) out += std::string(1, static_cast<char>('a' + number)) + " ";
            return out;
        };
        CHECK(word_errors(joined(a), joined(b)).errors == plain_distance(a, b));
    }
}

}  // namespace npuscribe::corpus
