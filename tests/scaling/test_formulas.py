"""The formulas against the papers' printed constants and searches by brute force."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from printed import (
    LLAMA_2_13B,
    MISTRAL_7B,
    PRINTED,
    independent_compute,
    independent_loss,
    independent_loss_of,
)
from scipy.optimize import minimize_scalar

from smallmodels import facts, scaling
from smallmodels.scaling import LAWS


def test_data_can_still_save_what_the_papers_constants_leave_for_it():
    left = [round(b / 2e12**beta, 3) for _, _, b, _, beta in PRINTED.values()]
    assert left == [0.148, 0.128, 0.066]
    for law, data in zip(LAWS[1:], left, strict=True):
        assert scaling.law(law).charges(MISTRAL_7B, 2e12)[1] == pytest.approx(data, abs=5e-4)


def test_chinchillas_third_table_is_consistent_with_six_n_d():
    rows = [p for p in facts.projections() if p.id.startswith("chinchilla-")]
    off = {p.id: abs(scaling.training_flops(p.n_params, p.n_tokens) / p.flops - 1) for p in rows}
    assert len(off) == 8
    # Its 67B row asks for 1.43 trillion tokens and prints 1.5; the others agree to what is printed.
    assert max(off, key=off.get) == "chinchilla-67b"
    assert off.pop("chinchilla-67b") == pytest.approx(0.047, abs=0.001)
    assert max(off.values()) < 0.01


@pytest.mark.parametrize("law", LAWS[1:])
@pytest.mark.parametrize("n", [1e9, MISTRAL_7B, 70e9])
def test_the_best_tokens_are_a_minimum_of_the_loss_at_equal_compute(law, n):
    chosen = scaling.law(law)
    best = chosen.best_tokens(n)
    for step in (0.9, 0.99, 1.01, 1.1):  # a little larger on less data, a little smaller on more
        assert chosen.loss(n * step, best / step) > chosen.loss(n, best)


@pytest.mark.parametrize(("law", "billion"), [(LAWS[1], 487), (LAWS[2], 308), (LAWS[3], 149)])
def test_the_best_tokens_for_mistral_7b(law, billion):
    assert round(scaling.law(law).best_tokens(MISTRAL_7B) / 1e9) == billion


def test_the_equivalent_size_is_that_of_mistrals_figure():
    run = {
        s.model: s.score_pct
        for s in facts.scores()
        if s.source_id == "mistral-7b-paper" and s.benchmark == "MMLU"
    }
    larger = next(
        s.score_pct for s in facts.scores()
        if (s.source_id, s.benchmark, s.model) == ("llama-2-paper", "MMLU", "Llama 2 70B")
    )  # fmt: skip
    size = scaling.equivalent_size(run["Mistral 7B"], (13e9, run["Llama 2 13B"]), (70e9, larger))
    printed = next(p.n_params for p in facts.projections() if p.id == "equivalent-mmlu")
    assert round(size / 1e9) == printed / 1e9 == 23
    with pytest.raises(ValueError, match="say nothing of size"):
        scaling.equivalent_size(50, (1e9, 40), (2e9, 40))


@pytest.mark.parametrize("law", LAWS[1:])
@pytest.mark.parametrize("served", [0, 1e9, 1e12, 1e14, 1e16])
def test_no_size_trains_and_serves_for_less_than_the_cheapest(law, served):
    loss = independent_loss(law, LLAMA_2_13B, 2e12)
    n, d = scaling.cheapest(scaling.law(law), loss, served)
    assert independent_loss_of(law, n, d) == pytest.approx(loss, rel=1e-9)
    least = 6 * n * d + 2 * n * served
    brute = min(independent_compute(law, loss, 10 ** (8 + step / 1000), served) for step in range(5001))
    assert least <= brute * (1 + 1e-12)
    found = minimize_scalar(
        lambda x: math.log(independent_compute(law, loss, math.exp(x), served)),
        bounds=(math.log(n) - 0.2, math.log(n) + 2),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert math.log(least) == pytest.approx(found.fun, abs=1e-10)
    assert math.log(n) == pytest.approx(found.x, abs=1e-4)
    again = scaling.served_for(scaling.law(law), n, loss)
    assert again == pytest.approx(served, rel=1e-6, abs=1e3)


def test_with_nothing_to_serve_the_cheapest_is_chinchillas_own_optimum():
    for law in LAWS[1:]:
        chosen = scaling.law(law)
        n, d = scaling.cheapest(chosen, chosen.loss(30e9, 1e12), 0)
        assert d == pytest.approx(chosen.best_tokens(n), rel=1e-6)


def test_a_loss_below_the_floor_has_no_cheapest_size():
    with pytest.raises(ValueError, match=r"No size reaches a loss of 1\.5"):
        scaling.cheapest(scaling.law("chinchilla"), 1.5, 0)


def test_the_unrounded_constants_give_the_papers_exponents():
    a, b = scaling.law("chinchilla-unrounded").exponents()
    printed = facts.law("chinchilla-3")
    assert (round(a, 2), round(b, 2)) == (printed["a"], printed["b"]) == (0.46, 0.54)
    # The printed constants do not: rounding them moved the exponents.
    assert round(scaling.law("chinchilla").exponents()[0], 2) == 0.45


NO_COUNT = (
    None,
    "7",
    0,
    -7e9,
    math.nan,
    math.inf,
    True,
    10**400,
    np.array([7e9, 13e9]),
    pd.Series([7e9]),
    [7e9],
)
ASKED = {
    "loss": (7e9, 2e12),
    "excess": (7e9, 2e12),
    "charges": (7e9, 2e12),
    "counted": (7e9,),
    "best_tokens": (7e9,),
    "tokens_for": (7e9, 2.1),
    "tokens_to_match": (7e9, 13e9, 2e12),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("method", ASKED)
def test_a_law_takes_one_count_at_a_time_and_says_so(law, method):
    ask, fitting = getattr(scaling.law(law), method), ASKED[method]
    plain = ask(*fitting)
    assert ask(*map(np.float64, fitting)) == plain
    for place in range(len(fitting)):
        for value in NO_COUNT:
            if (method, place) == ("tokens_for", 1) and type(value) in (int, float) and value <= 0:
                continue  # a loss below every floor: no amount of data
            with pytest.raises(ValueError, match=r"^`\w+` is [^\n]+; choose [^\n]+\.$"):
                ask(*fitting[:place], value, *fitting[place + 1 :])


def test_a_law_says_that_it_counts_in_ones():
    for text in (scaling.Law.loss.__doc__, scaling.law.__doc__):
        assert re.search(r"parameters\s+and\s+(training )?tokens\s+as\s+counts", text)
