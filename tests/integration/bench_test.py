"""npuscribe bench and npuscribe project, with few runs of a small model."""

import json
from xml.etree import ElementTree

import support


class Bench(support.Case):
    def bench(self, benchmark, *options):
        """Runs one benchmark, checks what all benchmarks have in common, and returns its JSON."""
        done = support.run("bench", benchmark, "--device", "cpu", "--json", "-", *options)
        self.check_exit(done, 0)
        result = json.loads(done.stdout)
        self.assertEqual(result["schema"], "npuscribe.bench")
        self.assertEqual(result["name"], f"bench {benchmark}")
        outcomes = {criterion["outcome"] for criterion in result["criteria"]}
        self.assertLessEqual(outcomes, {"pass", "fail", "not measured"})
        self.assertEqual(result["all_met"], not outcomes - {"pass"})
        for row in result["quantities"] + [row for table in result["tables"] for row in table["rows"]]:
            self.assertIn(row["origin"], {"measured", "modelled", "computed"})
        return result

    def quantities(self, result):
        return {quantity["name"]: quantity["value"] for quantity in result["quantities"]}

    def test_layer(self):
        model = support.need_model("tiny.en", "base")
        for frames in ("512", "1500", "3000"):
            result = self.bench("layer", "-m", model, "-n", "3", "--seq", frames)
            times = self.quantities(result)
            self.assertGreater(times["p50"], 0)
            self.assertLessEqual(times["p50"], times["p99"])
        accuracy = result["tables"][1]["rows"]
        for row in accuracy:
            self.assertGreater(row["cells"][1], 0.999)  # cosine

    def test_a_limit_for_an_npu_that_the_cpu_misses_is_not_met_here(self):
        model = support.need_model("tiny.en", "base")
        # 3000 frames: the study's limits, scaled, are a few milliseconds a layer, on any CPU too few.
        done = support.run("bench", "layer", "--device", "cpu", "--threads", "1", "-m", model, "-n", "2", "--seq", "3000")
        self.check_exit(done, 0)
        self.assertNotIn("FAIL", done.stdout)
        self.assertRegex(done.stdout, r"layer, p50 .* not met here")
        self.assertIn("--device npu", done.stdout)
        checked = support.run("bench", "layer", "--check", "--device", "cpu", "--threads", "1", "-m", model, "-n", "2", "--seq", "3000")
        self.check_exit(checked, 1)

    def test_encoder_of_a_given_recording(self):
        model = support.need_model("tiny.en", "base")
        recording = sorted(support.librivox())[0]
        result = self.bench("encoder", "-m", model, "-n", "2", recording)
        times = self.quantities(result)
        self.assertAlmostEqual(times["encodes"], 1000 / times["mean"], places=6)
        self.assertAlmostEqual(times["realtime factor"], times["encodes"] * 10.24, places=6)
        self.assertIn(recording.name, result["setup"]["input"])

    def test_batch(self):
        result = self.bench("batch", "-m", support.need_model("tiny.en", "base"), "-n", "1")
        self.assertEqual([row["cells"][0] for row in result["tables"][0]["rows"]], [1, 2, 4, 8])
        self.assertEqual([criterion["limit"] for criterion in result["criteria"]], [2.2, 2.5, 2.5])

    def test_pipeline(self):
        result = self.bench("pipeline", "-m", support.need_model("tiny.en", "base"), "-n", "1")
        stages = {row["cells"][0]: row["cells"][1] for row in result["tables"][0]["rows"]}
        self.assertIn("voice activity", stages)
        self.assertIn("decoder step, batch 8", stages)
        for name, milliseconds in stages.items():
            self.assertGreater(milliseconds, 0, name)

    def test_bandwidth_and_roofline_need_no_model(self):
        self.bench("bandwidth", "-n", "1", "--megabytes", "16")
        self.bench("prepare", "-n", "2")
        rates = self.quantities(self.bench("roofline", "-m", "tiny", "-n", "1"))
        self.assertGreater(rates["a layer's six matmuls, f32"], 0)

    def plot(self, benchmark, *options):
        """The texts and tooltips of the plot, and the JSON of the same run."""
        path = self.directory / "plot.svg"
        result = self.bench(benchmark, "--plot", path, *options)
        return [element.text for element in ElementTree.parse(path).iter() if element.text], result

    def test_plots_show_what_the_json_has(self):
        model = support.need_model("tiny.en", "base")
        for benchmark in ("layer", "encoder"):
            texts, result = self.plot(benchmark, "-m", model, "-n", "9")
            values = result["samples"][0]["values"]
            self.assertEqual(len(values), 9)
            quantities = self.quantities(result)
            self.assertAlmostEqual(sum(values) / 9, quantities["mean"], places=6)
            self.assertIn(f"p50 {quantities['p50']:.4g}", texts)
            # The bars' tips, "12.1 – 12.3: 2", count every run once.
            self.assertEqual(sum(int(text.split(": ")[1]) for text in texts if " – " in text), 9)
        texts, result = self.plot("batch", "-m", model, "-n", "1")
        for row in result["tables"][0]["rows"]:
            self.assertIn(f"{row['cells'][1]:.4g}", texts)
        texts, result = self.plot("roofline", "-m", "tiny", "-n", "1")
        for number, row in enumerate(result["tables"][0]["rows"], 1):
            name, _, rows, n, k, rate, intensity = row["cells"]
            size = 2 if row["cells"][1] == "bf16" else 4
            self.assertAlmostEqual(intensity, 2 * rows * n * k / (size * (rows * k + k * n) + 4 * rows * n), places=6)
            self.assertTrue([t for t in texts if t.startswith(f"{number}  {name}: {rate:.4g} GFLOP/s")], texts)

    def test_a_benchmark_without_a_plot_says_so_before_it_starts(self):
        done = support.run("bench", "power", "--plot", self.directory / "plot.svg")
        self.check_error(done, 2, "--plot", "layer, encoder, batch and roofline")

    def test_power_is_measured_or_says_why_not(self):
        result = self.bench("power", "-m", support.need_model("tiny.en", "base"), "--seconds", "0.5")
        if self.quantities(result)["average power"] is None:
            self.assertEqual({c["outcome"] for c in result["criteria"]}, {"not measured"})
            self.assertTrue([note for note in result["notes"] if note.startswith("Not measured: the CPU's power")])

    def test_check_exits_with_1_if_a_criterion_is_not_met(self):
        model = support.need_model("tiny.en", "base")
        arguments = ["bench", "layer", "--device", "cpu", "-m", model, "-n", "1", "--precision", "int8-tensor"]
        report = self.directory / "layer.json"
        done = support.run(*arguments, "--json", report, "--check")
        met = json.loads(report.read_text(encoding="utf-8"))["all_met"]
        self.check_exit(done, 0 if met else 1)
        self.assertIn("CRITERION", done.stdout)
        # Power is never measured on the emulated array, whose power nobody knows.
        done = support.run("bench", "power", "--device", "emulated", "-m", model, "--seq", "16", "--seconds", "0.1", "--check")
        self.check_exit(done, 1)
        self.assertIn("not measured", done.stdout)

    def test_the_emulated_array_s_times_are_modelled(self):
        model = support.need_model("tiny.en", "base")
        done = support.run("bench", "layer", "--device", "emulated", "-m", model, "-n", "1", "--seq", "64", "--json", "-")
        self.check_exit(done, 0)
        self.assertEqual({q["origin"] for q in json.loads(done.stdout)["quantities"]}, {"modelled"})

    def test_wrong_arguments(self):
        self.check_error(support.run("bench"), 2, "layer, encoder, bandwidth")
        self.check_error(support.run("bench", "speed"), 2, "speed")
        self.check_error(support.run("project", "base"), 2, "base")
        self.check_error(support.run("project", "--models", "huge", "--no-measure"), 2, "huge")
        self.check_error(support.run("project", "--frames", "none"), 2, "--frames")


class Project(support.Case):
    def test_every_size_without_measuring(self):
        done = support.run("project", "--no-measure", "--json", "-")
        self.check_exit(done, 0)
        tables = json.loads(done.stdout)["tables"]
        titles = " ".join(table["title"] for table in tables)
        for size in ("base", "small", "medium", "large"):
            self.assertIn(f"{size}: ", titles)
        origins = {row["origin"] for table in tables for row in table["rows"]}
        self.assertEqual(origins, {"study", "modelled"})

    def test_this_cpu_is_measured(self):
        done = support.run("project", "--models", "tiny", "--frames", "64")
        self.check_exit(done, 0)
        self.assertIn("measured", done.stdout)
        self.assertIn("what the study got wrong", done.stdout)

    def test_the_notes_have_the_study_s_statement_and_its_correction(self):
        done = support.run("project", "--notes")
        self.check_exit(done, 0)
        for part in ("60 and 35.5 ms", "0.11 J", "3.6 times smaller than INT32", "cosine"):
            self.assertIn(part, done.stdout)


if __name__ == "__main__":
    support.main()
