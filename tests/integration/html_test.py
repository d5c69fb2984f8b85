"""The format html, in a real browser: Chromium opens the page from file://, plays it, clicks in it and types."""

import json
import math
import struct
import subprocess
import wave

import support
from browser import Browser, need_chromium

EVIL = 'a b#c?d%e "<img src=x onerror=window.evil=1>&amp;\'.wav'
PLAYING = "!document.querySelector('audio').paused"
TIME = "document.querySelector('audio').currentTime"
NOW = "(document.querySelector('.now') || {dataset: {}})"


def tone(path, seconds):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        samples = (int(3000 * math.sin(i / 8)) for i in range(int(16000 * seconds)))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


class Page(support.Case):
    @classmethod
    def setUpClass(cls):
        need_chromium()
        cls.model = support.need_model("tiny.en", "base")
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.recording = self.directory / "in" / EVIL
        self.recording.parent.mkdir()
        support.long_recording(self.recording, 24)

    def page(self, *arguments, recording=None):
        out = self.directory / "out"
        # One beam, because five give tiny.en fewer segments.
        options = ("-q", "-m", self.model, "-l", "en", "--beam-size", "1", "-f", "html,json", "-o", out)
        done = support.run(*options, *arguments, recording or self.recording)
        self.check_exit(done, 0)
        self.transcript = json.loads(next(out.glob("*.json")).read_text(encoding="utf-8"))
        self.browser.screen(1000)
        self.browser.open(next(out.glob("*.html")))

    def words(self):
        return [word for segment in self.transcript["segments"] for word in segment["words"]]

    def test_a_click_on_a_word_plays_from_there_and_the_words_light_up_as_they_are_said(self):
        self.page("--word-timestamps")
        self.browser.wait_for("document.querySelector('audio').duration > 20")
        words = self.words()
        shown = self.browser.evaluate("[...document.querySelectorAll('.word')].map(w => w.textContent)")
        self.assertEqual(shown, [word["word"].strip() for word in words])

        index = len(words) // 2
        self.assertEqual(self.browser.evaluate(TIME), 0)
        self.browser.evaluate(f"document.querySelectorAll('.word')[{index}].id = 'target'")
        self.browser.click("#target")
        self.browser.wait_for(PLAYING)
        self.assertGreaterEqual(self.browser.evaluate(TIME), words[index]["start"] - 0.001)
        self.assertLess(self.browser.evaluate(TIME), words[index]["start"] + 5)

        # Two seconds of playing: at every look, what is lit is what the transcript says is spoken then.
        seen = set()
        while (time := self.browser.evaluate(TIME)) < words[index]["start"] + 2:
            time, start, count = self.browser.evaluate(
                "new Promise(done => requestAnimationFrame(() => setTimeout(() => done("
                f"[{TIME}, {NOW}.dataset.start, document.querySelectorAll('.now').length]))))"
            )
            if start is None:
                continue
            self.assertEqual(count, 1)
            self.assertLess(float(start), time + 0.1)
            spoken = [word for word in words if word["start"] == float(start)][-1]
            self.assertLess(time, spoken["end"] + 0.5)
            seen.add(float(start))
        self.assertGreater(len(seen), 3)
        self.assertEqual(sorted(seen)[0], words[index]["start"])

    def test_only_the_page_and_the_recording_are_loaded_and_a_hostile_name_does_no_harm(self):
        self.page("--word-timestamps")
        self.browser.wait_for("document.querySelector('audio').readyState > 0")
        asked = {url for url in self.browser.requests if not url.startswith("data:")}  # Chromium's own icons
        self.assertEqual(asked - {self.recording.as_uri()}, {url for url in asked if url.endswith(".html")})
        self.assertIn(self.recording.as_uri().split("/")[-1].lower(), " ".join(asked).lower())
        self.assertIsNone(self.browser.evaluate("window.evil"))
        self.assertEqual(self.browser.evaluate("document.title"), EVIL.removesuffix(".wav"))
        self.assertEqual(self.browser.evaluate("document.images.length"), 0)
        self.assertTrue(self.browser.evaluate("document.querySelector('.problem').hidden"))

    def test_without_word_times_segments_are_clicked_and_light_up(self):
        self.page()
        segment = self.transcript["segments"][-1]
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('.word').length"), 0)
        self.browser.click(".segment:last-child .said:last-child")
        self.browser.wait_for(PLAYING)
        self.assertGreaterEqual(self.browser.evaluate(TIME), segment["start"] - 0.001)
        self.assertEqual(self.browser.wait_for(f"{NOW}.textContent").strip(), segment["text"].strip())

    def test_words_of_two_speakers_at_once_both_light_up(self):
        left, right = sorted(support.librivox())[:2]
        both = self.directory / "both.wav"
        with wave.open(str(left)) as one, wave.open(str(right)) as other, wave.open(str(both), "wb") as out:
            count = min(one.getnframes(), other.getnframes())
            out.setparams(one.getparams()._replace(nchannels=2))
            pairs = zip(*(struct.unpack(f"<{count}h", source.readframes(count)) for source in (one, other)))
            out.writeframes(b"".join(struct.pack("<2h", *pair) for pair in pairs))
        self.page("--word-timestamps", "--channel", "split", recording=both)
        self.browser.wait_for("document.querySelector('audio').readyState > 0")
        words = {
            speaker: [w for s in self.transcript["segments"] if s["speaker"] == speaker for w in s["words"]]
            for speaker in ("0", "1")
        }
        time = 1.5
        expected = {name: [w for w in spoken if w["start"] <= time][-1] for name, spoken in words.items()}
        expected = [w["word"].strip() for w in expected.values() if time < w["end"] + 0.25]
        self.assertEqual(len(expected), 2, words)
        self.browser.evaluate(f"document.querySelector('audio').currentTime = {time}")
        self.browser.wait_for("document.querySelectorAll('.now').length === 2")
        lit = self.browser.evaluate("[...document.querySelectorAll('.now')].map(w => w.textContent)")
        self.assertEqual(sorted(lit), sorted(expected))

    def test_keys_play_pause_seek_and_find(self):
        self.page("--word-timestamps")
        browser = self.browser
        browser.wait_for("document.querySelector('audio').readyState > 0")
        browser.key(" ", "Space", " ")
        browser.wait_for(f"{PLAYING} && {TIME} > 0.2")
        browser.key(" ", "Space", " ")
        browser.wait_for(f"!({PLAYING})")
        before = browser.evaluate(TIME)
        browser.key("ArrowRight")
        self.assertAlmostEqual(browser.wait_for(f"{TIME} > 4 && {TIME}"), before + 5, places=2)
        browser.key("ArrowLeft")
        browser.wait_for(f"{TIME} < 4")
        self.assertAlmostEqual(browser.evaluate(TIME), before, places=2)
        starts = browser.evaluate("[...document.querySelectorAll('.segment')].map(line => +line.dataset.start)")
        browser.evaluate("document.querySelector('audio').currentTime = 0")
        browser.key("ArrowDown")
        after = [start for start in starts if start > 0.02][0]
        self.assertAlmostEqual(browser.wait_for(TIME), after, places=2)
        browser.key("/", "Slash", "/")
        browser.call("Input.insertText", text="AMIABLE")
        hits = sum(segment["text"].lower().count("amiable") for segment in self.transcript["segments"])
        self.assertGreater(hits, 0)
        self.assertEqual(browser.wait_for("document.querySelector('#found').textContent"), f"1 of {hits}")
        self.assertIn("amiable", browser.evaluate("document.querySelector('.hit').textContent"))

    def test_a_phrase_is_found_across_segments_and_its_words_are_marked(self):
        for more in (("--word-timestamps",), ()):
            with self.subTest(more=more):
                self.page(*more)
                browser = self.browser
                texts = [segment["text"] for segment in self.transcript["segments"]]
                # The last word of one segment and the first of the next, without their punctuation.
                phrase = [support.words(texts[0])[-1], support.words(texts[1])[0]]
                everything = support.words(" ".join(texts))
                count = sum(everything[i : i + 2] == phrase for i in range(len(everything)))
                self.assertGreater(count, 0)
                before = browser.evaluate("document.querySelector('main').textContent")
                browser.key("/", "Slash", "/")
                browser.call("Input.insertText", text="  " + ", ".join(phrase).upper())
                self.assertEqual(browser.wait_for("document.querySelector('#found').textContent"), f"1 of {count}")
                marked = browser.evaluate("[...document.querySelectorAll('mark.at')].map(mark => mark.textContent).join(' ')")
                self.assertEqual(support.words(marked), phrase)
                browser.key("Enter")
                browser.wait_for(f"document.querySelector('#found').textContent === '{2 if count > 1 else 1} of {count}'")
                browser.key("Escape")
                self.assertEqual(browser.evaluate("document.querySelectorAll('mark').length"), 0)
                self.assertEqual(browser.evaluate("document.querySelector('main').textContent"), before)

    def test_lines_are_whole_sentences(self):
        self.page()
        lines = self.browser.evaluate("[...document.querySelectorAll('.segment')].map(line => line.querySelector('.text').textContent)")
        self.assertEqual("".join(" ".join(lines).split()), "".join(self.transcript["text"].split()))
        ends = [line for line in lines if line[-1] in ".?!\""]
        self.assertGreaterEqual(len(ends), len(lines) - 1, lines)

    def test_words_are_reached_and_heard_with_the_keyboard_alone(self):
        self.page("--word-timestamps")
        browser = self.browser
        browser.wait_for("document.querySelector('audio').readyState > 0")
        words = self.words()
        focused = "(document.activeElement.classList.contains('word') ? document.activeElement.textContent : '')"
        for _ in range(20):
            browser.key("Tab")
            if browser.evaluate(focused):
                break
        self.assertEqual(browser.evaluate(focused), words[0]["word"].strip())
        for _ in range(3):
            browser.key("ArrowRight")
        browser.key("ArrowLeft")
        self.assertEqual(browser.evaluate(focused), words[2]["word"].strip())
        browser.key("Enter", text="\r")
        browser.wait_for(PLAYING)
        self.assertGreaterEqual(browser.evaluate(TIME), words[2]["start"] - 0.001)
        browser.key("ArrowDown")
        second = browser.evaluate("document.querySelectorAll('.segment')[1].querySelector('.word').textContent")
        self.assertEqual(browser.evaluate(focused), second)
        # One stop of the Tab key among all words: the page's other controls stay in reach.
        self.assertEqual(browser.evaluate("document.querySelectorAll('.word[tabindex]').length"), 1)

    def test_the_copy_button_copies_the_text(self):
        self.page()
        browser = self.browser
        browser.evaluate("navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }")
        browser.click("#copy")
        browser.wait_for("document.querySelector('#copy').textContent === 'Copied'")
        copied = browser.evaluate("window.copied")
        self.assertEqual("".join(copied.split()), "".join(self.transcript["text"].split()))
        self.assertEqual(len(copied.rstrip("\n").split("\n")), browser.evaluate("document.querySelectorAll('.segment').length"))

    def test_a_recording_that_is_gone_can_be_shown_to_the_page(self):
        self.page("--word-timestamps")
        page = next((self.directory / "out").glob("*.html"))
        moved = self.recording.rename(self.directory / "elsewhere.wav")
        self.browser.open(page)
        self.browser.wait_for("!document.querySelector('.problem').hidden")
        self.assertIn(EVIL, self.browser.evaluate("document.querySelector('.problem').textContent"))
        root = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        chooser = self.browser.call("DOM.querySelector", nodeId=root, selector=".problem input")["nodeId"]
        self.browser.call("DOM.setFileInputFiles", files=[str(moved)], nodeId=chooser)
        self.browser.wait_for("document.querySelector('audio').duration > 20")
        self.assertTrue(self.browser.evaluate("document.querySelector('.problem').hidden"))

    def test_a_phone_and_a_dark_screen_show_everything(self):
        self.page("--word-timestamps")
        background = "getComputedStyle(document.body).backgroundColor"
        light = self.browser.evaluate(background)
        self.browser.screen(360, 640, dark=True, phone=True)
        self.assertNotEqual(self.browser.evaluate(background), light)
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), 360)
        # The last line can be scrolled out from behind the player.
        self.browser.evaluate("scrollTo(0, 1e6)")
        bottom = "document.querySelector('.segment:last-child').getBoundingClientRect().bottom"
        self.assertLessEqual(
            self.browser.evaluate(bottom), self.browser.evaluate("document.querySelector('.player').offsetTop")
        )

    def test_standard_input_has_no_player_and_silence_says_so(self):
        out = self.directory / "out"
        arguments = ("-q", "-m", self.model, "-l", "en", "--beam-size", "1", "-f", "html", "-o", out)
        self.check_exit(support.run(*arguments, "-", stdin=self.recording.read_bytes()), 0)
        self.browser.open(out / "stdin.html")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('audio').length"), 0)
        self.assertGreater(self.browser.evaluate("document.querySelectorAll('.segment').length"), 3)
        quiet = self.directory / "quiet.wav"
        tone(quiet, 1)
        self.check_exit(support.run(*arguments, quiet), 0)
        self.browser.open(out / "quiet.html")
        self.assertIn("Nothing was said", self.browser.evaluate("document.querySelector('main').textContent"))


class Report(support.Case):
    def test_the_page_of_a_corpus_fits_its_window_and_loads_nothing(self):
        need_chromium()
        model = support.need_model("tiny.en", "base")
        part, page = self.directory / "part.jsonl", self.directory / "corpus.html"
        missing = self.directory / ("a-rather-long-name-" * 5 + ".wav")
        support.run("-q", "-m", model, "-l", "en", "--manifest", part, support.LIBRIVOX, missing)
        self.check_exit(support.run("report", "merge", "--html", page, part), 1)
        self.check_fits(page, {390: 1, 1200: 2})

    def test_the_report_fits_its_window_and_loads_nothing(self):
        need_chromium()
        model = support.need_model("tiny.en", "base")
        page = self.directory / "report.html"
        done = support.run("-q", "-m", model, "-l", "en", "--report", page, support.LIBRIVOX)
        self.check_exit(done, 0)
        self.check_fits(page, {390: 4, 1200: 4})

    def check_fits(self, page, charts):
        with Browser() as browser:
            shown = "[...document.querySelectorAll('svg.plot')].filter(plot => plot.getBoundingClientRect().width > 0)"
            for width, count in charts.items():
                browser.screen(width, 800, phone=width < 400)
                browser.open(page)
                self.assertEqual(browser.requests, [page.as_uri()])
                self.assertEqual(browser.evaluate(f"{shown}.length"), count)
                self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), width)
                # No chart has to be scrolled, and no text of one is cut off.
                outside = browser.evaluate(
                    f"{shown}.flatMap(plot => [plot, ...plot.querySelectorAll('text')]).filter(part => {{"
                    f" const box = part.getBoundingClientRect(); return box.left < 0 || box.right > {width}; }})"
                    ".map(part => part.textContent)"
                )
                self.assertEqual(outside, [])


class Hostile(support.Case):
    def test_a_hostile_transcript_is_only_text(self):
        evil = "</script><script>window.evil=1</script><img src=x onerror=window.evil=1> &lt;b&gt; \"'"
        line = f"0 1 {evil.encode().hex()}\n"
        done = subprocess.run([support.FORMAT_TRANSCRIPT, "html"], input=line.encode(), stdout=subprocess.PIPE, check=True)
        page = self.directory / "page.html"
        page.write_bytes(done.stdout)
        with Browser() as browser:
            browser.open(page)
            self.assertEqual(browser.evaluate("document.querySelector('.text').textContent"), evil)
            self.assertIsNone(browser.evaluate("window.evil"))
            self.assertEqual(browser.evaluate("document.scripts.length"), 1)


if __name__ == "__main__":
    support.main()
