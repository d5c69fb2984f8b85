"""scripts/fetch-model against a small server that stands in for Hugging Face, and a catalog of one small model."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "lib" / "fetch_model.py"
WEIGHTS = b"weights" * 1000


class Server(http.server.BaseHTTPRequestHandler):
    files: dict[str, bytes] = {}
    claimed_size: dict[str, int] = {}
    requests: list[str] = []

    def do_GET(self):
        Server.requests.append(self.path)
        content = Server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(Server.claimed_size.get(self.path, len(content))))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class FetchModel(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.models = self.root / "models"
        Server.files = {
            f"/org/small/resolve/main/{name}": content
            for name, content in {
                "model.bin": WEIGHTS,
                "config.json": b"{}",
                "tokenizer.json": b"{}",
                "vocabulary.json": b"[]",
            }.items()
        }
        Server.claimed_size = {}
        Server.requests = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        self.write_catalog(hashlib.sha256(WEIGHTS).hexdigest())

    def write_catalog(self, sha256):
        source = {
            "kind": "huggingface",
            "repo": "org/small",
            "files": ["model.bin", "config.json", "tokenizer.json"],
            "any_of": ["vocabulary.txt", "vocabulary.json"],
        }
        model = {"name": "small", "aliases": ["little"], "sha256": {"model.bin": sha256}, "sources": [source]}
        (self.root / "catalog.json").write_text(json.dumps({"models": [model], "files": []}))

    def run_script(self, *names):
        environment = dict(os.environ, NPUSCRIBE_MODELS=str(self.models), HF_ENDPOINT=self.endpoint, no_proxy="*")
        return subprocess.run(
            [sys.executable, str(SCRIPT), str(self.root / "catalog.json"), *names],
            env=environment, capture_output=True, text=True, timeout=60,
        )

    def left_behind(self):
        return sorted(path.name for path in self.models.iterdir()) if self.models.exists() else []

    def test_a_model_is_there_whole_and_a_second_run_asks_nobody(self):
        result = self.run_script("little")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        found = {path.name for path in (self.models / "small").iterdir()}
        self.assertEqual(found, {"model.bin", "config.json", "tokenizer.json", "vocabulary.json"})
        self.assertEqual((self.models / "small" / "model.bin").read_bytes(), WEIGHTS)
        self.assertEqual(self.left_behind(), ["small"])

        Server.requests.clear()
        self.assertEqual(self.run_script("small").returncode, 0)
        self.assertEqual(Server.requests, [])

    def assert_fails(self, message):
        result = self.run_script("small")
        self.assertEqual(result.returncode, 1)
        self.assertIn(message, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertEqual(self.left_behind(), [])

    def test_a_wrong_checksum_leaves_nothing(self):
        self.write_catalog("0" * 64)
        self.assert_fails("model.bin has SHA-256 " + hashlib.sha256(WEIGHTS).hexdigest() + ", wanted 000")

    def test_a_download_cut_short_leaves_nothing(self):
        Server.claimed_size["/org/small/resolve/main/model.bin"] = 2 * len(WEIGHTS)
        self.assert_fails("model.bin")

    def test_a_missing_file_is_named(self):
        del Server.files["/org/small/resolve/main/tokenizer.json"]
        self.assert_fails("org/small has no tokenizer.json")

    def test_a_model_without_a_vocabulary_is_refused(self):
        del Server.files["/org/small/resolve/main/vocabulary.json"]
        self.assert_fails("org/small has none of vocabulary.txt, vocabulary.json")

    def test_nobody_answers(self):
        self.endpoint = "http://127.0.0.1:9"  # the discard port: refused
        self.assert_fails("small cannot be fetched. Hugging Face: http://127.0.0.1:9/org/small")

    def test_an_unknown_name_lists_the_known_ones(self):
        result = self.run_script("smal")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no model smal; the names are small, little", result.stderr)

    def test_a_directory_that_is_no_model_is_not_touched(self):
        (self.models / "small").mkdir(parents=True)
        (self.models / "small" / "mine.txt").write_text("x")
        result = self.run_script("small")
        self.assertEqual(result.returncode, 1)
        self.assertIn("move it away", result.stderr)
        self.assertEqual((self.models / "small" / "mine.txt").read_text(), "x")


if __name__ == "__main__":
    unittest.main()
