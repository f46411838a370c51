"""The built book in a real browser: served from this machine, with every other host out of reach."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from lives import CHAPTER
from playwright.sync_api import Browser, Page, Request
from serve import BUILT, ROOT, Site

SUBPATH = "/some/book/"
SAVES_DATA = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
OURS = ("data:", "blob:", "about:", "file:")


@dataclass
class Book:
    """The built book, served twice: at the root of a host, and below a sub-path as on GitHub Pages."""

    site: Site
    below: Site
    folder: Path = BUILT
    pages: list[str] = field(default_factory=lambda: toc_pages())

    def url(self, path: str = "") -> str:
        """The address of a page at the root of a host."""
        return self.site.url(path)

    def subpath_url(self, path: str = "") -> str:
        """The address of the same page below a sub-path."""
        return self.below.url(path)


def toc_pages(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """Every page the table of contents names, as a path in the built book."""
    return [f"{Path(name).with_suffix('')}.html" for name in _files(yaml.safe_load(toc.read_text("utf-8")))]


def _files(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for each in entry:
            yield from _files(each)
    elif isinstance(entry, dict):
        yield from (entry[key] for key in ("root", "file") if key in entry)
        yield from _files([value for value in entry.values() if isinstance(value, list)])


@pytest.fixture(scope="session")
def book() -> Iterator[Book]:
    if not (BUILT / "index.html").is_file():
        pytest.fail("There is no built book; run `make html` first.", pytrace=False)
    with Site(BUILT) as site, Site(BUILT, prefix=SUBPATH) as below:
        yield Book(site, below)


@dataclass
class Witness:
    """What went wrong in one page: requests to other hosts, errors in the console, uncaught exceptions."""

    origins: tuple[str, ...]
    expected: str = ""
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: message.type == "error" and self.note(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.note(f"uncaught: {error}"))

    def on_request(self, request: Request) -> None:
        if not request.url.startswith((*OURS, *(f"{origin}/" for origin in self.origins))):
            self.complaints.append(f"another host was asked: {request.url}")

    def note(self, complaint: str) -> None:
        if not (self.expected and re.search(self.expected, complaint)):
            self.complaints.append(complaint)


FreshPage = Callable[..., Page]


@pytest.fixture
def fresh_page(book: Book, browser: Browser) -> Iterator[FreshPage]:
    """Makes pages, each in a context of its own: `fresh_page(expected_errors="regex", **context options)`.

    With `python=False` the browser saves data, so that Python waits for a first touch: for tests of what is
    there without it.

    At teardown the test fails on any request to another host, and on any console error or uncaught exception
    that `expected_errors` does not match (requests to other hosts cannot be excused).
    """
    opened: list[tuple[Any, Witness]] = []

    def make(expected_errors: str = "", python: bool = True, **options: Any) -> Page:
        witness = Witness((book.site.origin, book.below.origin), expected_errors)
        # What a service worker fetches, a test's routes do not see; test_offline.py lets it work.
        context = browser.new_context(**{"service_workers": "block", **options})
        if not python:
            context.add_init_script(SAVES_DATA)
        context.on("request", witness.on_request)
        context.on("page", witness.watch)
        opened.append((context, witness))
        return context.new_page()

    yield make
    for context, _ in opened:
        context.close()
    complaints = [complaint for _, witness in opened for complaint in witness.complaints]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def page(fresh_page: FreshPage) -> Page:
    return fresh_page()


@pytest.fixture
def chapter(book: Book, page: Page) -> Page:
    """Chapter 01, as a reader finds it."""
    page.goto(book.url(CHAPTER))
    return page
