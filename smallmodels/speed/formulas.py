"""A roofline of decoding: numbers in, numbers out.

A step takes at least the time to read its bytes, and at least the time to do its arithmetic. What that gives
is a ceiling for programs that write one token per reading, never a forecast.
"""

from smallmodels import swa

K = 1024  # tokens are counted in K of 1,024, as the post's "4K" does


def step_bytes(weight_bytes: float, kv_bytes: float) -> float:
    """Bytes one decoding step reads: every weight it multiplies with, once, and the keys and values of the
    batch.

    Source: Pope et al. 2022, section 2.1. The input embedding is looked up, not read: leave it out of the
    weights.

    >>> step_bytes(2 * 7_110_660_096, 4096 * 131_072)  # Mistral 7B in FP16 with 4,096 tokens cached
    14758191104
    """
    return weight_bytes + kv_bytes


def step_flops(n_parameters: int, attended: int, n_heads: int, head_dim: int) -> int:
    """FLOPs of one sequence's next token: two per weight, and attention over the cached tokens.

    `attended` are the cached tokens that it sees, summed over the layers, each of which may have a window.
    Source: Kaplan et al. 2020, table 1. Llama 2 7B after 4,096 tokens:

    >>> step_flops(6_607_343_616, 32 * 4096, n_heads=32, head_dim=128)
    15362170880
    """
    return 2 * n_parameters + swa.attention_flops(attended, n_heads, head_dim)


def ceiling(n_bytes: float, n_flops: float, bandwidth: float, flops_per_second: float) -> float:
    """Steps per second that neither the memory (bytes/s) nor the arithmetic (FLOP/s) lets a card exceed.

    Source: Williams, Waterman and Patterson 2009, "Roofline".

    >>> ceiling(10.0, 10.0, bandwidth=100.0, flops_per_second=1000.0)
    10.0
    """
    return min(bandwidth / n_bytes, flops_per_second / n_flops)


def difference_pct(ours: float, theirs: float) -> float:
    """How much larger `ours` is than `theirs`, in percent.

    >>> difference_pct(150, 120)
    25.0
    """
    return 100 * (ours / theirs - 1)


def tokens_for_ratio(
    ratio: float, weights: float, token: float, their_weights: float, their_token: float
) -> float | None:
    """Cached tokens t at which a step reads `ratio` times fewer bytes than theirs, without any window.

    Solves (their_weights + their_token t) / (weights + token t) = ratio, all of them bytes. 0 when it needs
    none; None when no number of tokens is enough. `ValueError` for a ratio that is not positive.

    >>> tokens_for_ratio(1, 120.0, 1.0, 100.0, 5.0), tokens_for_ratio(5, 120.0, 1.0, 100.0, 5.0)
    (5.0, None)
    """
    if not ratio > 0:
        raise ValueError(f"A lead of {ratio} times does not exist; the ratio must be above 0.")
    short = ratio * weights - their_weights
    gain = their_token - ratio * token
    if short <= 0:
        return 0.0
    return short / gain if gain > 0 else None
