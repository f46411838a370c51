"""The book's charts: one voice, one palette, every number from a `Table`'s series.

Each function returns a fixed Altair chart over named data; whatever moves when a reader moves a control is
data, so the same specification is drawn once and fed again. Colours are written as the light theme's; the
page replaces each by the custom property of the same name (`--live-mistral`), so one chart serves both
themes. Used in a kernel and while building, never in the reader's browser.
"""

import altair as alt

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
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def colour(token: str) -> str:
    """The light theme's hex value of a palette token; `KeyError` if there is none."""
    return PALETTE[token][0]


# The families of models, in the order of their colours. A series names the family; the scale paints it.
_FAMILIES = alt.Scale(
    domain=["Mistral", "Llama", "other"], range=[colour("mistral"), colour("llama"), colour("other")]
)
_ROLES = alt.Scale(domain=["challenger", "baseline"], range=["circle", "diamond"])
# A verdict is told by the line between two figures: thick where the gap is real, thin where it may be
# noise, dotted where the two figures were never measured the same way.
VERDICTS = ["beyond noise", "within noise", "not comparable", "no item count"]
_DASHES = alt.Scale(domain=VERDICTS, range=[[1, 0], [1, 0], [2, 4], [6, 3]])
_WIDTHS = alt.Scale(domain=VERDICTS, range=[4, 1.5, 2, 1.5])


def dumbbells() -> alt.LayerChart:
    """Chapter 01: two scores per benchmark with their error bars, joined by a line that tells the verdict.

    Draws the series `dots` (row, score, low, high, family, role), `gaps` (row, low, high, verdict) and
    `names` (row, score, side, text) of `benchmarks.head_to_head`; all scores in percent.
    """
    row = alt.Y("row:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, labelFontSize=13))
    percent = alt.Scale(domain=[0, 100])
    score = alt.X("score:Q", scale=percent, title="score (percent)")
    family = alt.Color("family:N", scale=_FAMILIES, legend=None)
    dots = alt.Chart(alt.NamedData("dots"))
    lines = (
        alt.Chart(alt.NamedData("gaps"))
        .mark_rule(color=colour("muted"))
        .encode(
            y=row,
            x=alt.X("low:Q", scale=percent),
            x2="high:Q",
            strokeDash=alt.StrokeDash("verdict:N", scale=_DASHES, legend=_verdict_legend()),
            strokeWidth=alt.StrokeWidth("verdict:N", scale=_WIDTHS, legend=_verdict_legend()),
        )
    )
    bars = dots.mark_rule(strokeWidth=9, opacity=0.3).encode(
        y=row, x=alt.X("low:Q", scale=percent), x2="high:Q", color=family
    )
    points = dots.mark_point(filled=True, size=95, opacity=1).encode(
        y=row, x=score, color=family, shape=alt.Shape("role:N", scale=_ROLES, legend=None)
    )
    return _voice(alt.layer(lines, bars, points, *_names(row, percent)), row_height=34)


def _names(row: alt.Y, percent: alt.Scale) -> list[alt.Chart]:
    # The two models' names stand at the outer ends of the first row: a legend nobody has to look up.
    def side(which: str, align: str, dx: int) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData("names"))
            .transform_filter(alt.datum.side == which)
            .mark_text(align=align, dx=dx, fontSize=13, fontWeight=600)
            .encode(
                y=row,
                x=alt.X("score:Q", scale=percent),
                text="text:N",
                color=alt.Color("family:N", scale=_FAMILIES, legend=None),
            )
        )

    return [side("left", "right", -9), side("right", "left", 9)]


def _verdict_legend() -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="bottom",
        direction="horizontal",
        columns=2,
        symbolStrokeColor=colour("muted"),
        symbolSize=400,
    )


def strip() -> alt.LayerChart:
    """Chapter 01: every published score of one set of weights on one line each, its source written above.

    Draws the series `scores` (row, score, low, high, family, text) of `benchmarks.spread`, in percent.
    """
    data = alt.Chart(alt.NamedData("scores"))
    row = alt.Y("row:N", sort=None, title=None, axis=None)
    family = alt.Color("family:N", scale=_FAMILIES, legend=None)
    span = alt.Scale(zero=False, nice=True)
    bars = data.mark_rule(strokeWidth=9, opacity=0.3).encode(
        y=row, x=alt.X("low:Q", scale=span), x2="high:Q", color=family
    )
    points = data.mark_point(filled=True, size=95, opacity=1).encode(
        y=row, x=alt.X("score:Q", scale=span, title="score (percent)"), color=family
    )
    labels = data.mark_text(
        align="left", baseline="bottom", dy=-9, fontSize=12, color=colour("muted")
    ).encode(y=row, x=alt.value(0), text="text:N")
    return _voice(alt.layer(bars, points, labels), row_height=42)


def _voice(chart: alt.LayerChart, row_height: int) -> alt.LayerChart:
    """The shared look: fills its container, quiet grid, the book's type, no frame."""
    ink, muted, grid = colour("ink"), colour("muted"), colour("grid")
    return (
        chart.properties(width="container", height=alt.Step(row_height))
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
