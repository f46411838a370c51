"""Links to a state: in the text, copied, gone back from, or asking for what is not there."""

import json
from typing import Any

import pytest
from lives import CHAPTER, find, unfolded
from playwright.sync_api import Page, expect


def test_a_link_in_the_prose_sets_a_state_and_leaves_the_rest_at_first_values(chapter: Page) -> None:
    widget = find(chapter)
    widget.settle()
    first = widget.arguments()
    widget.control("baseline").select_option("Llama 2 7B")
    link = unfolded(chapter, "#head-to-head?source=mistral-7b-paper&confidence=0.99")
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
    unfolded(chapter, "#head-to-head?source=mistral-7b-paper&confidence=0.99").click()
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
    widget.control("baseline").select_option("Llama 2 7B")
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
        ("colour=red", "There is no “colour”; there is source, challenger, baseline, confidence,"),
    ],
)
def test_a_link_that_asks_for_what_is_not_there_is_answered_in_a_sentence(
    book: Any, page: Page, asked: str, said: str
) -> None:
    page.goto(book.url(f"{CHAPTER}#head-to-head?{asked}"))
    widget = find(page)
    expect(widget.root).to_contain_text(said)
    widget.check()


@pytest.mark.parametrize(
    ("fragment", "argument", "value"),
    [
        ("refit?smallest=48", "smallest", 48),
        ("losses?show=spread%20of%20the%20seeds", "show", "spread of the seeds"),
        ("verdicts?show=what%20did%20not%20hold", "show", "what did not hold"),
    ],
)
def test_an_old_link_to_a_widget_that_moved_leads_to_it_in_that_state(
    book: Any, page: Page, fragment: str, argument: str, value: Any
) -> None:
    page.goto(book.subpath_url(f"notebooks/02-scaling-laws.html#{fragment}"))
    moved = {"verdicts": "12-lab-miniature"}.get(fragment.split("?")[0], "02b-can-a-law-be-trusted")
    page.wait_for_url(book.subpath_url(f"notebooks/{moved}.html#{fragment}"))
    widget = find(page, fragment.split("?")[0])
    widget.settle()
    assert widget.arguments()[argument] == value
    widget.check()
    expect(widget.root).to_be_in_viewport()


def test_an_old_link_to_a_heading_that_moved_leads_to_it(book: Any, page: Page) -> None:
    page.goto(book.url("notebooks/02-scaling-laws.html#fit-the-law-yourself"))
    page.wait_for_url(book.url("notebooks/02b-can-a-law-be-trusted.html#fit-the-law-yourself"))
    expect(page.get_by_role("heading", name="Fit the law yourself")).to_be_in_viewport()


def test_a_place_on_the_page_itself_asks_for_no_list_of_places(book: Any, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(book.url(f"{CHAPTER}#head-to-head?confidence=0.6"))
    find(page).settle()
    assert not [url for url in asked if "places.json" in url]


def test_every_place_that_a_link_may_be_sent_to_is_there(book: Any) -> None:
    places = json.loads((book.folder / "_static" / "live" / "places.json").read_text("utf-8"))
    pages = {path: (book.folder / path).read_text("utf-8") for path in {*places.values()}}
    assert [id for id, path in places.items() if f'id="{id}"' not in pages[path]] == []
    assert places["refit"] == "notebooks/02b-can-a-law-be-trusted.html"


@pytest.mark.parametrize("fragment", ["#%", "#%?source=post", "#no-such-thing?source=post", "#head-to-head"])
def test_an_address_that_asks_nothing_of_a_live_does_no_harm(book: Any, page: Page, fragment: str) -> None:
    page.goto(book.url(f"{CHAPTER}{fragment}"))
    widget = find(page)
    widget.settle()
    widget.check()
    chapter_link = unfolded(page, "#head-to-head?source=mistral-7b-paper&confidence=0.99")
    chapter_link.click()
    widget.settle()
    assert widget.arguments()["source"] == "mistral-7b-paper"
