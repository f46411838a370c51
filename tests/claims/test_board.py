"""The board: which assumption turns which verdict, the counts, the table, and where its links lead."""

import html
import json
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from smallmodels import claims, facts
from smallmodels.claims import Assumptions
from smallmodels.verdicts import OF_CLAIMS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FIRST = {ruling.claim.id: ruling.verdict for ruling in claims.ruled(Assumptions()).rulings}
# For each assumption a value other than the first, a claim that it turns, and one that it must not.
MOVES = {
    "confidence": (0.99, "C03", "C17"),
    "correlation": (0.8, "C05", "C10"),
    "source": ("post", "C02", "C18"),
    "law": ("kaplan-joint", "C08", "C07"),
    "tokens": (15.0, "C10", "C11"),
    "cached": (8192, "C27", "C12"),
    "batch": (8, "C13", "C19"),
    "snapshot": ("2023-11", "C23", "C22"),
}
# What an assumption turns only together with another.
BESIDE = {"batch": {"cached": 4096}}


def verdicts(**moved: object) -> dict[str, str]:
    given = Assumptions()
    for name, value in moved.items():
        given = given.with_(name, value)
    return {ruling.claim.id: ruling.verdict for ruling in claims.ruled(given).rulings}


@pytest.mark.parametrize("name", MOVES)
def test_each_assumption_turns_a_verdict_and_leaves_another(name):
    value, turned, left = MOVES[name]
    beside = BESIDE.get(name, {})
    before, after = verdicts(**beside), verdicts(**beside, **{name: value})
    changed = {claim for claim in before if before[claim] != after[claim]}
    assert turned in changed
    assert left not in changed


@pytest.mark.parametrize("name", MOVES)
def test_a_verdict_turns_only_with_an_assumption_that_its_judge_asks_for(name):
    for _, value in claims.choices()[name]:
        after = verdicts(**{name: value})
        for ruling in claims.ruled(Assumptions()).rulings:
            if name not in ruling.judge.needs:
                assert after[ruling.claim.id] == FIRST[ruling.claim.id]


def test_there_are_eight_assumptions_in_six_groups_and_each_is_on_the_board():
    assert [*MOVES] == [*claims.choices()] == [*claims.NAMES]


def test_every_claim_has_one_verdict_and_the_counts_are_of_all():
    assert FIRST.keys() == {claim.id for claim in facts.claims()}
    board = claims.ruled(Assumptions())
    assert {*FIRST.values()} <= {*OF_CLAIMS}
    assert sum(board.counts.values()) == len(FIRST) == 29
    assert claims.board().finding.startswith("Of 29 claims: ")


def test_what_is_said_to_turn_a_verdict_turns_it_to_what_is_said():
    for ruling in claims.ruled(Assumptions()).rulings:
        for turn in ruling.turns():
            assert verdicts(**{turn.name: turn.value})[ruling.claim.id] == turn.verdict != ruling.verdict


def test_a_verdict_said_to_turn_with_nothing_alone_does_not():
    for ruling in claims.ruled(Assumptions()).rulings:
        if not [*ruling.turns()]:
            for name in ruling.judge.needs:
                for _, value in claims.choices()[name]:
                    assert verdicts(**{name: value})[ruling.claim.id] == ruling.verdict


def test_chapters_together_show_every_claim_once():
    shown = [row for subject in claims.subjects() for row in claims.of_chapter(subject)["claim"]]
    assert sorted(shown) == sorted(claims.board()["claim"])
    assert len(claims.of_chapter(["speed", "memory"])) == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"source": "my-blog"}, "my-blog"),
        ({"law": "moore"}, "moore"),
        ({"tokens": 0}, "0 trillion tokens"),
        ({"batch": 0}, "batch is 0"),
        ({"snapshot": "2019-01"}, "2019-01"),
        ({"confidence": 0.2}, "0.2"),
        ({"correlation": 3}, "correlation is 3"),
    ],
)
def test_an_assumption_there_cannot_be_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        claims.board(**wrong)


def test_a_subject_without_claims_is_refused():
    with pytest.raises(ValueError, match="claims nothing of 'weather'"):
        claims.of_chapter("weather")


def test_how_long_a_move_takes(capsys):
    """Printed, never asserted."""
    times = []
    for moved in ({}, *({name: MOVES[name][0]} for name in MOVES)):
        start = time.perf_counter()
        claims.board(**moved).to_dict()
        times.append(1000 * (time.perf_counter() - start))
    with capsys.disabled():
        print(f"\nthe board: first {times[0]:.0f} ms, a move {max(times[1:]):.0f} ms at most (one thread)")


# Links.


def links(table: claims.tables.Table) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="#([^"]*)"', table.to_html())]


def widgets() -> dict[str, dict[str, dict[str, object]]]:
    """Of every widget of the book its controls by argument, as the notebooks hold them."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for text in html_outputs(path):
            for id, data in re.findall(
                r'class="live" id="([^"]*)".*?class="live-data">(.*?)</script>', text, re.DOTALL
            ):
                controls = {control["name"]: control for control in json.loads(data)["controls"]}
                found.setdefault(id, controls)
    return found


def html_outputs(path: Path) -> Iterator[str]:
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/html", ""))


def accepts(control: dict[str, object], value: str) -> bool:
    """Whether a control takes a value as an address writes it."""
    if "options" in control:
        texts = [json.loads(text) for _, text in control["options"]]
        return value in [f"{text}" for text in texts]
    number, low, high = float(value), control["min"], control["max"]
    if control["kind"] == "log":
        return control["base"] ** low <= number <= control["base"] ** high
    steps = (number - low) / control["step"]
    return low <= number <= high and abs(steps - round(steps)) < 1e-6


STATES = [{}, {"source": "post"}, {"cached": 4096, "batch": 32}, {"law": "kaplan-joint", "tokens": 50.0}]


@pytest.mark.parametrize("moved", STATES, ids=str)
def test_every_link_of_the_board_names_a_widget_and_what_its_controls_take(moved):
    known = widgets()
    table = claims.board(**moved)
    found = links(table)
    assert len(found) >= len(table)
    for link in found:
        id, _, query = link.partition("?")
        assert id in known, link
        for name, value in parse_qsl(query):
            assert name in known[id], link
            assert accepts(known[id][name], value), link


def test_the_address_of_a_board_holds_all_of_its_state():
    given = Assumptions(source="post", tokens=5.0, cached=4096)
    id, _, query = given.address().partition("?")
    assert id == "board"
    assert dict(parse_qsl(query)) == {name: f"{getattr(given, name)}" for name in Assumptions.__slots__}


def test_the_values_of_a_control_are_in_order():
    for name in ("confidence", "correlation", "tokens", "cached", "batch"):
        values = [value for _, value in claims.choices()[name]]
        assert all(a < b for a, b in pairwise(values))
