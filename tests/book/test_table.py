"""Around a table: files to take along, explanations by hover, focus and touch, keys, narrow screens."""

from pathlib import Path
from typing import Any

from lives import CHAPTER, find, open_figures, open_panel, widgets
from playwright.sync_api import Page, expect

from smallmodels import benchmarks


def test_the_table_can_be_taken_along(book: Any, fresh_page: Any) -> None:
    page = fresh_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    widget.control("source").select_option("gemma-report")
    widget.settle()
    table = benchmarks.head_to_head(source="gemma-report")
    open_panel(widget)
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
    open_panel(widget)
    widget.root.get_by_role("button", name="Copy CSV").click()
    expect(widget.root.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("window.taken") == benchmarks.head_to_head().to_csv()


def test_a_table_without_a_chart_is_explained_too(chapter: Page) -> None:
    widget = find(chapter, "provenance")
    why = widget.root.locator("tbody .live-why").first
    why.focus()
    expect(widget.root.locator(".live-tip")).to_contain_text(why.get_attribute("aria-description") or "-")


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
    open_figures(widget)
    why = widget.root.locator("tbody .live-why").filter(visible=True).nth(1)
    why.tap()
    tip = widget.root.locator(".live-tip")
    expect(tip).to_contain_text(why.get_attribute("aria-description") or "-")
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
    expect(tip).to_contain_text(why.get_attribute("aria-description") or "-")
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
    expect(tip).not_to_contain_text(why.get_attribute("aria-description") or "-")
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
            open_figures(widget)
            page.wait_for_function(REACHABLE_IF_WIDE, arg=widget.id)  # widths settle when fonts are there
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
