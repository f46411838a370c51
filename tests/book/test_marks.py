"""Verdicts as marks, told apart without colour and the same everywhere; marks glide, and axes stand."""

from typing import Any

from lives import CHAPTER, find
from playwright.sync_api import Page, expect

from smallmodels import benchmarks
from smallmodels.verdicts import mark

CACHE = "notebooks/03-grouped-query-attention.html"
MOVING = "chart => chart.getAnimations({subtree: true}).length"
# The marks of verdicts in the chart from top to bottom: the strokes of each, and whether it is filled.
MARKS = """chart => [...[...chart.querySelectorAll("g.role-mark.mark-symbol")].pop().querySelectorAll("path")]
  .map(path => [path.getAttribute("d"), path.getAttribute("fill")])
  .map(([outline, fill]) => [(outline.match(/M/g) ?? []).length, fill !== "transparent"])"""
TICKS = "chart => [...chart.querySelectorAll('.role-axis-label text')].map(text => text.textContent)"


def drawn(page: Page, path: str, id: str, url: Any) -> Any:
    page.goto(url(path))
    widget = find(page, id)
    widget.settle()
    widget.root.locator(".live-chart").scroll_into_view_if_needed()
    expect(widget.root.locator(".live-drawing svg")).to_be_visible()
    return widget


def test_chart_and_table_show_a_verdict_by_the_same_mark(book: Any, page: Page) -> None:
    widget = drawn(page, CHAPTER, "head-to-head", book.url)
    seen = set()
    for source in ("post", "mistral-7b-paper"):
        widget.control("source").select_option(source)
        widget.settle()
        words = [str(word) for word in benchmarks.head_to_head(source=source)["verdict"]]
        chips = widget.root.locator("td .live-chip")
        expect(chips).to_have_text(words)
        looks = chips.evaluate_all("all => all.map(chip => [chip.dataset.fill, chip.dataset.shape])")
        expected = [mark(word) for word in words]
        assert looks == [[one.fill, one.shape] for one in expected if one]
        inks = [(4 if one.fill == "hatched" else 1, one.fill == "solid") for one in expected if one]
        page.wait_for_function(
            f"([chart, n]) => ({MARKS})(chart).length === n",
            arg=[widget.root.locator(".live-chart").element_handle(), len(words)],
        )
        assert [tuple(ink) for ink in widget.root.locator(".live-chart").evaluate(MARKS)] == inks
        seen |= {tuple(look) for look in looks}
    assert len(seen) == 3  # solid, hollow, hatched


def test_forced_colours_leave_the_marks_apart(book: Any, fresh_page: Any) -> None:
    page = fresh_page(forced_colors="active")
    page.goto(book.url(CHAPTER))
    find(page).settle()
    look = "all => all.map(chip => getComputedStyle(chip, '::before').backgroundImage.slice(0, 9))"
    found = page.locator("#head-to-head .live-chip").evaluate_all(look)
    assert {*found} == {"none", "repeating"}


def test_marks_glide_unless_motion_is_not_wanted(book: Any, fresh_page: Any) -> None:
    for motion, gliding in (("no-preference", True), ("reduce", False)):
        page = fresh_page(reduced_motion=motion)
        widget = drawn(page, CHAPTER, "head-to-head", book.url)
        page.wait_for_timeout(400)
        chart = widget.root.locator(".live-chart")
        page.evaluate(
            """([chart, moves]) => { window.most = 0;
              const look = () => {
                window.most = Math.max(window.most, chart.getAnimations({subtree: true}).length);
                requestAnimationFrame(look);
              };
              look(); }""",
            [chart.element_handle(), MOVING],
        )
        widget.control("confidence").fill("0.5")
        widget.settle()
        page.wait_for_timeout(400)
        assert (page.evaluate("window.most") > 0) == gliding
        assert chart.evaluate(MOVING) == 0  # at rest again


def test_axes_stand_while_a_slider_is_dragged(book: Any, page: Page) -> None:
    widget = drawn(page, CACHE, "kv-cache", book.url)
    chart, slider = widget.root.locator(".live-chart"), widget.control("batch")
    slider.fill("64")
    widget.settle()
    page.wait_for_timeout(400)
    wide = chart.evaluate(TICKS)
    box = slider.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, middle, steps=4)
    widget.settle()
    page.wait_for_timeout(400)
    assert widget.arguments()["batch"] < 40
    assert chart.evaluate(TICKS) == wide
    page.mouse.up()
    page.wait_for_function(
        f"([chart, wide]) => JSON.stringify(({TICKS})(chart)) !== wide",
        arg=[chart.element_handle(), str(wide).replace("'", '"').replace(", ", ",")],
    )
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=4)  # a mark would leave them: they grow
    widget.settle()
    page.wait_for_timeout(400)
    edge = "all => Math.max(...all.map(node => node.getBoundingClientRect().right))"
    assert chart.locator(".role-mark path").evaluate_all(edge) <= chart.evaluate_all(edge) + 1
    page.mouse.up()


def test_the_introductions_verdict_turns_with_the_button_that_is_pressed(book: Any, page: Page) -> None:
    page.goto(book.url("notebooks/00-introduction.html"))
    widget = find(page, "play")
    widget.settle()
    buttons, chip = page.locator(".buttons a"), widget.root.locator(".live-verdict .live-chip")
    seen = []
    for i in range(3):
        buttons.nth(i).click()
        widget.settle()
        expect(buttons.nth(i)).to_have_attribute("aria-current", "true")
        expect(page.locator(".buttons a[aria-current]")).to_have_count(1)
        expect(chip).to_have_text(benchmarks.first_look(widget.arguments()["source"]).verdict[1])
        seen.append(chip.text_content())
    assert len({*seen}) > 1
    expect(widget.root.locator("thead th")).to_have_count(5)
