"""The book's charts: one voice, one palette, every number from a `Table`'s series.

Each function returns a fixed Altair chart over named data; whatever moves when a reader moves a control is
data, so the same specification is drawn once and fed again. Colours are written as the light theme's; the
page replaces each by the custom property of the same name (`--live-mistral`), so one chart serves both
themes. Used in a kernel and while building, never in the reader's browser.
"""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from smallmodels.verdicts import OF_GAPS, Verdict, mark

# token: (light, dark). Mistral and Llama keep their colour wherever they appear; the pair is told apart by
# every common form of colour blindness (Okabe and Ito's orange and blue, darkened or lightened for contrast).
PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#e8e6e3"),
    "muted": ("#5b626b", "#a7adb5"),
    "grid": ("#dfe2e6", "#3a4048"),
    "paper": ("#ffffff", "#14181e"),
    "mistral": ("#c2500a", "#ff9d5c"),
    "llama": ("#0b66a8", "#6cb8f0"),
    "other": ("#6b6f76", "#9aa1aa"),
    "good": ("#12715b", "#5bc8a8"),
    "bad": ("#9c2f5f", "#f08fb4"),
}


FONT = "'Source Sans 3', system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


# `alt.layer` is typed to give one of these two; the book draws layers only.
Chart = alt.LayerChart | alt.FacetChart


def colour(token: str) -> str:
    """The light theme's hex value of a palette token; `KeyError` if there is none."""
    return PALETTE[token][0]


# The families of models, in the order of their colours. A series names the family; the scale paints it.
FAMILIES = alt.Scale(
    domain=["Mistral", "Llama", "other"], range=[colour("mistral"), colour("llama"), colour("other")]
)


ROLES = alt.Scale(domain=["challenger", "baseline"], range=["circle", "diamond"])


# A verdict is told by the line between two figures, too: thick where the gap is real, thin where it may be
# noise, dotted where the two figures were never measured the same way.
VERDICTS = [*OF_GAPS]


DASHES = alt.Scale(domain=VERDICTS, range=[[1, 0], [1, 0], [2, 4], [6, 3]])


WIDTHS = alt.Scale(domain=VERDICTS, range=[4, 1.5, 2, 1.5])


# Outlines of the marks within a square of 2 by 2, and the strokes that hatch them.
_OUTLINES = {
    "circle": "M-0.9,0A0.9,0.9,0,1,1,0.9,0A0.9,0.9,0,1,1,-0.9,0Z",
    "square": "M-0.8,-0.8H0.8V0.8H-0.8Z",
    "diamond": "M0,-1L1,0L0,1L-1,0Z",
    "triangle": "M0,-0.9L0.95,0.75H-0.95Z",
}
_HATCHES = {
    "circle": "M-0.64,0.64L0.64,-0.64M-0.77,-0.07L-0.07,-0.77M0.07,0.77L0.77,0.07",
    "square": "M-0.8,0.8L0.8,-0.8M-0.8,0L0,-0.8M0,0.8L0.8,0",
    "diamond": "M-0.5,0.5L0.5,-0.5",
    "triangle": "M-0.6,0.75L0.45,-0.3",
}


def _mark(word: str) -> Verdict:
    its = mark(word)
    if its is None:
        raise ValueError(f"{word!r} is no verdict; smallmodels.verdicts has them all.")
    return its


def _outline(its: Verdict) -> str:
    return _OUTLINES[its.shape] + (_HATCHES[its.shape] if its.fill == "hatched" else "")


def verdict_looks(field: str, words: Sequence[str], legend: alt.Legend | None = None) -> dict[str, Any]:
    """Channels that draw the verdicts in `field` by their marks, the chips' own: shape, fill and colour.

    For points of `filled=False`; `words` are the verdicts the field may hold. Raises `ValueError` for others.
    """
    marks = [_mark(word) for word in words]
    tones = [colour(its.tone) for its in marks]
    fills = [colour(its.tone) if its.fill == "solid" else "transparent" for its in marks]
    kind = f"{field}:N"

    def scale(range_: list[str]) -> alt.Scale:
        return alt.Scale(domain=[*words], range=range_)

    return {
        "shape": alt.Shape(kind, scale=scale([_outline(its) for its in marks]), legend=legend),
        "fill": alt.Fill(kind, scale=scale(fills), legend=legend),
        "stroke": alt.Stroke(kind, scale=scale(tones), legend=legend),
    }


def legend_row(names: alt.Chart, row: alt.Y, family: alt.Color) -> list[alt.Chart]:
    """The names of the two models over the first row, in their colours and shapes."""

    # The first row names the two models in their colours and shapes: the challenger left, the baseline right.
    def end(role: str, align: Literal["left", "right"], x: int | str) -> alt.Chart:
        text = names.transform_filter(alt.datum.role == role).mark_text(
            align=align, fontSize=14, fontWeight=600
        )
        return text.encode(y=row, x=alt.value(x), text="text:N", color=family)

    return [end("challenger", "left", 0), end("baseline", "right", "width")]


SIDES: tuple[tuple[Literal["left", "right"], int], ...] = (("left", 10), ("right", -10))


def log_axis(first: int, last: int, grid: bool = False) -> alt.Axis:
    """An axis that names 1 and 3 of every power of ten from 10^first to 10^last."""
    values = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 3)]
    # A logarithmic axis thins out even the values it is told, unless its count allows them.
    return alt.Axis(values=values, tickCount=len(values), format="~g", grid=grid)


def legend_below() -> alt.Legend:
    """A legend under the chart."""
    # One below the other: side by side, long words would meet on a phone.
    return alt.Legend(title=None, orient="bottom", direction="vertical", labelLimit=0, symbolOpacity=1)


def side_words(
    data: alt.Chart, side: str, align: Literal["left", "right"], dx: int, dy: int, **look: Any
) -> alt.Chart:
    """Words beside the marks of one side."""
    # Text beside a point, for those records of a series that want it on this side.
    chosen: alt.Chart = data.transform_filter(alt.datum.side == side)
    return chosen.mark_text(align=align, dx=dx, dy=dy, fontSize=13, **look)


ROW = alt.Y("row:N", sort=None, title=None, axis=None)


ABOVE: dict[str, Any] = {"baseline": "bottom", "dy": -8, "fontSize": 13}


def bar_marks(series: str, value: alt.X) -> list[alt.Chart]:
    """One bar a row from zero, its name and its figure written above it, left and right."""
    data = alt.Chart(alt.NamedData(series))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    return [data.mark_bar(size=12).encode(y=ROW, x=value, color=family), *end_words(data, "row:N", "text:N")]


def tick_marks(series: str, x: alt.X) -> alt.Chart:
    """A tick for each record of a series, at its row."""
    data = alt.Chart(alt.NamedData(series)).mark_tick(thickness=3, size=18, color=colour("ink"))
    ticks: alt.Chart = data.encode(x=x, y=ROW)
    return ticks


def end_words(data: alt.Chart, left: str, right: str) -> list[alt.Chart]:
    """The words at both ends of a row."""
    # A row's words stand above it, so that the plot keeps the whole width of a phone.
    name = data.mark_text(align="left", color=colour("ink"), **ABOVE)
    figure = data.mark_text(align="right", color=colour("muted"), **ABOVE)
    return [
        name.encode(y=ROW, x=alt.value(0), text=left),
        figure.encode(y=ROW, x=alt.value("width"), text=right),
    ]


def voice(chart: Chart, height: int | alt.Step) -> Chart:
    """The shared look: fills its container, quiet grid, the book's type, no frame."""
    ink, muted, grid = colour("ink"), colour("muted"), colour("grid")
    return (
        chart.properties(width="container", height=height)
        .configure(font=FONT, background="transparent", padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink,
            titleColor=muted,
            gridColor=grid,
            domain=False,
            tickColor=grid,
            titleFontWeight="normal",
            tickCount=6,
        )
        .configure_axisY(grid=False, ticks=False, labelPadding=8)
        .configure_legend(labelColor=ink, labelFontSize=12)
    )
