"""Chapter 04, computed: what a window shows, how far layers pass it on, what its cache holds."""

from collections.abc import Callable, Iterable

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.facts import Model
from smallmodels.gqa.formulas import kv_bytes_per_token, kv_cache_bytes
from smallmodels.gqa.records import known_model
from smallmodels.swa.formulas import hops
from smallmodels.swa.records import GB, Context, Depth, Held, Joined, Sight, depths
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]

MOST_LAYERS = 128  # of a stack whose reach is drawn
LONGEST = 131_072  # tokens, as far as the curves of the cache are drawn
WIDEST = 1_048_576  # tokens of a window whose reach is drawn
PICTURE_LENGTH, PICTURE_LAYERS = 24, 6  # so that a picture can be read


@checked
def reach_by_layer(sliding_window: int = 4096, n_layers: int = 32) -> Table:
    """How far back a stack of windowed layers hears, layer by layer, and what the usual rounding says.

    `sliding_window` is 1 to 1,048,576 tokens and `n_layers` 1 to 128; raises ValueError outside.
    """
    _check("window", sliding_window, WIDEST)
    _check("number of layers", n_layers, MOST_LAYERS)
    whole = Depth(n_layers, sliding_window)
    shown = sorted({k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k < n_layers} | {n_layers})
    return Table(
        caption=f"Reach of a window of {sliding_window:,} tokens over {words.figures(n_layers, 'layer')}",
        columns=(
            Column("layers", "layers", format="d"),
            Column("reach", "positions back", format=",d", meaning="Layers × (window − 1), itself counted."),
            Column("rounded", "layers × window", format=",d", meaning="The product usually quoted."),
            Column("difference", "too many", format=",d"),
        ),
        rows=tuple(_reach_row(depth) for depth in depths(shown, sliding_window)),
        finding=_reach_finding(whole),
        series={
            "reach": [
                {"layers": depth.layers, "reach": depth.reach}
                for depth in depths(range(1, n_layers + 1), sliding_window)
            ],
            "marks": _made_for(Context(facts.model("Mistral 7B"))),
        },
    )


def _check(what: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise ValueError(f"The {what} is {value:,}; choose 1 to {most:,}.")


def _reach_row(depth: Depth) -> Row:
    return {
        "layers": depth.layers,
        "reach": depth.reach,
        "rounded": depth.rounded,
        "difference": depth.rounded - depth.reach,
    }


def _reach_finding(whole: Depth) -> str:
    stack = words.figures(whole.layers, "layer").capitalize()
    verb = "reaches" if whole.layers == 1 else "reach"
    if whole.sliding_window == 1:
        return f"{stack} of window 1 {verb} back no further than the token itself."
    return (
        f"{stack} of window {whole.sliding_window:,} {verb} back {words.figures(whole.reach, 'position')}, "
        f"not {whole.rounded:,}: the token itself counts, so a layer adds {whole.sliding_window - 1:,}."
    )


def _made_for(context: Context) -> list[Row]:
    """The contexts a model was trained and configured for, as lines to draw."""
    return [
        {"reach": context.trained, "text": f"{context.shape.name} was trained on {context.trained:,}"},
        {"reach": context.configured, "text": f"configured for {context.configured:,}"},
    ]


@checked
def mask(sliding_window: int = 4, n_layers: int = 3, length: int = 16, output: int = 16) -> Table:
    """Which inputs can touch one output of a short sequence, and through how many layers at least.

    Positions are counted from 1; an `output` past the end stands for the last. `length` and `sliding_window`
    are 1 to 24 and `n_layers` 1 to 6, so that the picture can be read. Raises ValueError outside.
    """
    _check_picture(sliding_window, n_layers, length)
    if output < 1:
        raise ValueError(f"There is no output {output}; they are counted from 1.")
    sight = Sight(min(output, length), length, n_layers, sliding_window)
    return Table(
        caption=(
            f"What output {sight.output} of {length} can hear of: "
            f"{words.figures(n_layers, 'layer')}, window {sliding_window}"
        ),
        columns=(
            Column("hops", "can arrive"),
            Column("inputs", "inputs", meaning="Positions, counted from 1."),
            Column("new", "how many", format="d"),
            Column("heard", "so far", format="d", meaning="With those that arrive through fewer layers."),
        ),
        rows=(*_arrivals(sight), *_losses(sight)),
        finding=_mask_finding(sight),
        notes=()
        if sight.output == output
        else (f"The sequence ends at {length}; shown is its last output.",),
        series={
            "tiles": _tiles(sight),
            "fans": _fans(sight),
            "path": [{"floor": floor, "position": first} for floor, first in _floors(sight)],
            "hops": _hops(sight),
        },
    )


def _check_picture(sliding_window: int, n_layers: int, length: int) -> None:
    _check("window of the picture", sliding_window, PICTURE_LENGTH)
    _check("number of layers in the picture", n_layers, PICTURE_LAYERS)
    _check("number of tokens in the picture", length, PICTURE_LENGTH)


def _arrivals(sight: Sight) -> Iterable[Row]:
    """A row for each number of layers."""
    for layers in range(1, sight.n_layers + 1):
        first, last = sight.brought(layers)
        yield {
            "hops": f"through {words.figures(layers, 'layer')}",
            "inputs": _span(first, last),
            "new": last - first + 1,
            "heard": sight.output - first + 1,
        }


def _losses(sight: Sight) -> Iterable[Row]:
    """What never arrives, and why."""
    far = 1, sight.oldest(sight.n_layers) - 1
    later = sight.output + 1, sight.length
    for why, (first, last) in (("never: too far back", far), ("never: still to come", later)):
        yield {"hops": why, "inputs": _span(first, last), "new": last - first + 1, "heard": None}


def _span(first: int, last: int) -> str | None:
    if last <= first:
        return str(first) if last == first else None
    return f"{first} to {last}"


def _mask_finding(sight: Sight) -> str:
    oldest = sight.oldest(sight.n_layers)
    way = f"Through {words.figures(sight.n_layers, 'layer')} of window {sight.sliding_window}"
    heard = f"{way}, output {sight.output} hears of {_inputs(oldest, sight.output)}"
    lost = f"; {_inputs(1, oldest - 1)} can never touch it." if oldest > 1 else ", the very first included."
    return heard + lost


def _inputs(first: int, last: int) -> str:
    return f"input{'s' if last > first else ''} {_span(first, last)}"


def _floors(sight: Sight) -> list[tuple[int, int]]:
    """The rows of the picture from the inputs (floor 0) up, each with its oldest position in sight."""
    return [(floor, sight.oldest(sight.n_layers - floor)) for floor in range(sight.n_layers + 1)]


def _tiles(sight: Sight) -> list[Row]:
    """A tile for each position and floor, lit where its state can still reach the output."""
    return [
        {"floor": floor, "position": position, "state": _tile(first, position, sight.output)}
        for floor, first in _floors(sight)
        for position in range(1, sight.length + 1)
    ]


def _tile(first: int, position: int, output: int) -> str:
    return "unheard" if position < first else "heard" if position <= output else "to come"


def _fans(sight: Sight) -> list[Row]:
    """What the oldest tile of each floor sees on the one below."""
    return [
        {"floor": floor, "position": start, "to_floor": floor - 1, "to_position": position}
        for floor, start in _floors(sight)[1:]
        for position in sight.sees(start)
    ]


def _hops(sight: Sight) -> list[Row]:
    """The layers that each input in sight needs."""
    return [
        {"floor": 0, "position": position, "text": str(hops(sight.output - position, sight.sliding_window))}
        for position in range(sight.oldest(sight.n_layers), sight.output + 1)
    ]


@checked
def connections(sliding_window: int = 4, n_layers: int = 3, length: int = 16) -> Table:
    """The mask of one layer, what several connect, and how many pairs they compute for it.

    `length` and `sliding_window` are 1 to 24 and `n_layers` 1 to 6, so that the picture can be read. Raises
    ValueError outside.
    """
    _check_picture(sliding_window, n_layers, length)
    joined = [Joined(depth, length) for depth in depths(range(1, n_layers + 1), sliding_window)]
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
            {
                "layers": some.depth.layers,
                "joined": some.pairs,
                "share_pct": some.share_pct,
                "windowed": some.computed,
                "full": some.full,
            }
            for some in joined
        ),
        finding=_joined_finding(joined[0], joined[-1]),
        series={"cells": _cells(sliding_window, n_layers, length)},
    )


def _joined_finding(one: Joined, stack: Joined) -> str:
    every, layers = one.full, stack.depth.layers
    return (
        f"A layer computes {one.computed} of the {words.figures(every, 'pair')}; "
        f"{words.figures(layers, 'layer')} {'joins' if layers == 1 else 'join'} "
        f"{'all of them' if stack.pairs == every else stack.pairs}."
    )


def _cells(sliding_window: int, n_layers: int, length: int) -> list[Row]:
    """Every output with every input so far, and the layers it takes; None where they are too few."""
    return [
        {"output": output, "input": position, "layers": layers if layers and layers <= n_layers else None}
        for output in range(1, length + 1)
        for position in range(1, output + 1)
        for layers in [hops(output - position, sliding_window)]
    ]


# What "context" can mean: the reading, why, and which number of the record it is.
MEANINGS: tuple[tuple[str, str, Callable[[Context], int | None]], ...] = (
    ("it was made for", "As its makers say or configure it.", lambda context: context.trained),
    ("it is configured for", "Positions.", lambda context: context.configured),
    ("a layer shows", "The window, or all that is allowed.", lambda context: context.shown),
    ("layers can pass on", "The reach and the token itself.", lambda context: context.heard),
)


@checked
def effective_context(model: str = "Mistral 7B", baseline: str = "Llama 2 7B") -> Table:
    """What "effective context" can mean, in tokens, for two models whose every layer is alike.

    Raises ValueError for a model that is not among them.
    """
    ours, theirs = (Context(known_model(name)) for name in (model, baseline))
    return Table(
        caption=f"What the context of {model} and of {baseline} can mean, in tokens",
        columns=(
            Column("meaning", "the text that"),
            Column("baseline", baseline, format=",d"),
            Column("model", model, format=",d"),
            Column("ratio", "times as much", format=".2f"),
        ),
        rows=(
            *_said_of_context(model, baseline),
            *(
                _meaning_row(meaning, _read(ours, of, why), _read(theirs, of, why))
                for meaning, why, of in MEANINGS
            ),
            _meaning_row("it finds when asked", _found(ours), _found(theirs)),
        ),
        finding=_context_finding(ours, theirs),
        notes=_recall_notes(ours, theirs),
    )


def _read(context: Context, of: Callable[[Context], int | None], why: str) -> Cell:
    return Cell(of(context), _cited(context.shape.source_id), why)


def _cited(source_id: str) -> str:
    """A source's title as a sentence, with the letter that it begins with."""
    title = facts.source(source_id).title
    return title if title.endswith((".", "?", "!")) else f"{title}."


def _found(context: Context) -> Cell:
    """How long a text may be in which it still finds things, as RULER has it."""
    if not context.recall:
        return Cell(None, note="Not among the models that RULER tested.")
    first = context.recall[0]
    scores = ", ".join(f"{row.score_pct:g} at {row.context_tokens:,}" for row in context.recall)
    why = f"{first.tested} scores {scores}; what counts is more than Llama 2 7B Chat's in its whole context."
    return Cell(context.found, _cited(first.source_id), why)


def _meaning_row(meaning: str, ours: Cell, theirs: Cell) -> dict[str, Value | Cell]:
    return {"meaning": meaning, "baseline": theirs, "model": ours, "ratio": _ratio(ours.value, theirs.value)}


def _ratio(ours: Value, theirs: Value) -> float | None:
    return float(ours) / float(theirs) if ours and theirs else None


def _said_of_context(model: str, baseline: str) -> Iterable[dict[str, Value | Cell]]:
    """The post's row, when its two models are the ones compared."""
    if (model, baseline) != ("Mistral 7B", "Llama 2 7B"):
        return
    said = next(row for row in facts.post_inference() if row.id == "context")
    title = _cited("post")
    yield _meaning_row(
        "the post gives it",
        Cell(round(said.challenger_value), title, f'Printed as "{said.challenger_text}".'),
        Cell(round(said.baseline_value), title, f'Printed as "{said.baseline_text}".'),
    )


def _context_finding(ours: Context, theirs: Context) -> str:
    window = ours.shape.sliding_window
    made = f"{ours.shape.name} was made for {_times(ours, theirs)}"
    if window is None:
        return f"{made}, and has no window."
    return f"{made}; its window shows {window:,} tokens and is no part of that."


def _times(ours: Context, theirs: Context) -> str:
    """One context beside another, in words where they are simpler."""
    ratio, parts = ours.trained / theirs.trained, theirs.trained / ours.trained
    if ours == theirs:
        return f"texts of {ours.trained:,} tokens"
    if ratio == 1:
        return f"the same context as {theirs.shape.name}"
    if parts in words.SHARES:
        return f"{words.share(round(parts))} of the context of {theirs.shape.name}"
    times = "twice" if ratio == 2 else f"{ratio:,.3g} times"
    return f"{times} the context of {theirs.shape.name}"


def _recall_notes(*contexts: Context) -> tuple[str, ...]:
    """Which of the models nobody asked, when one of them was not."""
    untested = dict.fromkeys(context.shape.name for context in contexts if context.found is None)
    if not untested:
        return ()
    return (f"RULER, the test collection of the last row, did not test {words.listed(untested, 'or')}.",)


@checked
def cache_by_context(model: str = "Mistral 7B", sliding_window: int = 4096, context: int = 32_768) -> Table:
    """One sequence's cache in FP16 as it grows, with a window's rolling buffer and with all tokens kept.

    A model of `gqa.MODELS`, whose layers are all alike, can be given any window, to see what it would do.
    `sliding_window` and `context` are 1 to 131,072 tokens; raises ValueError outside and for another model.
    """
    shape = known_model(model)
    _check("window", sliding_window, LONGEST)
    _check("context", context, LONGEST)
    token = kv_bytes_per_token(shape.n_layers, shape.n_kv_heads, shape.head_dim)
    sizes = {
        n: Held(n, kv_cache_bytes(token, n, sliding_window=sliding_window), kv_cache_bytes(token, n))
        for n in sorted({*(2**k for k in range(10, 18)), sliding_window, context, LONGEST})
    }
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
        rows=tuple(_held_row(size) for size in sizes.values()),
        finding=_rolling_finding(model, sizes[context]),
        notes=_foreign_window(shape, sliding_window),
        series=_cache_curves(sizes, sliding_window, context),
    )


def _held_row(size: Held) -> Row:
    return {
        "context": size.context,
        "rolling_gb": size.rolling_bytes / GB,
        "full_gb": size.full_bytes / GB,
        "factor": size.factor,
    }


def _cache_curves(sizes: dict[int, Held], bend: int, context: int) -> dict[str, list[Row]]:
    """Both caches in GB over the context: the lines with their bend, the chosen point, their names."""
    ends = [
        {**row, "text": row["cache"], "side": side}
        for row, side in zip(_both(sizes[LONGEST]), ("over", "left"), strict=True)
    ]
    corners = [_both(sizes[n]) for n in (min(sizes), bend, LONGEST)]
    rolling, full = zip(*corners, strict=True)
    return {"caches": [*rolling, *full], "here": [*_both(sizes[context])], "ends": ends}


def _both(size: Held) -> tuple[Row, Row]:
    return (
        {"context": size.context, "gb": size.rolling_bytes / GB, "cache": "rolling"},
        {"context": size.context, "gb": size.full_bytes / GB, "cache": "all kept"},
    )


def _rolling_finding(model: str, size: Held) -> str:
    full, after = size.full_bytes / GB, f"After {words.figures(size.context, 'token')}"
    if size.factor == 1:
        return f"{after} both caches of {model} hold {full:,.3f} GB: nothing has rolled yet."
    return (
        f"{after} the rolling cache of {model} holds {size.rolling_bytes / GB:,.3f} GB, and one that keeps "
        f"all tokens {size.factor:,.1f} times as much."
    )


def _foreign_window(shape: Model, sliding_window: int) -> tuple[str, ...]:
    if shape.sliding_window is None:
        return (
            f"{shape.name} has no window. One of {words.figures(sliding_window, 'token')} would save so much "
            "and break the model: trained without, it loses the thread once its first tokens are gone "
            "(attention sinks; Xiao and others, 2023).",
        )
    own = f"The window of {shape.name} is {shape.sliding_window:,} tokens."
    return () if sliding_window == shape.sliding_window else (own,)
