"""The formulas of our own sweep: spread and noise of repeated runs, what is read off between measured ones.

Text is counted in characters, losses are in nats per character; curves run over the logarithm of the text.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import fsum, log, sqrt
from statistics import fmean

NOISE = 2  # standard errors that count as noise


def pooled_deviation(groups: Iterable[Sequence[float]]) -> float:
    """Standard deviation within groups of repeated runs, each about its own mean; 0 without repetitions.

    >>> pooled_deviation([[1.0, 3.0], [5.0, 5.0]])
    1.0
    """
    some = [*groups]
    squares = [(x - fmean(group)) ** 2 for group in some for x in group]
    return sqrt(fsum(squares) / max(1, len(squares) - len(some)))


def noise(means: Iterable[tuple[float, int]]) -> float:
    """What counts as noise in a difference of means, each given as (standard deviation, number of runs).

    Twice the standard error (`NOISE`); of two means of independent runs their squares add up.

    >>> noise([(0.3, 1), (0.4, 1)])
    1.0
    """
    return NOISE * sqrt(fsum(deviation**2 / n for deviation, n in means))


def linear_zero(gaps: Sequence[tuple[float, float]]) -> float | None:
    """Where a gap, given as (place, gap), first passes zero, on a straight line; None where it does not.

    >>> linear_zero([(0.0, -1.0), (0.1, 1.0)])
    0.05
    """
    for (a, before), (b, after) in pairwise(gaps):
        if before * after < 0:
            return a + (b - a) * before / (before - after)
    return None


def between(curve: Mapping[int, float], at: float) -> float | None:
    """A loss read off between two measured budgets, on a line over the logarithm of the text; None beyond.

    >>> between({1: 3.0, 4: 1.0}, 2)
    2.0
    """
    if at in curve:
        return curve[int(at)]
    for (a, low), (b, high) in pairwise(sorted(curve.items())):
        if a < at < b:
            return low + (high - low) * log(at / a) / log(b / a)
    return None


def text_for(curve: Sequence[tuple[int, float]], loss: float) -> float | None:
    """The text on which a falling curve of (text, loss) passes a loss; None where it does not.

    >>> text_for([(1, 3.0), (4, 1.0)], 2.0)
    2.0
    """
    for (a, high), (b, low) in pairwise(curve):
        if low <= loss <= high:
            return float(a * (b / a) ** ((high - loss) / (high - low)))
    return None


def sign_change(gaps: Sequence[tuple[float, float]]) -> float | None:
    """Where a gap, given as (text, gap), first changes its sign; None if nowhere.

    >>> sign_change([(1, -1.0), (4, 1.0)])
    2.0
    """
    for (a, before), (b, after) in pairwise(gaps):
        if before * after < 0:
            return float(a * (b / a) ** (before / (before - after)))
    return None
