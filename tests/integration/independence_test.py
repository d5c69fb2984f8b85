"""A recording's words do not depend on what is transcribed beside it, in which order, or by how many threads."""

import json

import support

CLIPS = 10  # of the shared ones: with the runs below they take less than a minute on two cores


class Independence(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("base")
        self.clips = sorted((support.shared_audio() / "librispeech-test-other").iterdir())[:CLIPS]
        self.assertEqual(len(self.clips), CLIPS)

    def heard(self, recordings, *options):
        """{recording's name: [(start, end, text) of its segments]}"""
        out = self.directory / "out"
        done = support.run("-q", "-m", self.model, "-l", "en", "-f", "json", "-o", out, *options, *recordings)
        self.check_exit(done, 0)
        heard = {}
        for recording in recordings:
            written = json.loads((out / f"{recording.stem}.json").read_text(encoding="utf-8"))
            heard[recording.name] = [(part["start"], part["end"], part["text"]) for part in written["segments"]]
        return heard

    def alone(self, *options):
        heard = {}
        for clip in self.clips:
            heard.update(self.heard([clip], *options))
        self.assertTrue(all(heard.values()))
        return heard

    def test_the_same_words_alone_and_in_a_batch_in_any_order_and_by_any_number_of_threads(self):
        alone = self.alone()
        for name, recordings, options in (
            ("together", self.clips, ()),
            ("in reverse", self.clips[::-1], ()),
            ("one window at a time", self.clips, ("--batch-size", "1")),
            ("three at a time", self.clips[3:] + self.clips[:3], ("--batch-size", "3")),
            ("by one thread", self.clips, ("--threads", "1")),
        ):
            with self.subTest(name):
                self.assertEqual(self.heard(recordings, *options), alone)

    def test_neither_prompts_nor_hotwords_nor_what_was_said_before_pass_from_one_recording_to_another(self):
        prompts = ("--initial-prompt", "A story by Mr. Quilter.", "--hotwords", "whom, Dorothea")
        for options in (prompts, ("--condition-on-previous-text",)):
            with self.subTest(options):
                self.assertEqual(self.heard(self.clips, *options), self.alone(*options))


if __name__ == "__main__":
    support.main()
