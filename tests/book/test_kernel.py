"""The same front end with a kernel: `render` before a stand-in model with a real Python side."""

import json
from typing import Any

import altair
import ipywidgets
import pytest
from lives import LIVE_JS, Widget, by_keyboard, by_pointer, find
from playwright.sync_api import Page, expect

from smallmodels.live import Live
from smallmodels.live.bundle import bundled
from smallmodels.live.picture import specification, static_picture
from smallmodels.table import Cell, Column, Table


def everything(
    n: int,
    share: float,
    size: float,
    way: str,
    tone: object,
    parts: tuple[str, ...],
    on: bool,
    count: int,
    word: str,
) -> Table:
    """A table of its arguments; refuses a count above 7."""
    if count > 7:
        raise ValueError("There are 7 at most; choose fewer.")
    values = (n, share, size, way, tone, parts, on, count, word)
    rows = tuple({"i": i, "value": Cell(repr(value), "why <b>")} for i, value in enumerate(values))
    series = {"dots": [{"x": n, "y": share}]}
    return Table("everything", (Column("i", "i"), Column("value", "value")), rows, f"{values}", series)


def of_every_kind() -> Live:
    w = ipywidgets
    chart = altair.Chart(altair.NamedData("dots")).mark_point().encode(x="x:Q").properties(width="container")
    return Live(
        everything,
        chart,
        n=w.IntSlider(value=4, min=2, max=9),
        share=w.FloatSlider(value=0.3, min=0, max=1, step=0.1, readout_format=".0%"),
        size=w.FloatLogSlider(value=100, base=10, min=0, max=4, step=0.1),
        way=w.ToggleButtons(options=[("This way", "a"), ("That way", "b"), ("Third", "c")]),
        tone=w.Dropdown(options={"none": None, "one": 1, "half": 0.5}),
        parts=w.SelectMultiple(options=["x", "y", "z"], value=("x",)),
        on=w.Checkbox(value=True),
        count=w.BoundedIntText(value=5, min=1, max=9),
        word=w.Text(value="ha <i>"),
    )


FAKE_MODEL = """async ([state, source]) => {
  const {default: front} = await import(source);
  const heard = {};
  const tell = (event, ...what) => [...(heard[event] ?? [])].forEach(act => act(...what));
  const take = news => {
    for (const [name, value] of Object.entries(news)) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) continue;
      state[name] = value;
      tell(`change:${name}`);
    }
  };
  const model = window.model = {
    take,
    heard,
    tell,
    get: name => state[name],
    set: (name, value) => { state[name] = value; tell(`change:${name}`); },
    save_changes: async () => {
      if (window.deaf) return;
      take(await window.toPython(JSON.stringify(state.values)));
    },
    on: (event, act) => (heard[event] ??= new Set()).add(act),
    off: (event, act) => heard[event].delete(act),
    send: async () => {
      const bytes = await (await fetch("/_static/live/vega.js")).arrayBuffer();
      tell("msg:custom", {vega: true}, [new DataView(bytes)]);
    },
  };
  const el = document.querySelector("main");
  window.cleanUp = front.render({model, el});
}"""


TEXT = """
<p><a id="try" href="#everything?n=8&way=c">Try this</a>, <a id="bad" href="#everything?n=88">that</a> or
<a id="other" href="#nothing?n=8">something else</a>.</p>
"""


def drawn_by_a_kernel(book: Any, page: Page, drawing: str) -> tuple[Page, Live, Widget]:
    """A `Live` with every kind of control: `render` before a stand-in model with a real Python side."""
    live = of_every_kind()
    live.drawing = drawing

    def to_python(values: str) -> dict[str, Any]:
        live.set_state({"values": json.loads(values)})
        return {"values": live.values, "result": live.result}

    page.expose_function("toPython", to_python)
    head = '<title>t</title><link rel="icon" href="data:,">'
    body = f'<!doctype html><html lang="en">{head}{TEXT}<main></main></html>'
    page.route("**/scratch.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    source = bundled(LIVE_JS)
    page.route("**/front.js", lambda route: route.fulfill(body=source, content_type="text/javascript"))
    page.goto(book.url("scratch.html"))
    state = {name: getattr(live, name) for name in ("html", "values", "result", "drawing")}
    page.evaluate(FAKE_MODEL, [state, book.url("front.js")])
    return page, live, find(page, "everything")


@pytest.fixture
def kernel(book: Any, page: Page) -> tuple[Page, Live, Widget]:
    return drawn_by_a_kernel(book, page, "vega")


@pytest.mark.parametrize("moves", [by_keyboard, by_pointer])
def test_in_a_kernel_every_kind_of_control_moves_python(
    kernel: tuple[Page, Live, Widget], moves: Any
) -> None:
    page, live, widget = kernel
    for spec in widget.data["controls"]:
        values = {live.values[spec["name"]]}
        for _ in moves(page, widget.control(spec["name"]), spec["kind"]):
            widget.settle("kernel")
            widget.check(everything)
            control = live.controls[spec["name"]]
            assert control.value == widget.arguments()[spec["name"]]
            values.add(live.values[spec["name"]])
        assert len(values) > 1, spec["name"]


def test_in_a_kernel_python_moves_the_page(kernel: tuple[Page, Live, Widget]) -> None:
    page, live, widget = kernel
    moved = {
        "n": 9,
        "share": 0.7,
        "size": 31.6,
        "way": "c",
        "tone": 0.5,
        "parts": ("y", "z"),
        "on": False,
        "count": 2,
        "word": "<b>",
    }
    for name, value in moved.items():
        live.controls[name].value = value
        page.evaluate("news => model.take(news)", {"values": live.values, "result": live.result})
        widget.settle("kernel")
        assert widget.arguments()[name] == value
        widget.check(everything)


def test_in_a_kernel_a_refusal_stands_beside_its_control(kernel: tuple[Page, Live, Widget]) -> None:
    page, _live, widget = kernel
    before = widget.look()["shown"]
    count = widget.control("count")
    for typed, said in (
        ("8", "There are 7 at most; choose fewer."),
        ("12", "Choose a whole number from 1 to 9."),
        ("", "Choose a whole"),
    ):
        count.fill(typed)
        widget.settle("kernel")
        error = page.locator(f"#{count.get_attribute('aria-describedby')}")
        expect(error).to_contain_text(said)
        expect(count).to_have_attribute("aria-invalid", "true")
        assert count.input_value() == typed
        assert widget.look()["shown"] == before
    count.fill("3")
    widget.settle("kernel")
    expect(count).not_to_have_attribute("aria-invalid", "true")
    widget.check(everything)


def test_in_a_kernel_vega_comes_from_python_and_all_is_cleaned_up(kernel: tuple[Page, Live, Widget]) -> None:
    page, _live, widget = kernel
    widget.root.locator("figure").scroll_into_view_if_needed()
    expect(widget.root.locator(".live-drawing svg")).to_be_visible()
    expect(widget.root.get_by_role("button", name="Copy link")).to_have_count(0)
    page.evaluate("cleanUp()")
    assert page.evaluate("Object.values(model.heard).every(acts => acts.size === 0)")


def test_in_a_kernel_without_vega_python_sends_pictures(book: Any, page: Page) -> None:
    _page, live, widget = drawn_by_a_kernel(book, page, "svg")
    for n in (5, 6):
        widget.control("n").press("ArrowRight")
        widget.settle("kernel")
        expected = static_picture(specification(of_every_kind()._chart), live.table)
        assert live.controls["n"].value == n
        picture = widget.root.locator("figure svg")
        expect(picture).to_have_attribute("aria-label", live.table.finding)
        assert picture.locator("path").count() == expected.count("<path")


def test_in_a_kernel_without_any_renderer_a_sentence_says_so(book: Any, page: Page) -> None:
    _page, _live, widget = drawn_by_a_kernel(book, page, "none")
    widget.root.locator("figure").evaluate("figure => figure.replaceChildren()")
    widget.control("n").press("ArrowRight")
    expect(widget.root.locator("figure")).to_contain_text("The chart is missing")


def test_in_a_kernel_a_link_in_the_text_sets_the_state(kernel: tuple[Page, Live, Widget]) -> None:
    page, live, widget = kernel
    address = page.url
    widget.control("on").uncheck()
    widget.settle("kernel")
    page.locator("#try").click()
    widget.settle("kernel")
    assert (live.controls["n"].value, live.controls["way"].value) == (8, "c")
    assert live.controls["on"].value is True  # what a link does not name stands at its first value
    widget.check(everything)
    expect(widget.root).to_be_focused()
    expect(widget.root).to_be_in_viewport()
    assert page.url == address
    page.locator("#bad").click()
    expect(widget.root).to_contain_text("Choose a whole number from 2 to 9.")
    assert live.controls["n"].value == 8
    page.locator("#other").click()
    assert page.url == f"{address}#nothing?n=8"  # no business of ours
    page.evaluate("cleanUp()")
    page.locator("#try").click()
    assert page.url == f"{address}#everything?n=8&way=c"


GONE = "The kernel no longer knows this widget: run this cell again."


def test_a_kernel_that_restarted_is_told_and_nothing_is_lost(kernel: tuple[Page, Live, Widget]) -> None:
    page, _live, widget = kernel
    widget.control("n").press("ArrowRight")
    widget.settle("kernel")
    before = widget.look()
    page.evaluate("window.deaf = true; model.tell('comm_live_update')")
    for _ in range(2):
        widget.control("n").press("ArrowRight")
        expect(widget.root.locator(".live-message")).to_have_text(GONE)
        expect(widget.root).not_to_have_attribute("aria-busy", "true")
        assert widget.look() == before
        widget.check(everything)
    page.locator("#try").click()
    expect(widget.root.locator(".live-message")).to_have_text(GONE)
    assert widget.look() == before


def test_a_kernel_that_does_not_answer_is_told_and_may_answer_late(kernel: tuple[Page, Live, Widget]) -> None:
    page, live, widget = kernel
    before = widget.look()
    page.evaluate("window.deaf = true")
    widget.control("n").press("ArrowRight")
    expect(widget.root).to_have_attribute("aria-busy", "true")
    expect(widget.root.locator(".live-message")).to_contain_text("has not answered yet", timeout=10_000)
    expect(widget.root).not_to_have_attribute("aria-busy", "true")
    assert widget.look() == before
    live.controls["n"].value = 5
    page.evaluate("news => model.take(news)", {"values": live.values, "result": live.result})
    expect(widget.root.locator(".live-message")).to_be_empty()
    assert widget.arguments()["n"] == 5
    widget.check(everything)


def test_in_a_kernel_keys_belong_to_the_control_that_has_the_focus(kernel: tuple[Page, Live, Widget]) -> None:
    page, _live, widget = kernel
    page.evaluate("document.addEventListener('keydown', event => (window.heard ??= []).push(event.key))")
    for key in ("ArrowLeft", "x", "Home", "Enter", "Escape", "Control+s", "Shift+Enter"):
        widget.control("n").press(key)
    widget.root.evaluate("root => { root.tabIndex = -1; root.focus(); }")
    page.keyboard.press("j")
    commands = ["Escape", "Control", "s", "Enter", "j"]  # Shift and Control by themselves say nothing
    assert [key for key in page.evaluate("window.heard") if key != "Shift"] == commands
