"""Runs both encoders, prints the tables, and checks the gates."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

import paths
from compare.table import as_text

from .distance import HEADINGS, distance
from .dump import Dump, make_dump

PRECISIONS = ("fp32", "bf16", "bfp16")
# The gates of the design. Against CTranslate2 for fp32; against our own fp32 for the others, whose difference then is
# the numerics' alone.
FP32_COSINE = 0.99999
BFP16_COSINE = 0.999
BFP16_FRAME_MEDIAN = 0.025
MEL_DIFFERENCE = 1e-4


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/check-encoder",
        description="Compares npuscribe's encoder with CTranslate2's float32 encoder on real speech.",
    )
    parser.add_argument("audio", type=Path, nargs="?", help="a recording (default: the long one of the shared recordings, else LibriVox)")
    parser.add_argument("--model", default="base", help="name of a fetched model, or a CTranslate2 directory")
    parser.add_argument("--windows", type=int, default=4, help="windows of 30 s, from the start (default: 4)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--rounding",
        choices=("nearest_even", "floor"),
        default="nearest_even",
        help="rounding to BFP16; the gates do not hold with floor, which is the hardware's own default",
    )
    parser.add_argument("--encoder-dump", type=Path, default=paths.RELEASE / "tests" / "tools" / "encoder_dump")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    return parser.parse_args()


def default_audio() -> Path:
    for found in sorted((paths.shared_audio() / "long").glob("*.flac")) + sorted(paths.LIBRIVOX.glob("*.wav")):
        return found
    sys.exit("no speech found: name an audio file, or run scripts/setup for pocketsphinx-testdata")


def ctranslate2_outputs(model: Path, dump: Dump, threads: int) -> tuple[np.ndarray, float]:
    """The output of CTranslate2's float32 encoder for our log-mel, all windows stacked, and the largest absolute difference
    of our log-mel from faster-whisper's for the same samples."""
    import ctranslate2
    from faster_whisper.feature_extractor import FeatureExtractor

    whisper = ctranslate2.models.Whisper(str(model), device="cpu", compute_type="float32", intra_threads=threads)
    n_mels, n_frames = dump.shapes["n_mels"], dump.shapes["n_frames"]
    extractor = FeatureExtractor(feature_size=n_mels)
    outputs, difference = [], 0.0
    for window in range(dump.windows):
        samples, mel = dump.samples(window), dump.mel(window)
        padded = np.pad(samples, (0, 30 * 16000 - samples.size))
        reference = extractor(padded, padding=0)[:, :n_frames]
        difference = max(difference, float(np.abs(reference - mel.T).max()))
        features = np.ascontiguousarray(mel.T[None])
        outputs.append(np.array(whisper.encode(ctranslate2.StorageView.from_array(features)))[0])
    return np.concatenate(outputs), difference


def main() -> None:
    arguments = parse_arguments()
    model, audio = paths.model_directory(arguments.model), arguments.audio or default_audio()
    with tempfile.TemporaryDirectory() as scratch:
        dumps = {
            precision: make_dump(
                arguments.encoder_dump,
                model,
                audio,
                precision,
                arguments.rounding,
                arguments.windows,
                arguments.threads,
                Path(scratch) / precision,
            )
            for precision in PRECISIONS
        }
        exact = dumps["fp32"]
        reference, mel_difference = ctranslate2_outputs(model, exact, arguments.threads)

        print(f"{model.name}, {exact.windows} windows of 30 s of {audio.name}\n")
        print(f"Log-mel against faster-whisper's: largest difference {mel_difference:.1e}\n")
        outputs = {f"{p} against CTranslate2": distance(d.output(), reference) for p, d in dumps.items()}
        outputs |= {f"{p} against fp32": distance(dumps[p].output(), exact.output()) for p in PRECISIONS[1:]}
        print(as_text(["encoder output", *HEADINGS], [[name, *d.cells()] for name, d in outputs.items()]), "\n")

        layers = {
            ("stem" if i == 0 else f"layer {i}"): distance(dumps["bfp16"].layer(i), exact.layer(i))
            for i in range(exact.layers + 1)
        }
        print(as_text(["bfp16 against fp32", *HEADINGS], [[name, *d.cells()] for name, d in layers.items()]), "\n")

    bfp16 = outputs["bfp16 against fp32"]
    gates = [
        (f"log-mel within {MEL_DIFFERENCE:.0e} of faster-whisper's", mel_difference < MEL_DIFFERENCE),
        (f"fp32: cosine to CTranslate2 > {FP32_COSINE}", outputs["fp32 against CTranslate2"].cosine > FP32_COSINE),
        (f"bfp16: cosine to fp32 >= {BFP16_COSINE}", bfp16.cosine >= BFP16_COSINE),
        (f"bfp16: median frame <= {BFP16_FRAME_MEDIAN}", bfp16.frame_median <= BFP16_FRAME_MEDIAN),
    ]
    for text, holds in gates:
        print("holds " if holds else "FAILS ", text)
    if arguments.json:
        numbers = {
            "mel_difference": mel_difference,
            "output": {name: vars(d) for name, d in outputs.items()},
            "bfp16_layers": {name: vars(d) for name, d in layers.items()},
            "gates": {text: holds for text, holds in gates},
        }
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if not all(holds for _, holds in gates):
        sys.exit(1)


if __name__ == "__main__":
    main()
