"""Firefox and WebKitGTK, driven by what they bring themselves: WebDriver BiDi and WebDriver.

Neither needs a program from elsewhere. Firefox listens on a socket of its own; WebKitGTK, the engine of
Safari, comes with a driver, and is given a screen by Xvfb. Both reach this machine only.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.error import URLError
from urllib.request import Request, urlopen

import websocket
from browser import from_apt

PATIENCE = 60.0  # seconds for a browser to come up, and for an answer of it
NOWHERE = "127.0.0.1:9"  # a port that nothing listens on: what a proxy there is asked for fails
# No other host is to be reached, and nothing of the browser's own to be asked for.
PREFERENCES: Mapping[str, object] = {
    # A page that is left while it fetches through one makes it complain of the fetch that was cut.
    "dom.serviceWorkers.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1, localhost",
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "remote.active-protocols": 1,
}
KEYS = {
    "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
    "Space": " ",
}


class Missing(RuntimeError):
    """A browser that is not on this machine and cannot be put there."""


class Driver(Protocol):
    """What a test asks of a browser."""

    name: str
    complaints: list[str]

    def open(self, url: str) -> None:
        """Goes to an address and waits until the page has loaded."""

    def run(self, function: str, *arguments: Any) -> Any:
        """What a JavaScript function of the page gives, through JSON."""

    def press(self, key: str) -> None:
        """Presses and releases a key, for whatever has the focus."""

    def click(self, x: float, y: float) -> None:
        """Clicks where the window has these coordinates."""


@contextmanager
def firefox() -> Iterator[Driver]:
    """A Firefox without a window, by WebDriver BiDi; `Missing` where there is none."""
    program = _program(("firefox-esr", "firefox"), ("firefox-esr",))
    with ExitStack() as stack:
        profile = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
        )
        (profile / "user.js").write_text("\n".join(lines), "utf-8")
        said = stack.enter_context((profile / "said").open("w+", encoding="utf-8"))
        command = [
            program,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port=0",
        ]
        stack.enter_context(_running(command, said))
        found = _wait(
            lambda: re.search(r"BiDi listening on (ws://\S+)", (profile / "said").read_text("utf-8"))
        )
        socket = websocket.create_connection(f"{found[1]}/session", timeout=PATIENCE, suppress_origin=True)
        stack.callback(socket.close)
        yield _Firefox(socket)


class _Firefox:
    name = "Firefox"

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket, self.sent, self.complaints = socket, 0, list[str]()
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]
        self.ask("browsingContext.activate", context=self.context)  # keys go to the window in front only

    def ask(self, method: str, **params: Any) -> Any:
        """The result of one command; errors of pages that come meanwhile are kept."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while True:
            told = json.loads(self.socket.recv())
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                self.complaints.append(str(told["params"]["text"]))
            if told.get("id") == self.sent:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['message']}")
                return told["result"]

    def open(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        given = ", ".join(map(json.dumps, arguments))
        expression = f"(async () => JSON.stringify(await ({function})({given})) ?? 'null')()"
        target = {"context": self.context}
        told = self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def press(self, key: str) -> None:
        self.ask("input.performActions", context=self.context, actions=_pressing(key))

    def click(self, x: float, y: float) -> None:
        self.ask("input.performActions", context=self.context, actions=_clicking(x, y))


@contextmanager
def webkit() -> Iterator[Driver]:
    """A WebKitGTK on a screen that nobody sees, by WebDriver; `Missing` where there is none."""
    program = _program(("WebKitWebDriver",), ("webkit2gtk-driver",))
    screen = _program(("Xvfb",), ("xvfb",))
    browsers = Path("/usr/lib").glob("*/webkit2gtk-4*/MiniBrowser")
    browser = next((str(path) for path in sorted(browsers, reverse=True)), shutil.which("MiniBrowser"))
    if browser is None:
        raise Missing("WebKitGTK's MiniBrowser was not found: install webkit2gtk-driver.")
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        said = stack.enter_context((Path(home) / "screen").open("w+", encoding="utf-8"))
        command = [screen, "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
        stack.enter_context(_running(command, said))
        number = _wait(lambda: re.fullmatch(r"(\d+)\n", (Path(home) / "screen").read_text("utf-8")))
        port = _free_port()
        environment = {**os.environ, "DISPLAY": f":{number[1]}", "HOME": home, "no_proxy": "127.0.0.1"}
        environment |= {"http_proxy": f"http://{NOWHERE}", "https_proxy": f"http://{NOWHERE}"}
        environment |= {"WEBKIT_DISABLE_COMPOSITING_MODE": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
        log = stack.enter_context((Path(home) / "said").open("w+", encoding="utf-8"))
        stack.enter_context(_running([program, f"--port={port}", "--host=127.0.0.1"], log, environment))
        driver = _WebKit(f"http://127.0.0.1:{port}", browser)
        stack.callback(driver.close)
        yield driver


class _WebKit:
    name = "WebKitGTK"

    def __init__(self, address: str, browser: str) -> None:
        self.address, self.complaints = address, list[str]()
        _wait(lambda: self.ask("GET", "/status").get("ready"))
        options = {"binary": browser, "args": ["--automation"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self.session = f"/session/{self.ask('POST', '/session', wanted)['sessionId']}"
        self.ask("POST", f"{self.session}/timeouts", {"script": int(PATIENCE * 1000)})

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """The value that the driver answers with."""
        data = None if content is None else json.dumps(content).encode()
        request = Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except URLError as problem:
            told = problem.read().decode() if hasattr(problem, "read") else ""
            raise RuntimeError(f"{method} {path}: {told or problem.reason}") from problem

    def open(self, url: str) -> None:
        self.ask("POST", f"{self.session}/url", {"url": url})

    def run(self, function: str, *arguments: Any) -> Any:
        given = ", ".join(map(json.dumps, arguments))
        script = (
            f"const [done] = arguments; (async () => JSON.stringify(await ({function})({given})) ?? 'null')()"
        )
        script += ".then(done, (problem) => done(JSON.stringify({ __problem: String(problem) })))"
        told = json.loads(self.ask("POST", f"{self.session}/execute/async", {"script": script, "args": []}))
        if isinstance(told, dict) and "__problem" in told:
            raise RuntimeError(told["__problem"])
        return told

    def press(self, key: str) -> None:
        self.ask("POST", f"{self.session}/actions", {"actions": _pressing(key)})

    def click(self, x: float, y: float) -> None:
        self.ask("POST", f"{self.session}/actions", {"actions": _clicking(x, y)})

    def close(self) -> None:
        """Ends the session, and with it the browser."""
        with contextlib.suppress(RuntimeError):
            self.ask("DELETE", self.session)


def _pressing(key: str) -> list[dict[str, Any]]:
    steps = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": steps}]


def _clicking(x: float, y: float) -> list[dict[str, Any]]:
    to = {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}
    steps = [to, *({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))]
    return [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}]


def _program(names: tuple[str, ...], packages: tuple[str, ...]) -> str:
    """The path of the first of these that is there, or that apt puts there (as root on Debian)."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and from_apt(*packages):
        found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise Missing(f"{names[0]} was not found: install {' '.join(packages)}.")
    return found


@contextmanager
def _running(command: list[str], said: Any, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    with subprocess.Popen(command, stdout=said, stderr=said, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(look: Any) -> Any:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(RuntimeError):
            if found := look():
                return found
        time.sleep(0.1)
    raise RuntimeError("A browser did not come up in time.")
