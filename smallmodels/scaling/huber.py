"""Huber's loss of residuals of log loss, and the law that makes its sum least: Newton's method for `fitting`.

A law is given here by five unknowns: its floor E, the logarithms of both charges at the middle of the runs,
and those of both exponents. Runs are columns: sizes and budgets as logarithms counted from that middle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, fsum, log
from operator import mul

DELTA = 1e-3  # residual of log loss at which Huber's loss turns linear; that of Hoffmann et al. 2022
MOVES = 200  # steps tried at most; a dozen are usual
SMALL = 1e-11  # a step that no figure would show
SAME = 1e-14  # two sums that differ by no more are one: the rest is rounding


def huber(residual: float) -> float:
    """Huber's loss (1964): half the square near zero, and from `DELTA` on a straight line.

    >>> huber(0.0005), round(huber(-0.5), 7)
    (1.25e-07, 0.0004995)
    """
    size = abs(residual)
    return size * size / 2 if size <= DELTA else DELTA * (size - DELTA / 2)


@dataclass(frozen=True)
class Runs:
    """Runs as columns: logarithms of size and budget from their middle, of the loss, and the weights."""

    sizes: list[float]
    budgets: list[float]
    losses: list[float]
    weights: list[float]


@dataclass(frozen=True)
class Sum:
    """The sum of Huber's losses at some unknowns, its slope and its bend."""

    runs: Runs
    unknowns: tuple[float, ...]

    @cached_property
    def charges(self) -> tuple[list[float], list[float]]:
        """What size and data add to the loss, run by run."""
        _, size, data, p, q = self.unknowns
        alpha, beta = exp(p), exp(q)
        return (
            [exp(size - alpha * x) for x in self.runs.sizes],
            [exp(data - beta * y) for y in self.runs.budgets],
        )

    @cached_property
    def predicted(self) -> list[float]:
        """The law's loss, run by run."""
        floor = self.unknowns[0]
        return [floor + size + data for size, data in zip(*self.charges, strict=True)]

    @cached_property
    def residuals(self) -> list[float]:
        """The logarithm of a run's loss over the law's."""
        return [loss - log(law) for loss, law in zip(self.runs.losses, self.predicted, strict=True)]

    @cached_property
    def cost(self) -> float:
        """The sum itself."""
        return fsum(map(mul, self.runs.weights, map(huber, self.residuals)))

    def moves(self, damping: float) -> list[float]:
        """The step to where the damped quadratic is least.

        That is the sum's own up to second order, and `damping` times one that touches the sum here and lies
        above it everywhere: least squares with weights, one step of `fitting`'s slower way.
        """
        size, data = self.charges
        by_p, by_q = self._turns(self.runs.sizes, size, 3), self._turns(self.runs.budgets, data, 4)
        pulls = [max(-DELTA, min(DELTA, r)) * w / law for r, w, law in self._by_run()]
        inner = [self._bend(r, damping) * w / law**2 for r, w, law in self._by_run()]
        slopes = [[1.0] * len(size), size, data, by_p, by_q]
        weighted = [[*map(mul, inner, slope)] for slope in slopes]
        table = [[_dot(row, slope) for slope in slopes] for row in weighted]
        for charge, turn, (i, k) in ((size, by_p, (1, 3)), (data, by_q, (2, 4))):
            twice = [t * (t / c + 1) for t, c in zip(turn, charge, strict=True)]
            for row, column, bends in ((i, i, charge), (i, k, turn), (k, i, turn), (k, k, twice)):
                table[row][column] -= _dot(pulls, bends)
        return eliminated([[*row, _dot(pulls, slope)] for row, slope in zip(table, slopes, strict=True)])

    def _by_run(self) -> Iterable[tuple[float, float, float]]:
        return zip(self.residuals, self.runs.weights, self.predicted, strict=True)

    def _turns(self, logs: list[float], charges: list[float], which: int) -> list[float]:
        # How charges move with the logarithm of their exponent.
        exponent = exp(self.unknowns[which])
        return [-exponent * x * charge for x, charge in zip(logs, charges, strict=True)]

    def _bend(self, residual: float, damping: float) -> float:
        size = abs(residual)
        if size <= DELTA:
            return 1.0 + residual + damping
        return (DELTA if residual > 0 else -DELTA) + damping * DELTA / size


def _dot(left: Iterable[float], right: Iterable[float]) -> float:
    return float(sum(map(mul, left, right)))


def eliminated(table: list[list[float]]) -> list[float]:
    """The unknowns of linear equations, a row each with its right side last, by Gauss and Jordan.

    A symmetric table of sums of squares is safe without a search for pivots. `ZeroDivisionError` where the
    equations do not determine their unknowns.

    >>> eliminated([[2.0, 0.0, 4.0], [0.0, 5.0, 5.0]])
    [2.0, 1.0]
    """
    for i in range(len(table)):
        table[i] = [x / table[i][i] for x in table[i]]
        for k in range(len(table)):
            if k != i:
                by = table[k][i]
                table[k] = [x - by * y for x, y in zip(table[k], table[i], strict=True)]
    return [row[-1] for row in table]


def least(runs: Runs, start: Sequence[float]) -> tuple[float, ...] | None:
    """The unknowns at which the sum is least, from a start near it, by Newton's method with damping.

    Damped as by Levenberg (1944): more where a step made the sum larger. None where the way leads to a floor
    below zero, or out of a computer's numbers.
    """
    now, damping = Sum(runs, tuple(start)), 1.0
    for _ in range(MOVES):
        try:
            moves = now.moves(damping)
            new = Sum(runs, tuple(u + move for u, move in zip(now.unknowns, moves, strict=True)))
            better = new.unknowns[0] >= 0 and new.cost <= now.cost * (1 + SAME)
        except (ArithmeticError, ValueError):  # too far out
            better = False
        if not better and damping > 1e9:
            break
        if better:
            now, damping = new, damping / 4
            if max(map(abs, moves)) < SMALL:
                break
        else:
            damping = 4 * max(damping, 1e-4)
    return now.unknowns if now.unknowns[0] > 0 else None
