"""How Mistral 7B came about: the company's first months, what the post says of them, what holds.

`timeline` lists the events and counts the days from one of them to every other.
"""

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.facts import Event
from smallmodels.story.formulas import bounds, months, spoken
from smallmodels.story.records import Span, event, events, standing
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.words import minus, sentence

Record = dict[str, Value]


@checked
def timeline(start: str = "founding") -> Table:
    """The story's events by date: what the post says, what is known, and the days since the event `start`.

    A date known by its month alone makes the number of days a range. The finding runs to the release, and
    from the day of the release to the paper. `ValueError` for an unknown event.
    """
    first, shown = event(start), events()
    goal = event("release") if first.date != event("release").date else event("paper")
    counted = Span(first, goal).forwards()
    return Table(
        caption="The story as the post tells it, and as it was",
        columns=(
            Column("topic", "event"),
            Column("date", "date"),
            Column("days", "days since", format=",d", meaning=f"Counted from “{first.topic}”."),
            Column("post", "the post"),
            Column("fact", "what is known"),
            Column("verdict", "verdict on the post", kind="verdict"),
        ),
        rows=tuple(_row(Span(first, one)) for one in shown),
        finding=_length(counted),
        notes=(_score(),),
        series={"events": [_mark(one) for one in shown], "span": [_band(counted)]},
    )


def _row(since: Span) -> dict[str, Value | Cell]:
    told = since.end
    titles = "; ".join(facts.source(id).title for id in told.source_ids)
    note = f" {sentence(told.note)}" if told.note else ""
    doubt = "" if told.verified == "yes" else f"Verified: {told.verified}.{note}"
    return {
        "topic": Cell(told.topic, f"{titles}.", doubt),
        "date": spoken(told.date),
        "days": _days(since),
        "post": told.post_says,
        "fact": told.fact,
        "verdict": f"{told.standing}: {told.judgement}",
    }


def _days(since: Span) -> int | str:
    """Days as a number where both events have a day, else as words."""
    low, high = since.days
    if since.known:
        return low
    return "same month" if since.start.date == since.end.date else minus(f"{low} to {high}")


def _length(counted: Span) -> str:
    """How long it was from one event to the other, as a sentence."""
    ends = " to ".join(f"“{one.topic}” ({spoken(one.date)})" for one in (counted.start, counted.end))
    days = " to ".join(dict.fromkeys(f"{days}" for days in counted.days))
    long = " to ".join(dict.fromkeys(f"{months(days):.1f}" for days in counted.days))
    return f"From {ends}: {days} days, or {long} months."


def _score() -> str:
    of = standing()
    return (
        f"Of {of.said} things the post says or implies, {of.right} are right, "
        f"{of.arguable} defensible or unprovable, {of.wrong} overstated or contradicted."
    )


def _mark(event: Event) -> Record:
    first, last = bounds(event.date)
    return {
        "row": event.id,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "standing": event.standing,
        "text": event.topic,
        "side": "left" if first.month > 6 else "right",  # where the chart has room for the words
    }


def _band(counted: Span) -> Record:
    days = [day for one in (counted.start, counted.end) for day in bounds(one.date)]
    return {"from": min(days).isoformat(), "to": max(days).isoformat()}
