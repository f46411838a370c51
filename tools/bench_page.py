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
from typing import Any
from urllib.parse import unquote, urlsplit

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
  once("table", document.querySelector("main table"));
  once("controls", document.querySelector("main select"));
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

    def summary(self) -> dict[str, float | None]:
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


def measure_plain(browser: Browser, site: Site, folder: Path, rounds: Rounds) -> None:
    """One load of the plain page, until its controls and its table are drawn."""
    context, page, asked = cold(browser)
    page.goto(site.url("index.html"))
    page.wait_for_function("bench.table && bench.controls", timeout=120_000)
    page.wait_for_load_state("networkidle")
    seen = page.evaluate("bench")
    size, count = traffic(asked, site, folder, lambda path: True)
    elsewhere = sum(not url.startswith((site.origin, "data:", "blob:")) for url in asked)
    rounds.note(paint=first_paint(page), table=seen["table"], controls=seen["controls"], load=seen["load"])
    rounds.note(page_bytes=size, page_requests=count, requests_to_other_hosts=elsewhere)
    context.close()


def line(label: str, value: float, rest: str = "ms") -> str:
    """One figure with its name before it and what else there is to say after it."""
    return f"  {label:33} {value:6.0f} {rest}"


def lines(book: dict[str, Any]) -> Iterator[str]:
    """The figures of this book's page."""
    there = "already there" if book["table"] <= book["paint"] else f"there after {book['table']:.0f} ms"
    yield f"This book, {PAGE}"
    yield line("first paint", book["paint"], f"ms, the table {there}")
    yield line(
        "first move, after the load event", book["first_move"], f"ms; that event at {book['load']:.0f} ms"
    )
    yield line("Python live, after navigation", book["live"])
    yield line("later moves, table", book["move_p50"], f"ms p50, {book['move_p95']:.0f} ms p95")
    yield line(
        "later moves, table and chart", book["move_chart_p50"], f"ms p50, {book['move_chart_p95']:.0f} ms p95"
    )
    yield line(
        "before Python, charts included",
        book["page_bytes"] / 1e3,
        f"kB, {book['page_requests']:.0f} requests",
    )
    yield line("Python's own", book["python_bytes"] / 1e3, f"kB, {book['python_requests']:.0f} requests")


def plain_lines(plain: dict[str, Any]) -> Iterator[str]:
    """The figures of the page it is compared with."""
    yield "The same table as a plain Jupyter Book page: ipywidgets, html-manager, require.js, no kernel"
    yield line("first paint", plain["paint"], f"ms, the table there after {plain['table']:.0f} ms")
    yield line("controls drawn", plain["controls"], "ms; a moved control changes nothing")
    yield line(
        "in all, no chart and no Python",
        plain["page_bytes"] / 1e3,
        f"kB, {plain['page_requests']:.0f} requests",
    )


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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            plain_folder = plain_page.build(folder / "plain")
        except RuntimeError as missing:
            plain_folder = None
            print(f"No plain page to compare with: {missing}.")
        site = stack.enter_context(Site(BUILT))
        plain_site = stack.enter_context(Site(plain_folder)) if plain_folder else None
        browser = stack.enter_context(chromium())
        book, plain, times = Rounds(), Rounds(), []
        for _ in range(wanted.rounds):
            times += measure_book(browser, site, book, wanted.moves)
            if plain_site and plain_folder:
                measure_plain(browser, plain_site, plain_folder, plain)
        conditions = {
            "rounds": wanted.rounds,
            "chromium": browser.version,
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 2),
        }
    figures = {**book.summary(), **percentiles(times)}
    print(HEADLINE.format(**conditions), *lines(figures), sep="\n")
    other = plain.summary() if plain.values else None
    if other:
        print(*plain_lines(other), sep="\n")
    print("JupyterLite: not measured; packages of its kernel come from a host that this book never asks.")
    print(json.dumps({"conditions": conditions, "book": figures, "plain": other}))


if __name__ == "__main__":
    main()
