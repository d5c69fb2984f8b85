#pragma once
// The whole exception hierarchy. Caught once, in app/, where each kind has its exit code (DESIGN: command
// line). A message says what was given, what was wanted, and what to do next; it is one line without a final
// period.

#include <stdexcept>
#include <string>

namespace npuscribe {

class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The command line asks for something that does not exist or does not fit together. Exit code 2.
class UsageError : public Error {
  public:
    using Error::Error;
};

/// One input cannot be read or holds no audio. The other inputs are still done; exit code 1.
class InputError : public Error {
  public:
    using Error::Error;
};

/// An output cannot be written. Exit code 1.
class OutputError : public Error {
  public:
    using Error::Error;
};

/// A model is missing, damaged, or not a Whisper model. Exit code 3.
class ModelError : public Error {
  public:
    using Error::Error;
};

/// A device is missing, refuses the work, or failed while working. Exit code 3.
class DeviceError : public Error {
  public:
    using Error::Error;
};

/// The person pressed Ctrl-C, or a library user asked to stop. Exit code 130.
class Cancelled : public Error {
  public:
    Cancelled() : Error("interrupted") {}
};

}  // namespace npuscribe
