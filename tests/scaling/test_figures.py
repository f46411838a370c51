"""The figures of chapter 02's sentences against counts by hand, and the widgets' states that show them."""

import json
import math
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest
from printed import LLAMA_2_13B, MISTRAL_7B, bisected, independent_loss

from smallmodels import facts, scaling
from smallmodels.figures import of_room
from smallmodels.live.answer import answer
from smallmodels.scaling import LAWS

FIGURES = {name.partition(".")[2]: figure for name, figure in of_room("scaling").items()}
TEXT = {name: figure.text for name, figure in FIGURES.items()}


@pytest.mark.parametrize("state", sorted({figure.shows for figure in FIGURES.values()} - {""}))
def test_a_widget_can_show_the_state(state: str) -> None:
    name, _, arguments = state.partition("?")
    given = {
        key: text if re.fullmatch(r"[\d.]+", text) else json.dumps(text) for key, text in parse_qsl(arguments)
    }
    assert "error" not in answer(f"scaling.{name.replace('-', '_')}", given)


def test_states_hold_the_figures_they_show() -> None:
    shown = [row["to"] for row in scaling.laws().series["equal"]]
    assert FIGURES["equal-compute-tokens"].shows == "laws"
    assert [f"{tokens:.2f}" for tokens in shown] == [TEXT["equal-compute-tokens"]]
    sizes = next(row for row in facts.post_factors() if row.id == "parameters")
    billions = sizes.challenger_value / 1e9, sizes.baseline_value / 1e9
    assert FIGURES["needed-rounded"].shows == "factors?n_challenger={:g}&n_baseline={:g}".format(*billions)


@pytest.mark.parametrize(("name", "law"), [("printed", LAWS[1]), ("unrounded", LAWS[2]), ("refit", LAWS[3])])
def test_the_tokens_needed_are_where_the_printed_formulas_meet(name: str, law: str) -> None:
    goal = independent_loss(law, LLAMA_2_13B, 2e12)
    found = bisected(lambda d: independent_loss(law, MISTRAL_7B, d) - goal, 1e9, 1e18)
    assert TEXT[f"needed-{name}"] == f"{found / 1e12:.1f}"
    cost = 6 * MISTRAL_7B * found
    if name == "refit":
        assert TEXT["cost-mistral"] == f"{cost / 1e23:.2f} × 10²³"
        assert TEXT["cost-times"] == f"{cost / (6 * LLAMA_2_13B * 2e12):.1f}"


def test_one_run_alone_gives_another_size_than_two_mixed() -> None:
    """The leaderboard's scores are 55.74, 64.16 and 69.83; sizes in billions follow from the shapes."""
    logs = np.log([13.016, 68.977])
    assert TEXT["equivalent-one-run"] == f"{math.exp(np.interp(64.16, [55.74, 69.83], logs)):.0f}" == "35"
    assert TEXT["equivalent-mixed"] == f"{math.exp(np.interp(60.1, [55.6, 68.9], logs)):.1f}" == "22.9"


def test_no_figure_has_an_exponent_or_a_zero_with_a_sign() -> None:
    assert [text for text in TEXT.values() if re.search(r"\de[+-]?\d|[+−]0\.?0*\b(?!\.)", text)] == []
