"""A page before its Python is there, and one where it never comes: it always shows something true."""

from collections.abc import Iterator
from typing import Any

import pytest
from lives import CHAPTER, WASM, by_keyboard, find, widgets
from playwright.sync_api import Page, Route, expect

from smallmodels.live.controls import reachable


@pytest.fixture
def before_python(book: Any, page: Page) -> Iterator[tuple[Page, list[Route]]]:
    """Chapter 01 with Python held back; continuing the held route lets it come."""
    held: list[Route] = []
    page.route(WASM, lambda route: held.append(route))
    page.goto(book.url(CHAPTER))
    yield page, held
    page.unroute_all(behavior="ignoreErrors")


def test_first_moves_are_answered_before_python(before_python: tuple[Page, list[Route]]) -> None:
    page, _held = before_python
    for widget in widgets(page):
        for spec in widget.data["controls"]:
            if not reachable(spec):  # any text and any number cannot be computed beforehand
                continue
            for _ in by_keyboard(page, widget.control(spec["name"]), spec["kind"]):
                widget.settle("starting")
                widget.check()
            widget.root.get_by_role("button", name=widget.data["reset"]).click()
            widget.settle("starting")
            widget.check()


def test_another_state_waits_for_python_and_shows_no_other_table(
    before_python: tuple[Page, list[Route]],
) -> None:
    page, held = before_python
    widget = find(page)
    widget.control("baseline").select_option("Llama 2 7B")
    widget.settle("starting")
    widget.check()
    widget.control("source").select_option("mistral-7b-paper")
    expect(widget.root).to_have_attribute("aria-busy", "true")
    expect(widget.root.locator("table")).to_be_hidden()
    expect(widget.root.locator("figure svg").first).to_be_hidden()
    expect(widget.root).to_contain_text("Python is starting")
    page.wait_for_function("() => true")
    held[0].continue_()
    widget.settle()
    widget.check()
    expect(widget.root).not_to_contain_text("Python is starting")


@pytest.mark.parametrize("blocked", ["**/worker.js*", WASM, "**/stdlib.zip*", "**/app.bin*"])
def test_without_python_the_page_stays_readable_and_says_why(
    book: Any, fresh_page: Any, blocked: str
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route(blocked, lambda route: route.abort())
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle("failed")
    expect(widget.root).to_contain_text("Python could not start in this page")
    widget.check()
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle("failed")
    widget.check()
    widget.control("baseline").select_option("Llama 2 7B")
    expect(widget.root.locator("table")).to_be_hidden()
    expect(widget.root).to_contain_text("was not computed beforehand")
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.check()


def test_with_save_data_python_waits_for_the_first_touch(book: Any, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    page.goto(book.url(CHAPTER), wait_until="networkidle")
    widget = find(page)
    assert widget.root.get_attribute("data-state") == "static"
    assert not [url for url in asked if "worker.js" in url]
    widget.control("confidence").focus()
    widget.settle()
    widget.check()


def test_opened_from_disk_the_page_says_what_to_do(book: Any, fresh_page: Any) -> None:
    page = fresh_page(expected_errors="CORS|Failed to load resource|origin")
    page.goto((book.folder / CHAPTER).as_uri())
    widget = find(page)
    expect(widget.root).to_contain_text("Opened from disk")
    assert widget.root.locator("table").is_visible()
    assert widget.root.locator(".live-controls > *").count() == 0
