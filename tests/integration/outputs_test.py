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

    def test_stdout_is_the_transcript_and_stderr_the_timing_report(self):
        done = self.run_npuscribe(self.recordings[0])
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
        self.assertEqual(len(re.findall(r"long\.wav[^<]*, encoder: ", page)), sum(w["file"] == 0 for w in windows))

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
        self.assertRegex(self.run_npuscribe(self.recordings[0]).stderr, r"npuscribe: device (cpu|npu) \(")
        self.assertNotIn("npuscribe: device", self.run_npuscribe("--device", "cpu", self.recordings[0]).stderr)

    def test_no_control_characters_without_a_terminal(self):
        done = self.run_npuscribe(self.recordings[0])
        self.assertIsNone(re.search(r"[\r\x1b]", done.stderr + done.stdout))


if __name__ == "__main__":
    support.main()
