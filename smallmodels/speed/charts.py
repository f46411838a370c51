"""Chapters 03 and 05: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import FAMILIES, Chart, bar_marks, colour, side_words, tick_marks, voice


def inference() -> Chart:
    """Chapter 05: the most tokens per second over the tokens cached, the crossing, where we are.

    Draws the series `claims` (speed, text, family), `lines` and `here` (tokens, speed, family), `names` (the
    same, text, side) and `even` (tokens, speed, text) of `speed.inference`.
    """
    series = ("claims", "lines", "here", "names", "even")
    claims, lines, here, names, even = (alt.Chart(alt.NamedData(name)) for name in series)
    title = "tokens cached, all sequences together"
    scale = alt.Scale(type="log", nice=False)
    powers = alt.Axis(format="~s", values=[10.0**power for power in range(2, 8)], tickCount=6)
    x = alt.X("tokens:Q", scale=scale, title=title, axis=powers)
    y = alt.Y("speed:Q", title="tokens/s, at most", axis=alt.Axis(grid=True))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    crossing = even.mark_text(
        align="right", baseline="bottom", dx=-6, dy=-4, fontSize=12, color=colour("ink")
    )
    layers = alt.layer(
        claims.mark_rule(strokeDash=[3, 4], strokeWidth=1.5).encode(y=y, color=family),
        side_words(claims, "under", "left", 0, 10).encode(x=alt.value(0), y=y, text="text:N", color=family),
        side_words(claims, "over", "right", 0, -8).encode(
            x=alt.value("width"), y=y, text="text:N", color=family
        ),
        lines.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=family),
        even.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=x, y=y),
        crossing.encode(x=x, y=alt.value("height"), text="text:N"),
        here.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, color=family),
        *(
            side_words(names, side, "right", -8, dy, fontWeight=600).encode(
                x=x, y=y, text="text:N", color=family
            )
            for side, dy in (("over", -10), ("under", 10))
        ),
    )
    return voice(layers, 260)


def measured() -> Chart:
    """Chapter 05: claimed and measured speeds as shares of their ceilings; a tick marks the ceiling.

    Draws the series `shares` (row, value, text, family) and `whole` (row, value) of `speed.measured`.
    """
    value = alt.X("value:Q", title="share of the ceiling (percent; the tick: all of it)")
    return voice(alt.layer(*bar_marks("shares", value), tick_marks("whole", value)), alt.Step(36))


def break_even() -> Chart:
    """Chapter 03: bytes of a decoding step over the tokens cached, two shapes and where they are equal.

    Draws the series `lines` (tokens, gb, family), `names` (the same, text, side) and `even` (tokens, gb,
    text, side) of `speed.break_even`.
    """
    lines, names, even = (alt.Chart(alt.NamedData(name)) for name in ("lines", "names", "even"))
    title = "tokens cached, all sequences together"
    x = alt.X("tokens:Q", scale=alt.Scale(nice=False), title=title, axis=alt.Axis(format="~s"))
    y = alt.Y("gb:Q", scale=alt.Scale(zero=False), title="read in a step (GB)", axis=alt.Axis(grid=True))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    ink = {"color": colour("ink")}
    met = (
        side_words(even, "right", "left", 8, 14, **ink),
        side_words(even, "left", "right", -10, -10, **ink),
    )
    layers = alt.layer(
        lines.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=family),
        even.mark_point(size=110, strokeWidth=2, color=colour("ink")).encode(x=x, y=y),
        *(words.encode(x=x, y=y, text="text:N") for words in met),
        *(
            side_words(names, side, "right", 0, -12, fontWeight=600).encode(
                x=x, y=at, text="text:N", color=family
            )
            for side, at in (("over", y), ("under", alt.value(296)))  # no line ends as low as it begins
        ),
    )
    return voice(layers, 300)
