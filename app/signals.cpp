#include "signals.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "exit_code.h"

namespace npuscribe::app {
namespace {

// A handler can reach nothing else.
std::atomic<bool> interrupted{false};
std::atomic<int> code{0};
std::atomic<bool> watched{false};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void handle(int number) {
    const int own = number == SIGTERM ? kTerminated : kInterrupted;
    int none = 0;
    const bool first = code.compare_exchange_strong(none, own);
    interrupted = true;
    if (watched && first) return;
    constexpr char kMessage[] = "npuscribe: interrupted\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    ::_exit(first ? own : none);
}

}  // namespace

void end_on_signals() {
    struct sigaction action = {};
    action.sa_handler = handle;
    sigemptyset(&action.sa_mask);
    // Not SA_RESTART: what waits in the kernel ends with EINTR.
    for (const int number : {SIGINT, SIGTERM}) {
        struct sigaction before = {};
        if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        sigaction(number, &action, nullptr);
    }
    std::signal(SIGXFSZ, SIG_IGN);
}

std::atomic<bool>& watch_signals() {
    watched = true;
    std::signal(SIGPIPE, SIG_IGN);
    return interrupted;
}

int exit_code_of_signal() {
    return code;
}

}  // namespace npuscribe::app
