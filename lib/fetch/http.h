#pragma once
// One file over HTTP or HTTPS, from the beginning or from some byte on (RFC 9110, sections 13.1.5 and 14).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace npuscribe::fetch {

struct HttpRequest {
    std::string url;
    uint64_t from = 0;     // first byte wanted
    std::string if_range;  // only where the entity tag is still this one, else everything; empty: whatever
};

/// What the server says before the bytes, after all redirections.
struct HttpHead {
    long status = 0;
    uint64_t from = 0;               // of a 206: the first byte that comes
    std::optional<uint64_t> length;  // of what comes
    std::string etag;                // with its quotes
    std::string sha256;              // Hugging Face states it of large files; empty elsewhere
};

/// Takes an answer as it comes. False ends it.
class HttpReceiver {
  public:
    virtual ~HttpReceiver() = default;
    /// Before the first byte, of a 200 or 206; other answers have no bytes here.
    virtual bool begin(const HttpHead& head) noexcept = 0;
    virtual bool take(std::span<const std::byte> bytes) noexcept = 0;
    /// Asked about once a second, also where nothing comes.
    virtual bool go_on() noexcept = 0;
};

struct HttpResult {
    HttpHead head;
    std::string error;       // why the bytes are not all there; empty: they are
    bool broke_off = false;  // the connection, not the server's answer: it may be worth another try
};

/// Proxies by the usual variables (https_proxy, no_proxy); redirections are followed to HTTP and HTTPS only.
/// A connection over which nothing comes for 30 s is given up. Throws ModelError where libcurl is not there.
HttpResult http_get(const HttpRequest& request, HttpReceiver& receiver);

/// What http_get asks of the module that holds libcurl.
inline constexpr const char* kHttpModule = "libnpuscribe_http.so";
inline constexpr const char* kHttpModuleGet = "npuscribe_http_get";
using HttpModuleGet = void (*)(const HttpRequest& request, HttpReceiver& receiver, HttpResult& result);

}  // namespace npuscribe::fetch
