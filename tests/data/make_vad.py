#!/usr/bin/env python3
"""Golden speech probabilities (vad_librivox.txt): onnxruntime on Silero's own 16 kHz graph, frame by frame.

The weights of silero_vad_16k.safetensors (silero-vad 6.2.3) are those of none of the ONNX files beside it: another
training run. So they are put into that graph (silero_vad_16k_op15.onnx) first; the graph and its runtime stay theirs.

Run in an environment with onnx, onnxruntime, safetensors and silero-vad 6.2.3:  python tests/data/make_vad.py
"""
import importlib.util
import pathlib
import wave

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load_file

NAMES = {
    "stft_conv.weight": "model.stft.forward_basis_buffer",
    "lstm_cell.weight_ih": "model.decoder.rnn.weight_ih",
    "lstm_cell.weight_hh": "model.decoder.rnn.weight_hh",
    "lstm_cell.bias_ih": "model.decoder.rnn.bias_ih",
    "lstm_cell.bias_hh": "model.decoder.rnn.bias_hh",
    "final_conv.weight": "model.decoder.decoder.2.weight",
    "final_conv.bias": "model.decoder.decoder.2.bias",
}
for layer in range(4):
    for kind in ("weight", "bias"):
        NAMES[f"conv{layer + 1}.{kind}"] = f"model.encoder.{layer}.reparam_conv.{kind}"
SPEECH = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav"


def session():
    data = pathlib.Path(importlib.util.find_spec("silero_vad").origin).parent / "data"
    weights = load_file(data / "silero_vad_16k.safetensors")
    model = onnx.load(data / "silero_vad_16k_op15.onnx")
    places = {initializer.name: initializer for initializer in model.graph.initializer}
    assert set(NAMES) == set(weights)
    for ours, theirs in NAMES.items():
        assert tuple(places[theirs].dims) == weights[ours].shape
        places[theirs].CopyFrom(numpy_helper.from_array(weights[ours], theirs))
    return onnxruntime.InferenceSession(model.SerializeToString())


def probabilities(samples):
    network = session()
    state = np.zeros((2, 1, 128), dtype=np.float32)
    context = np.zeros((1, 64), dtype=np.float32)
    samples = np.pad(samples, (0, -len(samples) % 512))
    for start in range(0, len(samples), 512):
        frame = samples[None, start : start + 512]
        inputs = {"input": np.concatenate([context, frame], 1), "state": state, "sr": np.array(16000)}
        out, state = network.run(None, inputs)
        context = frame[:, -64:]
        yield float(out[0, 0])


def main():
    with wave.open(SPEECH) as speech:
        assert speech.getframerate() == 16000 and speech.getnchannels() == 1
        samples = np.frombuffer(speech.readframes(speech.getnframes()), dtype="<i2").astype(np.float32) / 32768
    out = pathlib.Path(__file__).parent / "vad_librivox.txt"
    out.write_text("".join(f"{p:.7f}\n" for p in probabilities(samples)))


if __name__ == "__main__":
    main()
