#pragma once
// Gets one file over HTTP or HTTPS, from its beginning or from some byte on (RFC 9110, sections 13.1.5 and
// 14).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace npuscribe::fetch {

struct HttpRequest {
    std::string url;
    uint64_t from = 0;      // first byte wanted
    std::string if_range;   // send the whole file if its entity tag is another one; empty: do not compare
    bool insecure = false;  // allows http:// to other machines
};

/// The head of the server's answer, after all redirections.
struct HttpHead {
    long status = 0;
    uint64_t from = 0;               // of a 206: the first byte that follows
    std::optional<uint64_t> length;  // of the bytes that follow
    std::string etag;                // with its quotes
    std::string sha256;              // Hugging Face states it for large files; else empty
};

/// Receives an answer as it arrives. If a function returns false, the transfer ends.
class HttpReceiver {
  public:
    virtual ~HttpReceiver() = default;
    /// Called before the first byte of a 200 or 206. The bytes of other answers are not passed on.
    virtual bool begin(const HttpHead& head) noexcept = 0;
    virtual bool take(std::span<const std::byte> bytes) noexcept = 0;
    /// Called about once a second, even if nothing arrives.
    virtual bool go_on() noexcept = 0;
};

struct HttpResult {
    HttpHead head;
    std::string error;       // why bytes are missing; empty: none are
    bool broke_off = false;  // the connection failed, so another attempt may succeed
};

/// Uses the proxies of the usual variables (https_proxy, no_proxy), and follows redirections. No address is
/// asked but https:// ones and, unless `insecure`, http:// ones of this machine itself (localhost,
/// 127.0.0.0/8, ::1): others on the way could change what arrives. Gives up a connection over which nothing
/// arrives for 20 s. Throws ModelError if libcurl cannot be loaded.
HttpResult http_get(const HttpRequest& request, HttpReceiver& receiver);

/// The function of the module that holds libcurl.
inline constexpr const char* kHttpModule = "libnpuscribe_http.so";
inline constexpr const char* kHttpModuleGet = "npuscribe_http_get";
using HttpModuleGet = void (*)(const HttpRequest& request, HttpReceiver& receiver, HttpResult& result);

}  // namespace npuscribe::fetch
