"""The files that the program encoder_dump writes (tests/tools/encoder_dump.cpp)."""

import json
import subprocess
from pathlib import Path

import numpy as np


class Dump:
    def __init__(self, directory: Path):
        self.directory = directory
        self.shapes = json.loads((directory / "shapes.json").read_text(encoding="utf-8"))

    @property
    def windows(self) -> int:
        return self.shapes["windows"]

    @property
    def layers(self) -> int:
        return self.shapes["n_audio_layer"]

    def _read(self, window: int, what: str) -> np.ndarray:
        return np.fromfile(self.directory / f"window-{window}.{what}", dtype="<f4")

    def samples(self, window: int) -> np.ndarray:
        return self._read(window, "samples")

    def mel(self, window: int) -> np.ndarray:  # [frames × mels]
        return self._read(window, "mel").reshape(self.shapes["n_frames"], self.shapes["n_mels"])

    def _all(self, what: str) -> np.ndarray:  # [windows · ctx × state]
        arrays = [self._read(window, what) for window in range(self.windows)]
        return np.concatenate(arrays).reshape(-1, self.shapes["n_audio_state"])

    def output(self) -> np.ndarray:
        return self._all("output")

    def layer(self, layer: int) -> np.ndarray:
        return self._all(f"layer-{layer}")


def make_dump(
    program: Path,
    model: Path,
    audio: Path,
    precision: str,
    rounding: str,
    windows: int,
    threads: int,
    directory: Path,
) -> Dump:
    command = [program, "--model", model, "--precision", precision, "--rounding", rounding]
    command += ["--windows", windows, "--threads", threads]
    subprocess.run([str(word) for word in [*command, "--output-dir", directory, audio]], check=True)
    return Dump(directory)
