#pragma once
// Ctrl-C.

#include <atomic>

namespace npuscribe::app {

/// From now on SIGINT and SIGTERM set the flag that this returns, and a second one ends the process at once
/// with 130. SIGPIPE is ignored: a closed pipe is an error of the write.
std::atomic<bool>& watch_signals();

}  // namespace npuscribe::app
