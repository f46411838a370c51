"""The formulas of chapters 03 and 04 against brute force and published numbers."""

from itertools import pairwise
from math import isclose, isfinite
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

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


def test_published_figures_of_the_mistral_paper() -> None:
    assert swa.reach(32, 4096) == 131_040  # where it says "approximately 131K"
    full = gqa.kv_cache_bytes(131_072, 32_768)
    assert full / gqa.kv_cache_bytes(131_072, 32_768, sliding_window=4096) == 8  # "by 8x"


@given(
    model=st.sampled_from(gqa.MODELS),
    n_kv_heads=st.integers(1, 128),
    context=st.integers(0, 200_000),
    batch=st.integers(1, 512),
    precision=st.sampled_from([*gqa.BYTES_PER_VALUE]),
)
@settings(deadline=None)
def test_every_reachable_cache_is_consistent(
    model: str, n_kv_heads: int, context: int, batch: int, precision: str
) -> None:
    table = gqa.kv_cache(model, n_kv_heads, context, batch, precision)
    assert finite(table)
    shape = facts.model(model)
    held = min(context, shape.sliding_window or context)
    for heads, sharing, token, gb, share in zip(
        *map(table.values, ["n_kv_heads", "sharing", "token_bytes", "cache_gb", "share_pct"]), strict=True
    ):
        assert isinstance(heads, int)
        assert heads * int(str(sharing)) == shape.n_heads
        assert isclose(float(str(gb)), float(str(token)) * held * batch / 1e9)
        assert isclose(float(str(share)), 100 * heads / shape.n_heads)
    marked = [k for k in table.values("is") if "your choice" in str(k)]
    assert len(marked) == 1
    bars = {bar["row"]: bar for bar in table.series["caches"]}
    assert [bar["value"] for bar in bars.values()] == pytest.approx(table.values("cache_gb"))
    assert [bar["chosen"] for bar in bars.values()] == ["your choice" in str(k) for k in table.values("is")]


@given(n_heads=st.integers(1, 128), n_kv_heads=st.integers(1, 200))
@settings(deadline=None)
def test_every_reachable_picture_shares_evenly(n_heads: int, n_kv_heads: int) -> None:
    table = gqa.sharing(n_heads, n_kv_heads)
    assert finite(table)
    chosen = gqa.shared_heads(n_heads, n_kv_heads)
    heads, queries, keys = (table.series[name] for name in ("heads", "queries", "keys"))
    assert (len(heads), len(queries), len(keys)) == (n_heads, n_heads, chosen)
    # The order of the groups is the model's (`lab.attention`): neighbours share.
    assert [h["kv_head"] for h in heads] == [i for i in range(chosen) for _ in range(n_heads // chosen)]
    for head in heads:
        key = keys[head["kv_head"]]
        assert key["left"] < head["kv_x"] < key["right"]
        assert key["tone"] == head["tone"] == queries[head["query_head"]]["tone"]
    for boxes in (queries, keys):
        assert all(0 <= a["left"] < a["right"] < b["left"] for a, b in pairwise(boxes))
    kept = dict(zip(table.values("n_kv_heads"), table.values("vectors"), strict=True))
    assert f"keeps {kept[chosen]} vectors" in table.finding


@given(
    model=st.sampled_from(gqa.MODELS),
    context=st.integers(1, 200_000),
    batch=st.integers(1, 64),
    precision=st.sampled_from([*gqa.BYTES_PER_VALUE]),
)
@settings(deadline=None)
def test_every_miscount_is_finite_and_the_factors_multiply(
    model: str, context: int, batch: int, precision: str
) -> None:
    table = gqa.miscounts(model, context, batch, precision)
    assert finite(table)
    right, half, unshared, unrolled, both = (float(str(f)) for f in table.values("factor"))
    assert (right, half) == (1, 0.5)
    assert isclose(unshared * unrolled, both)


@given(model=st.sampled_from(gqa.MODELS), context=st.integers(1, 200_000))
@settings(deadline=None)
def test_every_calculator_is_set_against_the_true_size(model: str, context: int) -> None:
    table = gqa.calculators(model, context)
    assert finite(table)
    true, *given_sizes = (float(str(v)) for v in table.values("cache_gb"))
    ours = float(str(gqa.miscounts(model, context).values("cache_gb")[0]))
    assert isclose(true, ours)
    factors = [float(str(v)) for v in table.values("factor")]
    assert all(isclose(size / true, f) for size, f in zip(given_sizes, factors[1:], strict=True))


def test_the_calculators_formulas_as_their_files_have_them() -> None:
    """Written out for Mistral 7B: 4,096 wide, 32 layers, 1,000 tokens, 2 bytes a number."""
    hidden, layers, tokens, batch = 4096, 32, 1000, 1
    cookbook = 2 * hidden * layers * tokens * batch
    vllm, ggml = (factor * tokens * 2 * 2 * hidden * layers for factor in (2, 1))
    table = gqa.calculators(context=tokens)
    assert [float(str(gb)) * 1e9 for gb in table.values("cache_gb")[1:]] == [cookbook, ggml, vllm]
    assert table.values("factor") == [1, 2, 4, 8]
    assert len(table.sources()) == 2


def test_the_published_comparison_is_the_papers_table() -> None:
    """Touvron et al. 2023, Llama 2, table 18: rows by hand, and the means of its columns."""
    table = gqa.published_quality()
    rows = {str(row[0]): row[1:] for row in zip(*(table.values(c.name) for c in table.columns), strict=True)}
    assert rows["TriviaQA"] == (44.7, 46.2, 42.8)
    assert len(rows) == 12
    assert [round(float(str(v)), 1) for v in rows["mean"]] == [44.2, 44.3, 43.8]
    assert finite(table)


# Made-up records, small enough to check by hand.


def test_a_step_that_only_reads_lies_on_its_line() -> None:
    """3 ms and 10 GB/s, by construction."""
    cases = [(8, 0, 1e9), (1, 0, 0.8e9), (8, 100, 4e9), (1, 100, 1e9)]
    rows = [
        {"n_kv_heads": h, "context": n, "bytes": b, "seconds": 0.003 + b / 1e10, "least": 0.0, "most": 1.0}
        for h, n, b in cases
    ]
    table = gqa.decode_time(rows)
    assert table.values("ms") == pytest.approx(table.values("fitted_ms"))
    assert table.values("fewer") == pytest.approx([1, 1.25, 1, 4])
    assert table.values("faster") == pytest.approx([1, 103 / 83, 1, 403 / 103])
    assert "3.9 times as fast as with 8, where the bytes say 4.0; t = 3 ms + bytes / 10 GB/s" in table.finding
    assert [tag["text"] for tag in table.series["tags"]] == ["8", "1"]


def test_times_that_follow_something_else_get_no_line() -> None:
    cases = [(8, 0, 1e9, 5.0), (1, 0, 0.8e9, 5.1), (8, 100, 4e9, 4.9), (1, 100, 1e9, 5.0)]
    rows = [
        {"n_kv_heads": h, "context": n, "bytes": b, "seconds": ms / 1e3, "least": 0.0, "most": 1.0}
        for h, n, b, ms in cases
    ]
    found = gqa.decode_time(rows).finding
    assert found.endswith("does not follow the bytes here: a step takes 4.9 to 5.1 ms, whatever it reads.")


def test_two_causes_of_a_time_are_told_apart() -> None:
    """1 ms, 20 GB/s and 2 ms for 100 tokens, by construction; and the record against numpy's solver."""
    cases = [(0, 1e9), (0, 0.8e9), (100, 4e9), (100, 1e9)]
    rows = [{"context": n, "bytes": b, "seconds": 0.001 + b / 2e10 + n * 2e-5} for n, b in cases]
    assert gqa.fit_times(rows, with_tokens=True) == pytest.approx((1, 50, 0.02, 1))
    rows = list(facts.run("decode-time").rows)
    causes = np.array([[1, row["bytes"] / 1e9, row["context"]] for row in rows])
    solved = np.linalg.lstsq(causes, np.array([1e3 * row["seconds"] for row in rows]))[0]
    assert gqa.fit_times(rows, with_tokens=True)[:3] == pytest.approx(solved)
    assert gqa.fit_times(rows).explained < gqa.fit_times(rows, with_tokens=True).explained < 1


def test_runs_are_compared_seed_by_seed() -> None:
    losses = {8: [1.0, 2.0, 3.0], 1: [1.5, 2.5, 2.9]}
    rows = [
        {"n_kv_heads": heads, "seed": seed, "loss": loss}
        for heads, found in losses.items()
        for seed, loss in enumerate(found)
    ]
    table = gqa.sharing_quality(rows)
    assert table.values("loss") == pytest.approx([2, 2.3])
    assert table.values("deviation") == pytest.approx([1, 0.7211], abs=1e-4)
    assert table.values("gap") == [None, pytest.approx(0.3)]
    assert table.values("worse") == [None, 2]
    margin = student.ppf(0.975, df=2) * 0.34641 / 3**0.5  # the deviation of .5, .5 and -.1
    assert table.values("margin") == [None, pytest.approx(margin, rel=1e-4)]
    assert "+0.300 ± 0.861 with 1 (2 of 3 worse)" in table.finding
    assert "Seeds alone make up to 2.000." in table.finding


def test_the_table_of_students_t_is_his() -> None:
    freedom = range(1, len(gqa.recorded.STUDENT) + 1)
    assert tuple(round(float(student.ppf(0.975, df)), 3) for df in freedom) == gqa.recorded.STUDENT


def test_the_best_way_to_merge_may_change_as_training_goes_on() -> None:
    losses = {("kept", 0.0): 1.0, ("mean", 0.0): 2.0, ("first", 0.0): 3.0}
    losses |= {("kept", 0.2): 0.75, ("mean", 0.2): 1.5, ("first", 0.2): 1.25}
    rows = [
        {"way": way, "seed": seed, "extra": extra, "loss": loss + 0.01 * seed}
        for (way, extra), loss in losses.items()
        for seed in (-1, 1)
    ]
    table = gqa.conversion(rows)
    assert table.values("loss_1") == pytest.approx([0.75, 1.5, 1.25])
    assert "Best is 'mean' at once, 'first' after 20% more; it is then 0.500 nats behind" in table.finding
    assert len(table.series["runs"]) == 12


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
        (lambda: gqa.kv_cache("GPT-5"), "no shape of 'GPT-5'.*Mistral 7B"),
        (lambda: gqa.kv_cache(precision="FP7"), "no precision 'FP7'; choose one of FP32"),
        (lambda: gqa.kv_cache(n_kv_heads=0), "0 key-value heads"),
        (lambda: gqa.kv_cache(batch=0), "batch of 0"),
        (lambda: gqa.sharing(0), "1 to 128 query heads"),
        (lambda: gqa.sharing(n_kv_heads=0), "0 key-value heads"),
        (lambda: gqa.kv_cache(context=-1), "context of -1"),
        (lambda: gqa.miscounts(batch=0), "batch of 0"),
        (lambda: gqa.miscounts(context=0), "1 token or more"),
        (lambda: gqa.calculators(context=0), "1 token or more"),
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


def test_a_sharing_that_cannot_be_is_said_first() -> None:
    assert gqa.sharing(4, 64).finding.startswith("4 query heads cannot share 64 evenly, so this is 4. ")
    assert "evenly" not in gqa.sharing(32, 8).finding
    assert gqa.kv_cache("Llama 2 13B", 16).finding.startswith("40 query heads cannot share 16 evenly")


@pytest.mark.parametrize(
    ("shown", "name", "keys"),
    [
        (gqa.sharing_quality, "sharing-quality", ("n_kv_heads", "seed")),
        (gqa.conversion, "conversion", ("way", "seed", "extra")),
    ],
)
def test_another_devices_record_says_how_far_it_is_from_the_first(
    shown: Any, name: str, keys: tuple[str, ...]
) -> None:
    first, other = (
        {tuple(row[key] for key in keys): row["loss"] for row in facts.run(id).rows}
        for id in (name, f"{name}-cuda")
    )
    assert first.keys() == other.keys()
    apart = max(abs(first[key] - other[key]) for key in first)
    assert any(f"by more than {apart:.3f} nats" in note for note in shown(device="cuda").notes)
    assert len(shown().notes) == len(shown(device="cuda").notes) - 1
