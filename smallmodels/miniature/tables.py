"""Chapter 02, second half: our own sweep of sizes and budgets, in a language whose entropy is known.

`losses` shows the runs, `half_size` sets a model against the next smaller one, `refit` fits what the reader
chooses, `floors` sets fitted floors beside the true one, and `verdicts` what was predicted beside what came
out. Sizes are all parameters, text is counted in characters, losses are nats per character. What was fixed
before the sweep ran stands in `data/runs/scaling/PROTOCOL.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise
from math import fsum, inf, log, sqrt
from typing import Any

from smallmodels import facts
from smallmodels.scaling import NEVER, Law
from smallmodels.scaling.fitting import EXPONENTS, LEAST_SQUARES, Point, errors, explained, fit, mean, rms
from smallmodels.table import Cell, Column, Table, Value

RECORD, BEYOND, DRAWS = "scaling", "scaling-cuda", "scaling-bootstrap"
FITTED, HELD_OUT = 4_194_304, 8_388_608  # characters: the largest budget fitted, and the column held out
NOISE = 2  # standard errors that count as noise
MEAN = "mean of the seeds"
SHOWN = ("loss", "above the exact floor", "spread of the seeds")
TEXTS = {"same": 1.0, "compute": None, "twice": 2.0, "four times": 4.0}  # of the larger model's text
OUTCOMES = ("smaller wins", "undecided", "larger wins")
HELD, OPEN, FAILED = "held", "undecided", "failed"  # of a prediction
Record = dict[str, Value]
Row = dict[str, Value | Cell]
Verdict = tuple[str, str, str, str]  # the prediction's letter, predicted, came out, verdict
Reached = tuple[float | None, float | None, float | None]  # early and late within noise around the middle


@dataclass(frozen=True)
class Grid:
    """A sweep: sizes (width to parameters), budgets in characters, and every cell's losses by seed."""

    run: facts.Run
    sizes: dict[int, int]
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    cells: dict[tuple[int, int], dict[int, float]]

    @property
    def floor(self) -> float:
        """The exact loss of the language itself on the characters that every loss was measured on."""
        return float(self.run.settings["exact_on_sample"])

    def loss(self, width: int, budget: int) -> float:
        """The mean over the seeds."""
        return mean([*self.cells[width, budget].values()])

    @cached_property
    def deviations(self) -> dict[int, float]:
        """Standard deviation between seeds by width, pooled over all cells.

        Where sizes differ in it by more than a factor of two, over the cells of one size alone.
        """
        each = {w: [*(c for (one, _), c in self.cells.items() if one == w)] for w in self.sizes}
        own = {w: _pooled(cells) for w, cells in each.items()}
        together = _pooled([*self.cells.values()])
        return own if max(own.values()) > 2 * min(own.values()) else dict.fromkeys(own, together)

    def noise(self, *cells: tuple[int, int]) -> float:
        """What counts as noise in a difference of the means of two cells."""
        return NOISE * sqrt(fsum(self.deviations[w] ** 2 / len(self.cells[w, b]) for w, b in cells))

    def points(self, widths: Sequence[int], budgets: Sequence[int], seeds: Sequence[int]) -> list[Point]:
        """The runs of these sizes, budgets and seeds, as far as they are there."""
        return [
            Point(self.sizes[width], budget, loss)
            for (width, budget), losses in self.cells.items()
            for seed, loss in losses.items()
            if width in widths and budget in budgets and seed in seeds
        ]

    @property
    def fitted(self) -> tuple[int, ...]:
        """The budgets of the registered fit."""
        return tuple(budget for budget in self.budgets if budget <= FITTED)


def _pooled(cells: Sequence[dict[int, float]]) -> float:
    squares = [(x - mean([*c.values()])) ** 2 for c in cells for x in c.values()]
    return sqrt(fsum(squares) / max(1, len(squares) - len(cells)))


@cache
def grid(record: str = RECORD) -> Grid:
    """A recorded sweep; `ValueError` if there is none of this name."""
    run = facts.run(record)
    rows = sorted(run.rows, key=lambda row: (row["width"], row["characters"], row["seed"]))
    cells: dict[tuple[int, int], dict[int, float]] = {}
    for row in rows:
        cells.setdefault((row["width"], row["characters"]), {})[row["seed"]] = row["loss"]
    budgets = tuple(sorted({row["characters"] for row in rows}))
    seeds = tuple(sorted({row["seed"] for row in rows}))
    return Grid(run, {row["width"]: row["parameters"] for row in rows}, budgets, seeds, cells)


def losses(show: str = "loss", seed: str = MEAN, record: str = RECORD) -> Table:
    """The loss of every size at every budget, in nats per character, and the exact floor.

    `show` is one of `SHOWN`; `seed` is `MEAN` or the number of one. `ValueError` for anything else.
    """
    sweep = grid(record)
    chosen = _chosen_seeds(sweep, seed)
    if show not in SHOWN:
        raise ValueError(f"There is nothing called {show!r} to show; choose one of {', '.join(SHOWN)}.")
    if show == SHOWN[2] and seed != MEAN:
        raise ValueError(f"One seed has no spread; choose the {MEAN} to see it.")
    rows = tuple(_loss_row(sweep, width, show, chosen) for width in sweep.sizes)
    return Table(
        caption=f"{show.capitalize()}, by parameters and by characters read ({_which(chosen, sweep)})",
        columns=(
            Column("size", "parameters", "", ",d"),
            *(
                Column(str(b), f"{b / 1e6:.2f}M", "", ".3f", f"Nats per character after {_millions(b)}.")
                for b in sweep.budgets
            ),
        ),
        rows=rows,
        finding=_falls(sweep),
        series=_loss_series(sweep, show, chosen),
        notes=_recipe(sweep),
    )


def _chosen_seeds(sweep: Grid, seed: str) -> tuple[int, ...]:
    names = {MEAN: sweep.seeds, **{str(one): (one,) for one in sweep.seeds}}
    if seed not in names:
        raise ValueError(f"There is no seed {seed!r}; choose one of {', '.join(names)}.")
    return names[seed]


def _which(chosen: Sequence[int], sweep: Grid) -> str:
    return f"seed {chosen[0]}" if len(chosen) < len(sweep.seeds) else f"mean of {len(chosen)} seeds"


def _millions(characters: float) -> str:
    return f"{characters / 1e6:.2f} million"


def _figure(sweep: Grid, width: int, budget: int, show: str, chosen: Sequence[int]) -> float | None:
    """What the table shows of a cell; None where nothing was measured."""
    some = [loss for seed, loss in sweep.cells.get((width, budget), {}).items() if seed in chosen]
    if not some:
        return None
    if show == SHOWN[2]:
        return _pooled([sweep.cells[width, budget]])
    return mean(some) - (sweep.floor if show == SHOWN[1] else 0.0)


def _loss_row(sweep: Grid, width: int, show: str, chosen: Sequence[int]) -> Row:
    cells: Row = {"size": Cell(sweep.sizes[width], note=f"Width {width}, embedding and output included.")}
    for budget in sweep.budgets:
        seeds = sweep.cells.get((width, budget), {})
        note = ", ".join(f"seed {seed}: {loss:.4f}" for seed, loss in seeds.items())
        cells[str(budget)] = Cell(_figure(sweep, width, budget, show, chosen), note=f"Loss of {note}.")
    return cells


def steps(sweep: Grid) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Every cell with its neighbour of more text, and with that of more parameters."""
    sizes = [*sweep.sizes]
    right = [((w, a), (w, b)) for w in sizes for a, b in pairwise(sweep.budgets)]
    down = [((a, b), (c, b)) for a, c in pairwise(sizes) for b in sweep.budgets]
    return [(a, b) for a, b in right + down if a in sweep.cells and b in sweep.cells]


def rises(sweep: Grid) -> list[tuple[float, bool]]:
    """Steps that do not lower the mean loss: by how much it rises, and whether beyond noise."""
    gaps = [(sweep.loss(*b) - sweep.loss(*a), sweep.noise(a, b)) for a, b in steps(sweep)]
    return [(gap, gap > noise) for gap, noise in gaps if gap >= 0]


def _falls(sweep: Grid) -> str:
    every, up = steps(sweep), rises(sweep)
    least = min(sweep.loss(*a) - sweep.loss(*b) for a, b in every)
    lowest = min(map(mean, ([*c.values()] for c in sweep.cells.values())))
    count = f"{len(every) - len(up)} of {len(every)}" if up else f"All {len(every)}"
    order = f"{count} steps to more text or more parameters lower the mean loss"
    by = "" if up else f", by {least:.3f} nats or more"
    return (
        f"{order}{by}; the lowest is still {lowest - sweep.floor:.3f} above the floor of {sweep.floor:.4f}."
    )


def _recipe(sweep: Grid) -> tuple[str, ...]:
    """What every figure drawn from the sweep must be read with."""
    settings, run = sweep.run.settings, sweep.run
    language = settings["language"]
    return (
        f"The language: {language['n_words']:,} invented words from seed {language['seed']}; with "
        f"probability {language['loyalty']:g} a word is followed by one of its up to four partners, else the "
        f"next is drawn by frequency. Entropy rate {settings['entropy_rate']:.4f} nats per character; "
        f"exactly {sweep.floor:.4f} on the characters that losses are measured on.",
        f"Recorded on {run.date} with PyTorch {run.versions['torch']} on {run.device}, in "
        f"{run.process_seconds / 60:,.0f} minutes of processor time, by {run.command}.",
    )


def _loss_series(sweep: Grid, show: str, chosen: Sequence[int]) -> dict[str, list[Record]]:
    """Lines with the range of the seeds, the name of each at its left end, and the floor."""
    lines: list[Record] = []
    names: list[Record] = []
    for place, (width, n_params) in enumerate(sweep.sizes.items()):
        found = [(b, _figure(sweep, width, b, show, chosen)) for b in sweep.budgets]
        known = [(b, figure) for b, figure in found if figure is not None]
        for budget, figure in known:
            each = [] if show == SHOWN[2] else [*sweep.cells[width, budget].values()]
            off = sweep.floor if show == SHOWN[1] else 0.0
            ends = (min(each) - off, max(each) - off) if len(chosen) > 1 and each else (figure, figure)
            reach: Record = {"low": _five(ends[0]), "high": _five(ends[1])}
            lines.append({"read": budget / 1e6, "loss": _five(figure), "size": place, **reach})
        names += [
            {"read": budget / 1e6, "loss": _five(figure), "size": place, "text": _thousands(n_params)}
            for budget, figure in known[:1]
        ]
    level = {SHOWN[0]: sweep.floor, SHOWN[1]: 0.0}.get(show)
    text = f"exact floor {sweep.floor:.4f}"
    floor: list[Record] = [] if level is None else [{"loss": _five(level), "text": text}]
    return {"lines": lines, "names": names, "floor": floor}


def _five(number: float) -> float:
    # More digits than a screen can show would only make a page's stored answers long.
    return float(f"{number:.5g}")


def _thousands(n_params: int) -> str:
    return f"{n_params / 1000:.0f}k"


def rerun(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Runs just made beside those of the record with the same size, text and seed.

    `rows` are those of `lab.sweep`. `ValueError` if there are none, or none that the record has too.
    """
    sweep = grid()
    pairs = [
        (row, sweep.cells[row["width"], row["characters"]][row["seed"]])
        for row in rows
        if row["seed"] in sweep.cells.get((row["width"], row["characters"]), {})
    ]
    if not pairs:
        raise ValueError("None of these runs is in the record, so there is nothing to set beside them.")
    off = max(abs(row["loss"] - recorded) for row, recorded in pairs)
    far = f"are at most {off:.4f} nats from" if off >= 5e-5 else "equal, to all digits shown,"
    spread = max(sweep.deviations[row["width"]] for row, _ in pairs)
    return Table(
        caption="Runs just made, beside the recorded ones of the same seed",
        columns=(
            Column("size", "parameters", "", ",d"),
            Column("read", "text read", "million characters", ".2f"),
            Column("seed", "seed", "", "d"),
            Column("live", "just now", "nats per character", ".4f"),
            Column("recorded", "recorded", "nats per character", ".4f"),
            Column("off", "difference", "nats", "+.4f"),
        ),
        rows=tuple(
            {"size": row["parameters"], "read": row["characters"] / 1e6, "seed": row["seed"]}
            | {"live": row["loss"], "recorded": recorded, "off": round(row["loss"] - recorded, 5) + 0.0}
            for row, recorded in pairs
        ),
        finding=(
            f"Runs just made {far} the recorded ones of their seed; the standard deviation from seed to seed "
            f"is {spread:.3f}."
        ),
    )


def half_size(larger: int = 64, text: str = "twice", record: str = RECORD) -> Table:
    """A model against the next smaller one: who wins at each budget of the larger, on how much text.

    `larger` is a width; `text` says how much the smaller one reads: the same as the larger, as much as makes
    6ND equal (all parameters counted), twice or four times as much. Between budgets its loss is
    interpolated, along the logarithm of the text and seed by seed, never beyond them. `ValueError` for a
    width without a smaller one and for another `text`.
    """
    sweep = grid(record)
    pair = _pair(sweep, larger)
    if text not in TEXTS:
        raise ValueError(f"There is no amount of text {text!r}; choose one of {', '.join(TEXTS)}.")
    duels = [_duel(sweep, pair, budget, text) for budget in sweep.budgets if (larger, budget) in sweep.cells]
    names = [f"{sweep.sizes[width]:,}" for width in pair]
    return Table(
        caption=f"{names[0]} against {names[1]} parameters, the smaller on {_amount(text)}",
        columns=(
            Column("read", "larger reads", "million", ".2f", "Characters."),
            Column("larger", f"loss of {names[1]}", "nats per character", ".3f"),
            Column("read_smaller", "smaller reads", "million", ".2f", "Characters."),
            Column("smaller", f"loss of {names[0]}", "nats per character", ".3f"),
            Column("gap", "gap", "nats", "+.3f", "Smaller minus larger: below zero the smaller wins."),
            Column("noise", "noise", "nats", ".3f", "Twice the standard error, from seed to seed."),
            Column("outcome", "who wins"),
        ),
        rows=tuple(duel.row() for duel in duels),
        finding=_half_finding(names, text, [duel for duel in duels if duel.gap is not None]),
        series=_half_series([duel for duel in duels if duel.gap is not None]),
        notes=_recipe(sweep),
    )


def _amount(text: str) -> str:
    named = {"same": "the same text", "compute": "the text that makes 6ND equal"}
    return named.get(text, f"{text} the text")


def pair_choices() -> list[tuple[str, int]]:
    """The pairs of sizes a reader can choose from, as (name, larger width)."""
    sweep = grid()
    return [(f"{sweep.sizes[a]:,} against {sweep.sizes[b]:,}", b) for a, b in pairwise(sweep.sizes)]


def _pair(sweep: Grid, larger: int) -> tuple[int, int]:
    """The next smaller width, and this one."""
    pairs = {b: (a, b) for a, b in pairwise(sweep.sizes)}
    if larger not in pairs:
        raise ValueError(
            f"There is no pair whose larger width is {larger}; choose one of {', '.join(map(str, pairs))}."
        )
    return pairs[larger]


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
        """One of `OUTCOMES`, by whether the gap is beyond noise."""
        if self.gap is None:
            return "not measured"
        return OUTCOMES[1] if abs(self.gap) <= self.noise else OUTCOMES[0 if self.gap < 0 else 2]

    def row(self) -> Row:
        """As the table shows it."""
        figures = {"read": self.read / 1e6, "larger": self.larger, "read_smaller": self.read_smaller / 1e6}
        return {
            **figures,
            "smaller": self.smaller,
            "gap": self.gap,
            "noise": self.noise,
            "outcome": self.outcome,
        }


def _duel(sweep: Grid, pair: tuple[int, int], budget: int, text: str) -> Duel:
    smaller, larger = pair
    times = TEXTS[text] or sweep.sizes[larger] / sweep.sizes[smaller]
    measured = {
        seed: {
            b: sweep.cells[smaller, b][seed]
            for b in sweep.budgets
            if seed in sweep.cells.get((smaller, b), {})
        }
        for seed in sweep.seeds
    }
    each = [_between(curve, budget * times) for curve in measured.values()]
    known = [loss for loss in each if loss is not None]
    errors = [(smaller, max(1, len(known))), (larger, len(sweep.cells[larger, budget]))]
    noise = NOISE * sqrt(fsum(sweep.deviations[width] ** 2 / n for width, n in errors))
    return Duel(budget, sweep.loss(larger, budget), budget * times, mean(known) if known else None, noise)


def _between(curve: dict[int, float], at: float) -> float | None:
    """A loss read off between two measured budgets, on a straight line over the logarithm of the text."""
    if at in curve:
        return curve[int(at)]
    for (a, low), (b, high) in pairwise(sorted(curve.items())):
        if a < at < b:
            return low + (high - low) * log(at / a) / log(b / a)
    return None


def _crossing(duels: Sequence[Duel]) -> float | None:
    """Where, in characters of the larger model, the mean gap first changes its sign; None if nowhere."""
    for a, b in pairwise(duels):
        if a.gap is not None and b.gap is not None and a.gap * b.gap < 0:
            return float(a.read * (b.read / a.read) ** (a.gap / (a.gap - b.gap)))
    return None


def _half_finding(names: Sequence[str], text: str, duels: Sequence[Duel]) -> str:
    counts = [sum(duel.outcome == outcome for duel in duels) for outcome in OUTCOMES]
    told = f"wins at {counts[0] or 'none'} of {len(duels)} budgets and loses at {counts[2] or 'none'}"
    open_ = f" ({counts[1]} within noise)" if counts[1] else ""
    at = _crossing(duels)
    order = (
        f"the order crosses when the larger has read about {_millions(at)}"
        if at
        else "the order does not change as far as measured"
    )
    return f"On {_amount(text)} the model of {names[0]} parameters {told}{open_}; {order}."


def _half_series(duels: Sequence[Duel]) -> dict[str, list[Record]]:
    gaps: list[Record] = []
    for duel in duels:
        gap = duel.gap or 0.0
        ends = {"low": _five(gap - duel.noise), "high": _five(gap + duel.noise)}
        gaps.append({"read": duel.read / 1e6, "gap": _five(gap), "outcome": duel.outcome, **ends})
    return {"gaps": gaps, "even": [{"gap": 0}]}


def refit(
    smallest: int = 24,
    first: int = 524_288,
    last: int = FITTED,
    held_out: int = HELD_OUT,
    seeds: tuple[int, ...] = (0, 1, 2),
    how: str = LEAST_SQUARES,
) -> Table:
    """The law fitted to a part of the recorded runs: its floor beside the true one, and what it foretells.

    The part: widths from `smallest` on, budgets from `first` to `last` characters without the one `held_out`
    (0: none), which the law must then foretell, and some of the seeds. The interval is that of the registered
    part, from recorded draws, and is shown with no other. `ValueError` as from `fit`, and for sizes, budgets
    and seeds that were not measured.
    """
    sweep = grid()
    _measured(sweep, smallest, (first, last), held_out, seeds)
    widths = [width for width in sweep.sizes if width >= smallest]
    budgets = [budget for budget in sweep.budgets if first <= budget <= last and budget != held_out]
    points, hidden = sweep.points(widths, budgets, seeds), sweep.points(widths, (held_out,), seeds)
    law = fit(points, how)
    registered = sorted(points, key=_order) == sorted(_registered(sweep), key=_order) and how == LEAST_SQUARES
    return Table(
        caption=f"The law behind {len(points)} of {len(sweep.run.rows)} runs, by {_by(how)}",
        columns=_FIT_COLUMNS,
        rows=tuple(_fit_rows(sweep, law, points, hidden, registered)),
        finding=_fit_finding(sweep, law, points, hidden),
        series=_fit_series(sweep, law, points, hidden),
        notes=(_interval_note(registered), *_recipe(sweep)),
    )


_FIT_COLUMNS = (
    Column("figure", "figure"),
    Column("fitted", "fitted", "", ".4g"),
    Column("low", "5th percentile of draws", "", ".4g", "Recorded draws of whole trunks, with replacement."),
    Column(
        "high", "95th percentile of draws", "", ".4g", "Recorded draws of whole trunks, with replacement."
    ),
    Column("true", "true", "", ".4g", "The exact loss of the language on the same characters."),
)


def _order(point: Point) -> tuple[float, float, float]:
    return point.n_params, point.n_tokens, point.loss


def _by(how: str) -> str:
    return "least squares" if how == LEAST_SQUARES else "Huber's loss of log loss"


def _measured(sweep: Grid, smallest: int, ends: tuple[int, int], held_out: int, seeds: Sequence[int]) -> None:
    if smallest not in sweep.sizes:
        raise ValueError(f"There is no width {smallest}; choose one of {', '.join(map(str, sweep.sizes))}.")
    for budget in (*ends, *([held_out] if held_out else [])):
        if budget not in sweep.budgets:
            known = ", ".join(map(str, sweep.budgets))
            raise ValueError(f"No run read {budget} characters; choose one of {known}.")
    if not seeds or not {*seeds} <= {*sweep.seeds}:
        raise ValueError(f"Choose one seed or more of {', '.join(map(str, sweep.seeds))}.")


def _registered(sweep: Grid) -> list[Point]:
    """The runs that the protocol has fitted."""
    return sweep.points([*sweep.sizes], sweep.fitted, sweep.seeds)


def _held_out(sweep: Grid) -> list[Point]:
    return sweep.points([*sweep.sizes], (HELD_OUT,), sweep.seeds)


@cache
def registered_law() -> Law:
    """The fit laid down in the protocol: all sizes and seeds, budgets up to `FITTED`, least squares."""
    return fit(_registered(grid()))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of some values lies, on a straight line between two neighbours.

    >>> percentile([4, 1, 3, 2, 5], 0.25), percentile([1, 2], 0.05)
    (2.0, 1.05)
    """
    ordered, at = sorted(values), share * (len(values) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (at - below) * (ordered[above] - ordered[below]))


def interval(figure: str) -> tuple[float, float]:
    """The 5th and the 95th percentile of a constant over the recorded draws of the registered fit.

    `ValueError` if there is no such constant.
    """
    draws = facts.run(DRAWS).rows
    if figure not in draws[0]:
        raise ValueError(f"The draws hold no {figure!r}; they hold {', '.join(draws[0])}.")
    values = [row[figure] for row in draws]
    return percentile(values, 0.05), percentile(values, 0.95)


def _fit_rows(
    sweep: Grid, law: Law, points: Sequence[Point], hidden: Sequence[Point], registered: bool
) -> list[Row]:
    named = {"E": "floor E", "A": "A", "alpha": "exponent α", "B": "B", "beta": "exponent β"}
    rows: list[Row] = []
    for constant, name in named.items():
        low, high = interval(constant) if registered else (None, None)
        fitted = Cell(getattr(law, constant), note=_bound(constant, getattr(law, constant)))
        true = sweep.floor if constant == "E" else None
        rows.append({"figure": name, "fitted": fitted, "low": low, "high": high, "true": true})
    rows.append({"figure": "differences explained (%)", "fitted": 100 * explained(law, points)})
    rows.append({"figure": "residual, root mean square (%)", "fitted": 100 * rms(errors(law, points))})
    if hidden:
        off = errors(law, hidden)
        rows.append({"figure": "held out, root mean square (%)", "fitted": 100 * rms(off)})
        rows.append({"figure": "held out, measured above the law (%)", "fitted": 100 * mean(off)})
    return rows


def _bound(constant: str, value: float) -> str:
    if constant == "E" and value == 0:
        return "The lowest that is allowed: these runs show no floor."
    at_end = constant in ("alpha", "beta") and (value < EXPONENTS[0] * 1.001 or value > EXPONENTS[1] * 0.999)
    return "At the end of what is searched: these runs do not say how large it is." if at_end else ""


def _fit_finding(sweep: Grid, law: Law, points: Sequence[Point], hidden: Sequence[Point]) -> str:
    off = law.E - sweep.floor
    side = "above" if off > 0 else "below"
    told = (
        f"The law explains {100 * explained(law, points):.1f}% of the differences, and its floor is "
        f"{law.E:.3f}: {abs(off):.3f} nats {side} the true {sweep.floor:.3f}"
    )
    if not hidden:
        return f"{told}."
    return f"{told}; off by {100 * rms(errors(law, hidden)):.2f}% on the {len(hidden)} runs held out."


def _interval_note(registered: bool) -> str:
    if registered:
        return (
            f"This is the registered fit, with the interval of {len(facts.run(DRAWS).rows):,} recorded draws."
        )
    return (
        "This is not the registered fit, so no interval is shown: the recorded draws are of that one alone."
    )


def _fit_series(
    sweep: Grid, law: Law, points: Sequence[Point], hidden: Sequence[Point]
) -> dict[str, list[Record]]:
    """The runs fitted and held out, the law's curves through them, and both floors."""
    place = {n_params: k for k, n_params in enumerate(sweep.sizes.values())}
    used = [(point, "fitted") for point in points] + [(point, "held out") for point in hidden]
    shown = sorted({point.n_params for point in points})
    first, last = min(sweep.budgets), max(sweep.budgets)
    reads = [first * (last / first) ** (k / 16) for k in range(17)]
    higher = "true" if sweep.floor > law.E else "fitted"
    floors = {"true": sweep.floor, "fitted": law.E}
    return {
        "points": [
            {"read": p.n_tokens / 1e6, "loss": _five(p.loss), "size": place[int(p.n_params)], "use": use}
            for p, use in used
        ],
        "curves": [
            {"read": _five(d / 1e6), "loss": _five(law.loss(n, d)), "size": place[int(n)]}
            for n in shown
            for d in reads
        ],
        "names": [
            {
                "read": _five(first / 1e6),
                "loss": _five(law.loss(n, first)),
                "size": place[int(n)],
                "text": _thousands(int(n)),
            }
            for n in shown
        ],
        "floors": [
            {
                "loss": _five(value),
                "which": which,
                "text": f"{which} floor {value:.3f}",
                "side": "over" if which == higher else "under",
            }
            for which, value in floors.items()
        ],
    }


def floors(how: str = LEAST_SQUARES) -> Table:
    """The floor that each of several reasonable parts of the runs leads to, beside the true one.

    `ValueError` for a method that is not in `METHODS`.
    """
    sweep = grid()
    laws = _fits(how)
    hidden = _held_out(sweep)
    rows = tuple(_floor_row(sweep, name, points, law, hidden) for name, points, law in laws)
    return Table(
        caption=f"The floor by what is fitted ({_by(how)}), beside the true one",
        columns=(
            Column("fitted", "fitted to"),
            Column("runs", "runs", "", "d"),
            Column("floor", "floor E", "nats per character", ".3f"),
            Column("off", "minus the true one", "nats", "+.3f"),
            Column("alpha", "exponent α", "", ".2f"),
            Column("beta", "exponent β", "", ".2f"),
            Column("explained", "explained", "%", ".1f", "Of the differences between the runs fitted."),
            Column("residual", "residual", "%", ".2f", "Root mean square, of the runs fitted."),
            Column(
                "held_out", "held out", "%", ".2f", f"Root mean square of its sizes at {_millions(HELD_OUT)}."
            ),
        ),
        rows=rows,
        finding=_floors_finding(sweep, [(law, points) for _, points, law in laws]),
        series=_floor_series(sweep, laws),
        notes=_recipe(sweep),
    )


def _parts(sweep: Grid) -> dict[str, list[Point]]:
    """Parts of the runs that somebody might well have fitted; the first is the registered one."""
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


@cache
def _fits(how: str) -> list[tuple[str, list[Point], Law]]:
    return [(name, points, fit(points, how)) for name, points in _parts(grid()).items()]


def _floor_row(sweep: Grid, name: str, points: Sequence[Point], law: Law, hidden: Sequence[Point]) -> Row:
    sizes = {point.n_params for point in points}
    unseen = [point for point in hidden if point.n_params in sizes]
    return {
        "fitted": name,
        "runs": len(points),
        "floor": Cell(law.E, note=_bound("E", law.E)),
        "off": law.E - sweep.floor,
        "alpha": law.alpha,
        "beta": law.beta,
        "explained": 100 * explained(law, points),
        "residual": 100 * rms(errors(law, points)),
        "held_out": 100 * rms(errors(law, unseen)),
    }


def _floors_finding(sweep: Grid, laws: Sequence[tuple[Law, Sequence[Point]]]) -> str:
    found = sorted(law.E for law, _ in laws if law.E)
    none = len(laws) - len(found)
    shares = sorted(100 * explained(law, points) for law, points in laws)
    near = sum(abs(floor - sweep.floor) <= 0.02 for floor in found)
    at_0 = f" ({none} of them at 0, the lowest allowed)" if none else ""
    return (
        f"{len(laws)} fits that explain {shares[0]:.1f} to {shares[-1]:.1f}% of the differences put the "
        f"floor at {found[0]:.3f} to {found[-1]:.3f}{at_0}; {near or 'none'} of them come within 0.02 of the "
        f"true one, {sweep.floor:.3f}."
    )


def _floor_series(sweep: Grid, laws: Sequence[tuple[str, Sequence[Point], Law]]) -> dict[str, list[Record]]:
    series: dict[str, list[Record]] = {"fits": [], "true": []}
    for name, points, law in laws:
        text = f"{100 * explained(law, points):.1f}%"
        series["fits"].append({"row": name, "floor": _five(law.E), "text": text})
        series["true"].append({"row": name, "floor": _five(sweep.floor)})
    return series


def matches(larger: int = 64, read: int = HELD_OUT, how: str = LEAST_SQUARES) -> Table:
    """The post's question put to our own fits: the text on which a smaller model matches a larger one.

    `larger` is a width, set against the next smaller one; `read` is what it has read, in characters. What was
    measured, here and on a GPU, is read off between the smaller model's mean losses, where they come down so
    far. `ValueError` for a width without a smaller one, a budget that was not measured, and another method.
    """
    sweep = grid()
    pair = _pair(sweep, larger)
    if read not in sweep.budgets:
        raise ValueError(
            f"No run read {read} characters; choose one of {', '.join(map(str, sweep.budgets))}."
        )
    sizes = (sweep.sizes[pair[0]], sweep.sizes[pair[1]])
    needed = {name: law.tokens_to_match(*sizes, read) for name, _, law in _fits(how)}
    measured = [(one, reached(larger, read, one)) for one in (RECORD, *([BEYOND] if _beyond() else []))]
    return Table(
        caption=f"Text on which {sizes[0]:,} parameters match {sizes[1]:,} on {_millions(read)} characters",
        columns=(
            Column("fitted", "fitted to"),
            Column("text", "text needed", "million characters", ",.2f"),
            Column("times", "times what the larger read", "", ",.1f"),
        ),
        rows=(
            *(_match_row(name, text, read) for name, text in needed.items()),
            *(_measured_row(one, found, read) for one, found in measured),
        ),
        finding=_match_finding([*needed.values()], measured),
        notes=_recipe(sweep),
    )


def _match_row(name: str, text: float | None, read: int) -> Row:
    if text is None:
        return {"fitted": name, "text": NEVER, "times": None}
    return {"fitted": name, "text": text / 1e6, "times": text / read}


def _measured_row(record: str, found: Reached, read: int) -> Row:
    most = f"over {max(grid(record).budgets) / 1e6:.2f}"
    early, text, late = (most if one is None else f"{one / 1e6:.2f}" for one in found)
    name = {RECORD: "measured, fitted to nothing", BEYOND: "measured on a GPU"}[record]
    note = f"Within noise: {early} to {late} million." if early != late else "Not reached even within noise."
    at = found[1]
    shown = Cell(text if at is None else at / 1e6, note=note)
    return {"fitted": name, "text": shown, "times": at and at / read}


def _beyond() -> Grid | None:
    """The GPU's sweep; None where none is recorded."""
    try:
        return grid(BEYOND)
    except ValueError:
        return None


def reached(larger: int, read: int, record: str = RECORD) -> Reached:
    """The text, in characters, on which the next smaller model was measured to match this one.

    In the middle by the mean losses; before and after it, where it leads or trails by the noise at most. None
    where it lies beyond the text that was read.
    """
    sweep = grid(record)
    smaller, _ = pair = _pair(sweep, larger)
    noise, goal = sweep.noise(*((width, read) for width in pair)), sweep.loss(larger, read)
    early, at, late = (_measured_match(sweep, smaller, goal + off) for off in (noise, 0.0, -noise))
    return early, at, late


def _measured_match(sweep: Grid, smaller: int, loss: float) -> float | None:
    """Where the smaller model's mean loss passes this one, on a line over the logarithm of the text."""
    curve = [(budget, sweep.loss(smaller, budget)) for budget in sweep.budgets]
    for (a, high), (b, low) in pairwise(curve):
        if low <= loss <= high:
            return float(a * (b / a) ** ((high - loss) / (high - low)))
    return None


def _match_finding(needed: Sequence[float | None], measured: Sequence[tuple[str, Reached]]) -> str:
    known = sorted(text for text in needed if text is not None)
    never = len(needed) - len(known)
    asked = f"ask {known[0] / 1e6:,.1f} to {known[-1] / 1e6:,.1f} million characters" if known else ""
    refused = f"{never} of them {'says' if never == 1 else 'say'} that no amount is enough" if never else ""
    told = f"{len(needed)} fits of one sweep {asked}{', and ' if refused else ''}{refused}"
    if not known:
        told = f"All {len(needed)} fits of one sweep say that no amount is enough"
    came = [
        f"about {_millions(at)}" if at else f"not reached within {_millions(max(grid(record).budgets))}"
        for record, (_, at, _) in measured
    ]
    return f"{told}; measured: {', on a GPU '.join(came)}."


# What the protocol predicted, and what came out.


def verdicts() -> Table:
    """Every prediction of the protocol beside what the record says, computed from it."""
    sweep = grid()
    rows = tuple(
        {"letter": letter, "prediction": prediction, "outcome": outcome, "verdict": verdict}
        for letter, prediction, outcome, verdict in (
            *_on_order(sweep),
            *_on_the_fit(sweep),
            *_on_halves(sweep),
            *_on_hold_outs(sweep),
        )
    )
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in (HELD, OPEN, FAILED)}
    letters = " and ".join(sorted({row["letter"][0] for row in rows if row["verdict"] == FAILED}))
    return Table(
        caption="What was predicted before the sweep, and what came out",
        columns=(
            Column("letter", "in the protocol"),
            Column("prediction", "predicted"),
            Column("outcome", "came out"),
            Column("verdict", "verdict"),
        ),
        rows=rows,
        finding=(
            f"Of {len(rows)} parts of the predictions {counts[HELD]} held, {counts[FAILED]} failed"
            f"{f' (of {letters})' if letters else ''}, and {counts[OPEN] or 'none'} lie within noise."
        ),
        notes=_recipe(sweep),
    )


def _signed(number: float, digits: int = 3) -> str:
    return f"{number:+.{digits}f}".replace("-", "−")


def _judged(held: bool) -> str:
    return HELD if held else FAILED


def _on_order(sweep: Grid) -> list[Verdict]:
    up, count = rises(sweep), len(steps(sweep))
    beyond = sum(failed for _, failed in up)
    outcome = f"{count - len(up)} of {count} steps fall"
    if up:
        outcome += f"; the largest rise is {max(up)[0]:.3f} nats"
    verdict = HELD if not up else FAILED if beyond else OPEN
    return [("a", "every row and every column of mean losses falls", outcome, verdict)]


def _on_the_fit(sweep: Grid) -> list[Verdict]:
    law, points = registered_law(), _registered(sweep)
    residual, off = 100 * rms(errors(law, points)), law.E - sweep.floor
    low, high = interval("E")
    return [
        ("b", "the fit's residual is below 1%", f"{residual:.2f}%", _judged(residual < 1)),
        (
            "b",
            "its floor is more than 0.02 nats below the true one",
            f"{_signed(off)}",
            _judged(off < -0.02),
        ),
        (
            "b, less certain",
            "the interval of the floor does not hold the true one",
            f"{low:.3f} to {high:.3f}; true {sweep.floor:.3f}",
            _judged(not low <= sweep.floor <= high),
        ),
    ]


def _duels(sweep: Grid, text: str) -> dict[int, list[Duel]]:
    """For each larger width, its duels at the budgets that this amount of text allows."""
    found: dict[int, list[Duel]] = {}
    for smaller, larger in pairwise(sweep.sizes):
        duels = [
            _duel(sweep, (smaller, larger), b, text) for b in sweep.budgets if (larger, b) in sweep.cells
        ]
        found[larger] = [duel for duel in duels if duel.gap is not None]
    return found


def _wins(duels: Sequence[Duel], sign: int) -> tuple[str, str]:
    """How many duels go the way predicted (sign −1: the smaller wins), and what that makes of the prediction.

    A difference of the other sign counts against a prediction when it is beyond noise; else it is undecided.
    """
    right = [duel for duel in duels if (duel.gap or 0.0) * sign > 0]
    against = [d for d in duels if d not in right and d.outcome != OUTCOMES[1]]
    verdict = FAILED if against else HELD if len(right) == len(duels) else OPEN
    clear = sum(duel.outcome != OUTCOMES[1] for duel in right)
    return f"{len(right)} of {len(duels)}, {clear} beyond noise", verdict


def _on_halves(sweep: Grid) -> list[Verdict]:
    same, twice, four = (_duels(sweep, text) for text in ("same", "twice", "four times"))
    early = [duels[0] for duels in twice.values()]
    small = [*twice][:2]
    late = [duel for larger in small for duel in twice[larger] if duel.read == FITTED]
    spared = [(larger, duel) for larger, duels in four.items() for duel in duels]
    meant = [duel for larger, duel in spared if not (larger in small and duel is four[larger][-1])]
    return [
        ("c", "half the size, same text: loses everywhere", *_wins([*chain(*same.values())], 1)),
        ("c", f"twice the text: wins at {_millions(sweep.budgets[0])} in all pairs", *_wins(early, -1)),
        ("c", f"twice the text: loses at {_millions(FITTED)} in the two smallest pairs", *_wins(late, 1)),
        (
            "c",
            "twice the text: the order changes at most once, later for larger pairs",
            *_on_crossings(twice),
        ),
        ("c", "four times the text: wins, but perhaps last in the two smallest pairs", *_wins(meant, -1)),
    ]


def crossings(text: str = "twice") -> list[float | None]:
    """Where the order changes, in characters of the larger model, pair by pair from the smallest."""
    return [_crossing(duels) for duels in _duels(grid(), text).values()]


def _on_crossings(twice: dict[int, list[Duel]]) -> tuple[str, str]:
    changes = [
        sum((a.gap or 0.0) * (b.gap or 0.0) < 0 for a, b in pairwise(duels)) for duels in twice.values()
    ]
    places = [_crossing(duels) for duels in twice.values()]
    # Where the order does not change it does so before the first budget or after the last.
    ends = [inf if (duels[-1].gap or 0.0) < 0 else 0.0 for duels in twice.values()]
    known = [place or end for place, end in zip(places, ends, strict=True)]
    told = ", ".join(
        f"{place / 1e6:.2f}" if place else f"not by {duels[-1].read / 1e6:.2f}"
        for place, duels in zip(places, twice.values(), strict=True)
    )
    held = max(changes) <= 1 and known == sorted(known)
    return f"{told} (million; smallest pair first)", _judged(held)


def further() -> list[Point]:
    """The second hold-out: the GPU's runs of larger sizes or on more text than ours."""
    sweep, beyond = grid(), grid(BEYOND)
    return [
        Point(beyond.sizes[width], budget, loss)
        for (width, budget), cell in beyond.cells.items()
        if width not in sweep.sizes or budget not in sweep.budgets
        for loss in cell.values()
    ]


def _on_hold_outs(sweep: Grid) -> list[Verdict]:
    law = registered_law()
    residual = rms(errors(law, _registered(sweep)))
    near = errors(law, _held_out(sweep))
    found = [
        (
            "d",
            "held out, twice the text: the error exceeds the residual",
            f"{100 * rms(near):.2f}% against {100 * residual:.2f}%",
            _judged(rms(near) > residual),
        ),
        (
            "d",
            "the mean error there lies above the law",
            _mean_error(near),
            _judged(mean(near) > 0),
        ),
    ]
    return found + _on_the_gpu(sweep, law, near)


def _mean_error(found: Sequence[float]) -> str:
    above = sum(error > 0 for error in found)
    return f"{_signed(100 * mean(found), 2)}% ({above} of {len(found)} runs above)"


def _on_the_gpu(sweep: Grid, law: Law, near: Sequence[float]) -> list[Verdict]:
    """The second hold-out: larger sizes and a larger budget; nothing where no GPU recorded them."""
    if not _beyond():
        return []
    far = errors(law, further())
    return [
        (
            "d",
            "larger sizes and more text, on a GPU: a larger error still",
            f"{100 * rms(far):.2f}% against {100 * rms(near):.2f}%",
            _judged(rms(far) > rms(near)),
        ),
        (
            "d",
            "and the mean error lies above the law there too",
            _mean_error(far),
            _judged(mean(far) > 0),
        ),
    ]
