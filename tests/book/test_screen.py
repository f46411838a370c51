"""Picture first: what stands where on the screen, and that a control never moves a chart out of sight."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lives import CHAPTER, Widget, find, widgets
from playwright.sync_api import Page, expect

NARROW = {"width": 360, "height": 740}
# The parts of a widget from top to bottom as the HTML has them, and where each begins on the screen.
PLACES = """root => ["controls", "finding", "chart", "scroll", "notes", "panel"].map(name => `.live-${name}`)
  .map(part => root.querySelector(part)).filter(part => part?.checkVisibility())
  .map(part => ({name: part.className, top: part.getBoundingClientRect().top,
                 index: [...root.querySelectorAll("*")].indexOf(part)}))"""
# From the top of a control to the foot of its chart, whole on the screen at once.
TOGETHER = """([control, chart]) => {
  const [one, other] = [control, chart].map(part => part.getBoundingClientRect());
  const header = document.querySelector(".bd-header-article")?.getBoundingClientRect() ?? {top: 0, bottom: 0};
  const from = header.top <= 0 ? Math.max(0, header.bottom) : 0;
  const clear = one.bottom <= other.top + 1;
  return clear && one.top >= from - 1 && other.top >= from && other.bottom <= innerHeight + 1;
}"""


def moved_charts(page: Page) -> Iterator[Widget]:
    for widget in widgets(page):
        if widget.data["controls"] and widget.root.locator(".live-chart").count():
            yield widget


def touch(control: Any, kind: str) -> None:
    """The smallest move of a control, as a finger or a key makes it."""
    input = (
        control.locator('input[type="range"], input').first
        if kind in ("log", "radio", "checkboxes")
        else control
    )
    input.focus()
    input.dispatch_event("input", {"bubbles": True})


def together(widget: Widget, spec: dict[str, Any]) -> bool:
    """Whether a reader who moves this control sees the chart it moves, both whole."""
    control = widget.control(spec["name"])
    place = control.locator("xpath=ancestor-or-self::*[contains(@class, 'live-control')][1]")
    form = widget.root.locator(".live-controls")
    form.evaluate("form => scrollTo(0, form.getBoundingClientRect().top + scrollY - 70)")
    control.scroll_into_view_if_needed()
    touch(control, spec["kind"])
    chart = widget.root.locator(".live-chart")
    seen: bool = widget.root.page.evaluate(TOGETHER, [place.element_handle(), chart.element_handle()])
    widget.root.page.locator("h1").first.evaluate(
        "h1 => h1.dispatchEvent(new Event('pointerdown', {bubbles: true}))"
    )
    return seen


@pytest.mark.parametrize(("size", "least"), [({"width": 1280, "height": 900}, 30), (NARROW, 24)])
def test_control_and_chart_share_a_screen(book: Any, fresh_page: Any, size: Any, least: int) -> None:
    page = fresh_page(viewport=size)
    seen = {}
    for path in book.pages:
        page.goto(book.url(path))
        for widget in moved_charts(page):
            expect(widget.root).not_to_have_attribute("data-state", "static")
            specs = widget.data["controls"]
            apart = [spec["name"] for spec in specs if not together(widget, spec)]
            seen[f"{path}#{widget.id}"] = apart
    out_of_sight = {place: names for place, names in seen.items() if names}
    print(f"{len(seen) - len(out_of_sight)} of {len(seen)} at {size}; apart: {out_of_sight}")
    assert len(seen) >= 30
    assert len(seen) - len(out_of_sight) >= len(seen) - 30 + least, out_of_sight


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("script", [True, False])
def test_the_picture_comes_first_and_the_html_has_the_order_seen(
    book: Any, fresh_page: Any, width: int, script: bool
) -> None:
    page = fresh_page(viewport={"width": width, "height": 900}, java_script_enabled=script)
    page.goto(book.url(CHAPTER))
    for id in re.findall(r'<div class="live" id="([^"]+)"', page.content()):
        parts = page.locator(f"#{id}").evaluate(PLACES)
        assert len(parts) >= 3 if width == 360 and script else len(parts) >= 4
        assert [part["top"] for part in parts] == sorted(part["top"] for part in parts), (id, parts)
        assert [part["index"] for part in parts] == sorted(part["index"] for part in parts), (id, parts)


def test_reset_and_link_stand_in_the_first_row_of_the_controls(chapter: Page) -> None:
    for widget in widgets(chapter):
        if not widget.data["controls"]:
            continue
        expect(widget.root).not_to_have_attribute("data-state", "static")
        first = widget.root.locator(".live-control").first.bounding_box()
        reset = widget.root.get_by_role("button", name=widget.data["reset"]).bounding_box()
        assert first
        assert reset
        assert reset["y"] < first["y"] + first["height"]


def test_on_a_phone_the_table_is_folded_and_opens(book: Any, fresh_page: Any) -> None:
    page = fresh_page(viewport=NARROW)
    page.goto(book.url(CHAPTER))
    widget = find(page)
    rows = len(widget.look()["raw"])
    fold = widget.root.get_by_text(f"The figures ({rows} rows)")
    expect(widget.root.locator("table")).to_be_hidden()
    fold.click()
    expect(widget.root.locator("table")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(fold).to_be_hidden()
    expect(widget.root.locator("table")).to_be_visible()


def test_one_quiet_line_opens_one_panel(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    lines = widget.root.locator("summary").filter(visible=True)
    expect(lines).to_have_count(1)
    expect(lines).to_have_text("Data, Sources, Code")
    for name in ("Copy CSV", "Download Markdown"):
        expect(widget.root.get_by_role("button", name=name)).to_have_count(0)
    lines.click()
    expect(widget.root.get_by_role("button", name="Copy CSV")).to_be_visible()
    expect(widget.root.locator(".live-panel")).to_contain_text("def head_to_head")
