#pragma once
// What is finished of an input that is not whole: enough for another run to go on from there.

#include <cstddef>
#include <string>
#include <vector>

#include "transcribe/types.h"

namespace npuscribe {

struct FinishedPart {
    struct Spoken {
        std::string language;
        double seconds = 0;
        double probability = 0;  // when it was detected first
    };

    size_t windows = 0;             // the first ones
    double seconds = 0;             // of the file, up to the end of the last of them
    std::string language;           // what the first one speaks
    std::string last_language;      // what the last one speaks
    std::vector<Spoken> languages;  // those that were detected
    std::vector<Segment> segments;
};

}  // namespace npuscribe
