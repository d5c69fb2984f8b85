"""Writes ggml_blocks.txt: values rounded to ggml's blocks and back, by the package gguf (0.19.0)."""

import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants

BLOCKS = 6
TYPES = ("q8_0", "q5_0", "q5_1", "q4_0", "q4_1")


def values():
    random = np.random.default_rng(7)
    x = random.normal(0, 0.05, (BLOCKS, 32)).astype(np.float32)
    x[1] = np.abs(x[1]) + 1  # far from zero, all of one sign
    x[2] = -np.abs(x[2])
    x[3] = 0
    x[4] *= 1e-4  # scales that binary16 holds as subnormal numbers only
    x[5] *= 1000
    return x


def numbers(array):
    return " ".join(f"{value:.9g}" for value in array.ravel().tolist())


lines = ["values " + numbers(values())]
for name in TYPES:
    kind = GGMLQuantizationType[name.upper()]
    blocks = quants.quantize(values(), kind)
    lines.append(f"{name} {blocks.tobytes().hex()} " + numbers(quants.dequantize(blocks, kind)))
path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("ggml_blocks.txt"))
path.write_text("\n".join(lines) + "\n", encoding="utf-8")
