"""Chapter 02: its charts, each with the name of the function whose series it draws."""

from typing import Any, Literal

import altair as alt

from smallmodels.charts import FAMILIES, Chart, colour, legend_below, log_axis, voice


def factors() -> Chart:
    """Chapter 02: predicted loss against training tokens, both models on their curves, and where they meet.

    Draws the series `curves`, `models` (tokens, loss, family), `ends` (the same, side, text) and `crossing`
    (tokens, to, loss, text, meets, place) of `scaling.factors`; tokens in trillions, losses in nats a token.
    """
    x, to = (_trillions(field, "training tokens (trillion)") for field in ("tokens", "to"))
    loss = alt.Scale(zero=False, padding=24)
    y = alt.Y("loss:Q", scale=loss, title="predicted loss (nats a token)", axis=alt.Axis(grid=True))
    family = alt.Color("family:N", scale=FAMILIES, legend=None)
    curves, models, ends, meeting = (
        alt.Chart(alt.NamedData(name)) for name in ("curves", "models", "ends", "crossing")
    )
    met: alt.Chart = meeting.transform_filter(alt.datum.meets)
    above, below = (
        ends.transform_filter(alt.datum.side == side)
        .mark_text(align="right", dy=dy, fontSize=13, fontWeight=600)
        .encode(x=x, y=y, text="text:N", color=family)
        for side, dy in (("above", -30), ("below", 22))
    )
    layers = alt.layer(
        curves.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=family),
        meeting.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=x, x2="to:Q", y=y),
        models.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, color=family),
        met.mark_point(size=110, strokeWidth=2, color=colour("ink")).encode(x=to, y=y),
        above,
        below,
        *_amounts(meeting, to, y, beside=False),
    )
    return voice(layers, 230)


def laws() -> Chart:
    """Chapter 02: the tokens the challenger needs, law by law; a tick marks how many it had.

    Draws the series `laws` (row, had), `needed` (row, to, text, place, family), `never` (row, text, side)
    and `equal` (to, text), the tokens of equal compute, of `scaling.laws`, in trillions.
    """
    row = alt.Y("row:N", sort=None, title=None, axis=None)
    to, had = (_trillions(f, "tokens needed (trillion; the tick: trained on)") for f in ("to", "had"))
    names = ("laws", "needed", "never", "equal")
    laws, needed, never, equal = (alt.Chart(alt.NamedData(name)) for name in names)
    words: dict[str, Any] = {"fontSize": 13, "color": colour("ink")}
    name = laws.mark_text(align="left", baseline="bottom", dy=-9, **words)

    def beyond(side: Literal["left", "right"], x: Any) -> alt.Chart:
        text = never.transform_filter(alt.datum.side == side).mark_text(align=side, **words)
        placed: alt.Chart = text.encode(y=row, x=x, text="text:N")
        return placed

    points = needed.mark_point(filled=True, size=110, opacity=1).encode(y=row, x=to)
    said = equal.mark_text(align="left", baseline="top", dx=5, fontSize=12, color=colour("muted"))
    layers = alt.layer(
        equal.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=to),
        said.encode(x=to, y=alt.value(-8), text="text:N"),
        name.encode(y=row, x=alt.value(0), text="row:N"),
        laws.mark_tick(thickness=3, size=20, color=colour("muted")).encode(y=row, x=had),
        points.encode(color=alt.Color("family:N", scale=FAMILIES, legend=None)),
        *_amounts(needed, to, row),
        beyond("left", alt.value(0)),
        beyond("right", alt.value("width")),
    )
    return voice(layers, alt.Step(36))


def chinchilla() -> Chart:
    """Chapter 02: by how much each of Chinchilla's runs lies above the fitted law; crosses are left out.

    Draws the series `runs` (ratio, above, use) and `said` (text, row) of `scaling.chinchilla`; `above` in
    percent.
    """
    runs, said = alt.Chart(alt.NamedData("runs")), alt.Chart(alt.NamedData("said"))
    span = alt.Scale(type="log", domain=[0.03, 3000])
    title = "training tokens per parameter of a run"
    x = alt.X("ratio:Q", scale=span, title=title, axis=log_axis(-1, 3))
    reach = alt.Scale(domain=[-10, 50], clamp=True)
    y = alt.Y("above:Q", scale=reach, title="loss above the law (%)", axis=alt.Axis(grid=True))
    fitted = runs.transform_filter(alt.datum.use == "fitted").mark_point(
        filled=True, size=28, opacity=0.55, color=colour("llama")
    )
    left = runs.transform_filter(alt.datum.use == "left out").mark_point(
        shape="cross", filled=True, size=70, opacity=1, color=colour("bad")
    )
    words = said.mark_text(align="right", fontSize=13, color=colour("ink")).encode(
        x=alt.value("width"), text="text:N"
    )
    lines = [
        words.transform_filter(alt.datum.row == row).encode(y=alt.value(8 + 18 * row)) for row in range(3)
    ]
    return voice(alt.layer(fitted.encode(x=x, y=y), left.encode(x=x, y=y), *lines), 230)


def _trillions(field: str, title: str) -> alt.X:
    # The axis of training tokens, the same in every chart that has one.
    return alt.X(
        f"{field}:Q", scale=alt.Scale(type="log", domain=[0.1, 100]), title=title, axis=log_axis(-1, 2)
    )


def _amounts(data: alt.Chart, x: alt.X, y: alt.Y, beside: bool = True) -> list[alt.Chart]:
    # A label stands where `place` says there is room: right of its point, left of it, or over the line's end.
    def label(place: str, align: Literal["left", "right"], dx: int, dy: int) -> alt.Chart:
        chart: alt.Chart = data.transform_filter(alt.datum.place == place)
        text = chart.mark_text(align=align, dx=dx, dy=0 if beside else dy, fontSize=13, color=colour("ink"))
        placed: alt.Chart = text.encode(x=x, y=y, text="text:N")
        return placed

    return [label("right", "left", 10, -12), label("left", "right", -10, 14), label("over", "right", 0, -10)]


def ratios() -> Chart:
    """Chapter 02: tokens per parameter of released models, a tick where a law puts the best.

    Draws the series `best` (row, best), `trained` (row, ratio, family) and `untold` (row, best, text) of
    `scaling.ratios`.
    """
    row = alt.Y("row:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    scale = alt.Scale(type="log", domainMin=1)
    title = "tokens per parameter (tick: the law's best)"
    ratio = alt.X("ratio:Q", scale=scale, title=title, axis=log_axis(0, 4))
    best, trained, untold = (alt.Chart(alt.NamedData(name)) for name in ("best", "trained", "untold"))
    at_best = alt.X("best:Q", scale=scale)
    words = untold.mark_text(align="left", dx=8, fontSize=12, color=colour("muted"))
    points = trained.mark_point(filled=True, size=95, opacity=1).encode(y=row, x=ratio)
    layers = alt.layer(
        best.mark_tick(thickness=3, size=16, color=colour("muted")).encode(y=row, x=at_best),
        points.encode(color=alt.Color("family:N", scale=FAMILIES, legend=None)),
        words.encode(y=row, x=at_best, text="text:N"),
    )
    return voice(layers, alt.Step(22))


def serving() -> Chart:
    """Chapter 02: compute to train and serve models of one loss, by size, and where it is least.

    Draws the series `costs` (size, flops, part), `least` (size, flops, text) and `models` (size, flops,
    family, name) of `scaling.serving`; sizes in billions, compute in 10^21 FLOP.
    """
    costs, least, models = (alt.Chart(alt.NamedData(name)) for name in ("costs", "least", "models"))
    log = alt.Scale(type="log", nice=False, padding=14)
    x = alt.X("size:Q", scale=log, title="parameters (billion)", axis=log_axis(-1, 3))
    y = alt.Y("flops:Q", scale=log, title="compute (10²¹ FLOP)", axis=log_axis(-1, 6, grid=True))
    parts = alt.Scale(
        domain=["both", "training", "serving"], range=[colour("ink"), colour("good"), colour("bad")]
    )
    part = alt.Color("part:N", scale=parts, legend=legend_below())
    whose = legend_below()
    whose.values = ["Mistral", "Llama"]
    layers = alt.layer(
        costs.mark_line(strokeWidth=2.5, interpolate="monotone").encode(x=x, y=y, color=part),
        least.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=x),
        least.mark_point(size=130, strokeWidth=2, color=colour("ink")).encode(x=x, y=y),
        # Over the lines: where compute is least, all three are low.
        least.mark_text(dy=8, dx=6, align="left", fontSize=13, fontWeight=600, color=colour("ink")).encode(
            x=x, y=alt.value(0), text="text:N"
        ),
        # Names would lie across the lines on a phone.
        models.mark_point(filled=True, size=95, opacity=1).encode(
            x=x, y=y, fill=alt.Fill("family:N", scale=FAMILIES, legend=whose), tooltip="name:N"
        ),
    )
    return voice(layers, 230)
