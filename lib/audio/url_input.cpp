#include "audio/url_input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "audio/pipe_spool.h"
#include "base/error.h"
#include "base/text.h"

namespace npuscribe::audio {
namespace {

constexpr size_t kBeginning = 512;  // enough to know a page or a playlist

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

[[maybe_unused]] bool is_page(const std::string& media_type, const std::string& beginning) {
    return contains(media_type, "text/html") || contains(media_type, "application/xhtml") ||
           beginning.starts_with("<!doctype html") || beginning.starts_with("<html");
}

[[maybe_unused]] bool is_playlist(const std::string& media_type, const std::string& beginning) {
    return contains(media_type, "mpegurl") || contains(media_type, "dash+xml") ||
           beginning.starts_with("#extm3u") || contains(beginning, "<mpd") ||
           beginning.starts_with("[playlist]");
}

/// Writes a download to a file, and refuses what is no recording.
class FileSink final : public DownloadSink {
  public:
    FileSink(const std::string& url, const std::atomic<bool>* cancel)
        : url_(url), cancel_(cancel), descriptor_(unlinked_temporary_file()) {}
    ~FileSink() override {
        if (descriptor_ >= 0) close(descriptor_);
    }
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    bool begin(const std::string& media_type) override {
        media_type_ = to_lower(media_type);
        return check();
    }
    bool take(const char* data, size_t count) override {
        if (beginning_.size() < kBeginning) {
            beginning_ += to_lower(std::string_view(data, std::min(count, kBeginning)));
            if (!check()) return false;
        }
        if (write_all(descriptor_, data, count)) return true;
        problem_ = fmt::format("no room in $TMPDIR for '{}': {}; set TMPDIR to a directory with more room",
                               url_, std::strerror(errno));
        return false;
    }
    bool cancelled() const override { return cancel_ != nullptr && cancel_->load(std::memory_order_relaxed); }

    /// The file, once everything has arrived. Throws what stopped it before.
    InputFile file() {
        if (cancelled()) throw Cancelled();
        if (!problem_.empty()) throw InputError(problem_);
        if (beginning_.empty()) throw InputError(fmt::format("'{}' is empty (0 bytes)", url_));
        return {std::exchange(descriptor_, -1), fmt::format("'{}'", url_)};
    }

  private:
    bool check() {
        const std::string beginning(strip(beginning_));
        if (is_page(media_type_, beginning)) {
            problem_ = fmt::format(
                "'{0}' is a web page, not a recording; to transcribe what it plays: yt-dlp -x -o - {1} | "
                "npuscribe -",
                url_, shell_quoted(url_));
        } else if (is_playlist(media_type_, beginning)) {
            problem_ = fmt::format(
                "'{0}' is a playlist, which names other addresses; to transcribe what it plays: ffmpeg -i "
                "{1} "
                "-f wav - | npuscribe -",
                url_, shell_quoted(url_));
        }
        return problem_.empty();
    }

    const std::string& url_;
    const std::atomic<bool>* cancel_;
    int descriptor_;
    std::string media_type_;
    std::string beginning_;  // in small letters
    std::string problem_;
};

}  // namespace

bool is_url(std::string_view text) {
    const std::string beginning = to_lower(text.substr(0, std::string_view("https://").size()));
    return beginning.starts_with("http://") || beginning == "https://";
}

InputFile download(const std::string& url, [[maybe_unused]] const std::atomic<bool>* cancel) {
#ifdef NPUSCRIBE_HAVE_LIBAV
    FileSink sink(url, cancel);
    download_with_libav(url, sink);
    return sink.file();
#else
    throw InputError(
        fmt::format("'{}' is an address, and this npuscribe was built without FFmpeg's libraries, which read "
                    "them: curl -L {} "
                    "| npuscribe -",
                    url, shell_quoted(url)));
#endif
}

}  // namespace npuscribe::audio
