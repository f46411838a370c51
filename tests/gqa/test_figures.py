"""Chapter 03's figures: some by hand, all shown where they say, and none without its condition."""

import json
from inspect import signature
from math import e, log
from urllib.parse import parse_qsl

import pytest

from smallmodels import facts, gqa, speed
from smallmodels.figures import of_room
from smallmodels.gqa import figures, records

HERE = {"kv-cache": gqa.kv_cache, "sharing": gqa.sharing, "break-even": speed.break_even}
FIGURES = of_room("gqa")


def test_figures_by_hand() -> None:
    """Mistral 7B: 32 layers, 8 of 32 heads of 128; Llama 2 7B: 32 of 32; weights of a layer 4,096 wide."""
    wanted = {
        "token-bytes": 2 * 32 * 8 * 128 * 2,
        "token-bytes-unshared": 2 * 32 * 32 * 128 * 2,
        "even": (14_221_320_192 - 13_214_687_232) / (524_288 - 131_072),
        "equal-width": 11_008 + 2 * 24 * 128 // 3,
        "weight-bytes": 2 * 7_241_732_096,
        "weight-tokens": 2 * 7_241_732_096 / 131_072,
    }
    assert {name: FIGURES[f"gqa.{name}"].text for name in wanted} == {
        name: f"{value:,.0f}" for name, value in wanted.items()
    }
    assert FIGURES["gqa.nat-bits"].text == f"{log(e) / log(2):.2f}"


@pytest.mark.parametrize("name", [name for name, one in FIGURES.items() if "?" in one.shows])
def test_the_state_that_shows_a_figure_can_be_set(name: str) -> None:
    id, _, state = FIGURES[name].shows.partition("?")
    function = HERE.get(id)
    if function is None:
        return  # a widget of another chapter, which the build of the book looks for
    given = {}
    for argument, text in parse_qsl(state, strict_parsing=True):
        kind = signature(function).parameters[argument].annotation
        given[argument] = text if kind is str else json.loads(text)
    assert function(**given).finding


def test_a_sentence_that_no_longer_holds_stops_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**row} for row in facts.run("conversion").rows]
    for row in rows:
        row["loss"] += row["way"] == "mean"
    turned = records.converted(rows)
    monkeypatch.setattr(records, "converted", lambda _: turned)
    with pytest.raises(AssertionError, match="the mean is not always the best"):
        figures.merged()


def test_a_fact_with_another_wording_is_not_read_over() -> None:
    with pytest.raises(AssertionError, match=r"There is no .* times faster"):
        figures.read_from("about twice as fast", r"([\d.]+) times faster")
