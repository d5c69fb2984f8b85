// format_transcript FORMAT: reads segments from standard input, a line each, "START END HEX" (seconds; the
// text's bytes in hexadecimal, so that they can be any), and writes the transcript in that format to standard
// output.

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "output/formats.h"

namespace {

std::string from_hex(const std::string& hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    npuscribe::Transcript transcript;
    transcript.language = "en";
    for (std::string line; std::getline(std::cin, line);) {
        npuscribe::Segment segment;
        std::string hex;
        std::istringstream(line) >> segment.start >> segment.end >> hex;
        segment.id = static_cast<int>(transcript.segments.size());
        segment.text = from_hex(hex);
        transcript.segments.push_back(std::move(segment));
    }
    const std::string out = npuscribe::output::parse_formats(argv[1]).at(0).write(transcript, {});
    return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}
