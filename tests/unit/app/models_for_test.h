#pragma once
// A directory of models for a test.

#include <cstdlib>
#include <optional>
#include <string>

#include "temporary_directory.h"

namespace npuscribe::test {

/// Sets an environment variable for as long as it lives.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* set = std::getenv(name)) before_ = set;
        ::setenv(name, value.c_str(), 1);
    }
    ~Variable() {
        if (before_) {
            ::setenv(name_, before_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// An empty directory of models, and no other caches, for as long as it lives.
struct Models {
    TemporaryDirectory directory;
    Variable models{"NPUSCRIBE_MODELS", directory.path().string()};
    Variable caches{"XDG_CACHE_HOME", (directory / "caches").string()};
};

}  // namespace npuscribe::test
