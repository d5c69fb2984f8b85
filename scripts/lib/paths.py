"""Paths for the scripts in Python."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")


def shared_audio() -> Path:
    return Path(os.environ.get("NPUSCRIBE_TEST_AUDIO") or ROOT.parent / "shared" / "audio")


def model_directory(name_or_path: str) -> Path:
    """A CTranslate2 directory, given by its path or by the name of a fetched model."""
    directory = Path(name_or_path)
    if not directory.is_dir():
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        directory = Path(os.environ.get("NPUSCRIBE_MODELS") or cache / "npuscribe" / "models") / name_or_path
    if not (directory / "model.bin").is_file():
        sys.exit(f"{directory} is not a CTranslate2 directory; fetch one with scripts/fetch-model {name_or_path}")
    return directory
