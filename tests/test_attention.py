"""The formulas of chapter 03 against brute force and published numbers."""

from itertools import pairwise
from math import isclose, isfinite
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from smallmodels import facts, gqa
from smallmodels.table import Table


def finite(table: Table) -> bool:
    """Every number of every row and series is finite."""
    numbers = [v for c in table.columns for v in table.values(c.name) if isinstance(v, int | float)]
    numbers += [v for s in table.series.values() for r in s for v in r.values() if isinstance(v, int | float)]
    return all(map(isfinite, numbers)) and bool(table.finding) and len(table.to_html()) > 0


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
    ],
)
def test_anything_else_is_refused_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]


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
