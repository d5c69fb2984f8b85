#pragma once
// The errors of the study (bench/study/study_figures.h). If an error is one of arithmetic, the right number
// is computed here from the study's own.

#include <optional>
#include <string>
#include <vector>

#include "bench/result.h"

namespace npuscribe::bench {

struct CorrectedNumber {
    std::string name;  // "six matmuls of a layer"
    double said = 0;
    double correct = 0;
    std::string unit;
};

struct Correction {
    std::string title;  // one line
    std::string text;   // a few sentences
    std::vector<CorrectedNumber> numbers;
};

std::vector<Correction> corrections();

/// A table of the numbers, and a note for each correction; if `brief`, only the titles as notes.
Result corrections_result(bool brief);

}  // namespace npuscribe::bench
