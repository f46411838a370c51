"""Chapter 07: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import (
    FAMILIES,
    ROW,
    Chart,
    colour,
    end_words,
    legend_below,
    log_axis,
    side_words,
    voice,
)

_SIDES = alt.Scale(domain=["above", "below"], range=[colour("good"), colour("other")])


def crossings() -> Chart:
    """Chapter 07: every small model's day, above or below the big one, test by test; the first one named.

    Draws the series `seen` (row, day, above), `first` (row, day, text, side), `rows` (row, text, right) and
    `post` (day) of `later.crossings`.
    """
    seen, first, rows, post = (alt.Chart(alt.NamedData(name)) for name in ("seen", "first", "rows", "post"))
    axis = alt.Axis(format="%b %Y", tickCount=5)
    day = alt.X("day:T", scale=alt.Scale(type="utc", padding=12), title=None, axis=axis)
    tone = alt.Color("above:N", scale=_SIDES, legend=legend_below())
    shape = alt.Shape(
        "above:N",
        scale=alt.Scale(domain=["above", "below"], range=["circle", "stroke"]),
        legend=legend_below(),
    )
    ink = {"color": colour("ink")}
    layers = alt.layer(
        *end_words(rows, "text:N", "right:N"),
        post.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=day),
        seen.mark_point(filled=False, size=70, strokeWidth=2, opacity=0.8).encode(
            y=ROW, x=day, color=tone, shape=shape
        ),
        first.mark_point(filled=True, size=130, opacity=1, color=colour("good")).encode(y=ROW, x=day),
        side_words(first, "right", "left", 0, 14, **ink).encode(y=ROW, x=day, text="text:N"),
        side_words(first, "left", "right", 0, 14, **ink).encode(y=ROW, x=day, text="text:N"),
    )
    return voice(layers, alt.Step(38))


def behind() -> Chart:
    """Chapter 07: what the best small model has more or less than the big one, a bar a test from zero.

    Draws the series `bars` (row, value, tone, text) of `later.behind`, in percentage points.
    """
    data = alt.Chart(alt.NamedData("bars"))
    value = alt.X("value:Q", title="ahead of the big model (percentage points)")
    tone = alt.Color("tone:N", scale=_SIDES, legend=None)
    layers = alt.layer(
        data.mark_bar(size=12).encode(y=ROW, x=value, color=tone), *end_words(data, "row:N", "text:N")
    )
    return voice(layers, alt.Step(32))


def staircase() -> Chart:
    """Chapter 07: models that reached a score by day and size, the staircase of the smallest, and two paces.

    Draws the series `reached` and `stairs` (day, billions), `steps` (the same, text, side) and `lines`
    (name, day, billions) of `later.staircase`.
    """
    names = ("reached", "steps", "stairs", "lines")
    reached, steps, stairs, lines = (alt.Chart(alt.NamedData(name)) for name in names)
    day = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", padding=16),
        title=None,
        axis=alt.Axis(format="%Y", tickCount="year"),
    )
    scale = alt.Scale(type="log", nice=False, padding=10)
    size = alt.Y("billions:Q", scale=scale, title="parameters (billion)", axis=log_axis(-2, 2, grid=True))
    domain = ["the line", "densing law"]
    dash = alt.StrokeDash(
        "name:N", scale=alt.Scale(domain=domain, range=[[1, 0], [5, 4]]), legend=legend_below()
    )
    tone = alt.Color(
        "name:N",
        scale=alt.Scale(domain=domain, range=[colour("llama"), colour("bad")]),
        legend=legend_below(),
    )
    words = {"color": colour("ink")}
    layers = alt.layer(
        reached.mark_point(filled=True, size=40, opacity=0.5, color=colour("other")).encode(x=day, y=size),
        lines.mark_line(strokeWidth=2).encode(x=day, y=size, color=tone, strokeDash=dash),
        stairs.mark_line(interpolate="step-after", strokeWidth=2, color=colour("ink")).encode(x=day, y=size),
        steps.mark_point(filled=True, size=80, opacity=1, color=colour("ink")).encode(x=day, y=size),
        side_words(steps, "right", "left", 7, -9, **words).encode(x=day, y=size, text="text:N"),
        side_words(steps, "left", "right", -7, 11, **words).encode(x=day, y=size, text="text:N"),
    )
    return voice(layers, 240)


def experts() -> Chart:
    """Chapter 07: score over size; dense models as dots, a mixture of experts as a bar from active to total.

    Draws the series `dense` (billions, score, family) and `spans` (active, total, score, text) of
    `later.experts`.
    """
    dense, spans = alt.Chart(alt.NamedData("dense")), alt.Chart(alt.NamedData("spans"))
    scale, title = alt.Scale(type="log", nice=False, padding=14), "parameters (billion)"
    score = alt.Y("score:Q", scale=alt.Scale(zero=False), title="score (percent)", axis=alt.Axis(grid=True))
    active = alt.X("active:Q", scale=scale, title=title)
    ink = colour("ink")
    words = spans.mark_text(align="left", baseline="bottom", dy=-8, fontSize=13, fontWeight=600, color=ink)
    layers = alt.layer(
        dense.mark_point(filled=True, size=60, opacity=0.8).encode(
            x=alt.X("billions:Q", scale=scale, title=title, axis=log_axis(-1, 2)),
            y=score,
            color=alt.Color("family:N", scale=FAMILIES, legend=legend_below()),
        ),
        spans.mark_rule(strokeWidth=3, color=ink).encode(x=active, x2="total:Q", y=score),
        spans.mark_point(size=80, strokeWidth=2, color=ink).encode(x=active, y=score),
        spans.mark_point(filled=True, size=80, opacity=1, color=ink).encode(
            x=alt.X("total:Q", scale=scale, title=title), y=score
        ),
        words.encode(x=active, y=score, text="text:N"),
    )
    return voice(layers, 235)
