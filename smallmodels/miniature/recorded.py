"""Chapter 02b: what our own sweep came to, in a language whose entropy is known.

`losses` shows the runs, `half_size` sets a model against the next smaller one, `rerun` sets runs just made
beside those of the record, and `verdicts` what was predicted before the sweep beside what came out. Sizes are
all parameters, text is counted in characters, losses are nats per character.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf
from statistics import fmean
from typing import Any

from smallmodels.arguments import checked
from smallmodels.miniature.formulas import pooled_deviation
from smallmodels.miniature.records import (
    FITTED,
    LOSES,
    OUTCOMES,
    RECORD,
    UNDECIDED,
    WINS,
    Duel,
    Fit,
    Grid,
    crossing,
    duels,
    further,
    grid,
    in_millions,
    interval,
    measured_duels,
    registered,
    rises,
    steps,
    sweeps,
)
from smallmodels.scaling.fitting import errors
from smallmodels.table import Cell, Choice, Column, Table, Value
from smallmodels.words import listed, signed

MEAN = "mean of the seeds"
SHOWN = ("loss", "above the exact floor", "spread of the seeds")
HELD, OPEN, FAILED = "held", "undecided", "failed"  # of a prediction
VERDICTS_SHOWN = ("what did not hold", EVERY_PART := "all of them")
Record = dict[str, Value]
Row = dict[str, Value | Cell]


# The losses themselves.


@checked
def losses(show: str = "loss", seed: str | int = MEAN, record: str = RECORD) -> Table:
    """The loss of every size at every budget, in nats per character, and the exact floor.

    `show` is one of `SHOWN`; `seed` is `MEAN` or the number of one. `ValueError` for anything else.
    """
    sweep = grid(record)
    chosen = _chosen_seeds(sweep, str(seed))
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
                Column(str(b), f"{b / 1e6:.2f}M", "", ".3f", f"Nats per character after {in_millions(b)}.")
                for b in sweep.budgets
            ),
        ),
        rows=rows,
        finding=_falls(sweep),
        series=_loss_series(sweep, show, chosen),
        notes=sweep.recipe[:1],
        record=sweep.recipe[1:],
        choices={
            "show": Choice(SHOWN if seed == MEAN else SHOWN[:2], "one seed has no spread"),
            "seed": Choice((MEAN,) if show == SHOWN[2] else (MEAN, *map(str, sweep.seeds)), "has no spread"),
        },
    )


def _chosen_seeds(sweep: Grid, seed: str) -> tuple[int, ...]:
    names = {MEAN: sweep.seeds, **{str(one): (one,) for one in sweep.seeds}}
    if seed not in names:
        raise ValueError(f"There is no seed {seed!r}; choose one of {', '.join(names)}.")
    return names[seed]


def _which(chosen: Sequence[int], sweep: Grid) -> str:
    return f"seed {chosen[0]}" if len(chosen) < len(sweep.seeds) else f"mean of {len(chosen)} seeds"


def _figure(sweep: Grid, width: int, budget: int, show: str, chosen: Sequence[int]) -> float | None:
    """What the table shows of a cell; None where nothing was measured."""
    cell = sweep.cells.get((width, budget), {})
    some = [loss for seed, loss in cell.items() if seed in chosen]
    if not some:
        return None
    if show == SHOWN[2]:
        return pooled_deviation([[*cell.values()]])
    return fmean(some) - (sweep.floor if show == SHOWN[1] else 0.0)


def _loss_row(sweep: Grid, width: int, show: str, chosen: Sequence[int]) -> Row:
    cells: Row = {"size": Cell(sweep.sizes[width], note=f"Width {width}, embedding and output included.")}
    for budget in sweep.budgets:
        seeds = sweep.cells.get((width, budget), {})
        note = ", ".join(f"seed {seed}: {loss:.4f}" for seed, loss in seeds.items())
        cells[str(budget)] = Cell(_figure(sweep, width, budget, show, chosen), note=f"Loss of {note}.")
    return cells


def _falls(sweep: Grid) -> str:
    every, up = steps(sweep), rises(sweep)
    least = min(sweep.loss(*a) - sweep.loss(*b) for a, b in every)
    lowest = min(sweep.loss(*cell) for cell in sweep.cells)
    count = f"{len(every) - len(up)} of {len(every)}" if up else f"All {len(every)}"
    order = f"{count} steps to more text or more parameters lower the mean loss"
    by = "" if up else f", by {least:.3f} nats or more"
    return (
        f"{order}{by}; the lowest is still {lowest - sweep.floor:.3f} above the floor of {sweep.floor:.4f}."
    )


def _loss_series(sweep: Grid, show: str, chosen: Sequence[int]) -> dict[str, list[Record]]:
    """Lines with the range of the seeds, the name of each at its left end, and the floor."""
    lines: list[Record] = []
    names: list[Record] = []
    for place, (width, n_params) in enumerate(sweep.sizes.items()):
        found = [(b, _figure(sweep, width, b, show, chosen)) for b in sweep.budgets]
        known = [(b, figure) for b, figure in found if figure is not None]
        for budget, figure in known:
            mark: Record = {"read": budget / 1e6, "loss": five(figure), "size": place}
            lines.append({**mark, **_reach(sweep, (width, budget), show, chosen, figure)})
        names += [
            {"read": budget / 1e6, "loss": five(figure), "size": place, "text": in_thousands(n_params)}
            for budget, figure in known[:1]
        ]
    level = {SHOWN[0]: sweep.floor, SHOWN[1]: 0.0}.get(show)
    text = f"exact floor {sweep.floor:.4f}"
    floor: list[Record] = [] if level is None else [{"loss": five(level), "text": text}]
    return {"lines": lines, "names": names, "floor": floor}


def _reach(sweep: Grid, cell: tuple[int, int], show: str, chosen: Sequence[int], figure: float) -> Record:
    """From the lowest to the highest of a cell's seeds; the figure alone where one seed is shown."""
    each = [] if show == SHOWN[2] or len(chosen) < 2 else [*sweep.cells[cell].values()]
    off = sweep.floor if show == SHOWN[1] else 0.0
    low, high = (min(each) - off, max(each) - off) if each else (figure, figure)
    return {"low": five(low), "high": five(high)}


def five(number: float) -> float:
    """A number to five digits: more than a screen can show would only make a page's stored answers long."""
    return float(f"{number:.5g}")


def in_thousands(n_params: float) -> str:
    """A small model's size as a chart names it.

    >>> in_thousands(53_520)
    '54k'
    """
    return f"{n_params / 1000:.0f}k"


# Runs just made.


@checked
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
    return Table(
        caption="Runs just made, beside the recorded ones of the same seed",
        columns=_RERUN_COLUMNS,
        rows=tuple(_rerun_row(row, recorded) for row, recorded in pairs),
        finding=_rerun_finding(sweep, pairs),
    )


_RERUN_COLUMNS = (
    Column("size", "parameters", "", ",d"),
    Column("read", "text read", "million characters", ".2f"),
    Column("seed", "seed", "", "d"),
    Column("live", "just now", "nats per character", ".4f"),
    Column("recorded", "recorded", "nats per character", ".4f"),
    Column("off", "difference", "nats", "+.4f"),
)


def _rerun_row(row: Mapping[str, Any], recorded: float) -> Row:
    size: Row = {"size": row["parameters"], "read": row["characters"] / 1e6, "seed": row["seed"]}
    return {**size, "live": row["loss"], "recorded": recorded, "off": round(row["loss"] - recorded, 5) + 0.0}


def _rerun_finding(sweep: Grid, pairs: Sequence[tuple[Mapping[str, Any], float]]) -> str:
    off = max(abs(row["loss"] - recorded) for row, recorded in pairs)
    far = f"are at most {off:.4f} nats from" if off >= 5e-5 else "equal, to all digits shown,"
    spread = max(sweep.deviations[row["width"]] for row, _ in pairs)
    return (
        f"Runs just made {far} the recorded ones of their seed; the standard deviation from seed to seed "
        f"is {spread:.3f}."
    )


# Half the size.


@checked
def half_size(larger: int = 64, text: str = "twice", record: str = RECORD) -> Table:
    """A model against the next smaller one: who wins at each budget of the larger, on how much text.

    `larger` is a width; `text` says how much the smaller one reads: the same as the larger, as much as makes
    6ND equal (all parameters counted), twice or four times as much. Between budgets its loss is
    interpolated, along the logarithm of the text and seed by seed, never beyond them. `ValueError` for a
    width without a smaller one and for another `text`.
    """
    sweep = grid(record)
    every, known = duels(larger, text, record), measured_duels(larger, text, record)
    names = [f"{sweep.sizes[width]:,}" for width in sweep.pair(larger)]
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
        rows=tuple(map(_duel_row, every)),
        finding=_half_finding(names[0], text, known),
        series=_half_series(known),
        record=sweep.recipe[-1:],
    )


def _amount(text: str) -> str:
    named = {"same": "the same text", "compute": "the text that makes 6ND equal"}
    return named.get(text, f"{text} the text")


def text_choices() -> list[tuple[str, str]]:
    """How much the smaller model reads, as (name, value)."""
    short = {"same": "the same text", "compute": "equal compute, 6ND", "twice": "twice the text"}
    return [(short.get(text, text), text) for text in ("same", "compute", "twice", "four times")]


def _duel_row(duel: Duel) -> Row:
    return {
        "read": duel.read / 1e6,
        "larger": duel.larger,
        "read_smaller": duel.read_smaller / 1e6,
        "smaller": duel.smaller,
        "gap": duel.gap,
        "noise": duel.noise,
        "outcome": duel.outcome,
    }


def _half_finding(smaller: str, text: str, known: Sequence[Duel]) -> str:
    wins, undecided, loses = (sum(duel.outcome == outcome for duel in known) for outcome in OUTCOMES)
    told = f"wins at {wins or 'none'} of {len(known)} budgets and loses at {loses or 'none'}"
    open_ = f" ({undecided} within noise)" if undecided else ""
    at = crossing(known)
    order = (
        f"the order crosses when the larger has read about {in_millions(at)}"
        if at
        else "the order does not change as far as measured"
    )
    return f"On {_amount(text)} the model of {smaller} parameters {told}{open_}; {order}."


def _half_series(known: Sequence[Duel]) -> dict[str, list[Record]]:
    gaps: list[Record] = []
    for duel in known:
        gap = duel.gap or 0.0
        ends = {"low": five(gap - duel.noise), "high": five(gap + duel.noise)}
        gaps.append({"read": duel.read / 1e6, "gap": five(gap), "outcome": duel.outcome, **ends})
    return {"gaps": gaps, "even": [{"gap": 0}]}


# What the protocol predicted, and what came out.


@dataclass(frozen=True, slots=True)
class Verdict:
    """A part of a prediction, by its letter in the protocol, what came out, and one of HELD, OPEN, FAILED."""

    letter: str
    prediction: str
    outcome: str
    verdict: str


def judged() -> list[Verdict]:
    """Every prediction of the protocol, judged by the record."""
    sweep = grid()
    return [*_on_order(sweep), *_on_the_fit(sweep), *_on_halves(sweep), *_on_hold_outs()]


@checked
def verdicts(show: str = EVERY_PART) -> Table:
    """Every prediction of the protocol beside what the record says, computed from it.

    `show` is one of `VERDICTS_SHOWN`: every part of the predictions, or those alone that did not hold.
    `ValueError` for anything else.
    """
    if show not in VERDICTS_SHOWN:
        raise ValueError(f"There is nothing called {show!r} to show; choose {' or '.join(VERDICTS_SHOWN)}.")
    found = judged()
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in (HELD, OPEN, FAILED)}
    letters = sorted({one.letter[0] for one in found if one.verdict == FAILED})
    return Table(
        caption="What was predicted before the sweep, and what came out",
        columns=(
            Column("letter", "in the protocol"),
            Column("prediction", "predicted"),
            Column("outcome", "came out"),
            Column("verdict", "verdict", kind="verdict"),
        ),
        rows=tuple(
            {"letter": v.letter, "prediction": v.prediction, "outcome": v.outcome, "verdict": v.verdict}
            for v in found
            if show == EVERY_PART or v.verdict != HELD
        ),
        finding=(
            f"Of {len(found)} parts of the predictions {counts[HELD]} held, {counts[FAILED]} failed"
            f"{f' (of {listed(letters)})' if letters else ''}, and {counts[OPEN] or 'none'} lie within noise."
        ),
        record=grid().recipe[-1:],
    )


def _judged(held: bool) -> str:
    return HELD if held else FAILED


def _on_order(sweep: Grid) -> list[Verdict]:
    up, count = rises(sweep), len(steps(sweep))
    beyond = sum(failed for _, failed in up)
    outcome = f"{count - len(up)} of {count} steps fall"
    if up:
        outcome += f"; the largest rise is {max(up)[0]:.3f} nats"
    verdict = HELD if not up else FAILED if beyond else OPEN
    return [Verdict("a", "every row and every column of mean losses falls", outcome, verdict)]


def _on_the_fit(sweep: Grid) -> list[Verdict]:
    fit = registered()
    low, high = interval("E")
    outside = not low <= sweep.floor <= high
    return [
        Verdict(
            "b",
            "the fit's residual is below 1%",
            f"{fit.residual_pct:.2f}%",
            _judged(fit.residual_pct < 1),
        ),
        Verdict(
            "b",
            "its floor is more than 0.02 nats below the true one",
            signed(fit.off, 3),
            _judged(fit.off < -0.02),
        ),
        Verdict(
            "b, less certain",
            "the interval of the floor does not hold the true one",
            f"{low:.3f} to {high:.3f}; true {sweep.floor:.3f}",
            _judged(outside),
        ),
    ]


def _by_pair(sweep: Grid, text: str) -> dict[int, list[Duel]]:
    """For each larger width, its duels at the budgets that this amount of text allows."""
    return {larger: measured_duels(larger, text) for larger in sweep.pairs}


def _wins(letter: str, prediction: str, some: Sequence[Duel], winner: str) -> Verdict:
    """How many duels go the way predicted, and what that makes of the prediction.

    A difference of the other sign counts against a prediction when it is beyond noise; else it is undecided.
    """
    sign = -1 if winner == WINS else 1
    right = [duel for duel in some if (duel.gap or 0.0) * sign > 0]
    against = [d for d in some if d not in right and d.outcome != UNDECIDED]
    verdict = FAILED if against else HELD if len(right) == len(some) else OPEN
    clear = sum(duel.outcome != UNDECIDED for duel in right)
    return Verdict(letter, prediction, f"{len(right)} of {len(some)}, {clear} beyond noise", verdict)


def sure_on_four_times() -> list[Duel]:
    """The duels on four times the text but the last of the two smallest pairs, of which nothing was said."""
    four = [*_by_pair(grid(), "four times").values()]
    return [duel for some in (*(few[:-1] for few in four[:2]), *four[2:]) for duel in some]


def _on_halves(sweep: Grid) -> list[Verdict]:
    same, twice = (_by_pair(sweep, text) for text in ("same", "twice"))
    early, small = [some[0] for some in twice.values()], [*twice][:2]
    late = [duel for larger in small for duel in twice[larger] if duel.read == FITTED]
    first, last = in_millions(sweep.budgets[0]), in_millions(FITTED)
    return [
        _wins("c", "half the size, same text: loses everywhere", [*chain(*same.values())], LOSES),
        _wins("c", f"twice the text: wins at {first} in all pairs", early, WINS),
        _wins("c", f"twice the text: loses at {last} in the two smallest pairs", late, LOSES),
        _on_crossings(twice),
        _wins(
            "c",
            "four times the text: wins, but perhaps last in the two smallest pairs",
            sure_on_four_times(),
            WINS,
        ),
    ]


def _on_crossings(twice: Mapping[int, Sequence[Duel]]) -> Verdict:
    changes = [sum((a.gap or 0.0) * (b.gap or 0.0) < 0 for a, b in pairwise(some)) for some in twice.values()]
    places = [crossing(some) for some in twice.values()]
    # Where the order does not change it does so before the first budget or after the last.
    ends = [inf if (some[-1].gap or 0.0) < 0 else 0.0 for some in twice.values()]
    known = [place or end for place, end in zip(places, ends, strict=True)]
    told = ", ".join(
        f"{place / 1e6:.2f}" if place else f"not by {some[-1].read / 1e6:.2f}"
        for place, some in zip(places, twice.values(), strict=True)
    )
    held = max(changes) <= 1 and known == sorted(known)
    return Verdict(
        "c",
        "twice the text: the order changes at most once, later for larger pairs",
        f"{told} (million; smallest pair first)",
        _judged(held),
    )


def _on_hold_outs() -> list[Verdict]:
    fit = registered()
    near = errors(fit.law, fit.hidden)
    return [
        Verdict(
            "d",
            "held out, twice the text: the error exceeds the residual",
            f"{fit.held_out_pct:.2f}% against {fit.residual_pct:.2f}%",
            _judged(fit.held_out_pct > fit.residual_pct),
        ),
        Verdict("d", "the mean error there lies above the law", _mean_error(near), _judged(fmean(near) > 0)),
        *_on_the_gpu(fit),
    ]


def _on_the_gpu(fit: Fit) -> list[Verdict]:
    """The second hold-out: larger sizes and a larger budget; nothing where no GPU recorded them."""
    if len(sweeps()) == 1:
        return []
    beyond = Fit("on the GPU", fit.law, fit.points, further())
    far = errors(beyond.law, beyond.hidden)
    return [
        Verdict(
            "d",
            "larger sizes and more text, on a GPU: a larger error still",
            f"{beyond.held_out_pct:.2f}% against {fit.held_out_pct:.2f}%",
            _judged(beyond.held_out_pct > fit.held_out_pct),
        ),
        Verdict(
            "d", "and the mean error lies above the law there too", _mean_error(far), _judged(fmean(far) > 0)
        ),
    ]


def _mean_error(found: Sequence[float]) -> str:
    above = sum(error > 0 for error in found)
    return f"{signed(100 * fmean(found), 2)}% ({above} of {len(found)} runs above)"
