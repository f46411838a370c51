"""Chapter 09: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import Chart, colour, verdict_looks, voice
from smallmodels.verdicts import OF_CLAIMS

MOST = 20  # claims of one verdict that a row has room for


def board() -> Chart:
    """Chapter 09: a row for each verdict, with its count, and a numbered mark for every claim that has it.

    Draws the series `counts` (verdict, text) and `marks` (verdict, place, claim) of `claims.board`.
    """
    row = alt.Y("verdict:N", sort=None, title=None, axis=None)
    place = alt.X("place:Q", axis=None, scale=alt.Scale(domain=[0.5, MOST + 0.5], nice=False))
    looks = verdict_looks("verdict", OF_CLAIMS)
    marks = alt.Chart(alt.NamedData("marks"))
    counts = alt.Chart(alt.NamedData("counts")).mark_text(align="left", dy=-16, fontSize=13, fontWeight=600)
    layers = alt.layer(
        counts.encode(x=alt.value(0), y=row, text="text:N", color=alt.value(colour("ink"))),
        marks.mark_point(size=120, strokeWidth=1.5, opacity=1).encode(x=place, y=row, **looks),
        marks.mark_text(dy=15, fontSize=10, color=colour("muted")).encode(x=place, y=row, text="claim:N"),
    )
    return voice(layers, alt.Step(50))
