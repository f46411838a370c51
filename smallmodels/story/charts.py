"""Chapter 08: its charts, each with the name of the function whose series it draws."""

from typing import Literal

import altair as alt

from smallmodels.charts import Chart, colour, legend_below, verdict_looks, voice

# How the post's story stands: each word is drawn by its verdict's mark.
_STANDINGS = ["right", "defensible or unprovable", "overstated or contradicted", "left out"]


def timeline() -> Chart:
    """Chapter 08: the story's events by date, how the post's account of each stands, a shaded span of days.

    Draws the series `events` (row, from, to, standing, text, side) and `span` (from, to) of `story.timeline`.
    """
    row = alt.Y("row:N", sort=None, title=None, axis=None)
    axis = alt.Axis(format="%B %Y", tickCount={"interval": "month", "step": 2})
    start = alt.X("from:T", scale=alt.Scale(type="utc", padding=12), title=None, axis=axis)
    looks = verdict_looks("standing", _STANDINGS, legend_below())
    events, span = alt.Chart(alt.NamedData("events")), alt.Chart(alt.NamedData("span"))

    def words(side: str, align: Literal["left", "right"], x: str, dx: int) -> alt.Chart:
        here: alt.Chart = events.transform_filter(alt.datum.side == side)
        text = here.mark_text(align=align, dx=dx, fontSize=13, color=colour("ink"))
        placed: alt.Chart = text.encode(y=row, x=alt.X(x, title=None), text="text:N")
        return placed

    layers = alt.layer(
        span.mark_rect(color=colour("grid"), opacity=0.6).encode(x=start, x2="to:T"),
        events.mark_rule(strokeWidth=5, opacity=0.4).encode(
            y=row, x=start, x2="to:T", stroke=looks["stroke"]
        ),
        events.mark_point(size=120, strokeWidth=1.5, opacity=1).encode(y=row, x=start, **looks),
        words("right", "left", "to:T", 10),
        words("left", "right", "from:T", -10),
    )
    return voice(layers, alt.Step(26))
