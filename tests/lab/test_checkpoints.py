"""Every configuration that transformers writes: read as transformers reads it, or refused in a sentence.

A row of the table is a checkpoint that transformers wrote, after a change to its files that is found in real
ones. transformers then reads the very same folder; both must agree in logits and greedy text, over lengths
around the window, or the lab must refuse with the sentence of the row.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers import logging as transformers_logging

from smallmodels.lab import checkpoint, config_json
from smallmodels.lab.config import Config, RopeScaling
from smallmodels.lab.model import Decoder, load

Json = dict[str, Any]
Change = Callable[[Json], object]

WINDOW = 8
TOKENS = torch.randint(61, (2, 30), generator=torch.Generator().manual_seed(1))
LENGTHS = (1, 2, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW + 1, 30)
SHAPE: Json = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # large enough that any slip shows in the logits
    "eos_token_id": None,
    "bos_token_id": None,
}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
OLD_LLAMA3 = {**LLAMA3, "original_max_position_embeddings": 16}


@dataclass(frozen=True)
class Row:
    """A model as transformers makes it, what is changed in its files, and the sentence if it is refused."""

    kind: str
    shape: Json = field(default_factory=dict)
    config: Change | None = None  # to config.json
    weights: Change | None = None  # to the tensors
    files: Callable[[Path], object] | None = None  # to the folder
    shards: bool = False
    dtype: torch.dtype = torch.float32
    says: str | None = None


def without(*keys: str) -> Change:
    return lambda given: [given.pop(key) for key in keys]


def with_(**values: Any) -> Change:
    return lambda given: given.update(values)


def old_rope(scaling: Json | None, theta: float = 10_000.0) -> Change:
    """The spelling of files written before 2026: theta beside the scaling, in no object of its own."""

    def change(given: Json) -> None:
        del given["rope_parameters"]
        given.update(rope_theta=theta, rope_scaling=scaling)

    return change


def both_heads(weights: Json) -> None:
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()


def other_head(weights: Json) -> None:
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"] + 1


def old_buffers(weights: Json) -> None:
    for layer in range(3):
        weights[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = torch.ones(4)


def in_index(change: Callable[[Json], object]) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        index = folder / checkpoint.INDEX
        given = json.loads(index.read_text())
        change(given["weight_map"])
        index.write_text(json.dumps(given))

    return apply


def first_file(weight_map: Json) -> str:
    return min(weight_map.values())


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def beside(folder: Path) -> None:
    """A consolidated copy, as Mistral publishes one."""
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())


ROWS: dict[str, Row] = {
    # Llama: shapes, and keys left out.
    "llama, MHA": Row("llama", {"num_key_value_heads": 4}),
    "llama, GQA": Row("llama"),
    "llama, MQA": Row("llama", {"num_key_value_heads": 1}),
    "llama, no KV heads given": Row("llama", {"num_key_value_heads": 4}, without("num_key_value_heads")),
    "llama, null KV heads": Row("llama", {"num_key_value_heads": 4}, with_(num_key_value_heads=None)),
    "llama, head size of its own": Row("llama", {"head_dim": 12}),
    "llama, no head size given": Row("llama", config=without("head_dim")),
    "llama, no epsilon given": Row("llama", {"rms_norm_eps": 1e-6}, without("rms_norm_eps")),
    "llama, epsilon": Row("llama", {"rms_norm_eps": 1e-3}),
    "llama, little given": Row(
        "llama",
        config=without("hidden_act", "attention_bias", "mlp_bias", "tie_word_embeddings", "pretraining_tp"),
    ),
    "llama 1's keys": Row(
        "llama", config=with_(max_sequence_length=2048, torch_dtype="float16", pretraining_tp=2)
    ),
    "llama, keys of sampling": Row("llama", config=with_(temperature=0.6, top_p=0.9, do_sample=True)),
    "llama, window of null": Row("llama", config=with_(sliding_window=None)),
    "llama, all layers full": Row("llama", config=with_(layer_types=["full_attention"] * 3)),
    "llama, swish": Row("llama", config=with_(hidden_act="swish")),
    # Positions, in both spellings.
    "theta": Row("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
    "theta, old": Row("llama", config=old_rope(None, 500.0)),
    "no rope at all": Row("llama", config=without("rope_parameters")),
    "linear": Row("llama", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 900.0}}),
    "linear, old": Row("llama", config=old_rope({"type": "linear", "factor": 4.0})),
    "linear, middle-aged": Row("llama", config=old_rope({"rope_type": "linear", "factor": 2})),
    "default, old": Row("llama", config=old_rope({"type": "default"}, 300.0)),
    "llama3": Row("llama", {"rope_parameters": {**OLD_LLAMA3, "rope_theta": 500.0}}),
    "llama3, old": Row("llama", config=old_rope(OLD_LLAMA3, 500.0)),
    "llama3, no trained length": Row("llama", config=old_rope(LLAMA3, 500.0)),
    "llama3, neither length": Row(
        "llama",
        {"max_position_embeddings": 2048},
        lambda g: (old_rope(LLAMA3, 5e5)(g), g.pop("max_position_embeddings")),
    ),
    "llama3, other bounds": Row(
        "llama",
        config=old_rope({**OLD_LLAMA3, "factor": 32.0, "low_freq_factor": 0.5, "high_freq_factor": 2.5}),
    ),
    "both types, the new wins": Row(
        "llama", config=old_rope({"type": "x", "rope_type": "linear", "factor": 3.0})
    ),
    "mistral, linear": Row(
        "mistral", {"sliding_window": WINDOW}, old_rope({"type": "linear", "factor": 3.0})
    ),
    "qwen2, llama3": Row("qwen2", config=old_rope(OLD_LLAMA3)),
    # Mistral, and windows.
    "mistral": Row("mistral", {"sliding_window": WINDOW}),
    "mistral, window of 1": Row("mistral", {"sliding_window": 1}),
    "mistral, window of 2": Row("mistral", {"sliding_window": 2}),
    "mistral, long window": Row("mistral", {"sliding_window": 4096}),
    "mistral, no window": Row("mistral", {"sliding_window": None}),
    "mistral, no window given": Row("mistral", {"sliding_window": 4096}, without("sliding_window")),
    "mistral, no KV heads given": Row(
        "mistral", {"num_attention_heads": 8, "num_key_value_heads": 8}, without("num_key_value_heads")
    ),
    "mistral nemo": Row("mistral", {"sliding_window": None, "head_dim": 20, "num_attention_heads": 3 * 2}),
    "mistral, all layers windowed": Row(
        "mistral", {"sliding_window": WINDOW}, with_(layer_types=["sliding_attention"] * 3)
    ),
    "ministral": Row("ministral", {"head_dim": 12, "sliding_window": WINDOW}),
    "ministral, one full in three": Row(
        "ministral",
        {
            "head_dim": 8,
            "sliding_window": WINDOW,
            "layer_types": ["full_attention", "sliding_attention", "sliding_attention"],
        },
    ),
    "ministral, all full": Row(
        "ministral", {"head_dim": 8, "sliding_window": WINDOW, "layer_types": ["full_attention"] * 3}
    ),
    # Qwen: biases, normalised heads, windows from a layer on.
    "qwen2": Row("qwen2"),
    "qwen2.5": Row("qwen2", config=with_(use_sliding_window=False, sliding_window=32, max_window_layers=3)),
    "qwen2, windows from layer 1": Row(
        "qwen2", {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}
    ),
    "qwen2, windows from layer 1, by number alone": Row(
        "qwen2",
        {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1},
        without("layer_types"),
    ),
    "qwen2, no window in any layer": Row(
        "qwen2", {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 9}
    ),
    "qwen2, as written by older versions": Row(
        "qwen2",
        config=lambda g: (without("layer_types")(g), old_rope(None, 1e6)(g), with_(use_mrope=False)(g)),
    ),
    "qwen2, tied": Row("qwen2", {"tie_word_embeddings": True}),
    "qwen2, head size of its own": Row("qwen2", config=None, shape={"head_dim": 12}),
    "qwen3": Row("qwen3", {"head_dim": 8}),
    "qwen3, no head size given": Row("qwen3", {"head_dim": 128}, without("head_dim")),
    "qwen3, other layer types": Row(
        "qwen3",
        {
            "head_dim": 16,
            "use_sliding_window": True,
            "sliding_window": WINDOW,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        },
    ),
    "qwen3, tied, linear": Row(
        "qwen3", {"head_dim": 8, "tie_word_embeddings": True}, old_rope({"type": "linear", "factor": 2.0})
    ),
    # Layouts of files.
    "tied": Row("llama", {"tie_word_embeddings": True}),
    "tied, with the head": Row("llama", {"tie_word_embeddings": True}, weights=both_heads),
    "in shards": Row("mistral", {"sliding_window": WINDOW}, shards=True),
    "tied, in shards": Row("llama", {"tie_word_embeddings": True}, shards=True),
    "buffers of old versions": Row("llama", weights=old_buffers),
    "a consolidated copy beside": Row("mistral", {"sliding_window": WINDOW}, files=beside),
    "stored in FP16": Row("llama", dtype=torch.float16),
    "stored in BF16": Row("qwen3", {"head_dim": 8}, dtype=torch.bfloat16),
    # Refused: other architectures.
    "gpt2": Row(
        "llama", config=with_(model_type="gpt2"), says='model_type is "gpt2"; it must be one of llama, '
    ),
    "no type": Row("llama", config=without("model_type"), says="model_type is null; it must be one of llama"),
    "mixtral": Row("mistral", config=with_(model_type="mixtral"), says="model_type"),
    "biases": Row("llama", {"attention_bias": True}, says="attention_bias is true; it must be false"),
    "biases of the SwiGLU": Row("llama", {"mlp_bias": True}, says="mlp_bias is true"),
    "qwen3 with biases": Row("qwen3", {"head_dim": 8, "attention_bias": True}, says="attention_bias is true"),
    "gelu": Row("llama", {"hidden_act": "gelu"}, says='hidden_act is "gelu"; it must be "silu" or "swish"'),
    "looks ahead": Row("llama", config=with_(is_causal=False), says="is_causal is false; it must be true"),
    "dynamic": Row(
        "llama",
        {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
        says='rope_parameters.rope_type is "dynamic"; it must be one of default, linear, llama3',
    ),
    "dynamic, old": Row(
        "llama",
        config=old_rope({"type": "dynamic", "factor": 2.0}),
        says="rope_scaling.rope_type is .dynamic",
    ),
    "yarn": Row(
        "qwen2",
        config=old_rope({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}),
        says='rope_scaling.rope_type is "yarn"',
    ),
    "linear without a factor": Row(
        "llama",
        config=old_rope({"type": "linear"}),
        says="rope_scaling.factor is null; it must be given for .linear",
    ),
    "a part of the head": Row(
        "llama", config=with_(partial_rotary_factor=0.5), says="partial_rotary_factor is 0.5"
    ),
    "a rope for each type of layer": Row(
        "qwen3",
        {"head_dim": 8},
        with_(rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 1e4}}),
        says="rope_parameters.full_attention is .* must be absent where rope_type is 'default'",
    ),
    "llama with a window": Row(
        "llama", config=with_(sliding_window=WINDOW), says="sliding_window is 8; .* null"
    ),
    "llama with a windowed layer": Row(
        "llama",
        config=with_(layer_types=["full_attention", "sliding_attention", "full_attention"]),
        says="layer_types",
    ),
    "mistral, mixed layers": Row(
        "mistral",
        {"sliding_window": WINDOW},
        with_(layer_types=["full_attention", "sliding_attention", "full_attention"]),
        says="layer_types is .*what a mistral model with sliding_window = 8 can have",
    ),
    "too few layer types": Row(
        "ministral",
        {"head_dim": 8, "sliding_window": WINDOW},
        with_(layer_types=["full_attention"]),
        says="a list of 3",
    ),
    "chunked layers": Row(
        "ministral",
        {"head_dim": 8, "sliding_window": WINDOW},
        with_(layer_types=["chunked_attention"] * 3),
        says="layer_types",
    ),
    "quantised": Row(
        "llama",
        config=with_(quantization_config={"quant_method": "gptq", "bits": 4}),
        says="quantization_config is .*gptq.*; it must be null",
    ),
    "a key nobody knows": Row(
        "llama", config=with_(no_such_key=1), says="no_such_key is 1; it must be absent"
    ),
    "heads that do not fit": Row(
        "llama", config=lambda g: g.update(hidden_size=33, head_dim=None), says="head_dim"
    ),
    "a window of 0": Row("mistral", config=with_(sliding_window=0), says="sliding_window is 0; .* 1 or more"),
    "epsilon of null": Row(
        "llama", config=with_(rms_norm_eps=None), says="rms_norm_eps is null; .* left out"
    ),
    # Refused: files.
    "stored in FP8": Row("llama", dtype=torch.float8_e4m3fn, says="is stored as F8_E4M3; this lab reads"),
    "tied, another head": Row(
        "llama",
        {"tie_word_embeddings": True},
        weights=other_head,
        says="lm_head.weight differs from the embedding",
    ),
    "no head": Row(
        "llama", weights=without("lm_head.weight"), says="lacks 1 weights, lm_head.weight among them"
    ),
    "one too many": Row(
        "llama", weights=with_(extra=torch.zeros(2)), says="holds extra, for which .* no place"
    ),
    "another shape": Row(
        "llama",
        weights=with_(**{"model.norm.weight": torch.zeros(5)}),
        says=r"has shape \(5,\).* asks for \(32,\)",
    ),
    "biases that the configuration hides": Row(
        "qwen2",
        config=lambda g: (
            without("layer_types", "use_sliding_window", "max_window_layers")(g),
            with_(model_type="llama")(g),
        ),
        says="holds model.layers.0.self_attn.k_proj.bias, for which this architecture has no place",
    ),
    "a file cut short": Row(
        "llama", files=cut, says="model.safetensors is damaged or was not downloaded whole"
    ),
    "an empty file": Row(
        "llama",
        files=lambda f: (f / "model.safetensors").write_bytes(b""),
        says="model.safetensors is damaged",
    ),
    "no weights": Row(
        "llama", files=lambda f: (f / "model.safetensors").unlink(), says="Neither model.safetensors nor"
    ),
    "no configuration": Row(
        "llama", files=lambda f: (f / "config.json").unlink(), says="There is no config.json in"
    ),
    "a torn configuration": Row(
        "llama",
        files=lambda f: (f / "config.json").write_text('{"model_type"'),
        says="config.json is not JSON",
    ),
    "a list for a configuration": Row(
        "llama", files=lambda f: (f / "config.json").write_text("[]"), says="config.json holds no JSON object"
    ),
    "a shard that is gone": Row(
        "llama",
        files=lambda f: min(f.glob("model-*")).unlink(),
        shards=True,
        says="lists model-00001-.*does not lie in",
    ),
    "an index that places a weight elsewhere": Row(
        "llama",
        files=in_index(lambda m: m.update({max(m, key=m.get): first_file(m)})),
        shards=True,
        says=r"index.json disagrees with model-00001-.*, which lacks ",
    ),
    "an index that forgets a weight": Row(
        "llama",
        files=in_index(lambda m: m.pop("model.norm.weight")),
        shards=True,
        says="which holds model.norm.weight",
    ),
    "an index out of the folder": Row(
        "llama",
        files=in_index(lambda m: m.update(x="../model.safetensors")),
        shards=True,
        says="lists ../model",
    ),
    "an index without a map": Row(
        "llama",
        files=lambda f: (f / checkpoint.INDEX).write_text("{}"),
        shards=True,
        says="has no weight_map from names to files",
    ),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(transformers_logging.CRITICAL)
    yield
    transformers_logging.set_verbosity(before)


def write(row: Row, folder: Path) -> Path:
    """What transformers saves of the row's model, changed as the row says."""
    shape = {**SHAPE, **row.shape}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(row.kind, **shape))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("bias", "norm.weight")):  # else zeros and ones, which would hide a slip
                weight.add_(torch.randn_like(weight) * 0.3)
    saved = model.to(row.dtype) if row.dtype.itemsize > 1 else model
    saved.save_pretrained(folder, max_shard_size="10kB" if row.shards else "1GB")
    config = json.loads((folder / "config.json").read_text())
    if row.config:
        row.config(config)
    (folder / "config.json").write_text(json.dumps(config))
    if row.weights or row.dtype.itemsize == 1:
        weights = load_file(folder / "model.safetensors")
        if row.weights:
            row.weights(weights)
        small = row.dtype.itemsize == 1
        weights = {k: w.to(row.dtype).contiguous() if small else w.contiguous() for k, w in weights.items()}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    if row.files:
        row.files(folder)
    return folder


def as_transformers_reads(folder: Path) -> PreTrainedModel:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = None
    model.generation_config.do_sample = False
    return model


def farthest(ours: Decoder, theirs: PreTrainedModel, length: int) -> float:
    with torch.inference_mode():
        return float((ours(TOKENS[:, :length]) - theirs(TOKENS[:, :length]).logits).abs().max())


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.says is None])
def test_logits_and_greedy_text_equal_transformers(name: str, tmp_path: Path) -> None:
    folder = write(ROWS[name], tmp_path)
    ours, theirs = load(folder), as_transformers_reads(folder)
    assert max(farthest(ours, theirs, length) for length in LENGTHS) < 1e-4
    prompt = TOKENS[:, : WINDOW - 2]
    settings: Json = {"attention_mask": torch.ones_like(prompt), "max_new_tokens": 14, "pad_token_id": 0}
    if ours.config.sliding_window == 1:
        settings["use_cache"] = False  # theirs keeps the last window - 1 keys: with 0 of them, all
    wanted = theirs.generate(prompt, **settings)
    assert wanted.shape[1] == prompt.shape[1] + 14
    assert torch.equal(ours.generate(prompt, 14, chunk=4, quiet=True), wanted)
    assert ours.config.n_parameters() == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.says is not None])
def test_what_cannot_be_right_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    assert row.says is not None
    with pytest.raises(ValueError, match=row.says) as caught:
        load(write(row, tmp_path))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_the_table_is_long_enough() -> None:
    assert len([row for row in ROWS.values() if row.says is None]) >= 40


# One of each type, with as many keys as it has, written out.
MUTATED = {
    "llama": Row(
        "llama", {"rope_parameters": {**OLD_LLAMA3, "rope_theta": 500.0}}, with_(sliding_window=None)
    ),
    "linear": Row("llama", config=old_rope({"type": "linear", "factor": 2.0}, 500.0)),
    "mistral": Row("mistral", {"sliding_window": WINDOW, "head_dim": 8}),
    "ministral": ROWS["ministral, one full in three"],
    "qwen2": ROWS["qwen2, windows from layer 1"],
    "qwen2, by number": ROWS["qwen2, windows from layer 1, by number alone"],
    "qwen3": ROWS["qwen3, other layer types"],
}
FOREIGN: Json = {  # keys that one of the types, or another architecture, has
    "sliding_window": 5,
    "use_sliding_window": True,
    "max_window_layers": 2,
    "layer_types": ["full_attention", "full_attention", "sliding_attention"],
    "attention_bias": True,
    "mlp_bias": True,
    "head_dim": 16,
    "rope_theta": 77.0,
    "rope_scaling": {"rope_type": "linear", "factor": 3.0},
    "partial_rotary_factor": 0.5,
    "original_max_position_embeddings": 11,
    "attention_chunk_size": 4,
    "is_causal": False,
    "num_local_experts": 2,
    "logit_scale": 2.0,
    "final_logit_softcapping": 1.0,
    "embedding_multiplier": 2.0,
    "per_layer_config": {"1": {"hidden_act": "gelu"}},
    "quantization_config": {"quant_method": "gptq", "bits": 4},
}


def other_values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int | float):
        return [value * 2, value + 1, value / 2, 0, -value, None, str(value)]
    if isinstance(value, str):
        return [value + "x", "linear", "default", "llama3", "gelu", None, 1]
    if isinstance(value, list):
        return [value[::-1], value[:-1], value[:1] * len(value), value[-1:] * len(value), None]
    return [None, 1, {}, [], False, True, "x"]


def mutants(given: Json) -> Iterator[tuple[str, Json]]:
    """The configuration with any one key removed, changed or added; those of a nested object too."""
    for key, value in given.items():
        yield key, {k: v for k, v in given.items() if k != key}
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", {**given, key: inner}) for name, inner in mutants(value))
        others = other_values(value)
        for other in others[:2] if key in config_json.NO_EFFECT - {"model_type"} else others:
            yield key, {**given, key: other}
    extra = FOREIGN if "model_type" in given else {"factor": 2.0, "type": "linear", "attention_factor": 2.0}
    yield from ((key, {**given, key: value}) for key, value in extra.items() if given.get(key) != value)


@pytest.mark.parametrize("name", MUTATED)
def test_no_change_of_one_key_changes_logits_in_silence(name: str, tmp_path: Path) -> None:
    write(MUTATED[name], tmp_path)
    given, equal, refused = json.loads((tmp_path / "config.json").read_text()), 0, 0
    for key, mutant in mutants(given):
        (tmp_path / "config.json").write_text(json.dumps(mutant))
        try:
            ours = load(tmp_path)
        except ValueError:
            refused += 1
            continue
        try:
            theirs = as_transformers_reads(tmp_path)
        except Exception:  # they refuse a value of the wrong type, where it changes nothing
            assert key in config_json.NO_EFFECT or (name, key) == ("ministral", "head_dim")
            continue
        equal += 1
        assert farthest(ours, theirs, 30) < 1e-4, (key, mutant)
    assert equal > 25
    assert refused > 80


@pytest.mark.parametrize("kind", config_json.TYPES)
def test_absent_keys_take_the_defaults_of_transformers(kind: str) -> None:
    theirs = AutoConfig.for_model(kind)
    declared = {f.name: f.default for f in fields(type(theirs))}
    for key, value in config_json.TYPES[kind].items():
        assert declared.get(key) == value, key  # (their class of qwen2 has no head_dim: it divides)
    assert theirs.default_theta == 10_000


@pytest.mark.parametrize(
    "changes",
    [
        {"sliding_window": None},
        {"sliding_window": 8},
        {"sliding_window": 8, "full_layers": (1,)},
        {"qkv_bias": True},
        {"qkv_bias": True, "full_layers": (0,)},
        {"qk_norm": True, "sliding_window": None},
        {"tied": True, "rope_theta": 700.0, "norm_eps": 1e-3},
        {"sliding_window": None, "rope_scaling": RopeScaling(3.0)},
        {"rope_scaling": RopeScaling(8.0, 16, 1.0, 4.0)},
    ],
)
def test_what_we_write_transformers_reads(changes: Json, tmp_path: Path) -> None:
    torch.manual_seed(3)
    ours = Decoder(Config.tiny(vocab_size=61, **changes)).eval()
    with torch.no_grad():
        for weight in ours.parameters():
            weight.add_(torch.randn_like(weight) * 0.3)
    checkpoint.save(ours, tmp_path)
    assert farthest(ours, as_transformers_reads(tmp_path), 30) < 1e-4
    assert torch.equal(load(tmp_path)(TOKENS), ours(TOKENS))
    assert load(tmp_path).config == ours.config


def test_parts_that_no_type_has_together_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No type of model has both qkv_bias and qk_norm"):
        checkpoint.save(Decoder(Config.tiny(qkv_bias=True, qk_norm=True)), tmp_path)
