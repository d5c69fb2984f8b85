"""A headless Chromium, driven through its debugging protocol over two pipes, without any Python package."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import support

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 60
CALL_SECONDS = 30


def need_chromium():
    given = os.environ.get("NPUSCRIBE_CHROMIUM")
    for name in [given] if given else NAMES:
        if shutil.which(name):
            return shutil.which(name)
    return support.skip("chromium", "no chromium: apt install chromium, or let NPUSCRIBE_CHROMIUM name one")


class Browser:
    """One page of a Chromium of its own. Close it, or use it in a `with`."""

    def __init__(self):
        command = need_chromium()
        self._profile = tempfile.TemporaryDirectory(prefix="npuscribe-chromium-", ignore_cleanup_errors=True)
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # Chromium reads file 3 and writes file 4. The shell puts them there: the numbers here may be anything else.
        script = f'exec 8<&{to_read} 9>&{to_write}; exec 3<&8 4>&9 8<&- 9>&-; exec "$@"'
        arguments = [
            command, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}",
            "--no-sandbox", "--no-first-run", "--disable-gpu", "--mute-audio", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            ["bash", "-c", script, "chromium", *arguments], pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._received = b""
        self._last = 0
        self._session = None
        self.requests = []  # URLs that the page asked for
        try:
            target = self._page(START_SECONDS)
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            self.call("Page.enable")
            self.call("Network.enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        os.close(self._to)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)
        self._profile.cleanup()

    def _page(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for target in self.call("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    return target["targetId"]
            time.sleep(0.1)
        raise RuntimeError(f"chromium has no page after {seconds} s")

    def _message(self, end):
        while b"\0" not in self._received:
            if not select.select([self._from], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError("chromium does not answer")
            data = os.read(self._from, 1 << 16)
            if not data:
                raise RuntimeError(f"chromium has ended: {self._process.wait()}")
            self._received += data
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + (CALL_SECONDS if self._session else START_SECONDS)
        while True:
            answer = self._message(end)
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("id") != self._last:
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return answer["result"]

    def evaluate(self, expression):
        """The value of a JavaScript expression. Waits for promises."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression, seconds=20):
        """Waits until the expression is true, and returns its value."""
        end = time.monotonic() + seconds
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not true within {seconds} s: {expression}")
            time.sleep(0.02)

    def open(self, path):
        """Opens a file by its file:// URL."""
        self.requests.clear()
        self.call("Page.navigate", url=path if isinstance(path, str) else Path(path).as_uri())
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def screen(self, width, height=900, dark=False, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)

    def click(self, selector):
        """Scrolls to the first element that matches and clicks in its middle."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.evaluate(
            f"(() => {{ const b = {found}.getClientRects()[0]; return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, key, code=None, text=None):
        code = code or key
        down = {"type": "keyDown", "key": key, "code": code}
        if text:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code)

    def screenshot(self, path, whole=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))
