"""Every widget of the book, moved once in Firefox and in WebKitGTK: what is shown is what Python computes.

One session goes through all pages. Where a browser is neither here nor to be had, its test is left out and
says so in one line.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import webdriver
from lives import LOOK, arguments
from webdriver import Driver, Missing

from smallmodels.live.answer import resolve

FORM = """() => [...document.querySelectorAll("[data-live]")].map(root => root.id)"""
# Settled: Python answers, and what was asked is answered.
SETTLED = """async (id) => {
  const root = document.getElementById(id);
  for (let i = 0; i < 1200; i++) {
    if (root.dataset.state === "failed") throw root.querySelector(".live-message").textContent;
    if (root.dataset.state === "live" && !root.hasAttribute("aria-busy")) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw `${id} did not settle: ${root.dataset.state}`;
}"""
# Finds the first control that can be moved, and says how: by a key, or by a click at a place of the window. A
# list of choices is set by its own value, since what opens there is a menu of the system's.
AIM = """(id) => {
  const root = document.getElementById(id);
  const field = [...root.querySelectorAll("input, select")].find((field) => {
    if (field.type === "radio") return !field.checked && !field.disabled;
    if (field.tagName === "SELECT") return [...field.options].filter((option) => !option.disabled).length > 1;
    return true;
  });
  if (!field) return null;
  field.scrollIntoView({ block: "center", behavior: "instant" });
  if (field.tagName === "SELECT") {
    const other = [...field.options].find((option) => !option.disabled && !option.selected);
    field.value = other.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return {};
  }
  if (field.type === "radio" || field.type === "checkbox") {
    const { x, y, width, height } = field.parentElement.getBoundingClientRect();
    return { click: [x + width / 2, y + height / 2] };
  }
  field.focus();
  if (document.activeElement !== field) throw `${id}: ${field.name} does not take the focus`;
  return { press: [field.type === "range" && Number(field.value) < Number(field.max) ? "ArrowRight" :
    field.type === "range" ? "ArrowLeft" : "ArrowUp"] };
}"""
HEADS = """() => [document.title, document.documentElement.scrollWidth - innerWidth]"""


def moved_once(browser: Driver, id: str) -> bool:
    """Moves the first control of a widget; whether it has one. Fails where the table is not Python's."""
    browser.run(SETTLED, id)
    before = arguments(browser.run(f"id => ({LOOK})(document.getElementById(id))", id))
    moves = browser.run(AIM, id)
    if moves is None:
        return False
    for how, where in moves.items():
        getattr(browser, how)(*where)
    browser.run(SETTLED, id)
    seen = browser.run(f"id => ({LOOK})(document.getElementById(id))", id)
    said = f"{browser.name}: #{id} with {arguments(seen)}"
    assert arguments(seen) != before, f"{said} did not move"
    table = resolve(seen["data"]["function"])(**arguments(seen))
    assert seen["shown"] == list(table.shown()), said
    assert seen["findings"] == [table.finding], said
    return True


@pytest.mark.parametrize("engine", [webdriver.firefox, webdriver.webkit], ids=["firefox", "webkit"])
def test_every_widget_moves_in_other_engines(
    book: Any, engine: Callable[[], AbstractContextManager[Driver]]
) -> None:
    moved = 0
    try:
        running = engine()
        browser = running.__enter__()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        for path in book.pages:
            browser.open(book.url(path))
            for id in browser.run(FORM):
                moved += moved_once(browser, id)
            title, sideways = browser.run(HEADS)
            assert title
            assert sideways <= 0, f"{browser.name}: {path} is {sideways} px wider than its window"
    finally:
        running.__exit__(None, None, None)
    assert browser.complaints == []
    assert moved >= 30
