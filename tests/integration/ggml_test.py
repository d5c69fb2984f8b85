"""whisper.cpp's model files give the same words as the model that they were made from."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import support

MAKE_GGML_MODEL = os.environ.get("NPUSCRIBE_MAKE_GGML_MODEL", "make_ggml_model")
BLOCKS = ("q5_0", "q5_1", "q4_0", "q4_1")


class Ggml(support.Case):
    def convert(self, dtype):
        file = self.directory / f"ggml-tiny.en-{dtype}.bin"
        source = support.models_directory() / support.need_model("tiny.en")
        subprocess.run([MAKE_GGML_MODEL, source, file, "--dtype", dtype], check=True)
        return file

    def transcripts(self, model, *options):
        """{recording: its segments, with their times}."""
        recordings = sorted(support.librivox())
        out = Path(tempfile.mkdtemp(dir=self.directory))
        done = support.run("-m", model, "-l", "en", "-f", "json", "-o", out, *options, *recordings)
        self.check_exit(done, 0)
        found = {}
        for recording in recordings:
            transcript = json.loads((out / f"{recording.stem}.json").read_text(encoding="utf-8"))
            found[recording] = transcript["segments"]
            self.assertNotEqual(found[recording], [])
        return found

    def errors(self, transcripts):
        references = support.librivox()
        total = 0
        for recording, segments in transcripts.items():
            text = " ".join(segment["text"] for segment in segments)
            total += support.word_errors(support.words(references[recording]), support.words(text))
        return total

    def test_f32_and_f16_give_the_very_transcript_of_the_ctranslate2_model(self):
        expected = self.transcripts(support.need_model("tiny.en"))
        for dtype in ("f32", "f16"):
            with self.subTest(dtype):
                self.assertEqual(self.transcripts(self.convert(dtype)), expected)

    def test_q8_0_gives_the_same_text(self):
        """In fp32 and with the full context: BFP16 and a shorter context are each as coarse as q8_0, and two together may change a
        close decision (for "exposed" tiny.en hears "old-sposed" or "old-asposed")."""
        options = ("--precision", "fp32", "--audio-context", "full")
        expected = self.transcripts(support.need_model("tiny.en"), *options)
        got = self.transcripts(self.convert("q8_0"), *options)
        for recording in expected:
            texts = [[segment["text"] for segment in segments[recording]] for segments in (expected, got)]
            self.assertEqual(*texts)

    def test_4_and_5_bits_are_close(self):
        """Twice the bound of speech_test.py for tiny.en, for 71 words: 4 bits cost some accuracy."""
        for dtype in BLOCKS:
            with self.subTest(dtype):
                self.assertLessEqual(self.errors(self.transcripts(self.convert(dtype))), 12)

    def test_words_have_times(self):
        """The file has no alignment heads: they follow from its dimensions."""
        model = support.need_model("tiny.en")
        expected = self.transcripts(model, "--word-timestamps")
        self.assertTrue(all(segment["words"] for segments in expected.values() for segment in segments))
        self.assertEqual(self.transcripts(self.convert("f16"), "--word-timestamps"), expected)

    def test_a_prompt_is_encoded_from_the_file_s_own_vocabulary(self):
        prompt = ("--initial-prompt", "Glossary: Mr. Dashwood, Norland Park; naïve “quotes” 🎵.")
        expected = self.transcripts(support.need_model("tiny.en"), *prompt)
        self.assertEqual(self.transcripts(self.convert("f16"), *prompt), expected)

    def test_a_converted_file_gives_the_transcripts_of_the_converted_ctranslate2_model(self):
        converted = {}
        for name, source in (("ggml", self.convert("f16")), ("ct2", support.need_model("tiny.en"))):
            converted[name] = self.directory / f"{name}.npuscribe"
            self.check_exit(support.run("model", "convert", source, converted[name]), 0)
        self.assertEqual(self.transcripts(converted["ggml"]), self.transcripts(converted["ct2"]))

    def test_a_damaged_file_is_refused(self):
        file = self.convert("q4_0")
        with open(file, "r+b") as stream:
            stream.truncate(file.stat().st_size - 1000)
        done = support.run("-m", file, *support.librivox())
        self.check_error(done, 3, file, "is cut short or damaged")


if __name__ == "__main__":
    support.main()
