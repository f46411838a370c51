"""What fits, against the post, by hand and against itself."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import facts, memory
from smallmodels.memory import MODELS, WEIGHT_BITS, footprint

gpus = st.sampled_from([gpu.name for gpu in facts.gpus()])
precisions = st.sampled_from(list(WEIGHT_BITS))
batches, contexts = st.integers(1, 256), st.integers(0, 131_072)


def test_the_posts_figures_stand_beside_the_computed_ones():
    rows = [line[:7] for line in list(footprint().shown())[1:]]
    assert rows == [
        ["Llama 2 7B", "~14 GB FP16", "6,738,415,616", "13.48", "12.55", "2.15", "15.62"],
        ["Mistral 7B", "~14.5 GB FP16", "7,241,732,096", "14.48", "13.49", "0.54", "15.02"],
        ["Llama 2 13B", "~26 GB FP16", "13,015,864,320", "26.03", "24.24", "3.36", "29.39"],
    ]
    assert footprint().values("fits") == ["yes", "yes", "no"]


def test_the_cards_that_run_a_13b_after_all():
    assert footprint(precision="INT4").values("fits") == ["yes", "yes", "yes"]
    assert footprint(gpu="A100 40GB SXM").values("fits") == ["yes", "yes", "yes"]


def test_80_gb_mean_gib():
    """64 sequences of 2,048 tokens on Llama 2 7B: 82.2 GB fit 80 GiB and would not fit 80 x 10^9 bytes."""
    table = footprint("A100 80GB SXM", "FP16", 64, 2048, ("Llama 2 7B",))
    assert (table.values("total_gb")[0], table.values("fits")[0]) == (pytest.approx(82.2, abs=0.05), "just")
    assert "would not fit if the card's 80 GB were billions of bytes" in table.notes[0]
    assert footprint("A100 80GB SXM", "FP16", 1, 2048, ("Llama 2 7B",)).notes == ()


def test_a_rolling_cache_is_said_to_be_one():
    """Four sequences of 32,768 tokens fit 24 GiB; in a program that keeps every token they do not."""
    table = footprint("RTX 3090", batch=4, context=32_768)
    assert table.values("fits") == ["no", "yes", "no"]
    kept = 4 * 32_768 * 2 * 32 * 8 * 128 * 2  # keys and values, layers, heads, numbers, bytes of each
    assert f"needs {kept / 1e9:.1f} GB for Mistral 7B; then Mistral 7B would not fit." in table.notes[0]
    assert "17.2 GB" in table.notes[0]
    roomy = footprint("H200 SXM 141GB", batch=4, context=32_768)
    assert roomy.notes[0].endswith("needs 17.2 GB for Mistral 7B.")


@settings(deadline=None)
@given(gpus, batches, contexts, st.lists(st.sampled_from(MODELS), unique=True))
def test_a_rolling_cache_is_told_exactly_where_a_window_is_full(gpu, batch, context, models):
    told = " ".join(footprint(gpu, "FP16", batch, context, tuple(models)).notes)
    for model in models:
        window = facts.model(model).sliding_window
        assert (f" GB for {model}" in told) == (window is not None and context > window)


def test_an_empty_cache_has_no_sequences():
    table = footprint(batch=4, context=0)
    assert table.caption == "Memory in FP16: weights, and nothing cached"
    assert "in FP16 with nothing cached, but not" in table.finding
    assert "0 tokens" not in table.to_text()


def test_more_models_than_a_sentence_can_name_are_counted():
    table = footprint("A100 80GB SXM", models=MODELS)
    fitting = sum(fits != "no" for fits in table.values("fits"))
    assert f"holds {fitting} of the {len(MODELS)} models in FP16" in table.finding
    assert len(table.finding) < 150


def test_recalled_cards_are_marked_wherever_they_are_named():
    chosen = footprint("M2 Ultra")
    assert chosen.notes[0].startswith("The figures of the M2 Ultra are not read in a data sheet: recalled;")
    # Six sequences of 32,768 tokens on the 13B take more than an H200 has, so only recalled cards are left.
    named = footprint("A100 80GB SXM", "FP16", 6, 32_768, ("Llama 2 13B",))
    card = facts.gpu(named.values("smallest")[0])
    assert card.verified == "no"
    assert card.note in named.notes[0]
    assert card.note in named.to_html()
    assert footprint("T4", context=0).notes == ()


@settings(deadline=None)
@given(gpus, precisions, batches, contexts, st.lists(st.sampled_from(MODELS), unique=True))
def test_every_reachable_footprint_is_finite_and_consistent(gpu, precision, batch, context, models):
    table = footprint(gpu, precision, batch, context, tuple(models))
    card = facts.gpu(gpu)
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*map(table.values, names), strict=True)]
    assert [row["model"] for row in rows] == models
    assert ("No model is chosen" in table.finding) == (not models)
    for row in rows:
        assert row["total_gb"] == pytest.approx(row["weights_gb"] + row["cache_gb"])
        assert row["weights_gb"] * 1e9 == pytest.approx(row["weights_gib"] * 2**30)
        assert (row["fits"] != "no") == (row["share_pct"] <= 100)
        assert (row["fits"] == "yes") == (row["total_gb"] <= min(card.memory_gb, card.memory_bytes / 1e9))
        assert row["model"] in table.finding or len(rows) > 8
        if row["smallest"] != "none here":
            assert facts.gpu(row["smallest"]).memory_bytes >= row["total_gb"] * 1e9 * (1 - 1e-12)
        else:
            assert row["total_gb"] * 1e9 > max(g.memory_bytes for g in facts.gpus())
        if row["largest"]:
            each = Fraction(memory.cache_bytes(facts.model(row["model"]), context))
            room = card.memory_bytes - Fraction(row["weights_gb"]) * 10**9
            assert each * row["largest"] <= room + 100 < each * (row["largest"] + 1) + 200
    assert len([p for p in table.series["parts"] if p["high"] >= p["low"] >= 0]) == 2 * len(models)
    assert math.isfinite(len(table.to_html()))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gpu": "Abacus"}, "There is no GPU 'Abacus'"),
        ({"precision": "INT2"}, "There is no precision 'INT2' here; choose one of FP16, INT8, INT4."),
        ({"batch": 0}, "The batch is 0; choose a whole number from 1"),
        ({"batch": 1.5}, "`batch` is 1.5; choose a whole number"),
        ({"context": -1}, "The context is -1; choose a whole number from 0"),
        ({"batch": True}, "`batch` is True"),
        ({"context": 2**20 + 1}, "The context is 1048577; choose a whole number from 0 to 1,048,576 tokens"),
        ({"context": 10**400}, "`context` is about 10^400; choose a smaller number"),
        ({"models": ("GPT-5",)}, "There is no shape of a model 'GPT-5'"),
    ],
)
def test_bad_input_gets_one_sentence(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        footprint(**wrong)
