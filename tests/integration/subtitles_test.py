"""--subtitles on real speech, checked rule by rule by scripts/check-subtitles, and the options that it has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import support

CHECK = Path(__file__).resolve().parents[2] / "scripts" / "check-subtitles"


class Subtitles(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("base", "tiny.en")

    def check(self, *recordings, options="--subtitles"):
        command = [sys.executable, "-B", CHECK, "--program", support.BINARY, "--model", self.model, f"--options={options}", *recordings]
        done = subprocess.run(list(map(os.fspath, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        return done.returncode, done.stdout.decode()

    def srt(self, recording, *options):
        out = self.directory / "out"
        done = support.run("-q", "-m", self.model, "-l", "en", "-f", "srt", "-o", out, *options, recording)
        self.check_exit(done, 0)
        return (out / f"{recording.stem}.srt").read_text(encoding="utf-8")

    def test_every_rule_holds_on_read_speech(self):
        recording = support.long_recording(self.directory / "long.wav", 60)
        code, report = self.check(recording, *sorted(support.librivox()))
        self.assertEqual(code, 0, report)
        self.assertGreater(int(re.search(r"^all +(\d+)", report, re.M).group(1)), 20)

    def test_every_rule_holds_in_other_languages_and_for_two_speakers(self):
        if self.model != "base":
            support.skip("models", "other languages need the model base")
        audio = support.shared_audio()
        code, report = self.check(*sorted((audio / "languages").iterdir()), audio / "formats" / "jfk.wav")
        self.assertEqual(code, 0, report)
        two = [audio / "formats" / name for name in ("stereo_diarization.wav", "chan3.2chan.wav")]
        code, report = self.check(*two, options="--subtitles --channel split")
        self.assertEqual(code, 0, report)

    def test_the_check_finds_what_line_options_alone_leave_undone(self):
        recording = support.long_recording(self.directory / "long.wav", 60)
        code, report = self.check(recording, options="--word-timestamps --max-line-width 42 --max-line-count 2")
        self.assertEqual(code, 1, report)
        self.assertIn("less than 83 ms before the next cue", report)

    def test_line_options_find_word_times_by_themselves(self):
        recording = sorted(support.librivox())[0]
        text = self.srt(recording, "--max-line-width", "20")
        lines = [line for line in text.splitlines() if re.search("[a-z]", line)]
        self.assertGreater(len(lines), 3)
        self.assertLessEqual(max(map(len, lines)), 20)
        self.assertEqual(text, self.srt(recording, "--word-timestamps", "--max-line-width", "20"))

    def test_the_numbers_of_the_preset_can_be_changed(self):
        recording = support.long_recording(self.directory / "long.wav", 40)
        preset = self.srt(recording, "--subtitles")
        changed = self.srt(recording, "--max-cue-duration", "3", "--min-cue-gap", "0.2", "--max-line-width", "30", "--max-line-count", "1")
        self.assertNotEqual(preset, changed)
        times = [[sum(float(part) * 60**i for i, part in enumerate(reversed(time.replace(",", ".").split(":")))) for time in pair]
                 for pair in re.findall(r"(\S+) --> (\S+)", changed)]  # fmt: skip
        self.assertGreater(len(times), 10)
        self.assertLessEqual(max(end - start for start, end in times), 3.001)
        self.assertGreaterEqual(min(after[0] - before[1] for before, after in zip(times, times[1:])), 0.199)
        texts = [block.split("\n")[2:] for block in changed.strip().split("\n\n")]
        self.assertEqual({len(lines) for lines in texts}, {1})
        self.assertLessEqual(max(len(lines[0]) for lines in texts), 30)


if __name__ == "__main__":
    support.main()
