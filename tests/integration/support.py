"""What the integration tests share: running the program, finding models and recordings, and ctest's exit codes.

ctest reports a test file as skipped if one of its tests is. A test that needs what most machines lack has the decorator
`needs`, and an entry of its own in CMakeLists.txt: FILE --needs NEED.
"""

import array
import fcntl
import os
import pty
import random
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
import wave
from pathlib import Path

BINARY = os.environ.get("NPUSCRIBE_BINARY", "npuscribe")
FORMAT_TRANSCRIPT = os.environ.get("NPUSCRIBE_FORMAT_TRANSCRIPT", "format_transcript")
BUILD = Path(os.environ.get("NPUSCRIBE_TEST_BUILD", tempfile.gettempdir()))
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
CTEST_SKIPPED = 77  # NPUSCRIBE_TEST_SKIPPED in tests/CMakeLists.txt


def run(*arguments, stdin=subprocess.DEVNULL, timeout=600, **options):
    """Runs the program to its end. Returns stdout and stderr as text, with surrogates for bytes that are not UTF-8."""
    command = [BINARY, *(os.fspath(argument) for argument in arguments)]
    if "env" not in options:  # a config file of whoever runs the tests has no say
        options["env"] = {**os.environ, "XDG_CONFIG_HOME": os.devnull}
    if isinstance(stdin, bytes):
        options["input"] = stdin
    else:
        options["stdin"] = stdin
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **options
    )
    done.stdout = done.stdout.decode("utf-8", "surrogateescape")
    done.stderr = done.stderr.decode("utf-8", "surrogateescape")
    return done


def read_terminal(master):
    """Everything that a program writes to its pseudo-terminal until it closes it. Closes our side."""
    seen = b""
    while True:
        select.select([master], [], [], 60)
        try:
            data = os.read(master, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not data:
            break
        seen += data
    os.close(master)
    return seen


def on_terminal(*arguments, columns=80, streams=("stdin", "stdout", "stderr"), **environment):
    """Runs the program with these streams on a pseudo-terminal. Returns its exit code and what the terminal got."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(
        [BINARY, *map(os.fspath, arguments)],
        **{name: slave if name in streams else subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")},
        env={**os.environ, "XDG_CONFIG_HOME": os.devnull, "TERM": "xterm", "NO_COLOR": "", **environment},
    )
    os.close(slave)
    seen = read_terminal(master)
    return child.wait(), seen.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def models_directory():
    if os.environ.get("NPUSCRIBE_MODELS"):
        return Path(os.environ["NPUSCRIBE_MODELS"])
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "npuscribe" / "models"


def skip(need, reason):
    """Skips the running test. `need` is one of those that scripts/check-skips knows, for example "models"."""
    raise unittest.SkipTest(f"needs-{need}: {reason}")


def needs(need):
    """Decorates a test that runs in the entry of its need alone: FILE --needs NEED."""

    def decorate(test):
        test.need = need
        return test

    return decorate


def need_program(name):
    if not shutil.which(name):
        skip(name, f"{name} is not installed")


def need_user():
    """Skips the running test if root runs it, who may read and write everything."""
    if os.geteuid() == 0:
        skip("user", "root may read and write everything")


def need_model(*names):
    """The first of the models that is there. Skips the test if none is, or if the voice activity model is not."""
    missing = " or ".join(names)
    for name in names:
        if (models_directory() / name).is_dir():
            if not (models_directory() / "silero_vad_16k.safetensors").is_file():
                skip("models", f"the voice activity's weights are not in {models_directory()}")
            return name
    return skip("models", f"the model {missing} is not in {models_directory()}: npuscribe model fetch {names[0]}")


def shared_audio():
    given = os.environ.get("NPUSCRIBE_TEST_AUDIO")
    path = Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "audio"
    if not path.is_dir():
        skip("audio", f"no shared recordings at {path}; NPUSCRIBE_TEST_AUDIO names another place")
    return path


def librivox():
    """{recording: its words}, from Debian's pocketsphinx-testdata."""
    transcription = LIBRIVOX / "transcription"
    if not transcription.is_file():
        skip("pocketsphinx", f"{LIBRIVOX} is not there: apt install pocketsphinx-testdata")
    lines = re.findall(r"<s> (.*) </s> \((\S+)\)", transcription.read_text(encoding="utf-8"))
    return {LIBRIVOX / f"{name}.wav": words for words, name in lines}


def recipe(part):
    """The README's block of commands, under "Many machines", that has this part."""
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Many machines") :]
    section = section[: section.index("\n## ")]
    blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    return "\n".join(line[4:] for line in next(block for block in blocks if part in block).splitlines())


def long_recording(path, seconds):
    """Writes a recording of about `seconds` seconds: the LibriVox recordings one after the other, repeated."""
    frames = b""
    for recording in sorted(librivox()):
        with wave.open(os.fspath(recording)) as source:
            parameters = source.getparams()
            frames += source.readframes(source.getnframes())
    bytes_a_second = parameters.framerate * parameters.sampwidth * parameters.nchannels
    with wave.open(os.fspath(path), "wb") as target:
        target.setparams(parameters)
        target.writeframes(frames * max(1, round(seconds * bytes_a_second / len(frames))))
    return path


def _joined(path, parts, parameters):
    with wave.open(os.fspath(path), "wb") as target:
        target.setparams(parameters)
        for part in parts:
            target.writeframes(part.tobytes())
    return path


def _samples(recording):
    with wave.open(os.fspath(recording)) as source:
        return array.array("h", source.readframes(source.getnframes())), source.getparams()


def _noise(count, deviation):
    random_numbers = random.Random(1)
    return array.array("h", (round(random_numbers.gauss(0, deviation)) for _ in range(count)))


def with_noise_between(path, first, second, seconds):
    """Writes two recordings of the same sample rate with `seconds` seconds of noise between them."""
    before, parameters = _samples(first)
    noise = _noise(seconds * parameters.framerate, 300)
    return _joined(path, (before, noise, _samples(second)[0]), parameters)


def with_babble_between(path, first, second, begin, seconds):
    """Writes two recordings and between them, 10 s from each, `seconds` seconds of the first one reversed."""
    before, parameters = _samples(first)
    rate = parameters.framerate
    babble = before[begin * rate : (begin + seconds) * rate][::-1]
    silence = _noise(10 * rate, 20)
    return _joined(path, (before, silence, babble, silence, _samples(second)[0]), parameters)


def short_recordings(directory, count, seconds=2):
    """Writes `count` short recordings, cut from the LibriVox ones. Returns their paths, sorted."""
    sources = sorted(librivox())
    paths = []
    for i in range(count):
        with wave.open(os.fspath(sources[i % len(sources)])) as source:
            length = int(seconds * source.getframerate())
            source.setpos(i // len(sources) * length % (source.getnframes() - length))
            paths.append(Path(directory) / f"{i:03}.wav")
            with wave.open(os.fspath(paths[-1]), "wb") as target:
                target.setparams(source.getparams())
                target.writeframes(source.readframes(length))
    return paths


def words(text):
    """The words of a text in lower case, without punctuation and with titles spelled out, for comparisons."""
    text = re.sub(r"[^\w\s']", " ", text.lower()).replace("'", "")
    return ["mister" if word == "mr" else word for word in text.split()]


def word_errors(reference, hypothesis):
    """The number of insertions, deletions and substitutions between two lists of words."""
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, 1):
        last, row[0] = row[0], i
        for j, got in enumerate(hypothesis, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (expected != got))
    return row[-1]


class Case(unittest.TestCase):
    """A test with a directory of its own, and checks whose failures show what the program wrote."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="npuscribe-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def check_exit(self, done, code):
        self.assertEqual(done.returncode, code, f"{done.args}\nstdout: {done.stdout}\nstderr: {done.stderr}")

    def check_error(self, done, code, *parts):
        """Checks the exit code, that exactly one error line has these parts, and that stdout has no error."""
        self.check_exit(done, code)
        errors = [line for line in done.stderr.splitlines() if line.startswith("npuscribe: error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        for part in parts:
            self.assertIn(str(part), errors[0])
        self.assertNotIn("error", done.stdout)


def _of_need(suite, need):
    """The tests of a suite whose `needs` is this one."""
    chosen = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            chosen.addTest(_of_need(test, need))
        else:
            method = getattr(test, test._testMethodName)
            if getattr(method, "need", getattr(test, "need", None)) == need:
                chosen.addTest(test)
    return chosen


class _Loader(unittest.TestLoader):
    """Loads the tests of one need; without a need, those that have none."""

    def __init__(self, need):
        super().__init__()
        self.need = need

    def loadTestsFromModule(self, *arguments, **options):
        return _of_need(super().loadTestsFromModule(*arguments, **options), self.need)


def main():
    """Runs the tests of the calling file. Exits with 1 if one failed or there are none, with 77 if one was skipped."""
    options = {}
    if sys.argv[1:2] == ["--needs"]:
        options = {"testLoader": _Loader(sys.argv[2]), "argv": [sys.argv[0], *sys.argv[3:]]}
    elif not sys.argv[1:]:
        options = {"testLoader": _Loader(None)}
    result = unittest.main(exit=False, verbosity=2, **options).result
    for test, reason in result.skipped:
        print(f"SKIPPED: {reason}: {test}")
    if not result.wasSuccessful() or (result.testsRun == 0 and not result.skipped):
        sys.exit(1)
    sys.exit(CTEST_SKIPPED if result.skipped else 0)
