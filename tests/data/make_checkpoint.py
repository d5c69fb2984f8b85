"""Writes checkpoint_base.json: shapes, norms and single values of tensors of the model `base`, under OpenAI's names.

Reads CTranslate2's model.bin on its own, after python/ctranslate2/specs/model_spec.py (_serialize); needs numpy.

    python make_checkpoint.py .../base/model.bin
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

DTYPES = [np.float32, np.int8, np.int16, np.int32, np.float16]


def read(path):
    data = memoryview(Path(path).read_bytes())
    at = 0

    def number(kind):
        nonlocal at
        (value,) = struct.unpack_from("<" + kind, data, at)
        at += struct.calcsize(kind)
        return value

    def string():
        nonlocal at
        size = number("H")
        value = bytes(data[at : at + size]).rstrip(b"\0").decode()
        at += size
        return value

    assert number("I") == 6 and string() == "WhisperSpec"
    number("I")
    variables = {}
    for _ in range(number("I")):
        name = string()
        shape = [number("I") for _ in range(number("B"))]
        dtype = DTYPES[number("B")]
        size = number("I")
        variables[name] = np.frombuffer(data[at : at + size], dtype).reshape(shape)
        at += size
    return variables


def main():
    v = read(sys.argv[1])
    self3 = "decoder/layer_3/self_attention/linear_0/"
    cross5 = "decoder/layer_5/attention/"
    tensors = {
        "encoder.conv1.weight": v["encoder/conv1/weight"],
        "encoder.conv2.bias": v["encoder/conv2/bias"],
        "encoder.positional_embedding": v["encoder/position_encodings/encodings"],
        "encoder.blocks.0.attn.query.weight": v["encoder/layer_0/self_attention/linear_0/weight"][:512],
        "encoder.blocks.0.attn.key.weight": v["encoder/layer_0/self_attention/linear_0/weight"][512:1024],
        "encoder.blocks.0.attn.value.weight": v["encoder/layer_0/self_attention/linear_0/weight"][1024:],
        "encoder.blocks.5.attn.out.bias": v["encoder/layer_5/self_attention/linear_1/bias"],
        "encoder.blocks.2.attn_ln.weight": v["encoder/layer_2/self_attention/layer_norm/gamma"],
        "encoder.blocks.2.mlp.0.weight": v["encoder/layer_2/ffn/linear_0/weight"],
        "encoder.blocks.2.mlp_ln.bias": v["encoder/layer_2/ffn/layer_norm/beta"],
        "encoder.ln_post.weight": v["encoder/layer_norm/gamma"],
        "decoder.token_embedding.weight": v["decoder/embeddings/weight"],
        "decoder.positional_embedding": v["decoder/position_encodings/encodings"],
        "decoder.blocks.3.attn.query.bias": v[self3 + "bias"][:512],
        "decoder.blocks.3.attn.value.bias": v[self3 + "bias"][1024:],
        "decoder.blocks.5.cross_attn.query.weight": v[cross5 + "linear_0/weight"],
        "decoder.blocks.5.cross_attn.key.weight": v[cross5 + "linear_1/weight"][:512],
        "decoder.blocks.5.cross_attn.value.weight": v[cross5 + "linear_1/weight"][512:],
        "decoder.blocks.5.cross_attn.value.bias": v[cross5 + "linear_1/bias"][512:],
        "decoder.blocks.5.cross_attn.out.weight": v[cross5 + "linear_2/weight"],
        "decoder.blocks.1.cross_attn_ln.bias": v["decoder/layer_1/attention/layer_norm/beta"],
        "decoder.blocks.1.mlp.2.weight": v["decoder/layer_1/ffn/linear_1/weight"],
        "decoder.ln.bias": v["decoder/layer_norm/beta"],
    }
    golden = []
    for name, tensor in tensors.items():
        flat = tensor.astype(np.float64).ravel()
        places = [0, flat.size // 3, flat.size - 1]
        golden.append(
            {
                "name": name,
                "shape": list(tensor.shape),
                "sum": flat.sum(),
                "norm": np.sqrt((flat * flat).sum()),
                "values": [[i, flat[i]] for i in places],
            }
        )
    lines = ",\n".join(json.dumps(entry) for entry in golden)
    Path(__file__).with_name("checkpoint_base.json").write_text(f"[\n{lines}\n]\n")


main()
