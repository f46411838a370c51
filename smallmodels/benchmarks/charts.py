"""Chapter 01: its charts, each with the name of the function whose series it draws."""

from typing import Any

import altair as alt

from smallmodels.charts import (
    DASHES,
    FAMILIES,
    ROLES,
    ROW,
    VERDICTS,
    WIDTHS,
    Chart,
    colour,
    end_words,
    legend_row,
    verdict_looks,
    voice,
)


def head_to_head() -> Chart:
    """Chapter 01: two scores per benchmark with their error bars, joined by a line that tells the verdict.

    Draws the series `names`, `dots` and `gaps` of `benchmarks.head_to_head`; all scores in percent. Each
    row's words stand above its line, so that the plot keeps the whole width of a phone.
    """
    # A faint line through each row ties the words above it to the marks on it.
    line = alt.Axis(labels=False, ticks=False, grid=True, title=None)
    row = alt.Y("row:N", sort=None, axis=line)
    percent = alt.Scale(domain=[0, 100])
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    names, dots, gaps = (alt.Chart(alt.NamedData(name)) for name in ("names", "dots", "gaps"))
    reach = {"x": alt.X("low:Q", scale=percent), "x2": "high:Q", "y": row}
    lines = gaps.mark_rule(color=colour("muted")).encode(
        **reach,
        strokeDash=alt.StrokeDash("verdict:N", scale=DASHES, legend=None),
        strokeWidth=alt.StrokeWidth("verdict:N", scale=WIDTHS, legend=None),
    )
    bars = dots.mark_rule(strokeWidth=9, opacity=0.3).encode(**reach, color=family)
    points = dots.mark_point(filled=True, size=95, opacity=1).encode(
        y=row,
        x=alt.X("score:Q", scale=percent, title="score (percent)"),
        color=family,
        shape=alt.Shape("role:N", scale=ROLES, legend=None),
    )
    above: dict[str, Any] = {"baseline": "bottom", "dy": -8, "fontSize": 13}
    left = gaps.mark_text(align="left", color=colour("ink"), **above).encode(
        y=row, x=alt.value(0), text="row:N"
    )
    right = gaps.mark_text(align="right", dx=-17, color=colour("muted"), **above).encode(
        y=row, x=alt.value("width"), text="text:N"
    )
    marks = gaps.mark_point(size=120, strokeWidth=1.5, xOffset=-7, yOffset=-13, opacity=1).encode(
        y=row, x=alt.value("width"), **verdict_looks("verdict", VERDICTS)
    )
    layers = alt.layer(*legend_row(names, row, family), lines, bars, points, left, right, marks)
    return voice(layers.resolve_scale(shape="independent"), alt.Step(42))


def first_look() -> Chart:
    """The introduction: the same picture."""
    return head_to_head()


def spread() -> Chart:
    """Chapter 01: the scores of one set of weights that we found, each on a line, its source written above.

    Draws the series `scores` (row, score, low, high, family, text) of `benchmarks.spread`, in percent.
    """
    data = alt.Chart(alt.NamedData("scores"))
    row = alt.Y("row:N", sort=None, title=None, axis=None)
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
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
    return voice(alt.layer(bars, points, labels), alt.Step(34))


def power() -> Chart:
    """Chapter 01: the gap each test can show as a hollow bar, and the gap it reported as a dot.

    Draws the series `tests` (row, detectable, gap, family, text) of `benchmarks.power`, in points.
    """
    data = alt.Chart(alt.NamedData("tests"))
    x = alt.X("detectable:Q", title="gap (points)", scale=alt.Scale(domainMin=0, nice=True))
    bars = data.mark_bar(size=11, fillOpacity=0.15, stroke=colour("muted"), color=colour("muted")).encode(
        y=ROW, x=x
    )
    dots = data.mark_point(filled=True, size=95, opacity=1).encode(
        y=ROW, x="gap:Q", color=alt.Color("family:N", scale=FAMILIES, legend=None)
    )
    return voice(alt.layer(bars, dots, *end_words(data, "row:N", "text:N")), alt.Step(36))


def paired() -> Chart:
    """Chapter 01: the gap with its margin, each way of taking the results on a line of its own.

    Draws the series `ways` (row, gap, low, high, text) of `benchmarks.paired`, in points.
    """
    data = alt.Chart(alt.NamedData("ways"))
    x = alt.X("low:Q", title="gap (points)", scale=alt.Scale(zero=True, nice=True))
    zero = alt.Chart(alt.NamedData("ways")).mark_rule(color=colour("muted"), strokeDash=[3, 3])
    bars = data.mark_rule(strokeWidth=9, opacity=0.35, color=colour("good")).encode(y=ROW, x=x, x2="high:Q")
    dots = data.mark_point(filled=True, size=95, opacity=1, color=colour("good")).encode(y=ROW, x="gap:Q")
    layers = (zero.encode(x=alt.datum(0)), bars, dots, *end_words(data, "row:N", "text:N"))
    return voice(alt.layer(*layers), alt.Step(48))
