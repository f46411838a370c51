"""Fits to our own sweep against pandas, numpy and the record's own file."""

import json
import math
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from shown import by_name, finite

from smallmodels import facts, miniature, scaling
from smallmodels.miniature import (
    FITTED,
    HELD_OUT,
    floors,
    half_size,
    losses,
    matches,
    refit,
)
from smallmodels.scaling import fitting
from smallmodels.scaling.fitting import METHODS, Point

RUNS = facts.data_folder() / "runs"


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
            with pytest.raises(ValueError, match="a floor needs at least three of each"):
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
    ends = (
        f"{min(numbers):,.1f} to {max(numbers):,.1f}"
        if len(numbers) > 1
        else "".join(f"{n:,.1f}" for n in numbers)
    )
    assert f"{ends} million" in table.finding or not numbers
    assert ("no amount is enough" in table.finding) == (len(numbers) < len(asked))


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


def test_a_single_fit_asks_one_amount():
    assert matches(32, HELD_OUT, "Huber").finding.startswith(
        "Of 9 fits of one sweep one asks 166.6 million characters, and eight say that no amount is enough"
    )
