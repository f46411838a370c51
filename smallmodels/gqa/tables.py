"""Chapter 03, computed: what heads share, what that keeps, and how it is miscounted."""

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.facts import Score, family_of
from smallmodels.gqa.formulas import BLOCK, bytes_per_value, even_sharings, shared_heads
from smallmodels.gqa.records import (
    Cache,
    Count,
    Reckoning,
    Sharing,
    Trio,
    cache_of,
    counts,
    known_model,
    trio_means,
    trios,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]
SHARE = Column("share_pct", "of a head each", "%", ".4g", "Set against a KV head for every query head.")
CACHE_GB = Column("cache_gb", "the cache", "GB", ",.3f", "GB is 10^9 bytes.")
FACTOR = Column("factor", "times the true size", format=",.2f")


@checked
def sharing(n_heads: int = 32, n_kv_heads: int = 8) -> Table:
    """What a layer keeps of a token for every even sharing of its heads; the picture is of the chosen one.

    `n_heads` is 1 to 128, so that the picture can be read. `n_kv_heads` that they cannot share evenly count
    as the next smaller number that they can. Raises ValueError outside.
    """
    if not 1 <= n_heads <= 128:
        raise ValueError(f"The picture takes 1 to 128 query heads, not {n_heads}.")
    chosen = shared_heads(n_heads, n_kv_heads)
    kept = Column("vectors", "vectors kept", "a token and layer", "d", "A key and a value for each KV head.")
    return Table(
        caption=f"{_query_heads(n_heads)} and what a layer keeps of a token for them",
        columns=(*_sharing_columns(), kept, SHARE),
        rows=tuple(
            {
                "n_kv_heads": one.n_kv_heads,
                "sharing": one.group,
                "kind": one.marks(chosen),
                "vectors": one.vectors,
                "share_pct": one.share_pct,
            }
            for one in (Sharing(n_heads, heads) for heads in even_sharings(n_heads))
        ),
        finding=_rounding(n_heads, n_kv_heads, chosen) + _picture_finding(Sharing(n_heads, chosen)),
        series=_sharing_picture(n_heads, chosen),
    )


def _sharing_columns() -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d", meaning="Heads that have keys and values of their own."),
        Column("sharing", "queries per KV head", format="d", meaning="Query heads that read the same keys."),
        Column("kind", "what it is"),
    )


def _rounding(n_heads: int, asked: int, chosen: int) -> str:
    """What is shown instead of a sharing that cannot be, or nothing."""
    if asked == chosen:
        return ""
    return f"{_query_heads(n_heads)} cannot share {asked} evenly, so this is {chosen}. "


def _query_heads(n_heads: int) -> str:
    return words.figures(n_heads, "query head").capitalize()


def _picture_finding(one: Sharing) -> str:
    kept = f"a layer keeps {one.vectors} vectors of a token"
    if one.n_heads == 1:
        return f"One query head has a KV head of its own: {kept}."
    if one.group == 1:
        return f"Each of {words.figures(one.n_heads, 'query head')} has a KV head of its own: {kept}."
    those = "the same KV head" if one.n_kv_heads == 1 else f"{one.n_kv_heads} KV heads, {one.group} to each"
    return f"{one.n_heads} query heads share {those}: {kept} instead of {2 * one.n_heads}."


def _sharing_picture(n_heads: int, n_kv_heads: int) -> dict[str, list[Row]]:
    """Query heads above, KV heads below, each under its group: where to draw them, from 0 to 1.

    Neighbouring groups differ in `tone`. A KV head is drawn as wide as a query head, so that what is drawn
    below is what is kept.
    """
    group, half = Sharing(n_heads, n_kv_heads).group, min(0.4 / n_heads, 0.02)
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


@checked
def kv_cache(
    model: str = "Mistral 7B",
    n_kv_heads: int | None = None,
    context: int = 4096,
    batch: int = 1,
    precision: str = "FP16",
) -> Table:
    """The cache of a model for every even sharing of its key-value heads, the chosen one marked.

    Left out, `n_kv_heads` is as published; what the query heads cannot share evenly counts as the next
    smaller number that they can. Raises ValueError for an unknown model or precision, and for counts below 1.
    """
    shape, value = known_model(model), bytes_per_value(precision)
    asked = shape.n_kv_heads if n_kv_heads is None else n_kv_heads
    chosen = Cache(shape, shared_heads(shape.n_heads, asked), context, batch, value)
    options = [chosen.shared_by(heads) for heads in even_sharings(shape.n_heads)]
    token = Column("token_bytes", "one token", "bytes", ",.0f", "2 x layers x KV heads x head size x bytes.")
    return Table(
        caption=f"Keys and values of {model} in {precision}: {chosen.load}",
        columns=(*_sharing_columns(), token, CACHE_GB, SHARE),
        rows=tuple(_cache_row(one, chosen) for one in options),
        finding=_rounding(shape.n_heads, asked, chosen.n_kv_heads) + _sharing_finding(chosen),
        notes=_window_notes(chosen) + _scale_notes(precision),
        series={"caches": [_bar(one, chosen) for one in options]},
    )


def _cache_row(one: Cache, chosen: Cache) -> dict[str, Value | Cell]:
    shape = one.shape
    published = one.n_kv_heads == shape.n_kv_heads
    return {
        "n_kv_heads": Cell(one.n_kv_heads, facts.source(shape.source_id).title if published else ""),
        "sharing": one.sharing.group,
        "kind": one.sharing.marks(chosen.n_kv_heads, shape.n_kv_heads),
        "token_bytes": one.token_bytes,
        "cache_gb": one.gb,
        "share_pct": one.sharing.share_pct,
    }


def _bar(one: Cache, chosen: Cache) -> Row:
    marks = {
        "MHA": one.n_kv_heads == one.shape.n_heads,
        "MQA": one.n_kv_heads == 1,
        "published": one.n_kv_heads == one.shape.n_kv_heads,
    }
    said = ", ".join(mark for mark, holds in marks.items() if holds)
    return {
        "row": words.figures(one.n_kv_heads, "KV head") + (f" ({said})" if said else ""),
        "value": one.gb,
        "text": _size(one.gb),
        "family": family_of(one.shape.name),
        "chosen": one == chosen,
    }


def _size(gb: float) -> str:
    return f"{gb:,.{3 if gb < 10 else 1}f} GB"


def _sharing_finding(chosen: Cache) -> str:
    size = f"{chosen.load} takes {chosen.gb:,.3f} GB"
    group = chosen.sharing.group
    if group == 1:
        return f"Every query head has keys of its own: {size}."
    who = f"All {group} query heads share one KV head"
    if chosen.n_kv_heads > 1:
        who = f"{group} query heads share each of {chosen.n_kv_heads} KV heads"
    return f"{who}: {size}, {words.share(group)} of what a head each would."


def _window_notes(cache: Cache) -> tuple[str, ...]:
    window = cache.shape.sliding_window
    if window is None or cache.context <= window:
        return ()
    return (
        f"The window is {window:,} tokens, so a cache that rolls holds {window:,} of {cache.context:,} "
        f"tokens. Many programs kept every token: theirs is {cache.unrolled_times:,.1f} times as large.",
    )


def _scale_notes(precision: str) -> tuple[str, ...]:
    if not precision.startswith("INT"):
        return ()
    return (f"Every {BLOCK} numbers in {precision} share a scale of 16 bits, counted here.",)


@checked
def miscounts(
    model: str = "Mistral 7B", context: int = 32768, batch: int = 1, precision: str = "FP16"
) -> Table:
    """What forgetting one thing does to a calculator's figure for the cache.

    Raises ValueError for an unknown model or precision, and for counts below 1.
    """
    _check_filled(context)
    cache = cache_of(model, context, batch, bytes_per_value(precision))
    cases = counts(cache)
    return Table(
        caption=f"The cache of {model} in {precision}, miscounted: {cache.load}",
        columns=(Column("case", "what the count forgets"), CACHE_GB, FACTOR),
        rows=tuple({"case": one.forgets, "cache_gb": one.gb, "factor": one.factor} for one in cases),
        finding=_miscount_finding(cache, max(one.factor for one in cases)),
        notes=_window_notes(cache) + _scale_notes(precision),
        series={"miscounts": [_miscount_bar(one, family_of(model)) for one in cases]},
    )


def _check_filled(context: int) -> None:
    if context < 1:
        raise ValueError("An empty cache cannot be miscounted; the context must be 1 token or more.")


def _miscount_finding(cache: Cache, worst: float) -> str:
    """What there was to forget; `worst` is the factor of everything forgotten at once."""
    model = cache.shape.name
    factors = {"the sharing": cache.sharing.group, "the window": cache.unrolled_times}
    forgotten = [what for what, factor in factors.items() if factor > 1]
    if not forgotten:
        return f"{model} shares no heads and drops no tokens here, so only keys or values can be forgotten."
    return f"Forgetting {words.listed(forgotten)} makes this cache of {model} look {_times(worst)} as large."


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 100 else f"{factor:.3g} times"


def _miscount_bar(one: Count, family: str) -> Row:
    return {
        "row": one.forgets,
        "value": one.gb,
        "text": _size(one.gb),
        "family": family if one.factor == 1 else "other",
    }


@checked
def calculators(model: str = "Mistral 7B", context: int = 4096) -> Table:
    """What public calculators give for the cache of one sequence in FP16, beside what it holds.

    Raises ValueError for an unknown model and for a context below 1.
    """
    _check_filled(context)
    cache = cache_of(model, context)
    reckoned = [Reckoning(program, cache) for program in facts.calculators()]
    ours: Row = {
        "program": "this book",
        "token_bytes": cache.token_bytes,
        "cache_gb": cache.gb,
        "factor": 1.0,
    }
    token = Column("token_bytes", "one token", "bytes", ",.0f")
    return Table(
        caption=f"The cache of {model} in FP16 by public calculators: {cache.load}",
        columns=(Column("program", "program"), token, CACHE_GB, FACTOR),
        rows=(ours, *map(_calculator_row, reckoned)),
        finding=_calculator_finding(cache, [one.factor for one in reckoned]),
        notes=(
            "The formulas as they stood at the commits named. None of them knows a window.",
            *_window_notes(cache),
        ),
    )


def _calculator_row(one: Reckoning) -> dict[str, Value | Cell]:
    source = facts.source(one.program.source_id)
    return {
        "program": Cell(f"{one.program.name} ({one.program.mode})", f"{source.title}."),
        "token_bytes": Cell(one.token_bytes, note=one.program.note),
        "cache_gb": one.gb,
        "factor": one.factor,
    }


def _calculator_finding(cache: Cache, factors: list[float]) -> str:
    low, high = (_times(pick(factors)) for pick in (min, max))
    return (
        f"{words.sentence(cache.load)[:-1]} takes {cache.gb:,.3f} GB with {cache.shape.name}; "
        f"these programs give {low.removesuffix(' times')} to {high} as much."
    )


@checked
def published_quality() -> Table:
    """Scores of three 30B models that differ in their sharing of heads (Touvron et al. 2023, Llama 2)."""
    found = trios()
    means = trio_means(found)
    return Table(
        caption="Three models of 30B that differ in their attention, 150 billion tokens each",
        columns=(
            Column("benchmark", "benchmark"),
            Column("mha", "MHA", "%", ".1f", "A key-value head for each query head."),
            Column("gqa", "GQA", "%", ".1f", "8 key-value heads."),
            Column("mqa", "MQA", "%", ".1f", "One key-value head."),
        ),
        rows=(*map(_trio_row, found), {"benchmark": "mean", **means}),
        finding=(
            f"Over {len(found)} benchmarks they average {means['mha']:.1f}% (MHA), {means['gqa']:.1f}% (GQA) "
            f"and {means['mqa']:.1f}% (MQA)."
        ),
        notes=("The two that share have wider feed-forward layers, so that all three are of one size.",),
    )


def _trio_row(one: Trio) -> dict[str, Value | Cell]:
    return {"benchmark": one.title, "mha": _score(one.mha), "gqa": _score(one.gqa), "mqa": _score(one.mqa)}


def _score(score: Score) -> Cell:
    return Cell(score.score_pct, f"{facts.source(score.source_id).title}, {score.locator}.")
