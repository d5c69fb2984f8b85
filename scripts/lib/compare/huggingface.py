"""Turns a CTranslate2 directory of Whisper into a Hugging Face one, which OpenVINO's exporter reads.

The layout of model.bin is CTranslate2's specs/model_spec.py, version 6; names on the right are those of transformers'
WhisperForConditionalGeneration.
"""

import argparse
import json
import struct
from pathlib import Path

import numpy as np

OUTSIDE = {
    "conv1": "conv1",
    "conv2": "conv2",
    "position_encodings/encodings": "embed_positions.weight",
    "embeddings": "embed_tokens",
    "layer_norm": "layer_norm",
}
# A CTranslate2 linear layer may hold several of the others, one under the other.
ATTENTION = {
    "self_attention/linear_0": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    "self_attention/linear_1": ["self_attn.out_proj"],
    "self_attention/layer_norm": ["self_attn_layer_norm"],
    "attention/linear_0": ["encoder_attn.q_proj"],
    "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"],
    "attention/linear_2": ["encoder_attn.out_proj"],
    "attention/layer_norm": ["encoder_attn_layer_norm"],
    "ffn/linear_0": ["fc1"],
    "ffn/linear_1": ["fc2"],
    "ffn/layer_norm": ["final_layer_norm"],
}
LEAF = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
DTYPES = {0: np.float32, 4: np.float16}


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """The float tensors of a model.bin, as float32."""
    data, at, found = path.read_bytes(), 0, {}

    def number(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize(form)
        return value

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return data[at - size : at]

    version = number("I")
    if version != 6:
        raise SystemExit(f"{path} has format version {version}; version 6 can be turned into a Hugging Face directory")
    take(number("H")), number("I")  # the name of the specification and its revision
    for _ in range(number("I")):
        name = take(number("H")).rstrip(b"\0").decode()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        values = take(size)
        if kind in DTYPES:
            found[name] = np.frombuffer(values, DTYPES[kind]).reshape(shape).astype(np.float32)
    return found


def rename(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    state = {}
    for name, values in variables.items():
        side, _, rest = name.partition("/")
        if rest in OUTSIDE:
            state[f"model.{side}.{OUTSIDE[rest]}"] = values
            continue
        module, _, leaf = rest.rpartition("/")
        if leaf not in LEAF:
            continue
        if not module.startswith("layer_") or module == "layer_norm":
            if module in OUTSIDE:
                state[f"model.{side}.{OUTSIDE[module]}.{LEAF[leaf]}"] = values
            continue
        layer, _, module = module.partition("/")
        parts = ATTENTION[module]
        for part, piece in zip(parts, np.split(values, len(parts))):
            if part.endswith("k_proj") and leaf == "bias":
                continue  # Whisper's keys have no bias; CTranslate2 keeps zeros
            state[f"model.{side}.layers.{layer.removeprefix('layer_')}.{part}.{LEAF[leaf]}"] = piece
    return state


def configuration(state: dict[str, np.ndarray], special: dict[str, int]) -> dict:
    def layers(side: str) -> int:
        return 1 + max(int(name.split(".")[3]) for name in state if name.startswith(f"model.{side}.layers."))

    def size(name: str, axis: int) -> int:
        return state[name].shape[axis]

    width = size("model.encoder.layer_norm.weight", 0)
    side = {"attention_heads": width // 64, "ffn_dim": size("model.encoder.layers.0.fc1.weight", 0)}
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "d_model": width,
        **{f"{part}_{key}": value for part in ("encoder", "decoder") for key, value in side.items()},
        "encoder_layers": layers("encoder"),
        "decoder_layers": layers("decoder"),
        "num_mel_bins": size("model.encoder.conv1.weight", 1),
        "vocab_size": size("model.decoder.embed_tokens.weight", 0),
        "max_source_positions": 1500,
        "max_target_positions": 448,
        "bos_token_id": special["<|endoftext|>"],
        "eos_token_id": special["<|endoftext|>"],
        "pad_token_id": special["<|endoftext|>"],
        "decoder_start_token_id": special["<|startoftranscript|>"],
    }


def generation(ct2: dict, special: dict[str, int], config: dict) -> dict:
    languages = {name: token for name, token in special.items() if token in ct2["lang_ids"]}
    return {
        **{key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")},
        "alignment_heads": ct2["alignment_heads"],
        "suppress_tokens": [token for token in ct2["suppress_ids"] if token >= 0],
        "begin_suppress_tokens": ct2["suppress_ids_begin"],
        "is_multilingual": len(languages) > 1,
        "lang_to_id": languages,
        "task_to_id": {"transcribe": special["<|transcribe|>"], "translate": special["<|translate|>"]},
        "no_timestamps_token_id": special["<|notimestamps|>"],
        "prev_sot_token_id": special["<|startofprev|>"],
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "return_timestamps": False,
    }


def write(source: Path, target: Path) -> None:
    """Raises SystemExit if the directory's model.bin is of another version."""
    from safetensors.numpy import save_file

    target.mkdir(parents=True, exist_ok=True)
    state = rename(read_variables(source / "model.bin"))
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    config = configuration(state, special)
    ct2 = json.loads((source / "config.json").read_text(encoding="utf-8"))
    texts = {
        "config.json": config,
        "generation_config.json": generation(ct2, special, config),
        "preprocessor_config.json": {
            "feature_extractor_type": "WhisperFeatureExtractor",
            "processor_class": "WhisperProcessor",
            "feature_size": config["num_mel_bins"],
        },
        "tokenizer_config.json": {"tokenizer_class": "WhisperTokenizer", "processor_class": "WhisperProcessor"},
        "tokenizer.json": tokenizer,
        "vocab.json": tokenizer["model"]["vocab"],
    }
    for name, content in texts.items():
        (target / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]]
    (target / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    save_file({name: np.ascontiguousarray(v) for name, v in state.items()}, target / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    write(arguments.source, arguments.target)
