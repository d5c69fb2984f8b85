"""openai-whisper's checkpoints, written here by Python's own pickle and zipfile as torch.save writes them."""

import io
import os
import pickle
import shutil
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import support

# CTranslate2's names of what is in a block, OpenAI's, and which part of how many the latter is.
BLOCK = (
    ("self_attention/layer_norm", (("attn_ln", 0, 1),)),
    ("self_attention/linear_0", (("attn.query", 0, 3), ("attn.key", 1, 3), ("attn.value", 2, 3))),
    ("self_attention/linear_1", (("attn.out", 0, 1),)),
    ("attention/layer_norm", (("cross_attn_ln", 0, 1),)),
    ("attention/linear_0", (("cross_attn.query", 0, 1),)),
    ("attention/linear_1", (("cross_attn.key", 0, 2), ("cross_attn.value", 1, 2))),
    ("attention/linear_2", (("cross_attn.out", 0, 1),)),
    ("ffn/layer_norm", (("mlp_ln", 0, 1),)),
    ("ffn/linear_0", (("mlp.0", 0, 1),)),
    ("ffn/linear_1", (("mlp.2", 0, 1),)),
)
OUTSIDE = (
    ("encoder/conv1", "encoder.conv1"),
    ("encoder/conv2", "encoder.conv2"),
    ("encoder/layer_norm", "encoder.ln_post"),
    ("decoder/layer_norm", "decoder.ln"),
)
PARAMETERS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}


def read_ctranslate2(path):
    """{name: (shape, bytes)} of a model.bin in float16, after python/ctranslate2/specs/model_spec.py (_serialize)."""
    data = path.read_bytes()
    at = 0

    def number(kind):
        nonlocal at
        (value,) = struct.unpack_from("<" + kind, data, at)
        at += struct.calcsize("<" + kind)
        return value

    def string():
        nonlocal at
        size = number("H")
        at += size
        return data[at - size : at].rstrip(b"\0").decode()

    assert number("I") == 6 and string() == "WhisperSpec"
    number("I")
    variables = {}
    for _ in range(number("I")):
        name = string()
        shape = tuple(number("I") for _ in range(number("B")))
        number("B")
        size = number("I")
        variables[name] = (shape, data[at : at + size])
        at += size
    return variables


def openai_tensors(variables):
    """The same under OpenAI's names."""
    out = OrderedDict()
    for part in ("encoder", "decoder"):
        out[f"{part}.positional_embedding"] = variables[f"{part}/position_encodings/encodings"]
        layers = 1 + max(int(name.split("/")[1][6:]) for name in variables if name.startswith(f"{part}/layer_") and "layer_norm/" not in name[:20])
        for layer in range(layers):
            for ours, theirs in BLOCK:
                for parameter, openai in PARAMETERS.items():
                    found = variables.get(f"{part}/layer_{layer}/{ours}/{parameter}")
                    if found is None:
                        continue
                    shape, content = found
                    for name, index, count in theirs:
                        if name.endswith("attn.key") and openai == "bias":
                            continue
                        size = len(content) // count
                        out[f"{part}.blocks.{layer}.{name}.{openai}"] = (
                            (shape[0] // count, *shape[1:]),
                            content[index * size : (index + 1) * size],
                        )
    for ours, theirs in OUTSIDE:
        for parameter, openai in PARAMETERS.items():
            if f"{ours}/{parameter}" in variables:
                out[f"{theirs}.{openai}"] = variables[f"{ours}/{parameter}"]
    out["decoder.token_embedding.weight"] = variables["decoder/embeddings/weight"]
    return out


class HalfStorage:
    def __init__(self, key, count):
        self.key, self.count = key, count


def _rebuild_tensor_v2():
    pass


class Tensor:
    def __init__(self, key, shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides, count = [], 1
        for size in reversed(self.shape):
            strides.insert(0, count)
            count *= size
        storage = HalfStorage(self.key, count)
        return _rebuild_tensor_v2, (storage, 0, self.shape, tuple(strides), False, OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, HalfStorage):
            return ("storage", HalfStorage, value.key, "cpu", value.count)
        return None


def pretend_to_be_torch():
    """Names that are pickled are looked up: the classes above are those of PyTorch."""
    for module, thing in (("torch", HalfStorage), ("torch._utils", _rebuild_tensor_v2)):
        sys.modules[module] = types.ModuleType(module)
        setattr(sys.modules[module], thing.__name__, thing)
        thing.__module__ = module


def write_checkpoint(path, tensors, dims):
    pretend_to_be_torch()
    state = OrderedDict((name, Tensor(str(i), shape)) for i, (name, (shape, _)) in enumerate(tensors.items()))
    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump({"dims": dims, "model_state_dict": state})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled.getvalue())
        for i, (_, content) in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{i}", content)
        archive.writestr("archive/version", "3\n")


class Hostile:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Torch(support.Case):
    def checkpoint(self, path):
        source = support.models_directory() / support.need_model("tiny.en")
        tensors = openai_tensors(read_ctranslate2(source / "model.bin"))
        dims = dict(n_mels=80, n_vocab=51864, n_audio_ctx=1500, n_audio_state=384, n_audio_head=6, n_audio_layer=4)
        dims.update(n_text_ctx=448, n_text_state=384, n_text_head=6, n_text_layer=4)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_checkpoint(path, tensors, dims)
        return path

    def transcript(self, model, *options, **environment):
        done = support.run(
            "-q", "-m", model, "-l", "en", "-f", "json", "-o", "-", *options, min(support.librivox()),
            env=dict(os.environ, XDG_CONFIG_HOME=os.devnull, **environment),
        )
        self.check_exit(done, 0)
        return done.stdout

    def test_it_gives_the_very_transcript_of_the_ctranslate2_model(self):
        file = self.checkpoint(self.directory / "tiny.en.pt")
        options = ("--word-timestamps", "--initial-prompt", "Mr. Dashwood, naïve “quotes” 🎵.")
        self.assertEqual(self.transcript(file, *options), self.transcript("tiny.en", *options))
        described = support.run("model", "info", file)
        self.check_exit(described, 0)
        self.assertIn("PyTorch, f16", described.stdout)

    def test_it_is_found_by_name_where_openai_whisper_keeps_it(self):
        self.checkpoint(self.directory / "cache" / "whisper" / "tiny.en.pt")
        models = self.directory / "models"
        models.mkdir()
        shutil.copy(support.models_directory() / "silero_vad_16k.safetensors", models)
        found = {"NPUSCRIBE_MODELS": str(models), "XDG_CACHE_HOME": str(self.directory / "cache")}
        self.assertEqual(self.transcript("tiny.en", "--no-fetch", **found), self.transcript("tiny.en"))
        listed = support.run("model", "list", env={**os.environ, **found})
        self.assertIn(str(self.directory / "cache" / "whisper" / "tiny.en.pt"), listed.stdout)

    def test_nothing_in_it_is_run(self):
        victim = self.directory / "ran"
        for protocol in (2, 4):
            with self.subTest(protocol):
                file = self.directory / "model.pt"
                with zipfile.ZipFile(file, "w") as archive:
                    content = {"dims": {}, "model_state_dict": Hostile(f"touch {victim}")}
                    archive.writestr("archive/data.pkl", pickle.dumps(content, protocol))
                done = support.run("-m", file, min(support.librivox()))
                self.check_error(done, 3, file, "it would run posix.system")
                self.assertFalse(victim.exists())

    def test_what_is_no_such_checkpoint_is_refused(self):
        file = self.directory / "model.pt"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("notes.txt", "x")
        self.check_error(support.run("-m", file, *support.librivox()), 3, file, "it has no data.pkl")
        file.write_bytes(b"\x80\x02}q\x00.")
        self.check_error(support.run("-m", file, *support.librivox()), 3, file, "from before 2020 or damaged")


if __name__ == "__main__":
    support.main()
