"""Parameters, cache and loads against published counts, transformers' own models and published files."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import facts, gqa, memory
from smallmodels.memory import MODELS, WEIGHT_BITS

COUNTABLE = [shape for shape in facts.models() if shape.rope_theta is not None]
PUBLISHED = [shape for shape in COUNTABLE if shape.params_published is not None]

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


@pytest.mark.parametrize("file", facts.weight_files(), ids=lambda file: file.id)
def test_published_files_are_near_the_arithmetic(file):
    """Q4_K_M keeps some layers wider, so its files are larger than 4.5 bits a weight, by a tenth at most."""
    precision = "INT4" if file.format == "GGUF" else "FP16"
    ratio = file.size_bytes / memory.weight_bytes(memory.model_parameters(facts.model(file.model)), precision)
    assert 1.05 < ratio < 1.1 if file.format == "GGUF" else math.isclose(ratio, 1, rel_tol=1e-5)


@settings(deadline=None)
@given(precisions, st.sampled_from(MODELS), batches, contexts)
def test_more_batch_or_context_never_takes_less(precision, model, batch, context):
    shape = facts.model(model)
    here = memory.Load(shape, precision, batch, context)
    assert memory.Load(shape, precision, batch + 1, context).total_bytes >= here.total_bytes
    assert memory.Load(shape, precision, batch, context + 1).total_bytes >= here.total_bytes
    assert here.kept_bytes >= here.cache_bytes


def test_experts_are_not_read_whole():
    with pytest.raises(ValueError, match="Mixtral 8x7B reads only the experts it picks"):
        memory.read_parameters(facts.model("Mixtral 8x7B"))
    assert memory.read_parameters(facts.model("Llama 3.2 1B")) == 1_235_814_400  # tied: read as the output


def test_every_model_that_can_be_counted_is_offered():
    """Which models a widget offers follows from the rows of data: a new row is a new model."""

    def counts(shape):
        try:
            return memory.model_parameters(shape) > 0
        except ValueError:
            return False

    assert set(MODELS) == {shape.name for shape in facts.models() if counts(shape)}
    assert len(MODELS) == len(set(MODELS)) > 25
    assert MODELS[:3] == memory.POST_MODELS == ("Llama 2 7B", "Mistral 7B", "Llama 2 13B")


@pytest.mark.parametrize("shape", [m for m in facts.models() if m.sliding_every], ids=lambda m: m.name)
def test_a_window_stands_in_as_many_layers_as_in_transformers_models(shape):
    """By the type of each layer where a configuration lists them; else a window holds in all."""
    config = peer(shape).config
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * shape.n_layers
    assert memory.windowed_layers(shape.n_layers, shape.sliding_every) == kinds.count("sliding_attention")
    context = 3 * shape.sliding_window
    by_layer = sum(shape.sliding_window if kind == "sliding_attention" else context for kind in kinds)
    assert memory.held_tokens(shape, context) == by_layer


def test_numpys_whole_numbers_are_whole_numbers():
    numpy = pytest.importorskip("numpy")
    shape = facts.model("Mistral 7B")
    assert memory.cache_bytes(shape, numpy.int64(4096), numpy.int32(4)) == memory.cache_bytes(shape, 4096, 4)
