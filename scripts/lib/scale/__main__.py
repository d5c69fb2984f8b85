"""Runs npuscribe on more and more files, and on longer and longer ones, of the same speech. Started by scripts/scale."""

import argparse
import itertools
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import paths
from compare import audio, jobs, machine, table

HOUR = 3600.0


@dataclass
class Point:
    """One run: seconds and bytes. `work` is the time without what passes before the first file."""

    what: str
    files: int
    audio_seconds: float
    work: float
    peak_memory: int

    @property
    def seconds_an_hour(self) -> float:
        return self.work / self.audio_seconds * HOUR


def many_files(files: audio.AudioSet, count: int, directory: Path) -> list[Path]:
    """The short files, repeated, each copy with a name of its own."""
    sources = itertools.islice(itertools.cycle(files.short), count)
    return [jobs.link_as(source, directory / f"{i:05}-{source.name}") for i, source in enumerate(sources)]


def one_file(files: audio.AudioSet, minutes: float, directory: Path) -> Path:
    """The long file, repeated or cut, as one WAV file."""
    source = next(iter(files.long))
    target = directory / f"{minutes:g}-minutes.wav"
    audio.cut_window(source, target, seconds=round(minutes * 60), loop=True)
    return target


def run(what: str, inputs: list[Path], settings: jobs.Settings) -> Point:
    print(f"== {what}", file=sys.stderr)
    result = jobs.run_npuscribe(jobs.AS_THEY_COME[0], inputs, settings, encoder=False)
    assert result.work is not None and result.audio_seconds is not None
    return Point(what, len(inputs), result.audio_seconds, result.work, result.peak_memory)


def main() -> None:
    def numbers(text: str) -> list[float]:
        return [float(part) for part in text.split(",") if part]

    parser = argparse.ArgumentParser(prog="scripts/scale", description=__doc__)
    parser.add_argument("--files", type=numbers, default=[1, 10, 100, 1000], help="numbers of short files (default: 1,10,100,1000)")
    parser.add_argument("--minutes", type=numbers, default=[0.5, 5, 30, 180], help="lengths of the single file in minutes (default: 0.5,5,30,180)")
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--npuscribe", type=Path, default=paths.RELEASE / "npuscribe")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    arguments = parser.parse_args()

    files = audio.read_manifest((arguments.audio or paths.shared_audio()).resolve())
    settings = jobs.Settings(arguments.npuscribe, paths.model_directory(arguments.model), arguments.threads, beam_size=0)
    points: list[Point] = []
    for count in map(int, arguments.files):
        with tempfile.TemporaryDirectory() as directory:
            points.append(run(f"{count} short files", many_files(files, count, Path(directory)), settings))
    for minutes in arguments.minutes:
        with tempfile.TemporaryDirectory() as directory:
            points.append(run(f"one file of {minutes:g} min", [one_file(files, minutes, Path(directory))], settings))

    header = ["", "audio", "time", "time an hour of audio", "realtime", "peak memory"]
    rows = [
        [
            point.what,
            f"{point.audio_seconds:.0f} s",
            f"{point.work:.1f} s",
            f"{point.seconds_an_hour:.0f} s",
            f"{point.audio_seconds / point.work:.0f} x",
            f"{point.peak_memory / 2**20:.0f} MiB",
        ]
        for point in points
    ]
    print(table.as_text(header, rows))
    if arguments.json:
        what = machine.describe(settings)
        numbers_of_points = [asdict(point) | {"seconds_an_hour": point.seconds_an_hour} for point in points]
        arguments.json.write_text(json.dumps({"machine": what, "points": numbers_of_points}, indent=2) + "\n")


if __name__ == "__main__":
    main()
