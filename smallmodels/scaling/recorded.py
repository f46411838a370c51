"""Chapter 02: Chinchilla's own runs, refitted as the reader chooses, with the recorded interval."""

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.scaling.fitting import HUBER
from smallmodels.scaling.records import Match, law, law_name
from smallmodels.scaling.runs import (
    ALL,
    CONSTANTS,
    DRAWS,
    LEFT_OUT,
    Refit,
    constant_interval,
    gap_interval,
    match_interval,
    refit,
)
from smallmodels.scaling.tables import NEVER, trillions
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.words import about, number

Record = dict[str, Value]
Row = dict[str, Value | Cell]
PUBLISHED = "besiroglu"  # the law that was made from these runs


@checked
def chinchilla(left_out: int = LEFT_OUT, how: str = HUBER, counting: str = ALL) -> Table:
    """The law behind Chinchilla's own runs, fitted here and now, and the tokens to match that follow from it.

    Left out are so many runs of the fewest tokens per parameter. The interval is that of the refit of
    Besiroglu and others, from recorded draws, and shown with no other. `ValueError` as from `runs.refit`.
    """
    found = refit(left_out, how, counting)
    fitted = len(found.runs) - left_out
    return Table(
        caption=f"Chinchilla's law from {fitted} of {len(found.runs)} runs, by {_by(how)}, {counting}",
        columns=_COLUMNS,
        rows=(*_constant_rows(found), *_match_rows(found)),
        finding=_finding(found),
        series={"runs": _run_series(found), "said": _said(found)},
        notes=(_interval_note(found), _counting_note(found)),
    )


_COLUMNS = (
    Column("figure", "figure"),
    Column("fitted", "fitted", "", ",.4g"),
    Column("low", "2.5th percentile of draws", "", ",.4g", "Recorded draws of runs, with replacement."),
    Column("high", "97.5th percentile of draws", "", ",.4g", "Recorded draws of runs, with replacement."),
    Column("published", "published", "", ",.4g", "As Besiroglu and others print it."),
)


def _by(how: str) -> str:
    return "Huber's loss" if how == HUBER else how


def _constant_rows(found: Refit) -> list[Row]:
    printed, source = facts.law(PUBLISHED), f"{facts.source('besiroglu-paper').title}."
    rows = []
    for name in CONSTANTS:
        low, high = constant_interval(name) if found.as_published else (None, None)
        published = Cell(printed[name] if found.counting == ALL else None, source)
        row: Row = {"figure": name, "fitted": Cell(getattr(found.law, name), _source())}
        rows.append({**row, **_ends(low, high), "published": published})
    return rows


def _source() -> str:
    return f"{facts.source('epoch-notebook').title}."


def _ends(low: Value, high: Value) -> Row:
    source = f"recorded experiment {DRAWS}, {facts.run(DRAWS).date}" if low is not None else ""
    return {"low": Cell(low, source), "high": Cell(high, source)}


def _match_rows(found: Refit) -> list[Row]:
    match, printed = found.match, Match(law(PUBLISHED), found.match.challenger, found.match.baseline)
    gap_ends: Row = _ends(None, None)
    needed_ends: Row = _ends(None, None)
    if found.as_published:
        gap, needed = gap_interval(), match_interval()
        gap_ends = _ends(gap.low, gap.high)
        needed_ends = _ends(trillions(needed.low), trillions(needed.high))
    return [
        {
            "figure": "gap of the two models, nats a token",
            "fitted": match.gap,
            **gap_ends,
            "published": printed.gap,
        },
        {
            "figure": "tokens to match, trillion",
            "fitted": trillions(match.needed),
            **needed_ends,
            "published": trillions(printed.needed),
        },
    ]


def _without(left_out: int) -> str:
    if not left_out:
        return "With all the runs"
    return (
        f"Without the {number(left_out)} of fewest tokens per parameter"
        if left_out > 1
        else "Without one run"
    )


def _amount(tokens: float | None) -> str:
    shown = trillions(tokens)
    return shown if isinstance(shown, str) else about(shown, 4 if shown >= 1000 else 3)


def _finding(found: Refit) -> str:
    match = found.match
    if match.needed is None:
        return f"{_without(found.left_out)} no amount of data lets {match.challenger.name} match."
    amount = f"{_amount(match.needed)} trillion tokens to match"
    if not found.as_published:
        return f"{_without(found.left_out)} {match.challenger.name} needs {amount}."
    interval = match_interval()
    return f"{_without(found.left_out)}: {amount} ({_range(interval.low, interval.high)})."


def _range(low: float | None, high: float | None) -> str:
    return f"{about((low or 0) / 1e12, 2)} to {about(high / 1e12, 2) if high else 'no amount'}"


def _interval_note(found: Refit) -> str:
    run = facts.run(DRAWS)
    if not found.as_published:
        return "Draws were recorded of the published refit only, so this one stands without an interval."
    return (
        f"The interval: {run.settings['draws']:,} draws of {run.settings['runs']} runs with replacement, "
        f"each fitted, on {run.date}, in {run.process_seconds:.0f} s of processor time ({run.command})."
    )


def _counting_note(found: Refit) -> str:
    if found.counting == ALL:
        return f"Published: {law_name(PUBLISHED)}, the middle of their own draws."
    return (
        "Without embeddings: as Kaplan counted. What an embedding takes of Chinchilla's models is by the "
        f"line of {facts.source('pearce-code').short_title}; of the post's two models it is counted."
    )


def _run_series(found: Refit) -> list[Record]:
    return [
        {
            "ratio": float(f"{one.n_tokens / one.n_params:.3g}"),
            "above": round(above, 2),
            "use": "left out" if place < found.left_out else "fitted",
        }
        for place, (one, above) in enumerate(zip(found.runs, found.residuals_pct, strict=True))
    ]


def _said(found: Refit) -> list[Record]:
    needed = found.match.needed
    lines = ["to match, the 7B must read", NEVER if needed is None else f"{_amount(needed)} trillion tokens"]
    if found.as_published:
        interval = match_interval()
        lines.append(f"(95% of draws: {_range(interval.low, interval.high)})")
    return [{"row": row, "text": text} for row, text in enumerate(lines)]
