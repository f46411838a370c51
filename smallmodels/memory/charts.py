"""Chapter 05: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import FAMILIES, ROW, Chart, colour, end_words, tick_marks, voice


def footprint() -> Chart:
    """Chapter 05: weights (full) and cache (light) of each model; a tick marks the memory of the card.

    Draws the series `card` (row, text), `parts` (row, part, low, high, family), `totals` (row, text) and
    `limits` (row, high) of `memory.footprint`, in GB.
    """
    card, parts, totals = (alt.Chart(alt.NamedData(name)) for name in ("card", "parts", "totals"))
    to = alt.X("high:Q", title="memory (GB; weights, then the cache)")
    shade = alt.Scale(domain=["weights", "cache"], range=[1, 0.45])
    bars = parts.mark_bar(size=12).encode(
        y=ROW,
        x="low:Q",
        x2="high:Q",
        color=alt.Color("family:N", scale=FAMILIES, legend=None),
        opacity=alt.Opacity("part:N", scale=shade, legend=None),
    )
    name = card.mark_text(align="left", fontSize=13, color=colour("ink"))
    words = (name.encode(y=ROW, x=alt.value(0), text="text:N"), *end_words(totals, "row:N", "text:N"))
    return voice(alt.layer(*words, bars, tick_marks("limits", to)), alt.Step(38))
