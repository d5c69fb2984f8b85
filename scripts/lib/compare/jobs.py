"""The contenders and their jobs. Each run is a process of its own, which is timed and measured from outside."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import openvino_installation, whisper_cpp

HERE = Path(__file__).parent
ENCODER_CALLS = 6  # the first warms up and is left out of the median


@dataclass(frozen=True)
class Settings:
    npuscribe: Path
    model: Path
    threads: int
    beam_size: int  # 0: each program as it comes
    openvino: openvino_installation.Installation | None = None
    whisper_cpp: whisper_cpp.Installation | None = None
    isa: str | None = None  # a key of ISA_CAPS


# What holds each program to an instruction set. faster-whisper's CTranslate2 multiplies through oneDNN, and npuscribe partly.
ISA_CAPS = {"avx2": {"NPUSCRIBE_MAX_ISA": "avx2", "CT2_FORCE_CPU_ISA": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}}


@dataclass
class Result:
    """One run: seconds and bytes."""

    wall: float
    peak_memory: int
    cpu: float  # of all threads, loading included
    work: float | None = None  # without loading the model
    encoder: float | None = None  # one 30 s window
    audio_seconds: float | None = None  # of all files together; npuscribe's count
    texts: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    name: str
    program: str  # a key of RUNNERS
    precision: str
    batch_size: int = 0  # faster-whisper's batched pipeline; npuscribe always batches
    options: tuple[str, ...] = ()  # npuscribe's, beside those that all have

    @property
    def batched(self) -> bool:
        return self.batch_size > 0


FULL_CONTEXT = ("--audio-context", "full")
# Each program with its own defaults. faster-whisper's and OpenVINO's int8 are their fastest; npuscribe's default is bfp16.
AS_THEY_COME = [
    Contender("npuscribe", "npuscribe", "bfp16"),
    Contender("faster-whisper", "faster-whisper", "int8"),
    Contender("faster-whisper, batched", "faster-whisper", "int8", 8),
    Contender("OpenVINO GenAI", "openvino", "int8"),
    Contender("whisper.cpp", "whisper.cpp", "as its file"),
]
# All with the same settings.
ALIKE = [
    Contender("npuscribe bfp16", "npuscribe", "bfp16"),
    Contender("npuscribe bfp16, full context", "npuscribe", "bfp16", options=FULL_CONTEXT),
    Contender("npuscribe int8", "npuscribe", "int8"),
    Contender("faster-whisper int8", "faster-whisper", "int8"),
    Contender("faster-whisper int8, batched 8", "faster-whisper", "int8", 8),
    Contender("OpenVINO GenAI int8", "openvino", "int8"),
]
# Slow, or close to others: measured if they are asked for by name.
MORE = [
    Contender("npuscribe bf16", "npuscribe", "bf16"),
    Contender("npuscribe fp32", "npuscribe", "fp32"),
    Contender("faster-whisper float32", "faster-whisper", "float32"),
    Contender("faster-whisper float32, batched 8", "faster-whisper", "float32", 8),
]


def choose(settings: Settings, parts_of_names: list[str], quick: bool) -> list[Contender]:
    """The contenders of these settings that are installed, or fewer if it must be quick; if parts of names are given, all
    whose name contains one."""
    everyone = AS_THEY_COME if settings.beam_size == 0 else ALIKE
    if quick:
        everyone = [c for c in everyone if c.program in ("npuscribe", "faster-whisper") and not c.batched]
        everyone = [everyone[0], everyone[-1]]
    elif parts_of_names and settings.beam_size:
        everyone = everyone + MORE
    missing = {name for name in ("openvino", "whisper.cpp") if getattr(settings, name.replace(".", "_")) is None}
    return [
        c
        for c in everyone
        if c.program not in missing and (not parts_of_names or any(part in c.name for part in parts_of_names))
    ]


class Process(NamedTuple):
    wall: float  # seconds
    peak: int  # resident bytes
    cpu: float  # seconds of all its threads
    errors: str  # what it wrote to stderr


def run_process(command: list[str], settings: Settings) -> Process:
    """Raises SystemExit with the child's stderr if it fails."""
    # Libraries that read it (OpenBLAS, OpenMP) are held to the same number of threads.
    caps = ISA_CAPS[settings.isa] if settings.isa else {}
    environment = dict(os.environ, OMP_NUM_THREADS=str(settings.threads), **caps)
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if child.returncode != 0:
        sys.exit(f"exit code {child.returncode}: {' '.join(command)}\n{said}")
    return Process(wall, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, said)


def run_faster_whisper(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "result.json"
        command = [sys.executable, str(HERE / "faster_whisper_worker.py"), "--model", str(settings.model), "--compute-type", contender.precision]
        command += ["--threads", str(settings.threads), "--beam-size", str(settings.beam_size)]
        command += ["--batch-size", str(contender.batch_size), "--output", str(output)]
        command += ["--encode", str(ENCODER_CALLS)] if encoder else []
        process = run_process(command + [str(file) for file in files], settings)
        answer = json.loads(output.read_text(encoding="utf-8"))
    return Result(
        wall=process.wall,
        peak_memory=process.peak,
        cpu=process.cpu,
        work=answer.get("work"),
        encoder=statistics.median(answer["encoder"][1:]) if encoder else None,
        texts={Path(file): text for file, text in answer.get("texts", {}).items()},
    )


def run_npuscribe(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        out, report = Path(directory) / "out", Path(directory) / "report.json"
        command = [str(settings.npuscribe), "--model", str(settings.model), "--language", "en"]
        command += ["--device", "cpu", "--precision", contender.precision]
        command += ["--threads", str(settings.threads), *contender.options]
        command += ["--beam-size", str(settings.beam_size)] if settings.beam_size else []
        command += ["--output-format", "json", "--output-dir", str(out), "--report", str(report)]
        if encoder:
            # One window a file, and no voice activity, which might shorten it; several files, for as many calls.
            command += ["--no-vad", *FULL_CONTEXT]
            files = [link_as(files[0], Path(directory) / f"window-{i}.wav") for i in range(ENCODER_CALLS)]
        process = run_process(command + [str(file) for file in files], settings)
        answer = json.loads(report.read_text(encoding="utf-8"))
        totals = answer["totals"]
        # A window whose last words are cut off is followed by a second one: the time of each counts.
        calls = [file["stages"]["encoder"] / file["windows"] for file in answer["files"]]
        texts = {} if encoder else {file: read_text(out / f"{file.stem}.json") for file in files}
    return Result(
        wall=process.wall,
        peak_memory=process.peak,
        cpu=process.cpu,
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


def run_openvino(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    """Its pipeline has no call for the encoder alone."""
    assert settings.openvino and not encoder
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "result.json"
        command = [str(settings.openvino.python), str(HERE / "openvino_worker.py"), "--model", str(settings.openvino.model)]
        command += ["--threads", str(settings.threads), "--beam-size", str(settings.beam_size), "--output", str(output)]
        process = run_process(command + [str(file) for file in files], settings)
        answer = json.loads(output.read_text(encoding="utf-8"))
    texts = {Path(file): text for file, text in answer["texts"].items()}
    return Result(wall=process.wall, peak_memory=process.peak, cpu=process.cpu, work=answer["work"], texts=texts)


def run_whisper_cpp(contender: Contender, files: list[Path], settings: Settings, encoder: bool) -> Result:
    """One process for all files, timed as a whole, without the time that it says loading the model took."""
    assert settings.whisper_cpp and not encoder
    with tempfile.TemporaryDirectory() as directory:
        inputs, command = whisper_cpp.prepare(settings.whisper_cpp, files, Path(directory), settings.threads)
        process = run_process(command, settings)
        texts = {file: whisper_cpp.read_text(inputs[file]) for file in files}
    work = process.wall - whisper_cpp.load_seconds(process.errors)
    return Result(wall=process.wall, peak_memory=process.peak, cpu=process.cpu, work=work, texts=texts)


RUNNERS = {
    "npuscribe": run_npuscribe,
    "faster-whisper": run_faster_whisper,
    "openvino": run_openvino,
    "whisper.cpp": run_whisper_cpp,
}
HAS_ENCODER_CALL = ("npuscribe", "faster-whisper")


def run(contender: Contender, files: list[Path], settings: Settings, encoder: bool = False) -> Result:
    return RUNNERS[contender.program](contender, files, settings, encoder)


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
