#!/usr/bin/env python3
"""Golden log-mel spectrograms (log_mel_80.txt, log_mel_128.txt) by faster-whisper 1.2.1's FeatureExtractor.

Run in an environment with faster-whisper:  python tests/data/make_log_mel.py
"""
import pathlib

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

FRAMES = [0, 1, 2, 3, 500, 1229, 1230, 1231, 1232, 2000, 2996, 2997, 2998, 2999]
WINDOW = 480000


def signal(count):
    """Integers only, so that every language makes the same floats: a saw-tooth chirp over a little noise."""
    state = 1
    values = []
    for i in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        chirp = i * i // 4096 % 4096 - 2048
        noise = state // 2**16 % 256 - 128
        values.append((chirp * (i % 48000) // 48000 * 16 + noise) / 65536)
    return np.array(values, dtype=np.float32)


def main():
    here = pathlib.Path(__file__).parent
    for n_mels in (80, 128):
        extractor = FeatureExtractor(feature_size=n_mels)
        with open(here / f"log_mel_{n_mels}.txt", "w") as out:
            for seconds in (12.3, 30.0):
                samples = signal(round(seconds * 16000))
                padded = np.pad(samples, (0, WINDOW - len(samples)))
                mel = extractor(padded, padding=0)  # OpenAI's: the 30 s window itself, nothing after it
                assert mel.shape == (n_mels, 3000)
                for frame in FRAMES:
                    values = " ".join(f"{value:.6f}" for value in mel[:, frame])
                    out.write(f"{len(samples)} {frame} {values}\n")


if __name__ == "__main__":
    main()
