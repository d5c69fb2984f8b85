"""The library as another project uses it: installed, found with find_package, and nothing else of the source tree."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import support

BUILT = Path(os.environ["NPUSCRIBE_BUILD"])
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*command, **options):
    """Runs a command; what it printed, standard error included. Fails the test with that if the command fails."""
    done = subprocess.run(
        [os.fspath(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit code {done.returncode}\n{done.stdout}")
    return done.stdout


class InstalledLibrary(support.Case):
    def setUp(self):
        super().setUp()
        support.need_program("cmake")
        self.prefix = self.directory / "prefix"
        run("cmake", "--install", BUILT, "--prefix", self.prefix)

    def compiler(self):
        return re.search(r"^CMAKE_CXX_COMPILER:\w+=(.+)$", (BUILT / "CMakeCache.txt").read_text(), re.M)[1]

    def build_example(self):
        build = self.directory / "example"
        run("cmake", "-S", shutil.copytree(EXAMPLES, self.directory / "source"), "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={self.compiler()}")  # fmt: skip
        run("cmake", "--build", build)
        return build / "example_transcribe"

    def test_each_public_header_compiles_by_itself(self):
        include = self.prefix / "include" / "npuscribe"
        headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
        self.assertIn(Path("npuscribe/npuscribe.h"), headers)
        everything = "".join(f'#include "{header}"\n' for header in headers)
        for source in [f'#include "{header}"\n' for header in headers] + [everything]:
            with self.subTest(source):
                run(self.compiler(), "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                    "-I", include, "-x", "c++", "-", input=source)  # fmt: skip

    def test_the_library_exports_what_its_headers_declare_and_nothing_else(self):
        (library,) = {path.resolve() for path in self.prefix.rglob("libnpuscribe.so*")}
        symbols = [line.split(maxsplit=2)[-1] for line in run("nm", "-DC", "--defined-only", library).splitlines()]
        self.assertTrue(any(symbol.startswith("npuscribe::Session::Session(") for symbol in symbols), symbols)
        public = re.compile(
            r"(typeinfo( name)? for |vtable for )?npuscribe::"
            r"(Session|Transcript|Timing|\w*Error|Cancelled|name|precisions|precision_names|parse_precision)\b"
        )
        self.assertEqual([symbol for symbol in symbols if not public.match(symbol)], [])

    def test_the_example_builds_against_it_and_transcribes(self):
        program = self.build_example()
        model = support.need_model("tiny.en", "base")
        speech = sorted(support.librivox())[1]
        printed = run(program, speech, model)
        self.assertIn("young man", printed)

    def test_its_errors_are_caught_as_what_they_are(self):
        printed = subprocess.run(
            [self.build_example(), "/no/such/file.wav", "/no/such/model"], capture_output=True, text=True, check=False
        )
        self.assertEqual(printed.returncode, 1, printed)
        self.assertIn("/no/such/model", printed.stderr)


if __name__ == "__main__":
    support.main()
