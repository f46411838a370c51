"""The tables of chapter 07: every state shows something or says which does, and says it briefly."""

import re

import pytest

from smallmodels import benchmarks, facts, later

STATES = [
    (big, limit, run)
    for big in later.every_big()
    for _, run in later.runs_with_big()
    for limit in (1, 3, 9, 15, 40, 75)
]
EXPERTS = [(run, test) for _, run in later.expert_runs() for test in later.every_expert_test()]


@pytest.mark.parametrize("function", [later.crossings, later.behind])
def test_every_state_shows_something_or_says_what_to_change(function):
    for big, limit, run in STATES:
        table = function(big, limit, run)
        assert bool(len(table)) != bool(table.nearest), (big, limit, run)
        asked = {"big": big, "limit": limit, "run": run}
        for _ in range(3):
            asked |= function(**asked).nearest
        assert len(function(**asked))


def test_what_may_be_chosen_shows_something():
    for big, limit, run in STATES:
        for name, choice in later.crossings(big, limit, run).choices.items():
            for value in choice.values:
                state = {"big": big, "limit": limit, "run": run} | {name: value}
                assert len(later.crossings(**state)), state


@pytest.mark.parametrize(("run", "test"), EXPERTS)
def test_every_state_of_the_experts_shows_something_or_says_what_to_change(run, test):
    table = later.experts(run, test)
    assert bool(len(table)) == (test in later.expert_tests(run)) != bool(table.nearest)
    for value in table.choices["test"].values:
        assert len(later.experts(run, value))


def test_findings_are_short():
    found = [later.crossings(*state).finding for state in STATES]
    found += [later.behind(*state).finding for state in STATES]
    found += [later.experts(*state).finding for state in EXPERTS]
    found += [later.staircase(t, run).finding for t in range(35, 80) for _, run in later.staircase_runs()]
    found += [later.rates(t).finding for t in range(35, 80)]
    found += [later.prices(kind).finding for kind in ("card", "tokens")]
    assert max(map(len, found)) <= 125, max(found, key=len)
    assert not [text for text in found if re.search(r"\d{5}|e[+-]\d|None|nan", text)]


def test_the_first_table_to_the_digit():
    assert later.crossings().records() == [
        row("MMLU", "exams", 69.83, "Yi 1.5 9B", 71.0, "13 May 2024", 7.5, "Yi 1.5 9B"),
        row("GSM8K", "maths", 54.06, "Qwen 14B", 58.98, "25 September 2023", -0.1, "Qwen 14B"),
        row("HumanEval", "code", 29.88, "Code Llama 7B", 33.54, "24 August 2023", -1.1, "Phi-2 2.7B"),
        row("ARC Challenge", "reasoning", 67.32, "none", None, None, None, "none"),
        row("HellaSwag", "completion", 87.33, "none", None, None, None, "none"),
        row("WinoGrande", "completion", 83.74, "InternLM2 7B", 83.82, "17 January 2024", 3.7, "none yet"),
        row("TruthfulQA", "truthfulness", 44.92, "Qwen 7B", 47.79, "25 September 2023", -0.1, "Qwen1.5 7B"),
    ]


def row(test, family, big, first, score, day, after, firm):
    return {
        "test": test,
        "family": family,
        "big": big,
        "first": first,
        "score": score,
        "day": day,
        "after": after if after is None else pytest.approx(after, abs=0.05),
        "firm": firm,
    }


def test_every_score_says_where_it_is_from_and_what_is_doubtful_says_so():
    for state in STATES:
        table = later.crossings(*state)
        cells = [table.cell(row, column) for row in table.rows for column in table.columns]
        scores = [cell for cell in cells if isinstance(cell.value, float) and cell.value > 0 and cell.source]
        assert all(cell.note for cell in scores)
    copied = later.crossings("Llama 2 70B", 15, "leaderboard-v2")
    assert "Verified: partly" in copied.cell(copied.rows[0], copied.columns[2]).note


def test_rates_of_each_quantity():
    assert [len(later.rates(quantity=q)) for _, q in later.quantities()] == [6, 1, 6]
    assert later.rates(quantity="compute").records()[0]["leads"] is None
    assert {r["verified"] for r in later.rates()} == {"computed", "yes", "partly"}
    with pytest.raises(ValueError, match="There is no quantity 'x'"):
        later.rates(quantity="x")


def test_prices_as_typed_from_their_lists():
    """First and last sight of some offers, typed from the lists that are named as their sources."""
    rows = {r["offer"]: (r["first"], r["last"]) for kind in ("card", "tokens") for r in later.prices(kind)}
    assert rows["Lambda, A100 40GB"] == (1.10, 1.99)
    assert rows["AWS, p4d A100 40GB"] == (4.10, 2.7447)
    assert rows["RunPod, H100 SXM"] == (3.99, 3.99)
    assert rows["DeepInfra, Qwen3 14B"] == (0.06, 0.12)
    assert rows["Together, Llama 3.1 8B Turbo"] == (0.18, 0.18)


@pytest.mark.parametrize(
    ("n", "text"), [(23.6e6, "24M"), (999e6, "999M"), (3.43e9, "3.4B"), (13.5e9, "13.5B"), (68.98e9, "69B")]
)
def test_sizes_as_people_say_them(n, text):
    assert later.size(n) == text


def test_models_of_later_have_a_release_with_a_size():
    for score in facts.scores():
        one = later.sized(score.model)
        assert 0 < one.active <= one.total


def test_figures_on_another_scale_are_not_spread_beside_the_others():
    """The rescaled values of a leaderboard, on which guessing scores nothing, are no second measurement."""
    found = benchmarks.published("Mistral 7B", "MMLU-Pro").scores
    assert [score.score_pct for score in found if score.metric == "rescaled"] == []
    assert found
