"""Manifests in and out, shards, and parts that are merged into one corpus."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import support

LINES = "audio_filepath offset duration text language model options seconds wall_seconds status error".split()


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Manifest(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.input = self.directory / "in"
        self.input.mkdir()
        self.out = self.directory / "out"

    def run_npuscribe(self, *arguments, code=0, **options):
        done = support.run("-m", self.model, "-l", "en", *arguments, **options)
        self.check_exit(done, code)
        return done

    def merge(self, *arguments, code=0):
        done = support.run("report", "merge", *arguments)
        self.check_exit(done, code)
        return done, [json.loads(line) for line in done.stdout.splitlines()]

    def archive(self, entries, name="archive.jsonl"):
        path = self.input / name
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        return path

    def outputs(self, directory=None):
        directory = directory or self.out
        return {os.fspath(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    def test_a_manifest_in_gives_a_manifest_out_with_what_was_heard(self):
        (self.input / "a").mkdir()
        recordings = support.short_recordings(self.input / "a", 3)
        archive = self.archive(
            [
                {"audio_filepath": "a/000.wav", "text": "a reference", "speaker": "x", "tags": [1, 2]},
                {"audio_filepath": "a/001.wav", "offset": 0.5, "duration": 1.0},
                {"audio_filepath": os.fspath(recordings[2]), "status": "theirs"},
            ]
        )
        manifest, report = self.directory / "parts" / "0.jsonl", self.directory / "report.json"
        done = self.run_npuscribe(
            "--files-from", archive, "-f", "json", "-o", self.out, "--manifest", manifest, "--report", report
        )
        self.assertEqual(sorted(self.outputs()), ["a/000.json", "a/001-0.5.json", "a/002.json"])
        lines = read(manifest)
        self.assertEqual([line["audio_filepath"] for line in lines], [os.fspath(path) for path in recordings])
        self.assertEqual([line["offset"] for line in lines], [0, 0.5, 0])
        self.assertEqual([line["duration"] for line in lines], [2, 1, 2])
        self.assertEqual([line["status"] for line in lines], ["done"] * 3)
        self.assertEqual(list(lines[2]), LINES)
        self.assertEqual((lines[0]["speaker"], lines[0]["tags"]), ("x", [1, 2]))
        for line, name in zip(lines, ("a/000.json", "a/001-0.5.json", "a/002.json")):
            transcript = json.loads((self.out / name).read_text(encoding="utf-8"))
            self.assertEqual(line["text"], transcript["text"].strip())
            self.assertEqual((line["language"], line["model"], line["error"]), ("en", self.model, ""))
            self.assertGreater(line["seconds"], 0)
        # The part's times are those of its file.
        segments = json.loads((self.out / "a/001-0.5.json").read_text(encoding="utf-8"))["segments"]
        for segment in segments:
            self.assertGreaterEqual(segment["start"], 0.5)
            self.assertLessEqual(segment["end"], 1.5 + 0.02)
        errors = support.word_errors(["a", "reference"], support.words(lines[0]["text"]))
        self.assertEqual((lines[0]["reference_words"], lines[0]["word_errors"]), (2, errors))
        document = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual(document["files"][0]["word_errors"], errors)
        self.assertEqual(document["totals"]["word_error_rate"], errors / 2)
        self.assertIn(f"word error rate {50 * errors:.2f} %", done.stderr)

    def test_parts_of_one_recording_are_those_of_clip_timestamps(self):
        recording = sorted(support.librivox())[0]
        archive = self.archive(
            [{"audio_filepath": os.fspath(recording), "offset": offset, "duration": 5} for offset in (0, 5)]
        )
        self.run_npuscribe("--files-from", archive, "-f", "json", "-o", self.out)
        for offset in (0, 5):
            one = self.directory / f"one-{offset}"
            self.run_npuscribe("--clip-timestamps", f"{offset},{offset + 5}", "-f", "json", "-o", one, recording)
            self.assertEqual(
                (self.out / f"{recording.stem}-{offset}.json").read_bytes(), (one / f"{recording.stem}.json").read_bytes()
            )

    def test_shards_make_the_outputs_of_one_run_and_merge_to_its_corpus(self):
        entries = []
        for place in "ab":  # equal stems in two folders
            (self.input / place).mkdir()
            for i, _ in enumerate(support.short_recordings(self.input / place, 3, seconds=1)):
                entries.append({"audio_filepath": f"{place}/{i:03}.wav", "duration": 1.0, "id": len(entries)})
        (self.input / "bad.wav").write_bytes(b"this is no audio" * 100)
        entries.append({"audio_filepath": "bad.wav", "duration": 1.0, "id": len(entries)})
        archive = self.archive(entries)
        whole = self.directory / "whole"
        self.run_npuscribe("--files-from", archive, "-f", "json", "-o", whole, code=1)
        parts = [self.directory / f"{i}.jsonl" for i in range(3)]
        for i, part in enumerate(parts):
            failed = self.run_npuscribe(
                *("--files-from", archive, "--shard", f"{i}/3", "-f", "json", "-o", self.out, "--manifest", part),
                "--keep-going-code", "0",
            )  # fmt: skip
        self.assertEqual(self.outputs(), self.outputs(whole))
        self.assertEqual(len(self.outputs()), 6)
        missing, totals, page = (self.directory / name for name in ("missing.jsonl", "totals.json", "page.html"))
        done, corpus = self.merge(
            "--expect", archive, "--missing", missing, "--json", totals, "--html", page, *parts, code=1
        )
        self.assertEqual([line["id"] for line in corpus], list(range(6)))
        self.assertIn("6 done, 1 failed, 0 missing of 7 expected", done.stderr)
        self.assertEqual([line["id"] for line in read(missing)], [6])
        document = json.loads(totals.read_text(encoding="utf-8"))
        self.assertEqual(document["totals"]["audio_seconds"], 6)
        self.assertEqual(document["totals"]["duplicates"], 0)
        self.assertIn("is not readable audio", document["problems"][0]["error"])
        self.assertIn("Recordings by realtime factor", page.read_text(encoding="utf-8"))
        # What is missing is a list that can be given again.
        again = self.run_npuscribe("--files-from", missing, "-f", "json", "-o", self.out, code=1)
        self.assertIn("bad.wav", again.stderr)
        self.assertEqual(failed.returncode, 0)

    def test_a_shard_looks_at_no_file_of_another(self):
        if not shutil.which("strace"):
            support.skip("strace", "strace is not installed")
        names = [f"{i:06}.wav" for i in range(100_000)]
        shutil.copy(support.short_recordings(self.directory, 1, seconds=1)[0], self.input / names[77])
        listed = self.directory / "list"
        listed.write_text("".join(f"{self.input / name}\n" for name in names))
        trace = self.directory / "trace"
        command = [support.BINARY, "-m", self.model, "--files-from", listed, "--shard", "77/100000", "-f", "txt", "-o", self.out]
        done = subprocess.run(["strace", "-f", "-o", trace, *command], stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        calls = trace.read_text(errors="replace").splitlines()
        # The list itself is read, and its last name may be half of a buffer.
        about = [line for line in calls if f'"{self.input}/' in line and names[77] not in line and " read(" not in line]
        self.assertEqual(about, [])
        self.assertLess(len(calls), 20_000)
        self.assertEqual(sorted(self.outputs()), ["000077.txt"])

    def test_a_shard_is_from_0_to_n_less_1(self):
        for shard in ("3/3", "-1/3", "1", "a/b", "1/0"):
            done = support.run("--shard", shard, self.input)
            self.check_error(done, 2, f"invalid value '{shard}' for --shard", "I/N with N from 1")

    def test_a_killed_run_goes_on_where_it_stopped_and_every_file_is_done_once(self):
        recordings = support.short_recordings(self.input, 8, seconds=1.2)
        manifest = self.directory / "part.jsonl"
        arguments = ["-f", "json", "-o", self.out, "--skip-existing", "--manifest", manifest, "--batch-size", "1", self.input]
        command = [support.BINARY, "-m", self.model, "-l", "en", *map(os.fspath, arguments)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            end = time.monotonic() + 120
            while not (manifest.exists() and manifest.read_bytes().count(b"\n") >= 2):
                self.assertLess(time.monotonic(), end, "nothing happened")
                time.sleep(0.005)
            child.send_signal(signal.SIGKILL)
        finished = len(read(manifest))
        self.assertLess(finished, 8)
        # As if it had been killed within a line; the outputs of that input are whole.
        with manifest.open("a", encoding="utf-8") as file:
            file.write('{"audio_filepath": "' + os.fspath(recordings[finished]))
        done = self.run_npuscribe(*arguments)
        self.assertIn(f"{8 - finished} done, 0 failed, {finished} skipped", done.stderr)
        self.assertEqual([line["audio_filepath"] for line in read(manifest)], [os.fspath(path) for path in recordings])
        done, corpus = self.merge(manifest)
        self.assertIn("8 done, 0 failed", done.stderr)
        self.assertEqual(len(corpus), 8)
        # The manifest alone says what is done, without output files, too.
        nowhere = {**os.environ, "NPUSCRIBE_MODELS": os.fspath(self.directory / "none")}
        again = self.run_npuscribe("--skip-existing", "--manifest", manifest, self.input, env=nowhere)
        self.assertIn("0 done, 0 failed, 8 skipped", again.stderr)
        # Other words are wanted: they are not there.
        other = support.run("-m", "no-such-model", "--skip-existing", "--manifest", manifest, self.input)
        self.check_error(other, 3, "no model no-such-model")
        self.assertIn("000.wav: not skipped: the manifest has it with another model or other options", other.stderr)

    def test_a_manifest_that_cannot_be_written_ends_the_run(self):
        support.short_recordings(self.input, 2, seconds=1)
        done = self.run_npuscribe("--manifest", "/dev/full", self.input, code=1)
        self.check_error(done, 1, "/dev/full")

    def test_a_bad_file_need_not_fail_a_job(self):
        (self.input / "bad.wav").write_bytes(b"this is no audio" * 100)
        self.run_npuscribe(self.input, code=1)
        self.run_npuscribe("--keep-going-code", "0", self.input)
        self.run_npuscribe("--keep-going-code", "75", self.input, code=75)

    def test_lists_and_parts_that_are_wrong_are_refused_with_what_is_wrong(self):
        bad = self.archive([{"audio": "a.wav"}])
        self.check_error(support.run("--files-from", bad), 2, f"line 1 of {bad}", "audio_filepath")
        good = self.archive([{"audio_filepath": "a.wav"}], "good.jsonl")
        self.check_error(support.run("--files-from", good, "--manifest", good), 2, "--manifest and --files-from")
        self.check_error(support.run("--files-from", good, "-o", self.out, "--root", self.out), 2, "--root", "a.wav")
        self.check_error(support.run("report", "merge", self.directory / "none.jsonl"), 2, "none.jsonl", "no such file")
        self.check_error(support.run("--manifest", "-", "a.wav"), 2, "--manifest")

    def test_nothing_is_written_over_a_recording_a_list_or_a_part(self):
        recording = support.short_recordings(self.input, 1, seconds=1)[0]
        sound = recording.read_bytes()
        self.check_error(support.run("-m", self.model, "--manifest", recording, recording), 2, "--manifest", recording)
        self.assertEqual(recording.read_bytes(), sound)
        archive, part = self.archive([{"audio_filepath": "000.wav"}]), self.directory / "part.jsonl"
        self.run_npuscribe("--files-from", archive, "--manifest", part)
        before = archive.read_bytes(), part.read_bytes()
        for option, path in (("--missing", archive), ("--json", part), ("--html", part)):
            done = support.run("report", "merge", "--expect", archive, option, path, part)
            self.check_error(done, 2, option, path)
        both = self.directory / "both"
        done = support.run("report", "merge", "--json", both, "--html", both, part)
        self.check_error(done, 2, "--html and --json")
        self.assertEqual((archive.read_bytes(), part.read_bytes()), before)


class Launchers(support.Case):
    """The README's lines for other schedulers, as their tasks run them: with their variable set."""

    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        (self.directory / "in").mkdir()
        recordings = support.short_recordings(self.directory / "in", 4, seconds=1)
        lines = "".join(json.dumps({"audio_filepath": os.fspath(path)}) + "\n" for path in recordings)
        (self.directory / "archive.jsonl").write_text(lines, encoding="utf-8")
        (self.directory / "bin").mkdir()
        # -m and -l stand in its config, not in the README's lines.
        (self.directory / "config.toml").write_text(f'model = "{self.model}"\nlanguage = "en"\n')
        program = self.directory / "bin" / "npuscribe"
        program.write_text(f'#!/bin/sh\nexec "{support.BINARY}" "$@" --config {self.directory}/config.toml\n')
        program.chmod(0o755)

    def run_line(self, line, **environment):
        environment = {**os.environ, "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}", **environment}
        done = subprocess.run(
            ["bash", "-euc", line], cwd=self.directory, env=environment, check=False, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))

    def check_corpus(self):
        parts = sorted((self.directory / "parts").iterdir())
        self.assertEqual(len(parts), 20)  # of 20 shards, 16 have nothing to do
        done = support.run("report", "merge", "--expect", self.directory / "archive.jsonl", *parts)
        self.check_exit(done, 0)
        self.assertIn("4 done, 0 failed, 0 missing of 4 expected", done.stderr)

    def test_gnu_parallel(self):
        support.need_program("parallel")
        self.run_line(support.recipe("parallel -j"))
        self.check_corpus()

    def test_kubernetes_and_aws_batch(self):
        for variable in ("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"):
            with self.subTest(variable):
                shutil.rmtree(self.directory / "parts", ignore_errors=True)
                shutil.rmtree(self.directory / "out", ignore_errors=True)
                line = support.recipe(f"${variable}/20")
                for index in range(20):
                    self.run_line(line, **{variable: str(index)})
                self.check_corpus()


class Reader(support.Case):
    """A corpus for other programs to read: of three parts of recordings, one could not be transcribed."""

    def setUp(self):
        super().setUp()
        model = support.need_model("tiny.en", "base")
        (self.directory / "in").mkdir()
        recordings = support.short_recordings(self.directory / "in", 3)
        entries = [{"audio_filepath": os.fspath(path), "offset": 0.25, "speaker": "x"} for path in recordings]
        archive = self.directory / "archive.jsonl"
        archive.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        (self.directory / "in" / "001.wav").write_bytes(b"this is no audio" * 100)
        part, self.corpus = self.directory / "part.jsonl", self.directory / "corpus.jsonl"
        support.run("-m", model, "-l", "en", "--files-from", archive, "--manifest", part)
        self.corpus.write_text(support.run("report", "merge", part).stdout, encoding="utf-8")

    def check_reads(self, python, script):
        """The script prints audio_filepath, offset, duration and text of each line as JSON."""
        done = subprocess.run(
            [python, "-c", script, self.corpus],
            env={**os.environ, "HF_HOME": os.fspath(self.directory / "hf"), "HF_HUB_OFFLINE": "1"},
            check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        rows = json.loads(done.stdout.splitlines()[-1])
        expected = [[line["audio_filepath"], line["offset"], line["duration"], line["text"]] for line in read(self.corpus)]
        self.assertEqual(len(expected), 2)
        self.assertEqual(rows, expected)


@support.needs("pypi")
class Datasets(Reader):
    """Hugging Face's datasets, in a virtual environment of the build directory."""

    @classmethod
    def setUpClass(cls):
        environment = support.BUILD / "corpus-readers"
        cls.python = environment / "bin" / "python"
        wanted = ["datasets==5.2.0"]
        ready = environment / "ready"
        if ready.is_file() and ready.read_text() == str(wanted):
            return
        steps = [[sys.executable, "-m", "venv", "--clear", environment]]
        steps += [[cls.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]]
        for step in steps:
            done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                reason = (done.stdout.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
                support.skip("pypi", f"no readers from PyPI: {reason}")
        ready.write_text(str(wanted))

    def test_datasets_loads_the_corpus(self):
        self.check_reads(
            self.python,
            """
import json, sys
from datasets import load_dataset
rows = load_dataset("json", data_files=sys.argv[1], split="train")
print(json.dumps([[row[name] for name in ("audio_filepath", "offset", "duration", "text")] for row in rows]))
""",
        )


@support.needs("lhotse")
class Lhotse(Reader):
    def test_lhotse_makes_cuts_of_the_corpus(self):
        python = os.environ.get("NPUSCRIBE_TEST_LHOTSE")
        if not python:
            support.skip("lhotse", "lhotse needs 6 GB of PyTorch; NPUSCRIBE_TEST_LHOTSE names a python that has it")
        self.check_reads(
            python,
            """
import json, sys
from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
from lhotse.serialization import load_jsonl
cuts = []
for i, line in enumerate(load_jsonl(sys.argv[1])):
    recording = Recording.from_file(line["audio_filepath"])
    words = SupervisionSegment(f"{i}", recording.id, 0, line["duration"], text=line["text"], language=line["language"])
    cuts.append(MonoCut(f"{i}", line["offset"], line["duration"], 0, [words], recording=recording))
for cut in CutSet.from_cuts(cuts):
    assert abs(cut.load_audio().shape[1] / cut.sampling_rate - cut.duration) < 0.01
print(json.dumps([[c.recording.sources[0].source, c.start, c.duration, c.supervisions[0].text] for c in cuts]))
""",
        )


if __name__ == "__main__":
    support.main()
