"""Many files at once: trees, lists, runs that continue where another stopped, and the summary at the end."""

import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import fcntl

import support


class Batch(support.Case):
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

    def written(self):
        return sorted(os.fspath(path.relative_to(self.out)) for path in self.out.rglob("*") if path.is_file())

    def test_the_tree_of_a_directory_is_kept(self):
        for place in ("", "a", "b/c"):
            (self.input / place).mkdir(parents=True, exist_ok=True)
            shutil.copy(support.short_recordings(self.directory, 1)[0], self.input / place / "talk.wav")
        self.run_npuscribe("-r", "-f", "txt", "-o", self.out, self.input)
        self.assertEqual(self.written(), ["a/talk.txt", "b/c/talk.txt", "talk.txt"])

    def test_two_inputs_with_one_output_are_refused_before_any_work(self):
        first, second = self.input / "talk.wav", self.directory / "talk.wav"
        for path in (first, second):
            path.touch()
        done = support.run("-m", "no-such-model", "-f", "txt", "-o", self.out, self.input, second)
        self.check_error(done, 2, first, second, self.out / "talk.txt")
        self.assertFalse(self.out.exists())

    def test_a_list_of_files_by_lines_and_by_nuls(self):
        recordings = support.short_recordings(self.input, 2, seconds=1)
        strange = self.input / "two\nlines.wav"
        recordings[1].rename(strange)
        listed = self.directory / "list"
        listed.write_bytes(os.fsencode(recordings[0]) + b"\r\n")
        self.run_npuscribe("-f", "txt", "-o", self.out, "--files-from", listed)
        self.assertEqual(self.written(), ["000.txt"])
        names = b"".join(os.fsencode(path) + b"\0" for path in (recordings[0], strange))
        self.run_npuscribe("-f", "txt", "-o", self.out, "--files-from", "-", stdin=names)
        self.assertEqual(self.written(), ["000.txt", "two\nlines.txt"])

    def test_a_list_that_cannot_be_read_or_names_nothing(self):
        empty = self.directory / "empty"
        empty.touch()
        self.check_error(support.run("--files-from", empty), 2, "--files-from", "expected a list that names files")
        self.check_error(support.run("--files-from", self.directory / "none"), 2, "--files-from", "can be read")
        self.check_error(support.run("--files-from", "-", "-", stdin=b"a.wav\n"), 2, "read only once")

    def test_skip_existing_transcribes_what_is_missing_and_counts_the_rest(self):
        recordings = support.short_recordings(self.input, 3, seconds=1)
        report = self.directory / "report.json"
        arguments = ("-f", "txt,json", "-o", self.out, "--report", report, "--skip-existing", self.input)
        self.run_npuscribe(*arguments)
        before = {path: path.stat().st_mtime_ns for path in self.out.iterdir()}
        (self.out / "001.json").unlink()
        done = self.run_npuscribe(*arguments)
        self.assertIn("1 done, 0 failed, 2 skipped", done.stderr)
        after = {path: path.stat().st_mtime_ns for path in self.out.iterdir()}
        self.assertEqual(set(after), set(before))
        changed = {path.name for path in after if after[path] != before[path]}
        self.assertEqual(changed, {"001.txt", "001.json"})
        document = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual([file["status"] for file in document["files"]], ["skipped", "done", "skipped"])
        self.assertEqual([document["totals"][key] for key in ("files", "done", "skipped")], [3, 1, 2])
        self.assertAlmostEqual(document["totals"]["audio_hours"], 1 / 3600, places=6)

        # Nothing to do: no model is needed for that.
        nowhere = {**os.environ, "XDG_CONFIG_HOME": os.devnull, "NPUSCRIBE_MODELS": os.fspath(self.directory / "none")}
        done = self.run_npuscribe(*arguments, env=nowhere)
        self.assertIn("0 done, 0 failed, 3 skipped", done.stderr)
        self.assertEqual(len(recordings), 3)

    def test_an_output_of_another_file_of_the_same_name_does_not_count(self):
        first, second = support.short_recordings(self.input, 2, seconds=2)
        for recording, place in ((first, "a"), (second, "b")):
            (self.directory / place).mkdir()
            recording.rename(self.directory / place / "x.wav")
        arguments = ("-f", "txt", "-o", self.out, "--skip-existing")
        self.run_npuscribe(*arguments, self.directory / "a" / "x.wav")
        text = (self.out / "x.txt").read_text(encoding="utf-8")
        done = self.run_npuscribe(*arguments, self.directory / "b" / "x.wav")
        self.assertNotEqual((self.out / "x.txt").read_text(encoding="utf-8"), text)
        self.assertIn(f"not skipped: {self.out}/x.txt is there, but it was made of {self.directory}/a/x.wav", done.stderr)
        # The same again is skipped, with other threads, too, but not with other words.
        self.assertIn("1 skipped", self.run_npuscribe(*arguments, "--threads", "1", self.directory / "b" / "x.wav").stderr)
        done = self.run_npuscribe(*arguments, "--beam-size", "1", self.directory / "b" / "x.wav")
        self.assertIn("made with other options", done.stderr)
        # A copy without the record counts by its name.
        (self.out / "x.txt").write_text("by hand")
        os.replace(self.out / "x.txt", self.out / "y.txt")
        (self.out / "x.txt").write_bytes((self.out / "y.txt").read_bytes())
        done = self.run_npuscribe(*arguments, self.directory / "b" / "x.wav")
        self.assertIn("1 skipped (1 by name alone)", done.stderr)

    def test_skip_existing_needs_files_to_look_for(self):
        self.check_error(support.run("--skip-existing", self.input), 2, "--skip-existing", "--output-format")

    def test_a_file_that_failed_is_reported_once_and_counted_at_the_end(self):
        support.short_recordings(self.input, 2, seconds=1)
        (self.input / "bad.wav").write_bytes(b"this is no audio, whatever its name says" * 100)
        done = self.run_npuscribe(self.input, self.directory / "gone.wav", code=1)
        lines = done.stderr.splitlines()
        self.assertRegex(lines[-1], r"^npuscribe: 2 done, 2 failed, English, 0:02 of audio in \d+\.\d s, \d+\.\d x realtime, device \w+ \(")
        self.assertEqual(done.stderr.count("is not readable audio"), 1)
        self.assertEqual(done.stderr.count(f"{self.directory / 'gone.wav'}: there is no such file"), 1)

    def test_without_a_terminal_every_file_is_one_line(self):
        recordings = support.short_recordings(self.input, 2, seconds=1)
        done = self.run_npuscribe("-f", "txt", "-o", self.out, self.input)
        for i, recording in enumerate(recordings, 1):
            self.assertIn(f"npuscribe: {i}/2 {recording}: done, 0:01 of audio\n", done.stderr)
        self.assertIsNone(re.search(r"[\r\x1b]", done.stderr))
        quiet = self.run_npuscribe("-q", "-f", "txt", "-o", self.out, self.input)
        self.assertEqual((quiet.stdout, quiet.stderr), ("", ""))

    def test_names_that_are_not_utf8(self):
        recordings = support.short_recordings(self.input, 2, seconds=1)
        names = [b"caf\xe9.wav", b"caf\xe8.wav"]
        for recording, name in zip(recordings, names):
            os.rename(recording, os.path.join(os.fsencode(self.input), name))
        report = self.directory / "report.json"
        done = self.run_npuscribe("-f", "txt,json", "-o", self.out, "--report", report, self.input)
        found = sorted(os.listdir(os.fsencode(self.out)))
        self.assertEqual(found, [b"caf\xe8.json", b"caf\xe8.txt", b"caf\xe9.json", b"caf\xe9.txt"])
        document = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual([os.path.basename(file["path"]) for file in document["files"]], ["caf\ufffd.wav"] * 2)
        self.assertIn("2 done, 0 failed", done.stderr)
        again = self.run_npuscribe("--skip-existing", "-f", "txt,json", "-o", self.out, self.input)
        self.assertIn("0 done, 0 failed, 2 skipped", again.stderr)


class Screen(support.Case):
    """What a person sees on a terminal of a given width."""

    def on_terminal(self, columns, *arguments, **environment):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen(
            [support.BINARY, *map(os.fspath, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=slave,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment},
        )  # fmt: skip
        os.close(slave)
        seen = support.read_terminal(master)
        return child.wait(), seen.decode("utf-8", "surrogateescape")

    def test_the_batch_and_the_file_on_one_line_of_a_narrow_terminal(self):
        model = support.need_model("tiny.en", "base")
        names = ["会議の録音、とても長い名前のファイル.wav", "Gespräch über Käse, zweiter Teil.wav", "c.wav"]
        for recording, name in zip(support.short_recordings(self.directory, 3), names):
            recording.rename(self.directory / name)
        for columns in (44, 100):
            code, seen = self.on_terminal(columns, "-m", model, "-l", "en", "--batch-size", "1", self.directory)
            self.assertEqual(code, 0, seen)
            lines = [line for line in re.findall(r"\r([^\r\n]*?)\x1b\[K", seen) if "files" in line]
            self.assertTrue(lines, seen)
            for line in lines:
                self.assertRegex(line, r"^[0-2]/3 files  ")
                wide = sum(1 + (ord(character) > 0x2E80) for character in line)  # CJK; nothing else here is wide
                self.assertLess(wide, columns, line)
            self.assertEqual(any("[" in line for line in lines), columns == 100, lines)

    def test_errors_are_red_unless_no_color_is_set(self):
        code, seen = self.on_terminal(80, "--beam-size", "many")
        self.assertEqual(code, 2)
        self.assertIn("npuscribe: \x1b[1;31merror:\x1b[0m invalid value 'many' for --beam-size", seen)
        _, seen = self.on_terminal(80, "--beam-size", "many", NO_COLOR="1")
        self.assertIn("npuscribe: error: invalid value 'many' for --beam-size", seen)
        self.assertNotIn("\x1b", seen)


if __name__ == "__main__":
    support.main()
