#include "signals.h"

#include <unistd.h>

#include <csignal>

#include "exit_code.h"

namespace npuscribe::app {
namespace {

std::atomic<bool> interrupted{false};  // a handler can reach nothing else
static_assert(std::atomic<bool>::is_always_lock_free);

void interrupt(int) {
    if (interrupted.exchange(true)) ::_exit(kInterrupted);
}

}  // namespace

std::atomic<bool>& watch_signals() {
    struct sigaction action = {};
    action.sa_handler = interrupt;
    sigemptyset(&action.sa_mask);
    // Not SA_RESTART: a read that waits for standard input ends with EINTR.
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return interrupted;
}

}  // namespace npuscribe::app
