// Downloads by FFmpeg's own HTTP. No other protocol is spoken, whatever a server redirects to.

extern "C" {
#include <libavformat/avformat.h>
#include <libavformat/avio.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <array>
#include <memory>

#include "audio/libav_module/libav_module.h"
#include "base/error.h"

namespace npuscribe::audio {
namespace {

constexpr const char* kProtocols = "http,https,httpproxy,tcp,tls";
constexpr const char* kSilence = "30000000";  // microseconds without a byte after which a server has failed

struct CloseUrl {
    void operator()(AVIOContext* context) const { avio_close(context); }
};

int is_cancelled(void* sink) {
    return static_cast<const DownloadSink*>(sink)->cancelled() ? 1 : 0;
}

[[noreturn]] void fail(const std::string& url, const std::string& what, int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    throw InputError(fmt::format("'{}' {}: {}", url, what, text.data()));
}

std::string media_type(AVIOContext* context) {
    uint8_t* value = nullptr;
    if (av_opt_get(context, "mime_type", AV_OPT_SEARCH_CHILDREN, &value) < 0 || value == nullptr) return {};
    std::string text(reinterpret_cast<const char*>(value));
    av_free(value);
    return text;
}

void receive(const std::string& url, DownloadSink& sink) {
    av_log_set_level(AV_LOG_QUIET);
    const AVIOInterruptCB interrupt = {is_cancelled, &sink};
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", kProtocols, 0);
    av_dict_set(&options, "rw_timeout", kSilence, 0);
    av_dict_set(&options, "tls_verify", "1", 0);
    av_dict_set(&options, "user_agent", "npuscribe", 0);
    av_dict_set(&options, "icy", "0", 0);
    av_dict_set(&options, "reconnect", "1", 0);  // at the byte where a connection broke off
    av_dict_set(&options, "reconnect_delay_max", "4", 0);
    AVIOContext* opened = nullptr;
    const int status = avio_open2(&opened, url.c_str(), AVIO_FLAG_READ, &interrupt, &options);
    av_dict_free(&options);
    if (sink.cancelled()) throw Cancelled();
    if (status < 0) fail(url, "cannot be read", status);
    const std::unique_ptr<AVIOContext, CloseUrl> context(opened);
    if (!sink.begin(media_type(opened))) return;
    std::array<unsigned char, size_t{1} << 16> block{};
    int64_t received = 0;
    while (true) {
        const int count = avio_read_partial(opened, block.data(), static_cast<int>(block.size()));
        if (sink.cancelled()) throw Cancelled();
        if (count == AVERROR_EOF || count == 0) break;
        if (count < 0) fail(url, fmt::format("breaks off after {} bytes", received), count);
        received += count;
        if (!sink.take(reinterpret_cast<const char*>(block.data()), static_cast<size_t>(count))) return;
    }
    // A server that closes the connection early looks like the end.
    const int64_t promised = avio_size(opened);
    if (promised > 0 && received < promised)
        throw InputError(
            fmt::format("'{}' breaks off after {} of {} bytes; try again later", url, received, promised));
}

}  // namespace
}  // namespace npuscribe::audio

extern "C" void npuscribe_libav_download(const std::string& url, npuscribe::audio::DownloadSink& sink) {
    npuscribe::audio::receive(url, sink);
}
