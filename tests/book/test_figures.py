"""The marked figures of the text: what computed them is said on hover, focus and touch, as in a table."""

from typing import Any

import pytest
from lives import find, furnished
from playwright.sync_api import Page, expect

from smallmodels import benchmarks
from smallmodels.live import Live

WHY = "Computed by <benchmarks> & nobody else."
TEXT = f"""
<p>It was <a class="live-figure" href="#spread?benchmark=MMLU" aria-description="{WHY}">55.5%</a>, or so
<span class="live-figure" tabindex="0" aria-description="{WHY}">twice</span> as many. <em>Plain text.</em></p>
"""


def spread() -> Live:
    return Live(benchmarks.spread, benchmark=benchmarks.benchmark_choices())


@pytest.mark.parametrize("lives", [(), (spread(),)], ids=["alone", "with a Live"])
def test_a_figure_says_on_hover_and_focus_what_computed_it(
    book: Any, page: Page, lives: tuple[Live, ...]
) -> None:
    furnished(book, page, *lives, text=TEXT)
    tip = page.locator("body > .live-tip")
    for figure in page.locator(".live-figure").all():
        figure.hover()
        expect(tip).to_have_text(WHY)
        expect(tip).to_be_in_viewport(ratio=1)
        tip.hover()  # it stays while the pointer is on it
        page.wait_for_timeout(400)
        expect(tip).to_be_visible()
        page.keyboard.press("Escape")
        expect(tip).to_have_count(0)
        figure.focus()
        expect(tip).to_have_text(WHY)
        figure.blur()
        expect(tip).to_have_count(0)
    page.locator("em").hover()
    expect(tip).to_have_count(0)


def test_a_page_of_figures_alone_fetches_no_python(book: Any, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    furnished(book, page, text=TEXT)
    page.locator("span.live-figure").hover()
    expect(page.locator(".live-tip")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert [url.rsplit("/", 1)[1] for url in asked] == ["scratch.html", "live.css", "live.js"]


def test_a_figure_says_at_a_tap_what_computed_it(book: Any, fresh_page: Any) -> None:
    page = fresh_page(has_touch=True, viewport={"width": 360, "height": 740})
    furnished(book, page, text=TEXT)
    page.locator("span.live-figure").tap()
    expect(page.locator(".live-tip")).to_have_text(WHY)
    page.locator("em").tap()
    expect(page.locator(".live-tip")).to_have_count(0)


def test_a_figure_leads_to_the_widget_that_shows_it(book: Any, page: Page) -> None:
    furnished(book, page, spread(), text=f'{TEXT}<p style="height: 150vh"></p>')
    widget = find(page, "spread")
    widget.settle()
    page.locator("a.live-figure").press("Enter")
    expect(widget.control("benchmark")).to_have_value("MMLU")  # the address changes first
    widget.settle()
    assert widget.arguments() == {"benchmark": "MMLU"}
    widget.check()
    expect(widget.root).to_be_in_viewport()
    expect(page.locator("body > .live-tip")).to_have_count(0)


def test_a_figure_looks_like_the_text_around_it(book: Any, page: Page) -> None:
    furnished(book, page, text=TEXT)
    style = "(element, name) => getComputedStyle(element)[name]"
    ink = page.locator("p").evaluate(style, "color")
    for figure in page.locator(".live-figure").all():
        assert figure.evaluate(style, "color") == ink
        assert figure.evaluate(style, "textDecorationStyle") == "dotted"
        figure.press("Shift")  # the last move was a key's, so the focus shows
        assert figure.evaluate(style, "outlineStyle") == "solid"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.locator("span.live-figure").focus()
    paper = page.locator(".live-tip").evaluate(style, "backgroundColor")
    assert paper == "rgb(232, 230, 227)"
