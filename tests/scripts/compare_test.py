"""What scripts/compare counts and writes; the runs themselves need faster-whisper and are not made here."""

import dataclasses
import sys
import tempfile
import unittest
import wave
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "lib"))

from compare import audio, jobs, measures, table, wer  # noqa: E402


SETTINGS = jobs.Settings(Path("npuscribe"), Path("base"), threads=1, beam_size=0)


class Alignment(unittest.TestCase):
    def test_names_substitutions_insertions_and_missing_words(self):
        self.assertEqual(wer.align("the cat sat".split(), "the cat sat".split()), "===")
        self.assertEqual(wer.align("the cat sat".split(), "the bat sat".split()), "=S=")
        self.assertEqual(wer.align("the cat sat".split(), "the big cat sat".split()), "=I==")
        self.assertEqual(wer.align("the cat sat".split(), "cat".split()), "D=D")
        self.assertEqual(wer.align([], "all of it".split()), "III")

    def test_finds_the_shortest_way(self):
        # The textbook's kitten and sitting: two substitutions and an insertion.
        self.assertEqual(wer.align(list("kitten"), list("sitting")), "S===S=I")

    def test_speech_that_was_jumped_over_is_five_missing_words_or_more_at_once(self):
        rate = wer.ErrorRate(errors=4, words=9) + wer.ErrorRate(errors=6, words=9, left_out=6)
        self.assertEqual((rate.errors, rate.words, rate.left_out), (10, 18, 6))

    def test_the_rate_is_errors_over_reference_words(self):
        self.assertEqual(wer.ErrorRate(errors=3, words=24).percent, 12.5)
        self.assertEqual(str(wer.ErrorRate(errors=1, words=3)), "33.33 %")


class Orders(unittest.TestCase):
    def test_other_orders_hold_the_utterances_that_their_reference_says(self):
        rate, loudness = 16000, {"one": 1000, "two": 2000, "three": 3000, "four": 4000}
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / "long.wav"
            rows = ["start\tend\treference"]
            with wave.open(str(source), "wb") as file:
                file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
                for i, (word, level) in enumerate(loudness.items()):
                    file.writeframes(level.to_bytes(2, "little") * rate)
                    rows.append(f"{i}.0\t{i}.5\t{word}")
            source.with_suffix(".segments.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
            (Path(directory) / "scratch").mkdir()
            found = audio.reorder(source, Path(directory) / "scratch", 4)
            self.assertEqual(len(found), 4)
            self.assertGreater(len(set(found.values())), 1)
            for path, reference in found.items():
                with wave.open(str(path)) as file:
                    samples = file.readframes(file.getnframes())
                levels = [int.from_bytes(samples[i : i + 2], "little") for i in range(0, len(samples), 2)]
                spoken = [level for level in levels if level]
                self.assertEqual(len(spoken), 4 * rate // 2)
                heard = spoken[:: rate // 2]
                self.assertEqual(heard, [loudness[word] for word in reference.split()])

    def test_there_are_none_where_nothing_says_where_the_utterances_are(self):
        self.assertEqual(audio.reorder(Path("nowhere/long.flac"), Path("nowhere"), 4), {})


class Manifest(unittest.TestCase):
    def read(self, rows: list[str]) -> audio.AudioSet:
        with tempfile.TemporaryDirectory() as directory:
            text = "file\tseconds\tlanguage\treference\n" + "".join(row + "\n" for row in rows)
            (Path(directory) / "MANIFEST.tsv").write_text(text, encoding="utf-8")
            return audio.read_manifest(Path(directory))

    def test_takes_english_files_with_a_reference(self):
        found = self.read(
            [
                "librispeech-test-other/a.flac\t3.0\ten\the said \"no",
                "librispeech-test-other/b.flac\t3.0\tde\tja",
                "librispeech-test-other/c.flac\t3.0\ten\t",
                "formats/d.wav\t3.0\ten\tnot of the set",
                "long/e.flac\t400.0\ten\tall of it",
            ]
        )
        self.assertEqual([(path.name, text) for path, text in found.short.items()], [("a.flac", 'he said "no')])
        self.assertEqual([path.name for path in found.long], ["e.flac"])

    def test_in_another_layout_a_minute_is_long(self):
        found = self.read(["a.wav\t59.9\ten\tone", "b.wav\t60.0\ten\ttwo"])
        self.assertEqual([path.name for path in found.short], ["a.wav"])
        self.assertEqual([path.name for path in found.long], ["b.wav"])

    def test_says_what_to_do_without_a_manifest(self):
        with tempfile.TemporaryDirectory() as directory, self.assertRaisesRegex(SystemExit, "--audio DIR"):
            audio.read_manifest(Path(directory))


class Processes(unittest.TestCase):
    def test_measures_the_child_and_not_itself(self):
        use_100_mib = [sys.executable, "-c", "import time; x = bytearray(b'x') * (100 << 20); time.sleep(0.2)"]
        wall, peak, cpu, _ = jobs.run_process(use_100_mib, SETTINGS)
        self.assertGreater(wall, 0.2)
        self.assertGreater(cpu, 0)
        self.assertLess(cpu, wall)  # it sleeps
        self.assertGreater(peak, 100 << 20)
        self.assertLess(peak, 200 << 20)

    def test_a_child_sees_the_instruction_set_that_all_programs_are_held_to_and_no_other(self):
        show = [sys.executable, "-c", "import os, sys; sys.exit(' '.join(os.environ.get(name, 'any') for name in sys.argv[1:]))"]
        show += ["NPUSCRIBE_MAX_ISA", "CT2_FORCE_CPU_ISA", "ONEDNN_MAX_CPU_ISA"]
        for isa, seen in ((None, "any any any"), ("avx2", "avx2 AVX2 AVX2")):
            with mock.patch.dict("os.environ"), self.assertRaisesRegex(SystemExit, f"\n{seen}\n"):
                for name in show[3:]:
                    jobs.os.environ.pop(name, None)
                jobs.run_process(show, dataclasses.replace(SETTINGS, isa=isa))

    def test_stops_where_a_child_fails_and_shows_why(self):
        fail = [sys.executable, "-c", "import sys; sys.exit('no such model')"]
        with self.assertRaisesRegex(SystemExit, "no such model"):
            jobs.run_process(fail, SETTINGS)


class Earlier(unittest.TestCase):
    def test_words_that_were_measured_before_are_not_measured_again_and_times_are(self):
        ours, theirs = jobs.AS_THEY_COME[:2]
        calls = []

        def run_interleaved(contenders, files, settings, repeat, encoder=False):
            calls.append([contender.name for contender in contenders])
            return {c: [jobs.Result(wall=1.0, peak_memory=1, cpu=1.5, work=2.0, texts={})] for c in contenders}

        file = Path("a.wav")
        files = audio.AudioSet(short={file: "one two"}, long={}, clip=None)
        settings = jobs.Settings(Path("npuscribe"), Path("base"), threads=1, beam_size=0)

        def measure(wanted: set[str]) -> measures.Comparison:
            half = mock.Mock(return_value=wer.ErrorRate(errors=1, words=2))
            with mock.patch.object(jobs, "run_interleaved", run_interleaved), mock.patch.object(wer, "error_rate", half):
                return measures.measure(
                    files, settings, [ours, theirs], wanted, 1, quick=False, scratch=Path("."), measured={theirs.name: {"wer_short": 12.5}}
                )

        words = measure({"wer"})
        self.assertEqual(calls, [[ours.name]])
        self.assertEqual((words.get(ours.name, "wer_short"), words.get(theirs.name, "wer_short")), (50.0, 12.5))
        both = measure({"wer", "short"})
        self.assertEqual(calls[1], [ours.name, theirs.name])
        self.assertEqual((both.get(theirs.name, "wer_short"), both.get(theirs.name, "short")), (12.5, 2.0))


class Tables(unittest.TestCase):
    def comparison(self, **values: dict[str, float]) -> measures.Comparison:
        """values[key][name of a contender]"""
        comparison = measures.Comparison()
        everyone = jobs.AS_THEY_COME + jobs.ALIKE + jobs.MORE
        for key, by_name in values.items():
            for name, value in by_name.items():
                comparison.add(next(c for c in everyone if c.name == name), key, value)
        return comparison

    def of_word_errors(self, ours: float) -> measures.Comparison:
        theirs = {"faster-whisper float32": 10.0, "faster-whisper int8": 10.5}
        return self.comparison(wer_short={"npuscribe bfp16": ours} | theirs)

    def test_a_goal_is_missed_beyond_its_slack(self):
        # Within 0.3 points of float32's 10.0, and no worse than int8's 10.5.
        self.assertEqual([goal.reached for goal in self.of_word_errors(10.2).goals()], [True, True])
        self.assertEqual([goal.reached for goal in self.of_word_errors(10.4).goals()], [False, True])
        self.assertEqual([goal.reached for goal in self.of_word_errors(10.6).goals()], [False, False])

    def test_times_are_held_to_a_share_of_the_others(self):
        def of_batched(ours: float) -> list[bool]:
            times = {"npuscribe bfp16": ours, "faster-whisper int8, batched 8": 100.0}
            return [goal.reached for goal in self.comparison(long=times).goals()]

        self.assertEqual(of_batched(26.9), [True])  # 0.27 of it
        self.assertEqual(of_batched(27.1), [False])

    def test_held_to_avx2_times_have_shares_of_their_own(self):
        def reached(**values: float) -> list[bool]:
            theirs = {"encoder": "faster-whisper int8", "long": "faster-whisper int8, batched 8", "short": "faster-whisper int8"}
            times = {key: {"npuscribe bfp16": ours, theirs[key]: 100.0} for key, ours in values.items()}
            return [goal.reached for goal in dataclasses.replace(self.comparison(**times), isa="avx2").goals()]

        self.assertEqual(reached(encoder=84.9, long=64.9, short=29.9), [True, True, True])
        self.assertEqual(reached(encoder=85.1, long=65.1, short=30.1), [False, False, False])

    def test_programs_as_they_come_are_compared_too(self):
        words = {"npuscribe": 12.0, "faster-whisper": 11.8, "OpenVINO GenAI": 11.6}
        # No set may be worse by over 0.3 points.
        self.assertEqual([goal.reached for goal in self.comparison(wer_long=words).goals()], [True, False])
        times = {"npuscribe": 35.0, "faster-whisper, batched": 100.0}
        self.assertEqual([goal.reached for goal in self.comparison(long=times).goals()], [True])

    def test_memory_is_held_to_a_number(self):
        for mebibytes, reached in ((339, True), (341, False)):
            comparison = self.comparison(memory={"npuscribe bfp16": mebibytes * 2.0**20})
            self.assertEqual([goal.reached for goal in comparison.goals()], [reached])

    def test_columns_that_were_not_measured_are_left_out(self):
        header, rows = self.of_word_errors(10.2).as_rows()
        self.assertEqual(header, ["", "WER, short files"])
        self.assertEqual(rows[0], ["npuscribe bfp16", "10.20 %"])

    def test_the_readme_keeps_everything_around_its_block(self):
        with tempfile.TemporaryDirectory() as directory:
            readme = Path(directory) / "README.md"
            readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
            table.replace_block(readme, "| new |")
            text = readme.read_text(encoding="utf-8")
            self.assertEqual(text, f"before\n{table.BEGIN}\n| new |\n{table.END}\nafter\n")
            readme.write_text("no markers", encoding="utf-8")
            with self.assertRaisesRegex(SystemExit, "lacks the markers"):
                table.replace_block(readme, "| new |")


if __name__ == "__main__":
    unittest.main()
