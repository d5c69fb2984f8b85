#include "audio/file_decoder.h"

#include <fmt/format.h>

#include <system_error>

#include "audio/file_end.h"
#include "base/error.h"

namespace npuscribe::audio {

std::string seconds_text(double seconds) {
    return fmt::format("{:.2f} s", seconds);
}

void check_reads(const InputFile& file, double second) {
    if (file.read_error() == 0) return;
    throw InputError(fmt::format("{} cannot be read from {} on: {}", file.name(), seconds_text(second),
                                 std::generic_category().message(file.read_error())));
}

void check_file_end(const InputFile& file, double second) {
    const FileEnd end = end_of(file);
    if (end.missing == 0) return;
    const double missing = second * static_cast<double>(end.missing) / static_cast<double>(file.size());
    if (missing < kLeastMissing && !end.more_followed) return;
    throw InputError(fmt::format("{} breaks off at {}: its structure promises {}", file.name(),
                                 seconds_text(second),
                                 end.more_followed ? "more" : seconds_text(second + missing)));
}

}  // namespace npuscribe::audio
