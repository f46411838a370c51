r"""Causal attention with shared keys and a window: one signature, the path chosen by the device.

One definition of the window, used everywhere: a query sees the `window` newest positions, its own included,
that is keys p with q - window < p <= q. (A rolling buffer of `window` slots holds exactly these.) Query heads
come in groups: head h reads key-value head h // group, with group = n_heads / n_kv_heads.

    n_heads = 8:    MHA, 8 KV heads      GQA, 2 KV heads      MQA, 1 KV head
                    q 01234567           q 0123 4567          q 01234567
                      ||||||||             \||/ \||/            \\\||///
                    k 01234567           k  0    1            k    0

Which way `attend` takes:

                                  CPU (and any device)                CUDA from 8.0 on, 16 bits
    one query, as in decoding     packed; products when many keys     grouped
    all keys are in sight         causal (SDPA's own)                 causal
    ... and some are older        joined: past, then itself           causal, by `causal_lower_right`
    a window hides some           strips                              flex, in prompts from 1,024 on

What is trained on a CPU with keys older than its queries is `packed` under a mask: `joined` has no gradient.

Sources: Vaswani et al. 2017 (attention), Shazeer 2019 (MQA), Ainslie et al. 2023 (GQA), Beltagy et al. 2020
(windows), Jiang et al. 2023 (both together, with a rolling buffer).
"""

from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right
from torch.nn.attention.flex_attention import BlockMask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

BLOCK = 64  # queries in a strip: large enough for matrix products, small beside the window
SHORT_BLOCK, SHORT_FROM = 32, 1024  # ... with a KV head for each query head, in texts from this length on
MANY = 2**21  # values in the keys: from here on (8 MB in FP32) two plain products beat the packed kernel
TILE = 128  # of FlexAttention: its masks speak of squares of so many queries and keys
FLEX_FROM = 1024  # queries; below this, compiling FlexAttention costs more than it saves


def attend(q: Tensor, k: Tensor, v: Tensor, window: int | None = None) -> Tensor:
    """What the newest positions read from all of them.

    q is (B, n_heads, T, head_dim); k and v are (B, n_kv_heads, S, head_dim), S >= T: the queries belong to
    the last T of the S positions. Returns (B, n_heads, T, head_dim). Scores are scaled by 1/sqrt(head_dim).

    Raises ValueError for shapes, types or places that do not fit one another, for heads that do not group,
    for more queries than keys, and for a window below 1.
    """
    _check(q, k, v, window)
    n = q.shape[2]
    if window is not None and k.shape[2] > n + window - 1:  # older than any of these queries can see
        k, v = k[:, :, -(n + window - 1) :], v[:, :, -(n + window - 1) :]
    if n == 1:
        return single(q, k, v)
    if window is None or k.shape[2] <= window:
        return causal(q, k, v)
    return (flex if _flex_pays(q) else strips)(q, k, v, window)


def visible(n: int, m: int, window: int | None = None, device: torch.device | None = None) -> Tensor:
    """Which of m keys each of the last n positions sees, (n, m), True where it does.

    >>> visible(3, 4, window=2).int().tolist()
    [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    """
    age = torch.arange(m - n, m, device=device)[:, None] - torch.arange(m, device=device)  # (n, m)
    return (age >= 0) & (age < (m if window is None else window))


def packed(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention in which the heads of a group are rows of one query, so that no key is copied per head.

    Shapes as in `attend`; `mask` is (T, S), True where a key is seen, or None when all are.
    """
    group, n = q.shape[1] // k.shape[1], q.shape[2]
    rows = q.reshape(q.shape[0], k.shape[1], group * n, q.shape[3])  # (B, n_kv_heads, group*T, head_dim)
    if mask is not None and group > 1:
        mask = mask.repeat(group, 1)  # (group*T, S)
    return scaled_dot_product_attention(rows, k, v, attn_mask=mask).reshape(q.shape)


def single(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One newest position, which sees every key, by the best way that was measured; shapes as in `attend`."""
    if shares_on_card(q):
        return grouped(q, k, v)
    few = q.shape[1] <= 4 * k.shape[1] or q.dtype != torch.float32
    return (products if q.device.type == "cpu" and few and k.numel() >= MANY else packed)(q, k, v)


def grouped(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One newest position by PyTorch's own sharing of heads, shapes as in `attend`.

    Its kernels for Hopper and Ampere cards split the keys among all multiprocessors when there is a single
    query, and only then: on an H100 with 32k cached, a packed group of 4, 8 or 32 heads takes 7.0, 11.5 or 24
    times as long (`data/runs/shared-decode-cuda.json`).
    """
    return scaled_dot_product_attention(q, k, v, enable_gqa=q.shape[1] != k.shape[1])


def products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One newest position by two plain products, shapes as in `attend`.

    Scores are made keys first, (S, group), so that the long side is the rows of a matrix that is read once.
    """
    rows = q.reshape(q.shape[0], k.shape[1], -1, q.shape[3])  # (B, n_kv_heads, group, head_dim)
    scores = (k @ (rows * q.shape[3] ** -0.5).mT).mT  # (B, n_kv_heads, group, S)
    exact = torch.float32 if q.dtype.itemsize == 2 else q.dtype
    read: Tensor = scores.softmax(-1, dtype=exact).to(v.dtype) @ v
    return read.reshape(q.shape)


def causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Full causal attention, shapes as in `attend`."""
    n, m, group = q.shape[2], k.shape[2], q.shape[1] // k.shape[1]
    if n < m and not q.is_cuda:  # a piece of a prompt
        plain = _trained(q, k, v) or q.device.type != "cpu"
        return packed(q, k, v, visible(n, m, device=q.device)) if plain else joined(q, k, v)
    if group > 1 and q.is_cuda and not shares_on_card(q):  # PyTorch would write n x m scores
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
    shared = q.shape[1] != k.shape[1]
    if n < m:
        mask: Any = causal_lower_right(n, m)  # a name for the kernel, not a tensor
        return scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=shared)
    return scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=shared)


def joined(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of a piece of a prompt on a CPU: the past without a mask, itself with, then joined.

    Softmax over both is a mean of the two results, weighted by their sums of exponentials, so neither part
    needs an n x m mask. Shapes as in `attend`, with T < S; no gradient.
    """
    n, m, group = q.shape[2], k.shape[2], q.shape[1] // k.shape[1]
    rows = q.reshape(q.shape[0], k.shape[1], group * n, q.shape[3])  # as in `packed`
    past, past_sum = _with_sum(rows, k[:, :, : m - n], v[:, :, : m - n])
    k, v = (x[:, :, m - n :].repeat_interleave(group, dim=1) for x in (k, v))
    new, new_sum = _with_sum(q, k, v, is_causal=True)
    share = torch.sigmoid(past_sum.reshape(new_sum.shape) - new_sum)[..., None]  # of the past
    return new.lerp_(past.reshape(q.shape), share.to(q.dtype))


def _with_sum(q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False) -> tuple[Tensor, Tensor]:
    """Attention, and the logarithm of its sum of exponentials (B, heads, T), by SDPA's operator for CPUs."""
    operator: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    return operator(q, k, v, is_causal=is_causal)  # type: ignore[no-any-return]


def strips(q: Tensor, k: Tensor, v: Tensor, window: int, block: int | None = None) -> Tensor:
    """Windowed attention in time and memory proportional to T: a block of queries reads a strip of keys.

    The strips (block + window - 1 keys each, overlapping) are views into k and v, and all share one small
    mask, so a single SDPA call does them all. Queries that still see the very first key go before, in one
    causal piece; an incomplete last block goes after. With a window of 4 and blocks of 3 (# is seen, . is
    multiplied and masked):

        key  0 1 2 3 4 5 6 7 8 9
      q 0    #                      the causal piece: they still see key 0
        1    # #
        2    # # #
        3    # # # # . .            a block: 3 queries, a strip of 3 + 4 - 1 keys
        4    . # # # # .
        5    . . # # # #
        6          # # # # . .      the next: the same strip three keys on, the same mask
        7          . # # # # .
        8          . . # # # #
        9                # # # #    what is left

    Shapes as in `attend`, with S - T < window <= S.
    """
    n, m = q.shape[2], k.shape[2]
    block = block or (SHORT_BLOCK if n >= SHORT_FROM and q.shape[1] == k.shape[1] else BLOCK)
    first = window - 1 - (m - n)  # this many queries have no position behind them that is out of sight
    last = n - (n - first) % block
    parts = []
    if first:
        parts.append(causal(q[:, :, :first], k[:, :, : window - 1], v[:, :, : window - 1]))
    if last > first:
        end = m - n + last
        parts.append(_blocks(q[:, :, first:last], k[:, :, :end], v[:, :, :end], window, block))
    if n > last:
        seen = n - last + window - 1
        mask = visible(n - last, seen, window, q.device)
        parts.append(packed(q[:, :, last:], k[:, :, -seen:], v[:, :, -seen:], mask))
    return torch.cat(parts, dim=2)


def _blocks(q: Tensor, k: Tensor, v: Tensor, window: int, block: int) -> Tensor:
    b, heads, n, d = q.shape
    kv_heads, blocks, seen = k.shape[1], n // block, block + window - 1
    # A strip is to its block what a key-value head is to its group: fold the strips into the heads.
    q = q.reshape(b, kv_heads, -1, blocks, block, d).transpose(2, 3)
    q = q.reshape(b * kv_heads, -1, block, d)  # (B*n_kv_heads, blocks*group, block, head_dim)
    strip_k, strip_v = (x.flatten(0, 1).unfold(1, seen, block).mT for x in (k, v))  # (.., seen, head_dim)
    out = packed(q, strip_k, strip_v, visible(block, seen, window, q.device))
    out = out.reshape(b, kv_heads, blocks, -1, block, d).transpose(2, 3)
    return out.reshape(b, heads, n, d)


def flex(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """Windowed attention by FlexAttention, compiled on a GPU; shapes as in `attend`."""
    mask = _block_mask(q.shape[2], k.shape[2], window, q.device)
    run = compiled_flex() if q.is_cuda else flex_attention
    return run(q, k, v, block_mask=mask, enable_gqa=q.shape[1] != k.shape[1])  # type: ignore[no-any-return]


@cache
def compiled_flex() -> Any:
    """FlexAttention compiled: once for all, for PyTorch forgets no version and allows few."""
    return torch.compile(flex_attention)


@lru_cache(maxsize=16)
def _block_mask(n: int, m: int, window: int, device: torch.device) -> BlockMask:
    """The window in tiles: which are seen whole, which in part; n x m is never written out."""

    def sees(_b: Tensor, _h: Tensor, query: Tensor, key: Tensor) -> Tensor:
        age = query + (m - n) - key
        return (age >= 0) & (age < window)

    first_q = torch.arange(m - n, m, TILE, device=device)[:, None]
    first_k = torch.arange(0, m, TILE, device=device)
    last_q, last_k = first_q + TILE - 1, first_k + TILE - 1
    touched = (first_k <= last_q) & (last_k > first_q - window)  # (tiles of queries, tiles of keys)
    whole = (last_k <= first_q) & (first_k > last_q - window) & (last_q < m)
    return BlockMask.from_kv_blocks(
        *_listed(touched & ~whole), *_listed(whole), TILE, mask_mod=sees, seq_lengths=(n, m)
    )


def _listed(tiles: Tensor) -> tuple[Tensor, Tensor]:
    """How many tiles each row has, and which, those first; for every batch and head."""
    count, order = tiles.sum(dim=1), tiles.int().argsort(dim=1, descending=True, stable=True)
    return count.int()[None, None], order.int()[None, None]


def _flex_pays(q: Tensor) -> bool:
    # FlexAttention wants 16 or more per head; cards below 8.0 (a T4) have no bf16 and take the strips.
    return q.shape[2] >= FLEX_FROM and q.shape[3] >= 16 and _modern(q)


def shares_on_card(q: Tensor) -> bool:
    """Do PyTorch's kernels share heads themselves? They want a card from 8.0 on and 16 bits."""
    return _modern(q) and q.dtype != torch.float32


def _modern(q: Tensor) -> bool:
    return q.is_cuda and torch.cuda.get_device_capability(q.device) >= (8, 0)


def _trained(*inputs: Tensor) -> bool:
    return torch.is_grad_enabled() and any(x.requires_grad for x in inputs)


def _check(q: Tensor, k: Tensor, v: Tensor, window: int | None) -> None:
    if not q.dim() == k.dim() == 4 or k.shape != v.shape:
        raise ValueError(
            f"Queries are (B, heads, T, head_dim), keys and values alike (B, KV heads, S, head_dim), not "
            f"{tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}."
        )
    if (q.shape[0], q.shape[3]) != (k.shape[0], k.shape[3]):
        raise ValueError(
            f"Queries and keys differ in batch or head_dim: {tuple(q.shape)} against {tuple(k.shape)}."
        )
    if not q.dtype == k.dtype == v.dtype or not q.device == k.device == v.device:
        raise ValueError(
            f"Queries, keys and values must be of one kind and place, not {q.dtype} on {q.device}, {k.dtype} "
            f"on {k.device} and {v.dtype} on {v.device}."
        )
    if 0 in (*q.shape, *k.shape):
        raise ValueError(f"There is nothing to attend to in {tuple(q.shape)} and {tuple(k.shape)}.")
    if q.shape[1] % k.shape[1]:
        raise ValueError(
            f"{q.shape[1]} query heads cannot share {k.shape[1]} key-value heads; take a divisor."
        )
    if q.shape[2] > k.shape[2]:
        raise ValueError(
            f"There are {q.shape[2]} queries for {k.shape[2]} keys; every query has a key of its own."
        )
    if window is not None and window < 1:
        raise ValueError(
            f"A window of {window} sees nothing; it must be 1 or more (the token itself), or None."
        )
