#pragma once
// Names and terms that are always heard wrong, put right in every format.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe::output {

class Replacements {
  public:
    /// None.
    Replacements() = default;
    /// Reads "heard → wanted" or "heard -> wanted", one a line. Blank lines and lines that begin with # are
    /// left out. `name` is the file's, for errors. Throws UsageError, which names the line.
    Replacements(std::string_view text, const std::string& name);

    bool empty() const { return rules_.empty(); }

    /// Replaces in a segment's text and words; returns how often. Only whole words are replaced, in any case:
    /// `wanted` gets a capital letter if what was heard has one that `heard` lacks, and is all capitals if
    /// that is. Of the rules that match at a place, the longest counts, and what it wrote is not searched
    /// again. New words share the time of those that they replace. Tokens stay as the model gave them.
    size_t apply(Segment& segment) const;
    size_t apply(Transcript& transcript) const;

  private:
    struct Rule {
        std::string heard;
        std::u32string folded;  // without its case; one space between words
        std::string wanted;
    };
    struct Hit {
        size_t begin = 0;  // bytes of the text
        size_t end = 0;
        std::string wanted;
    };

    std::vector<Hit> hits(std::string_view text) const;
    static void apply(const std::vector<Hit>& hits, std::vector<Word>& words);

    std::vector<Rule> rules_;  // the longest first
};

}  // namespace npuscribe::output
