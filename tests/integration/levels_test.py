"""Voices at any level: far beside near ones, channels that cancel each other, and audio without a voice."""

import array
import csv
import difflib
import json
import math
import random
import subprocess
import wave

import support

RATE = 16000

# Sentences of LibriSpeech's test-other: near and far in turn, each side a speaker of its own. The far ones are
# some that the model base understands through a telephone's band if it hears them alone.
CALLS = (
    ("2033-164914", (3, 5, 1, 7), "1998-15444", (3, 4, 6, 1)),
    ("1688-142285", (1, 4, 5, 6), "2609-156975", (9, 5, 1, 3)),
    ("2609-156975", (1, 8, 0, 9), "2033-164914", (9, 7, 5, 4)),
)
# How many of the four far sentences must be heard, by their level beside the near ones.
LEAST = {0: 4, -12: 4, -18: 4, -26: 3}


def write_wav(path, samples, channels=1):
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(RATE)
        clipped = (max(-32768, min(32767, round(32767 * sample))) for sample in samples)
        target.writeframes(array.array("h", clipped).tobytes())
    return path


def wav_samples(path):
    with wave.open(str(path)) as source:
        return [s / 32768 for s in array.array("h", source.readframes(source.getnframes()))]


class NearAndFar(support.Case):
    """A call in which the far side comes through a telephone's band and is quieter than the near one."""

    def decoded(self, path, *filters):
        command = ["ffmpeg", "-v", "error", "-i", path, "-af", ",".join(filters or ("anull",)), "-f", "s16le"]
        done = subprocess.run([*command, "-ar", str(RATE), "-"], check=True, stdout=subprocess.PIPE)
        return array.array("h", done.stdout)

    def call(self, near, near_clips, far, far_clips, far_level, hiss=0):
        """The path of the recording and its sentences, as [is far, words]; `hiss`: amplitude of white noise in all of it."""
        shared = support.shared_audio()
        with open(shared / "MANIFEST.tsv", encoding="utf-8", newline="") as manifest:
            words = {row["file"]: row["reference"] for row in csv.DictReader(manifest, delimiter="\t")}
        telephone = ("highpass=f=300", "highpass=f=300", "lowpass=f=3400", "lowpass=f=3400", "aresample=8000")
        samples, sentences = array.array("h"), []
        for pair in zip(near_clips, far_clips):
            for speaker, clip, is_far in zip((near, far), pair, (False, True)):
                name = f"librispeech-test-other/{speaker}-{clip:04}.flac"
                filters = (*telephone, f"volume={far_level}dB") if is_far else ()
                samples += self.decoded(shared / name, *filters)
                samples += array.array("h", [0]) * (RATE // 2)
                sentences.append((is_far, support.words(words[name])))
        path = self.directory / f"{near}-{far_level}.wav"
        numbers = random.Random(1)
        return write_wav(path, [sample / 32768 + numbers.gauss(0, hiss) for sample in samples]), sentences

    def heard(self, sentences, text):
        """How many far sentences have at least half of their words in the text, in their place."""
        expected, owner = [], []
        for i, (_, words) in enumerate(sentences):
            expected += words
            owner += [i] * len(words)
        found = [0] * len(sentences)
        matcher = difflib.SequenceMatcher(None, expected, support.words(text), autojunk=False)
        for begin, _, length in matcher.get_matching_blocks():
            for i in owner[begin : begin + length]:
                found[i] += 1
        return sum(is_far and 2 * found[i] >= len(words) for i, (is_far, words) in enumerate(sentences))

    @support.needs("ffmpeg")
    def test_the_far_side_of_a_call_is_heard(self):
        support.need_program("ffmpeg")
        model = support.need_model("base")
        for call in CALLS:
            for level, least in LEAST.items():
                with self.subTest(call=call, level=level):
                    path, sentences = self.call(*call, level)
                    done = support.run("-m", model, "-l", "en", path)
                    self.check_exit(done, 0)
                    self.assertGreaterEqual(self.heard(sentences, done.stdout), least, done.stdout)

    @support.needs("ffmpeg")
    def test_a_far_side_that_is_hardly_louder_than_the_hiss_of_the_line_is_heard(self):
        support.need_program("ffmpeg")
        model = support.need_model("base")
        for call in CALLS:
            with self.subTest(call=call):
                path, sentences = self.call(*call, -26, hiss=10 ** (-65 / 20))
                done = support.run("-m", model, "-l", "en", path)
                self.check_exit(done, 0)
                self.assertGreaterEqual(self.heard(sentences, done.stdout), 2, done.stdout)


class NoSpeech(support.Case):
    def sounds(self):
        numbers = random.Random(1)
        seconds = [i / RATE for i in range(15 * RATE)]

        def tone(*frequencies):
            return [sum(math.sin(2 * math.pi * f * t) for f in frequencies) / len(frequencies) for t in seconds]

        def on(samples, sounding, period):
            return [s if t % period < sounding else 0 for s, t in zip(samples, seconds)]

        white = [numbers.gauss(0, 1) / 4 for _ in seconds]
        breath = [s * max(0, math.sin(2 * t)) ** 2 for s, t in zip(white, seconds)]
        keys = [(697, 1209), (770, 1336), (852, 1477), (941, 1336)] * 10
        dialled = [0.0] * len(seconds)
        for i, (low, high) in enumerate(keys):
            for j in range(round((1 + 0.3 * i) * RATE), round((1.12 + 0.3 * i) * RATE)):
                turn = 2 * math.pi * j / RATE
                dialled[j] = (math.sin(low * turn) + math.sin(high * turn)) / 2
        chord = [math.exp(-2 * (t % 1)) for t in seconds]
        music = [s * e for s, e in zip(tone(261.6, 329.6, 392, 523.2, 784), chord)]
        return {
            "white": white,
            "breath": breath,
            "dial": tone(350, 440),
            "ring": on(tone(440, 480), 2, 6),
            "busy": on(tone(480, 620), 0.5, 1),
            "keys": dialled,
            "music": music,
            "hum": tone(50, 100, 150),
        }

    def test_sounds_that_are_no_voice_have_no_words(self):
        model = support.need_model("base")
        paths = []
        for name, samples in self.sounds().items():
            for level in (-12, -40, -60):
                gain = 10 ** (level / 20)
                paths.append(write_wav(self.directory / f"{name}{level}.wav", [gain * s for s in samples]))
        done = support.run("-m", model, "-l", "en", *paths)
        self.check_exit(done, 0)
        self.assertEqual(done.stdout, "")
        for path in paths:
            self.assertIn(f"npuscribe: warning: no speech found in {path}", done.stderr)

    def test_digital_silence_has_no_words_without_voice_activity_detection_either(self):
        model = support.need_model("base")
        numbers = random.Random(1)
        silence = [0.0] * (95 * RATE)
        dither = [numbers.getrandbits(1) / 32768 for _ in silence]
        paths = [
            write_wav(self.directory / "silence.wav", silence),
            write_wav(self.directory / "dither.wav", dither),
        ]
        report = self.directory / "report.json"
        for options in (("-l", "en"), ()):
            done = support.run("-m", model, "--no-vad", "--report", report, *options, *paths)
            self.check_exit(done, 0)
            self.assertEqual(done.stdout, "")
            for path in paths:
                self.assertIn(f"npuscribe: warning: no speech found in {path}", done.stderr)
            told = json.loads(report.read_text(encoding="utf-8"))
            self.assertEqual(told["totals"]["windows"], 0)
            self.assertEqual(told["totals"]["decoder_rows"], 0)

    def test_the_message_gives_the_level_if_that_is_the_reason(self):
        model = support.need_model("base")
        numbers = random.Random(1)
        noise = [numbers.gauss(0, 1) for _ in range(5 * RATE)]
        loudest = max(map(abs, noise))
        recordings = {
            "silent": ([0.0] * RATE, "all of its samples are zero"),
            "faint": ([s / loudest / 1000 for s in noise], "its level is very low, with a peak of 60 dB below full scale"),
            "loud": ([s / loudest / 2 for s in noise], ""),
        }
        for name, (samples, reason) in recordings.items():
            with self.subTest(name):
                path = write_wav(self.directory / f"{name}.wav", samples)
                report = self.directory / "report.json"
                done = support.run("-m", model, "-l", "en", "--report", report, path)
                self.check_exit(done, 0)
                end = f": {reason}" if reason else ""
                lines = [line for line in done.stderr.splitlines() if "no speech" in line]
                self.assertEqual(lines, [f"npuscribe: warning: no speech found in {path}{end}"])
                (file,) = json.loads(report.read_text(encoding="utf-8"))["files"]
                self.assertEqual(file["warnings"], [f"no speech found{end}"])

    def test_nothing_is_said_of_speech(self):
        model = support.need_model("base")
        report = self.directory / "report.json"
        done = support.run("-m", model, "-l", "en", "--report", report, sorted(support.librivox())[0])
        self.check_exit(done, 0)
        self.assertNotIn("warning", done.stderr)
        self.assertEqual(json.loads(report.read_text(encoding="utf-8"))["files"][0]["warnings"], [])


class OppositePhase(support.Case):
    """A recording whose right channel is the left one's negative, in all of it or in a part: its mean is silence there."""

    def setUp(self):
        super().setUp()
        self.model = support.need_model("base")
        references = support.librivox()
        chosen = sorted(references)[:3]
        self.samples = [wav_samples(path) for path in chosen]
        self.words = support.words(" ".join(references[path] for path in chosen))

    def recording(self, inverted):
        """Two channels; the sentences whose numbers are in `inverted` are inverted on the right."""
        frames = []
        for i, samples in enumerate(self.samples):
            sign = -0.8 if i in inverted else 0.8
            for sample in samples:
                frames += (sample, sign * sample)
        return write_wav(self.directory / f"{len(inverted)}.wav", frames, channels=2)

    def check(self, path, *options, warned):
        report = self.directory / "report.json"
        done = support.run("-m", self.model, "-l", "en", "--report", report, *options, path)
        self.check_exit(done, 0)
        self.assertLessEqual(support.word_errors(self.words, support.words(done.stdout)), 4, done.stdout)
        lines = [line for line in done.stderr.splitlines() if "cancel" in line]
        self.assertEqual(len(lines), 1 if warned else 0, done.stderr)
        if warned:
            self.assertIn(f"warning: {path}: its channels cancel each other", lines[0])
            self.assertIn("the left channel", lines[0])
        (file,) = json.loads(report.read_text(encoding="utf-8"))["files"]
        self.assertEqual(len(file["warnings"]), 1 if warned else 0)

    def test_the_louder_channel_is_taken_and_said_once(self):
        self.check(self.recording({0, 1, 2}), warned=True)

    def test_a_part_in_opposite_phase_is_not_lost(self):
        self.check(self.recording({1}), warned=True)

    def test_channels_in_phase_are_mixed_without_a_word(self):
        self.check(self.recording(set()), warned=False)

    def test_a_channel_that_was_asked_for_needs_no_warning(self):
        path = self.recording({0, 1, 2})
        self.check(path, "--channel", "left", warned=False)
        self.check(path, "--channel", "right", warned=False)


if __name__ == "__main__":
    support.main()
