"""Addresses as inputs, from a small server on this machine."""

import http.server
import os
import signal
import subprocess
import threading
import time

import support

PAGE = b"\n<!DOCTYPE html><html><body>A talk</body></html>"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}  # path: bytes, or a pair of its media type and bytes
        self.redirections = {}
        self.cut = {}  # path: bytes after which every connection breaks
        self.stalled = threading.Event()
        self.release = threading.Event()
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        path = self.path.split("?")[0]
        server.requests.append(self.path)
        if path in server.redirections:
            self.send_response(302)
            self.send_header("Location", server.redirections[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.files.get(path)
        if content is None:
            self.send_error(404)
            return
        kind, content = content if isinstance(content, tuple) else ("application/octet-stream", content)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if path == "/stall.wav":
            self.wfile.write(content[:1000])
            server.stalled.set()
            server.release.wait(60)
            return
        self.wfile.write(content[: server.cut.get(path, len(content))])
        self.close_connection = True

    def log_message(self, *_):
        pass


class Url(support.Case):
    def setUp(self):
        super().setUp()
        self.model = support.need_model("tiny.en", "base")
        self.recording, self.words = sorted(support.librivox().items())[0]
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.release.set)
        self.server.files["/talk.wav"] = self.recording.read_bytes()
        self.environment = dict(os.environ, XDG_CONFIG_HOME=os.devnull, no_proxy="*")

    def transcribe(self, *arguments, **environment):
        return support.run(
            "-m", self.model, "-l", "en", *arguments, env=dict(self.environment, **environment), cwd=self.directory
        )

    def test_an_address_gives_the_words_of_its_file_and_names_the_outputs(self):
        from_file = self.transcribe(self.recording)
        done = self.transcribe(f"{self.server.url}/talk.wav?part=1&of=2#t", "-f", "txt")
        self.check_exit(done, 0)
        self.assertEqual((self.directory / "talk.txt").read_text(), from_file.stdout)
        self.assertEqual(done.stdout, from_file.stdout)
        self.assertEqual(self.server.requests[0], "/talk.wav?part=1&of=2#t".split("#")[0])

    def test_redirections_are_followed_to_the_web_and_nowhere_else(self):
        self.server.redirections["/moved.wav"] = self.server.url + "/talk.wav"
        self.check_exit(self.transcribe(self.server.url + "/moved.wav"), 0)
        for target in (f"file://{self.recording}", f"concat:{self.recording}", f"subfile:{self.recording}"):
            with self.subTest(target):
                self.server.redirections["/moved.wav"] = target
                done = self.transcribe(self.server.url + "/moved.wav")
                self.check_error(done, 1, self.server.url + "/moved.wav")
                self.assertEqual(done.stdout, "")

    def test_a_web_page_names_the_command_that_reads_it_quoted(self):
        self.server.files["/watch"] = ("text/html; charset=utf-8", b"x")
        self.server.files["/it's"] = ("application/octet-stream", PAGE)
        url = self.server.url
        self.check_error(self.transcribe(f"{url}/watch?v=1&t=2"), 1, f"yt-dlp -x -o - '{url}/watch?v=1&t=2' | npuscribe -")
        self.check_error(self.transcribe(f"{url}/it's"), 1, f"yt-dlp -x -o - '{url}/it'\\''s' | npuscribe -")

    def test_a_playlist_is_not_followed(self):
        inner = f"{self.server.url}/talk.wav"
        for name, kind, content in (
            ("/a", "application/vnd.apple.mpegurl", f"#EXTM3U\n#EXTINF:10,\n{inner}\n"),
            ("/b", "text/plain", f"#EXTM3U\n#EXTINF:10,\nfile://{self.recording}\n"),
            ("/c", "application/dash+xml", "<?xml version='1.0'?><MPD></MPD>"),
            ("/d", "text/plain", f"ffconcat version 1.0\nfile {self.recording}\n"),
        ):
            with self.subTest(name):
                self.server.files[name] = (kind, content.encode())
                self.server.requests.clear()
                done = self.transcribe(self.server.url + name)
                self.check_error(done, 1, self.server.url + name)
                if name != "/d":
                    self.assertIn(f"ffmpeg -i '{self.server.url + name}' -f wav - | npuscribe -", done.stderr)
                self.assertEqual(set(self.server.requests), {name})

    def test_what_fails_is_named_and_the_other_inputs_are_done(self):
        self.server.files["/cut.wav"] = self.recording.read_bytes()
        self.server.cut["/cut.wav"] = 50_000
        self.server.files["/empty.wav"] = b""
        done = self.transcribe(
            *(f"{self.server.url}/{name}.wav" for name in ("gone", "cut", "empty")), "http://127.0.0.1:9/x.wav", self.recording
        )
        self.check_exit(done, 1)
        for part in ("gone.wav' cannot be read: Server returned 404", "cut.wav' breaks off after", "empty.wav' is empty"):
            self.assertIn(part, done.stderr)
        self.assertIn("127.0.0.1:9/x.wav' cannot be read", done.stderr)
        self.assertGreater(len(done.stdout), 20)

    def test_nothing_is_asked_for_if_that_is_forbidden(self):
        for arguments, environment in ((["--no-fetch"], {}), ([], {"NPUSCRIBE_OFFLINE": "1"})):
            done = self.transcribe(f"{self.server.url}/talk.wav", *arguments, **environment)
            self.check_error(done, 1, "--no-fetch", "NPUSCRIBE_OFFLINE=1")
        self.assertEqual(self.server.requests, [])

    def test_an_interrupt_ends_a_wait(self):
        self.server.files["/stall.wav"] = self.recording.read_bytes()
        command = [support.BINARY, "-m", self.model, f"{self.server.url}/stall.wav"]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE) as process:
            self.assertTrue(self.server.stalled.wait(60))
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.assertIn(process.wait(10), (130, 143))
            self.assertLess(time.monotonic() - start, 2)


if __name__ == "__main__":
    support.main()
