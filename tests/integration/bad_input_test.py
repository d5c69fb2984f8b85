"""Inputs that cannot be transcribed: each gets one clear error line, and the others are still transcribed."""

import os
import shutil
import subprocess
from pathlib import Path

import support


class BeforeTheModel(support.Case):
    """Errors that need no model are reported without one."""

    def test_a_missing_file(self):
        missing = self.directory / "missing.wav"
        self.check_error(support.run(missing), 1, f"{missing}: there is no such file")

    def test_a_directory_without_audio(self):
        (self.directory / "notes.txt").write_text("not audio")
        self.check_error(support.run(self.directory), 1, self.directory, "holds no audio files")

    def test_an_output_directory_that_is_a_file(self):
        (self.directory / "a.wav").write_bytes(b"RIFF")
        (self.directory / "file").write_text("")
        for place in ("file", "file/below"):
            done = support.run("-o", self.directory / place, self.directory / "a.wav")
            self.check_error(done, 1, f"{self.directory / 'file'} is a file; give another directory")

    def test_a_report_that_cannot_be_written(self):
        (self.directory / "a.wav").write_bytes(b"RIFF")
        (self.directory / "file").write_text("")
        for place in (self.directory / "file" / "report.json", Path("/proc/report.json"), self.directory):
            with self.subTest(place):
                done = support.run("--report", place, self.directory / "a.wav")
                self.check_error(done, 1, place.parent if place != self.directory else place)

    def test_a_name_that_is_too_long_with_its_format(self):
        recording = self.directory / ("x" * 250 + ".wav")
        recording.write_bytes(b"RIFF")
        done = support.run("-f", "json-full", "-o", self.directory, recording)
        self.check_error(done, 1, "File name too long; rename")


class BadInput(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.good = min(support.librivox(), key=lambda path: path.stat().st_size)
        self.out = self.directory / "out"

    def check_refused(self, path, *parts):
        """A bad file alone fails; a good one beside it is still transcribed."""
        path = os.fspath(path)
        with self.subTest(path):
            self.check_error(support.run("-m", self.model, "-l", "en", path), 1, path, *parts)
        with self.subTest(path, beside="a good file"):
            shutil.rmtree(self.out, ignore_errors=True)
            done = support.run("-m", self.model, "-l", "en", "-f", "txt", "-o", self.out, path, self.good)
            self.check_error(done, 1, path)
            self.assertEqual([file.name for file in self.out.iterdir()], [self.good.stem + ".txt"])
            self.assertIn("1 done, 1 failed", done.stderr)
            self.assertGreater(len(done.stdout.split()), 3)
        return done

    def test_an_empty_file(self):
        path = self.directory / "empty.wav"
        path.write_bytes(b"")
        self.assertNotIn(f"==> {path} <==", self.check_refused(path).stderr)  # no header where nothing follows

    def test_a_text_file(self):
        path = self.directory / "notes.txt"
        path.write_text("This is not audio.\n" * 100)
        self.check_refused(path)

    def test_text_that_calls_itself_audio(self):
        path = self.directory / "notes.wav"
        path.write_text("This is not audio.\n" * 100)
        self.check_refused(path)

    @support.needs("user")
    def test_a_file_that_may_not_be_read(self):
        support.need_user()
        path = self.directory / "secret.wav"
        path.write_bytes(b"RIFF")
        path.chmod(0)
        self.check_refused(path)

    def test_the_malformed_recordings(self):
        for name in ("bad.wav", "evil.wav", "awful.wav"):
            self.check_refused(support.shared_audio() / "bad" / name)

    def test_a_header_without_samples_is_no_crash(self):
        done = support.run("-m", self.model, "-l", "en", support.shared_audio() / "bad" / "null.wav")
        self.assertIn(done.returncode, (0, 1))
        self.assertEqual(done.stdout, "")

    def test_a_file_name_that_is_not_utf8(self):
        path = os.fsencode(self.directory) + b"/caf\xe9.wav"
        report = self.directory / "report.json"
        shutil.copy(self.good, path)
        done = support.run("-m", self.model, "-l", "en", "--report", report, path, env=dict(os.environ, LC_ALL="C"))
        self.check_exit(done, 0)
        self.assertIn("caf\ufffd.wav", report.read_text(encoding="utf-8"))

    def test_a_file_name_cannot_command_the_terminal(self):
        path = self.directory / "a\x1b[2Jb.wav"
        done = support.run(path)
        self.check_error(done, 1, "there is no such file")
        self.assertNotIn("\x1b", done.stderr)

    def test_a_language_that_the_model_does_not_know(self):
        self.check_error(support.run("-m", self.model, "-l", "klingon", self.good), 2, "--language", "klingon")

    def test_german_is_refused_by_an_english_model(self):
        model = support.need_model("tiny.en")
        self.check_error(support.run("-m", model, "-l", "German", self.good), 2, "--language", "only English")
        self.check_error(support.run("-m", model, "--task", "translate", self.good), 2, "--task", "only English")


if __name__ == "__main__":
    support.main()
