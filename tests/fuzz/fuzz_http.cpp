// Whatever an address is and whatever a server answers, a download gives the file, or throws what `download`
// may throw. The answers come from a thread of this program, which is the proxy for every address: nothing
// else is asked.
//
// An input is a byte of choices, the address up to its line end, and the answers, with a byte 1E between
// them. The last one is given again and again.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "fetch/download.h"
#include "fetch/http.h"
#include "fuzz_input.h"
#include "temporary_directory.h"

extern "C" void npuscribe_http_get(const npuscribe::fetch::HttpRequest& request,
                                   npuscribe::fetch::HttpReceiver& receiver,
                                   npuscribe::fetch::HttpResult& result);

namespace npuscribe::fetch {

// Instead of the one that loads the module: libFuzzer could not see what a module covers.
HttpResult http_get(const HttpRequest& request, HttpReceiver& receiver) {
    HttpResult result;
    npuscribe_http_get(request, receiver, result);
    return result;
}

}  // namespace npuscribe::fetch

namespace {

using namespace npuscribe;

class Server {
  public:
    Server() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t length = sizeof address;
        fuzz::require(bind(socket_, any, length) == 0 && listen(socket_, 16) == 0);
        fuzz::require(getsockname(socket_, any, &length) == 0);
        const std::string proxy = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
            setenv(name, proxy.c_str(), 1);
        for (const char* name : {"no_proxy", "NO_PROXY"}) unsetenv(name);
        std::thread([this] { serve(); }).detach();
    }

    void set_answers(std::vector<std::string> answers) {
        const std::lock_guard lock(mutex_);
        answers_ = std::move(answers);
        next_ = 0;
    }

  private:
    std::string next_answer() {
        const std::lock_guard lock(mutex_);
        if (answers_.empty()) return {};
        return answers_[std::min(next_++, answers_.size() - 1)];
    }

    void serve() {
        for (;;) {
            const int connection = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) continue;
            std::string request;
            std::array<char, 4096> buffer{};
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t count = recv(connection, buffer.data(), buffer.size(), 0);
                if (count <= 0) break;
                request.append(buffer.data(), static_cast<size_t>(count));
            }
            const std::string answer = next_answer();
            send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
            shutdown(connection, SHUT_WR);
            timeval patience{
                0, 20000};  // until the client has read it: closing at once would reset the connection
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            while (recv(connection, buffer.data(), buffer.size(), 0) > 0) continue;
            close(connection);
        }
    }

    int socket_;
    std::mutex mutex_;
    std::vector<std::string> answers_;
    size_t next_ = 0;
};

/// Cancels when the download would pause.
class Impatient final : public fetch::Listener {
  public:
    void say(const std::string&) override { cancelled_ = true; }
    void progress(const std::string&, uint64_t, std::optional<uint64_t>) override {}
    bool cancelled() override { return cancelled_; }

  private:
    bool cancelled_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr uint64_t kMost = 1 << 16;   // bytes of the file
    static Server& server = *new Server;  // its thread lives as long as the process
    static const test::TemporaryDirectory directory;
    static const std::filesystem::path file = directory / "file";
    fuzz::Cutter input(data, size);
    const uint8_t choices = input.byte();
    fetch::Download what{std::string(input.until('\n')), file, {}, kMost, (choices & 1) != 0};
    if ((choices & 2) != 0)
        what.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";  // of nothing
    std::vector<std::string> answers;
    while (!input.done()) answers.emplace_back(input.until('\x1E'));
    server.set_answers(std::move(answers));
    if ((choices & 4) != 0) {  // an earlier run broke off
        test::write_file(file.string() + ".part", "the beginning");
        test::write_file(file.string() + ".part.etag", "\"tag\"");
    }
    Impatient listener;
    try {
        if (fetch::download(what, listener)) fuzz::require(std::filesystem::file_size(file) <= kMost);
    } catch (const ModelError&) {  // the right answer to most inputs
    } catch (const Cancelled&) {
    }
    for (const char* suffix : {"", ".part", ".part.etag"}) std::filesystem::remove(file.string() + suffix);
    return 0;
}
