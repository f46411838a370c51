"""Chapter 09: this book's own figures, checked against what others measured, counted and published."""

from collections.abc import Sequence
from math import log10

from smallmodels.arguments import checked
from smallmodels.outside.records import KINDS, Check, checks
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.verdicts import CAVEAT, RIGHT
from smallmodels.words import figures

Row = dict[str, Value | Cell]
Records = list[dict[str, Value]]


@checked
def predictions(kind: str = "speeds", within_pct: float = 5) -> Table:
    """What this book computes of one kind, beside what was measured, with the ratio of the two.

    `kind` is one of `kinds()`; what differs by more than `within_pct` percent of the predicted, 0 to 100, is
    explained. `ValueError` for anything else.
    """
    if not 0 <= within_pct <= 100:
        raise ValueError(f"A difference of {within_pct} percent is not shown; choose one from 0 to 100.")
    found = checks(kind)
    return Table(
        caption=f"Predicted and measured: {KINDS[kind][0]}",
        columns=(
            Column("what", "what"),
            Column("predicted", "predicted here", format=_format(found)),
            Column("measured", "measured outside", format=_format(found)),
            Column("unit", "unit", rank=2),
            Column("ratio", "measured / predicted", format=".3f", rank=1),
            Column(
                "verdict",
                f"within {within_pct:g}%",
                meaning="Right: it is. With a caveat: see why.",
                kind="verdict",
            ),
            Column("why", "why it differs"),
        ),
        rows=tuple(_row(one, within_pct) for one in found),
        finding=_finding(found, within_pct),
        series={"points": [_point(one, within_pct) for one in found], "even": _even(found)},
    )


def _format(found: Sequence[Check]) -> str:
    """As many digits as the smallest of them needs."""
    least = min(min(one.predicted, one.measured) for one in found)
    return ",.0f" if least >= 1000 else ",.4g"


def _row(one: Check, within_pct: float) -> Row:
    near = one.within(within_pct)
    return {
        "what": one.what,
        "predicted": one.predicted,
        "measured": Cell(one.measured, one.source),
        "unit": one.unit,
        "ratio": one.ratio,
        "verdict": RIGHT if near else CAVEAT,
        "why": None if near else one.why or "We know of no reason.",
    }


def _finding(found: Sequence[Check], within_pct: float) -> str:
    near = sum(one.within(within_pct) for one in found)
    ratios = [one.ratio for one in found]
    share = f"{near} of {figures(len(found), 'prediction')} are within {within_pct:g}%"
    if max(ratios) - min(ratios) < 5e-4:
        return f"{share}; measured over predicted is {ratios[0]:.3f} throughout."
    return f"{share}; measured over predicted runs from {min(ratios):.2f} to {max(ratios):.2f}."


def _point(one: Check, within_pct: float) -> dict[str, Value]:
    near = one.within(within_pct)
    place: dict[str, Value] = {"predicted": one.predicted, "measured": one.measured, "what": one.what}
    return {**place, "verdict": RIGHT if near else CAVEAT}


def _even(found: Sequence[Check]) -> Records:
    """The two ends of the line on which both are equal, at powers of ten around all of them."""
    values = [value for one in found for value in (one.predicted, one.measured)]
    low, high = (10 ** (log10(value) + step) for value, step in ((min(values), -0.1), (max(values), 0.1)))
    return [{"predicted": end, "measured": end} for end in (low, high)]
