"""What lies between the recorded sweep and its tables, against pandas and numpy."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from smallmodels import facts, miniature
from smallmodels.miniature import (
    FITTED,
    TEXTS,
)

RUNS = facts.data_folder() / "runs"


def test_noise_is_pooled_as_the_protocol_says(record):
    variance = record.groupby(["width", "characters"]).loss.var()
    own = variance.groupby("width").mean() ** 0.5
    spread = own if own.max() > 2 * own.min() else own * 0 + variance.mean() ** 0.5
    sweep = miniature.grid()
    for width in own.index:
        assert sweep.deviations[width] == pytest.approx(spread[width])
    pair = 24, 96
    noise = sweep.noise(*((width, FITTED) for width in pair))
    assert noise == pytest.approx(2 * math.sqrt(sum(spread[width] ** 2 / 3 for width in pair)))


@pytest.mark.parametrize("name", ["scaling", "scaling-cuda"])
@pytest.mark.parametrize("larger", [64, 96])
def test_within_the_noise_a_match_comes_earlier_or_later(name, larger):
    rows = pd.DataFrame(json.loads((RUNS / f"{name}.json").read_text("utf-8"))["rows"])
    smaller = {64: 48, 96: 64}[larger]
    means = rows.groupby(["width", "characters"]).loss.mean()
    own = rows.groupby(["width", "characters"]).loss.var().groupby("width").mean()
    noise = 2 * math.sqrt((own[smaller] + own[larger]) / 3)
    curve = means[smaller]
    match = miniature.reached(larger, FITTED, name)
    for off, found in zip((noise, 0, -noise), (match.early, match.at, match.late), strict=True):
        goal = means[larger, FITTED] + off
        at = np.interp(-goal, -curve, np.log(curve.index))
        assert found == (None if goal < curve.min() else pytest.approx(math.exp(at)))


def test_nine_in_ten_lie_between_numpys_percentiles():
    values = np.random.default_rng(0).normal(size=137).tolist()
    assert miniature.nine_in_ten(values) == pytest.approx([*np.percentile(values, (5, 95))])


def test_what_a_reader_can_choose_is_what_was_measured(record):
    widths = sorted(int(width) for width in record.width.unique())
    assert [width for _, width in miniature.pair_choices()] == widths[1:]
    assert [width for _, width in miniature.size_choices()] == widths[:-2]
    assert [budget for _, budget in miniature.budget_choices()] == sorted(
        map(int, record.characters.unique())
    )
    assert [name for _, name in miniature.record_choices()] == ["scaling", "scaling-cuda"]
    assert {text for _, text in miniature.text_choices()} == {*TEXTS}
