"""Whatever happens to a page: each fault is injected, and the reader sees its name, its cause, what is true.

`INJURIES` is the table of what may be wrong with a file; what may happen later comes after it.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event
from typing import Any

import pytest
from lives import CHAPTER, Widget, find, furnished, unfolded
from playwright.sync_api import Page, Route, expect
from serve import BUILT, Handler, Server, Site

from smallmodels import benchmarks
from smallmodels.live import Live

SCRIPTS = ("worker.js", "pyodide.js", "pyodide.asm.js")
DATA = ("pyodide.asm.wasm", "stdlib.zip", "app.bin")
WEB_PAGE = "<!doctype html><title>Sign in to this network</title>"


def missing(route: Route) -> None:
    route.fulfill(status=404, body=WEB_PAGE, content_type="text/html")


def replaced(route: Route) -> None:
    route.fulfill(body=WEB_PAGE, content_type="text/html")


def cut(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.body()[: len(answer.body()) // 2])


def changed(route: Route) -> None:
    answer = route.fetch()
    middle = len(answer.body()) // 2
    flipped = bytes([answer.body()[middle] ^ 1])
    route.fulfill(response=answer, body=answer.body()[:middle] + flipped + answer.body()[middle + 1 :])


def mistyped(route: Route) -> None:
    route.fulfill(response=route.fetch(), content_type="application/octet-stream")


def unreachable(route: Route) -> None:
    route.abort()


# What a reader is told, with the file's name before it or in it.
INJURIES = [
    *((name, missing, f"{name} is not there: the server says 404") for name in (*SCRIPTS, *DATA)),
    *((name, unreachable, f"{name} could not be fetched") for name in (*SCRIPTS, *DATA)),
    *((name, replaced, f"{name} is not a script: a web page came in its place") for name in SCRIPTS),
    *((name, replaced, f"a web page came in place of {name}") for name in DATA),
    *((name, cut, f"{name} is damaged") for name in SCRIPTS),
    *((name, cut, f"{name} broke off after") for name in DATA),
    *((name, mistyped, f"{name} came as application/octet-stream") for name in SCRIPTS),
    *((name, changed, f"{name} is damaged: it is not the file that was built") for name in DATA[1:]),
    ("pyodide.asm.wasm", changed, "pyodide.asm.wasm"),  # found by its sum, or by the compiler before it
]


@pytest.mark.parametrize(
    ("file", "injury", "told"), INJURIES, ids=lambda value: getattr(value, "__name__", value)
)
def test_what_is_wrong_with_a_file_of_python_is_told_with_its_name(
    book: Any, fresh_page: Any, file: str, injury: Callable[[Route], None], told: str
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route(f"**/{file}*", injury)
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle("failed")
    expect(widget.root).to_contain_text("Python could not start in this page")
    expect(widget.root.locator(".live-message").first).to_contain_text(told)
    widget.control("source").select_option("mistral-7b-paper")  # computed beforehand
    widget.settle("failed")
    widget.check()
    expect(widget.root.get_by_role("button", name="Try again")).to_be_visible()


def needs_python(widget: Widget) -> None:
    """Moves to a state that was not computed beforehand."""
    widget.control("source").select_option("mistral-7b-paper")
    widget.control("baseline").select_option("Llama 2 7B")


def test_try_again_brings_python_and_the_table_that_was_asked_for(book: Any, fresh_page: Any) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route("**/app.bin*", missing)
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle("failed")
    needs_python(widget)
    expect(widget.root).to_contain_text("was not computed beforehand")
    expect(widget.root.locator("table")).to_be_hidden()
    page.unroute("**/app.bin*")
    widget.root.get_by_role("button", name="Try again").click()
    widget.settle()
    widget.check()
    expect(widget.root.get_by_role("button", name="Try again")).to_have_count(0)


def test_without_the_prepared_answers_the_page_says_so_and_waits_for_python(
    book: Any, fresh_page: Any
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route("**/results/*", missing)
    held: list[Route] = []
    page.route("**/app.bin*", lambda route: held.append(route))
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle("starting")
    widget.control("source").select_option("mistral-7b-paper")
    expect(widget.root).to_contain_text("Python is starting")
    expect(widget.root).to_contain_text("head-to-head.json is not there: the server says 404")
    held[0].continue_()
    widget.settle()
    widget.check()


@pytest.mark.parametrize(
    ("injury", "told"),
    [
        (missing, "draw.js is not there: the server says 404"),
        (replaced, "draw.js is not a script: a web page came in its place"),
        (cut, "draw.js is damaged"),
        (unreachable, "draw.js could not be fetched"),
    ],
)
def test_a_chart_that_cannot_be_drawn_says_why_and_tries_again(
    book: Any, fresh_page: Any, injury: Callable[[Route], None], told: str
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route("**/draw.js*", injury)
    page.goto(book.url(CHAPTER))
    chart = find(page).root.locator(".live-chart")
    chart.scroll_into_view_if_needed()
    expect(chart).to_contain_text(told)
    expect(chart.locator("svg").first).to_be_visible()  # the static picture of the first state
    page.unroute("**/draw.js*")
    chart.get_by_role("button", name="Try again").click()
    expect(chart.locator(".live-drawing svg")).to_be_visible()
    expect(chart).not_to_contain_text("could not be drawn")


@pytest.mark.parametrize("injury", [missing, replaced, cut, unreachable])
def test_without_its_script_a_page_says_that_its_tables_stand_still(
    book: Any, fresh_page: Any, injury: Callable[[Route], None]
) -> None:
    page = fresh_page(expected_errors=".")
    page.route("**/live.js*", injury)
    page.goto(book.url(CHAPTER))
    expect(find(page).root).to_contain_text("its script, live.js, did not load or could not run")
    assert find(page).root.locator("table").is_visible()


# A line that stops, and later.


SENT = 2_000_000  # bytes


class Slow(Handler):
    """Sends two million bytes of Python, and the rest once it is let go."""

    go = Event()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        if "pyodide.asm.wasm" in self.path:
            outputfile.write(source.read(SENT))
            self.go.wait(120)
        super().copyfile(source, outputfile)


@pytest.fixture
def slow_site() -> Iterator[Site]:
    Slow.go.clear()
    site = Site(BUILT)
    site.server.server_close()
    site.server = Server(("127.0.0.1", 0), partial(Slow, directory=str(BUILT), prefix="/", headers={}))
    site.origin = f"http://127.0.0.1:{site.server.server_port}"
    with site:
        yield site
        Slow.go.set()


def missing_bytes(page: Page, widget: Widget, expected: float) -> float:
    """What is still to come of Python by the widget's own words, once nothing more comes."""
    progress = widget.root.locator(".live-progress")
    expect(progress).to_have_text(re.compile(r"^[\d.]+ of [\d.]+ MB$"), timeout=30_000)
    for _ in range(100):
        there, together = (float(figure) for figure in re.findall(r"[\d.]+", progress.inner_text()))
        if abs((together - there) * 1e6 - expected) < 150_000:
            break
        page.wait_for_timeout(200)
    return (together - there) * 1e6


def test_on_a_slow_line_the_page_shows_how_far_it_is_and_waits_from_the_last_byte(
    slow_site: Site, browser: Any
) -> None:
    page: Page = browser.new_page()
    page.clock.install()
    page.goto(slow_site.url(CHAPTER))
    widget = find(page)
    widget.settle("starting")
    needs_python(widget)
    held = (BUILT / "_static/live/pyodide/pyodide.asm.wasm").stat().st_size - SENT
    assert missing_bytes(page, widget, held) == pytest.approx(held, abs=150_000)  # told in tenths of a MB
    page.clock.run_for(70_000)
    widget.settle("failed")
    expect(widget.root).to_contain_text("nothing came for 60 seconds")
    Slow.go.set()
    widget.root.get_by_role("button", name="Try again").click()
    widget.settle()
    widget.check()
    page.close()


# A worker that dies at its work.

DEATHS = {
    "ends": "self.close()",
    "hangs": "for (;;);",
    "runs out of memory": "setTimeout(() => { throw new RangeError('no memory') })",
}


def dying(how: str, launches: int) -> Callable[[Route], None]:
    """Workers of which the first few die of their first question."""
    count = 0

    def give(route: Route) -> None:
        nonlocal count
        count += 1
        answer = route.fetch()
        if count > launches:
            return route.fulfill(response=answer)
        # Not at the questions that warm it up; and in no way that lets its own code answer.
        trap = "self.addEventListener('message', event => {"
        trap += f"if (event.data.name) {{ event.stopImmediatePropagation(); {how} }} }});"
        return route.fulfill(response=answer, body=trap + answer.text())

    return give


@pytest.mark.parametrize("death", DEATHS)
def test_a_worker_that_is_lost_is_started_anew_and_the_table_comes(
    book: Any, fresh_page: Any, death: str
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.clock.install()
    page.route("**/worker.js*", dying(DEATHS[death], 1))
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    needs_python(widget)
    expect(widget.root).to_have_attribute("aria-busy", "true")
    page.clock.run_for(21_000)
    widget.settle()
    expect(widget.root.locator("table")).to_be_visible()
    widget.check()


def test_a_worker_that_is_lost_again_is_told_and_what_was_prepared_answers_on(
    book: Any, fresh_page: Any
) -> None:
    page = fresh_page(expected_errors="^console:")
    page.clock.install()
    page.route("**/worker.js*", dying("self.close()", 99))
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    needs_python(widget)
    page.clock.run_for(21_000)  # started anew
    expect(widget.root).to_have_attribute("data-state", "live", timeout=60_000)
    page.clock.run_for(21_000)  # asked once more
    widget.settle("failed")
    expect(widget.root).to_contain_text("Python stopped in this page (it has not answered for 20 seconds)")
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.settle("failed")
    widget.check()
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle("failed")
    widget.check()


def test_a_reset_needs_no_python(book: Any, fresh_page: Any) -> None:
    page = fresh_page(expected_errors="^console:")
    page.route("**/worker.js*", dying("for (;;);", 1))
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    needs_python(widget)
    expect(widget.root).to_have_attribute("aria-busy", "true")
    widget.root.get_by_role("button", name="Back to the post").click()
    widget.settle()
    widget.check()


def test_a_frozen_tab_goes_on_where_it_was(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    lifecycle = chapter.context.new_cdp_session(chapter)
    for state in ("frozen", "active"):
        lifecycle.send("Page.setWebLifecycleState", {"state": state})
    needs_python(widget)
    widget.settle()
    widget.check()


def test_a_page_that_was_left_and_returned_to_lives(book: Any, chapter: Page) -> None:
    find(chapter).settle()
    chapter.goto(book.url("book/glossary.html"))
    chapter.go_back()
    widget = find(chapter)
    needs_python(widget)
    widget.settle()
    widget.check()


# Addresses and histories that somebody made.

NOTES = [
    {"left": {"head-to-head": {}}},
    {"left": {"head-to-head": {"source": '"post"', "confidence": "0.6"}}},
    {"left": {"head-to-head": {"source": "nonsense", "baseline": 3, "confidence": None}}},
    {"left": {"head-to-head": None, "nobody": {"x": "1"}}},
    {"left": "a text"},
    {"left": [1, 2]},
    {"other": 1},
]


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_a_history_that_lacks_something_is_gone_back_to_without_harm(
    chapter: Page, note: dict[str, Any]
) -> None:
    widget = find(chapter)
    widget.settle()
    chapter.evaluate("note => history.replaceState(note, '')", note)
    unfolded(chapter, "#head-to-head?source=mistral-7b-paper&confidence=0.99").click()
    widget.settle()
    chapter.evaluate("note => history.replaceState(note, '')", note)
    chapter.evaluate("location.hash = '#elsewhere'")
    chapter.go_back()
    widget.settle()
    widget.check()
    unfolded(chapter, "#head-to-head?source=mistral-7b-paper&confidence=0.99").click()
    widget.settle()
    assert widget.arguments()["confidence"] == 0.99
    widget.check()


def test_a_link_sets_what_a_control_can_show(book: Any, page: Page) -> None:
    page.goto(book.url(f"{CHAPTER}#head-to-head?confidence=0.9549"))
    widget = find(page)
    widget.settle()
    assert widget.arguments()["confidence"] == 0.95
    expect(widget.root.locator(".live-value").first).to_have_text("95%")
    widget.check()
    page.goto(book.url(f"{CHAPTER}#head-to-head?confidence=0.956"))
    page.reload()
    widget.settle()
    assert widget.arguments()["confidence"] == 0.96
    widget.check()


@pytest.mark.parametrize("asked", [f"source={'x' * 3000}", f"{'x' * 3000}=1", f"source={'x+' * 1500}"])
def test_a_long_word_in_a_link_is_cut(book: Any, page: Page, asked: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(book.url(f"{CHAPTER}#head-to-head?{asked}"))
    message = find(page).root.locator(".live-message").first
    expect(message).to_contain_text("…”")
    assert len(message.inner_text()) < 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_table_without_controls_says_so(book: Any, page: Page) -> None:
    furnished(book, page, Live(benchmarks.spread, id="bare"))
    page.goto(book.url("scratch.html#bare?x=1"))
    page.reload()
    said = find(page, "bare").root.locator(".live-message").first
    expect(said).to_contain_text("There is no “x”; this table has no controls.")
