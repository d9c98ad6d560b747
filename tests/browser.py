"""A real Chromium without a window, driven by its own protocol over a pipe.

https://chromedevtools.github.io/devtools-protocol/: with ``--remote-debugging-pipe`` it reads
messages, JSON with a NUL behind each, from descriptor 3 and writes them to 4.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-domain-reliability",
    "--no-proxy-server",
    "--password-store=basic",
    "--remote-debugging-pipe",
)
PATIENCE = 120
"""Seconds until an answer of the browser."""
WRONG = {"Runtime.exceptionThrown", "Log.entryAdded"}
"""What a sound page gives no cause for."""


class Page:
    """A page in a browser: what it was asked to load, and what went wrong, is kept."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        self.requests: list[str] = []
        self.faults: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, parameters, self._session, self.notice)

    def notice(self, event: dict[str, Any]) -> None:
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        elif event["method"] in WRONG:
            self.faults.append(json.dumps(event["params"]))

    def go(self, url: str) -> None:
        """Load a page and wait until its script has put it together."""
        self.call("Page.navigate", url=url)
        self.ask(
            "new Promise((done, failed) => { setTimeout(() => failed('is not ready'), 90000);"
            " const look = () => document.documentElement?.dataset.ready"
            " ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 20);"
            " look(); })"
        )

    def ask(self, expression: str) -> Any:
        """Return what an expression of JavaScript comes to."""
        done = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        shot = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF")["data"]))


class Browser:
    """The process; use :func:`browser`."""

    def __init__(self, process: subprocess.Popen[bytes], reading: int, writing: int) -> None:
        self._process = process
        self._in, self._out = os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)
        self._numbers = count(1)
        self._rest = b""
        self._targets: list[str] = []

    def page(self) -> Page:
        """Open a page; no more than two stay open."""
        while len(self._targets) > 1:
            self.call("Target.closeTarget", {"targetId": self._targets.pop(0)})
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._targets.append(target)
        done = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        page = Page(self, done["sessionId"])
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        return page

    def call(self, method: str, parameters=None, session=None, notice=None) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters or {}}
        message |= {"sessionId": session} if session else {}
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if notice and "method" in answer and answer.get("sessionId") == session:
                notice(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], PATIENCE)
            assert ready, "the browser doesn't answer"
            data = os.read(self._in.fileno(), 1 << 20)
            assert data, "the browser has ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        self._in.close()
        self._out.close()
        self._process.wait(timeout=30)


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it."""
    name = next((found for name in NAMES if (found := shutil.which(name))), None)
    require(name is not None, "no Chromium (on Debian: apt-get install chromium)")
    (its_in, writing), (reading, its_out) = os.pipe(), os.pipe()
    argv = [name, *OPTIONS, f"--user-data-dir={profile}"]
    pipes = f'exec 3<&{its_in} 4>&{its_out}; exec "$@"'
    process = subprocess.Popen(
        ["bash", "-c", pipes, "bash", *argv],
        pass_fds=(its_in, its_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(its_in)
    os.close(its_out)
    running = Browser(process, reading, writing)
    try:
        yield running
    finally:
        running.close()
