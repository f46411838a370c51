"""The speed chapter: what a model's weights weigh, what its cache adds, and which card holds both.

Parameters are counted exactly, from a model's shape. Bytes are bytes; GB is 10^9 of them and GiB 2^30, and
every name and heading that rounds says which. `footprint` is the table of the chapter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from smallmodels import facts, gqa
from smallmodels.facts import Gpu, Model, family_of
from smallmodels.table import Cell, Column, Table, Value

GB, GIB = 1e9, 2**30
# Bits of one weight. The quantised formats hold 32 weights to a block with one FP16 scale, as GGUF's Q8_0 and
# Q4_0 do; what is done to a few layers beside that (a wider output matrix, say) is not counted.
BLOCK = 32
WEIGHT_BITS: dict[str, float] = {"FP16": 16, "INT8": 8 + 16 / BLOCK, "INT4": 4 + 16 / BLOCK}
CACHE_PRECISION = "FP16"  # the cache stays in FP16 when the weights are quantised
POST_MODELS = ("Llama 2 7B", "Mistral 7B", "Llama 2 13B")  # in the order of the post's fifth table
MODELS = (*POST_MODELS, "Llama 3 8B", "Qwen2.5 7B", "Gemma 7B", "Mixtral 8x7B", "Llama 2 70B")
MOST_SEQUENCES, MOST_TOKENS = 4096, 2**20  # beyond these nothing here was ever run


def layer_parameters(
    *,
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    ffn_dim: int,
    ffn_matrices: int = 3,
    n_experts: int = 1,
    qkv_bias: bool = False,
    qk_norm: str = "none",
    norms_per_layer: int = 2,
) -> int:
    """Parameters of one decoder layer: Q and O, shared K and V, a SwiGLU's three matrices, two norms.

    Experts repeat the feed-forward matrices and add a router; biases of Q, K and V and norms of queries and
    keys (by `head` or in `full` width) are counted where there are any. Source: the layer of Touvron et al.
    2023 (LLaMA), with the shared heads of Ainslie et al. 2023.

    One of Mistral 7B's 32 layers:

    >>> layer_parameters(d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    218112000
    """
    attending = 2 * d_model * (n_heads + n_kv_heads) * head_dim
    feeding = n_experts * ffn_matrices * d_model * ffn_dim + (n_experts * d_model if n_experts > 1 else 0)
    biases = (n_heads + 2 * n_kv_heads) * head_dim if qkv_bias else 0
    normed = {"none": 0, "head": 2, "full": n_heads + n_kv_heads}[qk_norm] * head_dim
    return attending + feeding + biases + normed + norms_per_layer * d_model


def parameters(*, n_layers: int, d_model: int, vocab_size: int, tied: bool = False, **layer: Any) -> int:
    """Parameters of a Llama-style decoder; `tied` when the output matrix is the input embedding's.

    What else is given describes a layer, as in `layer_parameters`.

    >>> mistral = dict(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, head_dim=128, ffn_dim=14336)
    >>> parameters(**mistral, vocab_size=32000)
    7241732096
    """
    layers = n_layers * layer_parameters(d_model=d_model, **layer)
    return layers + d_model + (1 if tied else 2) * vocab_size * d_model


def model_parameters(shape: Model) -> int:
    """Parameters of a model in `data/`, exactly; `ValueError` where its positions are learned (GPT-3).

    >>> model_parameters(facts.model("Llama 2 13B"))
    13015864320
    """
    if shape.rope_theta is None:
        raise ValueError(f"{shape.name} learns its positions and biases; this count leaves them out.")
    return parameters(
        n_layers=shape.n_layers,
        d_model=shape.d_model,
        n_heads=shape.n_heads,
        n_kv_heads=shape.n_kv_heads,
        head_dim=shape.head_dim,
        ffn_dim=shape.ffn_dim,
        ffn_matrices=shape.ffn_matrices,
        n_experts=shape.n_experts,
        qkv_bias=shape.qkv_bias,
        qk_norm=shape.qk_norm,
        norms_per_layer=shape.norms_per_layer,
        vocab_size=shape.vocab_size,
        tied=shape.tied,
    )


def read_parameters(shape: Model) -> int:
    """Parameters one decoding step multiplies with: all but the input embedding, of which it looks up rows.

    A tied embedding is the output matrix too and is read. `ValueError` for a mixture of experts, which reads
    only the experts that the router picks.

    >>> read_parameters(facts.model("Mistral 7B"))
    7110660096
    """
    if shape.n_experts > 1:
        raise ValueError(f"{shape.name} reads only the experts it picks; choose a model without experts.")
    return model_parameters(shape) - (0 if shape.tied else shape.vocab_size * shape.d_model)


def weight_bytes(n_parameters: int, precision: str = "FP16") -> float:
    """Bytes of so many weights in a format of `WEIGHT_BITS`; `ValueError` for another format.

    >>> weight_bytes(32, "FP16"), weight_bytes(32, "INT8"), weight_bytes(32, "INT4")
    (64.0, 34.0, 18.0)
    """
    if precision not in WEIGHT_BITS:
        raise ValueError(f"There is no precision {precision!r} here; choose one of {', '.join(WEIGHT_BITS)}.")
    return n_parameters * WEIGHT_BITS[precision] / 8


def cache_bytes(shape: Model, context: int, batch: int = 1) -> float:
    """Bytes of a batch's keys and values in FP16, counting shared heads and the layers that have a window.

    `context` is 0 to 2^20 tokens, `batch` 1 to 4,096 sequences; `ValueError` outside.

    >>> cache_bytes(facts.model("Llama 2 7B"), 4096), cache_bytes(facts.model("Mistral 7B"), 4096)
    (2147483648, 536870912)
    """
    _check_load(batch, context)
    value = gqa.bytes_per_value(CACHE_PRECISION)
    windowed = shape.n_layers // shape.sliding_every if shape.sliding_every else 0
    layers = ((windowed, shape.sliding_window), (shape.n_layers - windowed, None))
    return sum(
        gqa.kv_cache_bytes(
            gqa.kv_bytes_per_token(n, shape.n_kv_heads, shape.head_dim, value), context, batch, window
        )
        for n, window in layers
    )


def _check_load(batch: int, context: int) -> None:
    if not isinstance(batch, int) or not 1 <= batch <= MOST_SEQUENCES:
        raise ValueError(f"The batch is {batch}; choose a whole number from 1 to {MOST_SEQUENCES:,}.")
    if not isinstance(context, int) or not 0 <= context <= MOST_TOKENS:
        raise ValueError(f"The context is {context}; choose a whole number from 0 to {MOST_TOKENS:,} tokens.")


def total_bytes(shape: Model, precision: str, batch: int, context: int) -> float:
    """Bytes of weights and cache together; what a program needs beside them is not counted."""
    return weight_bytes(model_parameters(shape), precision) + cache_bytes(shape, context, batch)


def largest_batch(shape: Model, gpu: Gpu, precision: str, context: int) -> int | None:
    """Sequences of `context` tokens that fit beside the weights; 0 if not one does, None if none takes room.

    >>> largest_batch(facts.model("Llama 2 13B"), facts.gpu("A100 40GB SXM"), "FP16", 4096)
    5
    """
    free = gpu.memory_bytes - weight_bytes(model_parameters(shape), precision)
    each = cache_bytes(shape, context)
    if free < 0:
        return 0
    return int(free // each) if each else None


def smallest_card(needed: float) -> Gpu | None:
    """The card with the least memory that holds so many bytes, the slower of two; None if none here does."""
    enough = [gpu for gpu in facts.gpus() if gpu.memory_bytes >= needed]
    return min(enough, key=lambda gpu: (gpu.memory_bytes, gpu.bandwidth_gb_s), default=None)


def fit(total: float, card: Gpu) -> str:
    """Whether a card holds so many bytes: "yes", "no", or "just" if only because its GB are GiB.

    >>> [fit(n * GB, facts.gpu("RTX 4090")) for n in (24, 25, 26)]
    ['yes', 'just', 'no']
    """
    if total > card.memory_bytes:
        return "no"
    return "just" if total > card.memory_gb * GB else "yes"


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
    shapes = [facts.model(name) for name in models]
    rows = tuple(_row(shape, card, precision, batch, context) for shape in shapes)
    return Table(
        caption=f"Memory in {precision}: weights, and the cache of {_sequences(batch)} of {context:,} tokens",
        columns=_columns(card),
        rows=rows,
        finding=_finding(shapes, card, precision, batch, context),
        series=_bars(shapes, card, precision, batch, context),
        notes=(
            *card_notes({s.name: total_bytes(s, precision, batch, context) for s in shapes}, card),
            *_recalled_cards(rows, card),
            *length_notes(shapes, context),
        ),
    )


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


def _row(shape: Model, card: Gpu, precision: str, batch: int, context: int) -> dict[str, Value | Cell]:
    weights = weight_bytes(model_parameters(shape), precision)
    cache = cache_bytes(shape, context, batch)
    total = weights + cache
    room = smallest_card(total)
    return {
        "model": shape.name,
        "post": _post_memory(shape.name),
        "parameters": Cell(model_parameters(shape), shape_source(shape)),
        "weights_gb": weights / GB,
        "weights_gib": weights / GIB,
        "cache_gb": cache / GB,
        "total_gb": total / GB,
        "share_pct": Cell(100 * total / card.memory_bytes, card_source(card)),
        "fits": fit(total, card),
        "largest": largest_batch(shape, card, precision, context),
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


def _sequences(batch: int) -> str:
    return "one sequence" if batch == 1 else f"{batch:,} sequences"


def _finding(shapes: Sequence[Model], card: Gpu, precision: str, batch: int, context: int) -> str:
    totals = {shape.name: total_bytes(shape, precision, batch, context) for shape in shapes}
    fitting = [name for name, total in totals.items() if total <= card.memory_bytes]
    over = [f"{name} ({totals[name] / GB:.1f} GB)" for name in totals if name not in fitting]
    held = f"The {card.name} with its {card.memory_bytes / GB:.1f} GB"
    load = f"in {precision} with {_sequences(batch)} of {context:,} tokens"
    if not shapes:
        return "No model is chosen, so there is nothing to weigh."
    if not over:
        return f"{held} holds {_listed(fitting)} {load}."
    if not fitting:
        return f"{held} is too small for {_listed(over)} {load}."
    return f"{held} holds {_listed(fitting)} {load}, but not {_listed(over)}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def card_notes(totals: Mapping[str, float], card: Gpu) -> tuple[str, ...]:
    """Which of the models, given the bytes of each, fit just, and what is uncertain about the card."""
    close = [name for name, total in totals.items() if fit(total, card) == "just"]
    if not close:
        return doubts(card)
    return (
        f"{_listed(close)} would not fit if the card's {card.memory_gb} GB were billions of bytes; "
        f"it holds {_memory(card)}, a little of which the driver keeps.",
        *doubts(card),
    )


def doubts(card: Gpu) -> tuple[str, ...]:
    """A note on a card whose figures were not all read in their source; none on the others.

    >>> doubts(facts.gpu("T4"))
    ()
    """
    if card.verified == "yes":
        return ()
    read = "Some figures" if card.verified == "partly" else "The figures"
    return (f"{read} of the {card.name} are not read in a data sheet: {card.note}.",)


def _recalled_cards(rows: Sequence[Mapping[str, Value | Cell]], chosen: Gpu) -> tuple[str, ...]:
    """The doubts about the smallest cards named in the rows; those about the chosen one are told already."""
    cells = dict.fromkeys(cell.note for row in rows if isinstance(cell := row["smallest"], Cell))
    return tuple(note for note in cells if note and note not in doubts(chosen))


def length_notes(shapes: Sequence[Model], context: int) -> tuple[str, ...]:
    """Which models are asked for more tokens than they were trained to read."""
    beyond = [f"{s.name} ({s.trained_context:,})" for s in shapes if context > s.trained_context]
    if not beyond:
        return ()
    return (f"{context:,} tokens are more than the length these were trained on: {_listed(beyond)}.",)


def _bars(
    shapes: Sequence[Model], card: Gpu, precision: str, batch: int, context: int
) -> dict[str, list[dict[str, Value]]]:
    parts: list[dict[str, Value]] = []
    totals: list[dict[str, Value]] = []
    for shape in shapes:
        weights = weight_bytes(model_parameters(shape), precision) / GB
        total = total_bytes(shape, precision, batch, context) / GB
        bar: dict[str, Value] = {"row": shape.name, "family": family_of(shape.name)}
        parts.append({**bar, "part": "weights", "low": 0.0, "high": weights})
        parts.append({**bar, "part": "cache", "low": weights, "high": total})
        totals.append(
            {"row": shape.name, "text": f"{weights:,.1f} + {total - weights:,.1f} = {total:,.1f} GB"}
        )
    room = card.memory_bytes / GB
    limits: list[dict[str, Value]] = [{"row": shape.name, "high": room} for shape in shapes]
    name: dict[str, Value] = {"row": "", "text": f"{card.name}: {room:,.1f} GB (the tick)"}
    return {"card": [name], "parts": parts, "totals": totals, "limits": limits}
