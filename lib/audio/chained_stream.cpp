#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audio/decoded_stream.h"
#include "audio/ogg_pages.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

/// A part that cannot be read, or not to its end, does not keep those after it from being read.
class ChainedStream final : public Stream {
  public:
    ChainedStream(std::shared_ptr<const InputFile> file, std::vector<OggLink> links,
                  const OpenOptions& options)
        : file_(std::move(file)), options_(options), links_(std::move(links)) {
        if (!open_next()) std::rethrow_exception(broken_);
        description_ = fmt::format("{}, {} parts", part_->description(), links_.size());
        // The first part's length, in proportion to the bytes.
        const OggLink& first = links_[next_ - 1];
        if (const auto seconds = part_->duration(); seconds && first.end > first.begin)
            duration_ =
                *seconds * static_cast<double>(file_->size()) / static_cast<double>(first.end - first.begin);
    }

    size_t read(std::span<float> out) override {
        while (part_ && !out.empty()) {
            try {
                if (const size_t count = part_->read(out)) return count;
            } catch (const InputError& error) {
                note(error);
            }
            for (std::string& warning : part_->warnings()) add_warning(std::move(warning));
            part_.reset();
            open_next();
        }
        if (broken_ && !out.empty()) std::rethrow_exception(broken_);
        return 0;
    }

    std::optional<double> duration() const override { return duration_; }
    std::string description() const override { return description_; }
    std::vector<std::string> warnings() const override {
        return part_ && warnings_.empty() ? part_->warnings() : warnings_;
    }

  private:
    /// Opens the next part that can be opened.
    bool open_next() {
        while (next_ < links_.size()) {
            const OggLink link = links_[next_++];
            try {
                part_ = open_decoded(std::make_shared<InputFile>(*file_, link.begin, link.end), options_);
                return true;
            } catch (const InputError& error) {
                note(error);
            }
        }
        return false;
    }

    void note(const InputError& error) {
        if (broken_) return;
        broken_ = std::make_exception_ptr(
            InputError(fmt::format("{} (of part {} of {})", error.what(), next_, links_.size())));
    }

    void add_warning(std::string warning) {
        if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end())
            warnings_.push_back(std::move(warning));
    }

    std::shared_ptr<const InputFile> file_;
    const OpenOptions options_;
    const std::vector<OggLink> links_;
    size_t next_ = 0;
    std::unique_ptr<Stream> part_;
    std::optional<double> duration_;
    std::string description_;
    std::vector<std::string> warnings_;
    std::exception_ptr broken_;  // what failed first
};

}  // namespace

std::unique_ptr<Stream> open_chained(std::shared_ptr<const InputFile> file, std::vector<OggLink> links,
                                     const OpenOptions& options) {
    return std::make_unique<ChainedStream>(std::move(file), std::move(links), options);
}

}  // namespace npuscribe::audio
