"""The speed chapter: what decoding reads and computes, how fast a card can do it, and what was measured.

A roofline: a step takes at least the time to read its bytes, and at least the time to do its arithmetic. What
it gives is a ceiling for programs that write one token per reading, never a forecast; `measured` sets it
against published measurements. Weights and cache come from `memory`; the cache is in FP16 whatever the
weights are in, windows are rolling buffers, and the rate of arithmetic is FP16's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, log

from smallmodels import facts, gqa, memory, swa
from smallmodels.facts import Gpu, Model, PostInference, Speed, family_of
from smallmodels.memory import GB, weight_bytes
from smallmodels.table import Cell, Column, Table, Value

BASELINE, CHALLENGER = "Llama 2 7B", "Mistral 7B"  # the two models of the post's third table
POST_GPU = "A100 80GB SXM"  # the post says "A100"; this is the fastest card of that name
K = 1024  # tokens are counted in K of 1,024, as the post's "4K" does
EQUAL_PCT = 0.05  # a smaller difference is none, to the digit that is shown
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LONGEST, SHORTEST, POINTS = 32768, 128, 24  # what the chart's lines span, in tokens, and points of a line
SAME_BYTES = {"BF16": "FP16"}  # a measurement's precision, as this book's weights call one of the same size


def step_bytes(weight_bytes: float, kv_bytes: float) -> float:
    """Bytes one decoding step reads: every weight it multiplies with, once, and the keys and values of the
    batch.

    Source: Pope et al. 2022, section 2.1. The input embedding is looked up, not read: leave it out of the
    weights.

    >>> step_bytes(2 * 7_110_660_096, 4096 * 131_072)  # Mistral 7B in FP16 with 4,096 tokens cached
    14758191104
    """
    return weight_bytes + kv_bytes


def step_flops(n_parameters: int, attended: int, n_layers: int, n_heads: int, head_dim: int) -> int:
    """FLOPs of one sequence's next token: two per weight, and attention over `attended` cached tokens.

    Source: Kaplan et al. 2020, table 1. Llama 2 7B after 4,096 tokens:

    >>> step_flops(6_607_343_616, 4096, n_layers=32, n_heads=32, head_dim=128)
    15362170880
    """
    return 2 * n_parameters + n_layers * swa.attention_flops(attended, n_heads, head_dim)


def ceiling(n_bytes: float, n_flops: float, bandwidth: float, flops_per_second: float) -> float:
    """Steps per second that neither the memory (bytes/s) nor the arithmetic (FLOP/s) lets a card exceed.

    Source: Williams, Waterman and Patterson 2009, "Roofline".

    >>> ceiling(10.0, 10.0, bandwidth=100.0, flops_per_second=1000.0)
    10.0
    """
    return min(bandwidth / n_bytes, flops_per_second / n_flops)


@dataclass(frozen=True, slots=True)
class Step:
    """One decoding step: a model's weights in a precision, and a batch with so many tokens cached in each."""

    shape: Model
    precision: str
    batch: int
    context: int

    @property
    def n_bytes(self) -> float:
        """Bytes read: the weights once for the whole batch, and every sequence's cache."""
        weights = weight_bytes(memory.read_parameters(self.shape), self.precision)
        return step_bytes(weights, memory.cache_bytes(self.shape, self.context, self.batch))

    @property
    def n_flops(self) -> int:
        """FLOPs of the whole batch; quantised weights are multiplied as FP16."""
        attended = gqa.cached_tokens(self.context, self.shape.sliding_window)
        one = step_flops(
            memory.read_parameters(self.shape),
            attended,
            self.shape.n_layers,
            self.shape.n_heads,
            self.shape.head_dim,
        )
        return self.batch * one

    @property
    def load(self) -> str:
        """The step in words: "weights in FP16, one sequence, nothing cached"."""
        sequences = "one sequence" if self.batch == 1 else f"{self.batch:,} sequences"
        cached = f"{self.context:,} tokens cached in each" if self.context else "nothing cached"
        return f"weights in {self.precision}, {sequences}, {cached}"

    @property
    def total_bytes(self) -> float:
        """Bytes held: all weights, the input embedding too, and the cache."""
        return memory.total_bytes(self.shape, self.precision, self.batch, self.context)

    def tokens_per_second(self, gpu: Gpu) -> float:
        """The most that all sequences together can get from a card."""
        return self.batch * ceiling(
            self.n_bytes, self.n_flops, gpu.bandwidth_gb_s * GB, gpu.dense_tflops * 1e12
        )

    def fits(self, card: Gpu) -> bool:
        """Whether a card holds weights and cache."""
        return self.total_bytes <= card.memory_bytes

    def reads_longer(self, gpu: Gpu) -> bool:
        """Whether memory, rather than arithmetic, is what limits it on this card."""
        return self.n_bytes / (gpu.bandwidth_gb_s * GB) >= self.n_flops / (gpu.dense_tflops * 1e12)


def step(model: str, precision: str = "FP16", batch: int = 1, context: int = 0) -> Step:
    """A step of the model of this name; `ValueError` if there is none.

    >>> round(step("Mistral 7B").tokens_per_second(facts.gpu("A100 80GB SXM")), 1)
    143.4
    """
    return Step(facts.model(model), precision, batch, context)


def tokens_for_lead(
    challenger: Model, baseline: Model, precision: str = "FP16", ratio: float = 1.0
) -> float | None:
    """Cached tokens of all sequences together at which the challenger reads `ratio` times fewer bytes a step.

    Solves (W_b + k_b t) / (W_c + k_c t) = ratio for t, without any window: bytes of weights W, bytes of a
    cached token k. 0 when it needs none; None when no number of tokens is enough. `ValueError` for a ratio
    that is not positive.

    The break-even, the post's +25% and its 1.4 times:

    >>> mistral, llama = facts.model("Mistral 7B"), facts.model("Llama 2 7B")
    >>> [round(tokens_for_lead(mistral, llama, "FP16", ratio)) for ratio in (1, 1.25, 1.4)]
    [2560, 12656, 19646]
    """
    if not ratio > 0:
        raise ValueError(f"A lead of {ratio} times does not exist; the ratio must be above 0.")
    short = ratio * _weights(challenger, precision) - _weights(baseline, precision)
    gain = _token(baseline) - ratio * _token(challenger)
    if short <= 0:
        return 0.0
    return short / gain if gain > 0 else None


def _weights(shape: Model, precision: str) -> float:
    return weight_bytes(memory.read_parameters(shape), precision)


def _token(shape: Model) -> float:
    """Bytes of one more cached token, before any window is full."""
    return memory.cache_bytes(shape, 1)


def inference(gpu: str = POST_GPU, precision: str = "FP16", batch: int = 1, context: int = 0) -> Table:
    """The post's third table beside a roofline's: Llama 2 7B and Mistral 7B on one card.

    `precision` is that of the weights, `context` the tokens already cached in each of `batch` sequences; with
    none the ceiling is highest. Raises `ValueError` for names that are not in `data/` and loads outside 1 to
    4,096 sequences of 0 to 2^20 tokens.
    """
    card = facts.gpu(gpu)
    steps = tuple(step(name, precision, batch, context) for name in (BASELINE, CHALLENGER))
    return Table(
        caption=f"{card.name}: {steps[0].load}",
        columns=_columns(),
        rows=(*_post_rows(steps, card), *_own_rows(steps, card)),
        finding=_finding(steps, card),
        series=_series(steps, card),
        notes=_notes(steps, card),
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
) -> dict[str, Value | Cell]:
    theirs, ours = pair
    row: dict[str, Value | Cell] = {
        "metric": metric,
        "baseline": theirs,
        "challenger": ours,
        "remark": remark,
    }
    if differ and isinstance(theirs, int | float) and isinstance(ours, int | float) and theirs:
        row["improvement"] = difference_pct(ours, theirs)
    if post:
        source = "The post, third table."
        row["baseline_post"] = Cell(post.baseline_text, source)
        row["challenger_post"] = Cell(post.challenger_text, source)
        row["improvement_post"] = Cell(post.improvement_text, source)
    return row


def difference_pct(ours: float, theirs: float) -> float:
    """How much larger `ours` is than `theirs`, in percent.

    >>> difference_pct(150, 120)
    25.0
    """
    return 100 * (ours / theirs - 1)


def _post_rows(steps: Sequence[Step], card: Gpu) -> list[dict[str, Value | Cell]]:
    """The rows of the post's table, its speeds followed by what share of the ceiling they are."""
    post = {row.id: row for row in facts.post_inference()}
    sizes = {
        p: [weight_bytes(memory.model_parameters(s.shape), p) / GB for s in steps] for p in ("FP16", "INT4")
    }
    trained = [step.shape.trained_context / K for step in steps]
    shares = _shares(steps, card) or (None, None)
    fp16 = _size_remark(post["memory-fp16"], sizes["FP16"])
    return [
        _speed_row(steps, card, post["speed"]),
        _row("the post's speed, of that (%)", shares, remark=_share_remark(steps, card), differ=False),
        _row("memory, FP16 (GB)", sizes["FP16"], post["memory-fp16"], fp16),
        _row("memory, 4-bit (GB)", sizes["INT4"], post["memory-4bit"], _file_remark()),
        _row("effective context (K tokens)", trained, post["context"], "the length it was trained on"),
    ]


def _speed_row(steps: Sequence[Step], card: Gpu, post: PostInference) -> dict[str, Value | Cell]:
    """The two ceilings, each with the data sheets it is worked out from."""
    speeds = _speeds(steps, card)
    theirs, ours = (f"{memory.card_source(card)} {memory.shape_source(step.shape)}" for step in steps)
    whose = " of all sequences together" if steps[0].batch > 1 else ""
    row = _row(f"inference speed{whose}, at most (tokens/s)", speeds, post)
    return {**row, "baseline": Cell(speeds[0], theirs), "challenger": Cell(speeds[1], ours)}


def _own_rows(steps: Sequence[Step], card: Gpu) -> list[dict[str, Value | Cell]]:
    """What the post leaves out: the step's bytes and FLOPs, cache and total, the window and its reach."""
    windows = [step.shape.sliding_window for step in steps]
    reaches = [swa.reach(s.shape.n_layers, w) / K if w else None for s, w in zip(steps, windows, strict=True)]
    each = [speed / steps[0].batch for speed in _speeds(steps, card)]
    fits = [memory.fit(step.total_bytes, card) for step in steps]
    room = f"the card: {card.memory_bytes / GB:.1f} GB"
    caches = [memory.cache_bytes(step.shape, step.context, step.batch) / GB for step in steps]
    return [
        _row("each sequence gets, at most (tokens/s)", each),
        _row("read in a step (GB)", [step.n_bytes / GB for step in steps]),
        _row(
            "computed in a step (GFLOP)", [step.n_flops / 1e9 for step in steps], remark=_limit(steps, card)
        ),
        _row("keys and values (GB)", caches, remark=f"in {memory.CACHE_PRECISION}"),
        _row("with the weights (GB)", [step.total_bytes / GB for step in steps], remark=room),
        _row("fits on the card", fits, differ=False),
        _row("window (K tokens)", [w / K if w else None for w in windows]),
        _row("reach, all layers (K tokens)", reaches, remark="layers × (window − 1)"),
    ]


def _speeds(steps: Sequence[Step], card: Gpu) -> list[float]:
    return [step.tokens_per_second(card) for step in steps]


def _claims() -> dict[str, float]:
    """The post's tokens per second by model."""
    post = next(row for row in facts.post_inference() if row.id == "speed")
    return {BASELINE: post.baseline_value, CHALLENGER: post.challenger_value}


def _shares(steps: Sequence[Step], card: Gpu) -> list[float] | None:
    """The post's speeds in percent of the ceilings; None for batches and for what does not fit."""
    if steps[0].batch > 1 or not all(step.fits(card) for step in steps):
        return None
    claims = _claims()
    return [100 * claims[step.shape.name] / step.tokens_per_second(card) for step in steps]


def _above(shares: Sequence[float]) -> list[str]:
    return [name for name, share in zip((BASELINE, CHALLENGER), shares, strict=True) if share > 100]


def _share_remark(steps: Sequence[Step], card: Gpu) -> str:
    shares = _shares(steps, card)
    if shares is None:
        return "for one sequence only" if steps[0].batch > 1 else "only where both fit"
    above = _above(shares)
    if len(above) == 2:
        return "neither can be had here"
    return f"{above[0]}'s cannot be had here" if above else "both are below the ceiling"


def _size_remark(post: PostInference, sizes: Sequence[float]) -> str:
    printed = zip((BASELINE, CHALLENGER), (post.baseline_value, post.challenger_value), sizes, strict=True)
    off = [f"{name}: {size - said:+.2f} GB" for name, said, size in printed if round(size, 1) != said]
    return ", ".join(off).replace("-", "−") or "as the post says"


def _file_remark() -> str:
    """The published 4-bit files, which keep some layers wider than the arithmetic does."""
    files = {f.model: f for f in facts.weight_files() if f.format == "GGUF"}
    sizes = " and ".join(f"{files[name].size_bytes / GB:.2f}" for name in (BASELINE, CHALLENGER))
    return f"{files[BASELINE].precision} files: {sizes} GB"


def _limit(steps: Sequence[Step], card: Gpu) -> str:
    by_memory = [step.reads_longer(card) for step in steps]
    if all(by_memory):
        return "reading takes longer"
    return "for one, this takes longer" if any(by_memory) else "this takes longer"


def _finding(steps: Sequence[Step], card: Gpu) -> str:
    theirs, ours = _speeds(steps, card)
    unfit = _unfit(steps, card)
    gets, together = "would get" if unfit else "gets", " together" if steps[0].batch > 1 else ""
    condition = {0: "", 1: f"If {''.join(unfit)} fitted, ", 2: "If both fitted, "}[len(unfit)]
    most = f"{CHALLENGER} {gets} at most {ours:,.1f} tokens/s and {BASELINE} {theirs:,.1f}{together}"
    shares = _shares(steps, card)
    return f"{condition}{most}, so {_comparison(ours, theirs)}{_post_verdict(shares) if shares else ''}."


def _unfit(steps: Sequence[Step], card: Gpu) -> list[str]:
    return [step.shape.name for step in steps if not step.fits(card)]


def _comparison(ours: float, theirs: float) -> str:
    difference = difference_pct(ours, theirs)
    if abs(difference) < EQUAL_PCT:
        return "the two are equally fast"
    if ours >= 2 * theirs:
        return f"{CHALLENGER} is {ours / theirs:.1f} times as fast"
    return f"{CHALLENGER} is {abs(difference):.1f}% {'faster' if difference > 0 else 'slower'}"


def _post_verdict(shares: Sequence[float]) -> str:
    above = _above(shares)
    return {
        0: "; the post's speeds stay below the ceilings",
        1: f"; the post's speed of {''.join(above)} is above its ceiling",
        2: "; both of the post's speeds are above their ceilings",
    }[len(above)]


def _notes(steps: Sequence[Step], card: Gpu) -> tuple[str, ...]:
    theirs, ours = (step.shape for step in steps)
    precision, context = steps[0].precision, steps[0].context
    even = tokens_for_lead(ours, theirs, precision)
    unfit = _unfit(steps, card)
    notes = [f"By bytes alone the two are equal at {even:,.0f} cached tokens, all sequences taken together."]
    if unfit:
        names = " and ".join(unfit)
        notes.append(
            f"Weights and cache of {names} do not fit; the speed is what the card could do if they did."
        )
    totals = {step.shape.name: step.total_bytes for step in steps}
    return (*notes, *memory.card_notes(totals, card), *memory.length_notes([theirs, ours], context))


def _series(steps: Sequence[Step], card: Gpu) -> dict[str, list[dict[str, Value]]]:
    first = _first_tokens(steps[0].batch) * steps[0].batch
    here = [_point(step, card) for step in steps]
    return {
        "lines": [point for step in steps for point in _line(step, card)],
        "here": [
            {**point, "tokens": max(first, step.batch * step.context)}
            for point, step in zip(here, steps, strict=True)
        ],
        "names": [_name_tag(step, card) for step in steps],
        "even": _even(steps, card),
        "claims": _claim_rules() if steps[0].batch == 1 else [],
    }


def _name_tag(step: Step, card: Gpu) -> dict[str, Value]:
    """A model's name and its place: over the end of the line that ends flat, under the one that falls."""
    points = _line(step, card)
    flat = step.shape.sliding_window is not None
    point = points[-1] if flat else points[3 * len(points) // 5]
    return {**point, "text": step.shape.name, "side": "over" if flat else "under"}


def _first_tokens(batch: int) -> int:
    # A logarithmic axis has no zero: lines begin where the cache weighs nothing beside the weights.
    return max(1, SHORTEST // batch)


def _point(step: Step, card: Gpu) -> dict[str, Value]:
    return {
        "model": step.shape.name,
        "family": family_of(step.shape.name),
        "tokens": step.batch * step.context,
        "speed": _drawn(step.tokens_per_second(card)),
    }


def _drawn(number: float) -> float:
    # Five digits are more than a picture shows, and far fewer to send than sixteen.
    return float(f"{number:.5g}")


def _line(step: Step, card: Gpu) -> list[dict[str, Value]]:
    """A model's ceiling over cached tokens, the spacing even on a logarithmic axis."""
    first, last = log(_first_tokens(step.batch)), log(max(LONGEST, step.context))
    contexts = {round(exp(first + (last - first) * i / (POINTS - 1))) for i in range(POINTS)}
    # The line turns where a window is full, and passes through the dot.
    turns = {n for n in (step.context, step.shape.sliding_window or 0) if n >= min(contexts)}
    return [_point(Step(step.shape, step.precision, step.batch, n), card) for n in sorted(contexts | turns)]


def _even(steps: Sequence[Step], card: Gpu) -> list[dict[str, Value]]:
    """Where the two lines cross, if memory is what limits both there."""
    theirs, ours = steps
    even = tokens_for_lead(ours.shape, theirs.shape, ours.precision) or 0.0
    there = [Step(s.shape, s.precision, s.batch, round(even / s.batch)) for s in steps]
    if not all(step.reads_longer(card) for step in there):
        return []
    n_bytes = step_bytes(_weights(ours.shape, ours.precision), even * _token(ours.shape))
    speed = ours.batch * card.bandwidth_gb_s * GB / n_bytes
    return [{"tokens": even, "speed": _drawn(speed), "text": f"equal at {even:,.0f} tokens"}]


def _claim_rules() -> list[dict[str, Value]]:
    post = next(row for row in facts.post_inference() if row.id == "speed")
    texts = {BASELINE: post.baseline_text, CHALLENGER: post.challenger_text}
    return [
        {"speed": speed, "family": family_of(model), "text": f"the post: {texts[model]}", "side": side}
        for (model, speed), side in zip(_claims().items(), ("under", "over"), strict=True)
    ]


def context_for_lead(batch: int, precision: str = "FP16", ratio: float = 1.25) -> float:
    """Tokens cached in each of `batch` sequences at which Mistral 7B reads `ratio` times fewer bytes a step.

    As `tokens_for_lead`, but beyond the window only the baseline's cache grows: some length is always enough.

    >>> round(context_for_lead(4)), round(context_for_lead(1))
    (3164, 9981)
    """
    ours, theirs = facts.model(CHALLENGER), facts.model(BASELINE)
    tokens = tokens_for_lead(ours, theirs, precision, ratio)
    window = ours.sliding_window or memory.MOST_TOKENS
    if tokens is not None and tokens / batch <= window:
        return tokens / batch
    full = _weights(ours, precision) + memory.cache_bytes(ours, window, batch)
    return (ratio * full - _weights(theirs, precision)) / (batch * _token(theirs))


def lead(ratio: float = 1.25, precision: str = "FP16", gpu: str = POST_GPU) -> Table:
    """How long a batch's sequences must be for Mistral 7B to read `ratio` times fewer bytes than Llama 2 7B.

    `ratio` is 1 to 5 and the default is the post's +25%. Raises `ValueError` outside, and for names not in
    `data/`.
    """
    if not 1 <= ratio <= 5:
        raise ValueError(f"A lead of {ratio} times is outside what is shown; choose one from 1 to 5.")
    card, baseline = facts.gpu(gpu), facts.model(BASELINE)
    rows = tuple(_lead_row(batch, ratio, precision, card, baseline) for batch in BATCHES)
    return Table(
        caption=f"What makes {CHALLENGER} {_times(ratio)} as {BASELINE}, weights in {precision}",
        columns=(
            Column("batch", "sequences", format="d"),
            Column(
                "each", "tokens in each", format=",d", meaning="Cached tokens of one sequence, rounded up."
            ),
            Column("together", "tokens together", format=",d", meaning="Of all sequences."),
            Column(
                "trained",
                "within its training",
                meaning=f"{BASELINE} was trained on {baseline.trained_context:,}.",
            ),
            Column(
                "total_gb", f"{BASELINE} then takes", "GB", ",.1f", "Weights and cache; GB is 10^9 bytes."
            ),
            Column("fits", f"fits the {card.name}"),
            Column("reads", "memory is the limit", meaning="If computing takes longer, bytes do not decide."),
        ),
        rows=rows,
        finding=_lead_finding(rows, ratio, precision, card),
        notes=memory.doubts(card),
    )


def _times(ratio: float) -> str:
    return "as fast" if ratio == 1 else f"{ratio:g} times as fast"


def _lead_row(batch: int, ratio: float, precision: str, card: Gpu, baseline: Model) -> dict[str, Value]:
    each = ceil(context_for_lead(batch, precision, ratio))
    total = memory.total_bytes(baseline, precision, batch, each)
    return {
        "batch": batch,
        "each": each,
        "together": batch * each,
        "trained": each <= baseline.trained_context,
        "total_gb": total / GB,
        "fits": memory.fit(total, card),
        "reads": all(
            Step(facts.model(m), precision, batch, each).reads_longer(card) for m in (BASELINE, CHALLENGER)
        ),
    }


def _lead_finding(rows: Sequence[dict[str, Value]], ratio: float, precision: str, card: Gpu) -> str:
    tokens = tokens_for_lead(facts.model(CHALLENGER), facts.model(BASELINE), precision, ratio)
    possible = [row["batch"] for row in rows if row["trained"] and row["fits"] != "no" and row["reads"]]
    enough = (
        "without its window no number of tokens is enough"
        if tokens is None
        else f"it takes {tokens:,.0f} cached tokens, all sequences together, or fewer where its window helps"
    )
    where = (
        f"the {card.name} can show it {_span(possible)}"
        if possible
        else f"none of these batches shows it on the {card.name} within {BASELINE}'s training length"
    )
    return f"For {CHALLENGER} to be {_times(ratio)}, {enough}; {where}."


def _span(batches: Sequence[Value]) -> str:
    """The first and last of the batches, which have no gap between them."""
    first, last = batches[0], batches[-1]
    return f"at a batch of {first}" if first == last else f"at batches of {first} to {last}"


def break_even(n_kv_heads: int = 8, ffn_dim: int = 14336, precision: str = "FP16") -> Table:
    """What Llama 2 7B would read with shared heads and another feed-forward width, and from when on less.

    The defaults are Mistral 7B's. Windows are left out: they only help later. `n_kv_heads` that 32 heads
    cannot share evenly count as the next smaller number that they can; `ffn_dim` is 1,024 to 65,536. Raises
    `ValueError` outside.
    """
    if not 1024 <= ffn_dim <= 65536:
        raise ValueError(f"A width of {ffn_dim} is outside what is shown; choose one from 1,024 to 65,536.")
    baseline = facts.model(BASELINE)
    chosen = gqa.shared_heads(baseline.n_heads, n_kv_heads)
    shapes = {
        heads: replace(baseline, n_kv_heads=heads, ffn_dim=ffn_dim)
        for heads in range(1, baseline.n_heads + 1)
        if baseline.n_heads % heads == 0
    }
    return Table(
        caption=f"{BASELINE} with shared heads and a width of {ffn_dim:,}, weights in {precision}",
        columns=_even_columns(),
        rows=tuple(_even_row(shape, baseline, precision, chosen) for shape in shapes.values()),
        finding=_even_finding(shapes[chosen], baseline, precision),
        series=_even_series(shapes[chosen], baseline, precision),
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


def _even_row(shape: Model, baseline: Model, precision: str, chosen: int) -> dict[str, Value | Cell]:
    weights, theirs = _weights(shape, precision), _weights(baseline, precision)
    even = tokens_for_lead(shape, baseline, precision)
    saved = memory.model_parameters(baseline) - memory.model_parameters(
        replace(baseline, n_kv_heads=shape.n_kv_heads)
    )
    marks = {"your choice": shape.n_kv_heads == chosen, "never": even is None, "always": even == 0}
    return {
        "n_kv_heads": shape.n_kv_heads,
        "weights_gb": weights / GB,
        "empty_pct": difference_pct(weights, theirs),
        "token_bytes": _token(shape),
        "even": even,
        "equal_ffn": baseline.ffn_dim + saved // (shape.n_layers * shape.ffn_matrices * shape.d_model),
        "remark": ", ".join(mark for mark, holds in marks.items() if holds),
    }


def _even_finding(shape: Model, baseline: Model, precision: str) -> str:
    even = tokens_for_lead(shape, baseline, precision)
    more = difference_pct(_weights(shape, precision), _weights(baseline, precision))
    who = f"{_kv_heads(shape)} and a width of {shape.ffn_dim:,}"
    empty = "as much" if abs(more) < EQUAL_PCT else f"{abs(more):.1f}% {'more' if more > 0 else 'less'}"
    if even:
        later = f"less from {even:,.0f} cached tokens on"
    else:
        later = (
            "less for each cached token"
            if _token(shape) < _token(baseline)
            else "no less for each cached token"
        )
    return f"Set against {BASELINE}, a step with {who} reads {empty} with an empty cache, and {later}."


def _kv_heads(shape: Model) -> str:
    return "one KV head" if shape.n_kv_heads == 1 else f"{shape.n_kv_heads} KV heads"


def _even_series(shape: Model, baseline: Model, precision: str) -> dict[str, list[dict[str, Value]]]:
    """Bytes of a step of both over cached tokens, and where they are equal if that is in sight."""
    last = 4 * 4096
    names = {baseline.name: baseline, f"{_kv_heads(shape)}, width {shape.ffn_dim:,}": shape}
    ends: list[dict[str, Value]] = [
        {
            "tokens": tokens,
            "gb": step_bytes(_weights(one, precision), tokens * _token(one)) / GB,
            "family": family,
            "text": name,
        }
        for (name, one), family in zip(names.items(), ("Llama", "Mistral"), strict=True)
        for tokens in (0, last)
    ]
    tops = sorted(ends[1::2], key=lambda end: -float(str(end["gb"])))
    even = tokens_for_lead(shape, baseline, precision)
    meeting = step_bytes(_weights(shape, precision), (even or 0) * _token(shape)) / GB
    met: dict[str, Value] = {"tokens": even, "gb": meeting, "text": f"equal at {even or 0:,.0f}"}
    return {
        "lines": [{key: end[key] for key in ("tokens", "gb", "family")} for end in ends],
        "names": [{**end, "side": side} for end, side in zip(tops, ("over", "under"), strict=True)],
        "even": [met | {"side": "left" if even > last / 2 else "right"}] if even and even <= last else [],
    }


def measured(gpu: str = POST_GPU) -> Table:
    """The post's speeds and published measurements of one sequence, each as a share of its ceiling.

    `gpu` is the card the post's "A100" is taken for. A token's bytes are the bandwidth published with a speed
    over that speed; where there is none, those of the weights, since no measurement names its context. Raises
    `ValueError` for a card there is none of.
    """
    rows = (*_claim_rows(facts.gpu(gpu)), *(_measured_row(speed) for speed in _measurements()))
    return Table(
        caption="One sequence: measured and claimed speeds against the ceiling of their card",
        columns=_measured_columns(),
        rows=rows,
        finding=_measured_finding(rows),
        series={
            "shares": [_share_bar(row) for row in rows],
            "whole": [{"row": _share_name(row), "value": 100.0} for row in rows],
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


def _measurements() -> list[Speed]:
    cards = {gpu.name for gpu in facts.gpus()}
    return [s for s in facts.speeds() if s.quantity == "tokens a second" and s.hardware in cards]


def _left_out() -> tuple[str, ...]:
    used = {s.id for s in _measurements()}
    rest = [s for s in facts.speeds() if s.quantity == "tokens a second" and s.id not in used]
    return tuple(
        f"Left out for want of a data sheet of its {s.hardware}: {s.model} in {s.precision}, "
        f"{s.value:g} tokens/s ({facts.source(s.source_id).short_title})."
        for s in rest
    )


def _measured_row(speed: Speed) -> dict[str, Value | Cell]:
    source = facts.source(speed.source_id)
    reading = step(speed.model, SAME_BYTES.get(speed.precision, speed.precision))
    return {
        "run": Cell(source.short_title, f"{source.title}: {speed.condition}."),
        **_efficiency(reading, speed.value, facts.gpu(speed.hardware), _published_bandwidth(speed)),
        "weights": speed.precision,
    }


def _published_bandwidth(speed: Speed) -> float | None:
    """GB/s that the measurers of a speed printed beside it."""

    def run(s: Speed) -> tuple[str, str, str, str]:
        return s.model, s.hardware, s.precision, s.source_id

    found = (s for s in facts.speeds() if s.quantity == "bandwidth reached" and run(s) == run(speed))
    return next((s.value for s in found), None)


def _claim_rows(card: Gpu) -> list[dict[str, Value | Cell]]:
    origin = Cell("the post", "The post, third table; it names an A100 and no precision.")
    return [{"run": origin, **_efficiency(step(model), value, card)} for model, value in _claims().items()]


def _efficiency(
    step: Step, speed: float, card: Gpu, published: float | None = None
) -> dict[str, Value | Cell]:
    read = published / speed if published else step.n_bytes / GB
    most = card.bandwidth_gb_s / read
    return {
        "model": step.shape.name,
        "weights": step.precision,
        "card": card.name,
        "speed": speed,
        "read": read,
        "basis": "published" if published else "computed",
        "ceiling": most,
        "share_pct": 100 * speed / most,
        "bandwidth": speed * read,
        "rest_ms": 1000 * (1 / speed - 1 / most),
    }


def _share_bar(row: Mapping[str, Value | Cell]) -> dict[str, Value]:
    share = _plain(row["share_pct"])
    return {
        "row": _share_name(row),
        "value": share,
        "family": family_of(str(_plain(row["model"]))),
        "text": f"{share:.0f}%",
    }


def _share_name(row: Mapping[str, Value | Cell]) -> str:
    run, model, weights = (_plain(row[name]) for name in ("run", "model", "weights"))
    return f"{model}, {'the post' if run == 'the post' else weights}"


def _plain(value: Value | Cell) -> Value:
    return value.value if isinstance(value, Cell) else value


def _measured_finding(rows: Sequence[Mapping[str, Value | Cell]]) -> str:
    shares = [(_plain(row["run"]), float(str(row["share_pct"]))) for row in rows]
    real = [share for run, share in shares if run != "the post"]
    claims = " and ".join(f"{share:.0f}%" for run, share in shares if run == "the post")
    reached = f"Measured decoding reaches {min(real):.0f}% to {max(real):.0f}% of the ceiling"
    return f"{reached}; the post's two speeds would be {claims}."
