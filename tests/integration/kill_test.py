"""kill -9 at random moments: every output is whole or absent, and the next run does only what is missing.

NPUSCRIBE_KILL_MOMENTS and NPUSCRIBE_KILL_FILES make it longer than it is by default.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import support

MOMENTS = int(os.environ.get("NPUSCRIBE_KILL_MOMENTS", "3"))
FILES = int(os.environ.get("NPUSCRIBE_KILL_FILES", "10"))
FORMATS = ("json", "srt", "txt")


class Kill(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.input = self.directory / "in"
        self.input.mkdir()
        self.recordings = support.short_recordings(self.input, FILES)
        self.out = self.directory / "out"
        self.report = self.directory / "report.json"

    def command(self, out, *arguments):
        command = [support.BINARY, "-q", "-m", self.model, "-l", "en", "-f", ",".join(FORMATS)]
        return [os.fspath(word) for word in (*command, "-o", out, *arguments, self.input)]

    def finished(self):
        """The names of the recordings whose outputs are complete."""
        return {r.stem for r in self.recordings if all((self.out / f"{r.stem}.{f}").exists() for f in FORMATS)}

    def test_killed_at_random_moments(self):
        whole = self.directory / "whole"
        start = time.monotonic()
        subprocess.run(self.command(whole), check=True, timeout=600)
        seconds = time.monotonic() - start
        expected = {path.name: path.read_bytes() for path in whole.iterdir()}
        self.assertEqual(len(expected), FILES * len(FORMATS))

        seed = int(os.environ.get("NPUSCRIBE_KILL_SEED", random.randrange(10**6)))
        print(f"a whole run takes {seconds:.1f} s; NPUSCRIBE_KILL_SEED={seed}")
        moments = random.Random(seed)
        killed = leftovers = 0
        while killed < MOMENTS:
            before = {path: path.stat().st_mtime_ns for path in self.out.iterdir()} if self.out.exists() else {}
            done_before = self.finished()
            child = subprocess.Popen(self.command(self.out, "--skip-existing"), stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0.02, 1) * min(seconds, 2 + seconds / 4))
            child.send_signal(signal.SIGKILL)
            if child.wait(timeout=60) == 0:  # it was faster
                shutil.rmtree(self.out)
                continue
            killed += 1
            for path in self.out.iterdir() if self.out.exists() else ():
                if path.name not in expected:
                    self.assertRegex(path.name, r"^\.npuscribe-[a-z0-5]{8}\.part$")
                    leftovers += 1
                    continue
                self.assertEqual(path.read_bytes(), expected[path.name], f"{path.name} is not whole")
                if path.stem in done_before:
                    self.assertEqual(path.stat().st_mtime_ns, before[path], f"{path.name} was done again")

        done_before = self.finished()
        done = support.run(*self.command(self.out, "--skip-existing", "--report", self.report)[1:])
        self.check_exit(done, 0)
        self.assertEqual({path.name: path.read_bytes() for path in self.out.iterdir()}, expected)
        files = json.loads(self.report.read_text(encoding="utf-8"))["files"]
        skipped = {os.path.splitext(os.path.basename(f["path"]))[0] for f in files if f["status"] == "skipped"}
        self.assertEqual(skipped, done_before)
        self.assertTrue(all(file["status"] in ("skipped", "done") for file in files))
        print(f"killed {killed} times, {leftovers} unfinished files seen, the last run had {FILES - len(skipped)} to do")


if __name__ == "__main__":
    support.main()
