"""Real speech in, its words out."""

import json

import support


class Speech(support.Case):
    """LibriVox recordings and the words that Debian's pocketsphinx-testdata ships with them, 71 in all.

    The bounds: faster-whisper (float32, greedy) makes 3 errors with tiny.en and 1 with base, which is the transcription's
    own slip ("a more a amiable woman"). Three words more are what another rounding may cost; a broken encoder or decoder
    costs dozens.
    """

    def check_words(self, model, most_errors, *options):
        references = support.librivox()
        recordings = sorted(references)
        out = self.directory / "out"
        done = support.run("-m", model, "-l", "en", "-f", "txt", "-o", out, *options, *recordings)
        self.check_exit(done, 0)
        errors = count = 0
        for recording in recordings:
            expected = support.words(references[recording])
            got = support.words((out / f"{recording.stem}.txt").read_text(encoding="utf-8"))
            errors += support.word_errors(expected, got)
            count += len(expected)
        self.assertEqual(count, 71)
        self.assertLessEqual(errors, most_errors, done.stdout)

    def test_tiny_en(self):
        self.check_words(support.need_model("tiny.en"), 6)

    def test_base(self):
        self.check_words(support.need_model("base"), 4)

    def test_base_in_other_precisions(self):
        for precision in ("bf16", "fp32"):
            with self.subTest(precision):
                self.check_words(support.need_model("base"), 4, "--precision", precision)

    def test_without_voice_activity(self):
        self.check_words(support.need_model("base"), 4, "--no-vad")

    def test_with_one_beam(self):
        self.check_words(support.need_model("base"), 4, "--beam-size", "1")

    def test_with_beams_that_are_neither_recombined_nor_dropped(self):
        all_of_them = ("--beam-recombination", "0", "--beam-threshold", "none")
        self.check_words(support.need_model("base"), 4, *all_of_them)

    def test_a_shortened_context_hears_the_same_speech_in_fewer_frames(self):
        """Recordings of 2.6 to 7 s: with 4 s of silence about a third of 30 s. With timestamps and without, in both models."""
        recordings = sorted(support.librivox())
        for model, most_errors in (("base", 4), ("tiny.en", 6)):
            support.need_model(model)
            for more in ((), ("--without-timestamps",)):
                with self.subTest(model=model, more=more):
                    frames = {}
                    for context in ("auto", "full"):
                        report = self.directory / "report.json"
                        options = ("--audio-context", context, "--report", report, *more)
                        self.check_words(model, most_errors, *options)
                        totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
                        frames[context] = totals["encoder_frames"] - 1500 * totals["context_guard"]
                        self.assertEqual(totals["context_guard"], 0)
                    self.assertEqual(frames["full"], 1500 * len(recordings))
                    self.assertLess(frames["auto"], frames["full"] / 2)

    def test_a_prefix_is_said_once_and_the_rest_follows(self):
        """The first words of each recording: the decoder goes on after them, and does not say them again."""
        model = support.need_model("base")
        errors = 0
        for recording, expected in support.librivox().items():
            prefix = " ".join(expected.split()[:3]).capitalize()
            for more in ((), ("--without-timestamps",), ("--no-vad", "--word-timestamps"), ("--beam-size", "3")):
                with self.subTest(recording=recording.name, more=more):
                    done = support.run("-m", model, "-l", "en", "--prefix", prefix, *more, recording)
                    self.check_exit(done, 0)
                    self.assertTrue(done.stdout.startswith(prefix), done.stdout)
                    errors += support.word_errors(support.words(expected), support.words(done.stdout))
        self.assertLessEqual(errors, 4 * 4)  # as many as the other tests allow, in each manner

    @support.needs("hallucinations")
    def test_words_made_up_in_noise_are_left_out_and_the_speech_around_it_is_not(self):
        """Speech, a minute of noise, speech. Without the rules for silence and loops Whisper makes up words in the noise."""
        model = support.need_model("base")
        references = support.librivox()
        first, second = sorted(references)[:2]
        recording = support.with_noise_between(self.directory / "noise.wav", first, second, seconds=60)
        expected = support.words(references[first] + " " + references[second])
        talkative = ("--no-speech-threshold", "none", "--temperature-increment-on-fallback", "none")

        def errors(*options):
            done = support.run("-m", model, "-l", "en", "--no-vad", "--word-timestamps", *talkative, *options, recording)
            self.check_exit(done, 0)
            return support.word_errors(expected, support.words(done.stdout))

        without = errors()
        if without < 20:
            support.skip("hallucinations", "Whisper made nothing up on this CPU")
        self.assertLessEqual(errors("--hallucination-silence-threshold", "2"), 5)

    @support.needs("hallucinations")
    def test_babble_between_speech_is_left_out_with_voice_activity_too(self):
        """Reversed speech is speech to the detector, but Whisper is unsure of the words that it finds in it."""
        model = support.need_model("base")
        references = support.librivox()
        first, second = sorted(references)[:2]
        recording = support.with_babble_between(self.directory / "babble.wav", first, second, begin=0, seconds=3)
        expected = support.words(references[first] + " " + references[second])

        def errors(*options):
            # With five beams Whisper finds more probable words in it.
            done = support.run("-m", model, "-l", "en", "--beam-size", "1", "--word-timestamps", *options, recording)
            self.check_exit(done, 0)
            return support.word_errors(expected, support.words(done.stdout))

        without = errors()
        if without < 5:
            support.skip("hallucinations", "Whisper made nothing up on this CPU")
        self.assertLessEqual(errors("--hallucination-silence-threshold", "2"), 4)

    def test_languages_are_detected_with_a_shortened_context(self):
        model = support.need_model("base")
        for code in ("de", "fr", "ja"):
            recording = support.shared_audio() / "languages" / f"test_{code}.wav"
            for context in ("auto", "full"):
                with self.subTest(code=code, context=context):
                    report = self.directory / "report.json"
                    done = support.run("-m", model, "--audio-context", context, "--report", report, recording)
                    self.check_exit(done, 0)
                    answer = json.loads(report.read_text(encoding="utf-8"))
                    self.assertEqual(answer["files"][0]["language"], code)
                    self.assertLess(answer["totals"]["encoder_frames"], 1500 if context == "auto" else 1501)

    def test_a_recording_that_goes_on_in_another_language_comes_out_in_both(self):
        """The MIT license, read in English and then in German."""
        model = support.need_model("base")
        recording = support.shared_audio() / "languages" / "multilingual.mp3"
        for more in ((), ("--beam-size", "3"), ("--no-vad",), ("--without-timestamps", "--batch-size", "1")):
            with self.subTest(more=more):
                out = self.directory / "out"
                done = support.run("-m", model, "-f", "json", "-o", out, *more, recording)
                self.check_exit(done, 0)
                document = json.loads((out / "multilingual.json").read_text(encoding="utf-8"))
                spoken = {"en": "", "de": ""}
                for segment in document["segments"]:
                    spoken[segment["language"]] += segment["text"]
                languages = [segment["language"] for segment in document["segments"]]
                self.assertEqual(languages, sorted(languages, reverse=True))  # English, then German
                self.assertIn("permission is hereby granted", spoken["en"].lower())
                self.assertIn("die software zu verwenden", spoken["de"].lower())

    def test_silence_has_no_words(self):
        silence = support.shared_audio() / "formats" / "empty.wav"
        done = support.run("-m", support.need_model("base", "tiny.en"), "-l", "en", silence)
        self.check_exit(done, 0)
        self.assertEqual(done.stdout, "")

    def test_containers_and_codecs_give_the_same_words(self):
        model = support.need_model("base")
        expected = support.words(
            "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
        )
        for name in ("jfk.wav", "jfk.flac", "jfk.mp3"):
            with self.subTest(name):
                done = support.run("-m", model, "-l", "auto", support.shared_audio() / "formats" / name)
                self.check_exit(done, 0)
                self.assertEqual(support.words(done.stdout), expected)


if __name__ == "__main__":
    support.main()
