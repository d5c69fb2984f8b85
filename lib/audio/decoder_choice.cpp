#include "audio/decoder_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace npuscribe::audio {
namespace {

using Opener = std::function<std::unique_ptr<FileDecoder>()>;

/// A decoder and, if it fails before the end, the ones that can take its place.
class ChosenDecoder final : public FileDecoder {
  public:
    /// `exact`: the decoders count samples alike, so that one can go on where another failed.
    ChosenDecoder(std::string name, std::vector<Opener> openers, bool exact)
        : name_(std::move(name)), openers_(std::move(openers)), exact_(exact) {
        std::vector<InputError> errors;
        while (!decoder_ && next_ < openers_.size()) {
            try {
                decoder_ = openers_[next_++]();
                decoder_->read(first_);
                first_silence_ = decoder_->silence_before();
                if (first_.empty()) throw InputError("");
            } catch (const InputError& error) {
                decoder_.reset();
                errors.push_back(error);
            }
        }
        if (!decoder_) throw InputError(best(errors));
    }

    const Format& format() const override { return decoder_->format(); }

    void read(std::vector<float>& block) override {
        block.clear();
        if (!first_.empty()) {
            block.swap(first_);
            silence_before_ = first_silence_;
        } else {
            read_on(block);
        }
        count(block);
    }

    double silence_before() const override { return silence_before_; }

    bool seek(int64_t frame) override {
        if (error_ || !decoder_->seek(frame)) return false;
        first_.clear();
        frames_ = frame;
        return true;
    }

  private:
    /// The error that tells most: not that a library does not know the format, nor that there is no sample.
    static InputError best(const std::vector<InputError>& errors) {
        const auto tells = [](const InputError& error) {
            const std::string_view what = error.what();
            return !what.empty() && what.find("not recognised") == what.npos;
        };
        const auto found = std::find_if(errors.begin(), errors.end(), tells);
        return found != errors.end() ? *found : errors.back();
    }

    void read_on(std::vector<float>& block) {
        try {
            decoder_->read(block);
            silence_before_ = decoder_->silence_before();
        } catch (const InputError&) {
            if (!error_) error_ = std::current_exception();
            block.clear();
            while (block.empty() && exact_ && next_ < openers_.size()) go_on(openers_[next_++], block);
        }
        if (block.empty() && error_) std::rethrow_exception(error_);
    }

    /// Opens another decoder, and reads what follows the samples that were read.
    void go_on(const Opener& open, std::vector<float>& block) {
        try {
            auto other = open();
            const Format before = decoder_->format();
            int64_t at = 0;
            while (true) {
                other->read(block);
                if (block.empty()) return;
                const Format& now = other->format();
                if (now.sample_rate != before.sample_rate || now.channels != before.channels) break;
                const auto channels = static_cast<size_t>(now.channels);
                at += std::llround(other->silence_before() * now.sample_rate);
                const auto frames = static_cast<int64_t>(block.size() / channels);
                if (at + frames > frames_) {
                    const int64_t known = std::max<int64_t>(0, frames_ - at);
                    silence_before_ = std::max(
                        0.0, static_cast<double>(at - frames_) / static_cast<double>(now.sample_rate));
                    block.erase(block.begin(), block.begin() + static_cast<ptrdiff_t>(
                                                                   static_cast<size_t>(known) * channels));
                    // The file goes on, so this is no end of it, whatever the first decoder took it for.
                    const double second = static_cast<double>(frames_) / now.sample_rate;
                    error_ = std::make_exception_ptr(
                        InputError(fmt::format("{} is damaged at {}", name_, seconds_text(second))));
                    decoder_ = std::move(other);
                    return;
                }
                at += frames;
            }
        } catch (const InputError&) {  // it cannot go on either
        }
        block.clear();
    }

    void count(const std::vector<float>& block) {
        const Format& now = format();
        frames_ += std::llround(silence_before_ * now.sample_rate) +
                   static_cast<int64_t>(block.size()) / std::max(1, now.channels);
    }

    const std::string name_;  // the file's, for messages
    std::vector<Opener> openers_;
    size_t next_ = 0;
    bool exact_;
    std::unique_ptr<FileDecoder> decoder_;
    std::vector<float> first_;  // its first block, until it is read
    double first_silence_ = 0;
    double silence_before_ = 0;
    int64_t frames_ = 0;        // read, silence included
    std::exception_ptr error_;  // of the first decoder that failed
};

/// A wav header that was never completed states 0 samples, and libsndfile believes it.
std::unique_ptr<FileDecoder> open_what_sndfile_knows(const InputFile& file) {
    constexpr int64_t kLongestHeader = 4096;
    auto decoder = open_with_libsndfile(file);
#ifdef NPUSCRIBE_HAVE_LIBAV
    if (decoder->format().duration == 0.0 && file.size() > kLongestHeader)
        throw InputError(fmt::format("{} holds no audio: no samples follow its header", file.name()));
#endif
    return decoder;
}

/// MP3, with a tag or without, and Ogg.
bool is_better_with_libav(const InputFile& file) {
    std::array<unsigned char, 4> head{};
    if (file.read_at(head.data(), head.size(), 0) != static_cast<int64_t>(head.size())) return false;
    const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
    return text.starts_with("ID3") || text == "OggS" || (head[0] == 0xFF && (head[1] & 0xE0) == 0xE0);
}

}  // namespace

std::unique_ptr<FileDecoder> open_decoder(const InputFile& file, const std::string& track) {
    std::vector<Opener> openers = {[&file] { return open_what_sndfile_knows(file); }};
    bool exact = true;
#ifdef NPUSCRIBE_HAVE_LIBAV
    openers.emplace_back([&file, track] { return open_with_libav(file, track); });
    // libsndfile does not know the language of the only track it reads.
    if (!track.empty() && track != "1") {
        openers.erase(openers.begin());
    } else if (is_better_with_libav(file)) {
        std::swap(openers[0], openers[1]);
        exact = false;
    }
#else
    if (!track.empty() && track != "1")
        throw InputError(
            fmt::format("{} has no audio track {} for libsndfile, which reads one track; this npuscribe was "
                        "built without FFmpeg's libraries",
                        file.name(), track));
#endif
    return std::make_unique<ChosenDecoder>(file.name(), std::move(openers), exact);
}

}  // namespace npuscribe::audio
