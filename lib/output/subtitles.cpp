#include "output/subtitles.h"

#include <algorithm>
#include <utility>

#include "output/text.h"

namespace npuscribe::output {
namespace {

constexpr double kLongPause = 3;     // seconds
constexpr size_t kUnlimited = 1000;  // OpenAI's default for a width or a number of words

std::vector<Word> words_of(const Segment& segment) {
    std::vector<Word> words = segment.words;
    if (words.empty()) words.push_back({segment.start, segment.end, segment.text, 1});
    for (Word& word : words) word.text = flat(word.text);
    return words;
}

class Builder {
  public:
    explicit Builder(const SubtitleOptions& options)
        : keep_segments_(!options.max_line_count || !options.max_line_width),
          width_(limit(options.max_line_width)),
          count_(limit(options.max_line_count)),
          words_(limit(options.max_words_per_line)) {}

    void add(const Segment& segment) {
        std::vector<Word> words = words_of(segment);
        for (size_t i = 0; i < words.size(); ++i) add(std::move(words[i]), i % words_ == 0);
    }

    std::vector<Subtitle> take() {
        finish();
        return std::move(done_);
    }

  private:
    static size_t limit(const std::optional<int>& given) {
        return given ? static_cast<size_t>(std::max(1, *given)) : kUnlimited;
    }

    /// `begins`: the word is the first of its segment, or of max_words_per_line words.
    void add(Word word, bool begins) {
        if (!last_) last_ = word.start;
        const bool pause = !keep_segments_ && word.start - *last_ > kLongPause;
        const bool room = length_ + characters(word.text) <= width_;
        const bool breaks = begins && !subtitle_.empty() && keep_segments_;
        last_ = word.start;
        if (length_ > 0 && room && !pause && !breaks) {
            length_ += characters(word.text);
        } else {
            word.text = one_line(word.text);
            const size_t length = characters(word.text);
            if (!subtitle_.empty() && (pause || breaks || lines_ >= count_)) {
                finish();
            } else if (length_ > 0) {
                ++lines_;
                word.text.insert(0, "\n");
            }
            length_ = length;
        }
        subtitle_.push_back(std::move(word));
    }

    void finish() {
        if (!subtitle_.empty()) done_.push_back(std::exchange(subtitle_, {}));
        lines_ = 1;
    }

    bool keep_segments_;
    size_t width_, count_, words_;
    size_t length_ = 0;  // of the line so far
    size_t lines_ = 1;   // of the subtitle so far
    std::optional<double> last_;
    Subtitle subtitle_;
    std::vector<Subtitle> done_;
};

}  // namespace

std::vector<Subtitle> subtitles(const Transcript& transcript, const SubtitleOptions& options) {
    Builder builder(options);
    for (const Segment& segment : transcript.segments) builder.add(segment);
    return builder.take();
}

}  // namespace npuscribe::output
