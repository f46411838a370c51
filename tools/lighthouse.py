"""Lighthouse over every page of the built book, as a phone on a slow line loads it: prints, never judges.

The pages come compressed and with a time to keep them, as GitHub Pages sends them. Scores differ by a point
or two from run to run; `make lighthouse PAGES="notebooks/01-benchmarks.html"` looks at some pages only.
"""

import argparse
import gzip
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from browser import FLAGS, find
from playwright.sync_api import sync_playwright
from serve import BUILT, ROOT, Handler, Site

RUN = ROOT / "tools" / "lighthouse" / "run.mjs"
GOALS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
PACKED = (".html", ".css", ".js", ".json", ".svg", ".wasm", ".txt")
MONTH = 30 * 24 * 3600  # seconds


class Packing(Handler):
    """Sends text compressed, as a host of static files does."""

    def send_head(self) -> Any:
        """The headers, and the file to follow them."""
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().send_head()
        content = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)


def pages(entry: Any) -> list[str]:
    """Every page the table of contents names, as a path in the built book."""
    if isinstance(entry, list):
        return [page for each in entry for page in pages(each)]
    if not isinstance(entry, dict):
        return []
    own = [f"{Path(entry[key]).with_suffix('')}.html" for key in ("root", "file") if key in entry]
    return own + pages([value for value in entry.values() if isinstance(value, list)])


def report(line: str) -> str:
    """One page's scores, a mark beside each that falls short, and why."""
    found = json.loads(line)
    page = found["address"].split("/", 3)[3]
    scores = " ".join(
        f"{name} {found['scores'][name]:3}{' ' if found['scores'][name] >= goal else '*'}"
        for name, goal in GOALS.items()
    )
    metrics = " ".join(found["metrics"].values()).replace("\u00a0", " ")
    return "\n".join([f"{page:34} {scores} {metrics}", *(f"    {why}" for why in found["short"])])


@contextmanager
def debugged(profile: Path) -> Iterator[int]:
    """A Chromium that listens to Lighthouse; the port it listens on."""
    with sync_playwright() as playwright:
        program = find(playwright)
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([program, *FLAGS, *options], stdout=quiet, stderr=quiet) as process:
        place = profile / "DevToolsActivePort"
        while process.poll() is None and not (place.is_file() and place.read_text("utf-8")):
            time.sleep(0.1)
        yield int(place.read_text("utf-8").split()[0])
        process.terminate()


def main() -> None:
    """Looks at every page, or at those that are named."""
    parser = argparse.ArgumentParser(description="Print Lighthouse's scores for the built book.")
    parser.add_argument("pages", nargs="*", help="pages, as paths in the built book; all of them if none")
    wanted = parser.parse_args().pages or pages(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))
    site = Site(BUILT, headers={"Cache-Control": f"max-age={MONTH}"}, handler=Packing)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        site,
        debugged(Path(folder)) as port,
    ):
        command = ["node", str(RUN), str(port), *map(site.url, wanted)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            for line in process.stdout or ():
                print(report(line), flush=True)


if __name__ == "__main__":
    main()
