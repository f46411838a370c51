"""Chapter 06: its charts, each with the name of the function whose series it draws."""

import altair as alt

from smallmodels.charts import (
    FAMILIES,
    ROLES,
    ROW,
    Chart,
    bar_marks,
    colour,
    end_words,
    legend_row,
    side_words,
    tick_marks,
    voice,
)


def api() -> Chart:
    """Chapter 06: what the month's tokens cost, offer by offer.

    Draws the series `bills` (row, value, text, family) of `cost.api`, in the currency quoted.
    """
    return voice(alt.layer(*bar_marks("bills", alt.X("value:Q", title="a month's bill"))), alt.Step(42))


def self_hosted() -> Chart:
    """Chapter 06: what a million tokens cost on a rented card; a tick marks the API's price.

    Draws the series `rented` (row, value, text, family) and `api` (row, value) of `cost.self_hosted`.
    """
    value = alt.X("value:Q", title="a million tokens (bar: rented; tick: the API)")
    return voice(alt.layer(*bar_marks("rented", value), tick_marks("api", value)), alt.Step(42))


def use_cases() -> Chart:
    """Chapter 06: both models' scores by use case; ticks mark the scores at which the reader's labels begin.

    Draws the series `names` (row, role, text, family), `cuts` (row, score, text, side), `rows` (row, text),
    `ticks` (row, score) and `dots` (row, score, family, role) of `cost.use_cases`, in percent.
    """
    names, cuts, rows, dots = (alt.Chart(alt.NamedData(name)) for name in ("names", "cuts", "rows", "dots"))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    score = alt.X("score:Q", scale=alt.Scale(domain=[0, 100]), title="score (percent; the ticks: use_cases)")
    points = dots.mark_point(filled=True, size=95, opacity=1).encode(
        y=ROW, x=score, color=family, shape=alt.Shape("role:N", scale=ROLES, legend=None)
    )
    begin = (
        side_words(cuts, side, "left", -2, dy, color=colour("ink")).encode(y=ROW, x=score, text="text:N")
        for side, dy in (("over", -8), ("under", 8))
    )
    layers = (*begin, *end_words(rows, "row:N", "text:N"), tick_marks("ticks", score), points)
    return voice(alt.layer(*legend_row(names, ROW, family), *layers), alt.Step(42))
