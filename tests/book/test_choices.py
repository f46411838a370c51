"""Choices that depend on one another: no option that can be chosen shows nothing, and a shut one says why."""

from typing import Any

from lives import CHAPTER, find
from playwright.sync_api import Page, expect

from smallmodels import benchmarks
from smallmodels.benchmarks import records

OPTIONS = "all => all.map(option => [option.value, option.disabled, option.textContent])"


def test_what_is_open_is_exactly_what_shows_something(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    for step in ({}, {"source": "gemma-report"}, {"challenger": "Gemma 7B"}):
        for name, value in step.items():
            widget.control(name).select_option(value)
            widget.settle()
        now = widget.arguments()
        for name in ("source", "challenger", "baseline"):
            for value, shut, text in widget.control(name).locator("option").evaluate_all(OPTIONS):
                shows = bool(benchmarks.head_to_head(**{**now, name: value}).rows)
                assert shut != shows, (now, name, value)
                assert ("not in this report" in text or "does not hold both" in text) == shut


def test_a_link_to_nothing_draws_no_axes_and_offers_the_nearest(book: Any, page: Page) -> None:
    page.goto(book.url(f"{CHAPTER}#head-to-head?challenger=Gemma 7B"))
    widget = find(page)
    widget.settle()
    assert widget.look()["raw"] == []
    assert widget.root.locator(".live-chart").evaluate("chart => chart.clientHeight") == 0
    offer = widget.root.locator(".live-nearest a")
    expect(offer).to_have_text(records.report_name("gemma-report"))
    offer.click()
    widget.settle()
    widget.check()
    assert widget.arguments()["source"] == "gemma-report"
    assert len(widget.look()["raw"]) > 3
    expect(offer).to_have_count(0)
