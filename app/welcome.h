#pragma once
// What a newcomer is told.

#include <string>

namespace npuscribe::app {

/// For npuscribe without arguments on a terminal: the three commands to start with. Until a model has been
/// fetched, it says that the first run fetches one.
std::string welcome();

}  // namespace npuscribe::app
