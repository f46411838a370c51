"""Chapter 02b: a law fitted to our own runs, beside the truth.

`refit` fits what the reader chooses, `floors` sets fitted floors beside the true one, and `matches` asks each
fit for the text on which a smaller model draws level. The runs themselves are shown by `recorded`.
"""

from collections.abc import Sequence

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.miniature.recorded import five, in_thousands
from smallmodels.miniature.records import (
    BEYOND,
    DRAWS,
    FITTED,
    HELD_OUT,
    RECORD,
    Fit,
    Grid,
    Reached,
    fits,
    grid,
    in_millions,
    interval,
    reached,
    registered_points,
    sweeps,
)
from smallmodels.scaling import NEVER
from smallmodels.scaling.fitting import EXPONENTS, LEAST_SQUARES, Point, fit
from smallmodels.table import Cell, Choice, Column, Table, Value
from smallmodels.words import figures, number

Record = dict[str, Value]
Row = dict[str, Value | Cell]


# The reader's own fit.


@checked
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
    _check(sweep, smallest, (first, last, *([held_out] if held_out else [])), seeds)
    widths, budgets = _part(sweep, smallest, first, last, held_out)
    points, hidden = sweep.points(widths, budgets, seeds), sweep.points(widths, (held_out,), seeds)
    found = Fit("as chosen", fit(points, how), points, hidden)
    registered = sorted(points, key=_order) == sorted(registered_points(), key=_order)
    registered = registered and how == LEAST_SQUARES
    return Table(
        caption=f"The law behind {len(points)} of {len(sweep.run.rows)} runs, by {_by(how)}",
        columns=_FIT_COLUMNS,
        rows=(*_constant_rows(found, registered), *_quality_rows(found)),
        finding=_fit_finding(sweep, found),
        series=_fit_series(sweep, found),
        notes=(_interval_note(registered),),
        record=sweep.recipe[-1:],
        choices=_fit_choices(sweep, smallest, first, last, held_out),
    )


def _part(sweep: Grid, smallest: int, first: int, last: int, held_out: int) -> tuple[list[int], list[int]]:
    """The widths and the budgets that a law is fitted to."""
    return (
        [width for width in sweep.sizes if width >= smallest],
        [budget for budget in sweep.budgets if first <= budget <= last and budget != held_out],
    )


def _fit_choices(sweep: Grid, smallest: int, first: int, last: int, held_out: int) -> dict[str, Choice]:
    """What each bound of the part may be while the others stay: a law needs three sizes and three budgets."""
    now = {"smallest": smallest, "first": first, "last": last, "held_out": held_out}
    every = {"smallest": tuple(sweep.sizes), "first": sweep.budgets, "last": sweep.budgets}
    every["held_out"] = (0, *sweep.budgets)

    def enough(name: str, value: int) -> bool:
        return all(len(kept) >= 3 for kept in _part(sweep, **{**now, name: value}))

    return {
        name: Choice(tuple(value for value in values if enough(name, value)), "leaves too few runs to fit")
        for name, values in every.items()
    }


_FIT_COLUMNS = (
    Column("figure", "figure"),
    Column("fitted", "fitted", "", ",.4g"),
    Column("low", "5th percentile of draws", "", ",.4g", "Recorded draws of whole trunks, with replacement."),
    Column(
        "high", "95th percentile of draws", "", ",.4g", "Recorded draws of whole trunks, with replacement."
    ),
    Column("true", "true", "", ",.4g", "The exact loss of the language on the same characters."),
)


def _order(point: Point) -> tuple[float, float, float]:
    return point.n_params, point.n_tokens, point.loss


def _by(how: str) -> str:
    return "least squares" if how == LEAST_SQUARES else "Huber's loss of log loss"


def _check(sweep: Grid, smallest: int, budgets: Sequence[int], seeds: Sequence[int]) -> None:
    if smallest not in sweep.sizes:
        raise ValueError(f"There is no width {smallest}; choose one of {', '.join(map(str, sweep.sizes))}.")
    for budget in budgets:
        sweep.check_budget(budget)
    if not seeds or not {*seeds} <= {*sweep.seeds}:
        raise ValueError(f"Choose one seed or more of {', '.join(map(str, sweep.seeds))}.")


def _constant_rows(found: Fit, registered: bool) -> list[Row]:
    named = {"E": "floor E", "A": "A", "alpha": "exponent α", "B": "B", "beta": "exponent β"}
    rows: list[Row] = []
    for constant, name in named.items():
        value = getattr(found.law, constant)
        low, high = interval(constant) if registered else (None, None)
        fitted, true = Cell(value, note=_bound(constant, value)), grid().floor if constant == "E" else None
        rows.append({"figure": name, "fitted": fitted, "low": low, "high": high, "true": true})
    return rows


def _bound(constant: str, value: float) -> str:
    if constant == "E" and value == 0:
        return "The lowest that is allowed: these runs show no floor."
    at_end = constant in ("alpha", "beta") and (value < EXPONENTS[0] * 1.001 or value > EXPONENTS[1] * 0.999)
    return "At the end of what is searched: these runs do not say how large it is." if at_end else ""


def _quality_rows(found: Fit) -> list[Row]:
    named = {
        "differences explained (%)": found.explained_pct,
        "residual, root mean square (%)": found.residual_pct,
    }
    if found.hidden:
        named["held out, root mean square (%)"] = found.held_out_pct
        named["held out, measured above the law (%)"] = found.held_out_above_pct
    return [{"figure": name, "fitted": value} for name, value in named.items()]


def _fit_finding(sweep: Grid, found: Fit) -> str:
    side = "above" if found.off > 0 else "below"
    told = (
        f"The law explains {found.explained_pct:.1f}% of the differences, and its floor is "
        f"{found.law.E:.3f}: {abs(found.off):.3f} nats {side} the true {sweep.floor:.3f}"
    )
    if not found.hidden:
        return f"{told}."
    return f"{told}; off by {found.held_out_pct:.2f}% on the {figures(len(found.hidden), 'run')} held out."


def _interval_note(registered: bool) -> str:
    if registered:
        return (
            f"This is the registered fit, with the interval of {len(facts.run(DRAWS).rows):,} recorded draws."
        )
    return (
        "This is not the registered fit, so no interval is shown: the recorded draws are of that one alone."
    )


def _fit_series(sweep: Grid, found: Fit) -> dict[str, list[Record]]:
    """The runs fitted and held out, the law's curves through them, and both floors."""
    place = {n_params: k for k, n_params in enumerate(sweep.sizes.values())}
    used = [(point, "fitted") for point in found.points] + [(point, "held out") for point in found.hidden]
    shown = sorted({int(point.n_params) for point in found.points})
    first, last = min(sweep.budgets), max(sweep.budgets)
    reads = [first * (last / first) ** (k / 16) for k in range(17)]

    def mark(n: int, d: float) -> Record:
        return {"read": five(d / 1e6), "loss": five(found.law.loss(n, d)), "size": place[n]}

    return {
        "points": [
            {"read": p.n_tokens / 1e6, "loss": five(p.loss), "size": place[int(p.n_params)], "use": use}
            for p, use in used
        ],
        "curves": [mark(n, d) for n in shown for d in reads],
        "names": [{**mark(n, first), "text": in_thousands(n)} for n in shown],
        "floors": _floor_lines({"true": sweep.floor, "fitted": found.law.E}),
    }


def _floor_lines(floors: dict[str, float]) -> list[Record]:
    higher = max(floors, key=lambda which: (floors[which], which == "fitted"))
    return [
        {
            "loss": five(value),
            "which": which,
            "text": f"{which} floor {value:.3f}",
            "side": "over" if which == higher else "under",
        }
        for which, value in floors.items()
    ]


# Fits that somebody could have published.


@checked
def floors(how: str = LEAST_SQUARES) -> Table:
    """The floor that each of several reasonable parts of the runs leads to, beside the true one.

    `ValueError` for a method that is not in `METHODS`.
    """
    sweep, found = grid(), fits(how)
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
                "held_out",
                "held out",
                "%",
                ".2f",
                f"Root mean square of its sizes at {in_millions(HELD_OUT)}.",
            ),
        ),
        rows=tuple(map(_floor_row, found)),
        finding=_floors_finding(sweep, found),
        series=_floor_series(sweep, found),
        record=sweep.recipe[-1:],
    )


def _floor_row(found: Fit) -> Row:
    return {
        "fitted": found.name,
        "runs": len(found.points),
        "floor": Cell(found.law.E, note=_bound("E", found.law.E)),
        "off": found.off,
        "alpha": found.law.alpha,
        "beta": found.law.beta,
        "explained": found.explained_pct,
        "residual": found.residual_pct,
        "held_out": found.held_out_pct,
    }


def _floors_finding(sweep: Grid, every: Sequence[Fit]) -> str:
    found = sorted(one.law.E for one in every if one.law.E)
    none = len(every) - len(found)
    shares = sorted(one.explained_pct for one in every)
    near = sum(abs(floor - sweep.floor) <= 0.02 for floor in found)
    at_0 = f" ({number(none)} of them at 0, the lowest allowed)" if none else ""
    return (
        f"{len(every)} fits that explain {shares[0]:.1f} to {shares[-1]:.1f}% of the differences put the "
        f"floor at {found[0]:.3f} to {found[-1]:.3f}{at_0}; {near or 'none'} of them come within 0.02 of the "
        f"true one, {sweep.floor:.3f}."
    )


def _floor_series(sweep: Grid, every: Sequence[Fit]) -> dict[str, list[Record]]:
    return {
        "fits": [
            {"row": one.name, "floor": five(one.law.E), "text": f"{one.explained_pct:.1f}%"} for one in every
        ],
        "true": [{"row": one.name, "floor": five(sweep.floor)} for one in every],
    }


# What a smaller model must read.


@checked
def matches(larger: int = 64, read: int = HELD_OUT, how: str = LEAST_SQUARES) -> Table:
    """The post's question put to our own fits: the text on which a smaller model matches a larger one.

    `larger` is a width, set against the next smaller one; `read` is what it has read, in characters. What was
    measured, here and on a GPU, is read off between the smaller model's mean losses, where they come down so
    far. `ValueError` for a width without a smaller one, a budget that was not measured, and another method.
    """
    sweep = grid()
    small, large = (sweep.sizes[width] for width in sweep.pair(larger))
    sweep.check_budget(read)
    needed = {one.name: one.law.tokens_to_match(small, large, read) for one in fits(how)}
    measured = {record: reached(larger, read, record) for record in sweeps()}
    return Table(
        caption=f"Text on which {small:,} parameters match {large:,} on {in_millions(read)} characters",
        columns=(
            Column("fitted", "fitted to"),
            Column("text", "text needed", "million characters", ",.2f"),
            Column("times", "times what the larger read", "", ",.1f"),
        ),
        rows=(
            *(_match_row(name, text, read) for name, text in needed.items()),
            *(_measured_row(record, found, read) for record, found in measured.items()),
        ),
        finding=_match_finding([*needed.values()], [*measured.values()]),
        record=sweep.recipe[-1:],
    )


def _match_row(name: str, text: float | None, read: int) -> Row:
    if text is None:
        return {"fitted": name, "text": NEVER, "times": None}
    return {"fitted": name, "text": text / 1e6, "times": text / read}


def _measured_row(record: str, found: Reached, read: int) -> Row:
    over = f"over {found.most / 1e6:.2f}"
    early, text, late = (
        over if one is None else f"{one / 1e6:.2f}" for one in (found.early, found.at, found.late)
    )
    name = {RECORD: "measured, fitted to nothing", BEYOND: "measured on a GPU"}[record]
    note = f"Within noise: {early} to {late} million." if early != late else "Not reached even within noise."
    shown = Cell(text if found.at is None else found.at / 1e6, note=note)
    return {"fitted": name, "text": shown, "times": found.at and found.at / read}


def _match_finding(needed: Sequence[float | None], measured: Sequence[Reached]) -> str:
    came = [
        f"about {in_millions(found.at)}" if found.at else f"not reached within {in_millions(found.most)}"
        for found in measured
    ]
    return f"{_asked(needed)}; measured: {', on a GPU '.join(came)}."


def _asked(needed: Sequence[float | None]) -> str:
    """What the fits ask, from the least to the most."""
    known = sorted(text for text in needed if text is not None)
    every, some, never = len(needed), len(known), len(needed) - len(known)
    if not known:
        return f"All {every} fits of one sweep say that no amount is enough"
    ends = " to ".join(dict.fromkeys(f"{text / 1e6:,.1f}" for text in (known[0], known[-1])))
    if not never:
        return f"{every} fits of one sweep ask {ends} million characters"
    asks, says = "asks" if some == 1 else "ask", "says" if never == 1 else "say"
    return (
        f"Of {every} fits of one sweep {number(some)} {asks} {ends} million characters, "
        f"and {number(never)} {says} that no amount is enough"
    )
