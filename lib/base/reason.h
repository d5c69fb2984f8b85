#pragma once
// Why something failed, for people.

#include <exception>
#include <new>
#include <string>

namespace npuscribe {

/// The message of an exception of any kind.
inline std::string reason_of(const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return "out of memory; use a smaller model, --batch-size or --beam-size";
    return error.what();
}

}  // namespace npuscribe
