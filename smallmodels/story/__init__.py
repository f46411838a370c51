"""Was it four months?"""

from smallmodels.story.formulas import DAYS_PER_MONTH, bounds, days_between, months, spoken
from smallmodels.story.records import (
    ARGUABLE,
    LEFT_OUT,
    RIGHT,
    WRONG,
    Span,
    Standing,
    event,
    event_choices,
    events,
    nearest_to,
    public_later,
    span,
    standing,
)
from smallmodels.story.tables import timeline

__all__ = [
    "ARGUABLE",
    "DAYS_PER_MONTH",
    "LEFT_OUT",
    "RIGHT",
    "WRONG",
    "Span",
    "Standing",
    "bounds",
    "days_between",
    "event",
    "event_choices",
    "events",
    "months",
    "nearest_to",
    "public_later",
    "span",
    "spoken",
    "standing",
    "timeline",
]
