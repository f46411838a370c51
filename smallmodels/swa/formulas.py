"""Reach, hops and pairs of windowed attention, and its operations: numbers in, numbers out.

A window counts the token itself: a query sees the `sliding_window` newest positions.
"""

from collections.abc import Mapping
from math import ceil

from smallmodels.arguments import checked, in_range


@checked
def reach(n_layers: int, sliding_window: int) -> int:
    """How many positions back the last layer can still be touched by: n_layers x (window - 1).

    A layer carries information back by `window` - 1 positions, because the window counts the token itself, as
    the rolling buffer of Jiang et al. 2023 does. Their text, section 2, counts it besides, which makes layers
    x window, "approximately 131K tokens" (131,072); for Mistral 7B and the buffer it is

    >>> reach(32, 4096)
    131040
    """
    if n_layers < 1 or sliding_window < 1:
        raise ValueError(
            f"{n_layers} layers of window {sliding_window} do not exist; both must be 1 or more."
        )
    return n_layers * (sliding_window - 1)


@checked
def hops(distance: int, sliding_window: int | None) -> int | None:
    """Layers it takes before an input that far back can touch an output; None if none are enough.

    Its own position (distance 0) needs one layer like every other the window shows.

    >>> hops(0, 4), hops(3, 4), hops(4, 4), hops(100, None), hops(1, 1)
    (1, 1, 2, 1, None)
    """
    if distance < 0:
        raise ValueError(f"The input lies {-distance} positions ahead; attention here only looks back.")
    if sliding_window is None:
        return 1
    in_range(1, sliding_window=sliding_window)
    if distance == 0:
        return 1
    return None if sliding_window == 1 else ceil(distance / (sliding_window - 1))


@checked
def visible_pairs(length: int, sliding_window: int | None = None) -> int:
    """Pairs of a query and a key it sees, over a sequence: n(n+1)/2, less what lies behind the window.

    >>> visible_pairs(4), visible_pairs(4, 2), visible_pairs(4, 9)
    (10, 7, 10)
    """
    if length < 0 or (sliding_window is not None and sliding_window < 1):
        raise ValueError(
            f"{length} tokens in a window of {sliding_window} do not exist; take 0 or more in 1 or more."
        )
    hidden = 0 if sliding_window is None else max(0, length - sliding_window)
    return length * (length + 1) // 2 - hidden * (hidden + 1) // 2


@checked
def attention_flops(pairs: int, n_heads: int, head_dim: int) -> int:
    """FLOPs of a layer's scores and sums: two products of head_dim multiply-adds per head and pair.

    Source: Kaplan et al. 2020, table 1 (where the mask is not counted). Sharing keys saves bytes, not FLOPs.

    >>> attention_flops(visible_pairs(2), n_heads=1, head_dim=1)
    12
    """
    in_range(0, pairs=pairs)
    in_range(1, n_heads=n_heads, head_dim=head_dim)
    return 4 * pairs * n_heads * head_dim


def effective_length(scores_pct: Mapping[int, float], threshold_pct: float) -> int | None:
    """The longest text (tokens) at which a model still scores above a threshold; None if at none.

    Source: Hsieh et al. 2024, RULER, whose threshold is what Llama 2 7B scores at 4,096 tokens, its whole
    context. A longer text counts only while all shorter ones tested are above it too.

    >>> effective_length({4096: 90, 8192: 86, 16384: 80}, 85)
    8192
    >>> effective_length({4096: 90, 8192: 80, 16384: 86}, 85), effective_length({4096: 80}, 85)
    (4096, None)
    """
    longest = None
    for length, score in sorted(scores_pct.items()):
        if score <= threshold_pct:
            break
        longest = length
    return longest
