"""whisper.cpp's command line, if a build of it is at hand."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import audio


@dataclass(frozen=True)
class Installation:
    program: Path
    model: Path  # ggml-*.bin


def find(model: str) -> Installation | None:
    """whisper-cli on the PATH, and ggml-MODEL.bin in WHISPER_CPP_MODELS; nothing if one of them is missing."""
    program = shutil.which("whisper-cli")
    checkpoint = Path(os.environ.get("WHISPER_CPP_MODELS", ".")) / f"ggml-{model}.bin"
    return Installation(Path(program), checkpoint) if program and checkpoint.is_file() else None


def prepare(
    installation: Installation, files: list[Path], scratch: Path, threads: int
) -> tuple[dict[Path, Path], list[str]]:
    """Its inputs, WAV files in `scratch` by file, and the command that transcribes them all, with its own settings."""
    inputs = {}
    for number, file in enumerate(files):
        inputs[file] = scratch / f"{number}.wav"
        audio.cut_window(file, inputs[file], seconds=24 * 3600)
    command = [str(installation.program), "-m", str(installation.model), "-t", str(threads), "-l", "en", "-otxt"]
    return inputs, command + [str(path) for path in inputs.values()]


def read_text(wav: Path) -> str:
    return wav.with_name(wav.name + ".txt").read_text(encoding="utf-8").replace("\n", " ")


def load_seconds(said: str) -> float:
    """From the timings that it prints to stderr at its end."""
    found = re.search(r"load time\s*=\s*([\d.]+) ms", said)
    return float(found.group(1)) / 1000 if found else 0.0
