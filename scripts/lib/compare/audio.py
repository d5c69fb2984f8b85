"""The files to transcribe, and their reference transcripts."""

import csv
import random
import subprocess
import wave
from dataclasses import dataclass, field
from pathlib import Path

SHORT = "librispeech-test-other/"
LONG = "long/"
CLIP = "formats/jfk.wav"
GAP_SECONDS = 0.4  # between the utterances of a long file
LONG_FROM_SECONDS = 60.0  # in a directory laid out otherwise: what is at least this long is long


@dataclass
class AudioSet:
    """References by file. `clip` is one file of about 11 s."""

    short: dict[Path, str] = field(default_factory=dict)
    long: dict[Path, str] = field(default_factory=dict)
    clip: Path | None = None
    seconds: dict[Path, float] = field(default_factory=dict)


def read_manifest(directory: Path) -> AudioSet:
    """MANIFEST.tsv: columns file, seconds, language, reference. English files with a reference are used."""
    manifest = directory / "MANIFEST.tsv"
    if not manifest.is_file():
        raise SystemExit(f"{manifest} is missing; name a directory of audio that has one with --audio DIR")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["language"] == "en" and row["reference"] and not row["reference"].startswith("(")
        ]
    laid_out = any(row["file"].startswith(SHORT) for row in rows)
    result = AudioSet()
    for row in rows:
        path, seconds = directory / row["file"], float(row["seconds"])
        result.seconds[path] = seconds
        is_long = row["file"].startswith(LONG) if laid_out else seconds >= LONG_FROM_SECONDS
        if is_long:
            result.long[path] = row["reference"]
        elif not laid_out or row["file"].startswith(SHORT):
            result.short[path] = row["reference"]
    clip = directory / CLIP
    result.clip = clip if clip.is_file() else next(iter(result.short), None)
    return result


def cut_window(source: Path, target: Path, seconds: int = 30, loop: bool = False) -> None:
    """The first seconds of a file as 16 kHz mono WAV. A file that is too short is repeated."""
    again = ["-stream_loop", "-1"] if loop else []
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *again, "-i", source, "-t", str(seconds), "-ac", "1", "-ar", "16000", target],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def reorder(source: Path, directory: Path, count: int) -> dict[Path, str]:
    """The utterances of a long file in `count` other orders, as WAV files in `directory`, and their references.

    SOURCE.segments.tsv says where they are: columns start, end (seconds), reference. Without it there are none.
    """
    table = source.with_suffix(".segments.tsv")
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        utterances = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    whole = directory / f"{source.stem}.wav"
    cut_window(source, whole, seconds=24 * 3600)
    with wave.open(str(whole)) as file:
        rate, samples = file.getframerate(), file.readframes(file.getnframes())
    gap = bytes(2 * int(GAP_SECONDS * rate))
    references = {}
    for seed in range(count):
        order = random.Random(seed).sample(utterances, len(utterances))
        target = directory / f"{source.stem}-order-{seed + 1}.wav"
        with wave.open(str(target), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
            for row in order:
                first, last = (2 * int(float(row[column]) * rate) for column in ("start", "end"))
                file.writeframes(samples[first:last] + gap)
        references[target] = " ".join(row["reference"] for row in order)
    return references
