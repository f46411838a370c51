"""Chapter 03's tables: consistent wherever a reader gets, known from elsewhere, or refused."""

from itertools import pairwise
from keyword import iskeyword
from math import isclose, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    marked = [k for k in table.values("kind") if "your choice" in str(k)]
    assert len(marked) == 1
    bars = {bar["row"]: bar for bar in table.series["caches"]}
    assert [bar["value"] for bar in bars.values()] == pytest.approx(table.values("cache_gb"))
    assert [bar["chosen"] for bar in bars.values()] == ["your choice" in str(k) for k in table.values("kind")]


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


def test_a_sharing_that_cannot_be_is_said_first() -> None:
    assert gqa.sharing(4, 64).finding.startswith("4 query heads cannot share 64 evenly, so this is 4. ")
    assert "evenly" not in gqa.sharing(32, 8).finding
    assert gqa.kv_cache("Llama 2 13B", 16).finding.startswith("40 query heads cannot share 16 evenly")


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


def test_counts_are_told_without_exponents_and_one_is_singular() -> None:
    assert "64 to 256 times" in gqa.calculators(context=131_072).finding
    assert gqa.calculators().finding.endswith("these programs give 2 to 8 times as much.")
    assert gqa.sharing(1, 1).caption.startswith("One query head and")
    assert "one sequence of one token" in gqa.kv_cache(context=1).caption


@given(model=st.sampled_from(gqa.MODELS), context=st.integers(1, 10**9))
@settings(deadline=None)
def test_no_finding_holds_an_exponent(model: str, context: int) -> None:
    for table in (gqa.calculators(model, context), gqa.miscounts(model, context)):
        assert "e+" not in table.finding


def test_a_quantised_cache_says_that_its_scales_are_counted() -> None:
    assert "share a scale of 16 bits" in "".join(gqa.kv_cache(precision="INT8").notes)
    assert gqa.kv_cache(precision="FP16").notes == ()
    table = gqa.kv_cache("Llama 3 8B", context=2048, precision="INT4")
    held = dict(zip(table.values("n_kv_heads"), table.values("cache_gb"), strict=True))
    assert held[8] == 72 * 2**20 / 1e9


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


def test_a_share_is_shown_to_the_digit() -> None:
    """6.25% is no 6.2, which half-even rounding would make of it."""
    _, *rows = gqa.sharing().shown()
    assert [row[-1] for row in rows] == ["3.125", "6.25", "12.5", "25", "50", "100"]


def test_a_columns_name_is_a_name_that_pandas_can_query() -> None:
    for table in (gqa.kv_cache(), gqa.sharing()):
        assert [c.name for c in table.columns if not c.name.isidentifier() or iskeyword(c.name)] == []
    assert len(gqa.kv_cache().to_pandas().query("kind.str.contains('your choice')")) == 1


@pytest.mark.parametrize("model", gqa.MODELS)
def test_left_alone_a_model_keeps_the_heads_it_was_published_with(model: str) -> None:
    """Gemma 7B keeps 16, and its makers' cache is twice what 8 would take."""
    (mine,) = (row for row in gqa.kv_cache(model) if "your choice" in str(row["kind"]))
    assert "as published" in str(mine["kind"])
    assert mine["n_kv_heads"] == facts.model(model).n_kv_heads
    assert gqa.kv_cache("Mistral 7B") == gqa.kv_cache("Mistral 7B", 8)


def test_a_model_that_is_left_out_is_told_why() -> None:
    with pytest.raises(ValueError, match=r"Gemma 2 9B has its window in every second layer only; choose"):
        gqa.kv_cache("Gemma 2 9B")
    with pytest.raises(ValueError, match=r"Nobody here read all of the shape of LLaMA 1 7B .*; choose"):
        gqa.kv_cache("LLaMA 1 7B")
