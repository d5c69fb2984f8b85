"""Text that people edit: replaced words in every format, paragraphs, Markdown."""

import json
import re

import support

FORMATS = ("txt", "srt", "vtt", "tsv", "csv", "lrc", "json", "json-full", "html", "md")
EXTENSIONS = {"json-full": "full.json"}


class Edit(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("base", "tiny.en")
        self.recording = sorted(support.librivox())[0]

    def transcribe(self, recording, *options):
        out = self.directory / "out"
        done = support.run("-m", self.model, "-l", "en", "-o", out, *options, recording)
        self.check_exit(done, 0)
        return done.stdout, {path.name.removeprefix(recording.stem + "."): path.read_text(encoding="utf-8") for path in out.iterdir()}

    def test_words_are_replaced_in_every_format_and_counted(self):
        for more in ((), ("--word-timestamps",), ("--subtitles",)):
            with self.subTest(more=more):
                _, before = self.transcribe(self.recording, "-f", "json", *more)
                text = json.loads(before["json"])["segments"][0]["text"]
                one, other = re.findall(r"\b[a-z]+ [a-z]+\b", text)[0].split()  # two words that stand side by side
                times = len(re.findall(rf"\b{one} {other}\b", json.loads(before["json"])["text"], re.I))
                rules = self.directory / "rules.txt"
                rules.write_text(f"# what is heard → what is meant\n\n{one.upper()} {other} → Zwölf-Kernbox\nzyzzyx -> nothing\n", encoding="utf-8")
                report = self.directory / "report.json"
                stdout, files = self.transcribe(self.recording, "-f", ",".join(FORMATS), "--replace", rules, "--report", report, *more)
                self.assertIn("Zwölf-Kernbox", stdout)
                for name in FORMATS:
                    written = files[EXTENSIONS.get(name, name)]
                    if name == "json-full":  # its tokens stay as the model gave them
                        written = json.dumps([s["text"] for s in json.loads(written)["segments"]], ensure_ascii=False)
                    written = " ".join(re.sub(r"<(?!/?p>)[^>]*>", "", written).split()) if name == "html" else " ".join(written.split())
                    self.assertEqual(written.count("Zwölf-Kernbox") >= times, True, (name, written))
                    self.assertIsNone(re.search(rf"\b{one} {other}\b", written, re.I), name)
                told = json.loads(report.read_text(encoding="utf-8"))
                self.assertEqual(told["totals"]["replacements"], times)
                self.assertEqual(told["files"][0]["replacements"], times)
                for segment in json.loads(files["json"])["segments"]:
                    if "words" in segment:
                        self.assertEqual("".join(word["word"] for word in segment["words"]), segment["text"])

    def test_a_wrong_file_of_replacements_is_refused_before_anything_is_transcribed(self):
        rules = self.directory / "rules.txt"
        rules.write_text("one → two\nthree four\n", encoding="utf-8")
        self.check_error(support.run("-m", self.model, "--replace", rules, self.recording), 2, rules, "line 2", "three four", "heard → wanted")
        missing = self.directory / "missing"
        self.check_error(support.run("-m", self.model, "--replace", missing, self.recording), 2, missing, "--replace")
        self.check_error(support.run("-m", self.model, "--replace", self.directory, self.recording), 2, "--replace")
        missing.write_bytes(b"")  # nothing is to be replaced
        self.check_exit(support.run("-m", self.model, "--replace", missing, self.recording), 0)

    def test_paragraphs_end_at_pauses_and_txt_keeps_its_lines_without_being_asked(self):
        first, second = sorted(support.librivox())[:2]
        recording = support.with_noise_between(self.directory / "two.wav", first, second, seconds=4)
        options = ("-f", "txt,json,md")
        _, lines = self.transcribe(recording, *options)
        segments = json.loads(lines["json"])["segments"]
        self.assertEqual(lines["txt"].splitlines(), [segment["text"].strip() for segment in segments])
        _, joined = self.transcribe(recording, *options, "--paragraphs")
        self.assertEqual(joined["md"], lines["md"])
        paragraphs = joined["txt"].rstrip("\n").split("\n\n")
        self.assertEqual(" ".join(paragraphs), " ".join(lines["txt"].splitlines()))
        # Speech, 4 s without it, speech.
        self.assertGreaterEqual(len(paragraphs), 2)
        self.assertLess(len(paragraphs), len(segments) + 1)
        blocks = lines["md"].rstrip("\n").split("\n\n")
        self.assertEqual(len(blocks), len(paragraphs))
        for block, paragraph in zip(blocks, paragraphs):
            time, text = re.fullmatch(r"\*\*(\d\d:\d\d)\*\* (.*)", block).groups()
            self.assertEqual(re.sub(r"\\(.)", r"\1", text), paragraph)
            starts = [segment["start"] for segment in segments if segment["text"].strip().startswith(paragraph[:12])]
            minutes, seconds = map(int, time.split(":"))
            self.assertIn(60 * minutes + seconds, [int(start) for start in starts])

    def test_all_writes_what_it_always_wrote(self):
        _, files = self.transcribe(self.recording, "-f", "all")
        self.assertEqual(sorted(files), sorted(EXTENSIONS.get(name, name) for name in FORMATS if name != "md"))


if __name__ == "__main__":
    support.main()
