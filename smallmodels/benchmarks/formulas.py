"""Sampling error of a benchmark: numbers in, numbers out. Scores, gaps and errors are percentage points."""

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import NormalDist


def z_score(confidence: float) -> float:
    """How many standard errors a two-sided interval of this confidence spans on each side.

    `confidence` is a probability in [0.5, 0.999]; anything else raises `ValueError`.

    >>> round(z_score(0.95), 6)
    1.959964
    """
    if not 0.5 <= confidence <= 0.999:
        raise ValueError(f"The confidence is {confidence}; choose one from 0.5 to 0.999.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def standard_error(score_pct: float, n_items: int) -> float:
    """Standard error of the share answered right among `n_items` questions, in percentage points.

    The binomial sqrt(p(1-p)/n); `ValueError` for a score outside 0 to 100 or fewer than one item.

    >>> round(standard_error(30.5, 164), 2)
    3.6
    """
    if not 0 <= score_pct <= 100:
        raise ValueError(f"A score of {score_pct} is no percentage; it must lie between 0 and 100.")
    if n_items < 1:
        raise ValueError(f"A benchmark of {n_items} items cannot be scored; it needs at least one.")
    p = score_pct / 100
    return 100 * sqrt(p * (1 - p) / n_items)


def gap_error(challenger_pct: float, baseline_pct: float, n_items: int, correlation: float = 0.0) -> float:
    """Standard error of the gap between two scores on the same `n_items`, in percentage points.

    sqrt(s1^2 + s2^2 - 2 r s1 s2), where s1 and s2 are the scores' own standard errors and r is the
    `correlation` of the two models' results over the items, from -1 to 1 (Miller 2024, arXiv 2411.00640).
    Averages do not tell r: the Open LLM Leaderboard published the answers item by item, in its "details"
    data sets, but they cannot be had here. Models tend to fail on the same items, so 0, as if each had sat a
    test of its own, is an upper bound. `ValueError` for a correlation there cannot be.

    >>> round(gap_error(30.5, 18.3, 164), 2), round(gap_error(30.5, 18.3, 164, correlation=0.5), 2)
    (4.69, 3.34)
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"The correlation is {correlation}; choose one from -1 to 1.")
    s1, s2 = standard_error(challenger_pct, n_items), standard_error(baseline_pct, n_items)
    # At a correlation of 1 and equal scores nothing is left, and rounding may leave less.
    return sqrt(max(0.0, s1**2 + s2**2 - 2 * correlation * s1 * s2))


def interval(score_pct: float, n_items: int | None, z: float) -> tuple[float, float]:
    """A score's own sampling interval in percent, cut at 0 and 100; no width where `n_items` is not known.

    >>> low, high = interval(30.5, 164, 1.96)
    >>> round(low, 1), round(high, 1)
    (23.5, 37.5)
    """
    half = z * standard_error(score_pct, n_items) if n_items else 0.0
    return max(0.0, score_pct - half), min(100.0, score_pct + half)


def items_needed(gap: float, margin: float, n_items: int) -> float:
    """How many items a test would need for `gap` to equal its margin, which is `margin` on `n_items`.

    The error falls with the square root of the number of items. `ValueError` for a gap of nothing.

    >>> items_needed(1.0, 2.0, 1000)
    4000.0
    """
    if gap == 0:
        raise ValueError("A gap of 0 is within noise however long the test; choose two scores that differ.")
    return n_items * (margin / gap) ** 2


def beyond_after_holm(z_scores: Sequence[float], confidence: float) -> int:
    """How many of several gaps stay beyond noise when all are tested together (Holm 1979, step-down).

    >>> beyond_after_holm([14.45, 2.21, 0.29, 1.04, 1.97, 8.5], 0.95)
    2
    """
    level = 1 - confidence
    p_values = sorted(erfc(abs(z) / sqrt(2)) for z in z_scores)
    for rejected, p in enumerate(p_values):
        if p > level / (len(p_values) - rejected):
            return rejected
    return len(p_values)
