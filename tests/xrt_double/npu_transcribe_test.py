"""The program as it ships, with --device npu. The loader's path leads to the double instead of XRT's library."""

import json
import os

import support


class Npu(support.Case):
    """tiny.en on one recording of LibriVox, with the bytes that an NPU would get and give."""

    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en")
        self.recording = sorted(support.librivox())[0]
        self.out = self.directory / "out"

    def transcribe(self, device, **environment):
        return support.run(
            "--device", device, "-m", self.model, "-l", "en", "-f", "txt,json", "-o", self.out, self.recording,
            env={**os.environ, **environment},
        )  # fmt: skip

    def transcript(self, device, **environment):
        self.check_exit(self.transcribe(device, **environment), 0)
        return json.loads((self.out / f"{self.recording.stem}.json").read_text(encoding="utf-8"))

    def words_and_times(self, transcript):
        return [(segment["start"], segment["end"], segment["text"]) for segment in transcript["segments"]]

    def test_the_transcript_is_that_of_the_emulated_array_and_of_the_cpu(self):
        log = self.directory / "log"
        npu = self.transcript("npu", NPUSCRIBE_XRT_DOUBLE_LOG=os.fspath(log))
        spoken = support.words(support.librivox()[self.recording])
        self.assertLessEqual(support.word_errors(spoken, support.words(npu["text"])), 1)
        self.assertEqual(npu, self.transcript("emulated"))  # to the last digit: the same kernels, the same bytes
        self.assertEqual(npu["text"], self.transcript("cpu")["text"])
        # The array rounds its results to bfloat16, and its GELU is its own: a time may be another step of 20 ms.
        on_npu, on_cpu = self.words_and_times(npu), self.words_and_times(self.transcript("cpu"))
        self.assertEqual(len(on_npu), len(on_cpu))
        for (start, end, text), (cpu_start, cpu_end, cpu_text) in zip(on_npu, on_cpu):
            self.assertEqual(text, cpu_text)
            self.assertAlmostEqual(start, cpu_start, delta=0.021)
            self.assertAlmostEqual(end, cpu_end, delta=0.021)

        counted = dict(line.split("=") for line in log.read_text().split())
        counted = {name: int(value) for name, value in counted.items()}
        # tiny.en: 4 layers of query, key and value in one, out, and two of the MLP in one runlist.
        self.assertEqual(counted["runs"], 4 * 4)
        self.assertEqual(counted["runlists"], 4)
        self.assertEqual(counted["longest_runlist"], 2)
        self.assertEqual(counted["submissions"], 4 * 3)
        self.assertEqual(counted["waits"], 4 * 3)
        self.assertEqual(counted["most_in_flight"], 1)  # one window
        self.assertEqual(counted["contexts"], 1)
        self.assertEqual(counted["violations"], 0)
        for kind in ("devices", "contexts", "buffers"):
            self.assertEqual(counted[f"{kind}_open"], 0)

    def test_windows_in_pairs_have_the_transcripts_of_windows_alone(self):
        recordings = sorted(support.librivox())[:5]
        log = self.directory / "log"

        def transcripts(device, **environment):
            done = support.run(
                "--device", device, "-m", self.model, "-l", "en", "-f", "json", "-o", self.out, *recordings,
                env={**os.environ, **environment},
            )  # fmt: skip
            self.check_exit(done, 0)
            return [(self.out / f"{recording.stem}.json").read_text(encoding="utf-8") for recording in recordings]

        npu = transcripts("npu", NPUSCRIBE_XRT_DOUBLE_LOG=os.fspath(log))
        self.assertEqual(npu, transcripts("emulated"))  # which encodes one window after the other
        counted = dict(line.split("=") for line in log.read_text().split())
        self.assertEqual(int(counted["most_in_flight"]), 2)
        self.assertEqual(int(counted["violations"]), 0)
        self.assertEqual(int(counted["buffers_open"]), 0)

    def check_fault(self, fault, *parts, **environment):
        done = self.transcribe("npu", NPUSCRIBE_XRT_DOUBLE_FAULT=fault, **environment)
        self.check_error(done, 3, *parts)
        self.assertEqual(list(self.out.iterdir()) if self.out.is_dir() else [], [])  # no partial output

    def test_no_device(self):
        self.check_fault("no-device", "there is no NPU to use")

    def test_a_memlock_limit(self):
        self.check_fault("memlock", "mmap", "memory")

    def test_a_damaged_xclbin(self):
        programs = self.directory / "programs"
        programs.mkdir()
        given = os.environ["NPUSCRIBE_XCLBIN_DIR"]
        for name in os.listdir(given):
            (programs / name).symlink_to(os.path.join(given, name))
        broken = programs / "bfp16_128x32x48.xclbin"
        broken.unlink()
        broken.write_bytes(b"no xclbin")
        self.check_fault("", "is not the file that its manifest lists", NPUSCRIBE_XCLBIN_DIR=os.fspath(programs))

    def test_an_xclbin_for_another_device(self):
        self.check_fault("refused-context", "No valid DPU kernel", "encoder")

    def test_no_xclbin_for_this_model(self):
        empty = self.directory / "empty"
        empty.mkdir()
        self.check_fault("", "manifest.json does not exist", NPUSCRIBE_XCLBIN_DIR=os.fspath(empty))

    def test_a_run_that_does_not_end(self):
        # The eighth run is FC2 of the second layer.
        self.check_fault("timeout:8", "did not finish", "within 0.5 s", NPUSCRIBE_NPU_TIMEOUT="0.5")

    def test_a_device_that_goes_away(self):
        self.check_fault("lost:8", "the device is gone")

    def test_what_the_npu_returns_is_what_is_transcribed(self):
        corrupted = self.transcript("npu", NPUSCRIBE_XRT_DOUBLE_FAULT="corrupted:10")
        self.assertNotEqual(self.transcript("npu")["text"], corrupted["text"])

    def test_auto_takes_the_npu_and_says_so(self):
        done = self.transcribe("auto")
        self.check_exit(done, 0)
        self.assertIn("device npu (test double of XRT", done.stderr)

    def test_auto_falls_back_to_the_cpu_and_says_so(self):
        done = self.transcribe("auto", NPUSCRIBE_XRT_DOUBLE_FAULT="no-device")
        self.check_exit(done, 0)
        self.assertIn("device cpu", done.stderr)


class List(support.Case):
    def run_list(self, **environment):
        done = support.run("device", "list", env={**os.environ, **environment})
        self.check_exit(done, 0)
        return done.stdout

    def test_the_npu_is_listed(self):
        listing = self.run_list()
        self.assertIn("test double of XRT", listing)

    def test_what_is_missing_is_listed(self):
        self.assertIn("the installed XRT is 2.16", self.run_list(NPUSCRIBE_XRT_DOUBLE_VERSION="2.16"))
        self.assertIn("/nowhere/manifest.json does not exist", self.run_list(NPUSCRIBE_XCLBIN_DIR="/nowhere"))


if __name__ == "__main__":
    support.main()
