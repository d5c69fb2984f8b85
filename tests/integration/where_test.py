"""Parts of the audio: by time, and by channel."""

import json
import os
import resource
import wave

import support


class Where(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.out = self.directory / "out"

    def transcribe(self, audio, *arguments, **options):
        """The JSON document of a transcript, and stdout."""
        done = support.run("-m", self.model, "-l", "en", "-f", "json", "-o", self.out, *arguments, audio, **options)
        self.check_exit(done, 0)
        (written,) = self.out.glob("*.json")
        document = json.loads(written.read_text(encoding="utf-8"))
        written.unlink()
        return document, done.stdout

    def jfk(self):
        """11 s: "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your
        country", with a pause from 2.3 s to 3.3 s and one from 7.6 s to 8.2 s (a look at the waveform)."""
        return support.shared_audio() / "formats" / "jfk.wav"

    def test_offset_and_duration_have_the_files_times(self):
        for name in ("jfk.wav", "jfk.flac", "jfk.mp3"):
            for vad in ("--vad", "--no-vad"):
                with self.subTest(name, vad=vad):
                    audio = self.jfk().with_name(name)
                    document, _ = self.transcribe(audio, vad, "--offset", "0:08", "--duration", "3")
                    self.assertEqual(support.words(document["text"]), "ask what you can do for your country".split())
                    self.assertGreaterEqual(document["segments"][0]["start"], 8)
                    self.assertLessEqual(document["segments"][-1]["end"], 11.01)
                    self.assertAlmostEqual(document["duration"], 3, places=2)

    def test_clips_leave_out_what_is_between_them(self):
        document, _ = self.transcribe(self.jfk(), "--clip-timestamps", "0,2.6,8")
        words = support.words(document["text"])
        self.assertIn("americans", words)
        self.assertEqual(words[-8:], "ask what you can do for your country".split())
        self.assertNotIn("not", words)  # "ask not what your country ..."
        for segment in document["segments"]:
            self.assertTrue(segment["end"] <= 2.6 or segment["start"] >= 8, segment)
        self.assertAlmostEqual(document["duration"], 5.6, places=2)

    def test_words_have_the_files_times_too(self):
        document, _ = self.transcribe(self.jfk(), "--offset", "8", "--word-timestamps")
        words = [word for segment in document["segments"] for word in segment["words"]]
        self.assertEqual(words[-1]["word"].strip(" ."), "country")
        self.assertTrue(all(8 <= word["start"] <= word["end"] <= 11.01 for word in words), words)

    def test_an_offset_beyond_the_end_is_an_error_that_says_where_the_end_is(self):
        done = support.run("-m", self.model, "--offset", "1:00", self.jfk())
        self.check_error(done, 1, "60.00 s", "ends at 11.00 s")

    def test_whisper_cpps_milliseconds(self):
        document, _ = self.transcribe(self.jfk(), "-ot", "8000", "-d", "3000")
        self.assertEqual(support.words(document["text"]), "ask what you can do for your country".split())

    def test_an_offset_far_into_a_long_file_costs_neither_memory_nor_time(self):
        """Ten hours of 16-bit audio are more than a gigabyte; the file has holes, its end is speech."""
        path = self.directory / "long.wav"
        with wave.open(os.fspath(self.jfk())) as source:
            parameters, speech = source.getparams(), source.readframes(source.getnframes())
        seconds = 36000
        with wave.open(os.fspath(path), "wb") as target:
            target.setparams(parameters)
            target.setnframes(seconds * 16000 + parameters.nframes)
            target.writeframes(b"")
        with open(path, "r+b") as file:
            header = file.read()
            file.write(b"\0" * (44 - len(header)))
            size = seconds * 32000 + len(speech)
            file.seek(4)
            file.write((36 + size).to_bytes(4, "little"))
            file.seek(40)
            file.write(size.to_bytes(4, "little"))
            file.seek(44 + seconds * 32000)
            file.write(speech)
        report = self.directory / "report.json"
        document, _ = self.transcribe(path, "--offset", "10:00:00", "--report", report)
        self.assertIn("fellow americans", " ".join(support.words(document["text"])))
        self.assertGreaterEqual(document["segments"][0]["start"], seconds)
        totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
        self.assertAlmostEqual(totals["audio_seconds"], 11, places=1)
        self.assertLess(totals["stages"]["decode"], 1)  # reading it all takes several seconds
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 1_000_000)  # KiB

    LEFT = "he began a confused complaint against the wizard who had vanished behind the curtain on the left".split()
    RIGHT = "the horizon seems extremely distant".split()

    def stereo(self):
        return support.shared_audio() / "formats" / "stereo_diarization.wav"

    def test_one_channel(self):
        for channel, words in (("left", self.LEFT), ("right", self.RIGHT)):
            document, _ = self.transcribe(self.stereo(), "--channel", channel)
            self.assertEqual(support.words(document["text"]), words)
            self.assertNotIn("speaker", document["segments"][0])

    def test_split_channels_are_two_speakers(self):
        for audio, options in ((self.stereo(), {}), ("-", {"stdin": self.stereo().read_bytes()})):
            document, stdout = self.transcribe(audio, "--channel", "split", **options)
            said = {"0": [], "1": []}
            for segment in document["segments"]:
                said[segment["speaker"]] += support.words(segment["text"])
            self.assertEqual(said, {"0": self.LEFT, "1": self.RIGHT})
            starts = [segment["start"] for segment in document["segments"]]
            self.assertEqual(starts, sorted(starts))
            self.assertAlmostEqual(document["duration"], 5, places=1)
            for line in stdout.splitlines():
                self.assertRegex(line, r"^\(speaker [01]\) \w")

    def test_standard_input_from_a_file_is_split_too(self):
        with self.stereo().open("rb") as file:
            document, _ = self.transcribe("-", "--channel", "split", stdin=file)
        self.assertEqual({segment["speaker"] for segment in document["segments"]}, {"0", "1"})

    def test_clips_and_channels_together(self):
        document, _ = self.transcribe(self.stereo(), "--channel", "split", "--duration", "3")
        for segment in document["segments"]:
            self.assertLessEqual(segment["end"], 3.01)
        right = [segment["text"] for segment in document["segments"] if segment["speaker"] == "1"]
        self.assertEqual(support.words("".join(right)), self.RIGHT)

    def test_mono_cannot_be_split_and_other_files_are_still_transcribed(self):
        report = self.directory / "report.json"
        done = support.run(
            "-m", self.model, "-l", "en", "--channel", "split", "--report", report, self.jfk(), self.stereo()
        )
        self.check_error(done, 1, "jfk.wav", "has 1 channel, and 2 are needed", "speakers are told apart by channel")
        self.assertIn("(speaker 1) ", done.stdout)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
        self.assertEqual([file["status"] for file in files], ["failed", "done"])
        self.check_error(support.run("-m", self.model, "--channel", "right", self.jfk()), 1, "no channel 2")


if __name__ == "__main__":
    support.main()
