"""The page of the small model: its charts, each with the name of the function whose series it draws."""

from typing import Any

import altair as alt

from smallmodels.charts import Chart, colour, legend_below, voice
from smallmodels.play.records import TEXT_LENGTH


def writer() -> Chart:
    """Loss by window, as trained and as set, over the floor that the language itself is.

    Draws the series `trained`, `set` (window, loss, line), `here` (window, loss, text) and `exact` (loss,
    text) of `play.writer`. A window as long as the text is none.
    """
    trained, chosen, here, exact = (alt.Chart(alt.NamedData(n)) for n in ("trained", "set", "here", "exact"))
    marks = [1, 2, 4, 8, 16, 32, 64, TEXT_LENGTH]
    x = alt.X(
        "window:Q",
        title=f"window ({TEXT_LENGTH}: sees all)",
        scale=alt.Scale(type="log", domain=[1, TEXT_LENGTH]),
        axis=alt.Axis(values=marks, tickCount=len(marks), format="d", grid=False),
    )
    y = alt.Y("loss:Q", title="nats a character", scale=alt.Scale(domain=[0.7, 2.7], clamp=True))
    lines = alt.Color(
        "line:N",
        scale=alt.Scale(domain=["as trained", "as set"], range=[colour("other"), colour("mistral")]),
        legend=legend_below(),
    )
    label: dict[str, Any] = {"align": "left", "dx": 4, "dy": -7, "color": colour("good"), "fontSize": 13}
    layers = alt.layer(
        exact.mark_rule(color=colour("good"), strokeDash=[4, 3]).encode(y=y),
        exact.mark_text(**label).encode(x=alt.value(0), y=y, text="text:N"),
        trained.mark_line(strokeWidth=2).encode(x=x, y=y, color=lines),
        chosen.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=lines),
        here.mark_point(filled=True, size=110, color=colour("mistral"), opacity=1).encode(x=x, y=y),
        here.mark_text(dy=-14, fontSize=14, fontWeight=600, color=colour("mistral")).encode(
            x=x, y=y, text="text:N"
        ),
    )
    return voice(layers, 220)


def race() -> Chart:
    """Times as long as the left writer, by what is waited for.

    Draws the series `lanes` (lane, cause, times) of `play.race`.
    """
    lanes = alt.Chart(alt.NamedData("lanes"))
    x = alt.X("times:Q", title="times as long as the left writer", scale=alt.Scale(zero=True))
    y = alt.Y("lane:N", title=None, sort=None, axis=alt.Axis(labelLimit=220))
    causes = alt.Scale(domain=["bytes", "arithmetic"], range=[colour("llama"), colour("mistral")])
    bars = lanes.mark_bar(height=12, cornerRadius=2).encode(
        x=x,
        y=y,
        yOffset=alt.YOffset("cause:N", scale=alt.Scale(domain=["bytes", "arithmetic"])),
        color=alt.Color("cause:N", scale=causes, legend=legend_below()),
    )
    return voice(alt.layer(bars), 110)


def sliders() -> Chart:
    """The loss by the values of one control.

    Draws the series `losses` (value, loss, trained) of `play.sliders`.
    """
    losses = alt.Chart(alt.NamedData("losses"))
    x = alt.X("value:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelOverlap="parity"))
    y = alt.Y("loss:Q", title="nats a character", scale=alt.Scale(zero=True))
    trained = alt.condition("datum.trained", alt.value(colour("other")), alt.value(colour("mistral")))
    bars = losses.mark_bar(cornerRadius=2).encode(x=x, y=y, color=trained)
    return voice(alt.layer(bars), 160)
