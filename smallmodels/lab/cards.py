"""The experiments that need a large card: models of published size, prompts of 64k tokens, caches of 32k.

Weights, keys and values are random, for time does not depend on them; bytes are those that the chapters
predict. A step or a layer is timed as it is called and, on CUDA, as a graph too: what it takes when nothing
waits for Python to start the next kernel.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask
from torch.nn.attention.varlen import varlen_attn

from smallmodels import gqa, swa
from smallmodels.lab import attention
from smallmodels.lab.config import Config
from smallmodels.lab.experiments import Row, filled, one_step, spread
from smallmodels.lab.measure import alternate, best_device, best_dtype, graph, require_memory
from smallmodels.lab.model import Decoder

COPIED = 4 * 2**30  # bytes of the tensor whose copy measures the card's bandwidth: many times its cache


def published_decode(
    models: Sequence[str] = ("Mistral 7B", "Llama 2 7B", "Llama 2 13B"),
    contexts: Sequence[int] = (0, 4096, 32_768),
    rounds: int = 15,
    copied: int = COPIED,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds of a decoding step of models of published shape, batch 1, and the bytes it reads.

    The first row is a plain copy of `copied` bytes, which are read and written. Raises ValueError for a
    model whose weights and longest cache the device cannot hold.
    """
    device = device or best_device()
    rows: list[Row] = [_copy(copied, rounds, device)]
    for name in models:
        model = random_model(Config.published(name), max(contexts) + 1, device)
        for context in contexts:
            read = model.config.step_bytes(context + 1, value_bytes=best_dtype(device).itemsize)
            step = partial(one_step, model, filled(model, context))
            times = alternate(_ways("step", step, device), rounds, device)
            rows += [
                {"model": name, "context": context, "way": way, "bytes": read, **spread(taken)}
                for way, taken in times.items()
            ]
        del model, step
    return rows


def window_paths(
    lengths: Sequence[int] = (4096, 8192, 16_384, 32_768, 65_536),
    window: int = 4096,
    n_heads: int = 32,
    n_kv_heads: int = 8,
    head_dim: int = 128,
    rounds: int = 5,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds of a layer's attention over a prompt: full, windowed as the lab does it, and by other ways."""
    device = device or best_device()
    rows: list[Row] = []
    for n in lengths:
        q, k, v = (_random((1, heads, n, head_dim), device) for heads in (n_heads, n_kv_heads, n_kv_heads))
        ways: dict[str, Callable[[], object]] = {
            "full": partial(attention.attend, q, k, v),
            "windowed": partial(attention.attend, q, k, v, window),
        }
        if n > window:
            ways["strips"] = partial(attention.strips, q, k, v, window)
        if device.type == "cuda":
            ways["full, varlen"] = _varlen(q, k, v, None)
        if n > window and device.type == "cuda":
            ways["FlexAttention"] = _bare_flex(q, k, v, window)
            ways["varlen"] = _varlen(q, k, v, window)
        for way, taken in alternate(ways, rounds, device).items():
            pairs = swa.visible_pairs(n, None if way.startswith("full") else window)
            flops = swa.attention_flops(pairs, n_heads, head_dim)
            rows.append({"way": way, "length": n, "flops": flops, **spread(taken)})
    return rows


def prompt_pieces(
    length: int = 16_384,
    chunks: Sequence[int] = (512, 2048, 4096),
    n_heads: int = 32,
    n_kv_heads: int = 8,
    head_dim: int = 128,
    rounds: int = 5,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds of a layer's attention over a prompt without a window: in one piece, and in pieces two ways.

    "pieces" is what `attend` does with keys older than the piece (`causal_lower_right` on a card), "masked"
    the same under an n x m mask.
    """
    device = device or best_device()
    shapes = ((1, heads, length, head_dim) for heads in (n_heads, n_kv_heads, n_kv_heads))
    q, k, v = (_random(shape, device) for shape in shapes)
    cases: dict[tuple[str, int], Callable[[], object]] = {
        ("one piece", length): partial(attention.attend, q, k, v)
    }
    for chunk in chunks:
        parts = [
            (q[:, :, i : i + chunk], k[:, :, : i + chunk], v[:, :, : i + chunk])
            for i in range(0, length, chunk)
        ]
        cases["pieces", chunk] = partial(_each, attention.attend, parts)
        cases["masked", chunk] = partial(_each, _masked, parts)
    flops = swa.attention_flops(swa.visible_pairs(length), n_heads, head_dim)
    return [
        {"way": way, "chunk": chunk, "flops": flops, **spread(taken)}
        for (way, chunk), taken in alternate(cases, rounds, device).items()
    ]


def shared_decode(
    kv_heads: Sequence[int] = (32, 8, 4, 1),
    cached: int = 32_768,
    n_heads: int = 32,
    head_dim: int = 128,
    n_layers: int = 32,
    rounds: int = 15,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Seconds that the attention of a decoding step takes in all layers, by KV heads and way of sharing."""
    device = device or best_device()
    size = best_dtype(device).itemsize
    rows: list[Row] = []
    for heads in kv_heads:
        held = int(gqa.kv_bytes_per_token(n_layers, heads, head_dim, size)) * cached
        require_memory(held, device, "The keys and values")
        k, v = (_random((n_layers, 1, heads, cached, head_dim), device) for _ in "kv")
        q = _random((1, n_heads, 1, head_dim), device)
        cases: dict[str, Callable[[], object]] = {}
        for way, attend in (("grouped", attention.grouped), ("packed", attention.packed)):
            cases |= _ways(way, partial(_every_layer, attend, q, k, v), device)
        for way, taken in alternate(cases, rounds, device).items():
            rows.append({"n_kv_heads": heads, "way": way, "bytes": held, **spread(taken)})
        del q, k, v, cases
    return rows


def random_model(config: Config, capacity: int, device: torch.device) -> Decoder:
    """A model with random weights on the device; ValueError when they and so long a cache do not fit."""
    dtype = best_dtype(device)
    cache = config.kv_cache_bytes(capacity, value_bytes=dtype.itemsize)
    require_memory(config.n_parameters() * dtype.itemsize + cache, device, "The weights and the cache")
    with torch.device("meta"):
        model = Decoder(config).to(dtype)
    model.to_empty(device=device)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=weight.shape[-1] ** -0.5) if weight.dim() == 2 else weight.fill_(1.0)
    return model.eval()


def _ways(name: str, case: Callable[[], object], device: torch.device) -> dict[str, Callable[[], object]]:
    """A case as it is called, and on CUDA as a graph of its kernels too."""
    ways = {name: case}
    if device.type == "cuda":
        ways[f"{name}, graph"] = graph(case)
    return ways


def _copy(size: int, rounds: int, device: torch.device) -> Row:
    here = torch.empty(size, dtype=torch.uint8, device=device).random_()
    there = torch.empty_like(here)
    taken = alternate({"copy": partial(there.copy_, here)}, rounds, device)["copy"]
    return {"model": None, "context": None, "way": "copy", "bytes": 2 * size, **spread(taken)}


def _bare_flex(q: Tensor, k: Tensor, v: Tensor, window: int) -> Callable[[], object]:
    """FlexAttention as its manual has it, mask and all, without a line of the lab's."""

    def sees(_b: Tensor, _h: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (query >= key) & (query - key < window)

    n = q.shape[2]
    mask = torch.compile(create_block_mask)(sees, None, None, n, n, device=q.device)  # else n x n is written
    return partial(attention.compiled_flex(), q, k, v, block_mask=mask, enable_gqa=True)


def _varlen(q: Tensor, k: Tensor, v: Tensor, window: int | None) -> Callable[[], object]:
    """Flash attention for sequences of any length, here one; its left window excludes the token itself."""
    query, keys, values = (x[0].transpose(0, 1) for x in (q, k, v))  # (T, heads, head_dim)
    n, shared = len(query), q.shape[1] != k.shape[1]
    ends = torch.tensor([0, n], dtype=torch.int32, device=q.device)
    seen = (-1 if window is None else window - 1, 0)
    settings: dict[str, Any] = {"window_size": seen, "enable_gqa": shared}
    return partial(varlen_attn, query, keys, values, ends, ends, n, n, **settings)


@torch.inference_mode()
def _each(
    attend: Callable[[Tensor, Tensor, Tensor], Tensor], parts: list[tuple[Tensor, Tensor, Tensor]]
) -> None:
    for part in parts:
        attend(*part)


def _masked(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return attention.packed(q, k, v, attention.visible(q.shape[2], k.shape[2], device=q.device))


@torch.inference_mode()
def _every_layer(attend: Callable[[Tensor, Tensor, Tensor], Tensor], q: Tensor, k: Tensor, v: Tensor) -> None:
    for layer in range(len(k)):
        attend(q, k[layer], v[layer])


def _random(shape: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.randn(shape, device=device, dtype=best_dtype(device))
