"""Chinchilla's own runs, fitted anew, against what was published of them and against SciPy."""

import math
import random
import re

import numpy as np
import pytest
from scipy.optimize import minimize

from smallmodels import facts, scaling
from smallmodels.lab import bootstrap_runs
from smallmodels.scaling import fitting, runs
from smallmodels.scaling.fitting import HUBER, LEAST_SQUARES, objective

MISTRAL_7B, LLAMA_2_13B = 7_241_732_096, 13_015_864_320
# Epoch AI's fit to the 240 runs, and the 95% intervals that its draws gave.
EPOCH = {"E": 1.8172, "A": 477.9, "B": 2142.8, "alpha": 0.3473, "beta": 0.3672}
PUBLISHED_INTERVALS = {
    "E": (1.769, 1.871),
    "A": (285.2, 743.6),
    "B": (1042, 5810),
    "alpha": (0.317, 0.373),
    "beta": (0.331, 0.415),
}
# Some of Chinchilla's models: parameters in millions and width, as its paper lists them. Vocabulary: 32,000.
WIDTHS = {74: 640, 251: 1024, 552: 1280, 1429: 2048, 2980: 2560, 6796: 3584, 16183: 5120}


def columns(points):
    return (
        np.array(column) for column in zip(*((p.n_params, p.n_tokens, p.loss) for p in points), strict=True)
    )


def huber_by_scipy(points, start):
    """The five constants at which Hoffmann's objective is least, by SciPy's BFGS with its gradient."""
    n, d, loss = columns(points)
    logs = np.log(n), np.log(d), np.log(loss)

    def objective_and_slope(x):
        terms = np.exp([x[0] - x[3] * logs[0], x[1] - x[4] * logs[1], np.full(len(n), x[2])])
        predicted = terms.sum(axis=0)
        off = np.log(predicted) - logs[2]
        size = np.abs(off)
        cost = np.where(size <= 1e-3, off**2 / 2, 1e-3 * (size - 5e-4)).sum()
        pull = np.clip(off, -1e-3, 1e-3) / predicted * terms
        slope = [*pull.sum(axis=1), -(pull[0] @ logs[0]), -(pull[1] @ logs[1])]
        return 1e6 * cost, 1e6 * np.array(slope)

    x = [math.log(start.A), math.log(start.B), math.log(start.E), start.alpha, start.beta]
    for _ in range(4):  # it stops early where all is flat
        found = minimize(objective_and_slope, x, jac=True, method="BFGS", options={"gtol": 1e-9})
        x = found.x
    a, b, e = np.exp(x[:3])
    return found.fun / 1e6, scaling.Law(float(e), float(a), float(b), float(x[3]), float(x[4]))


def constants(law):
    return law.E, law.A, law.B, law.alpha, law.beta


def needed_by_hand(law):
    left = law.B / 2e12**law.beta + law.A / LLAMA_2_13B**law.alpha - law.A / MISTRAL_7B**law.alpha
    return (law.B / left) ** (1 / law.beta)


def test_epochs_constants_are_reproduced_to_four_digits():
    found = scaling.refit().law
    for name, printed in EPOCH.items():
        assert float(f"{getattr(found, name):.4g}") == float(f"{printed:.4g}"), name


@pytest.mark.parametrize("left_out", [0, 5, 12])
def test_scipy_finds_the_same_law(left_out):
    points = runs.read_off()[left_out:]
    ours = scaling.refit(left_out).law
    least, theirs = huber_by_scipy(points, scaling.law("besiroglu"))
    assert objective(ours, points, HUBER) <= least * (1 + 1e-10)
    assert constants(ours) == pytest.approx(constants(theirs), rel=1e-3)


def test_five_dots_move_the_price_a_hundredfold_and_not_the_order():
    without, with_them = scaling.refit(), scaling.refit(0)
    assert without.match.needed == pytest.approx(needed_by_hand(without.law))
    assert without.match.needed / 1e12 == pytest.approx(13.8, abs=0.05)
    assert pytest.approx(12_845, abs=2) == with_them.law.B
    assert with_them.match.needed / 1e12 == pytest.approx(2_632, rel=2e-3)
    assert without.match.gap == pytest.approx(with_them.match.gap, abs=2e-4)


def test_the_five_are_those_with_less_than_half_a_token_for_each_parameter():
    ratios = [run.n_tokens / run.n_params for run in runs.read_off()]
    assert ratios == sorted(ratios)
    assert ratios[4] < 0.41 < 0.45 < ratios[5]


@pytest.mark.parametrize(("millions", "width"), WIDTHS.items())
def test_what_is_outside_an_embedding_is_what_the_paper_lists(millions, width):
    omega = facts.law("pearce-embeddings")["omega"]
    inner = scaling.without_embedding(millions * 1e6, omega)
    assert inner == pytest.approx(millions * 1e6 - 32_000 * width, rel=0.07)
    assert inner + omega * inner ** (1 / 3) == pytest.approx(millions * 1e6)


def test_kaplans_counting_counts_the_posts_models_so_too():
    found = scaling.refit(counting="without embeddings")
    assert found.law.counted(MISTRAL_7B) == scaling.non_embedding(MISTRAL_7B)
    bare = scaling.Law(*constants(found.law))
    inner = [scaling.non_embedding(n) for n in (MISTRAL_7B, LLAMA_2_13B)]
    assert found.match.gap == pytest.approx(bare.loss(inner[0], 2e12) - bare.loss(inner[1], 2e12))


# The draws.


def test_the_recorded_draws_are_of_the_runs():
    recorded = facts.run(runs.DRAWS)
    given = runs.read_off()[runs.LEFT_OUT :]
    assert recorded.settings["draws"] == len(recorded.rows) == bootstrap_runs.NUMBER >= 1000
    assert recorded.settings["runs"] == len(given) == 240
    for row, again in zip(recorded.rows, bootstrap_runs.draws(given, 5, bootstrap_runs.SEED), strict=False):
        assert row == pytest.approx(again, rel=1e-4)


def test_scipy_fits_the_draws_as_we_do():
    given, chance = runs.read_off()[runs.LEFT_OUT :], random.Random(bootstrap_runs.SEED)
    for row in facts.run(runs.DRAWS).rows[:3]:
        points = chance.choices(given, k=len(given))
        _, theirs = huber_by_scipy(points, scaling.law("besiroglu"))
        assert [row[name] for name in runs.CONSTANTS] == pytest.approx(constants(theirs), rel=2e-3)


def test_the_intervals_are_numpys_percentiles_of_the_draws():
    laws = [scaling.Law(**row) for row in facts.run(runs.DRAWS).rows]
    low, high = np.percentile([needed_by_hand(law) for law in laws], [2.5, 97.5])
    found = scaling.match_interval()
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-3)
    assert low / 1e12 == pytest.approx(8.1, abs=0.1)
    gaps = [law.loss(MISTRAL_7B, 2e12) - law.loss(LLAMA_2_13B, 2e12) for law in laws]
    gap = scaling.gap_interval()
    assert (gap.low, gap.high) == pytest.approx(np.percentile(gaps, [2.5, 97.5]), rel=1e-3)
    assert min(gaps) > 0


@pytest.mark.parametrize("name", PUBLISHED_INTERVALS)
def test_the_intervals_are_near_those_published(name):
    low, high = scaling.constant_interval(name)
    width = PUBLISHED_INTERVALS[name][1] - PUBLISHED_INTERVALS[name][0]
    assert (low, high) == pytest.approx(PUBLISHED_INTERVALS[name], abs=0.12 * width)


def test_no_draw_asks_as_little_as_chinchillas_own_constants():
    printed = scaling.law("chinchilla-unrounded").tokens_to_match(MISTRAL_7B, LLAMA_2_13B, 2e12)
    assert scaling.share_of_draws(printed) == 0
    assert scaling.share_of_draws(1e14) > 0.95


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"left_out": 61}, "`left_out` is 61; choose 0 to 60."),
        ({"how": "guess"}, "There is no method 'guess'; choose one of least squares, Huber."),
        (
            {"counting": "some"},
            "There is no counting 'some'; choose one of all parameters, without embeddings.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(given, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        scaling.refit(**given)


# The table.


def test_the_table_says_what_was_fitted_and_shows_the_interval_of_the_published_refit_alone():
    published, other = scaling.chinchilla(), scaling.chinchilla(how=LEAST_SQUARES)
    rows = {row["figure"]: row for row in published.records()}
    assert rows["B"]["fitted"] == scaling.refit().law.B
    assert rows["tokens to match, trillion"]["low"] == pytest.approx(scaling.match_interval().low / 1e12)
    assert rows["A"]["published"] == 482.00572
    assert all(row["low"] is None is row["high"] for row in other.records())
    assert len(published.series["runs"]) == 245
    assert sum(run["use"] == "left out" for run in published.series["runs"]) == 5
    assert len(published.finding) <= 110


def test_a_fit_in_the_page_takes_few_steps(monkeypatch):
    """What a reader's browser does for one move: not timed, but counted."""
    steps = []
    original = fitting._Projection.joined
    monkeypatch.setattr(fitting._Projection, "joined", lambda *a: steps.append(1) or original(*a))
    fitting.fit(runs.read_off()[5:], HUBER)
    assert len(steps) < 400


# Equal compute.


@pytest.mark.parametrize(
    ("law", "gap"),
    [("kaplan-joint", 0.087), ("chinchilla", 0.010), ("chinchilla-unrounded", 0.013), ("besiroglu", 0.020)],
)
def test_at_equal_compute_the_13b_still_wins(law, gap):
    found = scaling.equal_compute(law)
    assert found.challenger.n_tokens == pytest.approx(LLAMA_2_13B * 2e12 / MISTRAL_7B)
    assert found.challenger.training == pytest.approx(found.baseline.training)
    assert round(found.gap, 3) == gap
    row = next(row for row in scaling.laws().records() if row["law"] == scaling.records.law_name(law))
    assert row["equal"] == pytest.approx(found.gap, abs=1e-8)
