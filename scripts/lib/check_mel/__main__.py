"""Runs mel_dump and faster-whisper's FeatureExtractor on the same samples, prints a table, and checks the limit."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

import paths

LIMIT = 1e-4
SAMPLES = 480000
FRAMES = 3000
SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/check-mel",
        description="Compares npuscribe's log-mel spectrogram with faster-whisper's on the same windows.",
    )
    parser.add_argument("audio", type=Path, nargs="*", help="files or directories (default: the shared recordings, else LibriVox)")
    parser.add_argument("--mel-dump", type=Path, default=paths.RELEASE / "tests" / "tools" / "mel_dump")
    return parser.parse_args()


def audio_files(given: list[Path]) -> list[Path]:
    if not given:
        given = [paths.shared_audio() if paths.shared_audio().is_dir() else paths.LIBRIVOX]
    files = []
    for path in given:
        # bad/ holds what must be refused; everything else has to be read.
        inside = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in SUFFIXES and p.parent.name != "bad"]
        files += inside if path.is_dir() else [path]
    if not files:
        sys.exit("no audio found: name a file, or run scripts/setup for pocketsphinx-testdata")
    return files


def windows(tool: Path, audio: Path, n_mels: int) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """(samples, [n_mels x 3000]) for each window, and milliseconds for a window."""
    run = subprocess.run([tool, audio, str(n_mels)], capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr.decode(errors="replace").strip())
    values = np.frombuffer(run.stdout, dtype=np.float32).reshape(-1, SAMPLES + FRAMES * n_mels)
    return [(row[:SAMPLES], row[SAMPLES:].reshape(FRAMES, n_mels).T) for row in values], float(run.stderr)


def main() -> int:
    from faster_whisper.feature_extractor import FeatureExtractor

    arguments = parse_arguments()
    files = audio_files(arguments.audio)
    extractors = {n_mels: FeatureExtractor(feature_size=n_mels) for n_mels in (80, 128)}
    width = max(len(f"{path.parent.name}/{path.name}") for path in files)
    print(f"{'file':{width}}  windows   80 mels  128 mels   ms a window (80, 128)")
    worst = {n_mels: 0.0 for n_mels in extractors}
    for path in files:
        differences, times, count = [], [], 0
        for n_mels, extractor in extractors.items():
            pairs, milliseconds = windows(arguments.mel_dump, path, n_mels)
            # padding=0: the 30 s window itself, as OpenAI's pad_or_trim leaves it, with nothing after it.
            difference = max(
                (float(np.abs(extractor(samples, padding=0) - mel).max()) for samples, mel in pairs), default=0.0
            )
            worst[n_mels] = max(worst[n_mels], difference)
            differences.append(difference)
            times.append(milliseconds)
            count = len(pairs)
        name = f"{path.parent.name}/{path.name}"
        print(f"{name:{width}}  {count:7}  {differences[0]:8.1e}  {differences[1]:8.1e}   {times[0]:.2f} {times[1]:.2f}")
    failed = max(worst.values()) >= LIMIT
    print(f"{'largest of ' + str(len(files)) + ' files':{width}}           {worst[80]:8.1e}  {worst[128]:8.1e}   limit {LIMIT:.0e}: "
          f"{'NOT HELD' if failed else 'held'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
