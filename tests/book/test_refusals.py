"""A state that is refused: its sentence stays with its control, and what it no longer describes fades."""

import re
from typing import Any

from lives import Widget, find, open_panel
from playwright.sync_api import Page, expect

FADED = "part => getComputedStyle(part).opacity"


def beside(widget: Widget, name: str) -> Any:
    """The sentence that stands with a control."""
    place = widget.control(name).locator("xpath=ancestor-or-self::*[contains(@class, 'live-control')][1]")
    return place.locator(".live-error")


def looks_refused(widget: Widget, refused: bool) -> None:
    for part in (".live-finding", ".live-chart", ".live-figures"):
        opacity = float(widget.root.locator(part).evaluate(FADED))
        assert (opacity < 0.5) == refused, part
    for name in ("Copy CSV", "Download Markdown", "Copy link to this view"):
        button = widget.root.get_by_role("button", name=name)
        expect(button).to_be_disabled() if refused else expect(button).to_be_enabled()


def test_a_refusal_of_python_stays_with_its_control_until_it_is_mended(book: Any, page: Page) -> None:
    page.goto(book.url("notebooks/02b-can-a-law-be-trusted.html"))
    widget = find(page, "refit")
    widget.settle()
    open_panel(widget)
    looks_refused(widget, False)
    seeds = widget.control("seeds").locator("label")
    for label in seeds.all():  # the last leaves none
        label.click()
    widget.settle()
    sentence = beside(widget, "seeds")
    expect(sentence).to_be_visible()
    looks_refused(widget, True)
    widget.control("how").locator("label").last.click()  # changes nothing about the refusal
    widget.settle()
    expect(sentence).to_be_visible()
    expect(beside(widget, "how")).to_be_hidden()
    looks_refused(widget, True)
    seeds.first.click()
    widget.settle()
    expect(sentence).to_be_hidden()
    looks_refused(widget, False)
    widget.check()


def test_what_is_no_number_stays_with_its_control_and_nothing_is_computed(book: Any, page: Page) -> None:
    page.goto(book.url("notebooks/02-scaling-laws.html"))
    widget = find(page, "factors")
    widget.settle()
    open_panel(widget)
    before = widget.look()["shown"]
    typed = widget.root.locator('input[name="n_challenger"]')
    typed.fill("many")
    sentence = beside(widget, "n_challenger")
    expect(sentence).to_have_text(re.compile("^Choose a number from"))
    looks_refused(widget, True)
    widget.control("law").select_option(index=1)
    expect(sentence).to_be_visible()
    assert widget.look()["shown"] == before
    looks_refused(widget, True)
    typed.fill("30")
    widget.settle()
    expect(sentence).to_be_hidden()
    looks_refused(widget, False)
    widget.check()


def test_figures_in_controls_are_rounded_and_grouped_and_kept_to_the_last_digit(
    book: Any, page: Page
) -> None:
    page.goto(book.url("notebooks/02-scaling-laws.html"))
    widget = find(page, "factors")
    widget.settle()
    typed = widget.root.locator('input[name="n_challenger"]')
    expect(typed).to_have_value("7.242")
    assert widget.arguments()["n_challenger"] == 7.241732096
    typed.focus()
    page.keyboard.press("Tab")
    widget.check()
    page.goto(book.url("notebooks/06-cost.html"))
    widget = find(page, "api")
    widget.settle()
    tokens = widget.root.locator('input[inputmode="decimal"]')
    expect(tokens).to_have_value("100,000,000")
    tokens.fill("2,000,000")
    widget.settle()
    widget.check()
    widget = find(page, "self-hosted")
    expect(widget.root.locator(".live-value", has_text="1,024")).to_have_count(1)
