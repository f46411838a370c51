"""A text of several lines: pasted, typed with a pause, refused by its line, and too long for a link."""

import json
from typing import Any

from ipywidgets import FloatSlider, Textarea
from lives import find, furnished
from playwright.sync_api import Page, expect

from smallmodels import benchmarks
from smallmodels.live import Live

LAB = "notebooks/15-lab-margins.html"
PASTE = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }"


def long_text(n: int) -> str:
    """Results on `n` items, a seventh of which the second model alone gets wrong."""
    return "\n".join(f"q{i},{i % 2},{int(i % 2 and i % 7 > 0)},text {i // 10}" for i in range(n))


def test_pasted_results_are_answered_and_a_bad_line_is_named(book: Any, page: Page) -> None:
    page.goto(book.url(LAB))
    widget = find(page, "paired")
    widget.settle()
    field = widget.control("results")
    expect(field).to_have_value(benchmarks.EXAMPLE)
    field.fill("question\tOurs\tTheirs\nq1\t1\t0\nq2\t1\t1\nq3\t0\t0\n")
    widget.settle()
    widget.check()
    expect(widget.root.locator("caption").first).to_contain_text("Ours against Theirs")
    field.fill("1,0\n1,maybe\n")
    widget.settle()
    error = widget.root.locator(".live-error:not([hidden])")
    expect(error).to_have_text(
        "Line 2: 'maybe' is no result; write 1 for right, 0 for wrong, or a share between."
    )
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute("aria-describedby", error.get_attribute("id") or "")
    # As long as MMLU: set at once, since a driver that types it takes longer than a reader who pastes.
    field.evaluate(PASTE, long_text(14_042))
    widget.settle()
    widget.check()
    expect(error).to_have_count(0)


def test_python_is_asked_once_for_a_run_of_keys(book: Any, page: Page) -> None:
    page.goto(book.url(LAB))
    widget = find(page, "paired")
    widget.settle()
    turn = "root => root.dataset.turns = (Number(root.dataset.turns ?? 0) + 1)"
    watch = f"""root => new MutationObserver(() => ({turn})(root))
      .observe(root.querySelector(".live-scroll"), {{childList: true}})"""
    widget.root.evaluate(watch)
    widget.control("results").press("Control+End")
    for key in "\n1,1,0,x":
        page.keyboard.press("Enter" if key == "\n" else key)
    widget.settle()
    widget.check()
    assert widget.root.get_attribute("data-turns") in (None, "1")


def test_what_was_being_typed_when_another_control_moved_is_kept(book: Any, page: Page) -> None:
    results, confidence = (
        Textarea(value="1,0\n0,0\n"),
        FloatSlider(value=0.95, min=0.5, max=0.99, step=0.01),
    )
    furnished(book, page, Live(benchmarks.paired, results=results, confidence=confidence))
    widget = find(page, "paired")
    widget.settle()
    move = """root => {
      const [text, slider] = root.querySelectorAll("textarea, input[type=range]");
      text.value += "1,0\\n1,0\\n";
      text.dispatchEvent(new Event("input", {bubbles: true}));
      slider.value = 0.6;
      slider.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    widget.root.evaluate(move)
    widget.settle()
    assert widget.arguments() == {"results": "1,0\n0,0\n1,0\n1,0\n", "confidence": 0.6}
    widget.check()


def test_a_link_carries_a_short_text_and_says_when_it_leaves_a_long_one_out(
    book: Any, fresh_page: Any
) -> None:
    page = fresh_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(book.url(LAB))
    widget = find(page, "paired")
    widget.settle()
    for text, carried in (("1,0\n1,1\n0,0", True), (long_text(400), False)):
        widget.control("results").fill(text)
        widget.settle()
        widget.root.locator(".live-link").click()
        said = (
            "Copied." if carried else "Copied, without “Results, one item a line”: it is too long for a link."
        )
        expect(widget.root.locator(".live-message")).to_have_text(said)
        address = page.evaluate("navigator.clipboard.readText()")
        assert ("results=" in address) == carried
        other = fresh_page()
        other.goto(address)
        shown = find(other, "paired")
        shown.settle()
        shown.check()
        assert shown.arguments()["results"] == (text if carried else benchmarks.EXAMPLE)
        assert json.dumps(shown.arguments()["confidence"]) == "0.95"
