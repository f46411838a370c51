"""JupyterLab over a copy of the notebooks, as a reader starts it: no settings, no trust, no state."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import notebooks

ROOT = Path(__file__).resolve().parents[2]
# What a reader's own JupyterLab asks once is answered here: it would ask other hosts for news.
NOTIFICATION = {"fetchNews": "false", "checkForUpdates": False}


@dataclass
class Lab:
    """A running JupyterLab and the folder it shows."""

    address: str
    folder: Path

    def url(self, path: str) -> str:
        """Where JupyterLab opens a file, without what it remembers of earlier visits."""
        return f"{self.address}/lab/tree/{path}?reset"

    def ask(self, path: str, method: str = "GET") -> Any:
        """What the server answers: an object, or nothing."""
        request = urllib.request.Request(f"{self.address}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def shut_kernels_down(self) -> None:
        """Ends every kernel, as the page that used it has been closed."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")


def copy_notebooks(folder: Path) -> None:
    """The notebooks beside what they import, so that nothing that happens to them reaches the checkout."""
    for name in ("smallmodels", "data", "_build"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "notebooks").mkdir()
    for path in notebooks.paths():
        shutil.copy(path, folder / "notebooks")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder, home, port = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home"), free_port()
    copy_notebooks(folder)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(NOTIFICATION))
    own = {"HOME": "", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    own |= {"JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    environment = {**os.environ, **{name: str(home / path) for name, path in own.items()}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    command += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"]
    with (home / "log").open("w") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/api", running, home / "log")
            yield Lab(f"http://127.0.0.1:{port}", folder)
        finally:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(20)
            running.kill()
            running.wait()


def wait_for(address: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            if running.poll() is not None:
                break
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}", pytrace=False)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    yield context.new_page()
    context.close()
