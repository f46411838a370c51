"""Every page of the built book: complete, quiet, accessible, light, and at home under any address."""

import gzip
import importlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import Book, FreshPage, toc_pages
from fontTools.ttLib import TTFont
from playwright.sync_api import Locator, Page, Response, ViewportSize, expect
from serve import BUILT, ROOT

from smallmodels.live.portable import published

PAGES = toc_pages()
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Before Python, compressed: a page with a chart in view, a page without one.
WITH_A_CHART, WITHOUT = 400_000, 200_000  # bytes
MOST_REQUESTS = 20
A4: ViewportSize = {"width": 680, "height": 960}  # between its margins
FOREIGN = re.compile(r"require(?:\.min)?\.js|requirejs|html-manager|embed-amd|mathjax|thebe", re.IGNORECASE)

every_page = pytest.mark.parametrize("path", PAGES)
every_notebook = pytest.mark.parametrize("path", [path for path in PAGES if path.startswith("notebooks/")])


@cache
def soup(path: str) -> BeautifulSoup:
    """A page, parsed once for all its tests: to be read, not changed."""
    return BeautifulSoup((BUILT / path).read_text("utf-8"), "html.parser")


@cache
def names(path: str) -> frozenset[str]:
    """Every id of a page."""
    return frozenset(str(element["id"]) for element in soup(path).find_all(id=True))


def outputs(notebook: Path) -> str:
    """All stored HTML outputs of a notebook, as one text."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    data = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    return "".join("".join(bundle.get("text/html", [])) for bundle in data)


def settle(page: Page, url: str, state: str = "live") -> None:
    """Opens a page and waits until its widgets are up and its charts, down to the last, are drawn."""
    page.goto(url, wait_until="load")
    for live in page.locator("[data-live]").all():
        live.evaluate("live => live.scrollIntoView()")
        expect(live).to_have_attribute("data-state", state, timeout=60_000)
        chart = live.locator(".live-chart")
        if chart.count():
            chart.evaluate("chart => chart.scrollIntoView()")
            expect(chart.locator("svg")).to_be_visible()


# ---------------------------------------------------------------- what must be there


def test_every_notebook_is_a_page() -> None:
    assert {f"notebooks/{path.stem}.html" for path in NOTEBOOKS} <= set(PAGES)


@every_page
def test_a_page_is_built(path: str) -> None:
    page = soup(path)
    assert len(page.find_all("h1")) >= 1
    assert page.find("main").get_text(strip=True)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_widget_and_chart_of_a_notebook_is_in_its_page(notebook: Path) -> None:
    stored = BeautifulSoup(published(outputs(notebook)), "html.parser")
    page = soup(f"notebooks/{notebook.stem}.html")
    for what in ("[data-live]", "[data-live] table", "[data-live] .live-chart svg"):
        assert len(page.select(what)) == len(stored.select(what))
    assert [root["id"] for root in page.select("[data-live]")] == [
        root["id"] for root in stored.select("[data-live]")
    ]


@every_page
def test_ids_are_unique(path: str) -> None:
    ids = [element["id"] for element in soup(path).find_all(id=True)]
    assert sorted(id for id in set(ids) if ids.count(id) > 1) == []


def links(path: str) -> Iterator[str]:
    """Every address a page names in its markup."""
    for element in soup(path).find_all(True):
        yield from (str(element[name]) for name in ("href", "src", "action") if element.has_attr(name))


@pytest.mark.parametrize("path", [*PAGES, "index.html", "search.html", "genindex.html"])
def test_internal_links_lead_somewhere(path: str) -> None:
    broken = []
    for link in links(path):
        parts = urlsplit(urljoin(f"http://book/{path}", link))
        if parts.netloc != "book":
            continue
        target = BUILT / unquote(parts.path).lstrip("/")
        name = unquote(parts.fragment).split("?")[0]
        found = target.is_file() or (target / "index.html").is_file()
        if not found or (name and name not in names(str(target.relative_to(BUILT)))):
            broken.append(link)
    assert broken == []


@every_page
def test_a_page_names_no_script_style_or_picture_of_another_host(path: str) -> None:
    page = soup(path)
    loaded = [
        e.get("src") or e.get("href") for e in page.select("script[src], link[href], img[src], iframe[src]")
    ]
    assert [address for address in loaded if urlsplit(address).netloc] == []


@every_page
def test_a_page_needs_no_other_widget_or_math_script(path: str) -> None:
    scripts = soup(path).find_all("script")
    assert [s for s in scripts if FOREIGN.search(str(s.get("src", "")))] == []
    assert [s for s in scripts if "widget-state" in str(s.get("type", ""))] == []
    assert [
        s for s in scripts if not s.get("type", "").endswith("json") and FOREIGN.search(s.string or "")
    ] == []


def test_formulas_are_set_while_building() -> None:
    stored = "".join(path.read_text("utf-8") for path in NOTEBOOKS)
    assert "\\\\frac" in stored
    pages = [soup(path) for path in PAGES]
    formulas = [page for page in pages if page.select(".katex-display math")]
    assert formulas
    assert ".katex-display" in (BUILT / "_static" / "page.css").read_text("utf-8")
    assert not any("\\frac" in page.find("article").get_text() for page in pages if not page.select(".katex"))


# ---------------------------------------------------------------- what a browser sees


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds, as one line for each place: by all its rules, or by these alone."""
    if not page.evaluate("'axe' in window"):
        # A page with an AMD loader would swallow axe; ours has none, but a reader's extension may bring one.
        page.evaluate("window.define = undefined")
        page.add_script_tag(path=AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(rules.length ? {runOnly: rules} : {}).then(result => result.violations)", rules
    )
    return [
        f"{rule['id']}: {node['target']} {node['html'][:120]}" for rule in found for node in rule["nodes"]
    ]


def in_both_themes(page: Page) -> list[str]:
    """What axe-core finds in the light, and then in the dark: there by the rules that look at colours."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.wait_for_function(ALL_DRAWN)
        rules = COLOURS if theme == "dark" else ()
        found += [f"in the {theme}: {line}" for line in violations(page, *rules)]
    return found


COLOURS = ("color-contrast", "link-in-text-block")
# A chart is drawn anew in the colours of its theme.
ALL_DRAWN = """() => [...document.querySelectorAll(".live-chart")].every(
    chart => chart.querySelector("svg") && !chart.hasAttribute("data-stale"))"""


@every_page
def test_axe_finds_nothing_at_rest_or_after_a_move(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(color_scheme="light", reduced_motion="reduce")
    settle(page, book.url(path))
    assert in_both_themes(page) == []
    page.emulate_media(color_scheme="light")
    moved = [move(live) for live in page.locator("[data-live]").all()]
    if moved:
        assert True in moved
        assert in_both_themes(page) == []


def move(live: Locator) -> bool:
    """Moves a widget's first control by keyboard, and tells whether its table became another one."""
    before = live.locator("table").inner_html()
    control = live.locator("select, input[type=range], input[type=radio]:checked").first
    for key in ("ArrowDown", "ArrowUp", "ArrowUp") if control.count() else ():
        control.press(key)
        try:
            expect(live.locator("table")).not_to_have_js_property("innerHTML", before, timeout=1500)
        except AssertionError:
            continue  # the end of a range, or a choice that shows the same
        return True
    return False


OUTSIDE = """() => [...document.querySelectorAll(".live-drawing svg text")].flatMap(text => {
    const [card, box] = [text.closest(".live"), text].map(node => node.getBoundingClientRect());
    const out = box.width > 0 && (box.left < card.left - 1 || box.right > card.right + 1);
    return out ? [`${text.closest(".live").id}: ${text.textContent}`] : [];
})"""


@pytest.mark.parametrize("width", [360, 1280])
@every_notebook
def test_what_a_chart_says_stays_in_its_frame(
    book: Book, fresh_page: FreshPage, path: str, width: int
) -> None:
    page = fresh_page(python=False, viewport={"width": width, "height": 900})
    page.goto(book.url(path))
    for chart in page.locator(".live-chart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".live-drawing")).to_have_attribute("role", "img")
    assert page.evaluate(OUTSIDE) == []


@every_notebook
def test_a_chapter_is_a_dozen_screens_at_most(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(python=False, viewport={"width": 1280, "height": 900})
    settle(page, book.url(path), state="static")
    # The chapter itself: without the links to its neighbours and the book's footer below it.
    height = page.locator("article.bd-article").evaluate("text => text.getBoundingClientRect().height")
    print(f"{path}: {height / 900:.1f} screens")
    assert height <= 12 * 900


@every_page
def test_nothing_sticks_out_sideways(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(python=False)
    page.goto(book.url(path), wait_until="load")
    for width in (320, 360, 768, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"at {width} pixels"


@every_page
def test_a_page_works_below_a_sub_path(book: Book, page: Page, path: str) -> None:
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    settle(page, book.subpath_url(path))
    assert missing == []
    assert all(url.startswith(book.subpath_url()) for url in page.evaluate(RESOURCES))


RESOURCES = """performance.getEntriesByType("resource").map((entry) => entry.name)
    .filter((name) => name.startsWith("http"))"""


def test_the_root_of_the_book_leads_to_the_introduction(book: Book, page: Page) -> None:
    page.goto(book.subpath_url())
    page.wait_for_url(book.subpath_url(PAGES[0]))


@every_page
def test_a_page_is_complete_without_scripts(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(java_script_enabled=False)
    page.goto(book.url(path))
    expect(page.locator("article h1")).to_be_visible()
    for live in page.locator("[data-live]").all():
        expect(live.locator("table")).to_be_visible()
        expect(live.locator("[role=status]")).not_to_be_empty()
        expect(live.locator(".live-controls")).to_be_hidden()
    for label in ("Search", "Colour mode"):
        for button in page.get_by_role("button", name=label).all():
            expect(button).to_be_hidden()


def compressed(response: Response) -> int:
    """What a server that compresses would send."""
    body = response.body()
    return min(len(body), len(gzip.compress(body, 6)))


@every_page
def test_a_page_stays_within_its_budget_before_python(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(python=False)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(book.url(path), wait_until="load")
    page.wait_for_load_state("networkidle")
    weighed(path, answers)
    chart = page.locator(".live-chart").first
    if chart.count():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".live-drawing")).to_be_visible()
        page.wait_for_load_state("networkidle")
        weighed(path, answers)
    assert not any(word in answer.url for answer in answers for word in ("pyodide", "worker.js", "vega.js"))


def weighed(path: str, answers: list[Response]) -> None:
    """Prints what a page has asked for until now, and holds it to its budget."""
    weights = {answer.url: compressed(answer) for answer in list(answers)}
    drawn = any("/draw.js" in url for url in weights)
    weight = sum(weights.values())
    kind = "with a chart" if drawn else "without one"
    print(f"{path}, {kind}: {weight / 1000:.0f} kB in {len(weights)} requests")
    assert weight <= (WITH_A_CHART if drawn else WITHOUT)
    assert len(weights) <= MOST_REQUESTS


@pytest.mark.parametrize("path", [*PAGES, "genindex.html"])
def test_one_style_sheet_holds_up_a_page_and_no_script(path: str) -> None:
    page = soup(path)
    assert [
        sheet["href"].split("?")[0].rsplit("/", 1)[-1] for sheet in page.select('link[rel="stylesheet"]')
    ] == ["page.css"]
    waited = [
        s["src"] for s in page.select("script[src]") if not (s.has_attr("defer") or s.get("type") == "module")
    ]
    # The choice of light or dark must be there before anything is painted; 300 bytes, no script in the page.
    assert [Path(urlsplit(address).path).name for address in waited] == ["mode.js"]


def test_the_style_sheet_leads_somewhere_and_brings_its_icons() -> None:
    style = (BUILT / "_static" / "page.css").read_text("utf-8")
    named = {
        address
        for address in re.findall(r"""url\(["']?([^"')]+)""", style)
        if not address.startswith("data:")
    }
    assert {Path(address).suffix for address in named} == {".woff2"}
    assert [address for address in sorted(named) if not (BUILT / "_static" / address).is_file()] == []
    assert "webfonts" not in style


def test_the_fonts_hold_every_character_of_the_pages() -> None:
    """A letter that a font has lost would be set in another face."""
    light_pages = importlib.import_module("light_pages")
    seen = {ord(c) for path in PAGES for c in soup(path).find("article").get_text()}
    whole = (
        ROOT / "node_modules/@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-normal.woff2"
    )
    left = BUILT / "_static/fonts/source-serif-4-latin-wght-normal.woff2"
    had, has = (set(TTFont(path).getBestCmap()) for path in (whole, left))
    assert [chr(c) for c in sorted(seen & had - has)] == []
    assert has <= light_pages.CHARACTERS


@every_notebook
def test_contents_marks_the_section_that_is_read(book: Book, fresh_page: FreshPage, path: str) -> None:
    page = fresh_page(python=False)
    page.goto(book.url(path))
    marked = page.locator("#pst-page-toc-nav a.active")
    links = page.locator("#pst-page-toc-nav a")
    page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    expect(marked).to_have_count(1)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")  # past every section at once
    expect(marked).to_have_count(0)
    wanted = links.nth(links.count() // 2)
    wanted.evaluate("link => link.click()")
    expect(wanted).to_have_class(re.compile("active"))


# ---------------------------------------------------------------- the theme's own controls


def test_the_colour_mode_can_be_chosen_and_is_kept(book: Book, fresh_page: FreshPage) -> None:
    page = fresh_page(color_scheme="light")
    page.goto(book.url(PAGES[0]))
    html, button = page.locator("html"), page.get_by_role("button", name="Colour mode")
    seen = {html.get_attribute("data-theme")}
    for _ in range(3):
        button.click()
        seen.add(html.get_attribute("data-theme"))
    assert seen == {"light", "dark"}
    while html.get_attribute("data-theme") != "dark":
        button.click()
    page.goto(book.url(PAGES[1]))
    expect(html).to_have_attribute("data-theme", "dark")


def test_on_a_phone_the_chapters_open_from_the_menu(book: Book, fresh_page: FreshPage) -> None:
    page = fresh_page(viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto(book.url(PAGES[0]))
    chapter = page.get_by_role("link", name=re.compile("Bibliography"))
    expect(chapter.first).to_be_hidden()
    page.locator(".primary-toggle").click()
    expect(chapter.first).to_be_visible()
    chapter.first.click()
    page.wait_for_url(book.url("book/bibliography.html"))


def test_search_finds_a_word_of_a_chapter(book: Book, page: Page) -> None:
    page.goto(book.url(PAGES[0]))
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("searchbox").first.fill("TruthfulQA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=re.compile("Mistral 7B beat")).first).to_be_visible()


def test_a_notebook_can_be_downloaded(book: Book, page: Page) -> None:
    path = next(path for path in PAGES if path.startswith("notebooks/"))
    page.goto(book.url(path))
    with page.expect_download() as download:
        page.get_by_role("link", name="Notebook").click()
    assert Path(download.value.path()).read_bytes() == (ROOT / path).with_suffix(".ipynb").read_bytes()


def test_print_shows_the_text_and_hides_the_frame(book: Book, page: Page) -> None:
    page.goto(book.url(PAGES[0]))
    page.emulate_media(media="print")
    expect(page.locator("h1").first).to_be_visible()
    for frame in (".bd-header-article", ".bd-sidebar-primary", ".bd-sidebar-secondary", ".prev-next-footer"):
        expect(page.locator(frame).first).to_be_hidden()
    assert page.locator("#jb-print-toc").count() == 0


PRINTED = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const style = (selector) => all(selector).map((node) => getComputedStyle(node));
    return {
        scheme: [...new Set(style("html, .live").map((s) => s.colorScheme))],
        whole: [...new Set(style(".live").map((s) => s.breakInside))],
        rows: [...new Set(style(".live tr, .live .live-chart").map((s) => s.breakInside))],
        code: [...new Set(style("article pre").map((s) => s.whiteSpace))],
        wide: all("article pre").filter((node) => node.scrollWidth > node.clientWidth + 1).length,
    };
}"""


@every_notebook
def test_paper_is_light_and_only_rows_and_charts_stay_whole(
    book: Book, fresh_page: FreshPage, path: str
) -> None:
    page = fresh_page(python=False, color_scheme="dark", viewport=A4)
    page.goto(book.url(path))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    printed = page.evaluate(PRINTED)
    assert printed["scheme"] == ["light"]
    assert printed["whole"] == ["auto"]
    assert printed["rows"] == ["avoid"]
    assert printed["code"] in ([], ["pre-wrap"])
    assert printed["wide"] == 0


def test_forced_colours_leave_every_icon_to_be_seen(book: Book, fresh_page: FreshPage) -> None:
    page = fresh_page(forced_colors="active", viewport={"width": 360, "height": 740})
    page.goto(book.url(PAGES[1]))
    icons = page.locator(".bd-header-article [class*='fa-']:visible")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    colours = icons.evaluate_all("icons => icons.map(icon => getComputedStyle(icon).backgroundColor)")
    assert len(colours) >= 4
    assert not {ground, "rgba(0, 0, 0, 0)"} & {*colours}


@pytest.mark.parametrize("width", [1280, 1920])
def test_nothing_shows_through_beside_the_bar(book: Book, fresh_page: FreshPage, width: int) -> None:
    page = fresh_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.goto(book.url(PAGES[1]))
    page.locator("[data-live] table").first.evaluate(
        "table => scrollBy(0, table.getBoundingClientRect().top + 60)"
    )
    bar, card = (page.locator(s).first.bounding_box() for s in (".bd-header-article", "[data-live]"))
    assert bar
    assert card
    right = bar["x"] + bar["width"]
    gap = {"x": right, "y": 4, "width": min(20.0, card["x"] + card["width"] - right), "height": 40}
    page.add_style_tag(content=".bd-sidebar-secondary { visibility: hidden }")
    covered = page.screenshot(clip=gap)
    page.add_style_tag(
        content="article { visibility: hidden !important } article * { visibility: hidden !important }"
    )
    assert page.screenshot(clip=gap) == covered
