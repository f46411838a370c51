"""Chapter 02c against numpy, hand calculations, and figures typed from elsewhere."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import facts, scaling, sizes
from smallmodels.facts import data_folder

# Open LLM Leaderboard, version 1: Mistral 7B, Llama 2 7B, 13B, 70B.
BOARD = {
    "ARC-c": (59.98, 53.07, 59.39, 67.32),
    "HellaSwag": (83.31, 78.59, 82.13, 87.33),
    "WinoGrande": (78.37, 74.03, 76.64, 83.74),
    "GSM8K": (37.83, 14.48, 22.82, 54.06),
    "MMLU": (64.16, 46.87, 55.74, 69.83),
}
LLAMAS = (6_738_415_616, 13_015_864_320, 68_976_648_192)
SIZES = {"ARC-c": 15, "HellaSwag": 19, "WinoGrande": 20, "GSM8K": 29, "MMLU": 35}


@pytest.mark.parametrize("test", BOARD)
def test_a_size_is_numpys_interpolation_in_its_logarithm(test):
    ours, *family = BOARD[test]
    by_numpy = float(np.exp(np.interp(ours, family, np.log(LLAMAS))))
    found = sizes.equivalent("Mistral 7B", test)
    assert found.size == pytest.approx(by_numpy)
    assert round(by_numpy / 1e9) == SIZES[test]
    assert found.low < found.size < found.high


def test_the_tests_are_those_that_grow_with_size_by_how_large_mistral_is_on_them():
    assert sizes.tests() == tuple(SIZES)


def test_an_interval_is_that_of_a_distance_from_the_line():
    """By drawing the three scores it rests on as shares of their items."""
    found, n = sizes.equivalent("Mistral 7B", "MMLU"), 14_042
    chance = np.random.default_rng(0)
    ours, _, low, high = (chance.binomial(n, score / 100, 4000) / n * 100 for score in BOARD["MMLU"])
    drawn = np.exp(np.log(LLAMAS[1]) + (ours - low) / (high - low) * np.log(LLAMAS[2] / LLAMAS[1]))
    assert (found.low, found.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), rel=0.03)


@given(st.floats(0, 100))
def test_no_size_is_read_off_beyond_the_family(score):
    members = [(1e9, 30.0), (1e10, 50.0), (1e11, 60.0)]
    found = sizes.size_on(score, members)
    assert (found is None) == (not 30 <= score <= 60)
    if found is not None:
        assert 1e9 <= found <= 1e11


def test_runs_with_4_bit_weights_are_not_taken_for_whole_ones():
    assert sizes.measured("Llama 2 13B", "MMLU").score_pct == 55.74
    assert sizes.measured("Llama 2 13B", "MMLU", ("obsscaling-4bit",)).score_pct == 54.34


# Lines.


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=4, max_size=30))
def test_a_line_is_numpys(points):
    x, y = np.array(points, dtype=float).T
    if len({*x}) < 3:
        return
    found = sizes.line(points)
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=1e-8)
    assert found.slope_error**2 == pytest.approx(covariance[0, 0], abs=1e-8)
    if len({*y}) > 1:
        assert found.explained == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, abs=1e-8)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="A line needs three points that differ in x; there are 2"):
        sizes.line([(1, 2), (2, 3)])


COLUMNS = {"HellaSwag": "hellaswag", "ARC-c": "arc_c", "WinoGrande": "winogrande", "MMLU": "mmlu"}
# Points for a tenth of a nat and R squared below a loss of 3.2, as they were computed apart from the book.
TENTH = {"HellaSwag": (4.8, 0.95), "ARC-c": (1.6, 0.75), "MMLU": (0.2, 0.33)}


@pytest.mark.parametrize("test", COLUMNS)
@pytest.mark.parametrize("below", [2.8, 3.2, 6.0])
def test_what_nats_buy_is_numpys_slope(test, below):
    runs = pd.read_csv(data_folder() / "open_scaling_runs.csv").query("c4_loss < @below")
    (slope, _), covariance = np.polyfit(runs["c4_loss"], 100 * runs[COLUMNS[test]], 1, cov=True)
    row = next(row for row in sizes.bought(test, 0.1, below).records() if row["test"] == test)
    assert row["worth"] == pytest.approx(-0.1 * slope)
    assert row["high"] - row["low"] == pytest.approx(0.4 * covariance[0, 0] ** 0.5)
    if below == 3.2 and test in TENTH:
        worth, explained = TENTH[test]
        assert (round(row["worth"], 1), round(row["explained"] / 100, 2)) == (worth, explained)


# A law's loss and scores.


def test_the_refits_loss_explains_hellaswag_across_seven_llamas():
    e, a, b, alpha, beta = 1.81686, 482.00572, 2085.4342, 0.34781, 0.36585
    read = {  # parameters, tokens and HellaSwag, typed apart from the book
        (6_738_415_616, 1e12): 77.81,
        (13_015_864_320, 1e12): 80.92,
        (32_500_000_000, 1.4e12): 84.73,
        (65_200_000_000, 1.4e12): 86.09,
        (LLAMAS[0], 2e12): 78.59,
        (LLAMAS[1], 2e12): 82.13,
        (LLAMAS[2], 2e12): 87.33,
    }
    losses = [e + a / n**alpha + b / d**beta for n, d in read]
    line = sizes.course("HellaSwag").series["line"]
    explained = np.corrcoef(losses, [*read.values()])[0, 1] ** 2
    assert explained == pytest.approx(0.993, abs=5e-4)
    slope, intercept = np.polyfit(losses, [*read.values()], 1)
    for end in line:
        assert end["score"] == pytest.approx(slope * end["loss"] + intercept, abs=0.02)


def test_mistral_on_its_tokens_lies_on_the_line_it_is_said_to():
    rows = {row["model"]: row for row in sizes.course("HellaSwag").records()}
    there = rows["Mistral 7B"]["on_line"]
    moved = {row["model"]: row for row in sizes.course("HellaSwag", d_challenger=there).records()}
    assert moved["Mistral 7B"]["above"] == pytest.approx(0, abs=1e-6)
    assert {row["model"]: row["on_line"] for row in sizes.course("MMLU").records()}[
        "Mistral 7B"
    ] == "no amount"


# Cards.


def test_tokens_and_utilisation_are_one_sum():
    tokens = sizes.tokens_read(7e9, 512, 30, 312e12, 0.4)
    assert sizes.utilisation(7e9, tokens, 512 * 30 * 24, 312e12) == pytest.approx(0.4)
    assert tokens == pytest.approx(512 * 30 * 86400 * 312e12 * 0.4 / (6 * 7e9))


def test_metas_own_hours_give_what_good_trainings_reach():
    found = {one.release.model: one.utilisation for one in sizes.told()}
    assert round(100 * found["Llama 2 7B"]) == 39
    assert round(100 * found["Llama 2 13B"]) == 38
    by_hand = 6 * LLAMAS[2] * 2e12 / (1_720_320 * 3600 * 312e12)
    assert found["Llama 2 70B"] == pytest.approx(by_hand)


def test_the_refits_tokens_take_a_month_of_500_cards():
    row = sizes.readable(cards=500, days=34).records()[0]
    assert row["tokens"] == pytest.approx(500 * 34 * 86400 * 989.4e12 * 0.4 / (6 * 7_241_732_096) / 1e12)
    assert row["hours"] == 408


# Bits.


def test_a_13b_in_4_bits_beats_the_7b_of_its_family_in_16():
    rows = {(row["model"], row["precision"]): row for row in sizes.four_bits().records()}
    small, large = rows["Llama 2 13B", "4 bits"], rows["Llama 2 7B", "16 bits"]
    assert small["gb"] == pytest.approx(13_015_864_320 * 4.5 / 8 / 1e9)
    assert small["gb"] < large["gb"]
    for test in ("arc_c", "hellaswag", "mmlu"):
        assert rows["Mistral 7B", "16 bits"][test] > small[test] > large[test]


# Whatever a reader chooses.


def test_every_choice_is_answered():
    for model in sizes.models():
        found = sizes.equivalents(model)
        assert len(found.rows) == 5
        assert len(found.finding) <= 150
    for test in sizes.tests():
        for _, law in scaling.budget_law_choices():
            for tokens in (0.1, 2, 100):
                assert len(sizes.course(test, law, tokens).finding) <= 150
    for test in sizes.OPEN_TESTS:
        assert sizes.bought(test, 0.01, 2.7).finding
    for gpu in sizes.TRAINING_CARDS:
        for cards, days in ((100, 1), (5000, 180)):
            assert sizes.readable(cards, days, gpu=gpu).finding


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            lambda: sizes.equivalents("GPT-3 175B"),
            "There is no model 'GPT-3 175B' here; choose one of Mistral 7B,",
        ),
        (lambda: sizes.course("NQ"), "There is no test 'NQ' here; choose one of ARC-c,"),
        (lambda: sizes.course(d_challenger=0), "The tokens are 0 trillion; choose from 0.1 to 100 trillion."),
        (lambda: sizes.bought("NQ"), "There is no test 'NQ' here; choose one of HellaSwag,"),
        (lambda: sizes.bought(nats=0), "`nats` is 0"),
        (lambda: sizes.bought(below=1), "The loss is 1; choose one from 2.6 to 6."),
        (lambda: sizes.readable(cards=0), "`cards` is 0; choose 1 to 20,000."),
        (lambda: sizes.readable(gpu="T4"), "There is no training on 'T4' here; choose one of A100 80GB SXM,"),
        (lambda: sizes.readable(model="Nobody 1B"), "Nobody 1B"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence(asked, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        asked()


def test_every_later_model_is_one_that_can_be_set_beside_it():
    dates = {release.model: release.release_date for release in facts.releases()}
    for model in sizes.later():
        assert dates[model] > dates["Mistral 7B"]
        assert 6.5e9 <= scaling.released_size(model) <= 9.5e9
