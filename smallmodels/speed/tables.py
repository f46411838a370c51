"""Chapter 05, how fast: the ceiling of decoding, what a lead takes, and what was measured.

A roofline gives a ceiling for programs that write one token per reading, never a forecast; `measured` sets
it against published measurements. What heads that are shared must read (`break_even`) is shown in chapter 03.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log

from smallmodels import facts, memory, swa, words
from smallmodels.arguments import checked
from smallmodels.facts import Model, PostInference, family_of
from smallmodels.memory import GB, weight_bytes
from smallmodels.speed.formulas import K, difference_pct, step_bytes
from smallmodels.speed.records import (
    BASELINE,
    CHALLENGER,
    POST_GPU,
    Comparison,
    Lead,
    Measurement,
    Shared,
    Step,
    claimed,
    claims,
    comparison,
    post_row,
    published,
    read_bytes,
    shared,
    token_bytes,
    tokens_for_lead,
    without_card,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value | Cell]
Records = list[dict[str, Value]]
EQUAL_PCT = 0.05  # a smaller difference is none, to the digit that is shown
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LONGEST, SHORTEST, POINTS = 32768, 128, 24  # what the chart's lines span, in tokens, and points of a line


@checked
def inference(gpu: str = POST_GPU, precision: str = "FP16", batch: int = 1, context: int = 0) -> Table:
    """The post's third table beside a roofline's: Llama 2 7B and Mistral 7B on one card.

    `precision` is that of the weights, `context` the tokens already cached in each of `batch` sequences; with
    none the ceiling is highest. Raises `ValueError` for names that are not in `data/` and loads outside 1 to
    4,096 sequences of 0 to 2^20 tokens.
    """
    two = comparison(gpu, precision, batch, context)
    return Table(
        caption=f"{two.card.name}: {two.ours.condition}",
        columns=_columns(),
        rows=(*_post_rows(two), *_own_rows(two)),
        finding=_finding(two),
        series=_series(two),
        notes=_notes(two),
    )


def _columns() -> tuple[Column, ...]:
    post, ours = "As the post's third table prints it.", "Computed by this book; a speed is a ceiling."
    return (
        Column("metric", "metric", meaning="GB is 10^9 bytes; K tokens are 1,024 tokens."),
        Column("baseline_post", f"{BASELINE}, the post", meaning=post),
        Column("baseline", f"{BASELINE}, computed", "", ",.2f", ours),
        Column("challenger_post", f"{CHALLENGER}, the post", meaning=post),
        Column("challenger", f"{CHALLENGER}, computed", "", ",.2f", ours),
        Column("improvement_post", "improvement, the post", meaning=post),
        Column("improvement", "difference, computed", "%", "+,.1f", f"{CHALLENGER} against {BASELINE}."),
        Column("remark", "remark"),
    )


def _row(
    metric: str,
    pair: Sequence[float | str | None],
    post: PostInference | None = None,
    remark: str = "",
    differ: bool = True,
) -> Row:
    theirs, ours = pair
    row: Row = {"metric": metric, "baseline": theirs, "challenger": ours, "remark": remark}
    if differ and isinstance(theirs, int | float) and isinstance(ours, int | float) and theirs:
        row["improvement"] = difference_pct(ours, theirs)
    if post:
        source = "The post, third table."
        row["baseline_post"] = Cell(post.baseline_text, source)
        row["challenger_post"] = Cell(post.challenger_text, source)
        row["improvement_post"] = Cell(post.improvement_text, source)
    return row


def _post_rows(two: Comparison) -> list[Row]:
    """The rows of the post's table, its speeds followed by what share of the ceiling they are."""
    counts = [memory.model_parameters(step.shape) for step in two.steps]
    fp16, int4 = ([weight_bytes(n, precision) / GB for n in counts] for precision in ("FP16", "INT4"))
    trained = [step.shape.trained_context / K for step in two.steps]
    size = post_row("memory-fp16")
    return [
        _speed_row(two),
        _row(
            "the post's speed, of that (%)",
            two.shares or (None, None),
            remark=_share_remark(two),
            differ=False,
        ),
        _row("memory, FP16 (GB)", fp16, size, _size_remark(size, fp16)),
        _row("memory, 4-bit (GB)", int4, post_row("memory-4bit"), _file_remark()),
        _row("effective context (K tokens)", trained, post_row("context"), "the length it was trained on"),
    ]


def _speed_row(two: Comparison) -> Row:
    """The two ceilings, each with the data sheets it is worked out from."""
    whose = " of all sequences together" if two.batch > 1 else ""
    row = _row(f"inference speed{whose}, at most (tokens/s)", two.speeds, post_row("speed"))
    for role, step, speed in zip(("baseline", "challenger"), two.steps, two.speeds, strict=True):
        row[role] = Cell(speed, f"{memory.card_source(two.card)} {memory.shape_source(step.shape)}")
    return row


def _own_rows(two: Comparison) -> list[Row]:
    """What the post leaves out: the step's bytes and FLOPs, cache and total, the window and its reach."""
    windows = [step.shape.sliding_window for step in two.steps]
    layers = [step.shape.n_layers for step in two.steps]
    reaches = [swa.reach(n, w) / K if w else None for n, w in zip(layers, windows, strict=True)]
    flops = [step.n_flops / 1e9 for step in two.steps]
    caches = [step.cache_bytes / GB for step in two.steps]
    totals = [step.total_bytes / GB for step in two.steps]
    fits = [memory.fit(step.total_bytes, two.card) for step in two.steps]
    return [
        _row("each sequence gets, at most (tokens/s)", [speed / two.batch for speed in two.speeds]),
        _row("read in a step (GB)", [step.n_bytes / GB for step in two.steps]),
        _row("computed in a step (GFLOP)", flops, remark=_limit(two)),
        _row("keys and values (GB)", caches, remark=f"in {memory.CACHE_PRECISION}"),
        _row("with the weights (GB)", totals, remark=f"the card: {two.card.memory_bytes / GB:.1f} GB"),
        _row("fits on the card", fits, differ=False),
        _row("window (K tokens)", [w / K if w else None for w in windows]),
        _row("reach, all layers (K tokens)", reaches, remark="layers × (window − 1)"),
    ]


def _share_remark(two: Comparison) -> str:
    if two.shares is None:
        return "for one sequence only" if two.batch > 1 else "only where both fit"
    if len(two.above) == 2:
        return "neither can be had here"
    return f"{two.above[0]}'s cannot be had here" if two.above else "both are below the ceiling"


def _size_remark(post: PostInference, sizes: Sequence[float]) -> str:
    printed = zip((BASELINE, CHALLENGER), (post.baseline_value, post.challenger_value), sizes, strict=True)
    off = [
        f"{name}: {words.signed(size - said, 2)} GB" for name, said, size in printed if round(size, 1) != said
    ]
    return ", ".join(off) or "as the post says"


def _file_remark() -> str:
    """The published 4-bit files, which keep some layers wider than the arithmetic does."""
    files = {f.model: f for f in facts.weight_files() if f.format == "GGUF"}
    sizes = " and ".join(f"{files[name].size_bytes / GB:.2f}" for name in (BASELINE, CHALLENGER))
    return f"{files[BASELINE].precision} files: {sizes} GB"


def _limit(two: Comparison) -> str:
    by_memory = [step.reads_longer(two.card) for step in two.steps]
    if all(by_memory):
        return "reading takes longer"
    return "for one, this takes longer" if any(by_memory) else "this takes longer"


def _finding(two: Comparison) -> str:
    theirs, ours = two.speeds
    gets, together = "would get" if two.unfit else "gets", " together" if two.batch > 1 else ""
    condition = {0: "", 1: f"If {''.join(two.unfit)} fitted, ", 2: "If both fitted, "}[len(two.unfit)]
    most = f"{CHALLENGER} {gets} at most {ours:,.1f} tokens/s and {BASELINE} {theirs:,.1f}{together}"
    return f"{condition}{most}, so {_compared(ours, theirs)}."


def _compared(ours: float, theirs: float) -> str:
    difference = difference_pct(ours, theirs)
    if abs(difference) < EQUAL_PCT:
        return "the two are equally fast"
    if ours >= 2 * theirs:
        return f"{CHALLENGER} is {ours / theirs:.1f} times as fast"
    return f"{CHALLENGER} is {abs(difference):.1f}% {'faster' if difference > 0 else 'slower'}"


def _post_verdict(two: Comparison) -> str:
    return {
        0: "The post's speeds stay below the ceilings.",
        1: f"The post's speed of {''.join(two.above)} is above its ceiling.",
        2: "Both of the post's speeds are above their ceilings.",
    }[len(two.above)]


def _notes(two: Comparison) -> tuple[str, ...]:
    even = tokens_for_lead(two.ours.shape, two.theirs.shape, two.ours.precision)
    notes = [f"By bytes alone the two are equal at {even:,.0f} cached tokens, all sequences taken together."]
    if two.shares:
        notes.append(_post_verdict(two))
    if two.unfit:
        names = words.listed(two.unfit)
        notes.append(
            f"Weights and cache of {names} do not fit; the speed is what the card could do if they did."
        )
    return (*notes, *memory.card_notes(two.steps, two.card), *memory.length_notes(two.steps))


def _series(two: Comparison) -> dict[str, Records]:
    first = _first_tokens(two.batch) * two.batch
    here = [_point(step, two) for step in two.steps]
    cached = max(first, two.batch * two.ours.context)
    return {
        "lines": [point for step in two.steps for point in _line(step, two)],
        "here": [{**point, "tokens": cached} for point in here],
        "names": [_name_tag(step, two) for step in two.steps],
        "even": _even(two),
        "claims": _claim_rules() if two.batch == 1 else [],
    }


def _name_tag(step: Step, two: Comparison) -> dict[str, Value]:
    """A model's name and its place: over the end of the line that ends flat, under the one that falls."""
    points = _line(step, two)
    flat = step.shape.sliding_window is not None
    point = points[-1] if flat else points[3 * len(points) // 5]
    return {**point, "text": step.shape.name, "side": "over" if flat else "under"}


def _first_tokens(batch: int) -> int:
    # A logarithmic axis has no zero: lines begin where the cache weighs nothing beside the weights.
    return max(1, SHORTEST // batch)


def _point(step: Step, two: Comparison) -> dict[str, Value]:
    return {
        "model": step.shape.name,
        "family": family_of(step.shape.name),
        "tokens": step.batch * step.context,
        "speed": _drawn(step.tokens_per_second(two.card)),
    }


def _drawn(number: float) -> float:
    # Five digits are more than a picture shows, and far fewer to send than sixteen.
    return float(f"{number:.5g}")


def _line(step: Step, two: Comparison) -> Records:
    """A model's ceiling over cached tokens, the spacing even on a logarithmic axis."""
    first, last = log(_first_tokens(step.batch)), log(max(LONGEST, step.context))
    contexts = {round(exp(first + (last - first) * i / (POINTS - 1))) for i in range(POINTS)}
    # The line turns where a window is full, and passes through the dot.
    turns = {n for n in (step.context, step.shape.sliding_window or 0) if n >= min(contexts)}
    return [_point(replace(step, context=n), two) for n in sorted(contexts | turns)]


def _even(two: Comparison) -> Records:
    """Where the two lines cross, if memory is what limits both there."""
    shape, precision = two.ours.shape, two.ours.precision
    even = tokens_for_lead(shape, two.theirs.shape, precision) or 0.0
    there = [replace(step, context=round(even / two.batch)) for step in two.steps]
    if not all(step.reads_longer(two.card) for step in there):
        return []
    n_bytes = step_bytes(read_bytes(shape, precision), even * token_bytes(shape))
    speed = two.batch * two.card.bandwidth_gb_s * GB / n_bytes
    return [{"tokens": even, "speed": _drawn(speed), "text": f"equal at {even:,.0f} tokens"}]


def _claim_rules() -> Records:
    texts = {BASELINE: post_row("speed").baseline_text, CHALLENGER: post_row("speed").challenger_text}
    return [
        {"speed": speed, "family": family_of(model), "text": f"the post: {texts[model]}", "side": side}
        for (model, speed), side in zip(claims().items(), ("under", "over"), strict=True)
    ]


@checked
def lead(ratio: float = 1.25, precision: str = "FP16", gpu: str = POST_GPU) -> Table:
    """How long a batch's sequences must be for Mistral 7B to read `ratio` times fewer bytes than Llama 2 7B.

    `ratio` is 1 to 5 and the default is the post's +25%. Raises `ValueError` outside, and for names not in
    `data/`.
    """
    if not 1 <= ratio <= 5:
        raise ValueError(f"A lead of {ratio} times is not shown; choose one from 1 to 5.")
    card = facts.gpu(gpu)
    leads = [Lead(batch, ratio, precision, card) for batch in BATCHES]
    return Table(
        caption=f"What makes {CHALLENGER} {_times(ratio)} as {BASELINE}, weights in {precision}",
        columns=_lead_columns(card.name),
        rows=tuple(_lead_row(lead) for lead in leads),
        finding=_lead_finding(leads),
        notes=(
            "Cached tokens of all sequences together; fewer where the window helps. A batch can show it "
            f"within {BASELINE}'s training length, where it fits and memory is the limit.",
            *memory.doubts(card),
        ),
    )


def _lead_columns(card: str) -> tuple[Column, ...]:
    trained = f"{BASELINE} was trained on {facts.model(BASELINE).trained_context:,}."
    return (
        Column("batch", "sequences", format="d"),
        Column("each", "tokens in each", format=",d", meaning="Cached tokens of one sequence, rounded up."),
        Column("together", "tokens together", format=",d", meaning="Of all sequences."),
        Column("trained", "within its training", meaning=trained),
        Column("total_gb", f"{BASELINE} then takes", "GB", ",.1f", "Weights and cache; GB is 10^9 bytes."),
        Column("fits", f"fits the {card}"),
        Column("reads", "memory is the limit", meaning="If computing takes longer, bytes do not decide."),
    )


def _times(ratio: float) -> str:
    return "as fast" if ratio == 1 else f"{ratio:g} times as fast"


def _lead_row(lead: Lead) -> Row:
    return {
        "batch": lead.batch,
        "each": lead.each,
        "together": lead.together,
        "trained": lead.trained,
        "total_gb": lead.baseline.total_bytes / GB,
        "fits": memory.fit(lead.baseline.total_bytes, lead.card),
        "reads": lead.reads,
    }


def _lead_finding(leads: Sequence[Lead]) -> str:
    ratio, card = leads[0].ratio, leads[0].card.name
    tokens = tokens_for_lead(facts.model(CHALLENGER), facts.model(BASELINE), leads[0].precision, ratio)
    possible = [lead.batch for lead in leads if lead.possible]
    enough = (
        f"Without its window no number of tokens makes {CHALLENGER} {_times(ratio)}"
        if tokens is None
        else f"{CHALLENGER} is {_times(ratio)} from {tokens:,.0f} cached tokens on"
    )
    where = f"the {card} can show it {_span(possible)}" if possible else f"no batch shows it on the {card}"
    return f"{enough}; {where}."


def _span(batches: Sequence[int]) -> str:
    """The first and last of the batches, which have no gap between them."""
    first, last = batches[0], batches[-1]
    return f"at a batch of {first}" if first == last else f"at batches of {first} to {last}"


@checked
def break_even(n_kv_heads: int = 8, ffn_dim: int = 14336, precision: str = "FP16") -> Table:
    """What Llama 2 7B would read with shared heads and another feed-forward width, and from when on less.

    The defaults are Mistral 7B's. Windows are left out: they only help later. `n_kv_heads` that 32 heads
    cannot share evenly count as the next smaller number that they can; `ffn_dim` is 1,024 to 65,536. Raises
    `ValueError` outside.
    """
    if not 1024 <= ffn_dim <= 65536:
        raise ValueError(f"A width of {ffn_dim} is not shown; choose one from 1,024 to 65,536.")
    *every, chosen = shared(n_kv_heads, ffn_dim, precision)
    return Table(
        caption=f"{BASELINE} with shared heads and a width of {ffn_dim:,}, weights in {precision}",
        columns=_even_columns(),
        rows=tuple(_even_row(one, one == chosen) for one in every),
        finding=_even_finding(chosen),
        series=_even_series(chosen),
    )


def _even_columns() -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d"),
        Column("weights_gb", "weights read", "GB", ",.2f", "In each step; GB is 10^9 bytes."),
        Column("empty_pct", "empty cache", "%", "+,.1f", f"Bytes of a step against {BASELINE}'s."),
        Column("token_bytes", "a cached token", "bytes", ",.0f"),
        Column("even", "fewer bytes from", "tokens on", ",.0f", "Cached tokens of all sequences together."),
        Column("equal_ffn", "width of equal size", format=",d", meaning="Where sharing pays for the width."),
        Column("remark", "remark"),
    )


def _even_row(one: Shared, chosen: bool) -> Row:
    marks = {"your choice": chosen, "never": one.even is None, "always": one.even == 0}
    return {
        "n_kv_heads": one.shape.n_kv_heads,
        "weights_gb": one.weights / GB,
        "empty_pct": one.more_pct,
        "token_bytes": token_bytes(one.shape),
        "even": one.even,
        "equal_ffn": one.equal_ffn,
        "remark": ", ".join(mark for mark, holds in marks.items() if holds),
    }


def _even_finding(one: Shared) -> str:
    more = one.more_pct
    who = f"{_kv_heads(one)} and a width of {one.shape.ffn_dim:,}"
    empty = "as much" if abs(more) < EQUAL_PCT else f"{abs(more):.1f}% {'more' if more > 0 else 'less'}"
    fewer = token_bytes(one.shape) < token_bytes(one.baseline)
    later = f"{'less' if fewer else 'no less'} for each cached token"
    if one.even:
        later = f"less from {one.even:,.0f} cached tokens on"
    return f"Against {BASELINE}, {who} read {empty} with an empty cache, and {later}."


def _kv_heads(one: Shared) -> str:
    return words.figures(one.shape.n_kv_heads, "KV head")


def _even_series(one: Shared) -> dict[str, Records]:
    """Bytes of a step of both over cached tokens, and where they are equal if that is in sight."""
    last, name = 4 * 4096, f"{_kv_heads(one)}, width {one.shape.ffn_dim:,}"
    lines = ((one.baseline, BASELINE, "Llama"), (one.shape, name, "Mistral"))

    def read(shape: Model, tokens: float) -> float:
        return step_bytes(read_bytes(shape, one.precision), tokens * token_bytes(shape)) / GB

    tops = sorted(lines, key=lambda line: -read(line[0], last))
    even = one.even if one.even and one.even <= last else None
    return {
        "lines": [
            {"tokens": tokens, "gb": read(shape, tokens), "family": family}
            for shape, _, family in lines
            for tokens in (0, last)
        ],
        "names": [
            {"tokens": last, "gb": read(shape, last), "family": family, "text": text, "side": side}
            for (shape, text, family), side in zip(tops, ("over", "under"), strict=True)
        ],
        "even": [
            {
                "tokens": even,
                "gb": read(one.shape, even),
                "text": f"equal at {even:,.0f}",
                "side": "left" if even > last / 2 else "right",
            }
        ]
        if even
        else [],
    }


@checked
def measured(gpu: str = POST_GPU) -> Table:
    """The post's speeds and published measurements of one sequence, each as a share of its ceiling.

    `gpu` is the card the post's "A100" is taken for. A token's bytes are the bandwidth published with a speed
    over that speed; where there is none, those of the weights, since no measurement names its context. Raises
    `ValueError` for a card there is none of.
    """
    said, real = claimed(gpu), published()
    return Table(
        caption="One sequence: measured and claimed speeds against the ceiling of their card",
        columns=_measured_columns(),
        rows=tuple(_measured_row(one) for one in (*said, *real)),
        finding=_measured_finding(said, real),
        series={
            "shares": [_share_bar(one) for one in (*said, *real)],
            "whole": [{"row": _share_name(one), "value": 100.0} for one in (*said, *real)],
        },
        notes=(*_left_out(), *memory.doubts(facts.gpu(gpu))),
    )


def _measured_columns() -> tuple[Column, ...]:
    read = "Published, as bandwidth over speed, or else the bytes of the weights, with nothing cached."
    rest = "A token's time less the time that reading takes at the card's bandwidth; below zero it cannot be."
    return (
        Column("run", "who says so"),
        Column("model", "model"),
        Column("weights", "weights in"),
        Column("card", "card"),
        Column("speed", "speed", "tokens/s", ",.1f"),
        Column("read", "read for a token", "GB", ",.2f", read),
        Column("basis", "that is", meaning="Published with the speed, or computed here."),
        Column("ceiling", "ceiling", "tokens/s", ",.1f", "The card's bandwidth over the bytes of a token."),
        Column("share_pct", "of the ceiling", "%", ",.1f", "Above 100% it cannot be."),
        Column("bandwidth", "bandwidth", "GB/s", ",.0f", "Speed times the bytes of a token."),
        Column("rest_ms", "beside reading", "ms a token", ",.1f", rest),
    )


def _left_out() -> tuple[str, ...]:
    return tuple(
        f"Left out for want of a data sheet of its {s.hardware}: {s.model} in {s.precision}, "
        f"{s.value:g} tokens/s ({facts.source(s.source_id).short_title})."
        for s in without_card()
    )


def _measured_row(one: Measurement) -> Row:
    return {
        "run": Cell(one.who, one.source),
        "model": one.step.shape.name,
        "weights": one.weights,
        "card": one.card.name,
        "speed": one.speed,
        "read": one.read_gb,
        "basis": "published" if one.published else "computed",
        "ceiling": one.ceiling,
        "share_pct": one.share_pct,
        "bandwidth": one.bandwidth,
        "rest_ms": one.rest_ms,
    }


def _share_bar(one: Measurement) -> dict[str, Value]:
    return {
        "row": _share_name(one),
        "value": one.share_pct,
        "family": family_of(one.step.shape.name),
        "text": f"{one.share_pct:.0f}%",
    }


def _share_name(one: Measurement) -> str:
    return f"{one.step.shape.name}, {'the post' if one.claimed else one.weights}"


def _measured_finding(said: Sequence[Measurement], real: Sequence[Measurement]) -> str:
    shares = [one.share_pct for one in real]
    reached = f"Measured decoding reaches {min(shares):.0f}% to {max(shares):.0f}% of the ceiling"
    return f"{reached}; the post's two speeds would be {words.listed(f'{s.share_pct:.0f}%' for s in said)}."
