"""The page of checks: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import Chart, colour, legend_below, verdict_looks, voice
from smallmodels.verdicts import CAVEAT, RIGHT


def predictions() -> Chart:
    """Measured against predicted on logarithmic axes; on the line they are equal.

    Draws the series `even` (predicted, measured) and `points` (predicted, measured, verdict) of
    `outside.predictions`.
    """
    scale = alt.Scale(type="log", nice=False, zero=False)
    axis = alt.Axis(format="~s", grid=False, tickCount=4)
    x = alt.X("predicted:Q", scale=scale, axis=axis, title="predicted here")
    y = alt.Y("measured:Q", scale=scale, axis=axis, title="measured outside")
    even, points = (alt.Chart(alt.NamedData(name)) for name in ("even", "points"))
    layers = alt.layer(
        even.mark_line(color=colour("muted"), strokeDash=[4, 4], strokeWidth=1.5).encode(x=x, y=y),
        points.mark_point(size=110, strokeWidth=1.5, opacity=1).encode(
            x=x, y=y, **verdict_looks("verdict", (RIGHT, CAVEAT), legend_below())
        ),
    )
    return voice(layers, 320)
