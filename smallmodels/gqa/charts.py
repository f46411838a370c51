"""Chapter 03: its charts, each with the name of the function whose series it draws."""

from typing import Any

import altair as alt

from smallmodels.charts import (
    ABOVE,
    ROW,
    Chart,
    bar_marks,
    colour,
    end_words,
    legend_below,
    side_words,
    tick_marks,
    voice,
)


def sharing() -> Chart:
    """Chapter 03: query heads above, the keys and values they share below, a line from each to what it reads.

    Draws the series `queries`, `keys` (left, right, tone), `heads` (query_x, kv_x, tone) and `words` (side,
    text) of `gqa.sharing`; places run from 0 to 1.
    """
    queries, keys, heads, words = (alt.Chart(alt.NamedData(n)) for n in ("queries", "keys", "heads", "words"))
    across = alt.Scale(domain=[0, 1])
    tones = alt.Scale(domain=["even", "odd"], range=[colour("good"), colour("ink")])
    tone = alt.Color("tone:N", scale=tones, legend=None)

    def boxes(data: alt.Chart, top: int, opacity: float) -> alt.Chart:
        left = alt.X("left:Q", scale=across, axis=None)
        placed: alt.Chart = data.mark_rect(cornerRadius=2, opacity=opacity).encode(
            x=left, x2="right:Q", y=alt.value(top), y2=alt.value(top + 18), color=tone
        )
        return placed

    links = heads.mark_rule(opacity=0.55).encode(
        x=alt.X("query_x:Q", scale=across, axis=None),
        x2="kv_x:Q",
        y=alt.value(46),
        y2=alt.value(138),
        color=tone,
    )
    said = (
        side_words(words, side, "left", 0, 0, color=colour("ink")).encode(
            x=alt.value(0), y=alt.value(y), text="text:N"
        )
        for side, y in (("over", 10), ("under", 194))
    )
    return voice(
        alt.layer(links, boxes(queries, 26, 1), boxes(keys, 140, 1), boxes(keys, 161, 0.6), *said), 204
    )


def kv_cache() -> Chart:
    """Chapter 03: the cache of one model by its number of key-value heads, the chosen number in full colour.

    Draws the series `caches` (row, value, text, family, chosen) of `gqa.kv_cache`, in GB.
    """
    shade = alt.Opacity("chosen:N", scale=alt.Scale(domain=[True, False], range=[1, 0.4]), legend=None)
    bars, *words = bar_marks("caches", alt.X("value:Q", title="keys and values (GB)"))
    return voice(alt.layer(bars.encode(opacity=shade), *words), alt.Step(36))


_PLACES = alt.Scale(domain=[0, 1, 2, 3], range=["circle", "square", "triangle-up", "diamond"])


def decode_time() -> Chart:
    """Chapter 03: time of a decode_time step over the bytes it reads, and the line through the points.

    Draws the series `points` (read_gb, ms, low, high, place), `tags` (read_gb, ms, text), `line` (read_gb,
    ms) and `key` (place, text) of `gqa.decode_time`. A place, 0 to 3, is a shape and a line of the key;
    the thin bars go from the fastest to the slowest round.
    """
    points, tags, line, key = (alt.Chart(alt.NamedData(name)) for name in ("points", "tags", "line", "key"))
    x = alt.X("read_gb:Q", title="read in a step (GB; numbers: KV heads)")
    y = alt.Y("ms:Q", title="time of a step (ms)", axis=alt.Axis(grid=True))
    dots: dict[str, Any] = {"filled": True, "size": 95, "opacity": 1, "color": colour("good")}
    shape = alt.Shape("place:N", scale=_PLACES, legend=None)
    words: dict[str, Any] = {"fontSize": 13, "color": colour("ink")}

    def told(place: int) -> list[alt.Chart]:
        # The key stands where no point can be: where little is read in a long time.
        one, at = key.transform_filter(alt.datum.place == place), alt.value(12 + 20 * place)
        return [
            one.mark_point(**dots).encode(x=alt.value(14), y=at, shape=shape),
            one.mark_text(align="left", **words).encode(x=alt.value(26), y=at, text="text:N"),
        ]

    layers = alt.layer(
        line.mark_line(strokeWidth=2, color=colour("muted")).encode(x=x, y=y),
        points.mark_rule(color=colour("good")).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        points.mark_point(**dots).encode(x=x, y=y, shape=shape),
        tags.mark_text(align="right", dx=-8, dy=-12, **words).encode(x=x, y=y, text="text:N"),
        *(layer for place in range(4) for layer in told(place)),
    )
    return voice(layers, 260)


def gpu_decode() -> Chart:
    """Chapter 03: time of a decoding step of published models on a card.

    Draws the series `times` (row, value, text, family) and `least` (row, value) of `gqa.gpu_decode`, in
    ms; a tick marks what the card's bandwidth would allow.
    """
    value = alt.X("value:Q", title="time of a step (ms; the tick: at full bandwidth)")
    return voice(alt.layer(*bar_marks("times", value), tick_marks("least", value)), alt.Step(34))


def gpu_sharing() -> Chart:
    """Chapter 03: time of attention over a long cache on a card, by KV heads and by how they are shared.

    Draws the series `times` (row, value, text, way) and `predicted` (row, value) of `gqa.gpu_sharing`, in
    ms; a tick marks what the bytes say.
    """
    times = alt.Chart(alt.NamedData("times"))
    value = alt.X("value:Q", title="time (ms; the tick: what the bytes say)")
    ways = alt.Scale(domain=["grouped", "packed"], range=[colour("good"), colour("other")])
    bars = times.mark_bar(size=12).encode(y=ROW, x=value, color=alt.Color("way:N", scale=ways, legend=None))
    return voice(
        alt.layer(bars, *end_words(times, "row:N", "text:N"), tick_marks("predicted", value)), alt.Step(42)
    )


def sharing_quality() -> Chart:
    """Chapter 03: losses of models by their number of key-value heads, a dot a run, a tick the mean.

    Draws the series `runs` (row, value) and `means` (row, value, text) of `gqa.sharing_quality`.
    """
    runs, means = alt.Chart(alt.NamedData("runs")), alt.Chart(alt.NamedData("means"))
    loss = alt.X(
        "value:Q", scale=alt.Scale(zero=False, padding=12), title="loss on unseen text (nats a character)"
    )
    dots = runs.mark_point(filled=True, size=70, opacity=0.7, color=colour("good"))
    ticks = means.mark_tick(thickness=3, size=20, color=colour("ink"))
    layers = alt.layer(
        dots.encode(y=ROW, x=loss), ticks.encode(y=ROW, x=loss), *end_words(means, "row:N", "text:N")
    )
    return voice(layers, alt.Step(42))


_WAYS = ["kept", "mean", "first", "random"]
_WAY_COLOURS = alt.Scale(domain=_WAYS, range=[colour("ink"), colour("good"), colour("bad"), colour("other")])
_WAY_SHAPES = alt.Scale(domain=_WAYS, range=["circle", "triangle-up", "diamond", "square"])


def conversion() -> Chart:
    """Chapter 03: losses of a trained model whose heads were merged in several ways, as it trains on.

    Draws the series `runs` and `means` (row, way, value) and `names` (row, text) of `gqa.conversion`.
    """
    runs, means, names = (alt.Chart(alt.NamedData(name)) for name in ("runs", "means", "names"))
    loss = alt.X(
        "value:Q", scale=alt.Scale(zero=False, padding=12), title="loss on unseen text (nats a character)"
    )
    way = alt.Color("way:N", scale=_WAY_COLOURS, sort=None, legend=legend_below())
    shape = alt.Shape("way:N", scale=_WAY_SHAPES, sort=None, legend=legend_below())
    words = names.mark_text(align="left", color=colour("ink"), **(ABOVE | {"dy": -11}))
    layers = alt.layer(
        runs.mark_tick(thickness=1.5, size=16, opacity=0.6).encode(y=ROW, x=loss, color=way),
        means.mark_point(filled=True, size=95, opacity=1).encode(y=ROW, x=loss, color=way, shape=shape),
        words.encode(y=ROW, x=alt.value(0), text="text:N"),
    )
    return voice(layers, alt.Step(46))


def miscounts() -> Chart:
    """Chapter 03: the cache as it is, and as it comes out when something is forgotten.

    Draws the series `miscounts` (row, value, text, family) of `gqa.miscounts`, in GB.
    """
    return voice(
        alt.layer(*bar_marks("miscounts", alt.X("value:Q", title="keys and values (GB)"))), alt.Step(42)
    )
