"""Text comes while the work goes on: of a file's first window, and of a pipe that is still open."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import wave

import support


class Live(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")

    def start(self, *arguments, **options):
        command = [support.BINARY, "-m", self.model, "-l", "en", *map(os.fspath, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        child = subprocess.Popen(command, env={**os.environ, "XDG_CONFIG_HOME": os.devnull, "TERM": "xterm"}, **options)
        for pipe in filter(None, (child.stdin, child.stdout, child.stderr)):
            self.addCleanup(pipe.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def line(self, child, seconds=120):
        """The next line of stdout; fails if none comes although the program waits for more."""
        ready, _, _ = select.select([child.stdout], [], [], seconds)
        self.assertTrue(ready, "no text came while the pipe was open")
        return child.stdout.readline().decode()

    def heard(self, recording, through_pipe=False):
        if not through_pipe:
            done = support.run("-q", "-m", self.model, "-l", "en", recording)
        else:
            done = support.run("-q", "-m", self.model, "-l", "en", "-", stdin=recording.read_bytes())
        self.check_exit(done, 0)
        return done.stdout


class Pipe(Live):
    def test_what_was_said_is_printed_before_the_pipe_ends(self):
        recording, words = sorted(support.librivox().items())[0]
        child = self.start("-", stdin=subprocess.PIPE)
        child.stdin.write(recording.read_bytes())
        child.stdin.flush()
        text = self.line(child)  # the pipe is still open
        self.assertIsNone(child.poll())
        child.stdin.close()
        text += child.stdout.read().decode()
        self.assertEqual(child.wait(timeout=60), 0)
        said = support.words(words)
        self.assertLess(support.word_errors(said, support.words(text)), 0.5 * len(said))

    @support.needs("ffmpeg")
    def test_what_people_stream_comes_while_the_pipe_is_open(self):
        support.need_program("ffmpeg")
        recording, words = sorted(support.librivox().items())[0]
        for name, codec in (("ogg", "libvorbis"), ("opus", "libopus"), ("webm", "libopus"), ("mp3", "libmp3lame"), ("aac", "aac")):
            with self.subTest(name):
                file = self.directory / f"talk.{name}"
                encoded = ["ffmpeg", "-v", "error", "-i", recording, "-c:a", codec, file]
                if subprocess.run(encoded, stderr=subprocess.DEVNULL, check=False).returncode != 0:
                    continue  # this ffmpeg lacks the encoder
                child = self.start("-", stdin=subprocess.PIPE)
                child.stdin.write(file.read_bytes())
                child.stdin.flush()
                text = self.line(child)
                child.stdin.close()
                text += child.stdout.read().decode()
                self.assertEqual(child.wait(timeout=60), 0)
                said = support.words(words)
                self.assertLess(support.word_errors(said, support.words(text)), 0.5 * len(said))

    def test_a_pipe_that_goes_on_after_a_pause_is_heard_on(self):
        recordings = sorted(support.librivox())[:2]
        parts = []
        for recording in recordings:
            with wave.open(os.fspath(recording)) as source:
                parameters = source.getparams()
                parts.append(source.readframes(source.getnframes()))
        header = self.directory / "header.wav"
        with wave.open(os.fspath(header), "wb") as target:
            target.setparams(parameters)
            target.writeframes(b"".join(parts))
        whole = header.read_bytes()
        first = len(whole) - len(parts[1])
        for claimed in (None, 0xFFFFFFFF):  # with its length, and without, as FFmpeg writes it to a pipe
            with self.subTest(claimed):
                data = whole if claimed is None else whole[:40] + claimed.to_bytes(4, "little") + whole[44:]
                child = self.start("-", stdin=subprocess.PIPE)
                child.stdin.write(data[:first])
                child.stdin.flush()
                text = self.line(child)
                child.stdin.write(data[first:])
                child.stdin.close()
                text += child.stdout.read().decode()
                self.assertEqual(child.wait(timeout=60), 0)
                for recording in recordings:
                    said = support.words(support.librivox()[recording])
                    missing = [word for word in said if word not in support.words(text)]
                    self.assertLess(len(missing), 0.4 * len(said), text)

    def test_a_pipe_that_does_not_pause_has_the_words_of_the_file(self):
        recording = support.long_recording(self.directory / "long.wav", 90)
        self.assertEqual(self.heard(recording, through_pipe=True), self.heard(recording))
        formats = support.shared_audio() / "formats"
        for name in ("jfk.flac", "jfk.mp3"):
            if (formats / name).is_file():
                with self.subTest(name):
                    self.assertEqual(
                        support.words(self.heard(formats / name, through_pipe=True)), support.words(self.heard(formats / name))
                    )


class Order(Live):
    def test_the_first_lines_come_before_most_of_the_file_is_encoded(self):
        recording = support.long_recording(self.directory / "long.wav", 400)
        child = self.start("--report", self.directory / "report.json", recording)
        self.assertTrue(self.line(child))
        child.stdout.read()
        self.assertEqual(child.wait(timeout=300), 0)
        windows = json.loads((self.directory / "report.json").read_text(encoding="utf-8"))["windows"]
        first = next(window for window in windows if window["window"] == 0)
        before = [window for window in windows if window["encoder"][0] < first["decoder"][1]]
        self.assertEqual([window["window"] for window in before], [0])
        beside = max(
            sum(other["decoder"][0] <= window["decoder"][0] < other["decoder"][1] for other in windows) for window in windows
        )
        self.assertGreaterEqual(beside, 4)  # and then the batch grows


class Bar(Live):
    def test_the_bar_moves_with_each_window_and_tells_no_time_left_before_the_first_text(self):
        recording = support.long_recording(self.directory / "long.wav", 300)
        master, slave = pty.openpty()
        child = self.start(recording, stdout=slave, stderr=slave)
        os.close(slave)
        seen = support.read_terminal(master).decode()
        self.assertEqual(child.wait(timeout=300), 0, seen)
        frames = re.findall(r"\r([^\r\n]*?\d+ %[^\r\n]*?)\x1b\[K", seen)
        positions = [re.search(r"(\d+:\d\d) of \d+:\d\d", frame) for frame in frames]
        self.assertGreaterEqual(len({match.group(1) for match in positions if match}), 5, frames)
        text_at = re.search(r"\n", seen).start()
        self.assertIn("%", seen[:text_at])  # it moved while the first window had no text yet
        self.assertNotIn(" left", seen[:text_at])


class Stopping(Live):
    def test_one_signal_ends_a_wait_for_a_pipe_or_a_fifo(self):
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        half = sorted(support.librivox())[0].read_bytes()[:1000]
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for name in ("a FIFO without a writer", "a FIFO with one", "a pipe", "a list of files"):
                with self.subTest(f"{number.name}, {name}"):
                    out = self.directory / "out"
                    options = ["-f", "json", "-o", out]
                    writer = None
                    if name == "a pipe":
                        child = self.start(*options, "-", stdin=subprocess.PIPE)
                        child.stdin.write(half)
                        child.stdin.flush()
                    elif name == "a list of files":
                        child = self.start(*options, "--files-from", "-", stdin=subprocess.PIPE)
                    else:
                        if name == "a FIFO with one":
                            writer = os.open(fifo, os.O_RDWR)
                            os.write(writer, half)
                        child = self.start(*options, fifo)
                    self.wait_until_it_waits(child)
                    child.send_signal(number)
                    begin = time.monotonic()
                    _, stderr = child.communicate(timeout=60)
                    seconds = time.monotonic() - begin
                    if writer is not None:
                        os.close(writer)
                    self.assertEqual(child.returncode, code, stderr)
                    self.assertIn(b"npuscribe: interrupted", stderr)
                    self.assertLess(seconds, 20)  # a second on an idle machine
                    self.assertEqual(list(out.glob("*")) if out.exists() else [], [])

    def wait_until_it_waits(self, child):
        """Until it has used no CPU for a while: it has begun, the model is loaded, and nothing is to be done."""
        quiet = 0
        last = None
        for _ in range(1200):
            self.assertIsNone(child.poll(), "it ended before it was told to")
            with open(f"/proc/{child.pid}/stat", encoding="utf-8") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            used = int(fields[11]) + int(fields[12])
            quiet = quiet + 1 if used == last else 0
            if quiet == (15 if used > 0 else 50):
                return
            last = used
            time.sleep(0.1)
        self.fail("it never waited")


if __name__ == "__main__":
    support.main()
