"""What helps a reader: words explained where they first stand, the time a chapter takes, a picture of it."""

import re
import struct
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from serve import BUILT
from test_pages import PAGES, soup

CHAPTERS = [path for path in PAGES if re.match(r"notebooks/\d\d[a-z]?-(?!lab-)", path)]


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_word_of_the_glossary_is_explained_at_its_first_use(path: str) -> None:
    words = soup(path).select("article .live-word")
    shown = [word.get_text().lower() for word in words]
    assert len({*shown}) == len(shown) > 2
    glossary = soup("book/glossary.html")
    for word in words:
        term = glossary.find(id=str(word["href"]).split("#")[1])
        assert term.get_text().strip("#").strip().lower() == word.get_text().lower()
        assert word["aria-description"]
        assert not word.find_parents(["a", "h1", "h2", "h3", "code", "strong"])


def test_a_word_says_what_it_means_on_hover_and_focus(book: Any, page: Page) -> None:
    page.goto(book.url(CHAPTERS[1]))
    word = page.locator(".live-word").first
    said = word.get_attribute("aria-description") or "-"
    word.hover()
    expect(page.locator("body > .live-tip")).to_have_text(said)
    page.keyboard.press("Escape")
    word.focus()
    expect(page.locator("body > .live-tip")).to_have_text(said)


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_says_how_long_it_takes(path: str) -> None:
    page = soup(path)
    (line,) = page.select(".reading")
    minutes = int(re.match(r"(\d+) minutes? to read", line.get_text())[1])  # type: ignore[index]
    prose = [p.get_text() for p in page.select("article p") if not p.find_parent(class_="live")]
    assert abs(minutes - len(" ".join(prose).split()) / 230) < 3
    assert f"{len(page.select('[data-live]'))} table" in line.get_text()


def test_the_card_has_the_size_that_is_asked_for_and_pages_have_its_words() -> None:
    head = (BUILT / "_static" / "card.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (1200, 630)
    page = soup(PAGES[1])
    assert page.find("meta", property="og:title")["content"] == page.h1.find(string=True).strip()
    assert page.find("meta", property="og:description")["content"]


def test_charts_are_set_in_the_books_own_face(book: Any, page: Page) -> None:
    page.goto(book.url(PAGES[1]))
    page.locator(".live-chart").first.scroll_into_view_if_needed()
    text = page.locator(".live-drawing svg text").first
    expect(text).to_be_visible()
    assert text.evaluate("text => getComputedStyle(text).fontFamily").strip('"').startswith("Source Sans 3")
    assert page.evaluate("document.fonts.check('12px \"Source Sans 3\"')")
