"""The faults of tests/faults fit the code. scripts/mutate itself takes an hour, and is not run here."""

import importlib.machinery
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("mutate", str(ROOT / "scripts" / "mutate"))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", LOADER))
sys.modules["mutate"] = mutate  # dataclasses look there
LOADER.exec_module(mutate)


class Lists(unittest.TestCase):
    def test_each_fault_stands_once_in_the_code(self):
        lists = sorted((ROOT / "tests" / "faults").glob("*.toml"))
        faults = [fault for path in lists for fault in mutate.read_list(path)]
        self.assertGreaterEqual(len(faults), 150)
        self.assertEqual(len({(fault.file, fault.find) for fault in faults}), len(faults))
        self.assertFalse([fault.name for fault in faults if fault.find == fault.replace])

    def test_a_fault_that_does_not_fit_is_named(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "list.toml"
            path.write_text(
                'tests = ["unit_base"]\n[[fault]]\nfile = "CMakeLists.txt"\nfind = "no such text"\nreplace = ""\nbreaks = "nothing"\n',
                encoding="utf-8",
            )
            with self.assertRaisesRegex(SystemExit, "CMakeLists.txt: nothing: the text to find stands 0 times"):
                mutate.read_list(path)


if __name__ == "__main__":
    unittest.main()
