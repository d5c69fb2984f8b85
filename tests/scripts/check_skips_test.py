"""scripts/check-skips on small results of ctest."""

import subprocess
import tempfile
import unittest
from pathlib import Path
from xml.sax.saxutils import escape

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check-skips"


def entry(name, output, skipped=True):
    mark = '<skipped message="SKIP_RETURN_CODE=77"/>' if skipped else ""
    status = "notrun" if skipped else "run"
    return f'<testcase name="{name}" status="{status}">{mark}<system-out>{escape(output)}</system-out></testcase>'


class CheckSkips(unittest.TestCase):
    def check(self, *entries):
        """Exit code and output for a run of these entries."""
        with tempfile.TemporaryDirectory() as directory:
            results = Path(directory) / "results.xml"
            results.write_text(f"<testsuite>{''.join(entries)}</testsuite>", encoding="utf-8")
            done = subprocess.run(
                [SCRIPT, results], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            return done.returncode, done.stdout

    def test_a_run_without_skips_passes(self):
        code, output = self.check(entry("unit_base", "All tests passed", skipped=False))
        self.assertEqual((code, output), (0, "0 of 1 entries were skipped, with 0 test cases\n"))

    def test_a_skip_that_cannot_be_avoided_is_counted_by_reason(self):
        line = "SKIPPED: needs-hallucinations: Whisper made nothing up on this CPU: test_{}\n"
        code, output = self.check(
            entry("speech.needs-hallucinations", line.format("noise") + line.format("babble")),
            entry("unit_base", "", skipped=False),
        )
        self.assertEqual(code, 0, output)
        self.assertIn("1 of 2 entries were skipped, with 2 test cases", output)
        self.assertIn("    2  hallucinations: Whisper made nothing up on this CPU", output)

    def test_a_skip_for_lack_of_what_is_here_fails(self):
        code, output = self.check(entry("unit_model.needs-models", "SKIPPED: needs-models: base is not fetched: a test\n"))
        self.assertEqual(code, 1, output)
        self.assertIn("tests that need models were skipped (base is not fetched), but this machine has it", output)

    def test_a_need_that_is_not_known_fails(self):
        code, output = self.check(entry("unit_base.needs-moon", "SKIPPED: needs-moon: it is day: a test\n"))
        self.assertEqual(code, 1, output)
        self.assertIn("'moon' is no need that scripts/check-skips knows", output)

    def test_a_skip_without_a_reason_fails(self):
        code, output = self.check(entry("unit_base", ""))
        self.assertEqual(code, 1, output)

    def test_a_skip_inside_an_entry_that_passed_counts(self):
        code, output = self.check(entry("unit_base", "SKIPPED: needs-models: no base: a test\n", skipped=False))
        self.assertEqual(code, 1, output)


if __name__ == "__main__":
    unittest.main()
