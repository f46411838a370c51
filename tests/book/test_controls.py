"""Every control of every `Live` of the book: what is shown must be what Python computes for what is set."""

import json
import re
from typing import Any

import pytest
from conftest import toc_pages
from lives import CHAPTER, Widget, by_keyboard, by_pointer, find, furnished, widgets
from playwright.sync_api import Page, expect

from smallmodels import benchmarks
from smallmodels.live import Live


@pytest.mark.parametrize("moves", [by_keyboard, by_pointer])
@pytest.mark.parametrize("path", [path for path in toc_pages() if path.startswith("notebooks/")])
def test_every_control_moved_shows_what_python_computes(book: Any, page: Page, path: str, moves: Any) -> None:
    seen = 0
    page.goto(book.url(path))
    for widget in widgets(page):
        widget.settle()
        for spec in widget.data["controls"]:
            reopen(widget, spec)
            before = widget.arguments()
            states = {json.dumps(before)}
            for _ in moves(page, widget.control(spec["name"]), spec["kind"]):
                widget.settle()
                widget.check()
                states.add(json.dumps(widget.arguments()))
            assert len(states) > 1, f"{spec['name']} of #{widget.id} does not move"
            seen += 1
    assert seen


def reopen(widget: Widget, spec: Any) -> None:
    """Back to the first values where what was moved before has shut all but one option of a control."""
    choices = widget.control(spec["name"]).locator("option, input[type=radio]")
    if choices.count() and choices.and_(widget.root.locator(":enabled")).count() < 2:
        widget.root.get_by_role("button", name=widget.data["reset"]).click()
        widget.settle()


def test_the_first_table_is_there_before_any_script(book: Any, fresh_page: Any) -> None:
    page = fresh_page(java_script_enabled=False)
    for path in book.pages:
        page.goto(book.url(path))
        html = page.content()
        for id, function in re.findall(r'<div class="live" id="([^"]+)" data-live="([^"]+)"', html):
            root = page.locator(f"#{id}")
            assert root.get_attribute("data-state") == "static"
            assert root.locator("table").is_visible()
            assert root.locator("input, select, textarea, button").count() == 0
            assert root.get_attribute("data-live") == function


def test_names_of_controls_are_arguments_and_their_labels_names(book: Any, fresh_page: Any) -> None:
    page = fresh_page(python=False)
    for path in book.pages:
        page.goto(book.url(path), wait_until="load")
        for widget in widgets(page):
            for spec in widget.data["controls"]:
                roles = {
                    "select": "combobox",
                    "slider": "slider",
                    "checkbox": "checkbox",
                    "text": "textbox",
                    "textarea": "textbox",
                    "number": "spinbutton",
                }
                role: Any = roles.get(spec["kind"], "group")
                named = widget.root.get_by_role(role, name=spec["label"], exact=True)
                expect(named).to_have_attribute("name", spec["name"])


def test_below_a_sub_path(book: Any, page: Page) -> None:
    page.goto(book.subpath_url(CHAPTER))
    widget = find(page)
    widget.settle()
    widget.control("source").select_option("open-llm-leaderboard-v1")
    widget.settle()
    widget.check()
    widget.root.locator("figure").scroll_into_view_if_needed()
    expect(widget.root.locator(".live-drawing svg")).to_be_visible()


def test_reset_brings_the_first_values_back(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    first = widget.arguments()
    widget.control("source").select_option("gemma-report")
    widget.control("confidence").fill("0.7")
    widget.settle()
    assert widget.arguments() != first
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.settle()
    assert widget.arguments() == first
    widget.check()


def test_one_page_holds_two_lives_of_one_function(book: Any, page: Page) -> None:
    choices = {"benchmark": benchmarks.benchmark_choices()}
    furnished(book, page, *(Live(benchmarks.spread, id=id, **choices) for id in ("one", "two")))
    one, two = find(page, "one"), find(page, "two")
    one.settle()
    one.control("benchmark").select_option("MMLU")
    two.control("benchmark").select_option("HumanEval")
    for widget, benchmark in ((one, "MMLU"), (two, "HumanEval")):
        widget.settle()
        assert widget.arguments() == {"benchmark": benchmark}
        widget.check()
