"""A decoding step whose tensors never move, which is what torch.compile and CUDA graphs ask for.

    eager     the reference: the cache grows, Python starts every kernel              any device
    fixed     the same step over all slots of the cache, those not yet filled masked  any device
    compiled  `fixed` through torch.compile, as one graph without a break             where a compiler is
    graph     `fixed` as a CUDA graph: Python starts one thing a token                CUDA

`Decoder.generate` takes `eager` unless told otherwise. All four give the same logits: `fixed` and its capture
by a compiler are tested on a CPU; `graph` is tested where there is a card, and none was at hand to write it.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

from smallmodels.lab.attention import packed, shares_on_card
from smallmodels.lab.cache import KVCache
from smallmodels.lab.measure import graph
from smallmodels.lab.rotary import rotations

if TYPE_CHECKING:
    from smallmodels.lab.model import Decoder

# From a token of every sequence, (B, 1), to the logits after it, (B, vocab_size).
Read = Callable[[Tensor], Tensor]
WAYS = ("eager", "fixed", "compiled", "graph")


def reader(model: "Decoder", cache: KVCache, way: str) -> Read:
    """What reads one token after another into the cache, which has seen the prompt; no gradient.

    Raises ValueError for an unknown way, and for `graph` off CUDA.
    """
    device = cache.k[0].device
    if way not in WAYS or (way == "graph" and device.type != "cuda"):
        raise ValueError(f"Steps on {device.type} are taken {_or(device)}, not {way!r}.")
    if way == "eager":
        return torch.inference_mode()(lambda token: model(token, cache)[:, -1])
    step = Step(model, cache)
    if way == "compiled":
        step.run = torch.inference_mode()(torch.compile(step.take, fullgraph=True))
    elif way == "graph":
        step.run = graph(step.run)
    return step


class Step:
    """Reads `token` (B, 1), writes `logits` (B, vocab_size), both always in the same place.

    `take` is the step; `run`, which does it, may be `take` compiled or captured: it moves nothing, so that
    repeating it does no harm. The position moves between two runs. The buffers are those of `cache`, which is
    not to be used otherwise from here on.
    """

    def __init__(self, model: "Decoder", cache: KVCache) -> None:
        weight = model.embed.weight
        self.model, self.cache = model, FixedCache(cache, weight.dtype)
        self.token = torch.zeros(cache.batch, 1, dtype=torch.long, device=weight.device)
        self.logits = weight.new_zeros(cache.batch, model.config.vocab_size)
        self.run: Callable[[], object] = torch.inference_mode()(self.take)

    def take(self) -> None:
        """One step, from `token` at the cache's position to `logits`."""
        state = self.model.through(self.model.embed(self.token), self.cache)  # (B, 1, d_model)
        self.logits.copy_(self.model.head(state[:, -1]))

    @torch.inference_mode()
    def __call__(self, token: Tensor) -> Tensor:
        """Logits after `token`. Raises ValueError when the cache has no room for it."""
        self.cache.require_room()
        self.token.copy_(token)
        self.run()
        self.cache.move()
        return self.logits


class FixedCache:
    """The slots of a `KVCache` seen as one tensor of constant size, for one new token at a time.

    The position is a tensor too: a step that was captured reads where it stands from there.
    """

    def __init__(self, cache: KVCache, dtype: torch.dtype) -> None:
        self.cache, self.length = cache, cache.length
        device = cache.k[0].device
        self.position = torch.tensor([cache.length], device=device)
        self.turns = rotations(cache.config, 0, cache.capacity, dtype, device)  # (capacity, head_dim/2) each
        self.places = torch.arange(max(cache.slots), device=device)
        self.ends = torch.arange(2, dtype=torch.int32, device=device)  # one sequence of one query

    def require_room(self) -> None:
        """ValueError when the next token would be one too many."""
        if self.length >= self.cache.capacity:
            raise ValueError(f"The cache was made for {self.length} tokens; give it a larger capacity.")

    def move(self) -> None:
        """A token has been read."""
        self.length += 1
        self.position += 1

    def begin(self, n: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosine and sine of the next position, (1, head_dim/2)."""
        cos, sin = self.turns
        return cos[self.position], sin[self.position]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Store the token's key and value and give what its queries read; shapes as in `KVCache.attend`."""
        keys, values, slots = self.cache.k[layer], self.cache.v[layer], self.cache.slots[layer]
        at = self.position % slots
        keys.index_copy_(2, at, k.to(keys.dtype))
        values.index_copy_(2, at, v.to(keys.dtype))
        query = q.to(keys.dtype)
        window = self.cache.config.windows[layer]
        rolls = window is None or slots <= window
        if rolls and shares_on_card(query) and len(query) == 1 and varlen_counts():
            filled = (self.position + 1).clamp(max=slots)
            return _split(query, keys, values, self.ends, filled).to(q.dtype)
        seen = self.places[:slots] <= self.position  # all, once the buffer is full
        if window is not None and not rolls:
            seen &= self.places[:slots] > self.position - window
        return packed(query, keys, values, seen[None]).to(q.dtype)

    def rewind(self, n: int) -> None:
        """As `KVCache.rewind`."""
        self.length -= n
        self.position -= n

    def advance(self, n: int) -> None:
        """Nothing: `move` is called between two runs."""


@cache
def varlen_counts() -> bool:
    """Can `varlen_attn` be told by a tensor how many keys there are? Not in older versions of PyTorch."""
    return "seqused_k" in inspect.signature(varlen_attn).parameters


def _split(q: Tensor, k: Tensor, v: Tensor, ends: Tensor, filled: Tensor) -> Tensor:
    """One query over the first `filled` slots, by the kernel that splits the keys among multiprocessors."""
    found: Any = varlen_attn(
        q[:, :, 0],  # (1, n_heads, head_dim)
        k[0].transpose(0, 1),  # (slots, n_kv_heads, head_dim)
        v[0].transpose(0, 1),
        ends,
        ends * k.shape[2],
        1,
        k.shape[2],
        enable_gqa=q.shape[1] != k.shape[1],
        seqused_k=filled.int(),
    )
    return found[:, :, None]  # type: ignore[no-any-return]


def _or(device: torch.device) -> str:
    *some, last = WAYS if device.type == "cuda" else WAYS[:-1]
    return f"{', '.join(some)} or {last}"
