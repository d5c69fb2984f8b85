"""npuscribe device test on the double: a healthy NPU passes all steps, and each step fails when its fault is there."""

import base64
import hashlib
import json
import os
import struct

import support

STEPS = (
    "one shape, once",
    "the same shape again",
    "two shapes in turn",
    "every shape",
    "a runlist",
    "one encoder layer",
    "the whole encoder",
    "two windows together",
)
STATE = 384  # of tiny


class DeviceTest(support.Case):
    """With the array programs of tiny alone, and generated weights."""

    healthy = None  # the file of a healthy device, once one has been tested

    def setUp(self):
        super().setUp()
        self.models = self.directory / "models"
        self.models.mkdir()
        self.programs = self.directory / "home" / "anna" / "programs"
        self.programs.mkdir(parents=True)
        given = os.environ["NPUSCRIBE_XCLBIN_DIR"]
        with open(os.path.join(given, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        # The program for an n_audio_state of 384 is the one whose array is 384 columns wide: 8 tiles.
        manifest["programs"] = [program for program in manifest["programs"] if program["tile"]["n"] == STATE // 8]
        (program,) = manifest["programs"]
        self.program, self.tile = program["name"], program["tile"]
        (self.programs / "manifest.json").write_text(json.dumps(manifest))
        for name in os.listdir(given):
            if name.startswith(self.program):
                (self.programs / name).symlink_to(os.path.join(given, name))
        self.file = self.directory / "diagnostics.json"

    def run_test(self, *arguments, fault="", **environment):
        given = {
            **os.environ,
            "NPUSCRIBE_MODELS": os.fspath(self.models),
            "NPUSCRIBE_XCLBIN_DIR": os.fspath(self.programs),
            "NPUSCRIBE_XRT_DOUBLE_FAULT": fault,
            "HOME": os.fspath(self.directory / "home" / "anna"),
            "NPUSCRIBE_NPU_TIMEOUT": "30",
            **environment,
        }
        return support.run("device", "test", "npu", *arguments, env=given, cwd=self.directory)

    def diagnostics(self, file=None):
        """Loads the file, and checks what every such file must hold and must not hold."""
        text = (file or self.file).read_text(encoding="utf-8")
        self.assertLess(len(text), 4_000_000)
        for private in ("anna", os.fspath(self.directory), os.uname().nodename + " "):
            self.assertNotIn(private, text)
        report = json.loads(text)
        for part in ("npuscribe", "host", "device", "npu", "model", "steps", "plan", "shapes"):
            self.assertTrue(report[part], part)
        self.assertTrue(report["npu"]["xrt"])
        self.assertEqual([program["name"] for program in report["npu"]["programs"]], [self.program])
        self.assertIn("power_mode", report["npu"]["devices"][0])
        self.assertTrue(report["host"]["cpu"])
        self.assertIn(os.uname().release, report["host"]["kernel"])
        self.assertEqual([step["name"] for step in report["steps"]], list(STEPS[: len(report["steps"])]))
        return report

    def check_failure(self, fault, step, *words, symptom="wrong", pattern=None, **environment):
        """The step before `step` passes, `step` fails with these words, and the file says the same."""
        done = self.run_test("--diagnostics", self.file, fault=fault, **environment)
        self.check_exit(done, 1)
        place = STEPS.index(step)
        lines = [line for line in done.stdout.splitlines() if line[:2] in {f"{i}/" for i in range(1, len(STEPS) + 1)}]
        self.assertEqual(len(lines), place + 1, done.stdout)
        for i, line in enumerate(lines):
            self.assertIn(STEPS[i], line)
            self.assertIn("FAILED" if i == place else " ok ", line)
        for word in (*words, "What happened: ", "What it means: ", "What to try: ", f"bug report: {self.file}"):
            self.assertIn(word, done.stdout)
        report = self.diagnostics()
        self.assertFalse(report["passed"])
        failure = report["failure"]
        self.assertEqual(failure["step"], step)
        self.assertEqual(failure["symptom"], symptom)
        self.assertEqual(failure.get("pattern"), pattern)
        if "product" in failure:
            instructions = failure["instructions"]
            stream = base64.b64decode(instructions["base64"])
            self.assertEqual(len(stream), instructions["bytes"])
            self.assertEqual(hashlib.sha256(stream).hexdigest(), instructions["sha256"])
            self.assertEqual((instructions["k"], instructions["n"]), (failure["product"]["k"], failure["product"]["n"]))
        return failure

    def values(self, part):
        data = base64.b64decode(part["f32_little_endian_base64"])
        values = struct.unpack(f"<{len(data) // 4}f", data)
        self.assertEqual(len(values), part["rows"] * part["cols"])
        return [values[row * part["cols"] : (row + 1) * part["cols"]] for row in range(part["rows"])]

    def healthy_report(self):
        if DeviceTest.healthy is None:
            self.check_exit(self.run_test("--diagnostics", self.file), 0)
            DeviceTest.healthy = self.diagnostics()
        return self.healthy

    def runs_until(self, step):
        """How many runs end before `step`, and how many it takes."""
        counts = {each["name"]: each["matmuls"] for each in self.healthy_report()["steps"]}
        return sum(counts[name] for name in STEPS[: STEPS.index(step)]), counts[step]

    def test_a_healthy_device_passes_all_steps(self):
        log = self.directory / "log"
        done = self.run_test(NPUSCRIBE_XRT_DOUBLE_LOG=os.fspath(log))
        self.check_exit(done, 0)
        for step in STEPS:
            self.assertRegex(done.stdout, rf"{step} +ok ")
        self.assertIn("The npu device passes all steps.", done.stdout)
        self.assertIn("installed for 4 of 20 sizes", done.stdout)
        self.assertIn("generated weights, n_audio_state 384", done.stdout)
        self.assertEqual(list(self.directory.glob("*.json")), [])  # only if asked for
        counted = dict(line.split("=") for line in log.read_text().split())
        self.assertEqual(counted["violations"], "0")
        self.assertGreater(int(counted["longest_runlist"]), 3)

    def test_a_file_is_written_on_request_though_all_is_well(self):
        report = self.healthy_report()
        self.assertTrue(report["passed"])
        self.assertNotIn("failure", report)
        self.assertEqual(len(report["steps"]), len(STEPS))

    def test_the_file_has_a_default_name(self):
        self.check_exit(self.run_test(fault="zeros:1"), 1)
        self.assertFalse(self.diagnostics(self.directory / "npuscribe-device-test.json")["passed"])

    def test_a_fetched_model_is_used(self):
        model = support.need_model("tiny.en")
        done = self.run_test(NPUSCRIBE_MODELS=os.fspath(support.models_directory()))
        self.check_exit(done, 0)
        self.assertIn(f"{model}, 1500 frames", done.stdout)

    def test_a_first_run_that_hangs(self):
        self.check_failure(
            "timeout:1", STEPS[0], "Not even the first product", "dmesg", symptom="timeout", NPUSCRIBE_NPU_TIMEOUT="0.5"
        )

    def test_a_second_run_that_hangs(self):
        failure = self.check_failure(
            "timeout:2", STEPS[1], "The first run ended and the second one did not", "barrier", "task queue",
            "--pmode", symptom="timeout", NPUSCRIBE_NPU_TIMEOUT="3",
        )  # fmt: skip
        self.assertNotIn("got", failure)  # there is no result

    def test_a_run_that_the_driver_ends(self):
        self.check_failure("reset-run:2", STEPS[1], "timed out on the array", "barrier", symptom="timeout")

    def test_an_xclbin_that_is_refused(self):
        self.check_failure("refused-context", STEPS[0], "No valid DPU kernel", symptom="refused")

    def test_a_run_that_fails(self):
        self.check_failure("failed-run:1", STEPS[0], "failed in", "dmesg", symptom="refused")

    def test_a_result_that_is_not_synchronised(self):
        self.check_failure("zeros:1", STEPS[0], "The result is 0", "all cores", pattern="zeros")

    def test_a_result_that_nobody_writes_again(self):
        self.check_failure("unwritten:4", STEPS[1], "that of the run before", pattern="previous")

    def test_values_that_are_not_finite(self):
        self.check_failure("nan:1", STEPS[0], "Inf or NaN came back", pattern="not finite")

    def test_another_tile_layout(self):
        failure = self.check_failure("rows-swapped:1", STEPS[0], "in rows 8 to ", "subtiles", pattern="permuted")
        self.assertEqual(failure["got"]["first_row"], 8)
        expected, got = self.values(failure["expected"]), self.values(failure["got"])
        self.assertEqual(got[:8], expected[8:16])

    def test_sums_that_are_rounded_too_early(self):
        self.check_failure("rounded:1", STEPS[0], "the accumulator is not f32", pattern="inexact")

    def test_a_core_that_rounds_its_result_wrongly(self):
        failure = self.check_failure("bf16-last-bit", STEPS[3], "to bf16", "another way than to nearest even", pattern="inexact")
        self.assertEqual(failure["instructions"]["result"], "bf16")

    def test_parameters_of_the_shape_before(self):
        before = STATE // self.tile["k"]
        failure = self.check_failure(
            "stale-parameters", STEPS[2], f"{before} of {4 * before} tiles of K", "as many as the product before",
            pattern="partial sum",
        )
        self.assertEqual(failure["k_tiles"], before)

    def test_a_shape_that_hangs(self):
        self.check_failure("hung-shape:1536x384", STEPS[2], "does not run after another", symptom="timeout", NPUSCRIBE_NPU_TIMEOUT="15")  # fmt: skip
        # That of all three weights together is in no step before.
        self.check_failure("hung-shape:384x1152", STEPS[3], "Other shapes ran", symptom="timeout",
                           NPUSCRIBE_NPU_TIMEOUT="15")  # fmt: skip

    def test_one_wrong_block_of_one_shape(self):
        failure = self.check_failure(
            "wrong-block:384x1152", STEPS[3], "in rows 8 to 15 and columns 16 to 23", "row 0 of column 0",
            pattern="other",
        )  # fmt: skip
        self.assertEqual((failure["got"]["first_row"], failure["got"]["first_col"]), (8, 16))
        self.assertEqual(failure["wrong_by_tile"][0][0], failure["wrong_values"])
        # The operands in the file give the expected values.
        rows, columns = self.values(failure["product"]["x"]), self.values(failure["product"]["w"])
        bias = self.values(failure["product"]["bias"])[0]
        expected, got = self.values(failure["expected"]), self.values(failure["got"])
        for row in range(8):
            for col in range(8):
                value = sum(a * b for a, b in zip(rows[row], columns[col], strict=True)) + bias[16 + col]
                self.assertEqual(expected[row][col], value)
                self.assertEqual(got[row][col], -value)

    def test_a_runlist_that_drops_its_second_run(self):
        self.check_failure("dropped-run:2", STEPS[4], "run 2 of 3", pattern="zeros")

    def test_a_layer_that_is_wrong(self):
        before, runs = self.runs_until(STEPS[5])
        # Its two runs on the same input differ if only one of them is wrong.
        self.check_failure(f"glitch:{before + runs // 4}", STEPS[5], "gave two results", symptom="unstable")
        self.check_failure(f"corrupted:{before + 1}", STEPS[5], "more than twice as far from the CPU's as BFP16 is from fp32", symptom="inaccurate")

    def test_an_encoder_that_is_wrong(self):
        before, _ = self.runs_until(STEPS[6])
        self.check_failure(f"corrupted:{before + 1}", STEPS[6], "more than twice as far from the CPU's as BFP16 is from fp32", symptom="inaccurate")

    def test_two_windows_that_get_in_each_others_way(self):
        before, runs = self.runs_until(STEPS[7])
        # Each window alone takes a quarter of the runs; the rest are the pair's.
        self.check_failure(f"glitch:{before + runs}", STEPS[7], "the right results alone", symptom="unstable")
        self.check_failure(f"timeout:{before + runs}", STEPS[7], "One window after the other runs", symptom="timeout", NPUSCRIBE_NPU_TIMEOUT="15")  # fmt: skip

    def test_no_device(self):
        done = self.run_test(fault="no-device")
        self.check_error(done, 3, "there is no NPU to use")
        self.assertEqual(done.stdout, "")

    def test_no_programs_for_the_model(self):
        model = support.need_model("base")
        done = self.run_test("-m", model, NPUSCRIBE_MODELS=os.fspath(support.models_directory()))
        self.check_error(done, 3, "no array programs for the model base", "kernels/README.md")

    def test_wrong_usage(self):
        self.check_error(support.run("device", "test", "tpu"), 2, "'tpu'", "cpu, npu, emulated")

    def test_a_file_that_cannot_be_written_is_an_error(self):
        done = self.run_test("--diagnostics", "/nowhere/file.json", fault="zeros:1")
        self.check_exit(done, 1)
        self.assertIn("/nowhere", done.stderr)
        self.assertIn("What it means: ", done.stdout)  # it is shown nevertheless


if __name__ == "__main__":
    support.main()
