"""npuscribe model convert, and the use of a converted model in place of its source."""

import json
import os
import shutil
import stat

import support

MODELS = ("base", "tiny.en")


class Convert(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model(*MODELS)
        self.file = self.directory / "small.npuscribe"

    def convert(self, *arguments, **options):
        return support.run("model", "convert", self.model, *arguments, **options)

    def test_prints_where_how_large_and_how_long(self):
        done = self.convert(self.file)
        self.check_exit(done, 0)
        size = self.file.stat().st_size
        self.assertIn(f"{self.file}: {size / 1e6:.1f} MB, from ", done.stdout)
        self.assertRegex(done.stdout, r"in \d+\.\d s\n$")
        original = (support.models_directory() / self.model / "model.bin").stat().st_size
        self.assertLess(size, 0.6 * original)
        if self.model == "base":
            self.assertLess(size, 85e6)

    def test_info_tells_what_it_was_converted_from(self):
        self.check_exit(self.convert(self.file), 0)
        done = support.run("model", "info", self.file)
        self.check_exit(done, 0)
        self.assertIn("npuscribe, converted from CTranslate2", done.stdout)
        self.assertIn("bfp16", done.stdout)
        original = support.run("model", "info", self.model)
        dimensions = [line for line in original.stdout.splitlines() if line.startswith(("n_", "lang", "align"))]
        self.assertGreater(len(dimensions), 8)
        for line in dimensions:
            self.assertIn(line, done.stdout)

    def test_a_directory_gets_a_file_of_the_models_name(self):
        self.check_exit(self.convert(f"{self.directory}/"), 0)
        self.assertTrue((self.directory / f"{self.model}.npuscribe").is_file())

    def test_without_a_path_it_goes_where_models_are_found_by_name(self):
        models = self.directory / "models"
        models.mkdir()
        (models / self.model).symlink_to((support.models_directory() / self.model).resolve())
        environment = {**os.environ, "NPUSCRIBE_MODELS": str(models)}
        self.check_exit(self.convert(env=environment), 0)
        file = models / f"{self.model}.npuscribe"
        self.assertTrue(file.is_file())
        info = support.run("model", "info", self.model, env=environment)
        self.assertIn(str(file), info.stdout)
        self.assertRegex(info.stdout, rf"name +{self.model}\n")
        listed = support.run("model", "list", env=environment)
        self.assertIn(str(file), listed.stdout)
        self.assertIn(f"{models / self.model}\n", listed.stdout)
        shutil.move(file, models / "mine.npuscribe")
        self.assertIn("mine  ", support.run("model", "list", env=environment).stdout)
        self.assertIn("mine.npuscribe", support.run("model", "info", "mine", env=environment).stdout)

    def test_does_not_replace_a_file_unless_forced(self):
        self.file.write_text("mine")
        self.check_error(self.convert(self.file), 1, self.file, "--force")
        self.assertEqual(self.file.read_text(), "mine")
        self.check_exit(self.convert("--force", self.file), 0)
        self.assertGreater(self.file.stat().st_size, 1e6)

    def test_a_path_that_cannot_be_written_is_an_error_and_nothing_is_left(self):
        self.check_error(self.convert(self.directory / "no" / "such" / "a.npuscribe"), 1, "no directory")
        locked = self.directory / "locked"
        locked.mkdir()
        locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
        if os.geteuid() != 0:
            self.check_error(self.convert(locked / "a.npuscribe"), 1, "not writable")
        self.check_error(self.convert("/dev/full"), 1, "the disk is full")
        self.assertEqual(os.listdir(locked), [])

    def test_a_converted_model_is_not_converted_again(self):
        self.check_exit(self.convert(self.file), 0)
        done = support.run("model", "convert", self.file, self.directory / "again.npuscribe")
        self.check_error(done, 2, "converted already")

    def test_gives_the_same_transcripts(self):
        self.check_exit(self.convert(self.file), 0)
        recordings = sorted(support.librivox())
        before = support.run("-q", "-m", self.model, *recordings)
        after = support.run("-q", "-m", self.file, *recordings)
        self.check_exit(before, 0)
        self.check_exit(after, 0)
        self.assertGreater(len(before.stdout), 100)
        self.assertEqual(before.stdout, after.stdout)

    def test_a_damaged_file_is_an_error_that_names_it(self):
        self.check_exit(self.convert(self.file), 0)
        recording = sorted(support.librivox())[0]
        whole = self.file.read_bytes()
        self.file.write_bytes(whole[: len(whole) // 2])
        self.check_error(support.run("-m", self.file, recording), 3, self.file)
        # Blocks of 255, an exponent that stands for nothing; and before the vocabulary values that are no numbers.
        half = len(whole) // 2
        self.file.write_bytes(whole[:half] + b"\xff" * 100_000 + whole[half + 100_000 :])
        self.check_error(support.run("-m", self.file, recording), 3, "damaged")
        header = 8 + int.from_bytes(whole[:8], "little")
        end = header + json.loads(whole[8:header])["vocabulary"]["data_offsets"][0]
        self.file.write_bytes(whole[:half] + b"\xff" * (end - half) + whole[end:])
        self.check_error(support.run("-m", self.file, recording), 3, "NaN")


class Missing(support.Case):
    def test_a_model_that_is_not_there_is_an_error(self):
        done = support.run("model", "convert", self.directory / "nothing", self.directory / "a.npuscribe")
        self.check_error(done, 3, "there is no such directory")


if __name__ == "__main__":
    support.main()
