"""scripts/check-includes on small trees: what the table of CONTRIBUTING.md allows, and what it does not."""

import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = """# Contributing

| folder | holds | may include |
|---|---|---|
| `lib/base` | what all share | – |
| `lib/device` | devices | base, device/cpu |
| `lib/device/cpu` | one device | base, device |
| `lib/device/npu` | another | base, device |
| `lib/output` | writers | base, `device/device.h` |
| `app` | the command line | all above |
| `kernels` | the NPU's kernels | – |

| command | does |
|---|---|
"""
FILES = {
    "lib/base/error.h": "",
    "lib/base/error.cpp": '#include "base/error.h"\n#include <vector>\n',
    "lib/device/device.h": '#include "base/error.h"\n',
    "lib/device/checks.h": "",
    "lib/device/choose.cpp": '#include "device/cpu/cpu.h"\n#include "device/device.h"\n',
    "lib/device/cpu/cpu.h": '#include "device/device.h"\n',
    "lib/device/npu/npu.h": '#include "device/device.h"\n',
    "lib/output/text.cpp": '#include "device/device.h"\n',
    "app/options.h": '#include "base/error.h"\n',
    "app/main.cpp": '#include "device/npu/npu.h"\n#include "options.h"\n',
    "kernels/kernel.cc": '#include "capabilities.h"\n',
    "kernels/capabilities.h": "",
}


class CheckIncludes(unittest.TestCase):
    def check(self, files=None, table=TABLE):
        """Exit code and output for the tree above with other files in it."""
        with tempfile.TemporaryDirectory() as tree:
            for name, text in {**FILES, **(files or {}), "CONTRIBUTING.md": table}.items():
                path = Path(tree) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            command = [ROOT / "scripts" / "check-includes", tree]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            return done.returncode, done.stdout

    def check_refused(self, *parts, **tree):
        code, output = self.check(**tree)
        self.assertEqual(code, 1, output)
        for part in parts:
            self.assertIn(part, output)

    def test_what_the_table_allows_passes(self):
        self.assertEqual(self.check(), (0, ""))

    def test_an_include_of_a_folder_above_fails(self):
        self.check_refused(
            "lib/base/pool.cpp:2: base may not include device (device/device.h)",
            files={"lib/base/pool.cpp": '#include "base/error.h"\n#include "device/device.h"\n'},
        )

    def test_back_ends_may_not_include_each_other(self):
        self.check_refused(
            "lib/device/npu/npu.cpp:1: device/npu may not include device/cpu",
            files={"lib/device/npu/npu.cpp": '#include "device/cpu/cpu.h"\n'},
        )

    def test_a_file_that_is_named_allows_no_other_of_its_folder(self):
        self.check_refused("output may not include device", files={"lib/output/b.cpp": '#include "device/checks.h"\n'})

    def test_an_indented_include_counts(self):
        self.check_refused("base may not", files={"lib/base/a.h": '#if 1\n  #  include "device/device.h"\n#endif\n'})

    def test_a_folder_without_a_row_fails(self):
        self.check_refused("no row for the folder lib/video", files={"lib/video/frames.h": ""})

    def test_a_row_without_a_folder_fails(self):
        self.check_refused("names video", table=TABLE.replace("base, device |", "base, device, video |"))

    def test_an_include_that_leads_nowhere_fails(self):
        self.check_refused('"base/no.h" is no file', files={"lib/base/a.h": '#include "base/no.h"\n'})

    def test_a_document_without_the_table_fails(self):
        self.check_refused("has no table", table="# Contributing\n")


if __name__ == "__main__":
    unittest.main()
