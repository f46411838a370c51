"""The fitter against scipy from many starts, against non-negative least squares, and on known laws."""

import math
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares, minimize, nnls

from smallmodels import miniature, scaling
from smallmodels.scaling import Law, fitting
from smallmodels.scaling.fitting import (
    DELTA,
    EXPONENTS,
    HUBER,
    LEAST_SQUARES,
    METHODS,
    Point,
    fit,
    fit_above,
    objective,
)

SIZES = (14_088, 23_392, 53_520, 92_864, 208_416)
BUDGETS = (524_288, 1_048_576, 2_097_152, 4_194_304)


def noisy(law, seed, noise=0.005, repeats=3):
    """Runs that a law would bring, off by some share of their loss."""
    chance = np.random.default_rng(seed)
    return [
        Point(n, d, law.loss(n, d) * math.exp(chance.normal(0, noise)))
        for n, d in product(SIZES, BUDGETS)
        for _ in range(repeats)
    ]


TRUTH = Law(0.785, 60.0, 2500.0, 0.52, 0.66)
RUNS = {f"synthetic {seed}": noisy(TRUTH, seed) for seed in range(3)}
RUNS["flat"] = noisy(Law(0.2, 5.0, 40.0, 0.2, 0.3), 3, noise=0.02)


def runs(name):
    """Synthetic runs, or those of the record that the registered fit is made to."""
    sweep = miniature.grid()
    recorded = sweep.points([*sweep.sizes], sweep.fitted, sweep.seeds)
    return recorded if name == "record" else RUNS[name]


def columns(points):
    return tuple(
        np.array(column) for column in zip(*((p.n_params, p.n_tokens, p.loss) for p in points), strict=True)
    )


def starts(points):
    """Logarithms of E, A and B at the middle of the runs, with exponents over the bounds."""
    n, d, loss = map(np.log, columns(points))
    for floor, alpha, beta in product((0.3, 0.9), (0.2, 0.6, 1.2), (0.2, 0.6, 1.2)):
        rest = loss.mean() + math.log((1 - floor) / 2)
        yield [loss.mean() + math.log(floor), rest + alpha * n.mean(), rest + beta * d.mean(), alpha, beta]


def by_scipy(points, how):
    """The least objective scipy finds from many starts, written as Hoffmann and Besiroglu write it."""
    n, d, loss = columns(points)

    def residuals(x):
        terms = np.stack([np.full(len(n), x[0]), x[1] - x[3] * np.log(n), x[2] - x[4] * np.log(d)])
        predicted = np.logaddexp.reduce(terms)
        return np.log(loss) - predicted if how == HUBER else loss - np.exp(predicted)

    def huber(x):
        size = np.abs(residuals(x))
        # Scaled up, since the search stops at small differences.
        return 1e4 * np.where(size <= DELTA, size**2 / 2, DELTA * (size - DELTA / 2)).sum()

    bounds = [(-30, 30)] * 3 + [EXPONENTS] * 2
    if how == LEAST_SQUARES:
        limits = tuple(zip(*bounds, strict=True))
        tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "x_scale": "jac", "max_nfev": 2000}
        found = [least_squares(residuals, x, bounds=limits, **tight) for x in starts(points)]
        best = min(found, key=lambda result: result.cost)
        return 2 * best.cost, best.x
    options = {"maxiter": 3000, "maxfun": 30_000, "ftol": 1e-15, "gtol": 1e-10}
    found = [minimize(huber, x, method="L-BFGS-B", bounds=bounds, options=options) for x in starts(points)]
    best = min(found, key=lambda result: result.fun)
    return best.fun / 1e4, best.x


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("name", [*RUNS, "record"])
def test_scipy_finds_no_better_minimum(name, how):
    points = runs(name)
    ours = fit(points, how)
    least, x = by_scipy(points, how)
    assert objective(ours, points, how) <= least * (1 + 1e-7)
    # Near the minimum the objective is flat: where it agrees to seven digits, constants agree to about three.
    assert math.exp(x[0]) == pytest.approx(ours.E, abs=2e-3)
    assert x[3:] == pytest.approx([ours.alpha, ours.beta], abs=2e-3)


@given(
    st.floats(0.1, 2), st.floats(0.02, 1), st.floats(0.02, 1), st.floats(0.15, 1.2), st.floats(0.15, 1.2),
    st.sampled_from(METHODS),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_a_law_is_recovered_from_runs_without_noise(floor, size, data, alpha, beta, how):
    truth = Law(floor, size * SIZES[2] ** alpha, data * BUDGETS[1] ** beta, alpha, beta)
    found = fit([Point(n, d, truth.loss(n, d)) for n, d in product(SIZES, BUDGETS)], how)
    assert pytest.approx(floor, abs=5e-3) == found.E
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), abs=5e-3)
    for n, d in product(SIZES, BUDGETS):
        assert found.loss(n, d) == pytest.approx(truth.loss(n, d), rel=1e-6)


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("id", ["chinchilla", "chinchilla-unrounded", "besiroglu"])
def test_published_laws_are_recovered_at_their_own_scale(id, how):
    truth = scaling.law(id)
    sizes, budgets = (7e7, 3e8, 1e9, 4e9, 1.6e10), (5e9, 2e10, 8e10, 3e11)
    found = fit([Point(n, d, truth.loss(n, d)) for n, d in product(sizes, budgets)], how)
    assert constants(found) == pytest.approx(constants(truth), rel=1e-5)


@given(st.integers(0, 10_000), st.floats(*EXPONENTS), st.floats(*EXPONENTS))
@settings(deadline=None)
def test_for_fixed_exponents_it_is_non_negative_least_squares(seed, alpha, beta):
    chance = np.random.default_rng(seed)
    points = [
        Point(n, d, float(chance.uniform(0.5, 2)), float(chance.uniform(0.5, 2)))
        for n, d in product(SIZES, BUDGETS)
    ]
    projection = fitting._Projection(points)
    found = projection.solve(math.log(alpha), math.log(beta))
    n, d, loss = columns(points)
    root = np.sqrt([p.weight for p in points])
    x = np.stack([np.ones(len(n)), (n / SIZES[0]) ** -alpha, (d / BUDGETS[0]) ** -beta], axis=1)
    _, least = nnls(root[:, None] * x, root * loss)
    assert found.squares == pytest.approx(least**2, rel=1e-6)
    assert min(found[1:4]) >= 0


@pytest.mark.parametrize("how", METHODS)
def test_a_run_counted_twice_is_a_run_of_double_weight(how):
    points = RUNS["synthetic 0"]
    double = [Point(p.n_params, p.n_tokens, p.loss, 2.0) for p in points[:30]] + points[30:]
    assert constants(fit(double, how)) == pytest.approx(constants(fit(points[:30] + points, how)), rel=1e-4)


@pytest.mark.parametrize("how", METHODS)
def test_the_order_and_the_unit_of_the_runs_change_nothing(how):
    points = RUNS["synthetic 1"]
    first = fit(points, how)
    assert constants(fit(points[::-1], how)) == pytest.approx(constants(first), rel=1e-4)
    other = fit([Point(p.n_params / 1e9, p.n_tokens / 1e12, p.loss) for p in points], how)
    assert (other.E, other.alpha, other.beta) == pytest.approx((first.E, first.alpha, first.beta), rel=1e-4)


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("name", [*RUNS, "record"])
def test_the_last_bit_of_the_losses_changes_no_figure(name, how):
    """Machines differ in that bit; a page and a kernel must show the same nevertheless."""
    points = runs(name)
    moved = [
        Point(p.n_params, p.n_tokens, math.nextafter(p.loss, 2 * (k % 2) * p.loss))
        for k, p in enumerate(points)
    ]
    assert constants(fit(moved, how)) == pytest.approx(constants(fit(points, how)), rel=1e-10)


@pytest.mark.parametrize("floor", [0.0, 0.6, 0.7853731745738448])
def test_scipy_finds_no_better_law_above_a_given_floor(floor):
    points = runs("record")
    ours = fit_above(floor, points)
    n, d, loss = columns(points)

    def least(x):
        terms = np.stack([(n / n.min()) ** -math.exp(x[0]), (d / d.min()) ** -math.exp(x[1])], axis=1)
        return nnls(terms, loss - floor)[1] ** 2

    starts = product((0.1, 0.5, 1.0), repeat=2)
    tight = {"xatol": 1e-9, "fatol": 1e-15}
    found = [minimize(least, np.log(start), method="Nelder-Mead", options=tight).fun for start in starts]
    assert floor == ours.E
    assert objective(ours, points) == pytest.approx(min(found), rel=1e-7)
    assert objective(ours, points) >= objective(fit(points), points)


def test_a_floor_above_a_loss_is_refused():
    with pytest.raises(ValueError, match="Runs reach down to the floor of 2; choose one below"):
        fit_above(2.0, RUNS["flat"])


def test_huber_cares_less_for_an_outlier_than_squares_do():
    points = noisy(TRUTH, 5, noise=0.0005)
    spoiled = [Point(points[0].n_params, points[0].n_tokens, 1.5 * points[0].loss), *points[1:]]
    moved = {how: abs(fit(spoiled, how).E - fit(points, how).E) for how in METHODS}
    assert moved[HUBER] < moved[LEAST_SQUARES] / 10


def test_an_exponent_stays_within_its_bounds():
    steep = Law(1.0, 1e14, 3e5, 3.5, 1.0)
    found = fit([Point(n, d, steep.loss(n, d)) for n, d in product(SIZES, BUDGETS)])
    assert found.alpha == pytest.approx(EXPONENTS[1])
    assert EXPONENTS[0] <= found.beta <= EXPONENTS[1]


def constants(law):
    return law.E, law.A, law.B, law.alpha, law.beta


@pytest.mark.parametrize(
    ("points", "how", "words"),
    [
        (RUNS["flat"], "guess", "There is no method 'guess'; choose one of least squares, Huber."),
        ([], LEAST_SQUARES, "These runs have no sizes and no budgets; a floor needs at least three of each."),
        (RUNS["flat"][:1], LEAST_SQUARES, "These runs have one size and one budget;"),
        (RUNS["flat"][:24], LEAST_SQUARES, "These runs have two sizes and four budgets"),
        ([*RUNS["flat"], Point(1e4, 1e6, math.nan)], HUBER, "must be positive"),
        ([*RUNS["flat"], Point(1e4, 0, 1.0)], LEAST_SQUARES, "must be positive"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(points, how, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        fit(points, how)


ASKED = {
    "fit": fit,
    "fit_above": lambda points: fit_above(0.1, points),
    "errors": lambda points: fitting.errors(RIGHT, points),
    "explained": lambda points: fitting.explained(RIGHT, points),
    "objective": lambda points: objective(RIGHT, points),
}
NO_RUN = "A run is a Point, or parameters, tokens and loss"
RIGHT = Law(0.7, 50.0, 900.0, 0.5, 0.6)


@pytest.mark.parametrize("name", ASKED)
def test_a_run_is_a_point_or_its_figures(name):
    points = noisy(RIGHT, 3, repeats=1)
    triples = [(p.n_params, p.n_tokens, p.loss) for p in points]
    found = ASKED[name](points)
    assert ASKED[name](triples) == ASKED[name](np.array(triples)) == found
    assert ASKED[name]([list(p) for p in triples[:4]] + points[4:]) == found


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(
    ("points", "says"),
    [
        (pd.DataFrame({"n": [1.0], "d": [2.0], "loss": [3.0]}), NO_RUN),
        ([(1, 2)], NO_RUN),
        ([1, 2, 3], NO_RUN),
        ([None], NO_RUN),
        ([(1, 2, "3")], "`loss` is the text '3'; choose a number."),
        (5, "Runs are Points in a list"),
    ],
)
def test_what_is_no_run_is_said(name, points, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        ASKED[name](points)
