"""Chapter 03, computed: what heads share, what that keeps, and how it is miscounted."""

from statistics import fmean

from smallmodels import facts, words
from smallmodels.benchmarks import ABLATION
from smallmodels.facts import Calculator, Model, family_of
from smallmodels.gqa.formulas import (
    bytes_per_value,
    even_sharings,
    kv_bytes_per_token,
    kv_cache_bytes,
    shared_heads,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]


# Models whose every layer is alike, so that one window and one number of heads describe them.
MODELS = (
    "Mistral 7B",
    "Llama 2 7B",
    "Llama 2 13B",
    "Llama 2 70B",
    "Llama 3 8B",
    "Mistral Nemo 12B",
    "Qwen2.5 7B",
)


def sharing(n_heads: int = 32, n_kv_heads: int = 8) -> Table:
    """What a layer keeps of a token for every even sharing of its heads; the picture is of the chosen one.

    `n_heads` is 1 to 128, so that the picture can be read. `n_kv_heads` that they cannot share evenly count
    as the next smaller number that they can. Raises ValueError outside.
    """
    if not 1 <= n_heads <= 128:
        raise ValueError(f"The picture takes 1 to 128 query heads, not {n_heads}.")
    chosen = shared_heads(n_heads, n_kv_heads)
    return Table(
        caption=f"{n_heads} query heads and what a layer keeps of a token for them",
        columns=(
            *_sharing_columns(),
            Column(
                "vectors", "vectors kept", "a token and layer", "d", "A key and a value for each KV head."
            ),
            Column("share_pct", "of a head each", "%", ",.1f", "Set against a KV head for every query head."),
        ),
        rows=tuple(
            {
                "n_kv_heads": heads,
                "sharing": n_heads // heads,
                "is": ", ".join(_marks(n_heads, heads, chosen)),
                "vectors": 2 * heads,
                "share_pct": 100 * heads / n_heads,
            }
            for heads in even_sharings(n_heads)
        ),
        finding=_rounding(n_heads, n_kv_heads, chosen) + _picture_finding(n_heads, chosen),
        series=_sharing_picture(n_heads, chosen),
    )


def _sharing_columns() -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d", meaning="Heads that have keys and values of their own."),
        Column("sharing", "queries per KV head", format="d", meaning="Query heads that read the same keys."),
        Column("is", "what it is"),
    )


def _marks(n_heads: int, heads: int, chosen: int, published: int | None = None) -> list[str]:
    marks = {
        "a head each (MHA)": heads == n_heads,
        "one for all (MQA)": heads == 1,
        "as published": heads == published,
        "your choice": heads == chosen,
    }
    return [mark for mark, holds in marks.items() if holds]


def _picture_finding(n_heads: int, chosen: int) -> str:
    kept = f"a layer keeps {2 * chosen} vectors of a token"
    if chosen == n_heads:
        return f"Each of {words.figures(n_heads, 'query head')} has a KV head of its own: {kept}."
    those = "the same KV head" if chosen == 1 else f"{chosen} KV heads, {n_heads // chosen} to each"
    return f"{n_heads} query heads share {those}: {kept} instead of {2 * n_heads}."


def _sharing_picture(n_heads: int, n_kv_heads: int) -> dict[str, list[Row]]:
    """Query heads above, KV heads below, each under its group: where to draw them, from 0 to 1.

    Neighbouring groups differ in `tone`. A KV head is drawn as wide as a query head, so that what is drawn
    below is what is kept.
    """
    group, half = n_heads // n_kv_heads, min(0.4 / n_heads, 0.02)
    heads: list[Row] = [
        {
            "query_head": head,
            "kv_head": head // group,
            "query_x": (head + 0.5) / n_heads,
            "kv_x": (head // group + 0.5) / n_kv_heads,
            "tone": _tone(head // group),
        }
        for head in range(n_heads)
    ]
    kept = f"{words.figures(n_kv_heads, 'KV head')}, kept for every token"
    texts: list[Row] = [
        {"side": "over", "text": f"{words.figures(n_heads, 'query head')}, for the newest token only"},
        {"side": "under", "text": kept},
    ]
    boxes = {"queries": _boxes(n_heads, group, half), "keys": _boxes(n_kv_heads, 1, half)}
    return {"heads": heads, **boxes, "words": texts}


def _boxes(n: int, group: int, half: float) -> list[Row]:
    middles = [(i + 0.5) / n for i in range(n)]
    return [
        {"left": middle - half, "right": middle + half, "tone": _tone(i // group)}
        for i, middle in enumerate(middles)
    ]


def _tone(group: int) -> str:
    return ("even", "odd")[group % 2]


def kv_cache(
    model: str = "Mistral 7B",
    n_kv_heads: int = 8,
    context: int = 4096,
    batch: int = 1,
    precision: str = "FP16",
) -> Table:
    """The cache of a model for every even sharing of its key-value heads, the chosen one marked.

    `n_kv_heads` that the query heads cannot share evenly count as the next smaller number that they can.
    Raises ValueError for an unknown model or precision, and for counts below 1.
    """
    shape, value = known_model(model), bytes_per_value(precision)
    chosen = shared_heads(shape.n_heads, n_kv_heads)
    each = kv_bytes_per_token(shape.n_layers, shape.n_heads, shape.head_dim, value)
    held = kv_cache_bytes(each, context, batch, shape.sliding_window)
    options = even_sharings(shape.n_heads)
    rows = [_cache_row(shape, heads, chosen, context, batch, value) for heads in options]
    return Table(
        caption=f"Keys and values of {model} in {precision}: {_sequences(batch)} of {context:,} tokens",
        columns=(
            *_sharing_columns(),
            Column("token_bytes", "one token", "bytes", ",.0f", "2 x layers x KV heads x head size x bytes."),
            Column("cache_gb", "the cache", "GB", ",.3f", "GB is 10^9 bytes."),
            Column("share_pct", "of a head each", "%", ",.1f", "Set against a KV head for every query head."),
        ),
        rows=tuple(rows),
        finding=_rounding(shape.n_heads, n_kv_heads, chosen)
        + _sharing_finding(shape, chosen, context, batch, value),
        notes=_window_notes(shape, context),
        series={"caches": _bars(shape, options, chosen, held)},
    )


def known_model(name: str) -> Model:
    """A model of `MODELS`; ValueError with their names for any other."""
    if name not in MODELS:
        raise ValueError(f"There is no shape of {name!r} here; choose one of {', '.join(MODELS)}.")
    return facts.model(name)


def _cache_row(
    shape: Model, heads: int, chosen: int, context: int, batch: int, value: float
) -> dict[str, Value | Cell]:
    token = kv_bytes_per_token(shape.n_layers, heads, shape.head_dim, value)
    published = heads == shape.n_kv_heads
    return {
        "n_kv_heads": Cell(heads, facts.source(shape.source_id).title if published else ""),
        "sharing": shape.n_heads // heads,
        "is": ", ".join(_marks(shape.n_heads, heads, chosen, shape.n_kv_heads)),
        "token_bytes": token,
        "cache_gb": kv_cache_bytes(token, context, batch, shape.sliding_window) / 1e9,
        "share_pct": 100 * heads / shape.n_heads,
    }


def _bars(shape: Model, options: list[int], chosen: int, held: float) -> list[Row]:
    """The cache in GB for each number of KV heads; `held` is that of a head each, in bytes."""
    short = {shape.n_heads: "MHA", 1: "MQA"}
    rows: list[Row] = []
    for heads in options:
        marks = [short[heads]] if heads in short else []
        marks += ["published"] if heads == shape.n_kv_heads else []
        size = held * heads / shape.n_heads / 1e9
        rows.append(
            {
                "row": words.figures(heads, "KV head") + (f" ({', '.join(marks)})" if marks else ""),
                "value": size,
                "text": f"{size:,.{3 if size < 10 else 1}f} GB",
                "family": family_of(shape.name),
                "chosen": heads == chosen,
            }
        )
    return rows


def _sharing_finding(shape: Model, chosen: int, context: int, batch: int, value: float) -> str:
    token = kv_bytes_per_token(shape.n_layers, chosen, shape.head_dim, value)
    held = kv_cache_bytes(token, context, batch, shape.sliding_window)
    group = shape.n_heads // chosen
    size = f"the cache of {_sequences(batch)} of {context:,} tokens takes {held / 1e9:,.3f} GB"
    if group == 1:
        return f"When every query head has keys of its own, {size}."
    part = f"{words.share(group)} of what a head each would take"
    who = f"all {group} query heads share one KV head"
    if chosen > 1:
        who = f"{group} query heads share each of {chosen} KV heads"
    return f"When {who}, {size}, {part}."


def _sequences(batch: int) -> str:
    return "one sequence" if batch == 1 else f"{batch:,} sequences"


def _window_notes(shape: Model, context: int) -> tuple[str, ...]:
    window = shape.sliding_window
    if window is None or context <= window:
        return ()
    return (
        f"The window is {window:,} tokens, so a cache that rolls holds {window:,} of {context:,} tokens. "
        f"Many programs kept every token: theirs is {context / window:,.1f} times as large.",
    )


def _rounding(n_heads: int, asked: int, chosen: int) -> str:
    """What is shown instead of a sharing that cannot be, or nothing."""
    if asked == chosen:
        return ""
    return f"{words.figures(n_heads, 'query head')} cannot share {asked} evenly, so this is {chosen}. "


def miscounts(
    model: str = "Mistral 7B", context: int = 32768, batch: int = 1, precision: str = "FP16"
) -> Table:
    """What forgetting one thing does to a calculator's figure for the cache.

    Raises ValueError for an unknown model or precision, and for counts below 1.
    """
    if context < 1:
        raise ValueError("An empty cache cannot be miscounted; the context must be 1 token or more.")
    shape, value = known_model(model), bytes_per_value(precision)
    token = kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim, value)
    unshared = kv_bytes_per_token(shape.n_layers, shape.n_heads, shape.head_dim, value)
    right = kv_cache_bytes(token, context, batch, shape.sliding_window)
    cases = {
        "nothing forgotten": right,
        "keys or values forgotten": right / 2,
        "the sharing forgotten": kv_cache_bytes(unshared, context, batch, shape.sliding_window),
        "the window forgotten": kv_cache_bytes(token, context, batch),
        "sharing and window forgotten": kv_cache_bytes(unshared, context, batch),
    }
    worst = max(cases.values()) / right
    rows: list[Row] = [
        {"case": case, "cache_gb": size / 1e9, "factor": size / right} for case, size in cases.items()
    ]
    return Table(
        caption=f"The cache of {model} in {precision}, miscounted: {_sequences(batch)} of {context:,} tokens",
        columns=(
            Column("case", "what the count forgets"),
            Column("cache_gb", "the cache", "GB", ",.3f", "GB is 10^9 bytes."),
            Column("factor", "times the true size", format=",.2f"),
        ),
        rows=tuple(rows),
        finding=_miscount_finding(model, cases["the sharing forgotten"] / right, worst),
        notes=_window_notes(shape, context),
        series={"miscounts": [_miscount_bar(row, family_of(model)) for row in rows]},
    )


def _miscount_finding(model: str, sharing: float, worst: float) -> str:
    """What there was to forget; `sharing` is the factor of the shared heads, `worst` of all together."""
    factors = {"the sharing": sharing, "the window": worst / sharing}
    forgotten = [what for what, factor in factors.items() if factor > 1]
    if not forgotten:
        return f"{model} shares no heads and drops no tokens here, so only keys or values can be forgotten."
    return (
        f"Forgetting {words.listed(forgotten)} makes this cache of {model} look {worst:,.3g} times as large."
    )


def _miscount_bar(row: Row, family: str) -> Row:
    size, factor = float(str(row["cache_gb"])), float(str(row["factor"]))
    return {
        "row": row["case"],
        "value": size,
        "text": f"{size:,.{3 if size < 10 else 1}f} GB",
        "family": family if factor == 1 else "other",
    }


def calculators(model: str = "Mistral 7B", context: int = 4096) -> Table:
    """What public calculators give for the cache of one sequence in FP16, beside what it holds.

    Raises ValueError for an unknown model and for a context below 1.
    """
    if context < 1:
        raise ValueError("An empty cache cannot be miscounted; the context must be 1 token or more.")
    shape = known_model(model)
    token = kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim)
    right = kv_cache_bytes(token, context, sliding_window=shape.sliding_window)
    sizes: dict[str, Value | Cell] = {"token_bytes": token, "cache_gb": right / 1e9, "factor": 1.0}
    rows = [_calculator_row(one, shape, context, right) for one in facts.calculators()]
    low, high = (pick(float(str(row["factor"])) for row in rows) for pick in (min, max))
    return Table(
        caption=f"The cache of {model} in FP16 by public calculators: one sequence of {context:,} tokens",
        columns=(
            Column("program", "program"),
            Column("token_bytes", "one token", "bytes", ",.0f"),
            Column("cache_gb", "the cache", "GB", ",.3f", "GB is 10^9 bytes."),
            Column("factor", "times the true size", format=",.2f"),
        ),
        rows=({"program": "this book", **sizes}, *rows),
        finding=(
            f"One sequence of {context:,} tokens takes {right / 1e9:,.3f} GB with {model}; "
            f"these programs give {low:,.2g} to {high:,.2g} times as much."
        ),
        notes=(
            "The formulas as they stood at the commits named. None of them knows a window.",
            *_window_notes(shape, context),
        ),
    )


def _calculator_row(one: Calculator, shape: Model, context: int, right: float) -> dict[str, Value | Cell]:
    token = one.bytes_per_width * shape.n_layers * shape.d_model
    source = facts.source(one.source_id)
    return {
        "program": Cell(f"{one.name} ({one.mode})", f"{source.title}."),
        "token_bytes": Cell(token, note=one.note),
        "cache_gb": token * context / 1e9,
        "factor": token * context / right,
    }


def published_quality() -> Table:
    """Scores of three 30B models that differ in their sharing of heads (Touvron et al. 2023, Llama 2)."""
    ways = {"mha": "MHA", "gqa": "GQA-8", "mqa": "MQA"}
    found = {
        way: {s.benchmark: s for s in facts.scores() if s.pipeline_id == ABLATION and s.model.endswith(name)}
        for way, name in ways.items()
    }
    rows: list[dict[str, Value | Cell]] = []
    for one in found["mha"]:
        scores = {way: found[way][one] for way in ways}
        source = {s.source_id: f"{facts.source(s.source_id).title}, {s.locator}." for s in scores.values()}
        rows.append(
            {
                "benchmark": facts.benchmark(one).title,
                **{way: Cell(s.score_pct, source[s.source_id]) for way, s in scores.items()},
            }
        )
    means = {way: fmean(score.score_pct for score in found[way].values()) for way in ways}
    return Table(
        caption="Three models of 30B that differ in their attention, 150 billion tokens each",
        columns=(
            Column("benchmark", "benchmark"),
            Column("mha", "MHA", "%", ".1f", "A key-value head for each query head."),
            Column("gqa", "GQA", "%", ".1f", "8 key-value heads."),
            Column("mqa", "MQA", "%", ".1f", "One key-value head."),
        ),
        rows=(*rows, {"benchmark": "mean", **means}),
        finding=(
            f"Over {len(rows)} benchmarks they average {means['mha']:.1f}% (MHA), {means['gqa']:.1f}% (GQA) "
            f"and {means['mqa']:.1f}% (MQA)."
        ),
        notes=("The two that share have wider feed-forward layers, so that all three are of one size.",),
    )
