"""The formulas of chapter 02c: straight lines, sizes read off a family, and what cards can train on.

Scores are in percent, losses in nats a token, sizes in parameters.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from smallmodels.arguments import above_zero
from smallmodels.scaling import equivalent_size, training_flops

SECONDS = 86_400  # of a day


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line y = intercept + slope x through points, by least squares.

    `slope_error` is the slope's standard error, `explained` the share of the differences in y that the line
    explains (R squared).
    """

    slope: float
    intercept: float
    slope_error: float
    explained: float
    n_points: int

    def at(self, x: float) -> float:
        """The line's y at an x."""
        return self.intercept + self.slope * x

    def where(self, y: float) -> float:
        """The x at which the line has this y."""
        return (y - self.intercept) / self.slope


def line(points: Sequence[tuple[float, float]]) -> Line:
    """The line of least squares; `ValueError` for fewer than three points, or if all have one x.

    >>> found = line([(0, 1), (1, 3), (2, 5), (3, 7)])
    >>> found.slope, found.intercept, found.slope_error, found.explained
    (2.0, 1.0, 0.0, 1.0)
    """
    if len(points) < 3 or len({x for x, _ in points}) < 2:
        raise ValueError(f"A line needs three points that differ in x; there are {len(points)}.")
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    xx = sum((x - middle_x) ** 2 for x, _ in points)
    yy = sum((y - middle_y) ** 2 for _, y in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / xx
    intercept = middle_y - slope * middle_x
    left = sum((y - intercept - slope * x) ** 2 for x, y in points)
    error = sqrt(left / (len(points) - 2) / xx)
    return Line(slope, intercept, error, 1 - left / yy if yy else 1.0, len(points))


def size_on(score: float, members: Sequence[tuple[float, float]]) -> float | None:
    """Parameters at which a family would score `score`: between two members a line in the logarithm of size.

    `members` are (parameters, score), smallest first, each larger one scoring more. None for a score below
    the smallest member's or above the largest's: nothing is drawn on beyond them.

    >>> members = [(1e9, 50), (10e9, 60), (100e9, 80)]
    >>> round(size_on(70, members) / 1e9, 1), size_on(81, members), size_on(80, members) == 100e9
    (31.6, None, True)
    """
    for smaller, larger in itertools.pairwise(members):
        if smaller[1] <= score <= larger[1]:
            return min(equivalent_size(score, smaller, larger), larger[0])
    return None


def tokens_read(n_params: float, cards: float, days: float, flops: float, utilisation: float) -> float:
    """Tokens on which cards train a model of N parameters in some days: their FLOPs over 6N.

    `flops` are a card's at its peak a second, `utilisation` the share of them that training uses. The
    inverse of C = 6ND (Kaplan et al. 2020).

    >>> round(tokens_read(7241732096, 500, 34, 989.5e12, 0.4) / 1e12, 1)
    13.4
    """
    above_zero(n_params=n_params, cards=cards, days=days, flops=flops, utilisation=utilisation)
    return cards * days * SECONDS * flops * utilisation / training_flops(n_params, 1)


def utilisation(n_params: float, n_tokens: float, card_hours: float, flops: float) -> float:
    """The share of its cards' peak that a training used: 6ND over all that the cards could have done.

    >>> round(utilisation(6738415616, 2e12, 184_320, 312e12), 2)  # Llama 2 7B on A100s
    0.39
    """
    above_zero(n_params=n_params, n_tokens=n_tokens, card_hours=card_hours, flops=flops)
    return training_flops(n_params, n_tokens) / (card_hours * 3600 * flops)
