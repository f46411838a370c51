"""The figures of chapter 04's sentences, counted another way."""

from itertools import product

import pytest

from smallmodels import facts
from smallmodels.figures import of_room
from smallmodels.swa import figures


def text(name: str) -> str:
    return of_room("swa")[f"swa.{name}"].text


def test_paths_through_four_layers_by_writing_them_all_down() -> None:
    lengths = [sum(jumps) for jumps in product(range(8), repeat=4)]
    assert text("diluted") == f"{len(lengths):,}"
    assert text("paths") == str(lengths.count(14))
    assert lengths.count(28) == 1


@pytest.mark.parametrize(
    ("distance", "name"), [(8, "beside-helpers"), (12, "before-helpers"), (13, "last-helpers")]
)
def test_who_can_hand_a_fact_on_by_looking_at_each_token(distance: int, name: str) -> None:
    """The question stands at 0, the value `distance` back, the name one more; a window shows seven others."""
    helpers = [at for at in range(1, distance + 1) if at <= 7 and 0 <= distance + 1 - at <= 7]
    assert text(name) == {6: "six", 2: "two", 1: "one"}[len(helpers)]


def test_half_of_the_pairs_by_counting() -> None:
    length = int(text("half").replace(",", ""))
    seen = sum(min(position, 4096) for position in range(1, length + 1))
    every = length * (length + 1) // 2
    assert 2 * seen <= every
    assert 2 * (seen - 4096) > every - length  # one token less


def test_what_is_quoted_stands_in_the_data() -> None:
    said = next(row for row in facts.post_inference() if row.id == "context")
    assert said.challenger_text.startswith(text("post-context"))
    assert text("quoted-short") == "131K"  # as the paper prints it
    assert (text("ruler-found-pct"), text("ruler-lost-pct")) == ("87.2%", "75.4%")


def test_a_sentence_whose_condition_fails_stops_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "TRAINED", 4096)
    with pytest.raises(AssertionError, match="no longer two windows long"):
        figures.full_text()
    with pytest.raises(AssertionError, match="no longer those of training"):
        figures.claim()
