"""Chapter 05, what fits: weights, cache and total of models, set against a card."""

from collections.abc import Sequence

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.facts import Gpu, Model, family_of
from smallmodels.memory.formulas import GB, GIB
from smallmodels.memory.records import (
    POST_MODELS,
    Load,
    doubts,
    fit,
    loads,
    model_parameters,
    smallest_card,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value | Cell]
MOST_NAMED = 8  # models that a sentence can name


@checked
def footprint(
    gpu: str = "RTX 4090",
    precision: str = "FP16",
    batch: int = 1,
    context: int = 4096,
    models: Sequence[str] = POST_MODELS,
) -> Table:
    """Weights, cache and total of each model, whether the card holds them, and how many sequences it could.

    `gpu` and `models` are names of `data/`, `precision` that of the weights; the cache is in FP16. Raises
    `ValueError` for what is not there and for loads outside `cache_bytes`'s.
    """
    card = facts.gpu(gpu)
    held = loads(models, precision, batch, context)
    rooms = [smallest_card(load.total_bytes) for load in held]
    return Table(
        caption=f"Memory in {precision}: weights, and {_cached(batch, context)}",
        columns=_columns(card),
        rows=tuple(_row(load, card, room) for load, room in zip(held, rooms, strict=True)),
        finding=_finding(held, card, f"in {precision} with {_cached(batch, context, the='')}"),
        series=_bars(held, card),
        notes=(*card_notes(held, card), *_recalled_cards(rooms, card), *length_notes(held)),
    )


def _cached(batch: int, context: int, the: str = "the cache of ") -> str:
    """The cache in words: "the cache of one sequence of 4,096 tokens", "nothing cached"."""
    tokens = words.figures(context, "token")
    return f"{the}{words.figures(batch, 'sequence')} of {tokens}" if context else "nothing cached"


def _columns(card: Gpu) -> tuple[Column, ...]:
    return (
        Column("model", "model"),
        Column("post", "the post", meaning="GPU memory needed, as the post's fifth table prints it."),
        Column("parameters", "parameters", format=",d", meaning="Counted from the model's shape, exactly."),
        Column("weights_gb", "weights", "GB", ",.2f", "GB is 10^9 bytes."),
        Column("weights_gib", "weights", "GiB", ",.2f", "The same bytes in GiB of 2^30, as tools report."),
        Column("cache_gb", "cache", "GB", ",.2f", "Keys and values, in FP16."),
        Column("total_gb", "together", "GB", ",.2f", "What a program needs beside these is not counted."),
        Column("share_pct", f"of the {card.name}", "%", ",.1f", f"Of its {_memory(card)}."),
        Column("fits", "fits"),
        Column("largest", "largest batch", format=",d", meaning="Sequences that fit beside the weights."),
        Column("smallest", "smallest card that holds it", meaning="Of the cards in this book's data."),
    )


def _row(load: Load, card: Gpu, room: Gpu | None) -> Row:
    return {
        "model": load.shape.name,
        "post": _post_memory(load.shape.name),
        "parameters": Cell(model_parameters(load.shape), shape_source(load.shape)),
        "weights_gb": load.weight_bytes / GB,
        "weights_gib": load.weight_bytes / GIB,
        "cache_gb": load.cache_bytes / GB,
        "total_gb": load.total_bytes / GB,
        "share_pct": Cell(100 * load.total_bytes / card.memory_bytes, card_source(card)),
        "fits": fit(load.total_bytes, card),
        "largest": load.largest_batch(card),
        "smallest": Cell(room.name, note=" ".join(doubts(room))) if room else "none here",
    }


def _post_memory(model: str) -> Cell:
    printed = next((cost.memory_text for cost in facts.post_costs() if cost.model == model), None)
    return Cell(printed, "The post, fifth table." if printed else "")


def shape_source(shape: Model) -> str:
    """Where a model's shape, and the published count that it must give, come from."""
    counted = f"; counted in {facts.source(shape.params_source_id).title}" if shape.params_source_id else ""
    return f"Shape of {shape.name}: {facts.source(shape.source_id).title}{counted}."


def card_source(card: Gpu) -> str:
    """Where a card's data sheet comes from, and what it says."""
    doubt = "" if card.verified == "yes" else f" Verified: {card.verified}."
    sheet = f"{card.memory_gb} GB, {card.bandwidth_gb_s:,g} GB/s, {card.dense_tflops:,g} TFLOP/s"
    return f"{card.name} ({sheet}): {facts.source(card.source_id).title}.{doubt}"


def _memory(card: Gpu) -> str:
    """Both readings of a card's memory: "24 GiB, which is 25.8 GB"."""
    return f"{card.memory_bytes / GIB:.0f} GiB, which is {card.memory_bytes / GB:.1f} GB"


def _finding(held: Sequence[Load], card: Gpu, how: str) -> str:
    fitting = [load.shape.name for load in held if load.fits(card)]
    over = [f"{load.shape.name} ({load.total_bytes / GB:.1f} GB)" for load in held if not load.fits(card)]
    whose = f"The {card.name} with its {card.memory_bytes / GB:.1f} GB"
    if not held:
        return "No model is chosen, so there is nothing to weigh."
    if len(held) > MOST_NAMED:
        return f"{whose} holds {len(fitting)} of the {len(held)} models {how}."
    if not over:
        return f"{whose} holds {words.listed(fitting)} {how}."
    if not fitting:
        return f"{whose} is too small for {words.listed(over)} {how}."
    return f"{whose} holds {words.listed(fitting)} {how}, but not {words.listed(over)}."


def card_notes(held: Sequence[Load], card: Gpu) -> tuple[str, ...]:
    """Which loads fit just, what a program without rolling buffers needs, and doubts about the card."""
    close = [load.shape.name for load in held if fit(load.total_bytes, card) == "just"]
    just = (
        f"{words.listed(close)} would not fit if the card's {card.memory_gb} GB were billions of bytes; "
        f"it holds {_memory(card)}, a little of which the driver keeps."
        if close
        else ""
    )
    return (*([just] if just else []), *rolling_notes(held, card), *doubts(card))


def rolling_notes(held: Sequence[Load], card: Gpu) -> tuple[str, ...]:
    """What the caches take that are counted as rolling buffers, in a program that keeps every token."""
    rolling = [load for load in held if load.kept_bytes > load.cache_bytes]
    if not rolling:
        return ()
    kept = words.listed(f"{load.kept_bytes / GB:,.1f} GB for {load.shape.name}" for load in rolling)
    lost = [load.shape.name for load in rolling if load.fits(card) and not load.keeping_fits(card)]
    then = f"; then {words.listed(lost)} would not fit" if lost else ""
    return (
        "Where a model has a window, its cache is taken for a rolling buffer. "
        f"A program that keeps every token needs {kept}{then}.",
    )


def _recalled_cards(rooms: Sequence[Gpu | None], chosen: Gpu) -> tuple[str, ...]:
    """The doubts about the smallest cards named in the rows; those about the chosen one are told already."""
    named = {room.name: room for room in rooms if room and room != chosen}
    return tuple(" ".join(doubts(room)) for room in named.values() if doubts(room))


def length_notes(held: Sequence[Load]) -> tuple[str, ...]:
    """Which models are asked for more tokens than they were trained to read."""
    beyond = [load for load in held if load.context > load.shape.trained_context]
    if not beyond:
        return ()
    named = words.listed(f"{load.shape.name} ({load.shape.trained_context:,})" for load in beyond)
    return (f"{beyond[0].context:,} tokens are more than the length these were trained on: {named}.",)


def _bars(held: Sequence[Load], card: Gpu) -> dict[str, list[dict[str, Value]]]:
    parts: list[dict[str, Value]] = []
    totals: list[dict[str, Value]] = []
    for load in held:
        weights, total = load.weight_bytes / GB, load.total_bytes / GB
        bar: dict[str, Value] = {"row": load.shape.name, "family": family_of(load.shape.name)}
        parts.append({**bar, "part": "weights", "low": 0.0, "high": weights})
        parts.append({**bar, "part": "cache", "low": weights, "high": total})
        text = f"{weights:,.1f} + {total - weights:,.1f} = {total:,.1f} GB"
        totals.append({"row": load.shape.name, "text": text})
    room = card.memory_bytes / GB
    limits: list[dict[str, Value]] = [{"row": load.shape.name, "high": room} for load in held]
    name: dict[str, Value] = {"row": "", "text": f"{card.name}: {room:,.1f} GB (the tick)"}
    return {"card": [name], "parts": parts, "totals": totals, "limits": limits}
