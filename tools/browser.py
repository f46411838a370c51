"""Finds a Chromium for the tests and the benchmark, and starts it so that it can reach this machine only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Every other host fails as it would offline, for pages, workers and style sheets alike.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
MISSING = "No Chromium was found: set CHROMIUM to its path, or run `.venv/bin/playwright install chromium`."


def find(playwright: "Playwright") -> str:
    """The path of a Chromium: `$CHROMIUM`, the PATH, Playwright's own, or apt's (as root on Debian)."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    own = playwright.chromium.executable_path
    found = (
        _on_path() or (own if Path(own).is_file() else None) or (_on_path() if from_apt("chromium") else None)
    )
    if found is None:
        raise RuntimeError(MISSING)
    return found


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def from_apt(*packages: str) -> bool:
    """Installs Debian's packages where this is root's to do; whether they are there."""
    if not shutil.which("apt-get") or os.name != "posix" or os.geteuid() != 0:
        return False
    print(f"Installing {' '.join(packages)} with apt-get ...", flush=True)
    steps = (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages])
    return not any(
        subprocess.run(["apt-get", *s], capture_output=True, check=False).returncode for s in steps
    )


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A headless Chromium, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(playwright), args=list(FLAGS))
        yield browser
        browser.close()
