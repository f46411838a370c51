"""Chapter 02c: its charts, each with the name of the function whose series it draws."""

from typing import Any

import altair as alt

from smallmodels.charts import FAMILIES, Chart, colour, legend_below, log_axis, voice

TEXTS = alt.Scale(
    domain=["C4", "RedPajama", "RefinedWeb"], range=[colour("llama"), colour("mistral"), colour("good")]
)
BITS = alt.Scale(domain=["16 bits", "4 bits"], range=["circle", "diamond"])
WORDS: dict[str, Any] = {"fontSize": 13, "color": colour("ink")}


def equivalents() -> Chart:
    """Chapter 02c: the Llama 2 that scores alike, test by test, with its interval; other models in grey.

    Draws the series `spans` (row, low, high), `sizes` (row, size, text, family) and `others` (row, size,
    name) of `sizes.equivalents`; sizes in billions.
    """
    row = alt.Y("row:N", sort=None, title=None, axis=None)
    scale = alt.Scale(type="log", domain=[6.2, 80], nice=False)
    axis = alt.Axis(values=[7, 13, 20, 30, 50, 70], format="~g", grid=True)
    title = "scores like a Llama 2 of so many billion parameters"
    x = alt.X("size:Q", scale=scale, title=title, axis=axis)
    spans, sizes, others = (alt.Chart(alt.NamedData(name)) for name in ("spans", "sizes", "others"))
    low, high = alt.X("low:Q", scale=scale, title=title, axis=axis), "high:Q"
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    named = sizes.mark_text(align="left", baseline="bottom", dy=-9, **WORDS)
    said = sizes.mark_text(baseline="bottom", dy=-9, fontWeight=600, fontSize=13)
    pale = others.mark_point(filled=True, size=45, opacity=0.55, color=colour("other"))
    layers = alt.layer(
        spans.mark_rule(strokeWidth=7, opacity=0.22, color=colour("ink")).encode(y=row, x=low, x2=high),
        pale.encode(y=row, x=x, tooltip="name:N"),
        sizes.mark_point(filled=True, size=130, opacity=1).encode(y=row, x=x, color=family),
        said.encode(y=row, x=x, text="text:N", color=family),
        named.encode(y=row, x=alt.value(0), text="row:N"),
    )
    return voice(layers, alt.Step(40))


def course() -> Chart:
    """Chapter 02c: scores against a law's loss; the line runs through the Llamas, the bar to Mistral 7B.

    Draws the series `line` (loss, score), `models` (loss, score, name, family) and `gap` (loss, score, at,
    text) of `sizes.course`; less loss to the right.
    """
    x = alt.X(
        "loss:Q",
        scale=alt.Scale(zero=False, reverse=True, padding=14),
        title="loss that the law expects (nats a token; better to the right)",
    )
    y = alt.Y("score:Q", scale=alt.Scale(zero=False, padding=18), title="score (%)", axis=alt.Axis(grid=True))
    line, models, gap = (alt.Chart(alt.NamedData(name)) for name in ("line", "models", "gap"))
    family = alt.Color("family:N", scale=FAMILIES, legend=legend_below())
    layers = alt.layer(
        line.mark_line(strokeDash=[4, 3], color=colour("llama")).encode(x=x, y=y),
        gap.mark_rule(strokeWidth=3, opacity=0.6, color=colour("mistral")).encode(
            x=x, y="at:Q", y2="score:Q"
        ),
        models.mark_point(filled=True, size=85, opacity=1).encode(x=x, y=y, color=family, tooltip="name:N"),
        gap.mark_text(
            align="right", dx=-9, dy=-8, fontSize=13, fontWeight=600, color=colour("mistral")
        ).encode(x=x, y=y, text="text:N"),
    )
    return voice(layers, 250)


def bought() -> Chart:
    """Chapter 02c: open models' scores against their loss, and the line through those that count.

    Draws the series `models` (loss, score, text, use) and `line` (loss, score) of `sizes.bought`; less loss
    to the right.
    """
    x = alt.X(
        "loss:Q",
        scale=alt.Scale(domain=[6.2, 2.2], nice=False),
        title="loss on C4 (nats a token; better to the right)",
    )
    y = alt.Y("score:Q", scale=alt.Scale(zero=False, padding=12), title="score (%)", axis=alt.Axis(grid=True))
    models, line = alt.Chart(alt.NamedData("models")), alt.Chart(alt.NamedData("line"))
    text = alt.Color("text:N", scale=TEXTS, legend=legend_below())
    used = models.transform_filter(alt.datum.use == "used").mark_point(filled=True, size=60, opacity=0.9)
    rest = models.transform_filter(alt.datum.use == "not used").mark_point(size=40, opacity=0.5)
    layers = alt.layer(
        rest.encode(x=x, y=y, color=text),
        used.encode(x=x, y=y, color=text),
        line.mark_line(strokeWidth=2.5, color=colour("ink")).encode(x=x, y=y),
    )
    return voice(layers, 240)


def readable() -> Chart:
    """Chapter 02c: tokens read by the day, and what each law asks; the band holds 95% of the refit's draws.

    Draws the series `course` and `chosen` (days, tokens), `needs` (tokens, text, side), `band` (low, high)
    and `pace` (days, text), the time there was, of `sizes.readable`; tokens in trillions.
    """
    days = alt.X(
        "days:Q",
        scale=alt.Scale(type="log", domain=[1, 400], nice=False),
        title="days",
        axis=alt.Axis(values=[1, 3, 10, 30, 100, 365], format="~g"),
    )
    scale = alt.Scale(type="log", domain=[0.1, 100], nice=False)
    y = alt.Y("tokens:Q", scale=scale, title="tokens read (trillion)", axis=log_axis(-1, 2, grid=True))
    names = ("course", "chosen", "needs", "band", "pace")
    course, chosen, needs, band, pace = (alt.Chart(alt.NamedData(name)) for name in names)
    spread = band.mark_rect(opacity=0.12, color=colour("ink"))
    look: dict[str, Any] = {"baseline": "bottom", "dy": -2, "fontSize": 12, "color": colour("ink")}
    left, right = (needs.transform_filter(alt.datum.side == side) for side in ("left", "right"))
    time = pace.mark_text(align="right", dx=-5, fontSize=12, color=colour("muted"))
    layers = alt.layer(
        spread.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        needs.mark_rule(color=colour("llama"), strokeDash=[4, 3]).encode(y=y),
        left.mark_text(align="left", dx=4, **look).encode(x=alt.value(0), y=y, text="text:N"),
        right.mark_text(align="right", dx=-4, **look).encode(x=alt.value("width"), y=y, text="text:N"),
        pace.mark_rule(color=colour("muted"), strokeDash=[2, 3]).encode(x=days),
        time.encode(x=days, y=alt.value(248), text="text:N"),
        course.mark_line(strokeWidth=2.5, clip=True, color=colour("mistral")).encode(x=days, y=y),
        chosen.mark_point(filled=True, size=130, opacity=1, color=colour("mistral")).encode(x=days, y=y),
    )
    return voice(layers, 260)


def four_bits() -> Chart:
    """Chapter 02c: score against the bytes of the weights; a diamond has 4 bits, a line joins one model.

    Draws the series `kept` (gb, score, test, family, name, bits, label) of `sizes.four_bits`.
    """
    kept = alt.Chart(alt.NamedData("kept"))
    x = alt.X("gb:Q", scale=alt.Scale(domain=[0, 31], nice=False), title="weights (GB)")
    y = alt.Y("score:Q", scale=alt.Scale(zero=False, padding=14), title="score (%)", axis=alt.Axis(grid=True))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    form = alt.Shape("bits:N", scale=BITS, legend=legend_below())
    points = kept.mark_point(filled=True, size=110, opacity=1)
    layers = alt.layer(
        kept.mark_line(strokeWidth=2, opacity=0.5).encode(
            x=x, y=y, color=family, detail=["test:N", "name:N"]
        ),
        points.encode(x=x, y=y, color=family, shape=form, tooltip=["name:N", "test:N"]),
        kept.mark_text(align="left", dx=10, **WORDS).encode(x=x, y=y, text="label:N"),
    )
    return voice(layers, 230)
