"""Crossings, staircases, experts and prices against pandas over the raw tables, and a list made elsewhere."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from smallmodels import facts, later
from smallmodels.later import Sized

DATA = facts.data_folder()
SCORES, RELEASES, HISTORY = (
    pd.read_csv(DATA / f"{name}.csv") for name in ("scores", "releases", "price_history")
)
V1 = ["open-llm-leaderboard-v1", "obsscaling", "obsscaling-humaneval"]
TESTS = ["MMLU", "GSM8K", "HumanEval", "ARC-c", "HellaSwag", "WinoGrande", "TruthfulQA"]
ITEMS = {"MMLU": 14042, "GSM8K": 1319, "HumanEval": 164, "ARC-c": 1172, "HellaSwag": 10042}
ITEMS |= {"WinoGrande": 1267, "TruthfulQA": 817}


def billions(model):
    """By the release, or the count that its weights were published with."""
    shape = next((m for m in facts.models() if m.name == model), None)
    row = RELEASES.set_index("model").loc[model]
    return (shape.params_published if shape and shape.params_published else row["params_rounded"]) / 1e9


def leaderboard():
    """One row for each model and test of the first leaderboard; the leaderboard's own figure comes first."""
    own = SCORES[SCORES.pipeline_id.isin(V1) & SCORES.benchmark.isin(TESTS)].copy()
    own["rank"] = own.pipeline_id.map(V1.index)
    own = own.sort_values("rank").drop_duplicates(["model", "benchmark"]).merge(RELEASES, on="model")
    own["billions"] = own.model.map(billions)
    own["day"] = pd.to_datetime(own.release_date.map(lambda day: f"{day}-01"[:10]))
    return own[own.kind == "base"]


@pytest.mark.parametrize("limit", [3, 9, 15, 40])
@pytest.mark.parametrize("big", ["Llama 2 70B", "LLaMA 1 65B", "BLOOM 176B", "Falcon 180B"])
def test_crossings_are_those_that_pandas_finds(big, limit):
    frame = leaderboard()
    target = frame[frame.model == big].set_index("benchmark")
    small = frame[(frame.billions <= limit) & (frame.model != big)].sort_values(["day", "billions"])
    above = small[small.score_pct > small.benchmark.map(target.score_pct)]
    first = above.groupby("benchmark").first()
    best = small.groupby("benchmark").score_pct.max()
    found = {one.test: one for one in later.crossed(big, limit)}
    assert {*found} == {*target.index}
    for test, one in found.items():
        assert (one.first.of.model if one.first else None) == first.model.get(test), test
        assert one.best.pct == best[test]
        assert one.gap == pytest.approx(best[test] - target.score_pct[test])
        if one.first:
            day = max(first.day[test], target.day[test])
            assert later.records.bounds(one.day)[0] == day.date()


@pytest.mark.parametrize("big", ["Llama 2 70B", "LLaMA 1 65B", "BLOOM 176B"])
def test_the_first_beyond_noise_is_the_first_that_numpy_calls_so(big):
    frame = leaderboard()
    target = frame[frame.model == big].set_index("benchmark").score_pct / 100
    small = frame[(frame.billions <= 15) & (frame.model != big)].sort_values(["day", "billions"]).copy()
    p, q = small.score_pct / 100, small.benchmark.map(target)
    small["z"] = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / small.benchmark.map(ITEMS))
    firm = small[small.z > 1.959964].groupby("benchmark").model.first()
    for one in later.crossed(big, 15):
        assert (one.firm.of.model if one.firm else None) == firm.get(one.test), one.test


# First above, of at most 15B and on the first leaderboard, as a list made elsewhere has them: by day.
LISTED = {
    "Llama 2 70B": {
        "MMLU": ("Yi 1.5 9B", 71.00, "2024-05-13"),
        "ARC-c": None,
        "HellaSwag": None,
        "WinoGrande": ("InternLM2 7B", 83.82, "2024-01-17"),
        "TruthfulQA": ("Qwen 7B", 47.79, "2023-09-25"),
        "GSM8K": ("Qwen 14B", 58.98, "2023-09-25"),
        "HumanEval": ("Code Llama 7B", 33.54, "2023-08-24"),
    },
    "LLaMA 1 65B": {
        "MMLU": ("Qwen 14B", 67.70, "2023-09-25"),
        "ARC-c": ("Mistral Nemo 12B", 63.91, "2024-07-18"),
        "HellaSwag": None,
        "WinoGrande": ("InternLM2 7B", 83.82, "2024-01-17"),
        "TruthfulQA": ("Code Llama 13B", 43.79, "2023-08-24"),
        "GSM8K": ("Qwen 7B", 44.96, "2023-09-25"),
        "HumanEval": ("Code Llama 7B", 33.54, "2023-08-24"),
    },
    "BLOOM 176B": {
        "MMLU": ("LLaMA 1 7B", 35.69, "2023-02-24"),
        "ARC-c": ("LLaMA 1 7B", 50.94, "2023-02-24"),
        "HellaSwag": ("LLaMA 1 7B", 77.81, "2023-02-24"),
        "WinoGrande": ("LLaMA 1 13B", 76.24, "2023-02-24"),
        "TruthfulQA": ("Code Llama 13B", 43.79, "2023-08-24"),
        "GSM8K": ("LLaMA 1 7B", 8.04, "2023-02-24"),
        "HumanEval": ("LLaMA 1 7B", 12.80, "2023-02-24"),
    },
}


@pytest.mark.parametrize("big", LISTED)
def test_crossings_are_those_of_a_list_made_elsewhere(big):
    found = {
        one.test: one.first and (one.first.of.model, one.first.pct, one.day) for one in later.crossed(big, 15)
    }
    assert found == LISTED[big]


def test_llama_13b_had_beaten_gpt_3_on_six_of_eight_tests():
    """The LLaMA paper's tables, typed: GPT-3 175B and LLaMA 13B."""
    paper = {
        "BoolQ": (60.5, 78.1),
        "PIQA": (81.0, 80.1),
        "HellaSwag": (78.9, 79.2),
        "WinoGrande": (70.2, 73.0),
        "ARC-e": (68.8, 74.8),
        "ARC-c": (51.4, 52.7),
        "OBQA": (57.6, 56.4),
        "MMLU": (43.9, 46.9),
    }
    found = {one.test: one for one in later.crossed("GPT-3 175B", 15, "quoted")}
    llama = {t: next(e.pct for e in one.small if e.of.model == "LLaMA 1 13B") for t, one in found.items()}
    assert {t: (one.big.pct, llama[t]) for t, one in found.items()} == paper
    assert sum(b > a for a, b in paper.values()) == 6
    assert {one.verdict for one in found.values()} <= {later.UNKNOWN, later.BELOW}


def test_within_a_run_two_scores_were_asked_alike():
    for _, run in later.runs_with_big():
        for big in later.records.bigs(run):
            for one in later.crossed(big, 1000, run) if later.records.candidates(big, run) else ():
                if run != "quoted":
                    asked = {(e.score.eval_set, e.score.metric, e.score.shots) for e in (one.big, *one.small)}
                    assert len(asked) == 1, (run, one.test)
                assert all(e.of.total < one.big.of.total for e in one.small)


def test_no_figure_of_a_4_bit_copy_and_none_of_the_post_is_used():
    used = {e.score.pipeline_id for h in later.HARNESSES for e in later.entries(h.id)}
    used |= {e.score.pipeline_id for e in later.mmlu(tuned=True)}
    assert {"post", "obsscaling-4bit"}.isdisjoint(used)
    llama = {e.test: e.pct for e in later.entries("leaderboard-v1") if e.of.model == "Llama 2 13B"}
    assert (llama["MMLU"], llama["HellaSwag"]) == (55.74, 82.13)


def test_the_gemma_2_figures_of_its_maker_are_not_the_leaderboards():
    tests = {e.test for e in later.entries("leaderboard-v1") if e.of.model.startswith("Gemma 2 ")}
    assert tests.isdisjoint({"MMLU", "HellaSwag", "WinoGrande", "ARC-c", "GSM8K"})


# The staircase.


def staircase_of(frame, threshold):
    """The smallest so far, by day; a step is 5% smaller than the last."""
    steps, least = [], np.inf
    for row in frame[frame.score_pct >= threshold].sort_values(["day", "billions"]).itertuples():
        if row.billions < 0.95 * least:
            steps.append((row.model, row.billions))
            least = row.billions
    return steps


@pytest.mark.parametrize("threshold", [43.9, 55, 63.9, 69.8])
def test_a_staircase_is_the_running_minimum_that_pandas_finds(threshold):
    frame = leaderboard()
    expected = staircase_of(frame[frame.benchmark == "MMLU"], threshold)
    found = later.stairs(threshold, "leaderboard-v1")
    assert [(step.of.model, pytest.approx(step.of.billions)) for step in found.steps] == expected
    if len(expected) > 2:
        days = [(step.of.day - found.steps[0].of.day).days / (365.25 / 12) for step in found.steps]
        slope, _ = np.polyfit(days, np.log2([size for _, size in expected]), 1)
        assert found.fitted.halving == pytest.approx(-1 / slope)


def test_whoever_ran_it_the_stairs_are_those_of_a_list_made_elsewhere():
    """The list begins with Llama 2 70B and leaves out what is larger than 15B between."""
    steps = [(step.of.model, round(step.of.billions, 2)) for step in later.stairs(69.8).steps]
    expected = [("Yi 1.5 9B", 8.83), ("Qwen2 7B", 7.62), ("Qwen3 4B", 4.02), ("Ministral 3 3B", 3.43)]
    assert steps[0] == ("Llama 2 70B", 68.98)
    assert steps[2:] == expected


@pytest.mark.parametrize("run", [id for _, id in later.staircase_runs()])
@pytest.mark.parametrize("tuned", [False, True])
def test_every_threshold_a_slider_offers_is_reached(run, tuned):
    for tenth in range(350, 791, 5):
        steps = later.stairs(tenth / 10, run, tuned).steps
        sizes = [step.of.total for step in steps]
        assert sizes == sorted(sizes, reverse=True)
        assert all(step.pct >= tenth / 10 for step in steps)


def test_where_the_densing_law_would_lead_by_today():
    """40.1 months at 3.5 months a halving: 68.98 billion become about 24 million."""
    found = later.stairs(69.8)
    assert later.latest_day() == date(2026, 11, 20)
    assert found.led_to(3.5) == pytest.approx(
        68.98e9 / 2 ** ((date(2026, 11, 20) - date(2023, 7, 18)).days / 30.4375 / 3.5), rel=1e-3
    )
    assert later.latest_law() == 3.5


def test_published_paces_as_they_were_published():
    found = {pace.claim.id: pace for pace in later.paces()}
    assert (found["densing-preprint"].months, found["densing-journal"].months) == (3.3, 3.5)
    assert (found["epoch-compute"].months, found["epoch-compute"].low, found["epoch-compute"].high) == (
        8,
        5,
        14,
    )
    assert round(found["ai-index-size"].months, 2) == 3.44
    assert round(found["densing-example"].months, 1) == 2.8  # the paper's own four months would give 2.6
    assert found["quality-adjusted-price"].months == pytest.approx(12 * np.log(2) / 0.73)
    low, high = found["epoch-price"].low, found["epoch-price"].high
    assert (2 ** (12 / low), 2 ** (12 / high)) == (pytest.approx(900), pytest.approx(9))


# Experts and prices.


def test_what_a_mixture_scores_like_by_pandas():
    frame = leaderboard()
    for one in later.mixtures("leaderboard-v1", "MMLU")[0]:
        own = frame[(frame.benchmark == "MMLU") & frame.params_active.isna()]
        own = own[own.day <= pd.Timestamp(one.entry.of.day)]
        gaps = (own.score_pct - one.entry.pct).abs()
        assert one.nearest.of.model == own.loc[gaps.idxmin()].model
        assert abs(one.gap) == pytest.approx(gaps.min())


def test_between_active_and_total():
    sizes = {e.entry.of.model: e for e in later.mixtures("qwen3", "MMLU")[0]}
    one = sizes["Qwen3 30B-A3B"]
    assert one.entry.of == Sized("Qwen3 30B-A3B", 30_500_000_000, 3_300_000_000, "2025-04-29", "base")
    assert one.nearest.of.model == "Qwen3 14B"
    assert one.position == pytest.approx(np.log(14.77 / 3.3) / np.log(30.5 / 3.3))


@pytest.mark.parametrize("kind", ["card", "tokens"])
def test_courses_are_those_that_pandas_finds(kind):
    own = HISTORY[HISTORY.kind == kind].sort_values("date").copy()
    own["day"] = pd.to_datetime(own.date)
    ends = own.groupby(["provider", "offer", "currency"]).agg(
        first=("price", "first"), last=("price", "last"), start=("day", "first"), end=("day", "last")
    )
    ends = ends[(ends.end - ends.start).dt.days / (365.25 / 12) >= 6].reset_index()
    found = {
        (one.provider, one.offer): (one.seen[0].price, one.seen[-1].price) for one in later.courses(kind)
    }
    assert found == {(r.provider, r.offer): (r.first, r.last) for r in ends.itertuples()}


def test_a_forecast_counts_what_it_holds():
    found = later.forecast()
    assert (len(found.above), len(found.beyond), len(found.lost)) == (5, 4, 2)
    assert found.families == {
        "exams": True,
        "maths": True,
        "code": True,
        "reasoning": False,
        "completion": False,
        "truthfulness": True,
    }


def test_what_is_unknown_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="There is no run 'x'"):
        later.crossed(run="x")
    with pytest.raises(ValueError, match="has no big model 'Mistral 7B'"):
        later.crossed("Mistral 7B")
    with pytest.raises(ValueError, match="no model of at most 1 billion"):
        later.crossed(limit_b=1, run="meta-2024")
    with pytest.raises(ValueError, match=r"No model here has 99\.9 on MMLU; choose 86"):
        later.stairs(99.9)
    with pytest.raises(ValueError, match="no kind of offer"):
        later.courses("x")
