"""Chapter 02: its charts, each with the name of the function whose series it draws."""

from typing import Literal

import altair as alt

from smallmodels.charts import ROW, Chart, colour, end_words, legend_below, side_words, voice

# The sizes of our own sweep, smallest first.
_SIZE_COLOURS = alt.Scale(
    domain=[*range(7)],
    range=[colour(token) for token in ("bad", "mistral", "good", "llama", "ink", "other", "muted")],
)


_SIZE = alt.Color("size:O", scale=_SIZE_COLOURS, legend=None)


def _read_axis() -> alt.X:
    # Room at both ends: the left one holds the sizes' names.
    scale = alt.Scale(type="log", padding=34, nice=False)
    axis = alt.Axis(values=[0.5, 1, 2, 4, 8, 16], tickCount=6, format="~g")
    return alt.X("read:Q", scale=scale, axis=axis, title="text read (million characters)")


def _loss_axis(title: str = "nats per character") -> alt.Y:
    return alt.Y("loss:Q", scale=alt.Scale(zero=False, padding=14), title=title, axis=alt.Axis(grid=True))


def _named_sizes(names: alt.Chart, x: alt.X, y: alt.Y) -> alt.Chart:
    text = names.mark_text(align="right", dx=-8, fontSize=12, fontWeight=600)
    named: alt.Chart = text.encode(x=x, y=y, text="text:N", color=_SIZE)
    return named


def losses() -> Chart:
    """Chapter 02: loss against text read, a line for each size with the range of its seeds, and the floor.

    Draws the series `lines` (read, loss, low, high, size), `names` (read, loss, size, text) and `floor`
    (loss, text) of `miniature.losses`; text in millions of characters, losses in nats a character.
    """
    x, y = _read_axis(), _loss_axis()
    lines, names, floor = (alt.Chart(alt.NamedData(name)) for name in ("lines", "names", "floor"))
    layers = alt.layer(
        lines.mark_line(strokeWidth=2).encode(x=x, y=y, color=_SIZE),
        lines.mark_rule(strokeWidth=5, opacity=0.35).encode(x=x, y="low:Q", y2="high:Q", color=_SIZE),
        lines.mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=_SIZE),
        _named_sizes(names, x, y),
        *_levels(floor, y, "right"),
    )
    return voice(layers, 260)


def _levels(data: alt.Chart, y: alt.Y, align: Literal["left", "right"], dy: int = -8) -> list[alt.Chart]:
    """A dashed line across the plot at each loss of a series, with its words at one end."""
    words = data.mark_text(align=align, dy=dy, fontSize=13, color=colour("ink"))
    return [
        data.mark_rule(color=colour("ink"), strokeDash=[4, 3]).encode(y=y),
        words.encode(x=alt.value("width" if align == "right" else 0), y=y, text="text:N"),
    ]


def half_size() -> Chart:
    """Chapter 02: by how much the smaller of two models is worse, at each budget of the larger.

    Draws the series `gaps` (read, gap, low, high, outcome) and `even` (gap) of `miniature.half_size`.
    """
    return _gaps(_read_axis().title("text the larger reads (million characters)"))


def _gaps(x: alt.X) -> Chart:
    """The gap of two models with its range, coloured by who wins."""
    gaps, even = alt.Chart(alt.NamedData("gaps")), alt.Chart(alt.NamedData("even"))
    y = alt.Y(
        "gap:Q", title="smaller minus larger (nats)", axis=alt.Axis(grid=True), scale=alt.Scale(padding=24)
    )
    outcomes = alt.Scale(
        domain=["smaller wins", "undecided", "larger wins"],
        range=[colour("mistral"), colour("other"), colour("llama")],
    )
    tone = alt.Color("outcome:N", scale=outcomes, legend=legend_below())
    layers = alt.layer(
        even.mark_rule(color=colour("ink")).encode(y=y),
        gaps.mark_rule(strokeWidth=9, opacity=0.3).encode(x=x, y="low:Q", y2="high:Q", color=tone),
        gaps.mark_point(filled=True, size=95, opacity=1).encode(x=x, y=y, color=tone),
    )
    return voice(layers, 230)


def noise() -> Chart:
    """Chapter 02b: by how much the smaller of two models is worse, by the noise in one's text or both.

    Draws the series `gaps` (share, gap, low, high, outcome) and `even` (gap) of `miniature.noise`.
    """
    x = alt.X(
        "share:Q",
        title="characters replaced (percent)",
        axis=alt.Axis(grid=False),
        scale=alt.Scale(padding=12),
    )
    return _gaps(x)


def refit() -> Chart:
    """Chapter 02: a fitted law's curves through the runs (full: fitted; hollow: held out), and both floors.

    Draws the series `points` (read, loss, size, use), `curves` (read, loss, size), `names` (read, loss, size,
    text) and `floors` (loss, which, text, side) of `miniature.refit`.
    """
    x, y = _read_axis(), _loss_axis()
    series = ("points", "curves", "names", "floors")
    points, curves, names, floors = (alt.Chart(alt.NamedData(name)) for name in series)
    which = alt.StrokeDash(
        "which:N", scale=alt.Scale(domain=["true", "fitted"], range=[[1, 0], [4, 3]]), legend=None
    )
    layers = alt.layer(
        curves.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=_SIZE),
        points.transform_filter(alt.datum.use == "fitted")
        .mark_point(filled=True, size=40, opacity=0.8)
        .encode(x=x, y=y, color=_SIZE),
        points.transform_filter(alt.datum.use == "held out")
        .mark_point(size=60, strokeWidth=1.5, opacity=1)
        .encode(x=x, y=y, color=_SIZE),
        _named_sizes(names, x, y),
        floors.mark_rule(color=colour("ink")).encode(y=y, strokeDash=which),
        *(
            side_words(floors, side, "left", 2, dy, color=colour("ink")).encode(
                x=alt.value(0), y=y, text="text:N"
            )
            for side, dy in (("over", -9), ("under", 11))
        ),
    )
    return voice(layers, 280)


def floors() -> Chart:
    """Chapter 02: the floor by what was fitted; a tick marks the true one.

    Draws the series `fits` (row, floor, text) and `true` (row, floor) of `miniature.floors`.
    """
    fits, true = alt.Chart(alt.NamedData("fits")), alt.Chart(alt.NamedData("true"))
    span = alt.Scale(zero=False, padding=12)
    x = alt.X("floor:Q", scale=span, title="floor (nats; the tick: the true one; right: explained)")
    tick = true.mark_tick(thickness=3, size=18, color=colour("ink"))
    layers = (tick.encode(y=ROW, x=x), fits.mark_point(filled=True, size=95, opacity=1, color=colour("bad")))
    return voice(
        alt.layer(*end_words(fits, "row:N", "text:N"), layers[0], layers[1].encode(y=ROW, x=x)), alt.Step(30)
    )
