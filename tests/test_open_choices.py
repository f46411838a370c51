"""No option that a reader can choose, in any widget of the book, is refused or shows nothing."""

import random
from typing import Any

import pytest

import notebooks
from smallmodels.live.answer import answer
from smallmodels.live.controls import reachable

MOST = 150  # pairs of moves tried for each widget; which ones, a seed says


WIDGETS = {data["function"]: data for data in notebooks.widgets() if data["controls"]}


def options(data: dict[str, Any], result: dict[str, Any]) -> list[tuple[str, str]]:
    """Every choice that is open in a state: of options and of boxes to tick."""
    choices = result.get("choices", {})
    return [
        (control["name"], value)
        for control in data["controls"]
        if control["kind"] in ("select", "radio", "checkbox")
        for value in reachable(control)
        if control["name"] not in choices or value in choices[control["name"]]["open"]
    ]


def shows(data: dict[str, Any], state: dict[str, str]) -> dict[str, Any]:
    result = answer(data["function"], state)
    assert "error" not in result, (state, result)
    assert "<td" in result["html"], (state, result["finding"])
    return result


@pytest.mark.parametrize("function", WIDGETS)
def test_no_option_that_is_open_is_empty(function: str) -> None:
    data = WIDGETS[function]
    first = data["fixed"] | {control["name"]: control["value"] for control in data["controls"]}
    chance = random.Random(function)
    moves = options(data, shows(data, first))
    for name, value in moves:
        shows(data, first | {name: value})
    for _ in range(min(MOST, len(moves) ** 2)):
        state = first
        for _ in range(3):
            name, value = chance.choice(options(data, shows(data, state)))
            state = state | {name: value}
        shows(data, state)


def test_there_are_choices_to_be_made() -> None:
    assert {"cost.api", "miniature.refit", "benchmarks.head_to_head"} <= {*WIDGETS}
