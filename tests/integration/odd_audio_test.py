"""Recordings as messengers, recorders and broken downloads leave them: everything that decodes is transcribed, at its place."""

import json
import os
import resource
import subprocess

import support

START = "my fellow americans"
MIDDLE = "what your country can do for you"
END = "what you can do for your country"


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(os.fspath, arguments)], check=True, stdin=subprocess.DEVNULL)


class OddAudio(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.audio = support.shared_audio()
        self.speech = self.audio / "formats" / "jfk.wav"  # 11 s

    def transcribe(self, path, *options, code=0, **more):
        """Returns the run, and the transcript as JSON with its words joined in lower case under "said"."""
        done = support.run("-m", self.model, "-l", "en", "-f", "json", "-o", self.directory / "out", *options, path, **more)
        self.check_exit(done, code)
        transcript = json.loads((self.directory / "out" / f"{path.stem}.json").read_text(encoding="utf-8"))
        transcript["said"] = " ".join(support.words(transcript["text"]))
        return done, transcript

    def check_said(self, transcript, *parts):
        for part in parts:
            self.assertIn(part, transcript["said"])

    def start_of(self, transcript, words):
        """When the segment begins in which these words are; they must not be in two."""
        found = [s["start"] for s in transcript["segments"] if words in " ".join(support.words(s["text"]))]
        self.assertEqual(len(found), 1, transcript["segments"])
        return found[0]


class WithoutFfmpeg(OddAudio):
    def test_a_voice_note_without_the_flag_of_its_end(self):
        done, transcript = self.transcribe(self.audio / "cases" / "opus-no-eos.ogg")
        self.check_said(transcript, START, MIDDLE, END)
        self.assertNotIn("warning", done.stderr)

    def test_all_parts_of_a_chained_file(self):
        _, transcript = self.transcribe(self.audio / "cases" / "opus-chained.ogg")
        self.check_said(transcript, START, MIDDLE, END)

    def test_a_hole_in_the_time_stamps_is_silence(self):
        for name in ("mkv-audio-gap.mkv", "mp4-audio-gap.mp4"):
            with self.subTest(name):
                done, transcript = self.transcribe(self.audio / "cases" / name)
                self.check_said(transcript, START, MIDDLE, END)
                self.assertNotIn("warning", done.stderr)
                self.assertLess(transcript["segments"][0]["end"], 4)
                self.assertGreater(self.start_of(transcript, "you can do for your country"), 10.9)
                self.assertLess(transcript["segments"][-1]["end"], 17.5)

    def test_audio_that_begins_an_hour_late_takes_no_memory_for_it(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

        for name in ("late48.mkv", "late.mkv"):
            with self.subTest(name):
                report = self.directory / "report.json"
                options = ("--report", report)
                self.transcribe(self.audio / "cases" / name, *options, preexec_fn=limit)
                document = json.loads(report.read_text(encoding="utf-8"))
                self.assertAlmostEqual(document["files"][0]["audio_seconds"], 3590.5, delta=0.6)
                self.assertLess(document["memory"]["peak_bytes"], 400 << 20)

    def test_a_wav_cut_in_half_gives_half_its_words_and_says_where_it_ends(self):
        data = self.speech.read_bytes()
        cut = self.directory / "cut.wav"
        cut.write_bytes(data[: len(data) // 2])
        report = self.directory / "report.json"
        done, transcript = self.transcribe(cut, "--report", report, code=1)
        self.check_said(transcript, START)
        self.assertIn(f"npuscribe: warning: '{cut}' breaks off at 5.50 s: its structure promises 11.00 s; "
                      "the transcript is of what can be read", done.stderr)  # fmt: skip
        self.assertNotIn("error", done.stderr)
        document = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual(document["files"][0]["status"], "incomplete")
        self.assertIn("breaks off at 5.50 s", document["files"][0]["error"])
        self.assertEqual(len(document["files"][0]["outputs"]), 1)
        self.assertEqual((document["totals"]["done"], document["totals"]["incomplete"]), (0, 1))
        quiet = support.run("-q", "-m", self.model, cut)  # exit code 1 is never without a reason
        self.check_error(quiet, 1, f"'{cut}' breaks off at 5.50 s")

        early = self.directory / "early.wav"
        early.write_bytes(data[: len(data) - 2 * 12000])  # 0.75 s
        done, transcript = self.transcribe(early)
        self.check_said(transcript, START, MIDDLE)
        self.assertNotIn("warning", done.stderr)

    def test_a_broken_file_beside_good_ones_is_counted(self):
        cut = self.directory / "cut.wav"
        cut.write_bytes(self.speech.read_bytes()[:200000])
        done = support.run("-m", self.model, "-f", "txt", "-o", self.directory / "out", cut, self.speech, self.directory / "no.wav")
        self.check_exit(done, 1)
        self.assertIn("1 done, 1 failed, 1 incomplete", done.stderr)
        self.assertEqual({path.name for path in (self.directory / "out").iterdir()}, {"cut.txt", "jfk.txt"})


@support.needs("ffmpeg")
class WithFfmpeg(OddAudio):
    def setUp(self):
        super().setUp()
        support.need_program("ffmpeg")

    def encode(self, name, *options):
        path = self.directory / name
        ffmpeg("-i", self.speech, *options, path)
        return path

    def test_holes_in_each_container_with_time_stamps(self):
        moved = "setts=pts='PTS+gte(PTS*TB,7)*6/TB':dts='DTS+gte(DTS*TB,7)*6/TB'"
        for name, codec in (("a.mka", "flac"), ("b.mka", "libopus"), ("c.webm", "libopus"), ("d.ts", "aac"),
                            ("e.ts", "mp2"), ("f.mp4", "aac"), ("g.mkv", "pcm_s16le")):  # fmt: skip
            with self.subTest(name):
                whole = self.encode(f"whole-{name}", "-c:a", codec)
                path = self.directory / name
                ffmpeg("-i", whole, "-c", "copy", "-bsf:a", moved, path)
                done, transcript = self.transcribe(path)
                self.check_said(transcript, START, END)
                self.assertNotIn("warning", done.stderr)
                self.assertGreater(self.start_of(transcript, "you can do for your country"), 12.5)  # 13, less the padding
                self.assertLess(transcript["segments"][-1]["end"], 17.6)

    def test_late_audio_in_a_fragmented_mp4(self):
        path = self.directory / "late.mp4"
        ffmpeg("-f", "lavfi", "-i", "color=s=64x64:r=10:d=18", "-itsoffset", "6", "-i", self.speech, "-c:v", "mpeg4",
               "-movflags", "frag_keyframe+empty_moov+default_base_moof", path)  # fmt: skip
        _, transcript = self.transcribe(path)
        self.check_said(transcript, START, MIDDLE, END)
        self.assertGreater(transcript["segments"][0]["start"], 5.8)
        self.assertLess(transcript["segments"][-1]["end"], 17.6)

    def test_sound_that_overlaps_is_heard_once_and_sound_that_follows_twice(self):
        first = self.encode("first.ts", "-t", "6")
        again = self.encode("again.ts", "-ss", "4", "-output_ts_offset", "4")
        overlap = self.directory / "overlap.ts"
        overlap.write_bytes(first.read_bytes() + again.read_bytes())
        _, transcript = self.transcribe(overlap)
        self.check_said(transcript, START, MIDDLE, END)
        self.assertLess(len(transcript["said"].split()), 25)
        self.assertLess(transcript["segments"][-1]["end"], 11.6)

        whole = self.encode("whole.ts")
        twice = self.directory / "twice.ts"
        twice.write_bytes(2 * whole.read_bytes())
        _, transcript = self.transcribe(twice)
        self.assertEqual(transcript["said"].count("do for your country"), 2)

    def test_chains_of_each_codec(self):
        for codec in ("libopus", "libvorbis", "flac"):
            with self.subTest(codec):
                # Two rates, too: a radio station's jingle is not the talk.
                first = self.encode("first.ogg", "-t", "5", "-c:a", codec, "-ar", "48000")
                second = self.encode("second.ogg", "-ss", "5", "-c:a", codec, "-ar", "48000" if codec == "libopus" else "16000")
                path = self.directory / f"{codec}.oga"
                path.write_bytes(first.read_bytes() + second.read_bytes())
                done, transcript = self.transcribe(path)
                self.check_said(transcript, START, END)
                self.assertNotIn("warning", done.stderr)

    def test_the_audio_track_is_chosen_by_number_or_language(self):
        path = self.directory / "film.mkv"
        ffmpeg("-f", "lavfi", "-i", "sine=300:d=11", "-i", self.speech, "-map", "0", "-map", "1", "-map", "0", "-c:a", "flac",
               "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=eng", "-metadata:s:a:1",
               "title=Come\x1b[2Jments", path)  # fmt: skip
        done, transcript = self.transcribe(path)
        self.assertNotIn(START, transcript["said"])
        self.assertIn("its audio track 1 (ger) was transcribed, of 3: 1 (ger), 2 (eng, Come?[2Jments), 3", done.stderr)
        self.assertIn("--audio-track", done.stderr)
        for track in ("2", "eng", "en", "English", "english"):
            with self.subTest(track):
                done, transcript = self.transcribe(path, "--audio-track", track)
                self.check_said(transcript, START, MIDDLE, END)
                self.assertNotIn("audio track", done.stderr)
        for track in ("4", "French"):
            done = support.run("-m", self.model, "--audio-track", track, path)
            self.check_error(done, 1, "has no audio track", "it has 3: 1 (ger), 2 (eng")
        self.check_error(support.run("--audio-track", "0", path), 2, "--audio-track", "expected the number of a track")
        self.check_said(self.transcribe(self.speech, "--audio-track", "1")[1], START)

    def test_containers_that_are_cut_keep_what_there_is(self):
        for name, options in (("a.mkv", ("-c:a", "flac")), ("b.mp4", ("-movflags", "faststart")), ("c.avi", ()),
                              ("d.ogg", ("-c:a", "libvorbis")), ("e.flac", ()), ("f.aiff", ()), ("g.w64", ())):  # fmt: skip
            with self.subTest(name):
                data = self.encode(f"whole-{name}", *options).read_bytes()
                path = self.directory / name
                path.write_bytes(data[: len(data) * 6 // 10])
                done, transcript = self.transcribe(path, code=1)
                self.check_said(transcript, START)
                self.assertRegex(done.stderr, rf"warning: '{path}' breaks off at \d\.\d\d s: .*promises")

    def test_damage_inside_a_file_costs_what_is_damaged(self):
        data = bytearray(self.encode("whole.flac").read_bytes())
        middle = len(data) * 45 // 100
        data[middle : middle + 2000] = bytes(i * 131 % 251 for i in range(2000))
        path = self.directory / "damaged.flac"
        path.write_bytes(data)
        done, transcript = self.transcribe(path, code=1)
        self.check_said(transcript, START, END)
        self.assertIn("is damaged at", done.stderr)

    def test_a_track_that_changes_its_format_is_heard_to_its_end(self):
        first = self.encode("first.ts", "-t", "5", "-ac", "1", "-ar", "48000", "-c:a", "mp2")
        second = self.encode("second.ts", "-ss", "5", "-ac", "2", "-ar", "44100", "-c:a", "mp2")
        path = self.directory / "joined.ts"
        path.write_bytes(first.read_bytes() + second.read_bytes())
        _, transcript = self.transcribe(path)
        self.check_said(transcript, START, END)


if __name__ == "__main__":
    support.main()
