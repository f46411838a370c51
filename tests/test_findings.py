"""A finding is one sentence of about a hundred characters; what is more stands in the notes."""

import pytest

import notebooks
from smallmodels.live.answer import answer
from smallmodels.live.controls import reachable

FIRST, ANY = 140, 180  # characters: at the first values, and at any value of one control
# Rooms whose findings are held to it; those of the others are printed.
HELD = ("gqa.", "speed.", "memory.", "cost.", "story.")
WIDGETS = {data["function"]: data for data in notebooks.widgets()}


def findings(function: str) -> list[str]:
    data = WIDGETS[function]
    first = data["fixed"] | {control["name"]: control["value"] for control in data["controls"]}
    moves = [{c["name"]: value} for c in data["controls"] for value in reachable(c)[::4]]
    return [
        found["finding"] for move in [{}, *moves] if "finding" in (found := answer(function, first | move))
    ]


@pytest.mark.parametrize("function", WIDGETS)
def test_a_finding_is_short(function: str) -> None:
    first, *others = findings(function)
    longest = max(others, key=len, default=first)
    print(f"{function}: {len(first)} characters at first, {len(longest)} at most: {longest}")
    assert not function.startswith(HELD) or (len(first) <= FIRST and len(longest) <= ANY), longest
