"""Measures the built pages in headless Chromium: `make bench-page`. Nothing is asserted; figures are printed.

Each figure is the median of cold loads from a server on this machine that compresses nothing; bytes are given
as gzip would send them. The pages compared take turns, so that a busy moment of the machine meets them all.
The last line is one JSON document of everything printed.
"""

import argparse
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import unquote, urlsplit

import lite_page
import plain_page
from browser import chromium
from playwright.sync_api import Browser, BrowserContext, Page
from serve import BUILT, Site

PAGE = "notebooks/01-benchmarks.html"
HEADLINE = "Median of {rounds} cold loads; Chromium {chromium}, {cores} cores, load average {load_average}."
PYTHON = ("/pyodide/", "/worker.js", "/app.json")
WATCH = """
window.bench = {};
const once = (name, found) => { if (!(name in bench) && found) bench[name] = performance.now(); };
new MutationObserver(() => {
  once("table", document.querySelector("table td"));
  once("live", document.querySelector('[data-state="live"]'));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
addEventListener("load", () => { bench.load = performance.now(); });
"""
# Moves the first list of choices as soon as the page has loaded, and waits for another table.
FIRST_MOVE = """
addEventListener("load", () => {
  const move = () => {
    const select = document.querySelector("[data-live] select");
    if (!select) return requestAnimationFrame(move);
    const table = select.closest("[data-live]").querySelector(".live-scroll");
    new MutationObserver((_, observer) => { once("moved", true); observer.disconnect(); })
      .observe(table, { childList: true, subtree: true });
    select.selectedIndex = (select.selectedIndex + 1) % select.length;
    for (const type of ["input", "change"]) select.dispatchEvent(new Event(type, { bubbles: true }));
  };
  move();
});
"""
# Moves a slider again and again, each time from one end of its range to the other; milliseconds until the
# table is another one, and until the chart is.
LATER_MOVES = """async (count) => {
  const live = [...document.querySelectorAll("[data-live]")]
    .find((root) => root.querySelector("input[type=range]") && root.querySelector(".live-chart"));
  const parts = ["input[type=range]", ".live-scroll", ".live-chart"];
  const [slider, table, chart] = parts.map((part) => live.querySelector(part));
  const changed = (node) => new Promise((done) => new MutationObserver((_, observer) => {
    observer.disconnect();
    done(performance.now());
  }).observe(node, { childList: true, subtree: true, attributes: true, characterData: true }));
  const steps = Math.round((slider.max - slider.min) / slider.step);
  const times = [];
  for (let i = 0; i < count; i++) {
    slider.value = Number(slider.min) + slider.step * (i % 2 ? steps - 1 - (i % 7) : i % 7);
    const both = Promise.all([changed(table), changed(chart)]);
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    times.push((await both).map((time) => time - start));
    await new Promise((done) => setTimeout(done, 20));
  }
  return times;
}"""


@dataclass
class Rounds:
    """What the rounds gave, by name."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def note(self, **figures: float | None) -> None:
        """Adds figures; what a round did not see is left out."""
        for name, value in figures.items():
            if value is not None:
                self.values.setdefault(name, []).append(value)

    def summary(self) -> dict[str, float]:
        """The median of each figure."""
        return {name: round(median(values), 1) for name, values in self.values.items()}


@cache
def compressed(file: Path) -> int:
    """The bytes a compressing server would send of a file."""
    content = file.read_bytes() if file.is_file() else b""
    return min(len(content), len(gzip.compress(content, 6)))


def cold(browser: Browser, script: str = "") -> tuple[BrowserContext, Page, list[str]]:
    """A page that has nothing in its cache, with a script that runs before its own, and what it asks for."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.add_init_script(WATCH + script)
    return context, context.new_page(), asked


def first_paint(page: Page) -> float:
    """Milliseconds from navigation to the first text on the screen."""
    entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    page.wait_for_function(entry)
    return float(page.evaluate(entry))


def traffic(asked: list[str], site: Site, folder: Path, names: Callable[[str], bool]) -> tuple[int, int]:
    """Bytes and number of the distinct requests whose address `names` picks."""
    paths = {urlsplit(url).path for url in asked if url.startswith(site.origin) and names(urlsplit(url).path)}
    return sum(compressed(folder / unquote(path).lstrip("/")) for path in paths), len(paths)


def is_python(path: str) -> bool:
    """Whether a request is Python's own."""
    return any(word in path for word in PYTHON)


def measure_book(browser: Browser, site: Site, rounds: Rounds, moves: int) -> list[list[float]]:
    """One untouched load of our page, then later moves in it; then one load moved at once."""
    context, page, asked = cold(browser)
    page.goto(site.url(PAGE))
    page.wait_for_selector('[data-state="live"]', timeout=120_000)
    seen = page.evaluate("bench")
    for chart in page.locator(".live-chart").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".live-drawing svg").wait_for()
    page.evaluate("scrollTo(0, 0)")
    times: list[list[float]] = page.evaluate(LATER_MOVES, moves)
    paint = first_paint(page)
    page_bytes, page_requests = traffic(asked, site, BUILT, lambda path: not is_python(path))
    python_bytes, python_requests = traffic(asked, site, BUILT, is_python)
    rounds.note(paint=paint, table=seen["table"], load=seen["load"], live=seen["live"])
    rounds.note(page_bytes=page_bytes, page_requests=page_requests)
    rounds.note(python_bytes=python_bytes, python_requests=python_requests)
    context.close()

    context, page, _ = cold(browser, FIRST_MOVE)
    page.goto(site.url(PAGE))
    page.wait_for_function("bench.moved", timeout=120_000)
    seen = page.evaluate("bench")
    rounds.note(first_move=seen["moved"] - seen["load"])
    context.close()
    return times


@dataclass
class Rival:
    """Another way to put the same table into a page."""

    title: str
    build: Callable[[Path], Path]
    page: str
    drawn: str  # what in the page says that all of it is there
    then: str  # what a reader can do with it
    rounds: Rounds = field(default_factory=Rounds)

    def measure(self, browser: Browser, site: Site, folder: Path) -> None:
        """One load, until the page is drawn."""
        context, page, asked = cold(browser)
        page.goto(site.url(self.page))
        page.wait_for_selector(self.drawn, timeout=180_000)
        page.wait_for_function("bench.table")
        seen = page.evaluate("bench")
        size, count = traffic(asked, site, folder, lambda path: True)
        elsewhere = sum(not url.startswith((site.origin, "data:", "blob:")) for url in asked)
        self.rounds.note(paint=first_paint(page), table=seen["table"], load=seen["load"])
        self.rounds.note(page_bytes=size, page_requests=count, requests_to_other_hosts=elsewhere)
        context.close()

    def lines(self) -> Iterator[str]:
        """Its figures."""
        figures = self.rounds.summary()
        yield self.title
        yield line("first paint", figures["paint"])
        yield line("table there", figures["table"], f"ms; {self.then}")
        yield line("in all", *weight(figures, "page"))


RIVALS = {
    "plain": Rival(
        "The same table as a plain Jupyter Book page: ipywidgets, html-manager, no kernel, no chart",
        plain_page.build,
        "index.html",
        "main select",
        "a moved control changes nothing",
    ),
    "jupyterlite": Rival(
        "The same table in JupyterLite (a console that runs one cell; no controls, no chart)",
        lite_page.build,
        lite_page.PAGE,
        "table td",
        "another is a matter of typing",
    ),
}


def line(label: str, value: float, rest: str = "ms") -> str:
    """One figure with its name before it and what else there is to say after it."""
    return f"  {label:33} {value:6.0f} {rest}"


def weight(figures: dict[str, float], what: str) -> tuple[float, str]:
    """Bytes in thousands, and their unit with the number of requests."""
    return figures[f"{what}_bytes"] / 1e3, f"kB, {figures[f'{what}_requests']:.0f} requests"


def lines(book: dict[str, float]) -> Iterator[str]:
    """The figures of this book's page."""
    there = "already there" if book["table"] <= book["paint"] else f"there after {book['table']:.0f} ms"
    moves, charts = (f"ms p50, {book[f'{name}_p95']:.0f} ms p95" for name in ("move", "move_chart"))
    yield f"This book, {PAGE}"
    yield line("first paint", book["paint"], f"ms, the table {there}")
    yield line("first move, after load event", book["first_move"], f"ms; that event at {book['load']:.0f} ms")
    yield line("Python live, after navigation", book["live"])
    yield line("later moves, table", book["move_p50"], moves)
    yield line("later moves, table and chart", book["move_chart_p50"], charts)
    yield line("before Python, charts included", *weight(book, "page"))
    yield line("Python's own", *weight(book, "python"))


def percentiles(times: list[list[float]]) -> dict[str, float]:
    """The median and the 95th percentile of all later moves."""
    columns = {"move": [table for table, _ in times], "move_chart": [max(pair) for pair in times]}
    cuts = {name: quantiles(values, n=100) for name, values in columns.items()}
    return {f"{name}_p{p}": round(cut[p - 1], 1) for name, cut in cuts.items() for p in (50, 95)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measure the built pages in headless Chromium.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--moves", type=int, default=60, help="later moves in each round")
    wanted = parser.parse_args()
    book, times = Rounds(), []
    with ExitStack() as stack:
        rivals = dict(built_rivals(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        site = stack.enter_context(Site(BUILT))
        sites = {name: stack.enter_context(Site(folder)) for name, folder in rivals.items()}
        browser = stack.enter_context(chromium())
        for _ in range(wanted.rounds):
            times += measure_book(browser, site, book, wanted.moves)
            for name, folder in rivals.items():
                RIVALS[name].measure(browser, sites[name], folder)
        conditions = {"rounds": wanted.rounds, "chromium": browser.version, "cores": os.cpu_count()}
    conditions["load_average"] = round(os.getloadavg()[0], 2)
    figures = {**book.summary(), **percentiles(times)}
    print(HEADLINE.format(**conditions), *lines(figures), sep="\n")
    for name in rivals:
        print(*RIVALS[name].lines(), sep="\n")
    others = {name: RIVALS[name].rounds.summary() for name in rivals}
    print(json.dumps({"conditions": conditions, "book": figures, **others}))


def built_rivals(folder: Path) -> Iterator[tuple[str, Path]]:
    """The folders of the pages to compare with; says which could not be built, and why."""
    for name, rival in RIVALS.items():
        try:
            yield name, rival.build(folder / name)
        except RuntimeError as missing:
            print(f"Not compared with {name}: {missing}.")


if __name__ == "__main__":
    main()
