"""Noise in a text against size: the record, and made-up runs small enough to check by hand."""

import json
from statistics import fmean

import pytest
from shown import by_name, finite

from smallmodels import facts, miniature
from smallmodels.miniature import noisy

ROWS = json.loads((facts.data_folder() / "runs" / "noise.json").read_text("utf-8"))["rows"]
EVERY = [(w, a, t) for w in (32, 48) for a in miniature.AMOUNTS for t in miniature.WHOSE]


def mean(width: int, share: float, characters: int) -> float:
    """As the file has it, read without the book's loader."""
    found = [
        row["loss"]
        for row in ROWS
        if (row["width"], row["share"], row["characters"]) == (width, share, characters)
    ]
    assert len(found) == 3
    return fmean(found)


@pytest.mark.parametrize(("larger", "amount", "whose"), EVERY)
def test_every_choice_shows_the_record_as_a_hand_would_set_it_out(larger, amount, whose):
    table = miniature.noise(larger, amount, whose)
    assert finite(table)
    smaller = {32: 24, 48: 32}[larger]
    reads = {"same": (1048576, 1048576), "early": (524288, 524288), "twice": (1048576, 524288)}[amount]
    for row in by_name(table):
        share = row["share"] / 100
        small = mean(smaller, share if whose != "the larger's" else 0.0, reads[0])
        large = mean(larger, share if whose != "the smaller's" else 0.0, reads[1])
        assert row["smaller"] == pytest.approx(small)
        assert row["larger"] == pytest.approx(large)
        assert row["gap"] == pytest.approx(small - large)
        assert (row["outcome"] == "smaller wins") == (small - large < -row["noise"])


def test_luck_is_that_of_the_seeds_of_one_size():
    """Twice the standard error of a difference of means of three, from deviations within cells."""
    runs = noisy.soiled()
    for width in (24, 48):
        squares = []
        for share in runs.shares:
            for read in runs.budgets:
                each = [
                    r["loss"]
                    for r in ROWS
                    if (r["width"], r["share"], r["characters"]) == (width, share, read)
                ]
                squares += [(loss - fmean(each)) ** 2 for loss in each]
        own = (sum(squares) / (len(squares) * 2 / 3)) ** 0.5
        alike = len(set(runs.deviations.values())) == 1
        assert alike or runs.deviations[width] == pytest.approx(own)
    place = (48, 0.1, runs.budgets[0])
    assert runs.noise(place, place) == pytest.approx(2 * runs.deviations[48] * (2 / 3) ** 0.5)


def contest(share: float, gap: float, noise: float = 0.1) -> noisy.Contest:
    return noisy.Contest(share, 1.0 + gap, 1.0, noise)


def test_a_lead_is_lost_where_a_straight_line_says():
    found = miniature.turn([contest(0, 0.3), contest(0.1, 0.1), contest(0.2, -0.3)])
    assert found.share == pytest.approx(0.125)
    assert found.least == pytest.approx(0.1)  # where what is left of the lead is within luck
    assert found.most == pytest.approx(0.15)
    back = miniature.turn([contest(0, -0.3), contest(0.2, 0.3)])
    assert (back.share, back.least, back.most) == pytest.approx((0.1, 0.2 / 3, 0.4 / 3))
    assert miniature.turn([contest(0, 0.3), contest(0.2, 0.2)]).share is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"larger": 24}, "larger width is 24; choose one of 32, 48"),
        ({"amount": "thrice"}, "no amount of text 'thrice'; choose one of same, early, twice"),
        ({"whose": "mine"}, "Nobody's text is 'mine'"),
    ],
)
def test_anything_else_is_refused(asked, says):
    with pytest.raises(ValueError, match=says):
        miniature.noise(**asked)


def test_costs_are_differences_of_the_record():
    table = miniature.noise_costs()
    assert finite(table)
    floors = {row["share"]: row["floor"] for row in ROWS}
    for row in by_name(table):
        share = row["share"] / 100
        assert row["suspicion"] == pytest.approx(floors[share] - floors[0])
        for width in (24, 32, 48):
            cost = mean(width, share, 1048576) - mean(width, 0.0, 1048576)
            assert row[str(width)] == pytest.approx(cost)


def test_every_part_of_the_protocol_is_judged():
    protocol = (facts.data_folder() / "runs" / "noise" / "PROTOCOL.md").read_text("utf-8")
    letters = {one.letter for one in miniature.judged_noise()}
    assert letters == {line[0] for line in protocol.splitlines() if line[1:4] == ". *"}
    assert finite(miniature.noise_verdicts())


def test_a_prediction_fails_beyond_luck_and_is_open_within_it():
    assert noisy._verdict([(0.2, 0.1), (0.01, 0.1)]) == "held"
    assert noisy._verdict([(0.2, 0.1), (-0.01, 0.1)]) == "undecided"
    assert noisy._verdict([(0.2, 0.1), (-0.2, 0.1)]) == "failed"
    turn = noisy.Turn
    assert noisy._within("d", "", [turn(0.1, 0.05, 0.3)], 0.05, 0.2).verdict == "held"
    assert noisy._within("d", "", [turn(0.04, 0.03, 0.06)], 0.05, 0.2).verdict == "undecided"
    assert noisy._within("d", "", [turn(0.04, 0.03, 0.045)], 0.05, 0.2).verdict == "failed"
    assert noisy._within("d", "", [turn(None, None, None)], 0.05, 0.2).verdict == "failed"
