#pragma once
// All exceptions of the program. app/main.cpp catches them, in one place, and gives each kind its exit code.
// A message says what was given, what is wrong with it, and what to do instead. It is one line without a
// period at the end.

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

/// The value of one option is wrong, or the model cannot do what it asks for. The message begins with the
/// option's name as the command line has it, without its dashes: "beam-size: '0' was given; …".
class OptionError : public UsageError {
  public:
    using UsageError::UsageError;
};

/// One input cannot be read or holds no audio. The others are still transcribed. Exit code 1.
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
