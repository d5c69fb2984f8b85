"""Pauses of 1 to 25 s between sentences and inside one: no cue runs through them, and each ends when its speech ends."""

import array
import json
import math
import wave

import support

PAUSES = (1, 3, 8, 25)
RATE = 16000
FRAME = RATE // 50
# Seconds. The voice activity detector keeps 0.4 s around speech; the rest is its own inaccuracy.
LATE = 0.6
EARLY = 0.7


def samples(recording):
    with wave.open(str(recording)) as source:
        assert (source.getframerate(), source.getnchannels()) == (RATE, 1)
        return array.array("h", source.readframes(source.getnframes()))


def loudness(part):
    return math.sqrt(sum(sample * sample for sample in part) / len(part))


def spoken(part):
    """The first and the last sample of a recording's speech."""
    frames = [loudness(part[i : i + FRAME]) for i in range(0, len(part) - FRAME, FRAME)]
    loud = [i for i, frame in enumerate(frames) if frame > max(frames) / 30]
    return loud[0] * FRAME, (loud[-1] + 1) * FRAME


def gap_in(part):
    """The middle of the quietest 0.1 s in the middle third: between two words of a sentence."""
    width = 5 * FRAME
    starts = range(len(part) // 3, 2 * len(part) // 3, FRAME // 2)
    return min(starts, key=lambda i: loudness(part[i : i + width])) + width // 2


class Pauses(support.Case):
    """`self.cases`: for each file its kind, and the second at which speech stops and the one at which it goes on."""

    def setUp(self):
        super().setUp()
        self.model = support.need_model("base", "tiny.en")
        self.references = support.librivox()
        self.recordings = sorted(self.references)[:3]
        self.cases = {}
        for pause in PAUSES:
            for i, recording in enumerate(self.recordings):
                first = samples(recording)
                other = self.recordings[(i + 1) % len(self.recordings)]
                self.add(f"between-{pause}-{i}", first, samples(other), pause, (recording, other))
                gap = gap_in(first)
                self.add(f"inside-{pause}-{i}", first[:gap], first[gap:], pause, (recording,))

    def add(self, name, before, after, pause, recordings):
        """A recording of the speech of both parts with `pause` seconds of silence between it."""
        end = spoken(before)[1]
        begin = spoken(after)[0]
        with wave.open(str(self.directory / f"{name}.wav"), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(before[:end] + array.array("h", bytes(2 * pause * RATE)) + after[begin:])
        self.cases[name] = (end / RATE, end / RATE + pause, recordings)

    def transcribe(self, *options):
        out = self.directory / "out"
        inputs = [self.directory / f"{name}.wav" for name in self.cases]
        # By default a pause of up to 1 s is kept, by the detector's measure; 0.8 s makes sure that one of 1 s is cut out.
        done = support.run("-m", self.model, "-l", "en", "-q", "-f", "json", "-o", out, "--vad-max-pause-ms", "800", *options, *inputs)
        self.check_exit(done, 0)
        return {name: json.loads((out / f"{name}.json").read_text(encoding="utf-8"))["segments"] for name in self.cases}

    def check(self, transcripts):
        errors = expected_words = 0
        for name, (stops, goes_on, recordings) in self.cases.items():
            segments = transcripts[name]
            with self.subTest(name, stops=stops, goes_on=goes_on, segments=[(s["start"], s["end"], s["text"]) for s in segments]):
                middle = (stops + goes_on) / 2
                before = [segment for segment in segments if segment["start"] < middle]
                after = [segment for segment in segments if segment["start"] >= middle]
                self.assertTrue(before and after)
                for part in before + [word for segment in before for word in segment.get("words", [])]:
                    self.assertLessEqual(part["end"], stops + min(LATE, goes_on - stops))
                for part in after + [word for segment in after for word in segment.get("words", [])]:
                    self.assertGreaterEqual(part["start"], goes_on - EARLY)
                for segment in segments:
                    if "words" in segment:
                        self.assertEqual("".join(word["word"] for word in segment["words"]), segment["text"])
            if len(recordings) == 1:
                continue
            # Each sentence stands on its own side of the pause.
            for side, recording in zip((before, after), recordings):
                expected = support.words(self.references[recording])
                errors += support.word_errors(expected, support.words("".join(segment["text"] for segment in side)))
                expected_words += len(expected)
        self.assertLess(errors, expected_words / 8)

    def test_segments_end_before_a_pause(self):
        self.check(self.transcribe())

    def test_segments_and_words_end_before_a_pause_if_words_have_times(self):
        self.check(self.transcribe("--word-timestamps"))

    def test_a_window_is_split_at_its_pauses_even_if_it_has_no_timestamps(self):
        self.check(self.transcribe("--without-timestamps"))


if __name__ == "__main__":
    support.main()
