"""Memory against published counts, transformers' own models, published files and itself."""

import math
import re
import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import facts, gqa, memory
from smallmodels.memory import MODELS, WEIGHT_BITS, footprint

COUNTABLE = [shape for shape in facts.models() if shape.rope_theta is not None]
PUBLISHED = [shape for shape in COUNTABLE if shape.params_published is not None]

gpus = st.sampled_from([gpu.name for gpu in facts.gpus()])
precisions = st.sampled_from(list(WEIGHT_BITS))
batches, contexts = st.integers(1, 256), st.integers(0, 131_072)


def peer(shape):
    """The model of this shape as transformers builds it, without a byte of weights."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    families = {
        "Mistral": "Mistral", "Mixtral": "Mixtral", "Gemma 2": "Gemma2", "Gemma 7B": "Gemma", "Phi": "Phi3",
        "Qwen2.5": "Qwen2", "Qwen3": "Qwen3", "OLMo 2": "Olmo2", "Llama": "Llama", "LLaMA": "Llama",
    }  # fmt: skip
    family = next(name for start, name in families.items() if shape.name.startswith(start))
    settings = {
        "num_hidden_layers": shape.n_layers,
        "hidden_size": shape.d_model,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_kv_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.ffn_dim,
        "vocab_size": shape.vocab_size,
        "tie_word_embeddings": shape.tied,
        "pad_token_id": 0,
    }
    if shape.n_experts > 1:
        settings |= {"num_local_experts": shape.n_experts, "num_experts_per_tok": shape.n_experts_active}
    config = getattr(transformers, f"{family}Config")(**settings)
    with torch.device("meta"):
        return transformers.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("shape", PUBLISHED, ids=lambda shape: shape.name)
def test_parameters_equal_the_published_count(shape):
    assert memory.model_parameters(shape) == shape.params_published


@pytest.mark.parametrize("shape", COUNTABLE, ids=lambda shape: shape.name)
def test_parameters_equal_those_of_transformers_models(shape):
    assert memory.model_parameters(shape) == sum(p.numel() for p in peer(shape).parameters())


def test_some_count_is_published_for_most_and_none_is_made_up_for_gpt_3():
    assert len(PUBLISHED) >= 19
    with pytest.raises(ValueError, match="GPT-3 175B learns its positions"):
        memory.model_parameters(facts.model("GPT-3 175B"))


# Grouped-query attention, a head each, a window in every layer, in every second one.
@pytest.mark.parametrize(
    "name",
    ["Mistral 7B", "Llama 2 7B", "Llama 2 13B", "Llama 2 70B", "Llama 3 8B", "Mistral Nemo 12B", "Gemma 7B",
     "Gemma 2 9B", "Qwen2.5 7B", "Qwen3 8B", "Phi-3-mini 3.8B", "OLMo 2 7B"],
)  # fmt: skip
def test_cache_per_token_equals_that_of_transformers_models(name):
    torch = pytest.importorskip("torch")
    shape = facts.model(name)
    with torch.no_grad():
        ids = torch.zeros(2, 3, dtype=torch.long, device="meta")
        cache = peer(shape)(ids, use_cache=True).past_key_values
    values = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert memory.cache_bytes(shape, 3, 2) == 2 * values


def test_one_head_for_all_is_counted_as_transformers_counts_it():
    """Multi-query attention, the shape of Gemma's smallest: 18 layers, one KV head of 256."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.GemmaConfig(num_hidden_layers=18, num_key_value_heads=1, head_dim=256)
    with torch.device("meta"), torch.no_grad():
        model = transformers.AutoModelForCausalLM.from_config(config)
        cache = model(torch.zeros(1, 1, dtype=torch.long), use_cache=True).past_key_values
    values = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert gqa.kv_bytes_per_token(18, 1, 256) == 2 * values


@settings(deadline=None)
@given(contexts, batches, st.sampled_from([shape.name for shape in facts.models()]))
def test_cache_by_counting_layers_one_by_one(context, batch, name):
    shape, total = facts.model(name), 0
    for layer in range(shape.n_layers):
        every = shape.sliding_every or 0
        windowed = every > 0 and layer % every == 0
        held = min(context, shape.sliding_window) if windowed else context
        total += batch * held * shape.n_kv_heads * shape.head_dim * 2 * 2
    assert memory.cache_bytes(shape, context, batch) == total


def test_blocks_of_quantised_weights():
    """GGUF's own blocks of 32 weights: an FP16 scale and 32 bytes, or 32 halves of a byte."""
    assert memory.weight_bytes(32, "INT8") == struct.calcsize("<e32b")
    assert memory.weight_bytes(32, "INT4") == struct.calcsize("<e16B")


@pytest.mark.parametrize("file", facts.weight_files(), ids=lambda file: file.id)
def test_published_files_are_near_the_arithmetic(file):
    """Q4_K_M keeps some layers wider, so its files are larger than 4.5 bits a weight, by a tenth at most."""
    precision = "INT4" if file.format == "GGUF" else "FP16"
    ratio = file.size_bytes / memory.weight_bytes(memory.model_parameters(facts.model(file.model)), precision)
    assert 1.05 < ratio < 1.1 if file.format == "GGUF" else math.isclose(ratio, 1, rel_tol=1e-5)


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
        assert row["model"] in table.finding
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


@settings(deadline=None)
@given(precisions, st.sampled_from(MODELS), batches, contexts)
def test_more_batch_or_context_never_takes_less(precision, model, batch, context):
    shape = facts.model(model)
    here = memory.total_bytes(shape, precision, batch, context)
    assert memory.total_bytes(shape, precision, batch + 1, context) >= here
    assert memory.total_bytes(shape, precision, batch, context + 1) >= here


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gpu": "Abacus"}, "There is no GPU 'Abacus'"),
        ({"precision": "INT2"}, "There is no precision 'INT2' here; choose one of FP16, INT8, INT4."),
        ({"batch": 0}, "The batch is 0; choose a whole number from 1"),
        ({"batch": 1.5}, "The batch is 1.5; choose a whole number"),
        ({"context": -1}, "The context is -1; choose a whole number from 0"),
        ({"context": 10**400}, "choose a whole number from 0 to 1,048,576 tokens"),
        ({"models": ("GPT-5",)}, "There is no shape of a model 'GPT-5'"),
    ],
)
def test_bad_input_gets_one_sentence(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        footprint(**wrong)


def test_experts_are_not_read_whole():
    with pytest.raises(ValueError, match="Mixtral 8x7B reads only the experts it picks"):
        memory.read_parameters(facts.model("Mixtral 8x7B"))
    assert memory.read_parameters(facts.model("Llama 3.2 1B")) == 1_235_814_400  # tied: read as the output
