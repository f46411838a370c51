"""The book on other people's servers: every page lives, whatever they call its files."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from lives import CHAPTER, find
from playwright.sync_api import Browser, Page, Route, expect
from serve import BUILT, POLICY, Server, Site

NO_NGINX = "No nginx was found: install it (Debian: `apt-get install nginx-light`), or run this test as root."
# Debian's own configuration in what matters: its table of types, its type for the rest, what it compresses.
NGINX = """
daemon off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  include /etc/nginx/mime.types; default_type application/octet-stream; gzip on; access_log off;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{ listen 127.0.0.1:{port}; location /some/book/ {{ alias {book}/; }} }}
}}
"""


def nginx() -> str:
    """The path of nginx, from apt when root; fails with one line where there is none."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    if not shutil.which("nginx") and shutil.which("apt-get") and os.geteuid() == 0:
        for step in (["update"], ["install", "-y", "--no-install-recommends", "nginx-light"]):
            subprocess.run(["apt-get", "-q", *step], capture_output=True, check=False)
    found = shutil.which("nginx")
    if not found:
        pytest.fail(NO_NGINX, pytrace=False)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def started(command: list[str], address: str) -> Iterator[str]:
    """A server of another maker for the length of a block, once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urlopen(address).close()
                break
            except URLError:
                assert process.poll() is None, f"{command} stopped with {process.returncode}"
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def stock_nginx(folder: Path) -> Iterator[str]:
    port = free_port()
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port, book=BUILT), "utf-8")
    own = ["-c", str(folder / "conf"), "-p", str(folder), "-e", str(folder / "log")]
    # As root its workers would be another user, who may not read a checkout.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    with started([nginx(), *own, *user], f"http://127.0.0.1:{port}/some/book/") as address:
        yield address


@contextmanager
def http_server(_folder: Path) -> Iterator[str]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(BUILT),
    ]
    with started(command, f"http://127.0.0.1:{port}/") as address:
        yield address


class Untyped(SimpleHTTPRequestHandler):
    """A server that knows pages, styles and scripts, and calls anything else a stream of bytes."""

    known = (".html", ".css", ".js", ".svg")

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        return super().guess_type(path) if str(path).endswith(self.known) else "application/octet-stream"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def untyped(_folder: Path) -> Iterator[str]:
    site = Site(BUILT)
    site.server.server_close()
    site.server = Server(("127.0.0.1", 0), partial(Untyped, directory=str(BUILT)))
    site.origin = f"http://127.0.0.1:{site.server.server_port}"
    with site:
        yield site.url()


@contextmanager
def strict(_folder: Path) -> Iterator[str]:
    with Site(BUILT, prefix="/some/book/", headers={"Content-Security-Policy": POLICY}) as site:
        yield site.url()


def watched(browser: Browser) -> tuple[Page, list[str], list[str]]:
    page, complaints, asked = browser.new_page(), list[str](), list[str]()
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    return page, complaints, asked


@pytest.mark.parametrize("server", [stock_nginx, http_server, untyped, strict])
def test_a_page_lives_on_any_server(browser: Browser, tmp_path: Path, server: Callable[[Path], Any]) -> None:
    page, complaints, asked = watched(browser)
    with server(tmp_path) as address:
        page.goto(address + CHAPTER)
        widget = find(page)
        widget.settle()
        widget.control("baseline").select_option("Llama 2 7B")
        widget.control("source").select_option("mistral-7b-paper")
        widget.settle()
        widget.check()
        widget.root.locator(".live-chart").scroll_into_view_if_needed()
        expect(widget.root.locator(".live-drawing svg")).to_be_visible()
        widget.check()  # the chart with it
    page.close()
    assert complaints == []
    files = [urlsplit(url).path for url in asked]
    assert [file for file in files if files.count(file) > 1] == []


def test_every_page_lives_under_the_strictest_policy(book: Any, browser: Browser) -> None:
    page, complaints, _ = watched(browser)
    with Site(BUILT, headers={"Content-Security-Policy": POLICY}) as site:
        for path in [*book.pages, "search.html?q=window", "genindex.html"]:
            page.goto(site.url(path))
            for id in page.locator("[data-live]").evaluate_all("all => all.map(e => e.id)"):
                widget = find(page, id)
                widget.settle()
                if widget.root.locator(".live-chart").count():
                    widget.root.locator(".live-chart").scroll_into_view_if_needed()
                    expect(widget.root.locator(".live-drawing svg")).to_be_visible()
    page.close()
    assert complaints == []


def test_the_policy_that_is_written_down_is_the_one_that_was_tested() -> None:
    assert POLICY in (Path(__file__).parents[2] / "book" / "how-it-works.md").read_text("utf-8")


SPY = """for (const way of ["compileStreaming", "compile"]) {
  const own = WebAssembly[way];
  WebAssembly[way] = (...given) => {
    if (!(given[0].byteLength < 1000)) console.log("way " + way);
    return own(...given);
  };
}
"""


def spied(route: Route) -> None:
    """A worker that tells how it has WebAssembly compiled."""
    answer = route.fetch()
    route.fulfill(response=answer, body=SPY + answer.text())


@pytest.mark.parametrize(("server", "way"), [(strict, "compileStreaming"), (untyped, "compile")])
def test_a_module_is_compiled_while_it_comes_where_its_type_is_right(
    browser: Browser, server: Callable[[Path], Any], way: str
) -> None:
    """Where it is not, the same bytes are compiled once they are there."""
    page, said = browser.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.route("**/worker.js*", spied)
    with server(Path()) as address:
        page.goto(address + CHAPTER)
        find(page).settle()
    page.close()
    assert [text.removeprefix("way ") for text in said if text.startswith("way ")] == [way]
