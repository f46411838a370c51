"""Tables on a phone: what tells stands, the rest opens on its row; rows of text are cards."""

from typing import Any

from lives import CHAPTER, find, open_figures, open_panel, widgets
from playwright.sync_api import Page, expect

from smallmodels import benchmarks

NARROW = {"width": 360, "height": 740}
SIDEWAYS = "scroll => scroll.scrollWidth > scroll.clientWidth + 1"


def test_a_row_opens_by_touch_and_key_and_shows_every_figure(book: Any, fresh_page: Any) -> None:
    page = fresh_page(viewport=NARROW)
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    open_figures(widget)
    standing = widget.root.locator("thead th").filter(visible=True)
    expect(standing).to_have_text(["benchmark", "gap (points)", "verdict"])
    assert not widget.root.locator(".live-scroll").evaluate(SIDEWAYS)
    table = benchmarks.head_to_head()
    headings, first = [line for _, line in zip(range(2), table.shown(), strict=False)]
    own = widget.root.get_by_role("button", name=f"More on {first[0]}")
    own.press("Enter")
    expect(own).to_have_attribute("aria-expanded", "true")
    opened = widget.root.locator(".live-more div").evaluate_all(
        "all => all.map(pair => [...pair.children].map(part => part.textContent))"
    )
    hidden = [i for i, heading in enumerate(headings) if heading not in standing.all_text_contents()]
    assert opened == [[headings[i], first[i]] for i in hidden]
    widget.control("source").select_option("mistral-7b-paper")  # a row of that name stays open
    widget.settle()
    expect(widget.root.locator(".live-more")).to_have_count(1)
    widget.root.get_by_role("button", name=f"More on {first[0]}").click()
    expect(widget.root.locator(".live-more")).to_have_count(0)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(widget.root.locator(".live-open")).to_have_count(0)
    assert widget.root.locator("thead th").filter(visible=True).count() == len(headings)


def test_rows_of_text_are_cards_that_begin_with_name_and_verdict(book: Any, fresh_page: Any) -> None:
    page = fresh_page(viewport=NARROW)
    seen = 0
    for path in ("notebooks/08-story.html", "notebooks/12-lab-miniature.html", CHAPTER):
        page.goto(book.url(path))
        for widget in widgets(page):
            expect(widget.root).not_to_have_attribute("data-state", "static")
            if not widget.root.locator(".live-cards").count():
                continue
            open_figures(widget)
            seen += 1
            assert not widget.root.locator(".live-scroll").evaluate(SIDEWAYS)
            card = widget.root.locator("tbody tr").first
            tops = card.evaluate("row => [...row.cells].map(cell => cell.getBoundingClientRect().top)")
            assert min(tops) == tops[0]
            verdict = card.locator("td:has(.live-chip)")
            if verdict.count():
                assert sorted(tops)[1] == verdict.evaluate("cell => cell.getBoundingClientRect().top")
    assert seen >= 3


def test_a_caption_stands_outside_of_what_scrolls_and_names_the_table(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    caption = widget.root.locator(".live-caption")
    expect(caption).to_be_visible()
    expect(widget.root.get_by_role("table", name=caption.text_content() or "-")).to_have_count(1)
    widget.control("source").select_option("mistral-7b-paper")
    widget.settle()
    expect(caption).to_have_text(benchmarks.head_to_head(source="mistral-7b-paper").caption)


def test_an_edge_says_that_there_is_more(book: Any, fresh_page: Any) -> None:
    page = fresh_page(viewport={"width": 760, "height": 900})
    page.goto(book.url(CHAPTER))
    widget = find(page)
    widget.settle()
    scroll = widget.root.locator(".live-scroll")
    assert scroll.evaluate(SIDEWAYS)
    scroll.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    box = scroll.bounding_box()
    assert box
    heading = {"x": box["x"] + box["width"] - 3, "y": box["y"] + box["height"] - 4, "width": 2, "height": 2}
    more = page.screenshot(clip=heading)
    scroll.evaluate("scroll => (scroll.scrollLeft = scroll.scrollWidth)")
    assert page.screenshot(clip=heading) != more


def test_a_source_is_a_link_to_its_entry_in_the_panel_and_beside_the_figure(book: Any, page: Page) -> None:
    page.goto(book.url(CHAPTER))
    widget = find(page, "spread")
    widget.settle()
    open_panel(widget)
    for control in (None, "MMLU"):
        if control:
            widget.control("benchmark").select_option(control)
            widget.settle()
        addresses = widget.root.locator(".live-sources a").evaluate_all(
            "all => all.map(link => link.getAttribute('href'))"
        )
        assert addresses
        assert all("sources.html#source-" in address for address in addresses)
    figure = widget.root.locator("tbody .live-why").first
    figure.focus()
    link = widget.root.locator(".live-tip a")
    expect(link).to_have_text("To the source")
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/sources.html#source-*")
    assert page.evaluate("document.getElementById(location.hash.slice(1)) !== null")


def test_a_measurement_says_in_the_panel_where_it_was_recorded(book: Any, page: Page) -> None:
    page.goto(book.url("notebooks/03-grouped-query-attention.html"))
    widget = find(page, "decode-time")
    widget.settle()
    expect(widget.root.locator(".live-panel > summary")).to_have_text("Data, Sources, Code, Record")
    expect(widget.root.locator(".live-record")).to_be_hidden()
    open_panel(widget)
    expect(widget.root.locator(".live-record")).to_contain_text("PyTorch")
