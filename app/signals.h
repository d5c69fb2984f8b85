#pragma once
// Ctrl-C, and what systemd, Docker and `kill` send.

#include <atomic>

namespace npuscribe::app {

/// From now on SIGINT ends the process at once with 130, and SIGTERM with 143, however it waits, until
/// `watch_signals` is called. Nothing is half-written then: outputs get their names when they are whole. A
/// signal that whoever started the process ignores stays ignored. SIGXFSZ is ignored: a file that is too
/// large is an error of the write.
void end_on_signals();

/// From now on SIGINT and SIGTERM set the flag that this returns, and a second one ends the process at once.
/// SIGPIPE is ignored: a closed pipe is an error of the write.
std::atomic<bool>& watch_signals();

/// The exit code for the signal that came first, 130 or 143; 0 if none has come.
int exit_code_of_signal();

}  // namespace npuscribe::app
