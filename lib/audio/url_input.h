#pragma once
// Inputs that are addresses on the web. Private to lib/audio, but for is_url.

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "audio/input_file.h"

namespace npuscribe::audio {

/// True for an address that begins with http:// or https://, in small or capital letters.
bool is_url(std::string_view text);

/// Copies what the address answers with to an unlinked file in $TMPDIR, because decoders seek. Only HTTP and
/// HTTPS are spoken, also after redirections, and certificates are checked. Throws InputError if that fails,
/// if nothing arrives for 30 s, if it breaks off, or if the answer is a web page or a playlist: the message
/// then has the command to give instead. Throws Cancelled soon after `cancel`, if given, becomes true.
InputFile download(const std::string& url, const std::atomic<bool>* cancel);

/// Receives a download. If a function returns false, the download ends without an error.
class DownloadSink {
  public:
    virtual ~DownloadSink() = default;
    /// Called before the first bytes, with the media type that the server states; empty if it states none.
    virtual bool begin(const std::string& media_type) = 0;
    virtual bool take(const char* data, size_t count) = 0;
    /// Asked several times a second. If it returns true, the download ends.
    virtual bool cancelled() const = 0;
};

/// Downloads with FFmpeg's libraries. Throws InputError. Exists only if built with NPUSCRIBE_HAVE_LIBAV.
void download_with_libav(const std::string& url, DownloadSink& sink);

}  // namespace npuscribe::audio
