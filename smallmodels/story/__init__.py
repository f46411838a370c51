"""Was it four months?"""

from smallmodels.story.tables import (
    ARGUABLE,
    DAYS_PER_MONTH,
    LEFT_OUT,
    RIGHT,
    WRONG,
    bounds,
    days_between,
    event,
    event_choices,
    events,
    spoken,
    timeline,
)

__all__ = [
    "ARGUABLE",
    "DAYS_PER_MONTH",
    "LEFT_OUT",
    "RIGHT",
    "WRONG",
    "bounds",
    "days_between",
    "event",
    "event_choices",
    "events",
    "spoken",
    "timeline",
]
