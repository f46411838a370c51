"""What lies between the recorded sweeps and the tables: the grid of losses, duels, fits, and what they leave.

What was fixed before the sweep ran stands in `data/runs/scaling/PROTOCOL.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from statistics import fmean, quantiles

from smallmodels import facts
from smallmodels.miniature.formulas import between, noise, pooled_deviation, sign_change, text_for
from smallmodels.scaling import Law
from smallmodels.scaling.fitting import LEAST_SQUARES, Point, errors, explained, fit, rms

RECORD, BEYOND, DRAWS = "scaling", "scaling-cuda", "scaling-bootstrap"
FITTED, HELD_OUT = 4_194_304, 8_388_608  # characters: the largest budget fitted, and the column held out
TEXTS = {"same": 1.0, "compute": None, "twice": 2.0, "four times": 4.0}  # of the larger model's text
WINS, UNDECIDED, LOSES = OUTCOMES = ("smaller wins", "undecided", "larger wins")
NOT_MEASURED = "not measured"
Cell = tuple[int, int]  # width and budget


@dataclass(frozen=True)
class Grid:
    """A sweep: sizes (width to parameters), budgets in characters, and every cell's losses by seed."""

    run: facts.Run
    sizes: dict[int, int]
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    cells: dict[Cell, dict[int, float]]

    @property
    def floor(self) -> float:
        """The exact loss of the language itself on the characters that every loss was measured on."""
        return float(self.run.settings["exact_on_sample"])

    @property
    def fitted(self) -> tuple[int, ...]:
        """The budgets of the registered fit."""
        return tuple(budget for budget in self.budgets if budget <= FITTED)

    @property
    def pairs(self) -> dict[int, Cell]:
        """Every width that has a next smaller one, with the two of them."""
        return {larger: (smaller, larger) for smaller, larger in pairwise(self.sizes)}

    @cached_property
    def deviations(self) -> dict[int, float]:
        """Standard deviation between seeds by width, pooled over all cells.

        Where sizes differ in it by more than a factor of two, over the cells of one size alone.
        """
        each = {w: [[*c.values()] for (one, _), c in self.cells.items() if one == w] for w in self.sizes}
        own = {w: pooled_deviation(cells) for w, cells in each.items()}
        together = pooled_deviation([*c.values()] for c in self.cells.values())
        return own if max(own.values()) > 2 * min(own.values()) else dict.fromkeys(own, together)

    def loss(self, width: int, budget: int) -> float:
        """The mean over the seeds."""
        return fmean(self.cells[width, budget].values())

    def curve(self, width: int) -> list[tuple[int, float]]:
        """The mean losses of a width, by budget."""
        return [
            (budget, self.loss(width, budget)) for budget in self.budgets if (width, budget) in self.cells
        ]

    def noise(self, *cells: Cell) -> float:
        """What counts as noise in a difference of the means of two cells."""
        return noise((self.deviations[cell[0]], len(self.cells[cell])) for cell in cells)

    def points(self, widths: Sequence[int], budgets: Sequence[int], seeds: Sequence[int]) -> list[Point]:
        """The runs of these sizes, budgets and seeds, as far as they are there."""
        return [
            Point(self.sizes[width], budget, loss)
            for (width, budget), losses in self.cells.items()
            for seed, loss in losses.items()
            if width in widths and budget in budgets and seed in seeds
        ]

    def pair(self, larger: int) -> Cell:
        """The next smaller width, and this one; `ValueError` for a width without a smaller one."""
        if larger not in self.pairs:
            known = ", ".join(map(str, self.pairs))
            raise ValueError(f"There is no pair whose larger width is {larger}; choose one of {known}.")
        return self.pairs[larger]

    def check_budget(self, budget: int) -> None:
        """`ValueError` for a budget that was not measured."""
        if budget not in self.budgets:
            known = ", ".join(map(str, self.budgets))
            raise ValueError(f"No run read {budget} characters; choose one of {known}.")

    @property
    def recipe(self) -> tuple[str, str]:
        """What every figure drawn from the sweep must be read with, in two notes."""
        settings, run = self.run.settings, self.run
        language = settings["language"]
        return (
            f"The language: {language['n_words']:,} invented words from seed {language['seed']}; with "
            f"probability {language['loyalty']:g} a word is followed by one of its up to four partners, else "
            f"the next is drawn by frequency. Entropy rate {settings['entropy_rate']:.4f} nats per "
            f"character; exactly {self.floor:.4f} on the characters that losses are measured on.",
            f"Recorded on {run.date} with PyTorch {run.versions['torch']} on {run.device}, in "
            f"{run.process_seconds / 60:,.0f} minutes of processor time, by {run.command}.",
        )


@cache
def grid(record: str = RECORD) -> Grid:
    """A recorded sweep; `ValueError` if there is none of this name."""
    run = facts.run(record)
    rows = sorted(run.rows, key=lambda row: (row["width"], row["characters"], row["seed"]))
    cells: dict[Cell, dict[int, float]] = {}
    for row in rows:
        cells.setdefault((row["width"], row["characters"]), {})[row["seed"]] = row["loss"]
    budgets = tuple(sorted({row["characters"] for row in rows}))
    seeds = tuple(sorted({row["seed"] for row in rows}))
    return Grid(run, {row["width"]: row["parameters"] for row in rows}, budgets, seeds, cells)


@cache
def sweeps() -> tuple[str, ...]:
    """The names of the sweeps that are recorded: ours, and the GPU's where there is one."""
    return tuple(name for name in (RECORD, BEYOND) if _is_recorded(name))


def _is_recorded(name: str) -> bool:
    try:
        grid(name)
    except ValueError:
        return False
    return True


# What a reader can choose from, as (name, value).


def record_choices() -> list[tuple[str, str]]:
    """The recorded sweeps, by the machine they ran on."""
    return [(grid(name).run.device, name) for name in sweeps()]


def pair_choices() -> list[tuple[str, int]]:
    """The pairs of sizes, by their parameters; the value is the larger width."""
    sweep = grid()
    return [(f"{sweep.sizes[a]:,} against {sweep.sizes[b]:,}", b) for a, b in sweep.pairs.values()]


def size_choices() -> list[tuple[str, int]]:
    """The smallest width of a fit: those that leave three sizes."""
    return [(f"{n_params:,} parameters", width) for width, n_params in [*grid().sizes.items()][:-2]]


def budget_choices() -> list[tuple[str, int]]:
    """The budgets of our sweep."""
    return [(in_millions(budget), budget) for budget in grid().budgets]


def in_millions(characters: float) -> str:
    """An amount of text.

    >>> in_millions(524_288)
    '0.52 million'
    """
    return f"{characters / 1e6:.2f} million"


# From cell to cell.


def steps(sweep: Grid) -> list[tuple[Cell, Cell]]:
    """Every cell with its neighbour of more text, and with that of more parameters."""
    right = [((w, a), (w, b)) for w in sweep.sizes for a, b in pairwise(sweep.budgets)]
    down = [((a, b), (c, b)) for a, c in sweep.pairs.values() for b in sweep.budgets]
    return [(a, b) for a, b in right + down if a in sweep.cells and b in sweep.cells]


def rises(sweep: Grid) -> list[tuple[float, bool]]:
    """Steps that do not lower the mean loss: by how much it rises, and whether beyond noise."""
    gaps = [(sweep.loss(*b) - sweep.loss(*a), sweep.noise(a, b)) for a, b in steps(sweep)]
    return [(gap, gap > noise_) for gap, noise_ in gaps if gap >= 0]


# Half the size.


@dataclass(frozen=True, slots=True)
class Duel:
    """A smaller model against a larger one: what each read (characters), its mean loss, and the noise."""

    read: int
    larger: float
    read_smaller: float
    smaller: float | None  # None: beyond what was measured
    noise: float

    @property
    def gap(self) -> float | None:
        """Smaller minus larger, in nats per character."""
        return None if self.smaller is None else self.smaller - self.larger

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`, by whether the gap is beyond noise; else `NOT_MEASURED`."""
        if self.gap is None:
            return NOT_MEASURED
        return UNDECIDED if abs(self.gap) <= self.noise else WINS if self.gap < 0 else LOSES


def duels(larger: int, text: str, record: str = RECORD) -> list[Duel]:
    """A width against the next smaller one, at each budget of the larger.

    `ValueError` for a width without a smaller one and for another `text` than those of `TEXTS`.
    """
    sweep = grid(record)
    pair = sweep.pair(larger)
    if text not in TEXTS:
        raise ValueError(f"There is no amount of text {text!r}; choose one of {', '.join(TEXTS)}.")
    return [_duel(sweep, pair, budget, text) for budget in sweep.budgets if (larger, budget) in sweep.cells]


def measured_duels(larger: int, text: str, record: str = RECORD) -> list[Duel]:
    """Those of `duels` in which the smaller one's loss is known."""
    return [duel for duel in duels(larger, text, record) if duel.gap is not None]


def _duel(sweep: Grid, pair: Cell, budget: int, text: str) -> Duel:
    smaller, larger = pair
    times = TEXTS[text] or sweep.sizes[larger] / sweep.sizes[smaller]
    each = [between(curve, budget * times) for curve in _curves_by_seed(sweep, smaller).values()]
    known = [loss for loss in each if loss is not None]
    counts = {smaller: max(1, len(known)), larger: len(sweep.cells[larger, budget])}
    return Duel(
        read=budget,
        larger=sweep.loss(larger, budget),
        read_smaller=budget * times,
        smaller=fmean(known) if known else None,
        noise=noise((sweep.deviations[width], n) for width, n in counts.items()),
    )


def _curves_by_seed(sweep: Grid, width: int) -> dict[int, dict[int, float]]:
    curves: dict[int, dict[int, float]] = {seed: {} for seed in sweep.seeds}
    for budget in sweep.budgets:
        for seed, loss in sweep.cells.get((width, budget), {}).items():
            curves[seed][budget] = loss
    return curves


def crossing(some: Sequence[Duel]) -> float | None:
    """Where, in characters of the larger model, the mean gap first changes its sign; None if nowhere."""
    return sign_change([(duel.read, duel.gap) for duel in some if duel.gap is not None])


def crossings(text: str = "twice") -> list[float | None]:
    """Where the order changes, in characters of the larger model, pair by pair from the smallest."""
    return [crossing(duels(larger, text)) for larger in grid().pairs]


# Fits.


@dataclass(frozen=True, slots=True)
class Fit:
    """A law, the runs it was fitted to, and those it must foretell; shares are in percent."""

    name: str
    law: Law
    points: Sequence[Point]
    hidden: Sequence[Point]

    @property
    def off(self) -> float:
        """Its floor minus the true one, in nats per character."""
        return self.law.E - grid().floor

    @property
    def explained_pct(self) -> float:
        """What it explains of the differences between the runs fitted."""
        return 100 * explained(self.law, self.points)

    @property
    def residual_pct(self) -> float:
        """By how much the runs fitted are off, root mean square."""
        return 100 * rms(errors(self.law, self.points))

    @property
    def held_out_pct(self) -> float:
        """By how much the runs held out are off, root mean square."""
        return 100 * rms(errors(self.law, self.hidden))

    @property
    def held_out_above_pct(self) -> float:
        """By how much the runs held out lie above the law, on average."""
        return 100 * fmean(errors(self.law, self.hidden))


def registered_points() -> list[Point]:
    """The runs that the protocol has fitted: all sizes and seeds, budgets up to `FITTED`."""
    sweep = grid()
    return sweep.points([*sweep.sizes], sweep.fitted, sweep.seeds)


def held_out() -> list[Point]:
    """The runs that the protocol holds out: twice the text of any fitted one."""
    sweep = grid()
    return sweep.points([*sweep.sizes], (HELD_OUT,), sweep.seeds)


def further() -> list[Point]:
    """The second hold-out: the GPU's runs of larger sizes or on more text than ours."""
    sweep, beyond = grid(), grid(BEYOND)
    return [
        Point(beyond.sizes[width], budget, loss)
        for (width, budget), cell in beyond.cells.items()
        if width not in sweep.sizes or budget not in sweep.budgets
        for loss in cell.values()
    ]


@cache
def registered() -> Fit:
    """The fit laid down in the protocol, by least squares, with the runs it holds out."""
    return Fit("as registered", fit(registered_points()), registered_points(), held_out())


def registered_law() -> Law:
    """The law of the registered fit."""
    return registered().law


@cache
def fits(how: str = LEAST_SQUARES) -> tuple[Fit, ...]:
    """A fit to each part of the runs that somebody might have fitted; the first is the registered one."""
    found = []
    for name, points in _parts(grid()).items():
        sizes = {point.n_params for point in points}
        unseen = [point for point in held_out() if point.n_params in sizes]
        found.append(Fit(name, fit(points, how), points, unseen))
    return tuple(found)


def _parts(sweep: Grid) -> Mapping[str, list[Point]]:
    widths, budgets, seeds = [*sweep.sizes], sweep.fitted, sweep.seeds
    parts = {
        "as registered": (widths, budgets, seeds),
        "without the smallest size": (widths[1:], budgets, seeds),
        "without the two smallest": (widths[2:], budgets, seeds),
        "without the largest size": (widths[:-1], budgets, seeds),
        "without the smallest budget": (widths, budgets[1:], seeds),
        "without the largest budget": (widths, budgets[:-1], seeds),
        **{f"seed {seed} alone": (widths, budgets, (seed,)) for seed in seeds},
    }
    return {name: sweep.points(*part) for name, part in parts.items()}


def interval(figure: str) -> tuple[float, float]:
    """The 5th and the 95th percentile of a constant over the recorded draws of the registered fit.

    `ValueError` if there is no such constant.
    """
    draws = facts.run(DRAWS).rows
    if figure not in draws[0]:
        raise ValueError(f"The draws hold no {figure!r}; they hold {', '.join(draws[0])}.")
    return nine_in_ten([row[figure] for row in draws])


def nine_in_ten(values: Sequence[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile of some values.

    >>> nine_in_ten([*range(21)])
    (1.0, 19.0)
    """
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[0], cuts[-1]


# What a smaller model must read.


@dataclass(frozen=True, slots=True)
class Reached:
    """The text, in characters, on which a smaller model was measured to match a larger one.

    `at` by the mean losses; `early` and `late` where it leads or trails by the noise at most. None where it
    lies beyond the text that was read, `most`.
    """

    early: float | None
    at: float | None
    late: float | None
    most: int


def reached(larger: int, read: int, record: str = RECORD) -> Reached:
    """The text on which the next smaller model was measured to match this width on so much text."""
    sweep = grid(record)
    smaller, _ = pair = sweep.pair(larger)
    off, goal = sweep.noise(*((width, read) for width in pair)), sweep.loss(larger, read)
    early, at, late = (text_for(sweep.curve(smaller), goal + shift) for shift in (off, 0.0, -off))
    return Reached(early, at, late, max(sweep.budgets))
