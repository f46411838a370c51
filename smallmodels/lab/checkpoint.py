"""Checkpoints as transformers writes its Mistral and Llama: `config.json` and `model*.safetensors`."""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from smallmodels.lab.config import Config

# Our name of a number, and theirs.
NAMES = {
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "ffn_dim": "intermediate_size",
    "sliding_window": "sliding_window",
    "norm_eps": "rms_norm_eps",
    "tied": "tie_word_embeddings",
}


def read_config(folder: str | Path) -> Config:
    """The shape in a folder's `config.json`; ValueError for what the decoder cannot do."""
    given = json.loads((Path(folder) / "config.json").read_text())
    rope = given.get("rope_parameters") or given.get("rope_scaling") or {}
    unknown = {
        "model_type": given.get("model_type") not in ("mistral", "llama"),
        "rope_type": rope.get("rope_type", "default") != "default",
        "hidden_act": given.get("hidden_act", "silu") != "silu",
        "attention_bias": given.get("attention_bias", False),
        "mlp_bias": given.get("mlp_bias", False),
    }
    for key, refused in unknown.items():
        if refused:
            raise ValueError(
                f"{key} = {rope.get(key, given.get(key))!r} is not in this decoder's architecture."
            )
    shape = {ours: given[theirs] for ours, theirs in NAMES.items() if given.get(theirs) is not None}
    shape.setdefault("n_kv_heads", shape["n_heads"])
    shape.setdefault("head_dim", shape["d_model"] // shape["n_heads"])
    return Config(rope_theta=rope.get("rope_theta") or given.get("rope_theta", 10_000.0), **shape)


def fill(model: nn.Module, folder: str | Path) -> None:
    """Copy every weight of the folder into a Decoder, one tensor in memory at a time.

    Raises ValueError when one is missing, unknown or of another shape.
    """
    files = sorted(Path(folder).glob("model*.safetensors"))  # a `consolidated` file repeats them
    if not files:
        raise ValueError(f"No model*.safetensors lies in {folder}; give the folder of a downloaded model.")
    missing = dict(named_weights(model))
    for file in files:
        with safe_open(file, framework="pt") as shard:
            for name in shard.keys():  # noqa: SIM118 (not a dict)
                if not name.endswith("rotary_emb.inv_freq"):  # old checkpoints store what is computed here
                    _copy(missing, name, shard.get_tensor(name))
    if missing:
        raise ValueError(f"The checkpoint lacks {len(missing)} weights, {min(missing)} among them.")


def save(model: nn.Module, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a Decoder as transformers would, so that either reads it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config: Config = model.config  # type: ignore[assignment]
    kind = "mistral" if config.sliding_window else "llama"
    given = {theirs: getattr(config, ours) for ours, theirs in NAMES.items()}
    rope = {"rope_type": "default", "rope_theta": config.rope_theta}
    settings = {"model_type": kind, "hidden_act": "silu", **given, "rope_parameters": rope}
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")
    weights = {name: weight.detach().to(dtype).contiguous() for name, weight in named_weights(model)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def named_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every weight of a Decoder as a view under transformers' name (q, k and v are one matrix here)."""
    get = model.get_parameter
    config: Config = model.config  # type: ignore[assignment]
    yield "model.embed_tokens.weight", get("embed.weight")
    yield "model.norm.weight", get("norm.weight")
    if not config.tied:
        yield "lm_head.weight", get("head.weight")
    rows = [n * config.head_dim for n in (config.n_heads, config.n_kv_heads, config.n_kv_heads)]
    for i in range(config.n_layers):
        theirs, ours = f"model.layers.{i}", f"layers.{i}"
        for name, part in zip("qkv", torch.split(get(f"{ours}.qkv.weight"), rows), strict=True):
            yield f"{theirs}.self_attn.{name}_proj.weight", part
        for name, part in zip(("gate", "up"), get(f"{ours}.gate_up.weight").chunk(2), strict=True):
            yield f"{theirs}.mlp.{name}_proj.weight", part
        yield f"{theirs}.self_attn.o_proj.weight", get(f"{ours}.out.weight")
        yield f"{theirs}.mlp.down_proj.weight", get(f"{ours}.down.weight")
        yield f"{theirs}.input_layernorm.weight", get(f"{ours}.attention_norm.weight")
        yield f"{theirs}.post_attention_layernorm.weight", get(f"{ours}.ffn_norm.weight")


@torch.no_grad()
def _copy(missing: dict[str, Tensor], name: str, given: Tensor) -> None:
    if name not in missing:
        raise ValueError(f"The checkpoint holds {name}, for which this architecture has no place.")
    wanted = missing.pop(name)
    if wanted.shape != given.shape:
        raise ValueError(
            f"{name} has shape {tuple(given.shape)}; the configuration asks for {tuple(wanted.shape)}."
        )
    wanted.copy_(given)
