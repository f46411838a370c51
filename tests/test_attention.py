"""The formulas of chapters 03 and 04 against brute force and published numbers."""

from itertools import pairwise
from math import isclose, isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import facts, gqa, swa
from smallmodels.table import Table

windows = st.integers(1, 12)


def finite(table: Table) -> bool:
    """Every number of every row and series is finite."""
    numbers = [v for c in table.columns for v in table.values(c.name) if isinstance(v, int | float)]
    numbers += [v for s in table.series.values() for r in s for v in r.values() if isinstance(v, int | float)]
    return all(map(isfinite, numbers)) and bool(table.finding) and len(table.to_html()) > 0


def touched(length: int, window: int, n_layers: int) -> list[list[bool]]:
    """reaches[query][key] after so many layers, by composing the mask with itself step by step."""
    sees = [[0 <= q - k < window for k in range(length)] for q in range(length)]
    reaches = [[q == k for k in range(length)] for q in range(length)]
    for _ in range(n_layers):
        reaches = [
            [any(sees[q][m] and reaches[m][k] for m in range(length)) for k in range(length)]
            for q in range(length)
        ]
    return reaches


@given(window=windows, n_layers=st.integers(1, 6), length=st.integers(1, 24), output=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_the_picture_of_the_mask_equals_the_composed_mask(
    window: int, n_layers: int, length: int, output: int
) -> None:
    table, shown = swa.mask(window, n_layers, length, output), min(output, length)
    arrives = [touched(length, window, k)[shown - 1] for k in range(n_layers + 1)]
    first = {k + 1: next((n for n, row in enumerate(arrives) if n and row[k]), None) for k in range(length)}
    new, heard = table.values("new"), table.values("heard")
    assert new[:n_layers] == [[*first.values()].count(k) for k in range(1, n_layers + 1)]
    assert heard[:n_layers] == [sum(arrives[k]) for k in range(1, n_layers + 1)]
    assert new[n_layers:] == [[*first.values()][:shown].count(None), length - shown]
    assert sum(int(str(n)) for n in new) == length, "every input is in one row"
    assert {h["position"]: h["text"] for h in table.series["hops"]} == {
        position: str(hops) for position, hops in first.items() if hops
    }
    lit = {(t["floor"], t["position"]) for t in table.series["tiles"] if t["state"] == "heard"}
    floors = range(n_layers + 1)
    assert lit == {(f, p) for f in floors for p in first if arrives[n_layers - f][p - 1]}
    assert len(table.series["tiles"]) == length * len(floors)
    way = [node["position"] for node in sorted(table.series["path"], key=lambda node: node["floor"])]
    assert way[-1] == shown
    assert way[0] == min(p for p, hops in first.items() if hops)
    assert all(0 <= a - b <= window - 1 for b, a in pairwise(way))
    assert all(0 <= f["position"] - f["to_position"] < window for f in table.series["fans"])
    assert ("The sequence ends" in "".join(table.notes)) == (output > length)
    assert finite(table)


@given(window=windows, n_layers=st.integers(1, 6), length=st.integers(1, 24))
@settings(max_examples=60, deadline=None)
def test_joined_pairs_equal_the_composed_mask(window: int, n_layers: int, length: int) -> None:
    table = swa.connections(window, n_layers, length)
    joined = [sum(map(sum, touched(length, window, k))) for k in range(1, n_layers + 1)]
    assert table.values("joined") == joined
    assert table.values("windowed") == [k * joined[0] for k in range(1, n_layers + 1)]
    cells = {(c["output"] - 1, c["input"] - 1): c["layers"] for c in table.series["cells"]}
    reaches = touched(length, window, n_layers)
    assert cells.keys() == {(q, k) for q in range(length) for k in range(q + 1)}
    assert all((layers is not None) == reaches[q][k] for (q, k), layers in cells.items())
    assert finite(table)


@given(
    model=st.sampled_from(gqa.MODELS),
    window=st.integers(1, 40_000),
    context=st.integers(1, swa.LONGEST),
)
@settings(deadline=None)
def test_every_curve_of_the_cache_turns_where_the_window_is_full(
    model: str, window: int, context: int
) -> None:
    table, shape = swa.cache_by_context(model, window, context), facts.model(model)
    token = 2 * shape.n_layers * shape.n_kv_heads * shape.head_dim * 2 / 1e9
    for n, rolling, full in zip(*map(table.values, ["context", "rolling_gb", "full_gb"]), strict=True):
        assert isclose(float(str(full)), token * int(str(n)))
        assert isclose(float(str(rolling)), token * min(int(str(n)), window))
    assert {context, window, swa.LONGEST} <= set(table.values("context"))
    bend = [row for row in table.series["caches"] if row["cache"] == "rolling"][1:]
    assert len({row["gb"] for row in bend}) == 1
    assert len(table.notes) == (window != shape.sliding_window)
    assert finite(table)


@given(length=st.integers(0, 60), window=st.none() | st.integers(1, 70))
def test_visible_pairs_by_counting(length: int, window: int | None) -> None:
    counted = sum(1 for q in range(length) for k in range(q + 1) if window is None or q - k < window)
    assert swa.visible_pairs(length, window) == counted


def test_the_reach_that_the_mistral_paper_rounds() -> None:
    assert swa.reach(32, 4096) == 131_040  # where it says "approximately 131K"


@given(window=st.integers(1, 200_000), n_layers=st.integers(1, 128))
@settings(deadline=None)
def test_every_reach_by_layer_is_finite(window: int, n_layers: int) -> None:
    table = swa.reach_by_layer(window, n_layers)
    assert finite(table)
    assert table.values("layers")[-1] == n_layers
    assert table.values("difference") == table.values("layers")
    assert table.finding.startswith("One layer of" if n_layers == 1 else f"{n_layers} layers of")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: swa.reach_by_layer(0, 3), "must be 1 or more"),
        (lambda: swa.mask(length=25), "1 to 24 tokens"),
        (lambda: swa.mask(0), "must be 1 or more"),
        (lambda: swa.mask(output=0), "no output 0"),
        (lambda: swa.connections(n_layers=7), "1 to 6 layers"),
        (lambda: swa.effective_context("GPT-5"), "no context of 'GPT-5'.*v0.3"),
        (lambda: swa.cache_by_context("GPT-5"), "no shape of 'GPT-5'"),
        (lambda: swa.cache_by_context(sliding_window=0), "window of 1 or more"),
        (lambda: swa.cache_by_context(context=131_073), "1 to 131,072 tokens"),
        (lambda: swa.hops(-1, 4), "1 positions ahead"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]


def calls(layers: int | None, n_facts: int, shares: dict[int, list[float]]) -> list[dict[str, Any]]:
    """Rows of the phone book: accuracies at distance 1, 2, ... of each seed."""
    return [
        {"layers": layers, "facts": n_facts, "seed": seed, "distance": d, "accuracy": share}
        for seed, found in shares.items()
        for d, share in enumerate(found, 1)
    ]


def test_the_phone_book_is_counted_as_by_hand() -> None:
    """Two seeds, window 3, two layers: a reach of 4, and a name lies one position behind its value.

    So at distance 1 a name is near, at 2 and 3 far, at 4 out of reach with its value within, at 5 both are.
    """
    rows = calls(2, 4, {0: [0.9, 0.8, 0.6, 0.4, 0.0], 1: [1.0, 1.0, 0.2, 0.0, 0.2]})
    rows += calls(3, 4, {0: [0.3] * 7}) + calls(None, 8, {0: [1.0] * 7})
    table = swa.phone_book(rows, n_facts=4, sliding_window=3)
    names = ("near", "far", "end", "nameless", "beyond")
    found = [float(str(table.values(f"{name}_pct")[0])) for name in names]
    assert found == pytest.approx([95, 65, 40, 20, 10])
    assert [row["reach"] for row in table.series["reaches"]] == [3, 5]
    assert table.values("facts") == [4, 4]
    assert table.finding == (
        "Reach is not capacity: of 4 facts, 2 layers name 95% inside one window and 40% at the end of their "
        "reach; 3 layers did not learn 4, not even inside one window."
    )
    assert finite(table)
    assert swa.phone_book(rows, n_facts=8, sliding_window=3).finding.startswith("No model with a window")
    flat = swa.phone_book(calls(2, 4, {0: [1.0] * 5}), sliding_window=3)
    assert flat.finding.startswith("Of 4 facts, 2 layers name 100%")
    with pytest.raises(ValueError, match="No run carried 5 facts; take one of 4, 8"):
        swa.phone_book(rows, n_facts=5)


def test_what_flops_predict_goes_through_the_longest_full_run() -> None:
    rows = [
        {"way": way, "length": n, "flops": flops, "seconds": seconds}
        for way, n, flops, seconds in (
            ("windowed", 8, 10, 0.5),
            ("full", 8, 10, 0.4),
            ("windowed", 16, 20, 1.5),
            ("full", 16, 40, 2.0),
        )
    ]
    table = swa.prefill_time(rows)
    assert [row["ms"] for row in table.series["predicted"]] == [500, 500, 1000, 2000]
    assert table.values("gain") == [0.4 / 0.5, 2.0 / 1.5]
    assert table.values("flops_gain") == [1, 2]
    assert table.finding.endswith("what is saved lies behind the window.")
    slower = [{**row, "seconds": 3 - row["seconds"]} for row in rows]
    assert swa.prefill_time(slower).finding.endswith("nothing is saved here.")


def test_four_meanings_of_context() -> None:
    table = swa.effective_context()
    assert table.values("model") == [8192, 8192, 32_768, 4096, 131_041, None]
    assert table.values("baseline") == [4096, 4096, 4096, 4096, 4096, None]
    assert "8K+" in table.cell(table.rows[0], table.columns[2]).explanation


@given(st.sampled_from(gqa.MODELS + swa.LATER), st.sampled_from(gqa.MODELS))
def test_every_comparison_of_contexts_is_consistent(model: str, baseline: str) -> None:
    table, (ours, theirs) = swa.effective_context(model, baseline), map(facts.model, (model, baseline))
    rows = dict(zip(table.values("meaning"), table.values("model"), strict=True))
    allowed = rows["it is configured for"]
    assert rows["a layer shows"] == (ours.sliding_window or allowed)
    assert (rows["layers can pass on"] == allowed) == (ours.sliding_window is None)
    assert ("the post gives it" in rows) == ((model, baseline) == ("Mistral 7B", "Llama 2 7B"))
    assert ("no window" in table.finding) == (ours.sliding_window is None)
    assert f"{ours.trained_context / theirs.trained_context:.3g} times" in table.finding
    assert finite(table)
