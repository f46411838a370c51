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

PAGE = "notebooks/01-benchmarks.html"  # the page that is compared with others; every chapter is measured
HEADLINE = "Median of {rounds} cold loads; Chromium {chromium}, {cores} cores, load average {load_average}."
PYTHON = ("/pyodide/", "/worker.js")
WATCH = """
window.bench = {};
const once = (name, found) => { if (!(name in bench) && found) bench[name] = performance.now(); };
new MutationObserver(() => {
  once("table", document.querySelector("table td"));
  once("live", document.querySelector('[data-state="live"]'));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-state"] });
addEventListener("load", () => { bench.load = performance.now(); });
"""
# `turn` gives a control its i-th value; a slider goes from one end of its range to the other and back.
TURN = """
window.turn = (live, kinds, i) => {
  const control = kinds.map((kind) => live.querySelector(kind)).find(Boolean);
  if (control.type === "radio") return live.querySelectorAll("input[type=radio]")[i % 2].click();
  const steps = Math.round((control.max - control.min) / control.step);
  const place = i % 2 ? steps - 1 - (i % 7) : i % 7;
  if (control.type === "range") control.value = Number(control.min) + control.step * place;
  else control.selectedIndex = (control.selectedIndex + 1) % control.length;
  for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
};
"""
# Moves the first control as soon as the page has loaded, and waits for another table.
FIRST_MOVE = """
addEventListener("load", () => {
  const kinds = ["select", "input[type=radio]", "input[type=range]"];
  const move = () => {
    const live = document.querySelector("[data-live]");
    if (!live.querySelector(kinds.join())) return requestAnimationFrame(move);
    new MutationObserver((_, observer) => { once("moved", true); observer.disconnect(); })
      .observe(live.querySelector(".live-scroll"), { childList: true, subtree: true });
    turn(live, kinds, 1);
  };
  move();
});
"""
# Moves the first control beside a chart again and again; milliseconds until the table is another one, and
# until the chart is (nothing for what a move left as it was).
LATER_MOVES = """async (count) => {
  const kinds = ["input[type=range]", "select", "input[type=radio]"];
  const live = [...document.querySelectorAll("[data-live]")]
    .find((root) => root.querySelector(kinds.join()) && root.querySelector(".live-chart"));
  const [table, chart] = [".live-scroll", ".live-chart"].map((part) => live.querySelector(part));
  const changed = (node) => new Promise((done) => {
    const observer = new MutationObserver(() => { observer.disconnect(); done(performance.now()); });
    observer.observe(node, { childList: true, subtree: true, attributes: true, characterData: true });
    setTimeout(() => { observer.disconnect(); done(null); }, 1000);
  });
  const times = [];
  for (let i = 0; i < count; i++) {
    const both = Promise.all([changed(table), changed(chart)]);
    const start = performance.now();
    turn(live, kinds, i);
    times.push((await both).map((time) => time && time - start));
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
    context.add_init_script(WATCH + TURN + script)
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


@dataclass
class Chapter:
    """One page of this book."""

    path: str
    rounds: Rounds = field(default_factory=Rounds)
    moves: list[list[float | None]] = field(default_factory=list)

    def measure(self, browser: Browser, site: Site, moves: int) -> None:
        """One untouched load, then later moves in it; then one load moved at once."""
        context, page, asked = cold(browser)
        page.goto(site.url(self.path))
        page.wait_for_selector('[data-state="live"]', timeout=120_000)
        seen = page.evaluate("bench")
        for chart in page.locator(".live-chart").all():
            chart.scroll_into_view_if_needed()
            chart.locator(".live-drawing svg").wait_for()
        page.evaluate("scrollTo(0, 0)")
        self.moves += page.evaluate(LATER_MOVES, moves)
        self.rounds.note(paint=first_paint(page), table=seen["table"], load=seen["load"], live=seen["live"])
        for what, names in {"page": lambda path: not is_python(path), "python": is_python}.items():
            size, count = traffic(asked, site, BUILT, names)
            self.rounds.note(**{f"{what}_bytes": size, f"{what}_requests": count})
        context.close()
        self.measure_first_move(browser, site)

    def measure_first_move(self, browser: Browser, site: Site) -> None:
        """One load whose first control is moved at once."""
        context, page, _ = cold(browser, FIRST_MOVE)
        page.goto(site.url(self.path))
        page.wait_for_function("bench.moved", timeout=120_000)
        seen = page.evaluate("bench")
        self.rounds.note(first_move=seen["moved"] - seen["load"])
        context.close()

    def figures(self) -> dict[str, float]:
        """The medians of the rounds, and the percentiles of all later moves."""
        return {**self.rounds.summary(), **percentiles(self.moves)}


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


PLAY = "notebooks/04b-a-mistral-in-your-page.html"
MODEL = ("/models/", "/decoder.js", "/play.js")
# Presses the button of the small model on a warm page; milliseconds until its first character, and until its
# loss is measured over all the text held out; characters a second once it does nothing but write.
PLAYED = """async ([id, setting]) => {
  location.hash = `#${id}?${setting}`;
  const root = document.getElementById(id);
  const until = (found) => new Promise((done) => {
    const look = () => (found() ? done(performance.now()) : setTimeout(look, 5));
    look();
  });
  const start = performance.now();
  root.querySelector(".play-offer button").click();
  const first = await until(() => root.querySelector(".play-bar ~ .play-text [class^=play-s]"));
  const caption = () => root.querySelector(".play-measured caption").textContent;
  const all = () => Number(/over ([0-9,]+)/.exec(caption())?.[1].replace(",", ""));
  const began = await until(() => all() > 0);
  const loss = await until(() => root.querySelector(".play-told").textContent);
  const written = () => root.querySelectorAll(".play-text [class^=play-s]").length;
  const [count, from] = [written(), performance.now()];
  await new Promise((done) => setTimeout(done, 400));
  const shown = (written() - count) / (performance.now() - from) * 1000;
  const rate = Number([...root.querySelectorAll(".play-measured td")].at(-1).textContent);
  return { first_character: first - start, loss: loss - first, loss_step: began - first, rate, shown };
}"""


def played(browser: Browser, site: Site, slower: int) -> dict[str, float]:
    """The small model in its page, without a window, on a machine so many times slower."""
    context, page, asked = cold(browser)
    page.goto(site.url(PLAY))
    page.wait_for_selector('[data-state="live"]', timeout=120_000)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})

    def is_model(path: str) -> bool:
        return any(word in path for word in MODEL)

    before, _ = traffic(asked, site, BUILT, is_model)
    figures = page.evaluate(PLAYED, ["writer", "full=true"])
    after, count = traffic(asked, site, BUILT, is_model)
    context.close()
    return {**figures, "bytes_before": before, "model_bytes": after, "model_requests": count}


def play_lines(slower: int, play: dict[str, float]) -> Iterator[str]:
    """The figures of the small model."""
    yield f"The small model without a window, {PLAY}, processor slowed {slower} times"
    yield line("characters a second, its engine", play["rate"], "")
    yield line("characters a second, as shown", play["shown"], "(while it also measured)")
    yield line("first character after the press", play["first_character"])
    yield line("loss, all held-out text, after that", play["loss"])
    yield line("bytes before the press", play["bytes_before"], "B")
    yield line("bytes after it", *weight(play, "model"))


def line(label: str, value: float, rest: str = "ms") -> str:
    """One figure with its name before it and what else there is to say after it."""
    return f"  {label:33} {value:6.0f} {rest}"


def weight(figures: dict[str, float], what: str) -> tuple[float, str]:
    """Bytes in thousands, and their unit with the number of requests."""
    return figures[f"{what}_bytes"] / 1e3, f"kB, {figures[f'{what}_requests']:.0f} requests"


def lines(path: str, book: dict[str, float]) -> Iterator[str]:
    """The figures of one page of this book."""
    there = "already there" if book["table"] <= book["paint"] else f"there after {book['table']:.0f} ms"
    moves, charts = (f"ms p50, {book[f'{name}_p95']:.0f} ms p95" for name in ("move", "move_chart"))
    yield f"This book, {path}"
    yield line("first paint", book["paint"], f"ms, the table {there}")
    yield line("first move, after load event", book["first_move"], f"ms; that event at {book['load']:.0f} ms")
    yield line("Python live, after navigation", book["live"])
    yield line("later moves, table", book["move_p50"], moves)
    yield line("later moves, table and chart", book["move_chart_p50"], charts)
    yield line("before Python, charts included", *weight(book, "page"))
    yield line("Python's own", *weight(book, "python"))


def percentiles(times: list[list[float | None]]) -> dict[str, float]:
    """The median and the 95th percentile of all later moves that changed something."""
    seen = [[time for time in pair if time is not None] for pair in times]
    columns = {
        "move": [table for table, _ in times if table],
        "move_chart": [max(pair) for pair in seen if pair],
    }
    cuts = {name: quantiles(values, n=100) for name, values in columns.items()}
    return {f"{name}_p{p}": round(cut[p - 1], 1) for name, cut in cuts.items() for p in (50, 95)}


def chapters() -> list[Chapter]:
    """Every page that holds a widget, the compared one first."""
    paths = sorted(f"notebooks/{file.name}" for file in (BUILT / "notebooks").glob("*.html"))
    return [Chapter(path) for path in sorted(paths, key=lambda path: path != PAGE)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measure the built pages in headless Chromium.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--moves", type=int, default=60, help="later moves in each round")
    parser.add_argument("--play", action="store_true", help="the small model only")
    wanted = parser.parse_args()
    pages = [] if wanted.play else chapters()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rivals = {} if wanted.play else dict(built_rivals(folder))
        site = stack.enter_context(Site(BUILT))
        sites = {name: stack.enter_context(Site(folder)) for name, folder in rivals.items()}
        browser = stack.enter_context(chromium())
        for _ in range(wanted.rounds):
            for page in pages:
                page.measure(browser, site, wanted.moves)
            for name, folder in rivals.items():
                RIVALS[name].measure(browser, sites[name], folder)
        plays = {slower: played(browser, site, slower) for slower in (1, 4)}
        conditions = {"rounds": wanted.rounds, "chromium": browser.version, "cores": os.cpu_count()}
    conditions["load_average"] = round(os.getloadavg()[0], 2)
    for slower, play in plays.items():
        print(*play_lines(slower, play), sep="\n")
    if not wanted.play:
        report(conditions, {page.path: page.figures() for page in pages}, [*rivals])


def report(conditions: dict[str, object], book: dict[str, dict[str, float]], rivals: list[str]) -> None:
    """Prints the conditions, every page, the rivals, and all of it as one JSON document."""
    print(HEADLINE.format(**conditions))
    for path, figures in book.items():
        print(*lines(path, figures), sep="\n")
    for name in rivals:
        print(*RIVALS[name].lines(), sep="\n")
    others = {name: RIVALS[name].rounds.summary() for name in rivals}
    print(json.dumps({"conditions": conditions, "book": book, **others}))


def built_rivals(folder: Path) -> Iterator[tuple[str, Path]]:
    """The folders of the pages to compare with; says which could not be built, and why."""
    for name, rival in RIVALS.items():
        try:
            yield name, rival.build(folder / name)
        except RuntimeError as missing:
            print(f"Not compared with {name}: {missing}.")


if __name__ == "__main__":
    main()
