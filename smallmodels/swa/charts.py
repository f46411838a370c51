"""Chapter 04: its charts, each with the name of the function whose series it draws."""

from typing import Any

import altair as alt

from smallmodels.charts import Chart, colour, legend_below, log_axis, side_words, voice
from smallmodels.swa.recorded import WAYS


def mask() -> Chart:
    """Chapter 04: a floor of tiles for each layer; lit are those whose state can still reach the output.

    Draws the series `tiles` (floor, position, state), `fans` (floor, position, to_floor, to_position), `path`
    (floor, position) and `hops` (floor, position, text) of `swa.mask`.
    """
    tiles, fans, path, hops = (alt.Chart(alt.NamedData(n)) for n in ("tiles", "fans", "path", "hops"))
    place = alt.Scale(paddingInner=0.14, paddingOuter=0.07)
    x = alt.X("position:O", title="position of the token", axis=_positions(), scale=place)
    y = alt.Y("floor:O", sort="descending", title="after layer (0: the inputs)", scale=place)
    states = alt.Scale(
        domain=["heard", "unheard", "to come"], range=[colour("mistral"), colour("grid"), colour("paper")]
    )
    seen = alt.Color("state:N", scale=states, legend=None)
    tile: dict[str, Any] = {"cornerRadius": 3, "stroke": colour("grid")}
    lit: dict[str, Any] = {"cornerRadius": 3, "color": colour("mistral")}
    layers = alt.layer(
        tiles.transform_filter(alt.datum.state != "heard").mark_rect(**tile).encode(x=x, y=y, color=seen),
        tiles.transform_filter(alt.datum.state == "heard")
        .mark_rect(opacity=0.3, cornerRadius=3)
        .encode(x=x, y=y, color=seen),
        hops.mark_rect(**lit).encode(x=x, y=y),
        path.mark_rect(**lit).encode(x=x, y=y),
        fans.mark_rule(color=colour("ink"), opacity=0.3).encode(x=x, y=y, x2="to_position", y2="to_floor"),
        path.mark_line(color=colour("ink"), strokeWidth=2.5).encode(x=x, y=y, order="floor:Q"),
        hops.mark_text(dy=11, fontSize=12, fontWeight=600, color=colour("paper")).encode(
            x=x, y=y, text="text:N"
        ),
    )
    return voice(layers, alt.Step(40))


def _positions() -> alt.Axis:
    # Every position has a tile, but on a phone not every tile has room for a number.
    return alt.Axis(labelAngle=0, labelOverlap="parity")


def connections() -> Chart:
    """Chapter 04: every output with every input before it; the paler, the more layers it takes.

    Draws the series `cells` (output, input, layers) of `swa.connections`.
    """
    cells = alt.Chart(alt.NamedData("cells"))
    place = alt.Scale(paddingInner=0.08)
    x = alt.X("input:O", title="input", axis=_positions(), scale=place)
    y = alt.Y("output:O", title="output", scale=place)
    needed = alt.Scale(domain=[1, 6], range=[1, 0.2])
    legend = alt.Legend(
        title="layers needed",
        orient="bottom",
        type="symbol",
        values=[1, 2, 3, 4, 5, 6],
        symbolType="square",
        symbolFillColor=colour("mistral"),
        symbolStrokeWidth=0,
        titleColor=colour("muted"),
        titleFontWeight="normal",
    )
    layers = alt.layer(
        cells.transform_filter("datum.layers === null").mark_rect(color=colour("grid")).encode(x=x, y=y),
        cells.transform_filter("datum.layers !== null")
        .mark_rect(color=colour("mistral"))
        .encode(x=x, y=y, opacity=alt.Opacity("layers:Q", scale=needed, legend=legend)),
    )
    return voice(layers, alt.Step(18)).properties(width=alt.Step(18))  # square: a pair is as far each way


def reach_by_layer() -> Chart:
    """Chapter 04: how far back a stack of windowed layers hears, layer by layer, and what it was made for.

    Draws the series `reach` (layers, reach) and `marks` (reach, text) of `swa.reach_by_layer`.
    """
    reach, marks = alt.Chart(alt.NamedData("reach")), alt.Chart(alt.NamedData("marks"))
    powers = [2**n for n in range(21)]
    x = alt.X(
        "layers:Q",
        title="layers",
        scale=alt.Scale(type="log", domain=[1, 64]),
        axis=alt.Axis(values=powers[:7], tickCount=7, format="d"),
    )
    y = alt.Y(
        "reach:Q",
        title="positions back",
        scale=alt.Scale(type="log", nice=False, padding=10),
        axis=alt.Axis(grid=True, values=powers, tickCount=len(powers), format=",d", labelOverlap="greedy"),
    )
    words = marks.mark_text(align="right", dy=11, fontSize=12, color=colour("muted"))
    layers = alt.layer(
        marks.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(y=y),
        words.encode(x=alt.value("width"), y=y, text="text:N"),
        reach.mark_line(
            strokeWidth=2.5, color=colour("mistral"), point={"size": 30, "color": colour("mistral")}
        ).encode(x=x, y=y),
    )
    return voice(layers, 280)


def relay() -> Chart:
    """Chapter 04: share of values named, by how far back they lie; a dashed line where the reach ends.

    Draws the series `accuracy` (layers, distance, accuracy_pct), `reaches` (reach, beyond, text) and `guess`
    (accuracy_pct, text) of `swa.relay`.
    """
    accuracy, reaches, guess = (alt.Chart(alt.NamedData(n)) for n in ("accuracy", "reaches", "guess"))
    x, y = _back("distance:Q"), _named()
    shade = alt.Opacity("layers:O", scale=alt.Scale(range=[0.45, 1]), legend=None)
    layers = alt.layer(
        reaches.mark_rule(color=colour("ink"), strokeDash=[4, 3]).encode(x=_back("reach:Q")),
        accuracy.mark_line(strokeWidth=2.5, color=colour("mistral"), clip=True).encode(
            x=x, y=y, detail="layers:N", opacity=shade
        ),
        reaches.mark_text(align="left", dx=6, fontSize=14, fontWeight=600, color=colour("mistral")).encode(
            x="beyond:Q", y=alt.value(100), text="text:N"
        ),
        *_guess(guess, y),
    )
    return voice(layers, 210)


def _back(field: str, title: str = "positions back") -> alt.X:
    # How far back: the same axis for one fact and for many.
    return alt.X(field, title=title, scale=alt.Scale(domain=[0, 40]))


def _named() -> alt.Y:
    return alt.Y("accuracy_pct:Q", title="named rightly (percent)", axis=alt.Axis(grid=True))


def _guess(guess: alt.Chart, y: alt.Y) -> list[alt.Chart]:
    rule: alt.Chart = guess.mark_rule(color=colour("muted"), strokeDash=[2, 3]).encode(y=y)
    words: alt.Chart = guess.mark_text(align="left", dx=1, dy=11, fontSize=12, color=colour("muted")).encode(
        x=alt.value(0), y=y, text="text:N"
    )
    return [rule, words]


def phone_book() -> Chart:
    """Chapter 04: share of facts named, by how far back their values lie; dashed, where names can be heard.

    Draws the series `accuracy` (case, distance, accuracy_pct), `reaches` (reach, beyond, text) and `guess`
    (accuracy_pct, text) of `swa.phone_book`.
    """
    accuracy, reaches, guess = (alt.Chart(alt.NamedData(n)) for n in ("accuracy", "reaches", "guess"))
    y, far = _named(), "positions back to the value"
    tones = [colour("other"), colour("good"), colour("mistral")]
    cases = alt.Scale(domain=["no window", "2 layers", "3 layers"], range=tones)
    case = alt.Color("case:N", scale=cases, legend=legend_below())
    words = reaches.mark_text(align="left", dx=6, fontSize=13, color=colour("muted"))
    layers = alt.layer(
        reaches.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=_back("reach:Q", far)),
        accuracy.mark_line(strokeWidth=2.5, clip=True).encode(
            x=_back("distance:Q", far), y=y, color=case, detail="facts:N"
        ),
        words.encode(x="beyond:Q", y=alt.value(100), text="text:N"),
        *_guess(guess, y),
    )
    return voice(layers, 220)


def past_the_trained_length() -> Chart:
    """Chapter 04: loss, or facts recalled, by the length of the text asked in; a line for each way.

    Draws the series `lines` (length, figure, way), `levels` (figure, text) and `trained` (length, text) of
    `swa.past_the_trained_length`.
    """
    lines, levels, trained = (alt.Chart(alt.NamedData(n)) for n in ("lines", "levels", "trained"))
    lengths = alt.Axis(values=[2**n for n in range(6, 11)], format=",d", grid=False)
    scale = alt.Scale(type="log", nice=False, padding=10)
    x = alt.X("length:Q", scale=scale, axis=lengths, title="length of the text")
    y = alt.Y("figure:Q", title="nats, or percent", axis=alt.Axis(grid=True), scale=alt.Scale(zero=True))
    tones = [colour("mistral"), colour("other"), colour("good")]
    ways = alt.Scale(domain=[*WAYS.values()], range=tones)
    way = alt.Color("way:N", scale=ways, legend=legend_below())
    layers = alt.layer(
        levels.mark_rule(color=colour("muted"), strokeDash=[2, 3]).encode(y=y),
        levels.mark_text(align="right", dy=-7, fontSize=12, color=colour("muted")).encode(
            x=alt.value("width"), y=y, text="text:N"
        ),
        trained.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=x),
        lines.mark_line(strokeWidth=2.5, point={"size": 45}).encode(x=x, y=y, color=way),
        trained.mark_text(align="left", dx=6, dy=8, fontSize=12, color=colour("muted")).encode(
            x=x, y=alt.value(0), text="text:N"
        ),
    )
    return voice(layers, 170)


def gradient_reach() -> Chart:
    """Chapter 04: how strongly an output depends on earlier inputs; dashed where a layer ends.

    Draws the series `gradients` (state, distance, gradient) and `reaches` (reach, text) of
    `swa.gradient_reach`.
    """
    gradients, reaches = alt.Chart(alt.NamedData("gradients")), alt.Chart(alt.NamedData("reaches"))
    states = alt.Scale(domain=["at the start", "trained"], range=[colour("other"), colour("mistral")])
    size = alt.Y(
        "gradient:Q",
        scale=alt.Scale(type="log"),
        title="gradient (log)",
        axis=alt.Axis(grid=True, tickCount=6, labelExpr="replace(format(datum.value, '~e'), 'e+0', '')"),
    )
    layers = alt.layer(
        reaches.mark_rule(color=colour("muted"), strokeDash=[4, 3]).encode(x=alt.X("reach:Q")),
        gradients.mark_line(strokeWidth=2.5, point={"size": 26}).encode(
            x=alt.X("distance:Q", title="positions back"),
            y=size,
            color=alt.Color("state:N", scale=states, legend=legend_below()),
        ),
        reaches.mark_text(align="right", dx=-4, dy=-8, fontSize=12, color=colour("muted")).encode(
            x="reach:Q", y=alt.value("height"), text="text:N"
        ),
    )
    return voice(layers, 280)


def cache_by_context() -> Chart:
    """Chapter 04: a rolling cache and one that keeps all tokens, by context; dots at the chosen one.

    Draws the series `caches` (context, gb, cache), `here` (the same) and `ends` (the same, text, side) of
    `swa.cache_by_context`.
    """
    caches, here, ends = (alt.Chart(alt.NamedData(n)) for n in ("caches", "here", "ends"))
    steps = [2**15 * n for n in range(5)]
    whole = alt.Scale(domain=[0, steps[-1]])
    x = alt.X("context:Q", title="tokens so far", scale=whole, axis=alt.Axis(values=steps, format=",d"))
    y = alt.Y("gb:Q", title="cache (GB)", axis=alt.Axis(grid=True))
    kinds = alt.Scale(domain=["rolling", "all kept"], range=[colour("mistral"), colour("other")])
    kind = alt.Color("cache:N", scale=kinds, legend=None)
    layers = alt.layer(
        caches.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=kind),
        here.mark_point(filled=True, size=95, opacity=1).encode(x=x, y=y, color=kind),
        *(
            side_words(ends, side, "right", dx, dy, fontWeight=600).encode(
                x=x, y=y, text="text:N", color=kind
            )
            for side, dx, dy in (("left", -24, 4), ("over", 0, -10))
        ),
    )
    return voice(layers, 190)


def prefill_time() -> Chart:
    """Chapter 04: the time to read a prompt by its length, with and without a window; dashed, what FLOPs say.

    Draws the series `times` and `predicted` (length, way, ms) of `swa.prefill_time`; the other ways of
    `swa.gpu_prefill` are left to the table.
    """
    shown = alt.FieldOneOfPredicate(field="way", oneOf=["windowed", "full"])
    times, predicted = (
        alt.Chart(alt.NamedData(name)).transform_filter(shown) for name in ("times", "predicted")
    )
    log = alt.Scale(type="log", nice=False)
    lengths = alt.Axis(values=[2**n for n in range(9, 17)], format=",d", labelOverlap="greedy", grid=False)
    x = alt.X("length:Q", scale=log, title="tokens of the prompt", axis=lengths)
    y = alt.Y("ms:Q", scale=log, title="time (ms)", axis=log_axis(-1, 5))
    ways = alt.Scale(domain=["windowed", "full"], range=[colour("mistral"), colour("other")])
    way = alt.Color("way:N", scale=ways, legend=legend_below())
    layers = alt.layer(
        predicted.mark_line(strokeWidth=1.5, strokeDash=[4, 3]).encode(x=x, y=y, color=way),
        times.mark_line(strokeWidth=2.5, point={"size": 45}).encode(x=x, y=y, color=way),
    )
    return voice(layers, 280)


def gpu_prefill() -> Chart:
    """Chapter 04: the time of one layer's attention on a card, drawn as that of a whole prompt is."""
    return prefill_time()
