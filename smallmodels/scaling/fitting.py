"""Fits the law L = E + A/N^alpha + B/D^beta to runs: one fitter for the record, the notebook and the page.

Chapter 02, second half, stands on it (`miniature`). N counts parameters, D tokens or characters; losses are
in nats. A reader's browser fits too, so it must take milliseconds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, fsum, inf, isfinite, log, sqrt
from operator import mul
from statistics import fmean
from typing import Any, NamedTuple

from smallmodels.arguments import checked
from smallmodels.scaling.formulas import Law
from smallmodels.scaling.huber import DELTA, Runs, eliminated, huber, least
from smallmodels.words import count

LEAST_SQUARES, HUBER = "least squares", "Huber"
METHODS = (LEAST_SQUARES, HUBER)
EXPONENTS = (0.05, 2.0)  # bounds within which both exponents are searched
LEAST_FLOOR = 1e-6  # nats: a floor below it went to its bound of 0, and the rest is the search's rounding
GRID = 12  # exponents tried first, in each direction
_BOUNDS = ((log(EXPONENTS[0]), log(EXPONENTS[1])),) * 2


@dataclass(frozen=True, slots=True)
class Point:
    """One run: parameters, characters (or tokens) read, the loss it came to, and how much it counts."""

    n_params: float
    n_tokens: float
    loss: float
    weight: float = 1.0


Run = Point | Sequence[float]  # a point, or its figures in that order


def _points(runs: Sequence[Run]) -> list[Point]:
    """Runs as points; `ValueError` for what is neither a point nor three figures, or four with its weight."""
    if not hasattr(runs, "__iter__"):
        raise ValueError(f"Runs are Points in a list, not of the type {type(runs).__name__}.")
    return [run if isinstance(run, Point) else _point(run) for run in runs]


def _point(run: Any) -> Point:
    if isinstance(run, str) or not hasattr(run, "__len__") or len(run) not in (3, 4):
        raise ValueError(f"A run is a Point, or parameters, tokens and loss, not {run!r:.60}.")
    return _figures(*run)


@checked
def _figures(n_params: float, n_tokens: float, loss: float, weight: float = 1.0) -> Point:
    return Point(n_params, n_tokens, loss, weight)


def fit(points: Sequence[Run], how: str = LEAST_SQUARES) -> Law:
    """The law E + A/N^alpha + B/D^beta nearest to some runs, with E, A and B not negative.

    For fixed exponents the law is linear in E, A and B, so these are solved for and only the exponents are
    searched (variable projection, Golub and Pereyra 1973): on a grid, then downhill by a simplex (Nelder
    and Mead 1965). `how` is the least sum of squares of loss, or of Huber's loss (Huber 1964) of the residual
    of log loss, which is the objective of Hoffmann et al. 2022 and Besiroglu et al. 2024.

    A run is a `Point`, or (parameters, tokens, loss). Three sizes and three budgets at least, or the two
    charges and the floor cannot be told apart: `ValueError` with fewer, for figures that are not positive,
    and for another method.

    >>> sizes, budgets = (1e4, 3e4, 1e5, 3e5), (5e5, 1e6, 2e6, 4e6)
    >>> truth = Law(0.7, 50.0, 900.0, 0.5, 0.6)
    >>> found = fit([Point(n, d, truth.loss(n, d)) for n in sizes for d in budgets])
    >>> [round(figure, 3) for figure in (found.E, found.A, found.B, found.alpha, found.beta)]
    [0.7, 50.0, 900.0, 0.5, 0.6]
    """
    points = _points(points)
    _check(points, how)
    projection = _Projection(points)
    best = _search(projection)
    if how == HUBER:
        best = _by_newton(projection, best) or _reweighted(projection, best)
    law = projection.law(best)
    return replace(law, E=0.0) if law.E < LEAST_FLOOR else law


def fit_above(floor: float, points: Sequence[Run]) -> Law:
    """The law of the least sum of squares among those with this floor E, as from `fit` otherwise.

    `ValueError` as from `fit`, and for a floor that is not below every loss.

    >>> truth = Law(0.7, 50.0, 900.0, 0.5, 0.6)
    >>> runs = [Point(n, d, truth.loss(n, d)) for n in (1e4, 3e4, 1e5) for d in (5e5, 1e6, 2e6)]
    >>> round(fit_above(0.7, runs).alpha, 3), explained(fit_above(0.2, runs), runs) < 1
    (0.5, True)
    """
    points = _points(points)
    if any(point.loss <= floor for point in points):
        raise ValueError(f"Runs reach down to the floor of {floor:g}; choose one below every loss.")
    above = [replace(point, loss=point.loss - floor) for point in points]
    _check(above, LEAST_SQUARES)
    projection = _Projection(above, grounded=True)
    return replace(projection.law(_search(projection)), E=floor)


def _check(points: Sequence[Point], how: str) -> None:
    if how not in METHODS:
        raise ValueError(f"There is no method {how!r}; choose one of {', '.join(METHODS)}.")
    for point in points:
        figures = (point.n_params, point.n_tokens, point.loss, point.weight)
        if not all(isfinite(figure) and figure > 0 for figure in figures):
            raise ValueError(f"A run has figures {figures}; they must be positive.")
    sizes, budgets = len({p.n_params for p in points}), len({p.n_tokens for p in points})
    if sizes < 3 or budgets < 3:
        raise ValueError(
            f"These runs have {count(sizes, 'size')} and {count(budgets, 'budget')}; "
            "a floor needs at least three of each."
        )


def errors(law: Law, points: Sequence[Run]) -> list[float]:
    """By what share of the law's value each run lies above it."""
    return [point.loss / law.loss(point.n_params, point.n_tokens) - 1 for point in _points(points)]


def rms(values: Sequence[float]) -> float:
    """Root of the mean square.

    >>> rms([3, 4, 0, 0])
    2.5
    """
    return sqrt(fsum(value * value for value in values) / len(values))


def explained(law: Law, points: Sequence[Run]) -> float:
    """The share of the differences in loss that a law explains, as squares: 1 is all, 0 what a mean does.

    >>> explained(Law(1.0, 0.0, 0.0, 1.0, 1.0), [Point(1, 1, 0.5), Point(2, 1, 1.5)])
    0.0
    """
    points = _points(points)
    middle = fmean(point.loss for point in points)
    left = fsum((point.loss - law.loss(point.n_params, point.n_tokens)) ** 2 for point in points)
    return 1 - left / fsum((point.loss - middle) ** 2 for point in points)


def objective(law: Law, points: Sequence[Run], how: str = LEAST_SQUARES) -> float:
    """What `fit` makes least: the sum of squares of loss, or of Huber's loss of the residual of log loss.

    >>> objective(Law(1.0, 0.0, 0.0, 1.0, 1.0), [Point(1, 1, 1.5)])
    0.25
    >>> round(objective(Law(1.0, 0.0, 0.0, 1.0, 1.0), [Point(1, 1, exp(0.5))], HUBER), 7)  # 0.001 x 0.4995
    0.0004995
    """
    points = _points(points)
    if how == HUBER:
        logs = [(p.weight, log(p.loss / law.loss(p.n_params, p.n_tokens))) for p in points]
        return fsum(weight * huber(residual) for weight, residual in logs)
    return fsum(p.weight * (p.loss - law.loss(p.n_params, p.n_tokens)) ** 2 for p in points)


class _Solution(NamedTuple):
    """For exponents at the logarithms `at`: the squares, E, and both charges mid-grid."""

    squares: float
    floor: float
    size: float
    data: float
    at: tuple[float, float]


class _Column(NamedTuple):
    """One power of every cell's size or budget: its weighted mean, what is left, that times the weights,
    and the sums of its products with itself and with the losses.
    """

    mean: float
    left: list[float]
    weighted: list[float]
    square: float
    loss: float


class _Projection:
    """Runs as cells of sizes by budgets, so that powers are taken once for each size and budget.

    Sizes and budgets are counted from their geometric means, and columns from their own: what is solved
    then has a good condition. Where it is `grounded`, only a floor of 0 is allowed.
    """

    def __init__(self, points: Sequence[Point], grounded: bool = False) -> None:
        self.points, self.grounded = points, grounded
        self.middle = (fmean(log(p.n_params) for p in points), fmean(log(p.n_tokens) for p in points))
        sizes, budgets = ({x: i for i, x in enumerate(sorted(set(axis)))} for axis in _axes(points))
        self.sizes = [log(n) - self.middle[0] for n in sizes]
        self.budgets = [log(d) - self.middle[1] for d in budgets]
        places = [(sizes[p.n_params], budgets[p.n_tokens]) for p in points]
        self.keys = sorted(set(places))
        order = {key: i for i, key in enumerate(self.keys)}
        self.cell = [order[place] for place in places]
        self.rows, self.columns = ([key[axis] for key in self.keys] for axis in (0, 1))
        self.weigh([p.weight for p in points])

    def weigh(self, weights: Sequence[float]) -> None:
        """Give each run a weight; a cell then counts as one run of their mean loss and their whole weight."""
        total, loss = [0.0] * len(self.keys), [0.0] * len(self.keys)
        for cell, point, weight in zip(self.cell, self.points, weights, strict=True):
            total[cell] += weight
            loss[cell] += weight * point.loss
        self.weights, self.total = total, fsum(total)
        self.level = fsum(loss) / self.total
        self.losses = [x / weight - self.level for x, weight in zip(loss, total, strict=True)]
        self.square = _dot(map(mul, self.losses, self.losses), total)

    def solve(self, p: float, q: float) -> _Solution:
        """The best E, A and B for exponents given by their logarithms."""
        return self.joined(self.size_column(p), self.data_column(q), (p, q))

    def size_column(self, p: float) -> _Column:
        """What a charge for size is, but for its height, when the exponent has this logarithm."""
        return self._column(_powers(self.sizes, p), self.rows)

    def data_column(self, q: float) -> _Column:
        """What a charge for data is, but for its height, when the exponent has this logarithm."""
        return self._column(_powers(self.budgets, q), self.columns)

    def _column(self, powers: list[float], places: list[int]) -> _Column:
        values = [powers[place] for place in places]
        mean = _dot(self.weights, values) / self.total
        left = [value - mean for value in values]
        weighted = [*map(mul, self.weights, left)]
        return _Column(mean, left, weighted, _dot(weighted, left), _dot(weighted, self.losses))

    def joined(self, u: _Column, v: _Column, at: tuple[float, float]) -> _Solution:
        """The best E, A and B for both columns. A search spends its time here, in one sum of products."""
        both = _dot(u.weighted, v.left)
        determinant = u.square * v.square - both * both
        a = (u.loss * v.square - v.loss * both) / determinant
        b = (v.loss * u.square - u.loss * both) / determinant
        floor = self.level - a * u.mean - b * v.mean
        if a < 0 or b < 0 or floor < 0 or self.grounded:
            return self._on_the_border(u, v, both, at)
        return _Solution(self.square - a * u.loss - b * v.loss, floor, a, b, at)

    def _on_the_border(self, u: _Column, v: _Column, both: float, at: tuple[float, float]) -> _Solution:
        """The best E, A and B with one or two of them zero and none negative, from sums of products alone."""
        means = (1.0, u.mean, v.mean)
        about = ((0.0, 0.0, 0.0), (0.0, u.square, both), (0.0, both, v.square))
        table = [[about[i][k] + self.total * means[i] * means[k] for k in range(3)] for i in range(3)]
        target = [
            loss + self.total * m * self.level for loss, m in zip((0.0, u.loss, v.loss), means, strict=True)
        ]
        square = self.square + self.total * self.level**2
        found = []
        for free in ((1, 2), (1,), (2,)) if self.grounded else ((0, 1), (0, 2), (1, 2), (0,), (1,), (2,)):
            some = eliminated([[*(table[i][k] for k in free), target[i]] for i in free])
            if min(some) >= 0:
                given = dict(zip(free, some, strict=True))
                squares = square - sum(given[k] * target[k] for k in free)
                found.append(_Solution(squares, given.get(0, 0.0), given.get(1, 0.0), given.get(2, 0.0), at))
        return min(found)

    def step(self, now: _Solution) -> tuple[float, float]:
        """Where Gauss and Newton's method would move the exponents' logarithms; not from a bound."""
        p_free, q_free = (low < log_ < high for log_, (low, high) in zip(now.at, _BOUNDS, strict=True))
        p_free, q_free = p_free and now.size > 0, q_free and now.data > 0
        size, data = self.charges(now)
        by_p, by_q = (
            _slopes(self.sizes, self.rows, size, now.at[0]),
            _slopes(self.budgets, self.columns, data, now.at[1]),
        )
        ones = [1.0] * len(size)
        kept = (
            (by_p, p_free),
            (by_q, q_free),
            (size, now.size > 0),
            (data, now.data > 0),
            (ones, now.floor > 0),
        )
        left = [x + self.level - now.floor - s - d for x, s, d in zip(self.losses, size, data, strict=True)]
        moves = iter(_regression(self.weights, [column for column, free in kept if free], left))
        return (next(moves) if p_free else 0.0), (next(moves) if q_free else 0.0)

    def charges(self, now: _Solution) -> tuple[list[float], list[float]]:
        """What size and data add to the loss, cell by cell."""
        u, v = _powers(self.sizes, now.at[0]), _powers(self.budgets, now.at[1])
        return [now.size * u[i] for i in self.rows], [now.data * v[j] for j in self.columns]

    def predicted(self, solution: _Solution) -> list[float]:
        """The law's loss for each run."""
        cells = [solution.floor + size + data for size, data in zip(*self.charges(solution), strict=True)]
        return [cells[cell] for cell in self.cell]

    def law(self, solution: _Solution) -> Law:
        """The law itself, its charges counted from 1 instead of from the middle of the grid."""
        alpha, beta = exp(solution.at[0]), exp(solution.at[1])
        a, b = solution.size * exp(alpha * self.middle[0]), solution.data * exp(beta * self.middle[1])
        return Law(solution.floor, a, b, alpha, beta)


def _axes(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [p.n_params for p in points], [p.n_tokens for p in points]


def _dot(left: Iterable[float], right: Iterable[float]) -> float:
    """The sum of products: one call instead of a loop, since a fit does little else."""
    return float(sum(map(mul, left, right)))


def _powers(logs: list[float], exponent_log: float) -> list[float]:
    exponent = exp(exponent_log)
    return [exp(-exponent * x) for x in logs]


def _slopes(logs: list[float], places: list[int], charges: list[float], exponent_log: float) -> list[float]:
    """How charges move with the logarithm of their exponent."""
    by = [-exp(exponent_log) * x for x in logs]
    return [by[place] * charge for place, charge in zip(places, charges, strict=True)]


def _regression(weights: list[float], columns: list[list[float]], target: list[float]) -> list[float]:
    """Weighted least squares, one unknown for each column."""
    weighted = [[*map(mul, weights, column)] for column in columns]
    return eliminated([[_dot(row, column) for column in (*columns, target)] for row in weighted])


def _search(projection: _Projection) -> _Solution:
    """The least sum of squares over both exponents: the best of a grid, refined."""
    grid = [[low + (high - low) * k / (GRID - 1) for k in range(GRID)] for low, high in _BOUNDS]
    sizes = [(p, projection.size_column(p)) for p in grid[0]]
    budgets = [(q, projection.data_column(q)) for q in grid[1]]
    start = min(projection.joined(u, v, (p, q)) for p, u in sizes for q, v in budgets)

    def squares(p: float, q: float) -> float:
        # Beyond a bound the nearest exponent counts, made a little worse, so that the simplex comes back.
        inside = _inside(p, q)
        beyond = abs(p - inside[0]) + abs(q - inside[1])
        return projection.solve(*inside).squares * (1 + beyond)

    return _polished(projection, projection.solve(*_inside(*_downhill(squares, start.at, 0.15, 1e-3))))


def _inside(p: float, q: float) -> tuple[float, float]:
    (low_p, high_p), (low_q, high_q) = _BOUNDS
    return min(max(p, low_p), high_p), min(max(q, low_q), high_q)


def _polished(projection: _Projection, now: _Solution) -> _Solution:
    """A solution moved to where the sum of squares stands still, to the last digits a computer holds.

    Down there sums of squares can no longer be told apart, but the steps still know the way. It is what makes
    every machine show the same figures.
    """
    for _ in range(30):
        p, q = projection.step(now)
        size = max(abs(p), abs(q))
        share = min(1.0, 0.3 / size) if size else 1.0
        new = projection.solve(*_inside(now.at[0] + share * p, now.at[1] + share * q))
        while new.squares > now.squares and share * size > 1e-4:
            share /= 2
            new = projection.solve(*_inside(now.at[0] + share * p, now.at[1] + share * q))
        now = new
        if size < 1e-11:
            break
    return now


def _downhill(
    height: Callable[[float, float], float], start: tuple[float, float], step: float, tolerance: float
) -> tuple[float, float]:
    """The simplex of Nelder and Mead in two directions, until it is smaller than the tolerance."""

    def at(p: float, q: float) -> tuple[float, float, float]:
        return height(p, q), p, q

    p, q = start
    corners = [at(p, q), at(p + step, q), at(p, q + step)]
    for _ in range(200):
        corners.sort()
        best, good, worst = corners
        if max(abs(corner[k] - best[k]) for corner in (good, worst) for k in (1, 2)) < tolerance:
            break
        p, q = (best[1] + good[1]) / 2, (best[2] + good[2]) / 2
        dp, dq = p - worst[1], q - worst[2]
        mirrored = at(p + dp, q + dq)
        if mirrored < best:
            corners[2] = min(mirrored, at(p + 2 * dp, q + 2 * dq))
        elif mirrored < good:
            corners[2] = mirrored
        else:
            side = 0.5 if mirrored < worst else -0.5
            nearer = at(p + side * dp, q + side * dq)
            if nearer < min(mirrored, worst):
                corners[2] = nearer
            else:
                corners[1:] = [at((best[1] + c[1]) / 2, (best[2] + c[2]) / 2) for c in (good, worst)]
    return min(corners)[1:]


def _by_newton(projection: _Projection, start: _Solution) -> _Solution | None:
    """The least sum of Huber's losses, from that of least squares; None in a corner of what is allowed."""
    if min(start.floor, start.size, start.data) <= 0:
        return None
    points, (n, d) = projection.points, projection.middle
    runs = Runs(
        [log(p.n_params) - n for p in points],
        [log(p.n_tokens) - d for p in points],
        [log(p.loss) for p in points],
        [p.weight for p in points],
    )
    found = least(runs, (start.floor, log(start.size), log(start.data), *start.at))
    if found is None or _inside(*found[3:]) != found[3:]:
        return None
    floor, size, data, p, q = found
    return _Solution(0.0, floor, exp(size), exp(data), (p, q))


def _reweighted(projection: _Projection, start: _Solution) -> _Solution:
    """The least sum of Huber's loss of the residuals of log loss: least squares with ever better weights.

    A run's weight makes its part in the derivative of the squares that in the derivative of Huber's loss. So
    where the weights no longer change, both sums stand still together.
    """
    best, least, now = start, inf, start
    for _ in range(100):
        predicted = projection.predicted(now)
        both = [*zip(projection.points, predicted, strict=True)]
        cost = fsum(point.weight * huber(log(point.loss / law)) for point, law in both)
        settled = abs(cost - least) <= 1e-9 * cost
        if cost < least:
            best, least = now, cost
        if settled:
            break
        projection.weigh([_weight(point, law) for point, law in both])
        now = _polished(projection, now)
    return best


def _weight(point: Point, predicted: float) -> float:
    above, residual = point.loss - predicted, log(point.loss / predicted)
    if abs(above) < 1e-12:  # on the law: the limit of what follows
        return point.weight / predicted**2
    return point.weight * max(-DELTA, min(DELTA, residual)) / (predicted * above)
