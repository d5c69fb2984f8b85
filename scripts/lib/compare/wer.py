"""Word error rate with the normalizer of the Whisper paper (arXiv 2212.04356, appendix C)."""

from dataclasses import dataclass


def edit_distance(reference: list[str], hypothesis: list[str]) -> int:
    """The fewest insertions, deletions and substitutions of words that turn one into the other (Levenshtein)."""
    previous = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, start=1):
        current = [i]
        for j, heard in enumerate(hypothesis, start=1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (expected != heard)))
        previous = current
    return previous[-1]


@dataclass
class ErrorRate:
    errors: int = 0
    words: int = 0

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
        total.errors += edit_distance(expected, normalize(texts.get(name, "")).split())
        total.words += len(expected)
    return total
