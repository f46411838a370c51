"""What the tests of the built book share: a `Live` read by its contract, and moved by keys or pointer."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from smallmodels.live import Live
from smallmodels.live.answer import resolve
from smallmodels.table import Table, raw

WASM = "**/pyodide.asm.wasm*"
LIVE_JS = Path(__file__).parents[2] / "smallmodels" / "live" / "live.js"


# A chart's words from top to bottom and left to right.
PLACED = """all => all.map(text => [text.getBoundingClientRect(), text.textContent])
  .sort(([a], [b]) => a.top - b.top || a.left - b.left).map(([, text]) => text)"""
# All that a test looks at, in one look: so nothing can change between two of them. What a small model in the
# page (`.play`) writes and says is no part of it: that is no table of Python's.
LOOK = """root => {
  const fields = name => [...root.querySelectorAll(`:is(input, select, textarea)[name="${name}"]`)];
  const inside = {radio: "checked", checkboxes: "checked"};
  const set = ({name, kind}) => {
    if (kind in inside) return fields(name).filter(field => field.checked).map(field => field.value);
    return [kind === "checkbox" ? String(fields(name)[0].checked)
      : fields(name)[0].dataset.value ?? fields(name)[0].value];
  };
  const data = JSON.parse(root.querySelector(".live-data").textContent);
  const own = kind => [...root.querySelectorAll(kind)].filter(part => !part.closest(".play"));
  const [table, ...more] = own("table");
  return {
    data,
    set: Object.fromEntries(data.controls.map(spec => [spec.name, set(spec)])),
    shown: [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)),
    raw: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.dataset.value)),
    findings: own("[role=status], output").map(finding => finding.textContent),
    visible: more.length === 0 && table.checkVisibility({visibilityProperty: true}),
  };
}"""


@dataclass
class Widget:
    """One `Live` of a page, read by its contract: names of controls, cells of the table, states."""

    root: Locator

    @property
    def id(self) -> str:
        return self.root.get_attribute("id") or ""

    def look(self) -> dict[str, Any]:
        seen: dict[str, Any] = self.root.evaluate(LOOK)
        return seen

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.look()["data"]
        return data

    def control(self, name: str) -> Locator:
        return self.root.locator(f'[name="{name}"]').first

    def arguments(self) -> dict[str, Any]:
        """The arguments as a reader sees them: what stands in each control, with the type Python gave it."""
        return arguments(self.look())

    def settle(self, state: str = "live") -> None:
        selector = f'#{self.id}[data-state="{state}"]:not([aria-busy])'
        self.root.page.wait_for_selector(selector, state="attached", timeout=60_000)

    def check(self, function: Callable[..., Table] | None = None) -> None:
        """The table, its raw values and the finding are Python's for the arguments that are set.

        Where Python refuses them, its sentence stands beside the control.
        """
        seen = self.look()
        said = f"#{self.id} with {arguments(seen)}"
        try:
            table = (function or resolve(seen["data"]["function"]))(**arguments(seen))
        except ValueError as refusal:
            expect(self.root.locator(".live-error:not([hidden])"), said).to_have_text(str(refusal))
            return
        assert seen["shown"] == list(table.shown()), said
        exact = [[raw(table.cell(r, c).value) for c in table.columns] for r in table.rows]
        assert same_values(seen["raw"], exact), said
        assert seen["findings"] == [table.finding], said
        assert seen["visible"], said
        drawn = self.root.locator('figure:not([data-stale]) [role="img"]')
        if drawn.count():
            expect(drawn.first, said).to_have_attribute("aria-label", table.finding)


def same_values(shown: list[list[str]], exact: list[list[str]]) -> bool:
    """Equal texts, or numbers apart by no more than what two mathematical libraries make of a power."""
    return [len(row) for row in shown] == [len(row) for row in exact] and all(
        one == other or math.isclose(float(one), float(other), rel_tol=1e-9)
        for row, expected in zip(shown, exact, strict=True)
        for one, other in zip(row, expected, strict=True)
    )


def arguments(seen: dict[str, Any]) -> dict[str, Any]:
    fixed = {name: json.loads(text) for name, text in seen["data"]["fixed"].items()}
    return fixed | {spec["name"]: value(spec, seen["set"][spec["name"]]) for spec in seen["data"]["controls"]}


def value(spec: dict[str, Any], texts: list[str]) -> Any:
    """The argument behind what a control's fields say: an option's own value, or a number, word or truth."""
    if "options" in spec:
        options = [json.loads(text) for _, text in spec["options"]]
        named = {option if isinstance(option, str) else json.dumps(option): option for option in options}
        values = tuple(named[text] for text in texts)
        return values if spec["kind"] == "checkboxes" else values[0]
    kinds: dict[str, Callable[[str], Any]] = {
        "checkbox": lambda text: text == "true",
        "text": str,
        "textarea": str,
        "log": float,
    }
    return kinds.get(spec["kind"], float if spec.get("float") else int)(texts[0])


def widgets(page: Page) -> list[Widget]:
    return [
        Widget(page.locator(f"#{id}"))
        for id in page.locator("[data-live]").evaluate_all("all => all.map(e => e.id)")
    ]


def find(page: Page, id: str = "head-to-head") -> Widget:
    return Widget(page.locator(f"#{id}"))


def unfolded(page: Page, href: str) -> Locator:
    """A link of the text, with the fold opened in which it stands."""
    link = page.locator(f'a[href="{href}"]')
    link.evaluate("link => { const fold = link.closest('details'); if (fold) fold.open = true; }")
    return link


def open_panel(widget: Widget) -> None:
    """Opens what stands behind the quiet line of a widget: its data, sources and code."""
    widget.root.locator(".live-panel > summary").click()


def open_figures(widget: Widget) -> None:
    """Opens the table that a small screen folds."""
    widget.root.locator(".live-figures > summary").click()


CHAPTER = "notebooks/01-benchmarks.html"


def by_keyboard(page: Page, control: Locator, kind: str) -> Iterator[None]:
    """Moves a control with keys only, one move at a time."""
    first = control.locator("input").first if kind in ("radio", "checkboxes", "log") else control
    first.focus()
    keys = {
        "slider": ["ArrowRight", "ArrowLeft", "ArrowLeft", "Home", "PageUp", "End"],
        "log": ["ArrowRight", "ArrowLeft", "Home", "End"],
        "select": ["ArrowDown", "ArrowDown", "Home", "End", "ArrowUp"],
        "radio": ["ArrowRight", "ArrowRight", "ArrowLeft"],
        "checkboxes": ["Space", "Tab", "Space"],
        "checkbox": ["Space", "Space"],
        "number": ["ArrowUp", "ArrowDown", "ArrowDown"],
        "text": ["x", "Backspace"],
        "textarea": ["x", "Backspace"],
    }
    if kind == "textarea":
        page.keyboard.press("Control+End")
    for key in keys[kind]:
        page.keyboard.press(key)
        yield


def by_pointer(page: Page, control: Locator, kind: str) -> Iterator[None]:
    """Moves a control as a mouse does, one move at a time."""
    if kind in ("slider", "log"):
        track = control if kind == "slider" else control.locator('input[type="range"]')
        yield from drag(page, track)
    elif kind == "select":
        opened = "all => all.filter(option => !option.disabled).map(option => option.value)"
        for i in (0, 1, 2, -2, -1):  # what is open depends on the choice before
            options = control.locator("option").evaluate_all(opened)
            control.select_option(options[max(-len(options), min(i, len(options) - 1))])
            yield
    elif kind in ("radio", "checkboxes"):
        for label in control.locator("label").all():
            label.click()
            yield
    elif kind in ("text", "textarea"):
        control.click()
        page.keyboard.press("Control+End")
        page.keyboard.press("y")
        yield
    else:
        box = control.bounding_box()
        assert box
        for part in (0.25, 0.75) if kind == "number" else (0.5,):  # its arrows, up and down
            page.mouse.click(box["x"] + box["width"] - 10, box["y"] + box["height"] * part)
            yield


def drag(page: Page, track: Locator) -> Iterator[None]:
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.9, middle)
    page.mouse.down()
    for part in (0.7, 0.3, 0.05, 1.0):
        page.mouse.move(box["x"] + box["width"] * part, middle, steps=3)
        yield
    page.mouse.up()
    yield


def furnished(book: Any, page: Page, *lives: Live, text: str = "") -> None:
    """A page that holds these `Live`s after a text, published like any other."""
    html = text + "".join(live.to_html() for live in lives)
    head = '<link rel="stylesheet" href="/_static/live/live.css"><link rel="icon" href="data:,">'
    script = '<script type="module" src="/_static/live/live.js" data-live-page="scratch"></script>'
    top = f'<!doctype html><html lang="en" data-theme="light"><title>t</title>{head}{script}'
    body = f"{top}<main>{html}</main></html>"
    page.route("**/scratch.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.route("**/results/scratch--*", lambda route: route.fulfill(json={"texts": [], "states": []}))
    page.goto(book.url("scratch.html"))
