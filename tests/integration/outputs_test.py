"""Where transcripts and reports go."""

import json
import os
import re
import subprocess

import support


class Outputs(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.recordings = sorted(support.librivox())
        self.out = self.directory / "out"

    def run_npuscribe(self, *arguments, **options):
        done = support.run("-m", self.model, "-l", "en", *arguments, **options)
        self.check_exit(done, 0)
        return done

    def test_stderr_is_one_line_unless_more_is_asked_for(self):
        done = self.run_npuscribe("--device", "cpu", self.recordings[0])
        self.assertRegex(done.stderr, r"\Anpuscribe: English, \d:\d\d of audio in \d+\.\d s, \d+\.?\d? x realtime, device cpu \([^)]+.*\)\n\Z")
        self.assertEqual(self.run_npuscribe(self.recordings[0]).stderr.count("\n"), 1)

    def test_a_detected_language_has_its_probability(self):
        done = support.run("-m", support.need_model("base"), self.recordings[0])
        self.check_exit(done, 0)
        self.assertRegex(done.stderr, r"\Anpuscribe: English \(\d+ %\), ")

    def test_the_table_of_stages_comes_with_timing(self):
        done = self.run_npuscribe("--timing", self.recordings[0])
        self.assertIn("prudently in his power", " ".join(done.stdout.split()))
        for part in ("load", "decode", "voice activity", "mel", "quantise", "matmul", "attention", "tokens/s", "total",
                     "x realtime", f"model {self.model}", "bfp16", "beam 5", "batch", "thread"):  # fmt: skip
            self.assertIn(part, done.stderr)
            self.assertNotIn("realtime", done.stdout)

    def test_quiet_leaves_the_transcript_alone(self):
        done = self.run_npuscribe("--quiet", self.recordings[0])
        self.assertIn("prudently", done.stdout)
        self.assertEqual(done.stderr, "")
        done = self.run_npuscribe("--quiet", "-f", "txt", "-o", self.out, self.recordings[0])
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_several_files_have_headers_on_stderr_and_pure_text_on_stdout(self):
        done = self.run_npuscribe(*self.recordings[:2])
        for recording in self.recordings[:2]:
            self.assertIn(f"==> {recording} <==", done.stderr)
            self.assertNotIn(recording.name, done.stdout)
        self.assertIn("2 done, 0 failed", done.stderr)
        first, second = done.stdout.find("Dashwood"), done.stdout.find("young man")
        self.assertTrue(0 <= first < second, done.stdout)

    def test_a_directory_gives_every_format_of_every_file(self):
        done = self.run_npuscribe("--output-format", "txt,srt,vtt,json", "--output-dir", self.out, support.LIBRIVOX)
        expected = {f"{r.stem}.{extension}" for r in self.recordings for extension in ("txt", "srt", "vtt", "json")}
        self.assertEqual({file.name for file in self.out.iterdir()}, expected)
        for recording in self.recordings:
            document = json.loads((self.out / f"{recording.stem}.json").read_text(encoding="utf-8"))
            text = (self.out / f"{recording.stem}.txt").read_text(encoding="utf-8")
            self.assertEqual(document["text"].split(), text.split())
            self.assertEqual(document["language"], "en")
            self.assertTrue(document["segments"])
            for segment in document["segments"]:
                self.assertLess(segment["start"], segment["end"])
                self.assertTrue(segment["tokens"])
                self.assertLess(segment["avg_logprob"], 0)
            self.assertIn(text.strip().splitlines()[0], done.stdout)

    @support.needs("ffprobe")
    def test_subtitles_are_subtitles_to_ffprobe(self):
        support.need_program("ffprobe")
        self.run_npuscribe("-f", "srt,vtt", "-o", self.out, self.recordings[0])
        for path in self.out.iterdir():
            command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name:packet=pts_time", "-of", "json", path]
            found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            self.assertEqual(found["streams"][0]["codec_name"], {".srt": "subrip", ".vtt": "webvtt"}[path.suffix])
            self.assertTrue(found["packets"])

    def test_one_format_of_one_input_goes_to_stdout(self):
        for name in ("srt", "json", "html"):
            with self.subTest(name):
                self.run_npuscribe("-f", name, "-o", self.out, self.recordings[0])
                done = self.run_npuscribe("-f", name, "-o", "-", self.recordings[0], cwd=self.directory)
                written = (self.out / f"{self.recordings[0].stem}.{name}").read_text(encoding="utf-8")
                if name == "html":  # the way to the recording is another
                    self.assertTrue(done.stdout.startswith("<!doctype html>"))
                    self.assertEqual(len(done.stdout.split("<span")), len(written.split("<span")))
                else:
                    self.assertEqual(done.stdout, written)
        self.assertFalse((self.directory / "-").exists())
        done = self.run_npuscribe("-q", "-f", "txt", "-o", "-", "-", stdin=self.recordings[0].read_bytes())
        self.assertIn("prudently", done.stdout)
        self.assertEqual(done.stderr, "")
        with open("/dev/full", "wb") as full:
            command = [support.BINARY, "-m", self.model, "-f", "srt", "-o", "-", self.recordings[0]]
            failed = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn(b"cannot write to standard output: No space left", failed.stderr)

    def test_times_stand_before_the_text_as_other_programs_print_them(self):
        self.run_npuscribe("-f", "json", "-o", self.out, self.recordings[0])
        document = json.loads((self.out / f"{self.recordings[0].stem}.json").read_text(encoding="utf-8"))
        for option in ("--print-timestamps", "--print_timestamps", "-pt"):
            done = self.run_npuscribe(option, self.recordings[0])
            lines = re.findall(r"^\[(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d\.\d{3})\]  (\S.*)$", done.stdout, re.MULTILINE)
            self.assertEqual(len(lines), len(done.stdout.splitlines()))
            for line, segment in zip(lines, document["segments"], strict=True):
                self.assertAlmostEqual(60 * int(line[0]) + float(line[1]), segment["start"], delta=0.002)
                self.assertAlmostEqual(60 * int(line[2]) + float(line[3]), segment["end"], delta=0.002)
                self.assertEqual(line[4], segment["text"].strip())

    def test_words_are_coloured_by_confidence_on_a_terminal_alone(self):
        # Speech that was cut off mid-word has words of low probability.
        recording = support.short_recordings(self.directory, 1, seconds=1)[0]
        plain = self.run_npuscribe("-pc", recording).stdout
        self.assertNotIn("\x1b", plain)
        arguments = ("-m", self.model, "-l", "en", "--print-colors", recording)
        code, seen = support.on_terminal(*arguments, streams=("stdout",))
        self.assertEqual(code, 0)
        self.assertRegex(seen, r"\x1b\[(33|31|1;31)m\S+\x1b\[0m")
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", seen), plain)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            _, seen = support.on_terminal(*arguments, streams=("stdout",), **environment)
            self.assertEqual(seen, plain)

    def test_the_outputs_of_one_input_can_be_named(self):
        self.run_npuscribe("-f", "txt,srt", "--output-name", "talk", "-o", self.out, self.recordings[0])
        self.run_npuscribe("-osrt", "-of", self.out / "sub" / "other", self.recordings[0])
        self.run_npuscribe("-f", "srt", "--output-name", "said.srt", "-o", self.out, "-", stdin=self.recordings[0].read_bytes())
        files = {os.fspath(file.relative_to(self.out)) for file in self.out.rglob("*") if file.is_file()}
        self.assertEqual(files, {"talk.txt", "talk.srt", "sub/other.srt", "said.srt"})

    def test_inputs_of_one_stem_keep_their_extension_whichever_of_them_is_there(self):
        wav, mp3 = (support.shared_audio() / "formats" / name for name in ("jfk.wav", "jfk.mp3"))
        done = self.run_npuscribe("-f", "srt", "-o", self.out, wav, mp3)
        self.assertEqual({file.name for file in self.out.iterdir()}, {"jfk.wav.srt", "jfk.mp3.srt"})
        self.assertEqual(done.stderr.count("jfk.wav, jfk.mp3"), 1)
        resumed = self.run_npuscribe("-f", "srt", "-o", self.out, "--skip-existing", wav, mp3)
        self.assertIn("0 done, 0 failed, 2 skipped", resumed.stderr)
        other = self.directory / "other"
        part = support.run("-m", self.model, "-f", "srt", "-o", other, wav, self.directory / "jfk.mp3")
        self.check_exit(part, 1)
        self.assertEqual([file.name for file in other.iterdir()], ["jfk.wav.srt"])

    def test_formats_without_a_directory_go_to_the_current_one(self):
        self.run_npuscribe("-osrt", self.recordings[0], cwd=self.directory)
        self.assertTrue((self.directory / f"{self.recordings[0].stem}.srt").is_file())

    def test_a_directory_without_formats_gets_all_of_them(self):
        self.run_npuscribe("-o", self.out, self.recordings[0])
        self.assertEqual(
            {file.name.removeprefix(self.recordings[0].stem) for file in self.out.iterdir()},
            {".txt", ".srt", ".vtt", ".tsv", ".csv", ".lrc", ".json", ".full.json", ".html"},
        )

    def test_standard_input(self):
        recording = self.recordings[0]
        from_file = self.run_npuscribe(recording)
        from_pipe = self.run_npuscribe("-f", "txt", "-o", self.out, "-", stdin=recording.read_bytes())
        self.assertEqual(from_pipe.stdout, from_file.stdout)
        self.assertEqual((self.out / "stdin.txt").read_text(encoding="utf-8"), from_file.stdout)

    def test_the_report_has_every_window_and_draws_it_as_a_page(self):
        recording = support.long_recording(self.directory / "long.wav", 100)
        self.run_npuscribe("--report", self.directory / "report.json", recording, self.recordings[0])
        report = json.loads((self.directory / "report.json").read_text(encoding="utf-8"))
        totals, windows = report["totals"], report["windows"]
        self.assertEqual(len(windows), totals["windows"] + totals["context_guard"])
        self.assertEqual({window["file"] for window in windows}, {0, 1})
        for window in windows:
            times = [totals["stages"]["load"]]
            for stage in ("read", "mel", "encoder", "decoder"):
                times += window[stage] or []
            self.assertEqual(times, sorted(times))
            self.assertLessEqual(times[-1], totals["wall_seconds"])
        encoder = sum(window["encoder"][1] - window["encoder"][0] for window in windows)
        self.assertAlmostEqual(encoder, totals["stages"]["encoder"], delta=0.02 * encoder)
        self.assertGreater(report["memory"]["peak_bytes"], 50e6)
        for sample in report["memory"]["resident"]:
            self.assertLessEqual(sample["bytes"], report["memory"]["peak_bytes"])

        self.run_npuscribe("--report", self.directory / "report.html", recording, self.recordings[0])
        page = (self.directory / "report.html").read_text(encoding="utf-8")
        self.assertTrue(page.startswith("<!doctype html>"))
        bars = len(re.findall(r"long\.wav[^<]*, encoder: ", page))
        self.assertEqual(bars, 2 * sum(w["file"] == 0 for w in windows))  # drawn for wide screens and for narrow ones

    def test_the_report_has_setup_stages_and_every_file(self):
        path = self.directory / "reports" / "report.json"
        missing = self.directory / "missing.wav"
        done = support.run("-m", self.model, "-l", "en", "--device", "cpu", "--threads", "1", "--report", path, *self.recordings[:2], missing)
        self.check_exit(done, 1)
        report = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(report["schema_version"], 1)
        self.assertEqual(report["setup"]["model"], self.model)
        self.assertEqual(report["setup"]["device"], "cpu")
        self.assertEqual(report["setup"]["precision"], "bfp16")
        self.assertEqual(report["setup"]["threads"], 1)
        self.assertEqual(report["options"]["language"], "en")
        self.assertEqual([file["status"] for file in report["files"]], ["done", "done", "failed"])
        self.assertEqual([file["path"] for file in report["files"]], [*map(os.fspath, self.recordings[:2]), str(missing)])
        self.assertIn("no such file", report["files"][2]["error"])
        totals = report["totals"]
        self.assertEqual((totals["done"], totals["failed"]), (2, 1))
        seconds = sum(file["audio_seconds"] for file in report["files"][:2])
        # 16-bit mono at 16 kHz behind a header of 44 bytes.
        expected = sum((r.stat().st_size - 44) / 32000 for r in self.recordings[:2])
        self.assertAlmostEqual(seconds, expected, places=2)
        self.assertAlmostEqual(totals["audio_seconds"], expected, places=2)
        self.assertAlmostEqual(totals["realtime_factor"], totals["audio_seconds"] / totals["wall_seconds"], places=6)
        for stage in ("load", "decode", "voice_activity", "mel", "encoder_matmul", "encoder_attention", "decoder"):
            self.assertGreater(totals["stages"][stage], 0, stage)
        # One thread, one device that is not asynchronous: the stages cannot take longer than everything.
        stages = totals["stages"]
        named = ("load", "decode", "voice_activity", "mel", "encoder", "cross_kv", "decoder")
        self.assertLessEqual(sum(stages[name] for name in named), totals["wall_seconds"] * 1.01)
        self.assertGreater(totals["tokens"], 20)

    def test_auto_says_which_device_it_took(self):
        self.assertRegex(self.run_npuscribe(self.recordings[0]).stderr, r", device (cpu|npu) \(")
        said = self.run_npuscribe("--verbose", self.recordings[0]).stderr
        reasons = [line for line in said.splitlines() if line.startswith("npuscribe: device ")]
        self.assertEqual(len(reasons), 1, said)
        self.assertLess(len(reasons[0]), 120)  # one short reason

    def test_no_control_characters_without_a_terminal(self):
        done = self.run_npuscribe(self.recordings[0])
        self.assertIsNone(re.search(r"[\r\x1b]", done.stderr + done.stdout))


if __name__ == "__main__":
    support.main()
