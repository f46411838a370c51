"""Chapter 09: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import Chart, colour, voice
from smallmodels.verdicts import OF_CLAIMS, VERDICTS

# A verdict is told by shape and fill, as on its chip, and by colour besides.
_MARKS = [VERDICTS[name] for name in OF_CLAIMS]
_SHAPES = {"triangle": "triangle-up"}
_FILLS = {"solid": 1.0, "hatched": 0.35, "hollow": 0.0}
MOST = 20  # claims of one verdict that a row has room for
_ROW = alt.Y("verdict:N", sort=None, title=None, axis=None)
_TONE = alt.Color(
    "verdict:N",
    scale=alt.Scale(domain=[*OF_CLAIMS], range=[colour(one.tone) for one in _MARKS]),
    legend=None,
)
_SHAPE = alt.Shape(
    "verdict:N",
    scale=alt.Scale(domain=[*OF_CLAIMS], range=[_SHAPES.get(one.shape, one.shape) for one in _MARKS]),
    legend=None,
)


def board() -> Chart:
    """Chapter 09: a row for each verdict, with its count, and a numbered mark for every claim that has it.

    Draws the series `counts` (verdict, text) and `marks` (verdict, place, fill, claim) of `claims.board`.
    """
    place = alt.X("place:Q", axis=None, scale=alt.Scale(domain=[0.5, MOST + 0.5], nice=False))
    marks = alt.Chart(alt.NamedData("marks"))
    counts = alt.Chart(alt.NamedData("counts")).mark_text(align="left", dy=-16, fontSize=13, fontWeight=600)

    def drawn(fill: str, inside: bool) -> alt.Chart:
        """The marks of one fill: their insides, as strong as it says, or their outlines."""
        chosen = marks.transform_filter(alt.datum.fill == fill)
        opacity = _FILLS[fill] if inside else 1
        points: alt.Chart = chosen.mark_point(size=110, filled=inside, opacity=opacity, strokeWidth=1.8)
        encoded: alt.Chart = points.encode(x=place, y=_ROW, color=_TONE, shape=_SHAPE)
        return encoded

    layers = alt.layer(
        counts.encode(x=alt.value(0), y=_ROW, text="text:N", color=_TONE),
        *(drawn(fill, inside) for fill in _FILLS for inside in (True, False)),
        marks.mark_text(dy=15, fontSize=10, color=colour("muted")).encode(x=place, y=_ROW, text="claim:N"),
    )
    return voice(layers, alt.Step(52))
