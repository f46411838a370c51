"""Bytes of keys and values, and how heads can share them: numbers in, numbers out.

Bytes are bytes; a window counts the token itself.
"""

from smallmodels.table import Value

Row = dict[str, Value]


BYTES_PER_VALUE: dict[str, float] = {"FP32": 4, "FP16": 2, "INT8": 1, "INT4": 0.5}  # BF16 weighs as FP16


def bytes_per_value(precision: str) -> float:
    """Bytes of one number at a named precision; the scales of quantised formats are not counted.

    >>> bytes_per_value("FP16")
    2
    """
    if precision not in BYTES_PER_VALUE:
        raise ValueError(f"There is no precision {precision!r}; choose one of {', '.join(BYTES_PER_VALUE)}.")
    return BYTES_PER_VALUE[precision]


def kv_bytes_per_token(n_layers: int, n_kv_heads: int, head_dim: int, value_bytes: float = 2) -> float:
    """Bytes of one token's keys and values in every layer.

    Two (K and V) x layers x KV heads x head size x bytes of a value; source: Pope et al. 2022, section 2.1,
    with the number of KV heads of Ainslie et al. 2023. In FP16, Mistral 7B and Llama 2 7B, 13B and 70B:

    >>> kv_bytes_per_token(32, 8, 128), kv_bytes_per_token(32, 32, 128)
    (131072, 524288)
    >>> kv_bytes_per_token(40, 40, 128), kv_bytes_per_token(80, 8, 128)
    (819200, 327680)
    """
    return 2 * n_layers * n_kv_heads * head_dim * value_bytes


def cached_tokens(context: int, sliding_window: int | None = None) -> int:
    """Tokens a cache holds after `context` of them: all, or the window's worth when the buffer rolls.

    Source: Jiang et al. 2023, "rolling buffer cache": at 32k tokens it holds an eighth of them.

    >>> cached_tokens(32768, 4096), cached_tokens(1000, 4096), cached_tokens(32768)
    (4096, 1000, 32768)
    """
    if context < 0:
        raise ValueError(f"A context of {context} tokens does not exist; it must be 0 or more.")
    return context if sliding_window is None else min(context, sliding_window)


def kv_cache_bytes(
    bytes_per_token: float, context: int, batch: int = 1, sliding_window: int | None = None
) -> float:
    """Bytes of the keys and values of `batch` sequences of `context` tokens.

    Mistral 7B in FP16 holds half a GiB, at any length from 4,096 on:

    >>> kv_cache_bytes(131072, 32768, sliding_window=4096)
    536870912
    """
    if batch < 1:
        raise ValueError(f"A batch of {batch} sequences does not exist; it must be 1 or more.")
    return bytes_per_token * batch * cached_tokens(context, sliding_window)


def shared_heads(n_heads: int, n_kv_heads: int) -> int:
    """The number of KV heads nearest below `n_kv_heads` that the query heads can share evenly.

    >>> shared_heads(32, 8), shared_heads(40, 16), shared_heads(32, 99)
    (8, 10, 32)
    """
    if n_kv_heads < 1:
        raise ValueError(f"{n_kv_heads} key-value heads leave nothing to attend to; it must be 1 or more.")
    return max(d for d in range(1, min(n_heads, n_kv_heads) + 1) if n_heads % d == 0)


def even_sharings(n_heads: int) -> list[int]:
    """Every number of KV heads that `n_heads` query heads can share evenly, ascending."""
    return [heads for heads in range(1, n_heads + 1) if n_heads % heads == 0]
