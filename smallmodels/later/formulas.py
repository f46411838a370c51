"""How fast something halves: numbers in, numbers out. Times are months of 365.25 / 12 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, cos, exp, log, log2, pi, sin, sqrt
from statistics import linear_regression

MONTHS_A_YEAR = 12


def halving_months(start: float, end: float, months: float) -> float:
    """The months in which a value halves that falls steadily from `start` to `end`: months / log2(start/end).

    `ValueError` where it does not fall.

    >>> halving_months(80, 10, 12)
    4.0
    """
    if not 0 < end < start:
        raise ValueError(f"From {start:g} to {end:g} nothing falls; choose an end below the start.")
    return months / log2(start / end)


def fold_months(fold_per_year: float) -> float:
    """The months in which a value halves that becomes so many times smaller each year.

    >>> fold_months(4)
    6.0
    """
    return halving_months(fold_per_year, 1, MONTHS_A_YEAR)


def log_months(fall_per_year: float) -> float:
    """The months in which a value halves whose natural logarithm falls by so much a year.

    >>> round(log_months(0.6931), 1)
    12.0
    """
    return fold_months(exp(fall_per_year))


def halved(start: float, months: float, halving: float) -> float:
    """What is left of `start` after so many months, halved every `halving` months.

    >>> halved(80, 12, 4)
    10.0
    """
    return start / 2 ** (months / halving)


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through log2 of a falling value over months: months to halve, and the interval.

    `high` is None where the interval of the slope reaches a line that does not fall; `low` and `high` are
    both None where two points leave nothing to tell an interval from.
    """

    halving: float
    low: float | None
    high: float | None
    start: float  # the line's value in month 0

    def value(self, months: float) -> float:
        """The line's value so many months on."""
        return halved(self.start, months, self.halving)


def trend(months: Sequence[float], values: Sequence[float], confidence: float = 0.95) -> Trend:
    """Least squares of log2(value) on months; the interval of 1/slope from Student's t, n - 2 degrees.

    The textbook interval of a slope, turned over. It takes the points for independent, which the steps of a
    staircase are not, so it is too narrow. `ValueError` for fewer than two points or a rise.

    >>> round(trend([0, 4, 8, 12], [80, 40, 20, 10]).halving, 6)
    4.0
    """
    if len(months) < 2:
        raise ValueError("One point makes no line; choose a threshold that at least two models reached.")
    logs = [log2(value) for value in values]
    slope, intercept = linear_regression(months, logs)
    if slope >= 0:
        raise ValueError("The values do not fall, so nothing halves.")
    low, high = _turned(slope, _slope_error(months, logs, slope, intercept), len(logs) - 2, confidence)
    return Trend(-1 / slope, low, high, 2**intercept)


def _slope_error(x: Sequence[float], y: Sequence[float], slope: float, intercept: float) -> float:
    """Standard error of the slope of a line of least squares; 0 for two points."""
    rest = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    middle = sum(x) / len(x)
    return sqrt(rest / max(1, len(x) - 2) / sum((a - middle) ** 2 for a in x))


def _turned(slope: float, error: float, degrees: int, confidence: float) -> tuple[float | None, float | None]:
    """The interval of a falling slope as one of months: -1 over its two ends."""
    if degrees < 1:
        return None, None
    margin = student_t(confidence, degrees) * error
    return -1 / (slope - margin), -1 / (slope + margin) if slope + margin < 0 else None


def student_t(confidence: float, degrees: int) -> float:
    """Student's t: how many standard errors a two-sided interval spans on each side, by bisection.

    >>> round(student_t(0.95, 1), 3), round(student_t(0.95, 4), 3)
    (12.706, 2.776)
    """
    low, high = 0.0, 1e6
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < confidence else (low, middle)
    return high


def _within(t: float, degrees: int) -> float:
    """The share of Student's distribution between -t and t (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(degrees))
    first = 1 if degrees % 2 else 0
    term = total = cos(angle) if first else 1.0
    for n in range(3 if first else 2, degrees, 2):
        term *= (n - 1) / n * cos(angle) ** 2
        total += term
    if degrees == 1:
        return 2 * angle / pi
    return 2 / pi * (angle + sin(angle) * total) if first else sin(angle) * total


def change_pct(before: float, after: float) -> float:
    """By how much a price changed, in percent of what it was; negative where it fell.

    >>> change_pct(4, 3)
    -25.0
    """
    return 100 * (after / before - 1)


def yearly_pct(before: float, after: float, months: float) -> float:
    """The same as a steady change a year.

    >>> round(yearly_pct(4, 1, 24), 6)
    -50.0
    """
    return 100 * (exp(log(after / before) * MONTHS_A_YEAR / months) - 1)
