"""The tables of chapter 04: the mask against composing it step by step, the cache against its definition."""

from itertools import pairwise
from math import isclose, isfinite

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


@given(window=st.integers(1, 200_000), n_layers=st.integers(1, 128))
@settings(deadline=None)
def test_every_reach_by_layer_is_finite(window: int, n_layers: int) -> None:
    table = swa.reach_by_layer(window, n_layers)
    assert finite(table)
    assert table.values("layers")[-1] == n_layers
    assert table.values("difference") == table.values("layers")
    assert table.finding.startswith("One layer of" if n_layers == 1 else f"{n_layers} layers of")


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


def test_four_meanings_of_context() -> None:
    table = swa.effective_context()
    assert table.values("model") == [8192, 8192, 32_768, 4096, 131_041, None]
    assert table.values("baseline") == [4096, 4096, 4096, 4096, 4096, 4096]
    assert "8K+" in table.cell(table.rows[0], table.columns[2]).explanation


@given(st.sampled_from(gqa.MODELS), st.sampled_from(gqa.MODELS))
def test_every_comparison_of_contexts_is_consistent(model: str, baseline: str) -> None:
    table, (ours, theirs) = swa.effective_context(model, baseline), map(facts.model, (model, baseline))
    rows = dict(zip(table.values("meaning"), table.values("model"), strict=True))
    allowed = rows["it is configured for"]
    assert rows["a layer shows"] == (ours.sliding_window or allowed)
    assert (rows["layers can pass on"] == allowed) == (ours.sliding_window is None)
    assert ("the post gives it" in rows) == ((model, baseline) == ("Mistral 7B", "Llama 2 7B"))
    assert ("no window" in table.finding) == (ours.sliding_window is None)
    ratio = ours.trained_context / theirs.trained_context
    assert ("times" in table.finding) == (f"{ratio:.3g} times" in table.finding)
    assert ("twice" in table.finding) == (ratio == 2)
    assert " 1 times" not in table.finding
    assert finite(table)


@pytest.mark.parametrize(
    ("model", "baseline", "says"),
    [
        ("Mistral 7B", "Llama 2 7B", "made for twice the context of Llama 2 7B; its window"),
        ("Mistral 7B", "Llama 3 8B", "made for the same context as Llama 3 8B; its window"),
        ("Mistral 7B", "Mistral 7B", "made for texts of 8,192 tokens; its window"),
        ("Llama 2 7B", "Llama 3 8B", "made for half of the context of Llama 3 8B, and has no window"),
        ("Llama 2 7B", "Llama 2 7B", "made for texts of 4,096 tokens, and has no window"),
    ],
)
def test_one_context_beside_another_in_words(model: str, baseline: str, says: str) -> None:
    assert says in swa.effective_context(model, baseline).finding


def test_who_was_not_asked_is_named() -> None:
    def notes(*models: str) -> str:
        return " ".join(swa.effective_context(*models).notes)

    assert "did not test Mistral 7B." in notes("Mistral 7B", "Llama 2 7B")
    assert "did not test Mistral 7B or Llama 3 8B." in notes("Mistral 7B", "Llama 3 8B")
    assert notes("Mistral 7B v0.2", "Llama 2 7B") == ""


def test_a_finding_counts_in_words_where_there_is_one_or_none() -> None:
    assert (
        swa.reach_by_layer(1, 3).finding
        == "3 layers of window 1 reach back no further than the token itself."
    )
    assert "reaches back one position, not 2" in swa.reach_by_layer(2, 1).finding
    assert swa.cache_by_context(context=1).finding.startswith("After one token both caches")
    assert (
        swa.connections(length=1, n_layers=1).finding
        == "A layer computes 1 of the one pair; one layer joins all of them."
    )


@pytest.mark.parametrize("huge", [10**30, 10**400])
@pytest.mark.parametrize(
    "call",
    [
        lambda n: swa.reach_by_layer(n_layers=n),
        lambda n: swa.reach_by_layer(sliding_window=n),
        lambda n: swa.mask(sliding_window=n),
        lambda n: swa.mask(n_layers=n),
        lambda n: swa.mask(length=n),
        lambda n: swa.connections(sliding_window=n),
        lambda n: swa.connections(n_layers=n),
        lambda n: swa.connections(length=n),
        lambda n: swa.cache_by_context(sliding_window=n),
        lambda n: swa.cache_by_context(context=n),
        lambda n: swa.relay(sliding_window=n),
        lambda n: swa.phone_book(sliding_window=n),
        lambda n: swa.phone_book(n_facts=n),
        lambda n: swa.gradient_reach(n_layers=n),
        lambda n: swa.gradient_reach(sliding_window=n),
    ],
)
def test_no_size_makes_a_table_without_end(call: object, huge: int) -> None:
    with pytest.raises(ValueError, match=r"choose|take|No run|nothing to compare"):
        call(huge)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: swa.reach_by_layer(0, 3), "window is 0; choose 1 to 1,048,576"),
        (lambda: swa.reach_by_layer(4, 129), "number of layers is 129; choose 1 to 128"),
        (lambda: swa.mask(length=25), "number of tokens in the picture is 25; choose 1 to 24"),
        (lambda: swa.mask(0), "window of the picture is 0"),
        (lambda: swa.mask(output=0), "no output 0"),
        (lambda: swa.connections(n_layers=7), "number of layers in the picture is 7; choose 1 to 6"),
        (lambda: swa.effective_context("GPT-5"), "no shape of 'GPT-5'.*v0.3"),
        (lambda: swa.effective_context("Gemma 2 9B"), "Gemma 2 9B has its window in every second layer only"),
        (lambda: swa.cache_by_context("GPT-5"), "no shape of 'GPT-5'"),
        (lambda: swa.cache_by_context(sliding_window=0), "window is 0; choose 1 to 131,072"),
        (lambda: swa.cache_by_context(context=131_073), "context is 131,073; choose 1 to 131,072"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]


def test_a_source_is_cited_as_it_writes_itself() -> None:
    titles = {source.title.rstrip(".?!") for source in facts.sources()}
    cited = {
        source.rstrip(".?!") for model in gqa.MODELS for source in swa.effective_context(model).sources()
    }
    assert cited <= titles


def test_an_output_past_the_end_is_said_to_stand_for_the_last():
    assert swa.mask(output=30).notes == ("The sequence ends at 16; shown is its last output.",)
    assert swa.mask(output=16).notes == ()
