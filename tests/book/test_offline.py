"""A second visit and every next chapter without a network; nothing of an older book once there is a newer."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lives import CHAPTER, widgets
from playwright.sync_api import BrowserContext, Page
from serve import BUILT, POLICY, Site

# Whether all that the book keeps is there: the list stands in its own script.
KEPT = """async () => {
  const text = await (await fetch(new URL("../sw.js", location))).text();
  const files = JSON.parse(/FILES = .*?(\\[[^\\]]*\\])/s.exec(text)[1]);
  const scope = (await navigator.serviceWorker.ready).scope;
  const names = (await caches.keys()).filter((name) => name.startsWith("book "));
  if (names.length !== 1) return [names.length, files.length];
  const kept = (await (await caches.open(names[0])).keys()).map(({ url }) => url);
  return [files.filter((file) => !kept.includes(new URL(file, scope).href)).length, files.length];
}"""


@pytest.fixture
def visit(browser: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(service_workers="allow")
    yield context
    context.close()


def keep_all(page: Page) -> int:
    """Waits until the whole book is kept; the number of files."""
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    for _ in range(600):
        missing, number = page.evaluate(KEPT)
        if missing == 0:
            return int(number)
        time.sleep(0.1)
    raise AssertionError(f"{missing} of {number} files were not kept.")


def test_every_chapter_lives_when_the_server_has_gone(book: Any, visit: BrowserContext) -> None:
    page, wrong = visit.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # Below a path, under the strictest policy, from a server that names no time to keep anything.
    with Site(BUILT, prefix="/some/book/", headers={"Content-Security-Policy": POLICY}) as site:
        page.goto(site.url(CHAPTER))
        assert keep_all(page) > 50
        first = site.url()
    for path in book.pages:
        page.goto(f"{first}{path}")
        for widget in widgets(page)[:1]:
            widget.settle()
            widget.check()
    page.goto(first)
    page.wait_for_url("**/00-introduction.html")
    assert wrong == []


def test_a_newer_book_is_shown_and_the_older_one_forgotten(visit: BrowserContext, tmp_path: Path) -> None:
    shutil.copytree(BUILT, tmp_path / "book")
    page = visit.new_page()
    with Site(tmp_path / "book") as site:
        page.goto(site.url("book/glossary.html"))
        keep_all(page)
        old = page.evaluate("caches.keys()")
        for file, before, after in (
            ("book/glossary.html", "<h1>Glossary", "<h1>Newer words"),
            ("sw.js", 'VERSION = "', 'VERSION = "newer-'),
        ):
            path = tmp_path / "book" / file
            text = path.read_text("utf-8")
            assert before in text
            path.write_text(text.replace(before, after), "utf-8")
        page.goto(site.url("book/glossary.html"))
        assert page.locator("h1").inner_text().startswith("Newer words")  # from the network, at once
        page.wait_for_function(
            "old => caches.keys().then((now) => now.length && !now.includes(old[0]))", arg=old
        )


def test_what_is_kept_is_what_pages_ask_for(book: Any, visit: BrowserContext) -> None:
    """What every page asks for in a visit is either on the list or a picture of the sheet."""
    text = (BUILT / "sw.js").read_text("utf-8")
    files = {file.partition("?")[0] for file in json.loads(text[text.index('[\n"') : text.index("\n]") + 2])}
    page, asked = visit.new_page(), set[str]()
    page.on("request", lambda request: asked.add(request.url.removeprefix(book.url()).partition("?")[0]))
    for path in book.pages[:4]:
        page.goto(book.url(path))
        for widget in widgets(page)[:1]:
            widget.settle()
    strangers = {
        path for path in asked - files if not path.endswith((".svg", "sw.js", "marking.js", "mode.js"))
    }
    assert {path for path in strangers if not path.startswith(("data:", "blob:"))} <= {
        path for path in strangers if "katex" in path.lower()
    }
