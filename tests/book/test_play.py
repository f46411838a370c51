"""The small model in the published page: it writes, it is measured, and it says when it cannot."""

import re
from pathlib import Path

import pytest
from conftest import Book, FreshPage
from playwright.sync_api import Page, expect

from smallmodels import play
from smallmodels.lab.play import Player, held_out, lead_text

PAGE = "notebooks/04b-a-mistral-in-your-page.html"
ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 360, "height": 740}
MODEL = re.compile(r"/models/|/decoder\.js|/play\.js")


def started(page: Page, url: str, id: str = "writer") -> Page:
    page.goto(url)
    page.locator(f"#{id} .play-offer button").click()
    page.locator(f"#{id} .play-bar").wait_for(timeout=30_000)
    return page


def paused(page: Page) -> Page:
    page.locator("#writer .play-text [class^=play-s]").nth(10).wait_for()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#writer .play-said")).to_contain_text("Paused after")
    return page


def test_nothing_of_it_is_loaded_before_it_is_asked_for(book: Book, fresh_page: FreshPage) -> None:
    page = fresh_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(book.url(PAGE))
    page.wait_for_selector('[data-state="live"]', timeout=60_000)
    assert [url for url in asked if MODEL.search(url)] == []
    started(page, book.url(PAGE))
    loaded = [url for url in asked if "/models/" in url]
    assert [re.sub("-[0-9a-f]{12}", "", url.rpartition("/")[2]) for url in loaded] == [
        "language.json",
        "tiny-2.dat",
    ]


def test_it_writes_what_pytorch_writes(book: Book, fresh_page: FreshPage) -> None:
    page = started(fresh_page(), book.url(PAGE))
    page.wait_for_function("document.querySelectorAll('#writer .play-text [class^=play-s]').length > 150")
    paused(page)
    spans = page.locator("#writer .play-text span:not(.play-read)")
    text = "".join(spans.all_text_contents()).removeprefix("… ")
    player = Player()
    player.begin("here", *play.TRAINED, lead_text(250), 1)
    written = player.write("here", 150, 1.0)["written"]
    assert text[:150] == "".join(character for character, _, _ in written)


def test_the_loss_measured_is_pytorchs(book: Book, fresh_page: FreshPage) -> None:
    page = started(fresh_page(), book.url(f"{PAGE}#writer?window=4&bits=4&n_kv_heads=8"))
    expect(page.locator("#writer .play-told")).to_contain_text("Measured here", timeout=60_000)
    player = Player()
    here = [nats for at in range(len(held_out())) for nats in player.measure(8, 4, 4, at)["surprises"]]
    shown = page.locator("#writer .play-measured td").first.text_content() or ""
    assert float(shown.split()[0]) == pytest.approx(sum(here) / len(here), abs=6e-4)  # three digits are shown


def test_a_moved_control_reads_the_same_text_again(book: Book, fresh_page: FreshPage) -> None:
    page = paused(started(fresh_page(), book.url(PAGE)))
    before = page.locator("#writer .play-text").text_content()
    page.locator("#writer input[type=range]").first.fill("4")
    expect(page.locator("#writer .play-grid b")).to_have_count(4)
    assert page.locator("#writer .play-text").text_content() == before
    expect(page.locator("#writer .play-edge")).to_have_count(1)
    gone = page.locator("#writer .play-text .play-gone")
    spans = page.locator("#writer .play-text span")
    assert gone.count() == spans.count() - 4


def test_a_step_adds_one_character_and_says_it(book: Book, fresh_page: FreshPage) -> None:
    page = paused(started(fresh_page(), book.url(PAGE)))
    written = page.locator("#writer .play-text [class^=play-s]")
    before = written.count()
    step = page.get_by_role("button", name="Step")
    step.focus()
    page.keyboard.press("Enter")
    expect(written).to_have_count(before + 1)
    expect(page.locator("#writer .play-said")).to_contain_text("nats to the model")


def test_it_goes_on_from_the_readers_own_words(book: Book, fresh_page: FreshPage) -> None:
    page = paused(started(fresh_page(), book.url(PAGE)))
    words = page.get_by_label("Begin with your own words")
    words.fill("Hello, World")
    words.press("Enter")
    read = page.locator("#writer .play-read")
    expect(read.last).to_have_text("d")
    assert "".join(read.all_text_contents()).endswith(" hello world")


def test_the_next_character_stands_beside_the_truth(book: Book, fresh_page: FreshPage) -> None:
    page = paused(started(fresh_page(), book.url(PAGE)))
    rows = page.locator("#writer .play-next tbody tr")
    expect(rows).to_have_count(6)
    shares = [float(t.rstrip("%")) for t in rows.locator("td:nth-child(2)").all_text_contents()]
    assert 30 < sum(shares) <= 101


def test_the_page_moves_on_while_it_writes(book: Book, fresh_page: FreshPage) -> None:
    page = started(fresh_page(), book.url(PAGE))
    page.wait_for_selector('#sliders[data-state="live"]', timeout=60_000)
    page.locator("#sliders").get_by_role("radio", name="window").check()
    expect(page.locator("#sliders tbody tr")).to_have_count(65)


def test_a_race_is_run_and_told(book: Book, fresh_page: FreshPage) -> None:
    page = started(fresh_page(), book.url(PAGE), "race")
    expect(page.locator("#race .play-said")).to_contain_text("Measured: the right writer", timeout=60_000)
    assert page.locator("#race .play-lane").count() == 2


@pytest.mark.parametrize("file", ["**/models/tiny-2-*", "**/decoder.js*", "**/play.js*"])
def test_what_was_recorded_stands_where_a_file_is_missing(
    book: Book, fresh_page: FreshPage, file: str
) -> None:
    page = fresh_page(expected_errors="404|Failed to load|decoder|play")
    page.route(file, lambda route: route.fulfill(status=404, body="no"))
    page.goto(book.url(PAGE))
    page.locator("#writer .play-offer button").click()
    expect(page.locator("#writer .play-said").last).to_contain_text(
        re.compile("could not start here|stopped"), timeout=30_000
    )
    expect(page.locator("#writer .play-said").last).to_contain_text(re.compile("recorded .*stand"))
    assert page.locator("#writer .live-table tbody tr").count() == 2


def test_without_a_script_there_is_what_was_recorded(book: Book, fresh_page: FreshPage) -> None:
    page = fresh_page(java_script_enabled=False)
    page.goto(book.url(PAGE))
    assert len(page.locator("#writer .play-text").text_content() or "") == 240
    assert page.locator("#writer .play-offer, #writer .play button").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
def test_the_play_is_accessible_and_fits(
    book: Book, fresh_page: FreshPage, size: dict[str, int], theme: str
) -> None:
    page = paused(started(fresh_page(viewport=size, color_scheme=theme), book.url(PAGE)))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run('#writer .play').then((all) => all.violations)")
    assert [(fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in found] == []


def test_the_language_file_is_what_python_says() -> None:
    from smallmodels.lab.play import language_file

    assert (ROOT / "data" / "runs" / "play" / "language.json").read_text("utf-8") == language_file()
