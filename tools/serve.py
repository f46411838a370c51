"""Serves a built book from this machine: `python tools/serve.py [--port N]` prints the address and waits.

The tests and the benchmark use `Site` too, so what they see is what a reader of `make book` sees.
"""

import argparse
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "_build" / "html"
# Python's own table comes from the operating system, and not every system knows these.
TYPES = {
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}

NO_MORE: Mapping[str, str] = MappingProxyType({})
# The strictest policy the book lives under: its own files, no text made into code, WebAssembly for Python.
POLICY = "script-src 'self' 'wasm-unsafe-eval'"


class Handler(SimpleHTTPRequestHandler):
    """Static files below one prefix; anything outside the prefix does not exist."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **TYPES}  # noqa: RUF012
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, prefix: str, headers: Mapping[str, str], **options: Any) -> None:
        self.prefix = prefix
        self.headers_of_all = headers
        super().__init__(*args, **options)

    def translate_path(self, path: str) -> str:
        """The file behind a path, or a name that cannot exist when the path is outside the prefix."""
        plain = urlsplit(path).path
        if not plain.startswith(self.prefix):
            return str(Path(self.directory) / "no such file")
        return super().translate_path("/" + plain.removeprefix(self.prefix))

    def end_headers(self) -> None:
        """Adds what every answer of this site carries."""
        for name, value in self.headers_of_all.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a reader's terminal shows the address, not every request."""


class Server(ThreadingHTTPServer):
    """A server whose readers may leave in mid-sentence without a traceback."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a connection that the browser has dropped."""


class Site:
    """A folder served on a free loopback port, below `prefix`, for as long as the `with` block lasts.

    Every answer carries `headers`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str = "/",
        port: int = 0,
        headers: Mapping[str, str] = MappingProxyType({}),
        handler: type[Handler] = Handler,
    ) -> None:
        made = partial(handler, directory=str(folder), prefix=prefix, headers=headers)
        self.prefix = prefix
        self.server = Server(("127.0.0.1", port), made)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def url(self, path: str = "") -> str:
        """The address of a path relative to the folder."""
        return f"{self.origin}{self.prefix}{path}"

    def __enter__(self) -> "Site":
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()


def open_site(folder: Path, port: int) -> Site:
    """The folder on the wanted port, or on any free one when that is taken."""
    try:
        return Site(folder, port=port)
    except OSError:
        print(f"Port {port} is taken; using a free one.")
        return Site(folder)


def port(text: str) -> int:
    """A port as it is typed; `ArgumentTypeError` for what is none."""
    if text.isascii() and text.isdigit() and int(text) < 65_536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; choose a number from 0 to 65535.")


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the built book on this machine.")
    parser.add_argument("folder", type=Path, nargs="?", default=BUILT)
    parser.add_argument("--port", type=port, default=8000)
    wanted = parser.parse_args()
    if not (wanted.folder / "index.html").is_file():
        raise SystemExit(f"{wanted.folder} holds no book; run `make html` first.")
    site = open_site(wanted.folder, wanted.port)
    print(f"The book is at {site.url()} (Ctrl-C stops it).", flush=True)
    try:
        site.server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
