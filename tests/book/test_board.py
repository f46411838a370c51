"""The verdict board in the built book: every link restores the state it names, wherever its widget stands."""

import re
from html import unescape
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl

from lives import find
from playwright.sync_api import Page, expect

BOARD = "notebooks/09-verdicts.html"


def links(book: Any) -> list[tuple[str, str]]:
    """Every link of the board's table as a page and a fragment; its own page where it names none."""
    text = (book.folder / BOARD).read_text("utf-8")
    table = re.search(r'<table class="live-table.*?</table>', text, re.DOTALL)
    assert table
    found = [unescape(link).partition("#") for link in re.findall(r'<a href="([^"]*)"', table[0])]
    return sorted({(f"notebooks/{page}" if page else BOARD, fragment) for page, _, fragment in found})


def test_every_link_of_the_board_restores_its_state(book: Any, fresh_page: Any) -> None:
    restored = 0
    for path, fragments in groupby(links(book), key=lambda link: link[0]):
        page: Page = fresh_page()
        for _, fragment in fragments:
            page.goto(book.url(f"{path}#{fragment}"))
            id, _, query = fragment.partition("?")
            widget = find(page, id)
            widget.settle()
            arguments = {name: f"{value}" for name, value in widget.arguments().items()}
            for name, value in parse_qsl(query):
                assert (
                    float(arguments[name]) == float(value) if is_number(value) else arguments[name] == value
                )
            widget.check()
            restored += 1
        page.context.close()
    assert restored == len(links(book)) > 25


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text))


def test_what_would_turn_a_verdict_turns_it_and_its_row_leads_on(book: Any, page: Page) -> None:
    page.goto(book.url(BOARD))
    board = find(page, "board")
    board.settle()
    before = board.look()["shown"][1]
    board.root.get_by_role("link", name=re.compile("^scores from the post")).first.click()
    board.settle()
    assert board.arguments()["source"] == "post"
    assert board.look()["shown"][1] != before
    board.check()
    # The table is now Python's own, which knows no pages: the link is sent on to the page of its widget.
    board.root.get_by_role("link", name="the ceilings").first.click()
    page.wait_for_url(re.compile(r"05-speed-and-memory\.html#inference\?"))
    expect(find(page, "inference").root).to_be_in_viewport()


def test_a_link_restores_a_whole_board(book: Any, page: Page) -> None:
    page.goto(
        book.url(f"{BOARD}#board?source=open-llm-leaderboard-v1&confidence=0.99&tokens=5.0&cached=4096")
    )
    board = find(page, "board")
    board.settle()
    moved = {"source": "open-llm-leaderboard-v1", "confidence": 0.99, "tokens": 5.0, "cached": 4096}
    assert moved.items() <= board.arguments().items()
    board.check()
