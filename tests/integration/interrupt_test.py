"""Ctrl-C, closed pipes and full disks: no half-written files, nothing alarming on the screen."""

import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import time

import support


class Interrupt(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.out = self.directory / "out"

    def start(self, *arguments, **options):
        command = [support.BINARY, "-m", self.model, "-l", "en", *map(os.fspath, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        child = subprocess.Popen(command, **options)
        for pipe in filter(None, (child.stdout, child.stderr)):
            self.addCleanup(pipe.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def recordings(self):
        """Short recordings first, then one of an hour that the test does not wait for."""
        inputs = []
        for i, recording in enumerate(sorted(support.librivox())[:3]):
            inputs.append(self.directory / f"{i}-short.wav")
            inputs[-1].symlink_to(recording)
        return [*inputs, support.long_recording(self.directory / "long.wav", 3600)]

    def wait_for(self, condition, child, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            self.assertIsNone(child.poll(), "it ended before it could be interrupted")
            self.assertLess(time.monotonic(), end, "nothing happened")
            time.sleep(0.02)

    def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_half_done(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number.name):
                out = self.directory / number.name
                report = self.directory / f"{number.name}.json"
                inputs = self.recordings() if not (self.directory / "long.wav").exists() else sorted(self.directory.glob("*.wav"))
                child = self.start("-f", "json", "-o", out, "--report", report, "--batch-size", "1", *inputs)
                self.wait_for(lambda: out.is_dir() and any(out.glob("*.json")), child)
                child.send_signal(number)
                _, stderr = child.communicate(timeout=60)
                self.assertEqual(child.returncode, code, stderr)
                self.assertIn(b"npuscribe: interrupted", stderr)
                self.assertRegex(stderr, rb"[1-3] done, 0 failed, [1-3] not done")
                written = [path for path in out.iterdir() if path.name != "long.json.partial"]
                self.assertTrue(written)
                for path in written:
                    self.assertEqual(path.suffix, ".json")
                    self.assertTrue(json.loads(path.read_text(encoding="utf-8"))["segments"])
                self.assertNotIn("long.json", {path.name for path in written})
                states = [file["status"] for file in json.loads(report.read_text(encoding="utf-8"))["files"]]
                self.assertEqual(states.count("done"), len(written))
                self.assertEqual(states[-1], "interrupted")

    def test_a_long_file_that_was_stopped_goes_on_from_the_last_finished_window(self):
        recording = support.long_recording(self.directory / "long.wav", 400)
        whole = self.directory / "whole"
        self.check_exit(support.run("-q", "-m", self.model, "-l", "en", "-f", "json", "-o", whole, recording), 0)
        expected = (whole / "long.json").read_bytes()
        partial = self.out / "long.json.partial"
        for number in (signal.SIGTERM, signal.SIGKILL):  # the second goes on from the first
            child = self.start("-f", "json,txt", "-o", self.out, "--skip-existing", "--batch-size", "1", recording)
            before = partial.stat().st_size if partial.exists() else 0
            self.wait_for(lambda: partial.exists() and partial.stat().st_size > before, child)
            child.send_signal(number)
            child.communicate(timeout=60)
            self.assertNotEqual(child.returncode, 0)
            self.assertEqual(list(self.out.glob("*.json")), [])
        report = self.directory / "report.json"
        command = ["-m", self.model, "-l", "en", "-f", "json,txt", "-o", self.out, "--skip-existing", "--report", report, recording]
        done = support.run(*command)
        self.check_exit(done, 0)
        self.assertIn("goes on from", done.stderr)
        self.assertEqual((self.out / "long.json").read_bytes(), expected)
        self.assertFalse(partial.exists())
        windows = {window["window"] for window in json.loads(report.read_text(encoding="utf-8"))["windows"]}
        self.assertNotIn(0, windows)
        self.assertIn(max(windows), windows)
        again = support.run(*command)
        self.check_exit(again, 0)
        self.assertIn("1 skipped", again.stderr)

    def test_a_part_of_another_run_s_options_is_not_gone_on_with(self):
        recording = support.long_recording(self.directory / "long.wav", 200)
        child = self.start("-f", "json", "-o", self.out, "--batch-size", "1", recording)
        self.wait_for((self.out / "long.json.partial").exists, child)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
        done = support.run(
            "-m", self.model, "-l", "en", "-f", "json", "-o", self.out, "--skip-existing", "--beam-size", "2", recording
        )
        self.check_exit(done, 0)
        self.assertNotIn("goes on from", done.stderr)

    def test_a_format_that_cannot_be_written_does_not_stop_the_others(self):
        recording = sorted(support.librivox())[0]
        self.out.mkdir()
        child = self.start(
            "-f", "json,txt,srt", "-o", self.out, recording,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        )  # fmt: skip
        _, stderr = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 1, stderr)
        self.assertRegex(stderr, rb"error: .*cannot write .*\.json: .*ulimit -f")
        self.assertEqual({path.suffix for path in self.out.iterdir()}, {".txt", ".srt"})

    def test_a_model_that_shrinks_while_it_is_read_is_an_error_with_a_message(self):
        model = self.directory / "model"
        recording = sorted(support.librivox())[0]
        source = support.models_directory() / self.model
        codes = []
        for moment in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
            shutil.rmtree(model, ignore_errors=True)
            shutil.copytree(source, model)
            command = [support.BINARY, "-m", model, "-l", "en", recording]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            time.sleep(moment)
            os.truncate(model / "model.bin", 1 << 20)
            _, stderr = child.communicate(timeout=120)
            codes.append(child.returncode)
            self.assertIn(child.returncode, (0, 3), stderr)  # 0: all of it was read before
            if child.returncode == 3:
                self.assertRegex(stderr, rb"npuscribe: error: .*model\.bin")
        self.assertIn(3, codes)

    def test_too_little_memory_is_an_error_with_a_message_and_what_is_written_is_whole(self):
        recordings = sorted(support.librivox())[:2]
        codes = []
        for megabytes in (4000, 700, 500, 400, 300, 200):
            out = self.directory / f"out-{megabytes}"
            size = megabytes << 20
            child = self.start(
                "-f", "json", "-o", out, *recordings, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))
            )
            _, stderr = child.communicate(timeout=300)
            codes.append(child.returncode)
            self.assertIn(child.returncode, (0, 1, 3), (megabytes, stderr))
            if child.returncode != 0:
                self.assertIn(b"error: ", stderr)
            for path in out.iterdir() if out.exists() else ():
                self.assertTrue(json.loads(path.read_text(encoding="utf-8"))["segments"])
        self.assertEqual(codes[0], 0)
        self.assertNotEqual(codes[-1], 0)

    def test_a_second_ctrl_c_ends_it_at_once(self):
        child = self.start("-f", "json", "-o", self.out, *self.recordings())
        self.wait_for(lambda: self.out.is_dir(), child)
        time.sleep(0.5)  # handlers are in place before the model is loaded
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)
        start = time.monotonic()
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130)
        self.assertLess(time.monotonic() - start, 5)

    def test_a_reader_that_leaves_is_no_error(self):
        child = self.start(self.recordings()[-1])
        self.assertTrue(child.stdout.readline())
        child.stdout.close()
        start = time.monotonic()
        stderr = child.stderr.read().decode()
        self.assertEqual(child.wait(timeout=120), 0, stderr)
        self.assertLess(time.monotonic() - start, 60)
        self.assertNotIn("error", stderr)
        self.assertNotIn("Broken pipe", stderr)

    def test_files_are_written_even_if_the_reader_has_left(self):
        reading, writing = os.pipe()
        os.close(reading)
        recording = sorted(support.librivox())[0]
        child = self.start("-f", "txt", "-o", self.out, recording, stdout=writing)
        os.close(writing)
        self.assertEqual(child.wait(timeout=120), 0, child.stderr.read().decode())
        self.assertTrue((self.out / f"{recording.stem}.txt").read_text(encoding="utf-8").strip())

    def test_a_full_disk_under_stdout_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [support.BINARY, "-m", self.model, "-l", "en", sorted(support.librivox())[0]],
                stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"cannot write to standard output", done.stderr)

    def test_a_closed_stdout_is_an_error_and_no_other_file_takes_its_place(self):
        command = [
            "sh", "-c", 'exec "$0" "$@" >&-',
            support.BINARY, "-m", self.model, "-l", "en", "--report", self.directory / "report.json", sorted(support.librivox())[0],
        ]  # fmt: skip
        done = subprocess.run(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"cannot write to standard output: it is closed", done.stderr)
        json.loads((self.directory / "report.json").read_text(encoding="utf-8"))


class Terminal(support.Case):
    """Runs with stderr on a terminal."""

    def on_terminal(self, **environment):
        model = support.need_model("tiny.en", "base")
        recording = support.long_recording(self.directory / "a.wav", 60)
        master, slave = pty.openpty()
        child = subprocess.Popen(
            [support.BINARY, "-m", model, "-l", "en", recording],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave, env=dict(os.environ, **environment),
        )  # fmt: skip
        os.close(slave)
        seen = support.read_terminal(master)
        self.assertEqual(child.wait(), 0, seen)
        return seen.decode()

    def test_progress_is_one_line_that_is_gone_at_the_end(self):
        seen = self.on_terminal(TERM="xterm")
        self.assertRegex(seen, r"\r\S.* %.*\x1b\[K")
        self.assertNotRegex(seen, r"%[^\r]*\n")  # no progress line was left standing
        self.assertNotRegex(seen, r"\x1b\[[0-9;]*m")  # and no colours

    def test_a_terminal_without_control_sequences_gets_plain_lines(self):
        self.assertNotIn("\x1b", self.on_terminal(TERM="dumb"))


if __name__ == "__main__":
    support.main()
