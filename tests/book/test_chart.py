"""The chart: it follows the table, the theme and the width, and is printed."""

from typing import Any

from lives import CHAPTER, PLACED, find
from playwright.sync_api import Page, expect

from smallmodels import benchmarks


def test_the_chart_follows_the_table_the_theme_and_the_width(book: Any, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    chart = widget.root.locator("figure")
    chart.scroll_into_view_if_needed()
    svg = chart.locator(".live-drawing svg")
    expect(svg).to_be_visible()
    dots = svg.locator(".mark-symbol path")
    expect(dots).to_have_count(3 * len(benchmarks.head_to_head().rows))  # two scores and a verdict
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle()
    expect(dots).to_have_count(3 * len(benchmarks.head_to_head(source="mistral-7b-paper").rows))
    ink = "element => getComputedStyle(element.querySelector('text')).fill"
    light = svg.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert svg.evaluate(ink) != light
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_function(
        "figure => figure.querySelector('svg').getBoundingClientRect().width <= figure.clientWidth + 1",
        arg=chart.element_handle(),
    )


def test_a_chart_that_was_moved_equals_one_drawn_afresh(book: Any, fresh_page: Any) -> None:
    texts = []
    for fragment in ("", "#head-to-head?source=mistral-7b-paper"):
        page = fresh_page()
        page.goto(book.url(CHAPTER + fragment))
        widget = find(page)
        widget.settle()
        widget.root.locator("figure").scroll_into_view_if_needed()
        expect(widget.root.locator(".live-drawing svg")).to_be_visible()
        widget.control("source").select_option("mistral-7b-paper")
        widget.settle()
        expect(widget.root.locator(".live-drawing")).to_have_attribute(
            "aria-label", benchmarks.head_to_head(source="mistral-7b-paper").finding
        )
        texts.append(widget.root.locator(".live-drawing svg text").evaluate_all(PLACED))
    assert texts[0] == texts[1]


def test_print_shows_results_and_no_controls(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    chapter.emulate_media(media="print")
    for part in (".live-controls", ".live-exports", ".live-panel"):
        expect(widget.root.locator(part)).to_be_hidden()
    for part in ("table", ".live-finding", "figure svg"):
        expect(widget.root.locator(part).first).to_be_visible()
