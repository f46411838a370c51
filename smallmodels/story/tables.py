"""How Mistral 7B came about: the company's first months, what the post says of them, what holds.

`timeline` lists the events and counts the days from one of them to every other. Standard library only.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from smallmodels import facts
from smallmodels.facts import Event
from smallmodels.table import Cell, Column, Table, Value

# How what the post says of an event can stand; the column `standing` of the table `story` says which.
RIGHT, ARGUABLE = "right", "defensible or unprovable"
WRONG, LEFT_OUT = "overstated or contradicted", "left out"
DAYS_PER_MONTH = 365.25 / 12
Record = dict[str, Value]


def bounds(day: str) -> tuple[date, date]:
    """First and last day an ISO date can mean: any day of its month, or of its year, if it names no more.

    `ValueError` for what is no date.

    >>> bounds("2023-04")
    (datetime.date(2023, 4, 1), datetime.date(2023, 4, 30))
    """
    if len(day) == len("2023"):
        return date.fromisoformat(f"{day}-01-01"), date.fromisoformat(f"{day}-12-31")
    if len(day) == len("2023-04"):
        first = date.fromisoformat(f"{day}-01")
        next_month = (first + timedelta(31)).replace(day=1)
        return first, next_month - timedelta(1)
    exact = date.fromisoformat(day)
    return exact, exact


def days_between(start: str, end: str) -> tuple[int, int]:
    """Fewest and most days from one ISO date to another; negative where the second comes first.

    >>> days_between("2023-06-13", "2023-09-27"), days_between("2023-04", "2023-09-27")
    ((106, 106), (150, 179))
    """
    (first, last), (early, late) = bounds(start), bounds(end)
    return (early - last).days, (late - first).days


def spoken(day: str) -> str:
    """An ISO date in words, as precise as it is.

    >>> spoken("2023-04"), spoken("2023-09-27"), spoken("2024")
    ('April 2023', '27 September 2023', '2024')
    """
    first, last = bounds(day)
    if first == last:
        return f"{first.day} {first:%B %Y}"
    return f"{first:%B %Y}" if first.month == last.month else f"{first:%Y}"


def events() -> list[Event]:
    """Every event of the story, in the order of their dates."""
    return sorted(facts.story(), key=lambda event: bounds(event.date)[0])


def event(id: str) -> Event:
    """The event with this id; `ValueError` if there is none."""
    known = {one.id: one for one in facts.story()}
    if id not in known:
        raise ValueError(f"There is no event {id!r} here; choose one of {', '.join(known)}.")
    return known[id]


def event_choices() -> list[tuple[str, str]]:
    """The events a reader can count days from, as (title, id): of every date the first."""
    of_date = {one.date: one for one in reversed(events())}
    return [(f"{one.topic} ({spoken(one.date)})", one.id) for one in reversed(of_date.values())]


def timeline(start: str = "founding") -> Table:
    """The story's events by date: what the post says, what is known, and the days since the event `start`.

    A date known by its month alone makes the number of days a range. The finding runs to the release, and
    from the day of the release to the paper. `ValueError` for an unknown event.
    """
    first, shown = event(start), events()
    goal = event("release") if first.date != event("release").date else event("paper")
    return Table(
        caption="The story as the post tells it, and as it was",
        columns=(
            Column("topic", "event"),
            Column("date", "date"),
            Column("days", "days since", format=",d", meaning=f"Counted from “{first.topic}”."),
            Column("post", "the post"),
            Column("fact", "what is known"),
            Column("verdict", "verdict on the post"),
        ),
        rows=tuple(_row(one, first) for one in shown),
        finding=f"{_span(first, goal)} {_score(shown)}",
        series={"events": [_mark(one) for one in shown], "span": [_band(first, goal)]},
    )


def _row(event: Event, first: Event) -> dict[str, Value | Cell]:
    titles = "; ".join(facts.source(id).title for id in event.source_ids)
    doubt = "" if event.verified == "yes" else f"Verified: {event.verified}. {_sentence(event.note)}".strip()
    return {
        "topic": Cell(event.topic, f"{titles}.", doubt),
        "date": spoken(event.date),
        "days": _days(first, event),
        "post": event.post_says,
        "fact": event.fact,
        "verdict": f"{event.standing}: {event.judgement}",
    }


def _days(first: Event, event: Event) -> int | str:
    """Days from one event to another, as a number where both have a day, else as words."""
    low, high = (0, 0) if event is first else days_between(first.date, event.date)
    if low == high:
        return low
    if event.date == first.date:
        return "same month"
    return f"{low} to {high}".replace("-", "−")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _span(first: Event, second: Event) -> str:
    """How long it was from one event to the other, as a sentence."""
    low, high = days_between(first.date, second.date)
    if high < 0:
        first, second, low, high = second, first, -high, -low
    ends = f"“{first.topic}” ({spoken(first.date)}) to “{second.topic}” ({spoken(second.date)})"
    days = f"{low}" if low == high else f"{low} to {high}"
    months = [f"{number / DAYS_PER_MONTH:.1f}" for number in (low, high)]
    return f"From {ends}: {days} days, or {' to '.join(dict.fromkeys(months))} months."


def _score(shown: Sequence[Event]) -> str:
    right, arguable, wrong = (sum(one.standing == kind for one in shown) for kind in (RIGHT, ARGUABLE, WRONG))
    return (
        f"Of {right + arguable + wrong} things the post says or implies, {right} are right, "
        f"{arguable} defensible or unprovable, {wrong} overstated or contradicted."
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


def _band(first: Event, second: Event) -> Record:
    days = [day for one in (first, second) for day in bounds(one.date)]
    return {"from": min(days).isoformat(), "to": max(days).isoformat()}
