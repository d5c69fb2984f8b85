#pragma once
// The exit codes of the program.

namespace npuscribe::app {

enum ExitCode : int {
    kDone = 0,
    kSomeFailed = 1,
    kUsage = 2,
    kUnavailable = 3,    // device or model
    kInterrupted = 130,  // by SIGINT
    kTerminated = 143,   // by SIGTERM
};

}  // namespace npuscribe::app
