// Transcribes one file: transcribe FILE [MODEL [LANGUAGE]]
#include <cstdio>

#include "npuscribe/npuscribe.h"

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("Usage: transcribe FILE [MODEL [LANGUAGE]]\n", stderr);
        return 2;
    }
    try {
        npuscribe::SessionOptions options;
        if (argc > 2) options.model = argv[2];
        if (argc > 3) options.transcribe.language = argv[3];
        npuscribe::Session session(options);

        const auto print = [](const npuscribe::Segment& segment) {
            std::printf("%7.2f %7.2f %s\n", segment.start, segment.end, segment.text.c_str());
        };
        const npuscribe::Transcript transcript = session.transcribe(argv[1], print);
        std::printf("%s, %.1f s\n", transcript.language.c_str(), transcript.duration);
    } catch (const npuscribe::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
