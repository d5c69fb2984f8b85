#include "fuzz_format.h"

std::string_view npuscribe::fuzz::format_name() {
    return FUZZ_FORMAT;
}
