"""One call fails, of those that allocate, open, read, write, flush or rename: the program ends with the right code, and every
output is whole or absent.

A sample of the calls of each kind; NPUSCRIBE_SWEEP_CALLS makes it larger (scripts/sweep takes all but the allocations).
"""

import json
import os
import random

import support

CALLS = int(os.environ.get("NPUSCRIBE_SWEEP_CALLS", "5"))
SEED = int(os.environ.get("NPUSCRIBE_SWEEP_SEED", random.randrange(10**6)))
LIBRARY = os.environ.get("NPUSCRIBE_FAILING_CALLS", "")
FORMATS = ("json", "srt")


class Sweep(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.input = self.directory / "in"
        self.input.mkdir()
        self.recordings = support.short_recordings(self.input, 2, seconds=1.5)
        print(f"NPUSCRIBE_SWEEP_SEED={SEED}")

    def transcribe(self, out, **environment):
        arguments = ("-q", "-m", self.model, "-f", ",".join(FORMATS), "-o", out / "text", "--report", out / "report.json")
        return support.run(*arguments, "--manifest", out / "manifest.jsonl", self.input, timeout=120,
                           env={**os.environ, "XDG_CONFIG_HOME": os.devnull, "LD_PRELOAD": LIBRARY, **environment})  # fmt: skip

    def count(self, kind):
        """How many calls of this kind a run has that nothing disturbs, and the bytes of its outputs."""
        out = self.directory / f"whole-{kind}"
        counts = self.directory / "count"
        self.check_exit(self.transcribe(out, NPUSCRIBE_FAIL_KIND=kind, NPUSCRIBE_FAIL_COUNT=os.fspath(counts)), 0)
        return int(counts.read_text()), {path.name: path.read_bytes() for path in (out / "text").iterdir()}

    def check(self, done, out, whole):
        self.assertIn(done.returncode, (0, 1, 3), f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        if done.returncode != 0:
            self.assertRegex(done.stderr, "npuscribe: (error|warning): ")
        text = out / "text"
        written = {path.name: path for path in text.iterdir()} if text.is_dir() else {}
        self.assertLessEqual(set(written), set(whole), "something is left over")
        for name, path in written.items():
            if done.returncode == 0:
                self.assertEqual(path.read_bytes(), whole[name], name)
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            else:
                self.assertTrue(path.read_bytes().endswith(b"\n"), name)
        report, manifest = out / "report.json", out / "manifest.jsonl"
        if done.returncode == 0:
            self.assertEqual(set(written), set(whole))
            self.assertTrue(report.is_file())
        if report.is_file():
            files = json.loads(report.read_text(encoding="utf-8"))["files"]
            finished = {os.path.basename(path) for file in files for path in file.get("outputs", [])}
            self.assertLessEqual(finished, set(written), "the report names outputs that are not there")
        if manifest.is_file():
            for line in manifest.read_text(encoding="utf-8").splitlines():
                if json.loads(line)["status"] == "done":
                    stem = os.path.basename(json.loads(line)["audio_filepath"]).removesuffix(".wav")
                    self.assertLessEqual({f"{stem}.{name}" for name in FORMATS}, set(written))

    def sweep(self, kind):
        calls, whole = self.count(kind)
        self.assertGreater(calls, 0)
        chosen = range(1, calls + 1)
        if calls > CALLS:
            chosen = sorted(random.Random(SEED).sample(chosen, CALLS))
        print(f"{kind}: {len(chosen)} of {calls} calls")
        codes = []
        for call in chosen:
            with self.subTest(f"{kind} {call} of {calls}"):
                out = self.directory / f"{kind}-{call}"
                done = self.transcribe(out, NPUSCRIBE_FAIL_KIND=kind, NPUSCRIBE_FAIL_AT=str(call))
                codes.append(done.returncode)
                self.check(done, out, whole)
        return codes

    def test_allocations(self):
        self.sweep("allocate")

    def test_opening(self):
        self.sweep("open")

    def test_reading(self):
        self.sweep("read")

    def test_writing(self):
        self.assertNotIn(0, self.sweep("write"), "a write failed, and nobody was told")

    def test_flushing(self):
        self.assertNotIn(0, self.sweep("sync"), "a file may not be on the disk, and nobody was told")

    def test_renaming(self):
        self.assertNotIn(0, self.sweep("rename"), "an output has not its name, and nobody was told")


if __name__ == "__main__":
    support.main()
