"""Bytes of keys and values, how heads can share them, and what is read out of times and losses.

Numbers in, numbers out. Bytes are bytes; a window counts the token itself.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import linear_regression, pvariance, stdev
from typing import NamedTuple

from smallmodels.arguments import above_zero, checked, in_range

# Bytes of one number. A quantised one shares a scale of two bytes with the 31 beside it, in the program whose
# formats are most used (Q8_0 and Q4_0 of ggml); BF16 weighs as FP16.
BLOCK = 32
BYTES_PER_VALUE: dict[str, float] = {"FP32": 4, "FP16": 2, "INT8": 1 + 2 / BLOCK, "INT4": 0.5 + 2 / BLOCK}

MOST_HEADS = 1024  # of a layer whose sharings are listed; published ones have 128 at most


@checked
def bytes_per_value(precision: str) -> float:
    """Bytes of one number at a named precision, its part of a scale included; `ValueError` for another name.

    2,048 tokens of Llama 3 8B take 136 MiB in 8 bits and 72 in 4, as llama.cpp's log says:

    >>> values = 2048 * kv_bytes_per_token(32, 8, 128, value_bytes=1)
    >>> [values * bytes_per_value(precision) / 2**20 for precision in ("FP16", "INT8", "INT4")]
    [256.0, 136.0, 72.0]
    """
    if precision not in BYTES_PER_VALUE:
        raise ValueError(f"There is no precision {precision!r}; choose one of {', '.join(BYTES_PER_VALUE)}.")
    return BYTES_PER_VALUE[precision]


@checked
def kv_bytes_per_token(n_layers: int, n_kv_heads: int, head_dim: int, value_bytes: float = 2) -> float:
    """Bytes of one token's keys and values in every layer.

    Two (K and V) x layers x KV heads x head size x bytes of a value; source: Pope et al. 2022, section 2.1,
    with the number of KV heads of Ainslie et al. 2023. `ValueError` for what is not above 0. In FP16, Mistral
    7B and Llama 2 7B, 13B and 70B:

    >>> kv_bytes_per_token(32, 8, 128), kv_bytes_per_token(32, 32, 128)
    (131072, 524288)
    >>> kv_bytes_per_token(40, 40, 128), kv_bytes_per_token(80, 8, 128)
    (819200, 327680)
    """
    in_range(1, n_layers=n_layers, n_kv_heads=n_kv_heads, head_dim=head_dim)
    above_zero(value_bytes=value_bytes)
    return 2 * n_layers * n_kv_heads * head_dim * value_bytes


@checked
def cached_tokens(context: int, sliding_window: int | None = None) -> int:
    """Tokens a cache holds after `context` of them: all, or the window's worth when the buffer rolls.

    Source: Jiang et al. 2023, "rolling buffer cache": at 32k tokens it holds an eighth of them.

    >>> cached_tokens(32768, 4096), cached_tokens(1000, 4096), cached_tokens(32768)
    (4096, 1000, 32768)
    """
    if context < 0:
        raise ValueError(f"A context of {context} tokens does not exist; it must be 0 or more.")
    if sliding_window is None:
        return context
    in_range(1, sliding_window=sliding_window)
    return min(context, sliding_window)


@checked
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
    above_zero(bytes_per_token=bytes_per_token)
    return bytes_per_token * batch * cached_tokens(context, sliding_window)


@checked
def shared_heads(n_heads: int, n_kv_heads: int) -> int:
    """The number of KV heads nearest below `n_kv_heads` that the query heads can share evenly.

    >>> shared_heads(32, 8), shared_heads(40, 16), shared_heads(32, 99)
    (8, 10, 32)
    """
    if n_kv_heads < 1:
        raise ValueError(f"{n_kv_heads} key-value heads leave nothing to attend to; it must be 1 or more.")
    in_range(1, MOST_HEADS, n_heads=n_heads)
    return max(d for d in range(1, min(n_heads, n_kv_heads) + 1) if n_heads % d == 0)


@checked
def even_sharings(n_heads: int) -> list[int]:
    """Every number of KV heads that `n_heads` query heads, 1 to 1,024, can share evenly, ascending."""
    in_range(1, MOST_HEADS, n_heads=n_heads)
    return [heads for heads in range(1, n_heads + 1) if n_heads % heads == 0]


CONFIDENCE = 0.95
# t of that confidence, two-sided, for 2 to 10 values. Source: Student 1908, in today's digits.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def margin(values: Sequence[float]) -> float | None:
    """Half of the 95% interval of a mean, by Student's t; None for fewer than two values.

    Beyond ten values it is a little too wide: it keeps the t of ten.

    >>> round(margin([0.5, 0.5, -0.1]), 3), margin([0.5])
    (0.861, None)
    """
    if len(values) < 2:
        return None
    return STUDENT[min(len(values), len(STUDENT) + 1) - 2] * stdev(values) / sqrt(len(values))


def standard_error(values: Sequence[float]) -> float:
    """Standard error of a mean; `StatisticsError`, a `ValueError`, for fewer than two values.

    >>> round(standard_error([0.5, 0.5, -0.1]), 3)
    0.2
    """
    return stdev(values) / sqrt(len(values))


class Times(NamedTuple):
    """A step's time as a sum of causes: a start, so much for each GB read, so much for each cached token.

    `explained` is the share of the variance that this accounts for, 0 to 1.
    """

    start_ms: float
    ms_per_gb: float
    ms_per_token: float
    explained: float

    def at(self, gb: float, tokens: float = 0.0) -> float:
        """Milliseconds of a step that reads so many GB, with so many tokens cached."""
        return self.start_ms + self.ms_per_gb * gb + self.ms_per_token * tokens


def fit_times(read_gb: Sequence[float], ms: Sequence[float], tokens: Sequence[float] | None = None) -> Times:
    """Least squares of times by bytes read, and by cached tokens too where they are given.

    Two causes are fitted one after the other: what the bytes do not say of the tokens is set against the
    times first (Frisch and Waugh 1933). `StatisticsError`, a `ValueError`, when all read the same.

    3 ms and 10 GB/s:

    >>> [round(part, 6) for part in fit_times([1, 2, 4], [103, 203, 403])]
    [3.0, 100.0, 0.0, 1.0]
    """
    cached, per_token = tokens or [0.0] * len(ms), 0.0
    if tokens:
        slope, base = linear_regression(read_gb, tokens)
        alone = [many - base - slope * gb for many, gb in zip(tokens, read_gb, strict=True)]
        per_token = linear_regression(alone, ms).slope
    rest = [one - per_token * many for one, many in zip(ms, cached, strict=True)]
    per_gb, start = linear_regression(read_gb, rest)
    line = Times(start, per_gb, per_token, 0.0)
    missed = fsum((one - line.at(*cause)) ** 2 for one, *cause in zip(ms, read_gb, cached, strict=True))
    return line._replace(explained=1 - missed / (pvariance(ms) * len(ms)))
