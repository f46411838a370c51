"""The tables of our own sweep against pandas, numpy and the record's own file."""

import math
import re
from itertools import pairwise, product

import numpy as np
import pytest
from shown import by_name, finite

from smallmodels import facts, miniature
from smallmodels.miniature import (
    FITTED,
    HELD_OUT,
    MEAN,
    SHOWN,
    TEXTS,
    half_size,
    losses,
    verdicts,
)

RUNS = facts.data_folder() / "runs"


def test_the_grid_is_the_mean_of_the_recorded_losses(record, floor):
    means = record.groupby(["parameters", "characters"]).loss.mean()
    deviations = record.groupby(["parameters", "characters"]).loss.std()
    one = record[record.seed == 1].set_index(["parameters", "characters"]).loss
    for shown, wanted in (
        (losses(), means),
        (losses(SHOWN[1]), means - floor),
        (losses(SHOWN[2]), deviations),
        (losses(seed="1"), one),
    ):
        for row in by_name(shown):
            for budget in record.characters.unique():
                assert row[str(budget)] == pytest.approx(wanted[row["size"], budget])


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("seed", [MEAN, "0", "2"])
def test_every_reachable_grid_is_finite_and_names_its_language(show, seed):
    if show == SHOWN[2] and seed != MEAN:
        with pytest.raises(ValueError, match="One seed has no spread"):
            losses(show, seed)
        return
    table = losses(show, seed)
    assert finite(table)
    for words in ("2,000 invented words", "seed 0", "probability 0.6", "nats per character"):
        assert words in table.notes[0]
    assert all(line["low"] <= line["loss"] <= line["high"] for line in table.series["lines"])


def test_the_finding_counts_the_steps_that_fall(record):
    means = record.groupby(["parameters", "characters"]).loss.mean().unstack()
    changes = np.concatenate([np.diff(means.to_numpy(), axis=axis).ravel() for axis in (0, 1)])
    falls, count = int((changes < 0).sum()), changes.size
    assert f"{'All ' + str(count) if falls == count else f'{falls} of {count}'} steps" in losses().finding


def test_runs_just_made_stand_beside_the_recorded_ones_of_their_seed(record):
    some = record[(record.seed == 1) & (record.width < 48) & (record.characters < FITTED)]
    live = [{**row, "loss": row["loss"] + 0.001} for row in some.to_dict("records")]
    unknown = {**live[0], "seed": 99}
    table = miniature.rerun([*live, unknown])
    assert table.values("recorded") == pytest.approx([*some.loss])
    assert table.values("off") == pytest.approx([0.001] * len(live))
    assert "at most 0.0010 nats" in table.finding
    assert "equal, to all digits shown" in miniature.rerun(some.to_dict("records")).finding
    with pytest.raises(ValueError, match="None of these runs is in the record"):
        miniature.rerun([unknown])


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("larger", [32, 48, 64, 96])
def test_half_the_size_is_read_off_the_measured_points(record, larger, text):
    smaller = {32: 24, 48: 32, 64: 48, 96: 64}[larger]
    size = record.groupby("width").parameters.first()
    times = {"same": 1, "twice": 2, "four times": 4}.get(text, size[larger] / size[smaller])
    table = half_size(larger, text)
    assert finite(table)
    for row in by_name(table):
        read = row["read"] * 1e6
        big = record[(record.width == larger) & np.isclose(record.characters, read)].loss.mean()
        assert row["larger"] == pytest.approx(big)
        curve = record[record.width == smaller].groupby("characters").loss.mean()
        if read * times > curve.index.max():
            assert row["smaller"] is None
            assert row["outcome"] == "not measured"
            continue
        found = np.interp(math.log(read * times), np.log(curve.index), curve)
        assert row["gap"] == pytest.approx(found - big)
        clear = abs(found - big) > row["noise"]
        assert row["outcome"] == (
            ("larger wins" if found > big else "smaller wins") if clear else "undecided"
        )
    if text == "compute":
        assert size[smaller] * row["read_smaller"] == pytest.approx(size[larger] * row["read"])


@pytest.mark.parametrize("larger", [32, 48, 64, 96])
def test_the_crossing_lies_where_the_gap_changes_its_sign(larger):
    table = half_size(larger, "twice")
    rows = [row for row in by_name(table) if row["gap"] is not None]
    changes = [(a, b) for a, b in pairwise(rows) if a["gap"] * b["gap"] < 0]
    found = re.search(r"about ([\d.]+) million", table.finding)
    assert bool(found) == bool(changes)
    place = dict(zip((32, 48, 64, 96), miniature.crossings(), strict=True))[larger]
    assert place == (pytest.approx(1e6 * float(found[1]), abs=6e3) if found else None)
    if found:
        a, b = changes[0]
        zero = np.interp(0, *zip(*sorted((r["gap"], math.log(r["read"])) for r in (a, b)), strict=True))
        assert float(found[1]) == pytest.approx(math.exp(zero), abs=0.006)


def test_verdicts_follow_the_record(record, floor):
    """Every verdict worked out anew from the rows, by pandas."""
    mean = record.groupby(["width", "characters"]).loss.mean().unstack()
    rows = by_name(verdicts())
    held = [row["verdict"] for row in rows]
    rises = (np.diff(mean.to_numpy(), axis=0) >= 0).sum() + (np.diff(mean.to_numpy(), axis=1) >= 0).sum()
    assert (held[0] == "held") == (rises == 0)
    law = miniature.registered_law()
    fitted = record[record.characters <= FITTED]
    residual = (
        fitted.loss / [law.loss(*x) for x in zip(fitted.parameters, fitted.characters, strict=True)] - 1
    )
    assert held[1] == ("held" if np.sqrt((residual**2).mean()) < 0.01 else "failed")
    assert held[2] == ("held" if floor - 0.02 > law.E else "failed")
    low, high = miniature.interval("E")
    assert held[3] == ("held" if not low <= floor <= high else "failed")
    same = mean.to_numpy()[:-1] - mean.to_numpy()[1:]
    assert (held[4] == "held") == bool((same > 0).all())
    twice = mean.to_numpy()[:-1, 1:] - mean.to_numpy()[1:, :-1]  # pairs by budgets of the larger
    assert (held[5] == "held") == bool((twice[:, 0] < 0).all())
    assert (held[6] == "held") == bool((twice[:2, 3] > 0).all())
    four = mean.to_numpy()[:-1, 2:] - mean.to_numpy()[1:, :-2]
    meant = [four[pair, k] for pair, k in product(range(4), range(3)) if not (pair < 2 and k == 2)]
    assert (held[8] == "held") == bool(max(meant) < 0)
    hidden = record[record.characters == HELD_OUT]
    off = hidden.loss / [law.loss(*x) for x in zip(hidden.parameters, hidden.characters, strict=True)] - 1
    assert held[9] == ("held" if np.sqrt((off**2).mean()) > np.sqrt((residual**2).mean()) else "failed")
    assert held[10] == ("held" if off.mean() > 0 else "failed")
    assert f"({(off > 0).sum()} of {len(off)} runs above)" in rows[10]["outcome"]
    assert verdicts().finding.startswith(f"Of {len(rows)} parts of the predictions {held.count('held')} held")


def test_what_did_not_hold_can_be_shown_alone():
    every, some = by_name(verdicts()), by_name(verdicts("what did not hold"))
    assert some == [row for row in every if row["verdict"] != "held"]
    assert 0 < len(some) < len(every)
    assert verdicts("what did not hold").finding == verdicts().finding
    with pytest.raises(ValueError, match="choose what did not hold or all of them"):
        verdicts("b")


def test_the_letters_are_those_of_the_protocol():
    protocol = (RUNS / "scaling" / "PROTOCOL.md").read_text("utf-8")
    letters = [row["letter"][0] for row in by_name(verdicts())]
    assert sorted({*letters}) == re.findall(r"^([a-z])\. \*\*", protocol, re.M)
    assert letters == sorted(letters)


def test_a_seed_is_named_by_its_number_or_the_text_of_it():
    assert losses(seed=0) == losses(seed="0")
    assert losses(seed=np.int64(2)) == losses(seed="2")
    with pytest.raises(ValueError, match="There is no seed '9'; choose one of mean of the seeds, 0, 1, 2"):
        losses(seed=9)
