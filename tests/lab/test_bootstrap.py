"""The recorded draws are those of the recorded runs, and their intervals hold what is known to be true."""

import random
from itertools import islice, product
from math import exp

import pytest

from smallmodels import facts, miniature
from smallmodels.lab import bootstrap
from smallmodels.scaling import Law
from smallmodels.scaling.fitting import Point

SIZES, BUDGETS = (14_088, 23_392, 53_520, 92_864, 208_416), (524_288, 1_048_576, 2_097_152, 4_194_304)


def made_up(law: Law, seed: int, noise: float = 0.004) -> list[list[Point]]:
    """Three trunks of every size whose runs a law brings, off by a share that is a run's own."""
    chance = random.Random(seed)
    return [
        [Point(n, d, law.loss(n, d) * exp(chance.gauss(0, noise))) for d in BUDGETS]
        for n, _ in product(SIZES, range(3))
    ]


def test_the_recorded_draws_are_of_the_recorded_runs() -> None:
    recorded = facts.run(miniature.DRAWS)
    given = bootstrap.trunks(miniature.grid())
    assert recorded.settings["draws"] == len(recorded.rows) == bootstrap.DRAWS
    assert recorded.settings["trunks"] == len(given)
    anew = islice(bootstrap.draws(given, bootstrap.DRAWS, bootstrap.SEED), 25)
    for row, again in zip(recorded.rows, anew, strict=False):
        assert row == pytest.approx(again, rel=1e-4)


def test_a_trunk_is_every_fitted_run_of_a_size_and_a_seed() -> None:
    sweep = miniature.grid()
    given = bootstrap.trunks(sweep)
    fitted = [row for row in sweep.run.rows if row["characters"] <= miniature.FITTED]
    assert sorted(p.loss for trunk in given for p in trunk) == sorted(row["loss"] for row in fitted)
    assert {len({p.n_params for p in trunk}) for trunk in given} == {1}
    assert {len(trunk) for trunk in given} == {len(sweep.fitted)}


def test_known_constants_lie_within_their_intervals() -> None:
    """Of 20 intervals (four constants, five sets of runs) from the 5th to the 95th percentile, 18 are due."""
    truth = Law(0.785, 60.0, 2500.0, 0.52, 0.66)
    within = 0
    for seed in range(5):
        rows = [*bootstrap.draws(made_up(truth, seed), 100, seed)]
        for name in ("E", "A", "alpha", "beta"):
            values = [row[name] for row in rows]
            low, high = miniature.nine_in_ten(values)
            within += low <= getattr(truth, name) <= high
            assert low < high
    assert within >= 15


def test_a_draw_with_fewer_than_three_sizes_is_drawn_again() -> None:
    few = made_up(Law(0.785, 60.0, 2500.0, 0.52, 0.66), 0)[:7]  # two sizes whole, a third with one trunk
    assert len([*bootstrap.draws(few, 20, 0)]) == 20
