"""Every `Live` of the built book in Chromium: what is shown must be what Python computes for what is set."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair
import ipywidgets
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from smallmodels import benchmarks
from smallmodels.live import Live
from smallmodels.live.answer import resolve
from smallmodels.live.controls import reachable
from smallmodels.live.picture import specification, static_picture
from smallmodels.table import Cell, Column, Table, raw

WASM = "**/pyodide.asm.wasm"
LIVE_JS = Path(__file__).parents[2] / "smallmodels" / "live" / "live.js"


# ---------------------------------------------------------------- what is set, and what is shown


# A chart's words from top to bottom and left to right.
PLACED = """all => all.map(text => [text.getBoundingClientRect(), text.textContent])
  .sort(([a], [b]) => a.top - b.top || a.left - b.left).map(([, text]) => text)"""
# All that a test looks at, in one look: so nothing can change between two of them.
LOOK = """root => {
  const fields = name => [...root.querySelectorAll(`:is(input, select)[name="${name}"]`)];
  const inside = {radio: "checked", checkboxes: "checked"};
  const set = ({name, kind}) => {
    if (kind in inside) return fields(name).filter(field => field.checked).map(field => field.value);
    return [kind === "checkbox" ? String(fields(name)[0].checked) : fields(name)[0].value];
  };
  const data = JSON.parse(root.querySelector(".live-data").textContent);
  const [table, ...more] = root.querySelectorAll("table");
  return {
    data,
    set: Object.fromEntries(data.controls.map(spec => [spec.name, set(spec)])),
    shown: [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)),
    raw: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.dataset.value)),
    findings: [...root.querySelectorAll("[role=status], output")].map(finding => finding.textContent),
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


CHAPTER = "notebooks/01-benchmarks.html"


@pytest.fixture
def chapter(book: Any, page: Page) -> Page:
    page.goto(book.url(CHAPTER))
    return page


@pytest.fixture
def before_python(book: Any, page: Page) -> Iterator[tuple[Page, list[Route]]]:
    """Chapter 01 with Python held back; continuing the held route lets it come."""
    held: list[Route] = []
    page.route(WASM, lambda route: held.append(route))
    page.goto(book.url(CHAPTER))
    yield page, held
    page.unroute_all(behavior="ignoreErrors")


# ---------------------------------------------------------------- every control of every page


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
    }
    for key in keys[kind]:
        page.keyboard.press(key)
        yield


def by_pointer(page: Page, control: Locator, kind: str) -> Iterator[None]:
    """Moves a control as a mouse does, one move at a time."""
    if kind in ("slider", "log"):
        track = control if kind == "slider" else control.locator('input[type="range"]')
        yield from drag(page, track)
    elif kind == "select":
        options = control.locator("option").evaluate_all("all => all.map(option => option.value)")
        for value in options[:3] + options[-2:]:
            control.select_option(value)
            yield
    elif kind in ("radio", "checkboxes"):
        for label in control.locator("label").all():
            label.click()
            yield
    elif kind == "text":
        control.click()
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


@pytest.mark.parametrize("moves", [by_keyboard, by_pointer])
def test_every_control_moved_shows_what_python_computes(book: Any, page: Page, moves: Any) -> None:
    seen = 0
    for path in book.pages:
        page.goto(book.url(path))
        for widget in widgets(page):
            widget.settle()
            for spec in widget.data["controls"]:
                before = widget.arguments()
                states = {json.dumps(before)}
                for _ in moves(page, widget.control(spec["name"]), spec["kind"]):
                    widget.settle()
                    widget.check()
                    states.add(json.dumps(widget.arguments()))
                assert len(states) > 1, f"{spec['name']} of #{widget.id} does not move"
                seen += 1
    assert seen >= 6


def test_the_first_table_is_there_before_any_script(book: Any, fresh_page: Any) -> None:
    page = fresh_page(java_script_enabled=False)
    for path in book.pages:
        page.goto(book.url(path))
        html = page.content()
        for id, function in re.findall(r'<div class="live" id="([^"]+)" data-live="([^"]+)"', html):
            root = page.locator(f"#{id}")
            assert root.get_attribute("data-state") == "static"
            assert root.locator("table").is_visible()
            assert root.locator("input, select, button").count() == 0
            assert root.get_attribute("data-live") == function


def test_names_of_controls_are_arguments_and_their_labels_names(book: Any, page: Page) -> None:
    for path in book.pages:
        page.goto(book.url(path))
        for widget in widgets(page):
            for spec in widget.data["controls"]:
                roles = {
                    "select": "combobox",
                    "slider": "slider",
                    "checkbox": "checkbox",
                    "text": "textbox",
                    "number": "spinbutton",
                }
                role: Any = roles.get(spec["kind"], "group")
                named = widget.root.get_by_role(role, name=spec["label"], exact=True)
                expect(named).to_have_attribute("name", spec["name"])


# ---------------------------------------------------------------- before Python, and without it


def test_first_moves_are_answered_before_python(before_python: tuple[Page, list[Route]]) -> None:
    page, _held = before_python
    for widget in widgets(page):
        for spec in widget.data["controls"]:
            if not reachable(spec):  # any text and any number cannot be computed beforehand
                continue
            for _ in by_keyboard(page, widget.control(spec["name"]), spec["kind"]):
                widget.settle("starting")
                widget.check()
            widget.root.get_by_role("button", name=widget.data["reset"]).click()
            widget.settle("starting")
            widget.check()


def test_another_state_waits_for_python_and_shows_no_other_table(
    before_python: tuple[Page, list[Route]],
) -> None:
    page, held = before_python
    widget = find(page)
    widget.control("baseline").select_option("Llama 2 7B")
    widget.check()
    widget.control("source").select_option("mistral-7b-paper")
    expect(widget.root).to_have_attribute("aria-busy", "true")
    expect(widget.root.locator("table")).to_be_hidden()
    expect(widget.root.locator("figure svg").first).to_be_hidden()
    expect(widget.root).to_contain_text("Python is starting")
    page.wait_for_function("() => true")
    held[0].continue_()
    widget.settle()
    widget.check()
    expect(widget.root).not_to_contain_text("Python is starting")


@pytest.mark.parametrize("blocked", ["**/worker.js*", WASM, "**/stdlib.zip*", "**/app.bin*"])
def test_without_python_the_page_stays_readable_and_says_why(
    book: Any, fresh_page: Any, blocked: str
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route(blocked, lambda route: route.abort())
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle("failed")
    expect(widget.root).to_contain_text("Python could not start in this page")
    widget.check()
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle("failed")
    widget.check()
    widget.control("baseline").select_option("Llama 2 7B")
    expect(widget.root.locator("table")).to_be_hidden()
    expect(widget.root).to_contain_text("was not computed beforehand")
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.check()


def test_with_save_data_python_waits_for_the_first_touch(book: Any, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    page.goto(book.url(CHAPTER), wait_until="networkidle")
    widget = find(page)
    assert widget.root.get_attribute("data-state") == "static"
    assert not [url for url in asked if "worker.js" in url]
    widget.control("confidence").focus()
    widget.settle()
    widget.check()


def test_opened_from_disk_the_page_says_what_to_do(book: Any, fresh_page: Any) -> None:
    page = fresh_page(expected_errors="CORS|Failed to load resource|origin")
    page.goto((book.folder / CHAPTER).as_uri())
    widget = find(page)
    expect(widget.root).to_contain_text("Opened from disk")
    assert widget.root.locator("table").is_visible()
    assert widget.root.locator(".live-controls > *").count() == 0


def test_below_a_sub_path(book: Any, page: Page) -> None:
    page.goto(book.subpath_url(CHAPTER))
    widget = find(page)
    widget.settle()
    widget.control("source").select_option("open-llm-leaderboard-v1")
    widget.settle()
    widget.check()
    widget.root.locator("figure").scroll_into_view_if_needed()
    expect(widget.root.locator(".live-drawing svg")).to_be_visible()


# ---------------------------------------------------------------- around the table


def test_reset_brings_the_first_values_back(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    first = widget.arguments()
    widget.control("source").select_option("llama-3-card")
    widget.control("confidence").fill("0.7")
    widget.settle()
    assert widget.arguments() != first
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.settle()
    assert widget.arguments() == first
    widget.check()


def test_a_link_in_the_prose_sets_a_state_and_leaves_the_rest_at_first_values(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    first = widget.arguments()
    widget.control("baseline").select_option("Llama 2 7B")
    link = chapter.locator('a[href="#head-to-head?source=mistral-7b-paper&confidence=0.99"]')
    for _ in range(2):  # the second time the address does not change any more
        link.click()
        widget.settle()
        assert widget.arguments() == first | {"source": "mistral-7b-paper", "confidence": 0.99}
        widget.check()
        expect(widget.root).to_be_in_viewport()
        widget.control("source").select_option("post")
        widget.settle()


def test_going_back_from_a_link_brings_the_state_that_was_left(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    widget.control("baseline").select_option("Llama 2 7B")
    widget.settle()
    left = widget.arguments()
    chapter.locator('a[href="#head-to-head?source=mistral-7b-paper&confidence=0.99"]').click()
    widget.settle()
    linked = widget.arguments()
    for step, expected in ((chapter.go_back, left), (chapter.go_forward, linked)):
        step()
        expect(widget.control("confidence")).to_have_value(str(expected["confidence"]))
        widget.settle()
        assert widget.arguments() == expected
        widget.check()


def test_a_copied_link_restores_the_state(book: Any, fresh_page: Any) -> None:
    page = fresh_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    widget.control("baseline").select_option("LLaMA 1 13B")
    widget.control("confidence").fill("0.6")
    widget.settle()
    expected = widget.arguments()
    widget.root.get_by_role("button", name="Copy link").click()
    expect(widget.root.get_by_role("button", name="Copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address.startswith(book.url(CHAPTER) + "#head-to-head?")
    other = fresh_page()
    other.goto(address)
    restored = find(other)
    restored.settle()
    assert restored.arguments() == expected
    restored.check()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("confidence=2", "Confidence of the margin: Choose a number from 0.5 to 0.99."),
        ("source=my-blog", "There is no “my-blog”"),
        ("colour=red", "There is no “colour”; there is source, challenger, baseline, confidence."),
    ],
)
def test_a_link_that_asks_for_what_is_not_there_is_answered_in_a_sentence(
    book: Any, page: Page, asked: str, said: str
) -> None:
    page.goto(book.url(f"{CHAPTER}#head-to-head?{asked}"))
    widget = find(page)
    expect(widget.root).to_contain_text(said)
    widget.check()


def test_the_table_can_be_taken_along(book: Any, fresh_page: Any) -> None:
    page = fresh_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    widget.control("source").select_option("gemma-report")
    widget.settle()
    table = benchmarks.head_to_head(source="gemma-report")
    for name, text, ending in (("CSV", table.to_csv(), "csv"), ("Markdown", table.to_markdown(), "md")):
        widget.root.get_by_role("button", name=f"Copy {name}").click()
        expect(widget.root.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == text
        expect(widget.root.get_by_role("button", name="Copied")).to_have_count(0)
        with page.expect_download() as download:
            widget.root.get_by_role("button", name=f"Download {name}").click()
        assert download.value.suggested_filename == f"head-to-head.{ending}"
        assert Path(download.value.path()).read_text("utf-8") == text


def test_where_the_clipboard_is_closed_the_old_way_of_copying_is_taken(book: Any, page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(book.url(CHAPTER))
    page.evaluate("document.addEventListener('copy', event => (window.taken = event.target.value))")
    widget = find(page)
    widget.root.get_by_role("button", name="Copy CSV").click()
    expect(widget.root.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("window.taken") == benchmarks.head_to_head().to_csv()


def test_a_table_without_a_chart_is_explained_too(chapter: Page) -> None:
    widget = find(chapter, "provenance")
    why = widget.root.locator("tbody .live-why").first
    why.focus()
    expect(widget.root.locator(".live-tip")).to_have_text(why.get_attribute("aria-description") or "-")


def test_a_table_is_one_stop_of_the_tab_key_and_arrows_walk_it(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    whys = widget.root.locator("table .live-why")
    assert whys.count() > 10
    stops = whys.evaluate_all("all => all.filter(why => why.tabIndex === 0).length")
    assert stops == 1
    cells = whys.evaluate_all("""all => all.map(why => {
        const cell = why.closest("th, td");
        return [cell.parentElement.rowIndex, cell.cellIndex];
    })""")
    all_whys = "[...document.querySelectorAll('#head-to-head table .live-why')]"
    focused = f"() => {all_whys}.indexOf(document.activeElement)"
    whys.first.focus()
    for key, expected in (("End", len(cells) - 1), ("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0)):
        chapter.keyboard.press(key)
        assert chapter.evaluate(focused) == expected, key
    row, column = cells[-1]
    chapter.keyboard.press("End")
    chapter.keyboard.press("ArrowUp")
    above = max(r for r, c in cells if c == column and r < row)
    assert cells[chapter.evaluate(focused)] == [above, column]
    expect(widget.root.locator(".live-tip")).to_be_visible()
    chapter.keyboard.press("Tab")
    assert chapter.evaluate(focused) == -1
    widget.control("source").select_option("gemma-report")
    widget.settle()
    assert whys.evaluate_all("all => all.filter(why => why.tabIndex === 0).length") == 1


def test_an_explanation_is_seen_at_a_tap(book: Any, fresh_page: Any) -> None:
    page = fresh_page(has_touch=True, viewport={"width": 360, "height": 740})
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    why = widget.root.locator("tbody .live-why").nth(1)
    why.tap()
    tip = widget.root.locator(".live-tip")
    expect(tip).to_have_text(why.get_attribute("aria-description") or "-")
    page.wait_for_timeout(400)
    expect(tip).to_be_in_viewport(ratio=1)
    widget.root.locator(".live-finding").tap()
    expect(tip).to_have_count(0)


def test_an_explanation_is_seen_on_hover_and_focus_and_can_be_dismissed(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    why = widget.root.locator("td .live-why").first
    tip = widget.root.locator(".live-tip")
    why.hover()
    expect(tip).to_have_text(why.get_attribute("aria-description") or "-")
    expect(tip).to_be_in_viewport(ratio=1)
    tip.hover()  # it stays while the pointer is on it
    chapter.wait_for_timeout(400)
    expect(tip).to_be_visible()
    chapter.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    why.focus()
    expect(tip).to_be_visible()
    chapter.keyboard.press("ArrowRight")
    expect(tip).to_be_visible()
    expect(tip).not_to_have_text(why.get_attribute("aria-description") or "-")
    chapter.keyboard.press("Tab")
    expect(tip).to_have_count(0)


def test_a_finding_is_spoken_once_the_moves_have_come_to_rest(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle()
    status = widget.root.get_by_role("status")
    expect(status).to_have_attribute("aria-busy", "true")
    expect(status).not_to_have_attribute("aria-busy", "true")


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
    expect(dots).to_have_count(2 * len(benchmarks.head_to_head().rows))
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle()
    expect(dots).to_have_count(2 * len(benchmarks.head_to_head(source="mistral-7b-paper").rows))
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


REACHABLE_IF_WIDE = """id => {
    const scroll = document.querySelector(`#${CSS.escape(id)} .live-scroll`);
    const reachable = scroll.tabIndex === 0 && scroll.hasAttribute("aria-label");
    const wide = () => scroll.scrollWidth > scroll.clientWidth + 1;
    if (!reachable) return !wide();
    scroll.removeAttribute("tabindex"); // what scrolls is set more narrowly
    const needed = wide();
    scroll.tabIndex = 0;
    return needed;
}"""


def test_on_a_phone_only_the_table_scrolls_sideways(book: Any, fresh_page: Any) -> None:
    page = fresh_page(viewport={"width": 360, "height": 740})
    for path in book.pages:
        page.goto(book.url(path))
        for widget in widgets(page):
            expect(widget.root).not_to_have_attribute("data-state", "static")
            page.wait_for_function(REACHABLE_IF_WIDE, arg=widget.id)  # widths settle when fonts are there
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_print_shows_results_and_no_controls(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    chapter.emulate_media(media="print")
    for part in (".live-controls", ".live-exports", ".live-code"):
        expect(widget.root.locator(part)).to_be_hidden()
    for part in ("table", ".live-finding", "figure svg"):
        expect(widget.root.locator(part).first).to_be_visible()


# ---------------------------------------------------------------- a page of our own


def furnished(book: Any, page: Page, *lives: Live) -> None:
    """A page that holds these `Live`s, published like any other."""
    html = "".join(live.to_html() for live in lives)
    head = '<link rel="stylesheet" href="/_static/live/live.css"><link rel="icon" href="data:,">'
    script = '<script type="module" src="/_static/live/live.js" data-live-page="scratch"></script>'
    top = f'<!doctype html><html lang="en" data-theme="light"><title>t</title>{head}{script}'
    body = f"{top}<main>{html}</main></html>"
    page.route("**/scratch.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.route("**/results/scratch--*", lambda route: route.fulfill(json={"texts": [], "states": []}))
    page.goto(book.url("scratch.html"))


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


# ---------------------------------------------------------------- the same front end with a kernel


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
    get: name => state[name],
    set: (name, value) => { state[name] = value; tell(`change:${name}`); },
    save_changes: async () => take(await window.toPython(JSON.stringify(state.values))),
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


def drawn_by_a_kernel(book: Any, page: Page, drawing: str) -> tuple[Page, Live, Widget]:
    """A `Live` with every kind of control: `render` before a stand-in model with a real Python side."""
    live = of_every_kind()
    live.drawing = drawing

    def to_python(values: str) -> dict[str, Any]:
        live.set_state({"values": json.loads(values)})
        return {"values": live.values, "result": live.result}

    page.expose_function("toPython", to_python)
    head = '<title>t</title><link rel="icon" href="data:,">'
    body = f'<!doctype html><html lang="en">{head}<main></main></html>'
    page.route("**/scratch.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    source = LIVE_JS.read_text("utf-8")
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
