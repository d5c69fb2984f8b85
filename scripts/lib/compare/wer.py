"""Word error rate with the normalizer of the Whisper paper (arXiv 2212.04356, appendix C)."""

import re
from array import array
from dataclasses import dataclass

LEFT_OUT = 5


def align(reference: list[str], hypothesis: list[str]) -> str:
    """The fewest edits that turn one into the other (Levenshtein): = kept, S substituted, D missing, I inserted."""
    rows = [array("H", range(len(hypothesis) + 1))]
    for i, expected in enumerate(reference, start=1):
        current, previous = array("H", [i]), rows[-1]
        for j, heard in enumerate(hypothesis, start=1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (expected != heard)))
        rows.append(current)
    edits, i, j = [], len(reference), len(hypothesis)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            edits.append("=" if reference[i] == hypothesis[j] else "S")
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            edits.append("D")
        else:
            j -= 1
            edits.append("I")
    return "".join(reversed(edits))


@dataclass
class ErrorRate:
    errors: int = 0
    words: int = 0
    left_out: int = 0  # words in runs of LEFT_OUT or more that are missing: speech that was jumped over

    def __add__(self, other: "ErrorRate") -> "ErrorRate":
        return ErrorRate(self.errors + other.errors, self.words + other.words, self.left_out + other.left_out)

    @property
    def percent(self) -> float:
        return 100 * self.errors / self.words if self.words else 0.0

    def __str__(self) -> str:
        return f"{self.percent:.2f} %"


def error_rate(references: dict[str, str], texts: dict[str, str]) -> ErrorRate:
    """Errors and words summed over all files; a file without a text counts as an empty one."""
    from whisper_normalizer.english import EnglishTextNormalizer

    normalize = EnglishTextNormalizer()
    total = ErrorRate()
    for name, reference in references.items():
        expected = normalize(reference).split()
        edits = align(expected, normalize(texts.get(name, "")).split())
        runs = [len(run) for run in re.findall(f"D{{{LEFT_OUT},}}", edits)]
        total += ErrorRate(len(edits) - edits.count("="), len(expected), sum(runs))
    return total
