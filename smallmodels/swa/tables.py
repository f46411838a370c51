"""Chapter 04, computed: what a window shows, how far layers pass it on, what its cache holds."""

from collections.abc import Iterable

from smallmodels import facts, words
from smallmodels.facts import Model
from smallmodels.gqa import MODELS, known_model
from smallmodels.gqa.formulas import kv_bytes_per_token, kv_cache_bytes
from smallmodels.swa.formulas import hops, reach, visible_pairs
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]


def reach_by_layer(sliding_window: int = 4096, n_layers: int = 32) -> Table:
    """How far back a stack of windowed layers hears, layer by layer, and what the usual rounding says.

    Raises ValueError for a window or a number of layers below 1.
    """
    total = reach(n_layers, sliding_window)
    shown = sorted({k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k < n_layers} | {n_layers})
    rows = tuple(
        {
            "layers": k,
            "reach": reach(k, sliding_window),
            "rounded": k * sliding_window,
            "difference": k * sliding_window - reach(k, sliding_window),
        }
        for k in shown
    )
    return Table(
        caption=f"Reach of a window of {sliding_window:,} tokens over {words.figures(n_layers, 'layer')}",
        columns=(
            Column("layers", "layers", format="d"),
            Column("reach", "positions back", format=",d", meaning="Layers × (window − 1), itself counted."),
            Column("rounded", "layers × window", format=",d", meaning="The product usually quoted."),
            Column("difference", "too many", format=",d"),
        ),
        rows=rows,
        finding=(
            f"{words.figures(n_layers, 'layer').capitalize()} of window {sliding_window:,} "
            f"{'reaches' if n_layers == 1 else 'reach'} back {total:,} positions, not "
            f"{n_layers * sliding_window:,}: the token itself counts, so a layer adds {sliding_window - 1:,}."
        ),
        series={
            "reach": [{"layers": k, "reach": reach(k, sliding_window)} for k in range(1, n_layers + 1)],
            "marks": _made_for(facts.model("Mistral 7B")),
        },
    )


def _made_for(shape: Model) -> list[Row]:
    """The contexts a model was trained and configured for, as lines to draw."""
    trained, allowed = shape.trained_context, shape.configured_context
    return [
        {"reach": trained, "text": f"{shape.name} was trained on {trained:,}"},
        {"reach": allowed, "text": f"configured for {allowed:,}"},
    ]


def mask(sliding_window: int = 4, n_layers: int = 3, length: int = 16, output: int = 16) -> Table:
    """Which inputs can touch one output of a short sequence, and through how many layers at least.

    Positions are counted from 1; an `output` past the end stands for the last. `length` is 1 to 24 and
    `n_layers` 1 to 6, so that the picture can be read. Raises ValueError outside.
    """
    _check_picture(length, n_layers)
    shown = _inside(output, length)
    oldest = [max(1, shown - k * (sliding_window - 1)) for k in range(n_layers + 1)]
    assert oldest[-1] == max(1, shown - reach(n_layers, sliding_window))
    return Table(
        caption=(
            f"What output {shown} of {length} can hear of: "
            f"{words.figures(n_layers, 'layer')}, window {sliding_window}"
        ),
        columns=(
            Column("hops", "can arrive"),
            Column("inputs", "inputs", meaning="Positions, counted from 1."),
            Column("new", "how many", format="d"),
            Column("heard", "so far", format="d", meaning="With those that arrive through fewer layers."),
        ),
        rows=tuple(_mask_rows(oldest, shown, length)),
        finding=_mask_finding(oldest[-1], shown, n_layers, sliding_window),
        notes=() if shown == output else (f"The sequence ends at {length}; shown is its last output.",),
        series=_tower(oldest, shown, length, sliding_window),
    )


def _check_picture(length: int, n_layers: int) -> None:
    if not 1 <= length <= 24 or not 1 <= n_layers <= 6:
        raise ValueError(f"The picture takes 1 to 24 tokens and 1 to 6 layers, not {length} and {n_layers}.")


def _inside(output: int, length: int) -> int:
    if output < 1:
        raise ValueError(f"There is no output {output}; they are counted from 1.")
    return min(output, length)


def _mask_rows(oldest: list[int], output: int, length: int) -> Iterable[Row]:
    """A row for each number of layers, then what never arrives; `oldest` is after 0, 1, ... layers."""
    for k, first in enumerate(oldest[1:], 1):
        last = output if k == 1 else oldest[k - 1] - 1  # what fewer layers bring comes before
        arrival = f"through {words.figures(k, 'layer')}"
        yield {
            "hops": arrival,
            "inputs": _span(first, last),
            "new": last - first + 1,
            "heard": output - first + 1,
        }
    far, later = (1, oldest[-1] - 1), (output + 1, length)
    for why, (first, last) in (("never: too far back", far), ("never: still to come", later)):
        yield {"hops": why, "inputs": _span(first, last), "new": last - first + 1, "heard": None}


def _span(first: int, last: int) -> str | None:
    if last <= first:
        return str(first) if last == first else None
    return f"{first} to {last}"


def _mask_finding(oldest: int, output: int, n_layers: int, sliding_window: int) -> str:
    way = f"Through {words.figures(n_layers, 'layer')} of window {sliding_window}"
    heard = f"{way}, output {output} hears of {_inputs(oldest, output)}"
    lost = f"; {_inputs(1, oldest - 1)} can never touch it." if oldest > 1 else ", the very first included."
    return heard + lost


def _inputs(first: int, last: int) -> str:
    return f"input{'s' if last > first else ''} {_span(first, last)}"


def _tower(oldest: list[int], output: int, length: int, sliding_window: int) -> dict[str, list[Row]]:
    """The picture: a row of tiles for each layer above the inputs, and the longest way down.

    A tile is lit when its state can still reach the output; `oldest` is the first lit one after 0, 1, ...
    layers, counted from the top.
    """
    floors = list(enumerate(reversed(oldest)))  # 0 is the row of inputs
    tiles: list[Row] = [
        {"floor": floor, "position": position, "state": _tile(first, position, output)}
        for floor, first in floors
        for position in range(1, length + 1)
    ]
    return {
        "tiles": tiles,
        "fans": [
            {"floor": floor, "position": start, "to_floor": floor - 1, "to_position": position}
            for floor, start in floors[1:]
            for position in range(max(1, start - sliding_window + 1), start + 1)
        ],
        "path": [{"floor": floor, "position": first} for floor, first in floors],
        "hops": [
            {"floor": 0, "position": position, "text": str(hops(output - position, sliding_window))}
            for position in range(oldest[-1], output + 1)
        ],
    }


def _tile(first: int, position: int, output: int) -> str:
    return "unheard" if position < first else "heard" if position <= output else "to come"


def connections(sliding_window: int = 4, n_layers: int = 3, length: int = 16) -> Table:
    """The mask of one layer, what several connect, and how many pairs they compute for it.

    `length` is 1 to 24 and `n_layers` 1 to 6, so that the picture can be read. Raises ValueError outside.
    """
    _check_picture(length, n_layers)
    every, one = visible_pairs(length), visible_pairs(length, sliding_window)
    joined = [visible_pairs(length, reach(k, sliding_window) + 1) for k in range(1, n_layers + 1)]
    return Table(
        caption=f"Pairs of {length} tokens: which the layers join, and which they compute",
        columns=(
            Column("layers", "layers", format="d"),
            Column("joined", "joined pairs", format=",d", meaning="The input can touch the output."),
            Column("share_pct", "of all", "%", ".0f", "Of the pairs in which the input does not lie ahead."),
            Column("windowed", "computed", format=",d", meaning="Scores of one head, in so many layers."),
            Column("full", "without a window", format=",d", meaning="Scores that full attention computes."),
        ),
        rows=tuple(
            {"layers": k, "joined": n, "share_pct": 100 * n / every, "windowed": k * one, "full": k * every}
            for k, n in enumerate(joined, 1)
        ),
        finding=(
            f"A layer computes {one} of the {every} pairs; {words.figures(n_layers, 'layer')} "
            f"{'joins' if n_layers == 1 else 'join'} {'all of them' if joined[-1] == every else joined[-1]}."
        ),
        series={"cells": _cells(sliding_window, n_layers, length)},
    )


def _cells(sliding_window: int, n_layers: int, length: int) -> list[Row]:
    """Every output with every input so far, and the layers it takes; None where they are too few."""
    return [
        {"output": output, "input": position, "layers": layers if layers and layers <= n_layers else None}
        for output in range(1, length + 1)
        for position in range(1, output + 1)
        for layers in [hops(output - position, sliding_window)]
    ]


LONGEST = 131_072  # tokens, as far as the curves of the cache are drawn


LATER = ("Mistral 7B v0.2", "Mistral 7B v0.3")  # the same model without the window


def effective_context(model: str = "Mistral 7B", baseline: str = "Llama 2 7B") -> Table:
    """What "effective context" can mean, in tokens, for two models whose every layer is alike.

    Raises ValueError for a model that is not among them.
    """
    shapes = [_known_context(name) for name in (model, baseline)]
    meanings: dict[str, tuple[str, list[int | None]]] = {
        "it was made for": (
            "As its makers say or configure it.",
            [s.trained_context for s in shapes],
        ),
        "it is configured for": ("Positions.", [s.configured_context for s in shapes]),
        "a layer shows": ("The window, or all that is allowed.", [_shown(s) for s in shapes]),
        "layers can pass on": ("The reach and the token itself.", [_heard(s) for s in shapes]),
        "it finds when asked": ("No figure in this book says.", [None, None]),
    }
    rows = [_meaning_row(meaning, why, values, shapes) for meaning, (why, values) in meanings.items()]
    return Table(
        caption=f"What the context of {model} and of {baseline} can mean, in tokens",
        columns=(
            Column("meaning", "the text that"),
            Column("baseline", baseline, format=",d"),
            Column("model", model, format=",d"),
            Column("ratio", "times as much", format=".2f"),
        ),
        rows=(*_said_of_context(model, baseline), *rows),
        finding=_context_finding(*shapes),
    )


def _known_context(name: str) -> Model:
    if name not in MODELS + LATER:
        raise ValueError(f"There is no context of {name!r} here; choose one of {', '.join(MODELS + LATER)}.")
    return facts.model(name)


def _shown(shape: Model) -> int:
    return shape.sliding_window or shape.configured_context


def _heard(shape: Model) -> int:
    """Tokens that can touch an output, itself included; without a window all that are allowed."""
    window = shape.sliding_window
    return reach(shape.n_layers, window) + 1 if window else shape.configured_context


def _meaning_row(
    meaning: str, why: str, values: list[int | None], shapes: list[Model]
) -> dict[str, Value | Cell]:
    ours, theirs = (
        Cell(value, words.sentence(facts.source(shape.source_id).title) if value else "", why)
        for value, shape in zip(values, shapes, strict=True)
    )
    ratio = values[0] / values[1] if values[0] and values[1] else None
    return {"meaning": meaning, "baseline": theirs, "model": ours, "ratio": ratio}


def _said_of_context(model: str, baseline: str) -> Iterable[dict[str, Value | Cell]]:
    """The post's row, when its two models are the ones compared."""
    if (model, baseline) != ("Mistral 7B", "Llama 2 7B"):
        return
    said = next(row for row in facts.post_inference() if row.id == "context")
    title = words.sentence(facts.source("post").title)
    yield {
        "meaning": "the post gives it",
        "baseline": Cell(round(said.baseline_value), title, f'Printed as "{said.baseline_text}".'),
        "model": Cell(round(said.challenger_value), title, f'Printed as "{said.challenger_text}".'),
        "ratio": said.challenger_value / said.baseline_value,
    }


def _context_finding(shape: Model, baseline: Model) -> str:
    made = (
        f"{shape.name} was made for {shape.trained_context / baseline.trained_context:.3g} times the context "
        f"of {baseline.name}"
    )
    window = shape.sliding_window
    if window is None:
        return f"{made}, and has no window."
    return f"{made}; its window shows {window:,} tokens and is no part of that."


def cache_by_context(model: str = "Mistral 7B", sliding_window: int = 4096, context: int = 32_768) -> Table:
    """One sequence's cache in FP16 as it grows, with a window's rolling buffer and with all tokens kept.

    Any model can be given any window, to see what it would do. Raises ValueError for an unknown model, and
    for a window or a context below 1 or a context above 131,072.
    """
    shape = known_model(model)
    if sliding_window < 1 or not 1 <= context <= LONGEST:
        raise ValueError(f"Take a window of 1 or more and 1 to {LONGEST:,} tokens of context.")
    token = kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim)
    sizes = {
        n: (kv_cache_bytes(token, n, sliding_window=sliding_window) / 1e9, kv_cache_bytes(token, n) / 1e9)
        for n in sorted({*(2**k for k in range(10, 18)), sliding_window, context, LONGEST})
    }
    rolling, full = sizes[context]
    return Table(
        caption=f"The cache of {model} in FP16: one sequence, with and without a window",
        columns=(
            Column("context", "tokens so far", format=",d"),
            Column(
                "rolling_gb",
                "rolling",
                "GB",
                ",.3f",
                "The newest tokens, a window of them; GB is 10^9 bytes.",
            ),
            Column("full_gb", "all kept", "GB", ",.3f"),
            Column("factor", "times as much", format=",.1f"),
        ),
        rows=tuple(
            {"context": n, "rolling_gb": some, "full_gb": all_, "factor": all_ / some}
            for n, (some, all_) in sizes.items()
            if n <= LONGEST
        ),
        finding=_rolling_finding(model, context, rolling, full),
        notes=_foreign_window(shape, sliding_window),
        series=_cache_curves(sizes, min(sliding_window, LONGEST), context),
    )


def _cache_curves(sizes: dict[int, tuple[float, float]], bend: int, context: int) -> dict[str, list[Row]]:
    """Both caches in GB over the context: the lines with their bend, the chosen point, their names."""
    ways = (("rolling", "over"), ("all kept", "left"))
    return {
        "caches": [
            {"context": n, "gb": sizes[n][way], "cache": name}
            for way, (name, _) in enumerate(ways)
            for n in (min(sizes), bend, LONGEST)
        ],
        "here": [
            {"context": context, "gb": sizes[context][way], "cache": name}
            for way, (name, _) in enumerate(ways)
        ],
        "ends": [
            {"context": LONGEST, "gb": sizes[LONGEST][way], "cache": name, "text": name, "side": side}
            for way, (name, side) in enumerate(ways)
        ],
    }


def _rolling_finding(model: str, context: int, rolling: float, full: float) -> str:
    if rolling == full:
        return f"After {context:,} tokens both caches of {model} hold {full:,.3f} GB: nothing has rolled yet."
    return (
        f"After {context:,} tokens the rolling cache of {model} holds {rolling:,.3f} GB, and one that keeps "
        f"all tokens {full / rolling:,.1f} times as much."
    )


def _foreign_window(shape: Model, sliding_window: int) -> tuple[str, ...]:
    if shape.sliding_window is None:
        return (
            f"{shape.name} has no window. One of {sliding_window:,} tokens would save so much and break the "
            "model: trained without, it loses the thread once its first tokens are gone "
            "(attention sinks; Xiao and others, 2023).",
        )
    own = f"The window of {shape.name} is {shape.sliding_window:,} tokens."
    return () if sliding_window == shape.sliding_window else (own,)
