"""What decoding reads, and so how fast it can be: bytes per step of weights and of keys and values."""

from smallmodels import memory
from smallmodels.attention import bytes_per_value, known_model, kv_bytes_per_token, kv_cache_bytes
from smallmodels.facts import Model
from smallmodels.table import Column, Table, Value

CONTEXTS = (0, 512, 1024, 2048, 4096, 8192, 16_384, 32_768)


def step_bytes(weight_bytes: float, kv_bytes: float) -> float:
    """Bytes one decoding step reads: every weight it multiplies with, once, and the keys and values held.

    Source: Pope et al. 2022, section 2.1. The input embedding is looked up, not read: leave it out of the
    weights. Mistral 7B in FP16 with 4,096 tokens cached:

    >>> step_bytes(2 * 7_110_660_096, 4096 * 131_072)
    14758191104
    """
    return weight_bytes + kv_bytes


def model_step_bytes(shape: Model, context: int, batch: int = 1, precision: str = "FP16") -> float:
    """Bytes a step of a true model reads, weights and cache in one precision, the cache rolling."""
    value = bytes_per_value(precision)
    token = kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim, value)
    return step_bytes(
        _read_weights(shape) * value, kv_cache_bytes(token, context, batch, shape.sliding_window)
    )


def break_even_tokens(challenger: Model, baseline: Model) -> float | None:
    """Cached tokens, over all sequences, at which two models read the same bytes per step; None if nowhere.

    Weights and cache in one precision, which then cancels. Below it the one with fewer weights is faster,
    above it the one with fewer key-value heads. Windows are not looked at.
    """
    more_weights = _read_weights(challenger) - _read_weights(baseline)
    less_cache = _kv_values(baseline) - _kv_values(challenger)
    return more_weights / less_cache if less_cache and more_weights / less_cache > 0 else None


def _read_weights(shape: Model) -> int:
    """Weights a step multiplies with: all but the rows of an embedding of its own."""
    return memory.model_parameters(shape) - (0 if shape.tied else shape.vocab_size * shape.d_model)


def _kv_values(shape: Model) -> float:
    return kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim, 1)


def break_even(
    challenger: str = "Mistral 7B", baseline: str = "Llama 2 7B", batch: int = 1, precision: str = "FP16"
) -> Table:
    """When shared heads pay: bytes that two models read per decoding step, context by context.

    Raises ValueError for an unknown model or precision, or a batch below 1.
    """
    ours, theirs = known_model(challenger), known_model(baseline)
    rows = [_step_row(ours, theirs, context, batch, precision) for context in CONTEXTS]
    steps: list[dict[str, Value]] = [
        {"cached": row["cached"], "speed_pct": row["speed_pct"]} for row in rows if row["cached"]
    ]
    return Table(
        caption=f"Bytes one decoding step reads in {precision}, batch {batch:,}",
        columns=(
            Column("context", "tokens per sequence", format=",d"),
            Column("cached", "tokens in flight", format=",d", meaning="Batch × tokens per sequence."),
            Column("challenger_gb", challenger, "GB", ",.2f", "GB is 10^9 bytes; a window caps the cache."),
            Column("baseline_gb", baseline, "GB", ",.2f", "GB is 10^9 bytes."),
            Column("speed_pct", "speed gained", "%", "+.1f", "If bytes alone decide: what a step saves."),
        ),
        rows=tuple(rows),
        finding=_break_even_finding(ours, theirs),
        notes=_beyond_training(ours, theirs),
        series={"steps": steps},
    )


def _step_row(ours: Model, theirs: Model, context: int, batch: int, precision: str) -> dict[str, Value]:
    a = model_step_bytes(ours, context, batch, precision)
    b = model_step_bytes(theirs, context, batch, precision)
    return {
        "context": context,
        "cached": batch * context,
        "challenger_gb": a / 1e9,
        "baseline_gb": b / 1e9,
        "speed_pct": 100 * (b / a - 1),
    }


def _break_even_finding(ours: Model, theirs: Model) -> str:
    tokens = break_even_tokens(ours, theirs)
    if ours.name == theirs.name:
        return f"{ours.name} reads as much as itself."
    if tokens is None:
        less = ours.name if _read_weights(ours) < _read_weights(theirs) else theirs.name
        return f"{less} reads fewer weights and no more keys and values, so it is the faster at every length."
    few, shared = (theirs, ours) if _read_weights(theirs) < _read_weights(ours) else (ours, theirs)
    return (
        f"{few.name} is faster up to {tokens:,.0f} tokens in flight, where both read the same; "
        f"beyond, the smaller cache of {shared.name} pays."
    )


def _beyond_training(ours: Model, theirs: Model) -> tuple[str, ...]:
    return tuple(
        f"{m.name} was trained on {m.trained_context:,} tokens; longer rows say what it would read, no more."
        for m in dict.fromkeys((ours, theirs))
        if m.trained_context < CONTEXTS[-1]
    )
