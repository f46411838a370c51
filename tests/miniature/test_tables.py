"""The tables of our own sweep against pandas, numpy and the record's own file."""

import json
import math
import re
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest

from smallmodels import facts, miniature, scaling
from smallmodels.miniature import (
    FITTED,
    HELD_OUT,
    MEAN,
    SHOWN,
    TEXTS,
    floors,
    half_size,
    losses,
    matches,
    refit,
    verdicts,
)
from smallmodels.scaling import fitting
from smallmodels.scaling.fitting import METHODS, Point

RUNS = facts.data_folder() / "runs"
FIELDS = ("width", "parameters", "characters", "seed", "loss")


@pytest.fixture(scope="module")
def record():
    """The recorded rows, read without the book's loader."""
    return pd.DataFrame(json.loads((RUNS / "scaling.json").read_text("utf-8"))["rows"])[[*FIELDS]]


@pytest.fixture(scope="module")
def floor():
    return json.loads((RUNS / "scaling.json").read_text("utf-8"))["settings"]["exact_on_sample"]


def by_name(table):
    """The rows of a table as plain values, in order."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(table.values, names), strict=True)]


def finite(table):
    """Every number of every row and series is finite."""
    numbers = [v for row in by_name(table) for v in row.values()]
    numbers += [v for records in table.series.values() for record in records for v in record.values()]
    return all(math.isfinite(v) for v in numbers if isinstance(v, int | float)) and len(table.to_html()) > 0


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


def test_the_registered_fit_is_that_of_the_protocol(record):
    part = record[record.characters <= FITTED]
    law = fitting.fit([Point(row.parameters, row.characters, row.loss) for row in part.itertuples()])
    rows = {row["figure"]: row for row in by_name(refit())}
    names = {"floor E": "E", "A": "A", "B": "B", "exponent α": "alpha", "exponent β": "beta"}
    draws = pd.DataFrame(json.loads((RUNS / "scaling-bootstrap.json").read_text("utf-8"))["rows"])
    for figure, name in names.items():
        assert rows[figure]["fitted"] == pytest.approx(getattr(law, name), rel=1e-5)
        assert rows[figure]["low"] == pytest.approx(np.percentile(draws[name], 5))
        assert rows[figure]["high"] == pytest.approx(np.percentile(draws[name], 95))
    off = [row.loss / law.loss(row.parameters, row.characters) - 1 for row in part.itertuples()]
    assert rows["residual, root mean square (%)"]["fitted"] == pytest.approx(
        100 * np.sqrt(np.mean(np.square(off)))
    )
    hidden = record[record.characters == HELD_OUT]
    off = [row.loss / law.loss(row.parameters, row.characters) - 1 for row in hidden.itertuples()]
    assert rows["held out, root mean square (%)"]["fitted"] == pytest.approx(
        100 * np.sqrt(np.mean(np.square(off)))
    )
    assert rows["held out, measured above the law (%)"]["fitted"] == pytest.approx(100 * np.mean(off))


def test_only_the_registered_fit_shows_an_interval():
    assert "the interval of 1,000 recorded draws" in refit().notes[0]
    assert any(row["low"] is not None for row in by_name(refit(held_out=0)))
    for other in (
        {"how": "Huber"},
        {"smallest": 32},
        {"seeds": (0, 1)},
        {"last": 2_097_152},
        {"held_out": 524_288},
    ):
        table = refit(**other)
        assert "not the registered fit" in table.notes[0]
        assert all(row["low"] is None for row in by_name(table))


@pytest.mark.parametrize("how", METHODS)
def test_every_reachable_fit_is_finite_or_refused_in_a_sentence(record, how):
    budgets = sorted(map(int, record.characters.unique()))
    settings = product((24, 48, 96), budgets[:4:2], budgets[2:], (0, budgets[-1]), ((0, 1, 2), (1,)))
    refused = 0
    for smallest, first, last, held_out, seeds in settings:
        sizes = (record.width[record.width >= smallest]).nunique()
        fitted = [b for b in budgets if first <= b <= last and b != held_out]
        if sizes < 3 or len(fitted) < 3:
            refused += 1
            with pytest.raises(ValueError, match="a floor needs at least 3 of each"):
                refit(smallest, first, last, held_out, seeds, how)
            continue
        table = refit(smallest, first, last, held_out, seeds, how)
        assert finite(table)
        used = [point["use"] for point in table.series["points"]]
        assert used.count("fitted") == sizes * len(fitted) * len(seeds)
        assert used.count("held out") == (sizes * len(seeds) if held_out else 0)
    assert refused


@pytest.mark.parametrize("how", METHODS)
def test_the_floors_stand_beside_the_true_one(floor, how):
    table = floors(how)
    rows = by_name(table)
    assert finite(table)
    assert rows[0]["fitted"] == "as registered"
    for row in rows:
        assert row["off"] == pytest.approx(row["floor"] - floor)
        assert 90 < row["explained"] <= 100
    near = sum(abs(row["off"]) <= 0.02 for row in rows)
    assert f"; {near or 'none'} of them come within 0.02" in table.finding
    found = [row["floor"] for row in rows if row["floor"] > 1e-9]
    assert f"{min(found):.3f} to {max(found):.3f}" in table.finding
    assert ("at 0, the lowest allowed" in table.finding) == (len(found) < len(rows))
    for row, cells in zip(rows, table.rows, strict=True):
        assert bool(cells["floor"].note) == (row["floor"] < 1e-9)


@pytest.mark.parametrize("read", [FITTED, HELD_OUT])
@pytest.mark.parametrize("larger", [32, 48, 64, 96])
def test_the_text_needed_is_where_the_losses_are_equal(record, larger, read):
    table = matches(larger, read)
    assert finite(table)
    smaller = {32: 24, 48: 32, 64: 48, 96: 64}[larger]
    size = record.groupby("width").parameters.first()
    law = miniature.registered_law()
    rows = by_name(table)
    if rows[0]["text"] == scaling.NEVER:
        assert law.loss(size[smaller], 1e300) >= law.loss(size[larger], read)
    else:
        assert law.loss(size[smaller], rows[0]["text"] * 1e6) == pytest.approx(law.loss(size[larger], read))
    on_gpu = pd.DataFrame(json.loads((RUNS / "scaling-cuda.json").read_text("utf-8"))["rows"])
    told = table.finding.partition("measured: ")[2].split(", on a GPU ")
    for runs, row, words in zip((record, on_gpu), rows[-2:], told, strict=True):
        means = runs.groupby(["width", "characters"]).loss.mean()
        goal, curve = means[larger, read], means[smaller]
        most = f"{curve.index.max() / 1e6:.2f}"
        if goal < curve.min():
            assert row["text"] == f"over {most}"
            assert f"not reached within {most} million" in words
        else:
            at = math.exp(np.interp(-goal, -curve, np.log(curve.index)))
            assert row["text"] * 1e6 == pytest.approx(at)
            assert f"about {at / 1e6:.2f} million" in words
    asked = [row["text"] for row in rows[:-2]]
    assert f"{len(asked)} fits" in table.finding
    numbers = [text for text in asked if text != scaling.NEVER]
    assert not numbers or f"{min(numbers):,.1f} to {max(numbers):,.1f} million" in table.finding
    assert ("no amount is enough" in table.finding) == (len(numbers) < len(asked))


@pytest.mark.parametrize("name", ["scaling", "scaling-cuda"])
@pytest.mark.parametrize("larger", [64, 96])
def test_within_the_noise_a_match_comes_earlier_or_later(name, larger):
    rows = pd.DataFrame(json.loads((RUNS / f"{name}.json").read_text("utf-8"))["rows"])
    smaller = {64: 48, 96: 64}[larger]
    means = rows.groupby(["width", "characters"]).loss.mean()
    own = rows.groupby(["width", "characters"]).loss.var().groupby("width").mean()
    noise = 2 * math.sqrt((own[smaller] + own[larger]) / 3)
    curve = means[smaller]
    for off, found in zip((noise, 0, -noise), miniature.reached(larger, FITTED, name), strict=True):
        goal = means[larger, FITTED] + off
        at = np.interp(-goal, -curve, np.log(curve.index))
        assert found == (None if goal < curve.min() else pytest.approx(math.exp(at)))


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


def test_the_letters_are_those_of_the_protocol():
    protocol = (RUNS / "scaling" / "PROTOCOL.md").read_text("utf-8")
    letters = [row["letter"][0] for row in by_name(verdicts())]
    assert sorted({*letters}) == re.findall(r"^([a-z])\. \*\*", protocol, re.M)
    assert letters == sorted(letters)


@pytest.mark.parametrize(
    ("function", "wrong", "words"),
    [
        (losses, {"show": "colour"}, "There is nothing called 'colour' to show; choose one of loss, above"),
        (losses, {"seed": "7"}, "There is no seed '7'; choose one of mean of the seeds, 0, 1, 2."),
        (losses, {"record": "scaling-abacus"}, "There is no recorded experiment 'scaling-abacus'"),
        (half_size, {"larger": 24}, "no pair whose larger width is 24; choose one of 32, 48, 64, 96."),
        (half_size, {"text": "half"}, "no amount of text 'half'; choose one of same, compute, twice, four"),
        (refit, {"smallest": 25}, "There is no width 25; choose one of 24, 32, 48, 64, 96."),
        (refit, {"first": 1000}, "No run read 1000 characters; choose one of 524288"),
        (refit, {"held_out": 7}, "No run read 7 characters"),
        (refit, {"seeds": ()}, "Choose one seed or more of 0, 1, 2."),
        (refit, {"seeds": (3,)}, "Choose one seed or more of 0, 1, 2."),
        (refit, {"how": "guess"}, "There is no method 'guess'"),
        (matches, {"larger": 24}, "no pair whose larger width is 24"),
        (matches, {"read": 5}, "No run read 5 characters"),
        (floors, {"how": "guess"}, "There is no method 'guess'"),
        (miniature.interval, {"figure": "Z"}, "The draws hold no 'Z'; they hold E, A, B, alpha, beta."),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(function, wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        function(**wrong)
