"""The story's events, the spans between them, and how the post's account of them stands."""

from dataclasses import dataclass

from smallmodels import facts
from smallmodels.facts import Event
from smallmodels.story.formulas import bounds, days_between, spoken

# How what the post says of an event can stand; the column `standing` of the table `story` says which.
RIGHT, ARGUABLE = "right", "defensible or unprovable"
WRONG, LEFT_OUT = "overstated or contradicted", "left out"


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


@dataclass(frozen=True, slots=True)
class Span:
    """From one event to another, in days: a range where one of them is known by its month alone."""

    start: Event
    end: Event

    @property
    def days(self) -> tuple[int, int]:
        """Fewest and most days; negative where the end comes first, 0 from an event to itself."""
        return (0, 0) if self.start is self.end else days_between(self.start.date, self.end.date)

    @property
    def known(self) -> bool:
        """Whether the number of days is known."""
        low, high = self.days
        return low == high

    def forwards(self) -> "Span":
        """The same span, the earlier event first."""
        return Span(self.end, self.start) if self.days[1] < 0 else self


def span(start: str, end: str) -> Span:
    """The span between two events by their ids; `ValueError` for an unknown one.

    >>> span("seed-round", "release").days
    (106, 106)
    """
    return Span(event(start), event(end))


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of the things that the post says or implies stand how."""

    right: int
    arguable: int
    wrong: int

    @property
    def said(self) -> int:
        """All of them; what the post leaves out is not among them."""
        return self.right + self.arguable + self.wrong


def standing() -> Standing:
    """The counts over every event.

    >>> standing()
    Standing(right=4, arguable=4, wrong=2)
    """
    kinds = [one.standing for one in facts.story()]
    return Standing(kinds.count(RIGHT), kinds.count(ARGUABLE), kinds.count(WRONG))


def public_later(day: str) -> list[Event]:
    """The events that became public after an ISO date, in the order of their dates."""
    return [one for one in events() if days_between(day, one.public)[0] > 0]


def nearest_to(days: float) -> Span:
    """Of all spans between two events whose days are known, the one nearest to so many days."""
    exact = [one for one in events() if len(set(bounds(one.date))) == 1]
    spans = [Span(a, b) for a in exact for b in exact if a.date < b.date]
    return min(spans, key=lambda one: abs(one.days[0] - days))
