"""Links to a state: in the text, copied, gone back from, or asking for what is not there."""

from typing import Any

import pytest
from lives import CHAPTER, find
from playwright.sync_api import Page, expect


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
        ("source=%", "There is no “%”"),
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


@pytest.mark.parametrize("fragment", ["#%", "#%?source=post", "#no-such-thing?source=post", "#head-to-head"])
def test_an_address_that_asks_nothing_of_a_live_does_no_harm(book: Any, page: Page, fragment: str) -> None:
    page.goto(book.url(f"{CHAPTER}{fragment}"))
    widget = find(page)
    widget.settle()
    widget.check()
    chapter_link = page.locator('a[href="#head-to-head?source=mistral-7b-paper&confidence=0.99"]')
    chapter_link.click()
    widget.settle()
    assert widget.arguments()["source"] == "mistral-7b-paper"
