"""The contenders and their jobs. Each run is a process of its own, which is timed and measured from outside."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

WORKER = Path(__file__).with_name("faster_whisper_worker.py")
ENCODER_CALLS = 6  # the first warms up and is left out of the median


@dataclass(frozen=True)
class Settings:
    npuscribe: Path
    model: Path
    threads: int
    beam_size: int


@dataclass
class Result:
    """One run: seconds and bytes."""

    wall: float
    peak_memory: int
    work: float | None = None  # without loading the model
    encoder: float | None = None  # one 30 s window
    audio_seconds: float | None = None  # of all files together; npuscribe's count
    texts: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    name: str
    program: str  # "npuscribe" or "faster-whisper"
    precision: str
    batch_size: int = 0  # faster-whisper's batched pipeline; npuscribe always batches
    options: tuple[str, ...] = ()  # npuscribe's, beside those that all have

    @property
    def batched(self) -> bool:
        return self.batch_size > 0


FULL_CONTEXT = ("--audio-context", "full")
NPUSCRIBE = [
    Contender("npuscribe bfp16", "npuscribe", "bfp16"),
    Contender("npuscribe bfp16, full context", "npuscribe", "bfp16", options=FULL_CONTEXT),
    Contender("npuscribe int8", "npuscribe", "int8"),
]
FASTER_WHISPER = [
    Contender("faster-whisper int8", "faster-whisper", "int8"),
    Contender("faster-whisper int8, batched 8", "faster-whisper", "int8", 8),
]
# Slow, or close to others: measured where they are asked for by name.
MORE = [
    Contender("npuscribe bf16", "npuscribe", "bf16"),
    Contender("npuscribe fp32", "npuscribe", "fp32"),
    Contender("faster-whisper float32", "faster-whisper", "float32"),
    Contender("faster-whisper float32, batched 8", "faster-whisper", "float32", 8),
]


def choose(parts_of_names: list[str], quick: bool) -> list[Contender]:
    """The usual contenders, or fewer if it must be quick; if parts of names are given, all that match one."""
    everyone = NPUSCRIBE + FASTER_WHISPER
    if quick:
        everyone = NPUSCRIBE[:1] + FASTER_WHISPER[:1]
    elif parts_of_names:
        everyone = everyone + MORE
    chosen = [c for c in everyone if not parts_of_names or any(part in c.name for part in parts_of_names)]
    if not chosen:
        names = ", ".join(c.name for c in everyone)
        sys.exit(f"no contender is called {' or '.join(parts_of_names)}; there are {names}")
    return chosen


def run_process(command: list[str], threads: int) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of a child. Raises SystemExit with its stderr if it fails."""
    # Libraries that read it (OpenBLAS, OpenMP) are held to the same number of threads.
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            sys.exit(f"exit code {child.returncode}: {' '.join(command)}\n{errors.read().decode(errors='replace')}")
    return wall, usage.ru_maxrss * 1024


def run_faster_whisper(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "result.json"
        command = [sys.executable, str(WORKER), "--model", str(settings.model), "--compute-type", contender.precision]
        command += ["--threads", str(settings.threads), "--beam-size", str(settings.beam_size)]
        command += ["--batch-size", str(contender.batch_size), "--output", str(output)]
        command += ["--encode", str(ENCODER_CALLS)] if encoder else []
        wall, peak = run_process(command + [str(file) for file in files], settings.threads)
        answer = json.loads(output.read_text(encoding="utf-8"))
    return Result(
        wall=wall,
        peak_memory=peak,
        work=answer.get("work"),
        encoder=statistics.median(answer["encoder"][1:]) if encoder else None,
        texts={Path(file): text for file, text in answer.get("texts", {}).items()},
    )


def run_npuscribe(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        out, report = Path(directory) / "out", Path(directory) / "report.json"
        command = [str(settings.npuscribe), "--model", str(settings.model), "--language", "en"]
        command += ["--device", "cpu", "--precision", contender.precision]
        command += ["--beam-size", str(settings.beam_size), "--threads", str(settings.threads), *contender.options]
        command += ["--output-format", "json", "--output-dir", str(out), "--report", str(report)]
        if encoder:
            # One window a file, and no voice activity, which might shorten it; several files, for as many calls.
            command += ["--no-vad", *FULL_CONTEXT]
            files = [link_as(files[0], Path(directory) / f"window-{i}.wav") for i in range(ENCODER_CALLS)]
        wall, peak = run_process(command + [str(file) for file in files], settings.threads)
        answer = json.loads(report.read_text(encoding="utf-8"))
        totals = answer["totals"]
        # A window whose last words are cut off is followed by a second one: the time of each counts.
        calls = [file["stages"]["encoder"] / file["windows"] for file in answer["files"]]
        texts = {} if encoder else {file: read_text(out / f"{file.stem}.json") for file in files}
    return Result(
        wall=wall,
        peak_memory=peak,
        work=totals["wall_seconds"] - totals["stages"]["load"],
        encoder=statistics.median(calls[1:]) if encoder else None,
        audio_seconds=totals["audio_seconds"],
        texts=texts,
    )


def link_as(source: Path, target: Path) -> Path:
    target.symlink_to(source.resolve())
    return target


def read_text(path: Path) -> str:
    return json.loads(path.read_text(encoding="utf-8"))["text"]


def run(contender: Contender, files: list[Path], settings: Settings, encoder: bool = False) -> Result:
    runner = run_npuscribe if contender.program == "npuscribe" else run_faster_whisper
    return runner(contender, files, settings, encoder)


def run_interleaved(
    contenders: list[Contender], files: list[Path], settings: Settings, repeat: int, encoder: bool = False
) -> dict[Contender, list[Result]]:
    """Runs every contender once, then every contender again, so that other load on the machine affects all alike."""
    results: dict[Contender, list[Result]] = {contender: [] for contender in contenders}
    for round_ in range(repeat):
        for contender in contenders:
            print(f"   {contender.name}, run {round_ + 1} of {repeat}", file=sys.stderr)
            results[contender].append(run(contender, files, settings, encoder))
    return results


def median(results: list[Result], field_name: str) -> float:
    return statistics.median(getattr(result, field_name) for result in results)
