"""Sampling error of a benchmark: numbers in, numbers out. Scores, gaps and errors are percentage points."""

from collections.abc import Hashable, Sequence
from math import erfc, fsum, sqrt
from statistics import NormalDist

CHANCE = 0.8  # the power that tests are commonly planned for


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


def detectable_gap(
    score_pct: float, n_items: int, confidence: float = 0.95, chance: float = CHANCE, correlation: float = 0.0
) -> float:
    """The true gap, in points, that a test of `n_items` shows as beyond noise with this `chance` (its power).

    (z_confidence + z_chance) standard errors of the gap between two scores near `score_pct` whose results
    have this `correlation` (Miller 2024, arXiv 2411.00640, section 5). `ValueError` as `gap_error` raises,
    and for a chance outside 0.5 to 0.999.

    >>> round(detectable_gap(50, 164), 1), round(detectable_gap(50, 14042), 1)
    (15.5, 1.7)
    """
    if not 0.5 <= chance <= 0.999:
        raise ValueError(f"The chance is {chance}; choose one from 0.5 to 0.999.")
    width = z_score(confidence) + NormalDist().inv_cdf(chance)
    return width * gap_error(score_pct, score_pct, n_items, correlation)


def paired_error(differences: Sequence[float]) -> float:
    """Standard error of a mean difference, in points, from the items' `differences` (parts of 1).

    sqrt(sum (d - mean)^2) / n, the same as `gap_error` with the correlation that the results have.

    >>> round(paired_error([1, 0, 0, -1, 1, 0]), 2)
    28.05
    """
    return clustered_error(differences, range(len(differences)))


def clustered_error(differences: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """The same where items of one cluster go together: sqrt(sum over clusters of (sum of d - mean)^2) / n.

    Miller 2024 (arXiv 2411.00640, section 2.2), without a correction for few clusters. `clusters` names the
    cluster of each item.

    >>> round(clustered_error([1, 0, 0, -1, 1, 0], "xxyyzz"), 2)
    27.22
    """
    n, mean = len(differences), fsum(differences) / len(differences)
    sums: dict[Hashable, list[float]] = {}
    for difference, cluster in zip(differences, clusters, strict=True):
        sums.setdefault(cluster, []).append(difference - mean)
    return 100 * sqrt(fsum(fsum(parts) ** 2 for parts in sums.values())) / n


def mcnemar_p(only_a: int, only_b: int) -> float:
    """McNemar's exact p: how likely so uneven a split of the items that one model alone got right is by luck.

    Two-sided, from the binomial with 1/2. 1 where there is no such item.

    >>> mcnemar_p(9, 1)
    0.021484375
    """
    n, low = only_a + only_b, min(only_a, only_b)
    tail, term = 0, 1
    for k in range(low + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    p: float = 2 * tail / 2**n
    return min(1.0, p)


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
