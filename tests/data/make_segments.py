#!/usr/bin/env python3
"""Golden speech segments (speech_segments.txt): faster-whisper 1.2.1's get_speech_timestamps on made-up probabilities.

A line: seed, min_speech_ms, min_silence_ms, then begin and end of each segment in samples.
Run in an environment with faster-whisper:  python tests/data/make_segments.py
"""
import pathlib

import faster_whisper.vad as vad
import numpy as np

FRAMES = 900


def track(seed):
    """A random walk in 1/256, held between 0 and 1; the same integers in C++. Ends in silence."""
    state = seed
    value = 0
    values = []
    for i in range(FRAMES):
        state = (state * 1103515245 + 12345) % 2**31
        value = min(256, max(0, value + state // 2**16 % 128 - 64 + (i % 100 < 50) * 8 - 4))
        values.append(value / 256 if i < FRAMES - 80 else 0.0)
    return np.array(values, dtype=np.float32)


def main():
    lines = []
    for seed in range(1, 9):
        for min_speech, min_silence in ((0, 160), (250, 100), (100, 500), (0, 2000)):
            vad.get_vad_model = lambda: lambda audio: track(seed)
            options = vad.VadOptions(
                min_speech_duration_ms=min_speech, min_silence_duration_ms=min_silence, speech_pad_ms=0
            )
            speech = vad.get_speech_timestamps(np.zeros(FRAMES * 512, dtype=np.float32), options)
            fields = [seed, min_speech, min_silence] + [x for s in speech for x in (s["start"], s["end"])]
            lines.append(" ".join(map(str, fields)) + "\n")
    (pathlib.Path(__file__).parent / "speech_segments.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
