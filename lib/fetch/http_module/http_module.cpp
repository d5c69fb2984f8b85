// The module around libcurl. It is loaded when something is fetched, so that other runs start without it.

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

#include "base/text.h"
#include "fetch/http.h"

namespace npuscribe::fetch {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kSilentSeconds = 20;
constexpr int kMostRedirections = 10;

bool is_success(long status) {
    return status == 200 || status == 206;
}

// Hugging Face states an "x-linked-etag": for a large file, its SHA-256 in quotes; for a small file, a git
// hash, which is shorter.
std::string sha256_in(std::string_view value) {
    std::string digits = to_lower(value);
    digits.erase(std::remove(digits.begin(), digits.end(), '"'), digits.end());
    const bool good =
        digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    return good ? digits : std::string();
}

struct Transfer {
    HttpReceiver& receiver;
    HttpResult& result;
    CURL* curl;
    bool begun = false;
    bool stopped = false;

    void header(std::string_view line) {
        HttpHead& head = result.head;
        if (line.starts_with(
                "HTTP/")) {  // a redirection's answer begins: keep only the digest of the one before
            std::string sha256 = std::move(head.sha256);
            head = {};
            head.sha256 = std::move(sha256);
            return;
        }
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const std::string name = to_lower(line.substr(0, colon));
        const std::string_view value = strip(line.substr(colon + 1));
        if (name == "etag") head.etag = value;
        if (name == "x-linked-etag") head.sha256 = sha256_in(value);
        if (name == "content-range" && value.starts_with("bytes "))
            std::from_chars(value.data() + 6, value.data() + value.size(), head.from);
    }

    bool begin() {
        if (begun) return true;
        begun = true;
        HttpHead& head = result.head;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &head.status);
        curl_off_t length = -1;
        curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        if (length >= 0) head.length = static_cast<uint64_t>(length);
        return !is_success(head.status) || receiver.begin(head);
    }

    bool take(const char* data, size_t size) {
        stopped = !begin();
        if (!stopped && is_success(result.head.status))
            stopped = !receiver.take(std::as_bytes(std::span(data, size)));
        return !stopped;
    }
};

size_t on_header(char* data, size_t, size_t size, void* transfer) {
    static_cast<Transfer*>(transfer)->header({data, size});
    return size;
}

size_t on_data(char* data, size_t, size_t size, void* transfer) {
    return static_cast<Transfer*>(transfer)->take(data, size) ? size : 0;
}

int on_progress(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto* transfer = static_cast<Transfer*>(data);
    if (!transfer->receiver.go_on()) transfer->stopped = true;
    return transfer->stopped ? 1 : 0;
}

bool is_of_the_connection(CURLcode code) {
    return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_OPERATION_TIMEDOUT ||
           code == CURLE_GOT_NOTHING || code == CURLE_HTTP2_STREAM || code == CURLE_HTTP2 ||
           code == CURLE_SEND_ERROR;
}

struct Deleter {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct Url {
    std::string scheme;
    std::string host;
};

// Empty if it is no address.
Url parse(const std::string& text) {
    const std::unique_ptr<CURLU, Deleter> parser(curl_url());
    Url url;
    if (!parser ||
        curl_url_set(parser.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return url;
    const auto part = [&](CURLUPart which) {
        char* value = nullptr;
        if (curl_url_get(parser.get(), which, &value, 0) != CURLUE_OK) return std::string();
        std::string out = to_lower(value);
        curl_free(value);
        return out;
    };
    url.scheme = part(CURLUPART_SCHEME);
    url.host = part(CURLUPART_HOST);
    return url;
}

bool is_this_machine(const std::string& host) {
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

// Why an address is not asked; empty if it may be.
std::string refusal(const std::string& text, bool insecure) {
    const Url url = parse(text);
    if (url.scheme == "https") return {};
    if (url.scheme != "http") return fmt::format("{} has a protocol that is neither https nor http", text);
    if (insecure || is_this_machine(url.host)) return {};
    return fmt::format(
        "{} is not asked, because others on the way could change what it sends; give an https:// address, or "
        "allow this with npuscribe model fetch --insecure",
        text);
}

// One request. Returns the address that the server redirects to, if it does.
std::string ask(CURL* curl, const std::string& url, Transfer& transfer, HttpResult& result) {
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &result.head.status);
    if (code == CURLE_OK) {
        const char* target = nullptr;
        curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &target);
        if (target != nullptr) return target;
        if (is_success(result.head.status) && !transfer.begin()) result.error = "stopped";  // an empty file
        return {};
    }
    result.error = transfer.stopped ? "stopped" : *why != '\0' ? why : curl_easy_strerror(code);
    result.broke_off = !transfer.stopped && is_of_the_connection(code);
    return {};
}

void get(const HttpRequest& request, HttpReceiver& receiver, HttpResult& result) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, Deleter> handle(initialised == CURLE_OK ? curl_easy_init() : nullptr);
    CURL* curl = handle.get();
    if (curl == nullptr) {
        result.error = "libcurl cannot be used";
        return;
    }
    std::unique_ptr<curl_slist, Deleter> headers;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "npuscribe");
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    if (request.from > 0) {
        // Not CURLOPT_RESUME_FROM, which fails if the server sends the whole file.
        curl_easy_setopt(curl, CURLOPT_RANGE, fmt::format("{}-", request.from).c_str());
        if (!request.if_range.empty()) {
            headers.reset(curl_slist_append(nullptr, ("If-Range: " + request.if_range).c_str()));
            curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        }
    }
    // Redirections are followed here, because libcurl would not look at where they lead.
    std::string url = request.url;
    for (int redirections = 0; !url.empty(); ++redirections) {
        result.error =
            redirections > kMostRedirections ? "too many redirections" : refusal(url, request.insecure);
        if (!result.error.empty()) return;
        Transfer transfer{receiver, result, curl};
        url = ask(curl, url, transfer, result);
    }
}

}  // namespace
}  // namespace npuscribe::fetch

extern "C" void npuscribe_http_get(const npuscribe::fetch::HttpRequest& request,
                                   npuscribe::fetch::HttpReceiver& receiver,
                                   npuscribe::fetch::HttpResult& result) {
    npuscribe::fetch::get(request, receiver, result);
}
