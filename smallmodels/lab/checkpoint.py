"""Checkpoints as transformers writes them: `config.json` and weights in safetensors files, one or many.

Mistral, Llama (3.1's positions too), Qwen2 and Qwen3 are read; what the decoder lacks is refused by name.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from smallmodels.lab import config_json
from smallmodels.lab.config import Config

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
DTYPES = ("F64", "F32", "F16", "BF16")  # of weights as they were trained; others are quantised
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def read_config(folder: str | Path) -> Config:
    """The shape in a folder's `config.json`; ValueError for what the decoder cannot do."""
    return config_json.read(folder)


def check(model: nn.Module, folder: str | Path) -> None:
    """Compare the folder's files with a Decoder (on the meta device, say), from their headers alone.

    Raises ValueError when a file is missing or damaged, when the index disagrees with the files, or when a
    weight is missing, unknown, of another shape, or quantised.
    """
    wanted, seen = dict(named_weights(model)), set[str]()
    for file, listed in _files(folder).items():
        with _opened(file) as shard:
            names = set(shard.keys())
            if listed is not None and names != listed:
                name = min(names ^ listed)
                held = "holds" if name in names else "lacks"
                raise ValueError(f"{INDEX} disagrees with {file.name}, which {held} {name}.")
            for name in sorted(filter(_counts, names)):
                part = shard.get_slice(name)
                _compare(name, wanted, tuple(part.get_shape()), part.get_dtype())
            seen |= names
    if missing := wanted.keys() - seen:
        raise ValueError(f"The checkpoint lacks {len(missing)} weights, {min(missing)} among them.")


def fill(model: nn.Module, folder: str | Path) -> None:
    """Copy every weight of the folder into a Decoder, one tensor in memory at a time.

    Raises ValueError as `check` does, and when the file has an output matrix that differs from the embedding
    it should be tied to.
    """
    check(model, folder)
    weights, head = dict(named_weights(model)), None
    for file in _files(folder):
        with _opened(file) as shard, torch.no_grad():
            for name in filter(_counts, shard.keys()):
                if name in weights:
                    weights[name].copy_(shard.get_tensor(name))
                else:
                    head = shard.get_tensor(name)  # of a tied model: `check` lets no other through
    if head is not None and not torch.equal(head.to(weights[EMBEDDING]), weights[EMBEDDING]):
        raise ValueError(
            f"{HEAD} differs from the embedding, but tie_word_embeddings is true; one of them is wrong."
        )


def save(model: nn.Module, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a Decoder as transformers would, so that either reads it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config: Config = model.config  # type: ignore[assignment]
    (folder / "config.json").write_text(json.dumps(config_json.write(config), indent=1) + "\n")
    weights = {name: weight.detach().to(dtype).contiguous() for name, weight in named_weights(model)}
    save_file(weights, folder / WHOLE, metadata={"format": "pt"})


def named_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every weight of a Decoder as a view under transformers' name (q, k and v are one matrix here)."""
    get = model.get_parameter
    config: Config = model.config  # type: ignore[assignment]
    yield EMBEDDING, get("embed.weight")
    yield "model.norm.weight", get("norm.weight")
    if not config.tied:
        yield HEAD, get("head.weight")
    rows = [n * config.head_dim for n in (config.n_heads, config.n_kv_heads, config.n_kv_heads)]
    for i in range(config.n_layers):
        theirs, ours = f"model.layers.{i}", f"layers.{i}"
        for kind in ("weight", "bias") if config.qkv_bias else ("weight",):
            for name, part in zip("qkv", torch.split(get(f"{ours}.qkv.{kind}"), rows), strict=True):
                yield f"{theirs}.self_attn.{name}_proj.{kind}", part
        for name in ("q_norm", "k_norm") if config.qk_norm else ():
            yield f"{theirs}.self_attn.{name}.weight", get(f"{ours}.{name}.weight")
        for name, part in zip(("gate", "up"), get(f"{ours}.gate_up.weight").chunk(2), strict=True):
            yield f"{theirs}.mlp.{name}_proj.weight", part
        yield f"{theirs}.self_attn.o_proj.weight", get(f"{ours}.out.weight")
        yield f"{theirs}.mlp.down_proj.weight", get(f"{ours}.down.weight")
        yield f"{theirs}.input_layernorm.weight", get(f"{ours}.attention_norm.weight")
        yield f"{theirs}.post_attention_layernorm.weight", get(f"{ours}.ffn_norm.weight")


def _files(folder: str | Path) -> dict[Path, set[str] | None]:
    """The files of weights, each with the names that an index lists for it (None where there is no index).

    As in transformers, a whole file goes before an index; a `consolidated` file repeats either.
    """
    folder = Path(folder)
    if (folder / WHOLE).exists():
        return {folder / WHOLE: None}
    if not (folder / INDEX).exists():
        raise ValueError(
            f"Neither {WHOLE} nor {INDEX} lies in {folder}; give the folder of a downloaded model."
        )
    files: dict[Path, set[str] | None] = {}
    listed = config_json.read_json(folder / INDEX).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(file, str) for file in listed.values()):
        raise ValueError(f"{folder / INDEX} has no weight_map from names to files.")
    for file in sorted(set(listed.values())):
        if Path(file).name != file or not (folder / file).exists():
            raise ValueError(f"{INDEX} lists {file}, which does not lie in {folder}.")
        files[folder / file] = {name for name, held_by in listed.items() if held_by == file}
    return files


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    try:
        with safe_open(file, framework="pt") as shard:
            yield shard
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{file} is damaged or was not downloaded whole: {error}.") from None


def _counts(name: str) -> bool:
    return not name.endswith("rotary_emb.inv_freq")  # old checkpoints store what is computed here


def _compare(name: str, wanted: dict[str, Tensor], shape: tuple[int, ...], dtype: str) -> None:
    tied_head = name == HEAD and HEAD not in wanted and EMBEDDING in wanted
    if name not in wanted and not tied_head:
        raise ValueError(f"The checkpoint holds {name}, for which this architecture has no place.")
    asked = tuple(wanted[EMBEDDING if tied_head else name].shape)
    if shape != asked:
        raise ValueError(f"{name} has shape {shape}; the configuration asks for {asked}.")
    if dtype not in DTYPES:
        raise ValueError(
            f"{name} is stored as {dtype}; this lab reads {', '.join(DTYPES)}, nothing quantised."
        )
