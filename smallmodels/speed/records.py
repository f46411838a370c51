"""A decoding step, two of them on one card, a lead, a break-even and a measured speed, each as a record.

Weights and cache come from `memory`; the cache is in FP16 whatever the weights are in, windows are rolling
buffers, and the rate of arithmetic is FP16's.
"""

from dataclasses import dataclass, replace
from math import ceil

from smallmodels import facts, gqa, memory, words
from smallmodels.arguments import checked
from smallmodels.facts import Gpu, Model, PostInference, Speed
from smallmodels.memory import GB, weight_bytes
from smallmodels.speed.formulas import ceiling, difference_pct, step_bytes, step_flops, tokens_for_ratio

BASELINE, CHALLENGER = "Llama 2 7B", "Mistral 7B"  # the two models of the post's third table
POST_GPU = "A100 80GB SXM"  # the post says "A100"; this is the fastest card of that name
SAME_BYTES = {"BF16": "FP16"}  # a measurement's precision, as this book's weights call one of the same size


@dataclass(frozen=True, slots=True)
class Step(memory.Load):
    """One decoding step: a model's weights in a precision, and a batch with so many tokens cached in each."""

    @property
    def n_bytes(self) -> float:
        """Bytes read: the weights once for the whole batch, and every sequence's cache."""
        return step_bytes(read_bytes(self.shape, self.precision), self.cache_bytes)

    @property
    def n_flops(self) -> int:
        """FLOPs of the whole batch; quantised weights are multiplied as FP16."""
        attended = memory.held_tokens(self.shape, self.context)
        read = memory.read_parameters(self.shape)
        return self.batch * step_flops(read, attended, self.shape.n_heads, self.shape.head_dim)

    @property
    def condition(self) -> str:
        """The step in words: "weights in FP16, one sequence, nothing cached"."""
        tokens = words.figures(self.context, "token")
        cached = f"{tokens} cached in each" if self.context else "nothing cached"
        return f"weights in {self.precision}, {words.figures(self.batch, 'sequence')}, {cached}"

    def tokens_per_second(self, gpu: Gpu | str) -> float:
        """The most that all sequences together can get from a card, given as its record or by its name."""
        gpu = memory.card_of(gpu)
        return self.batch * ceiling(
            self.n_bytes, self.n_flops, gpu.bandwidth_gb_s * GB, gpu.dense_tflops * 1e12
        )

    def reads_longer(self, gpu: Gpu | str) -> bool:
        """Whether memory, rather than arithmetic, is what limits it on this card."""
        gpu = memory.card_of(gpu)
        return self.n_bytes / (gpu.bandwidth_gb_s * GB) >= self.n_flops / (gpu.dense_tflops * 1e12)


@checked
def step(model: str, precision: str = "FP16", batch: int = 1, context: int = 0) -> Step:
    """A step of a model of `facts.models()`, with its bytes, its FLOPs and the ceiling on a card.

    `precision` is one of `memory.WEIGHT_BITS`, `batch` 1 to 4,096 sequences, `context` 0 to 2^20 tokens
    cached in each; `ValueError` for anything else.

    >>> round(step("Mistral 7B").tokens_per_second("A100 80GB SXM"), 1)
    143.4
    """
    memory.check_precision(precision)
    memory.check_load(batch, context)
    return Step(facts.model(model), precision, batch, context)


def read_bytes(shape: Model, precision: str = "FP16") -> float:
    """Bytes of the weights that a step reads."""
    return weight_bytes(memory.read_parameters(shape), precision)


def token_bytes(shape: Model) -> float:
    """Bytes of one more cached token, before any window is full."""
    return memory.cache_bytes(shape, 1)


def tokens_for_lead(
    challenger: Model, baseline: Model, precision: str = "FP16", ratio: float = 1.0
) -> float | None:
    """Cached tokens of all sequences together at which the challenger reads `ratio` times fewer bytes a step.

    As `formulas.tokens_for_ratio`, without any window: 0 when it needs none; None when no number of tokens is
    enough. `ValueError` for a ratio that is not positive.

    The break-even, the post's +25% and its 1.4 times:

    >>> mistral, llama = facts.model("Mistral 7B"), facts.model("Llama 2 7B")
    >>> [round(tokens_for_lead(mistral, llama, "FP16", ratio)) for ratio in (1, 1.25, 1.4)]
    [2560, 12656, 19646]
    """
    return tokens_for_ratio(
        ratio,
        read_bytes(challenger, precision),
        token_bytes(challenger),
        read_bytes(baseline, precision),
        token_bytes(baseline),
    )


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
    full = read_bytes(ours, precision) + memory.cache_bytes(ours, window, batch)
    return (ratio * full - read_bytes(theirs, precision)) / (batch * token_bytes(theirs))


def post_row(id: str) -> PostInference:
    """A row of the post's third table."""
    return next(row for row in facts.post_inference() if row.id == id)


def claims() -> dict[str, float]:
    """The post's tokens per second by model."""
    post = post_row("speed")
    return {BASELINE: post.baseline_value, CHALLENGER: post.challenger_value}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same step of the post's two models, on one card."""

    theirs: Step
    ours: Step
    card: Gpu

    @property
    def steps(self) -> tuple[Step, Step]:
        """Both steps, the baseline's first."""
        return self.theirs, self.ours

    @property
    def batch(self) -> int:
        """Sequences at a time."""
        return self.theirs.batch

    @property
    def speeds(self) -> tuple[float, float]:
        """The ceilings in tokens per second of all sequences together."""
        return self.theirs.tokens_per_second(self.card), self.ours.tokens_per_second(self.card)

    @property
    def shares(self) -> tuple[float, float] | None:
        """The post's speeds in percent of the ceilings; None for batches and for what does not fit."""
        if self.batch > 1 or self.unfit:
            return None
        post, (theirs, ours) = claims(), self.speeds
        return 100 * post[self.theirs.shape.name] / theirs, 100 * post[self.ours.shape.name] / ours

    @property
    def above(self) -> list[str]:
        """The models of which the post claims more than the card can give."""
        return [
            step.shape.name for step, share in zip(self.steps, self.shares or (), strict=False) if share > 100
        ]

    @property
    def unfit(self) -> list[str]:
        """The models that the card does not hold."""
        return [step.shape.name for step in self.steps if not step.fits(self.card)]


def comparison(gpu: str = POST_GPU, precision: str = "FP16", batch: int = 1, context: int = 0) -> Comparison:
    """The post's two models on a card under one load; `ValueError` for a card there is none of."""
    theirs, ours = (step(name, precision, batch, context) for name in (BASELINE, CHALLENGER))
    return Comparison(theirs, ours, facts.gpu(gpu))


@dataclass(frozen=True, slots=True)
class Lead:
    """How long the sequences of a batch must be for Mistral 7B to read `ratio` times fewer bytes."""

    batch: int
    ratio: float
    precision: str
    card: Gpu

    @property
    def each(self) -> int:
        """Cached tokens of one sequence, rounded up."""
        return ceil(context_for_lead(self.batch, self.precision, self.ratio))

    @property
    def together(self) -> int:
        """Cached tokens of all sequences."""
        return self.batch * self.each

    @property
    def baseline(self) -> Step:
        """Llama 2 7B's step then."""
        return step(BASELINE, self.precision, self.batch, self.each)

    @property
    def trained(self) -> bool:
        """Whether Llama 2 7B was trained on sequences of this length."""
        return self.each <= self.baseline.shape.trained_context

    @property
    def reads(self) -> bool:
        """Whether memory is the limit of both; if computing takes longer, bytes do not decide."""
        ours = step(CHALLENGER, self.precision, self.batch, self.each)
        return ours.reads_longer(self.card) and self.baseline.reads_longer(self.card)

    @property
    def possible(self) -> bool:
        """Whether the card can show the lead."""
        return self.trained and self.reads and self.baseline.fits(self.card)


@dataclass(frozen=True, slots=True)
class Shared:
    """Llama 2 7B (`baseline`) with shared heads and another feed-forward width (`shape`), set against it."""

    shape: Model
    baseline: Model
    precision: str

    @property
    def weights(self) -> float:
        """Bytes of weights that a step reads."""
        return read_bytes(self.shape, self.precision)

    @property
    def more_pct(self) -> float:
        """How many more bytes a step with an empty cache reads, in percent."""
        return difference_pct(self.weights, read_bytes(self.baseline, self.precision))

    @property
    def even(self) -> float | None:
        """Cached tokens from which on it reads fewer; 0 when always, None when never."""
        return tokens_for_lead(self.shape, self.baseline, self.precision)

    @property
    def equal_ffn(self) -> int:
        """The width at which sharing has paid for the feed-forward layer, rounded down."""
        narrow = replace(self.baseline, n_kv_heads=self.shape.n_kv_heads)
        saved = memory.model_parameters(self.baseline) - memory.model_parameters(narrow)
        return self.baseline.ffn_dim + saved // (
            self.shape.n_layers * self.shape.ffn_matrices * self.shape.d_model
        )


def shared(n_kv_heads: int, ffn_dim: int, precision: str) -> list[Shared]:
    """One for every even sharing of Llama 2 7B's heads, and last the one chosen by `n_kv_heads`."""
    baseline = facts.model(BASELINE)
    chosen = gqa.shared_heads(baseline.n_heads, n_kv_heads)
    return [
        Shared(replace(baseline, n_kv_heads=heads, ffn_dim=ffn_dim), baseline, precision)
        for heads in (*gqa.even_sharings(baseline.n_heads), chosen)
    ]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A published or claimed speed of one sequence, set against the ceiling of its card.

    `weights` is the precision as published, `published` the bandwidth in GB/s printed beside the speed.
    """

    who: str
    source: str
    step: Step
    weights: str
    card: Gpu
    speed: float
    published: float | None = None
    claimed: bool = False

    @property
    def read_gb(self) -> float:
        """GB read for a token: as published, or those of the weights, with nothing cached."""
        return self.published / self.speed if self.published else self.step.n_bytes / GB

    @property
    def ceiling(self) -> float:
        """Tokens per second: the card's bandwidth over the bytes of a token."""
        return self.card.bandwidth_gb_s / self.read_gb

    @property
    def share_pct(self) -> float:
        """What of the ceiling is reached, in percent; above 100 it cannot be."""
        return 100 * self.speed / self.ceiling

    @property
    def bandwidth(self) -> float:
        """GB/s: speed times the bytes of a token."""
        return self.speed * self.read_gb

    @property
    def rest_ms(self) -> float:
        """A token's time less the time that reading takes at the card's bandwidth, in milliseconds."""
        return 1000 * (1 / self.speed - 1 / self.ceiling)


def claimed(gpu: str = POST_GPU) -> list[Measurement]:
    """The post's two speeds on a card that its "A100" is taken for."""
    card, source = facts.gpu(gpu), "The post, third table; it names an A100 and no precision."
    return [
        Measurement("the post", source, step(model), "FP16", card, speed, claimed=True)
        for model, speed in claims().items()
    ]


def published() -> list[Measurement]:
    """Every published speed of one sequence on a card of this book's data."""
    return [_measurement(speed) for speed in _speeds() if speed.hardware in memory.CARDS]


def without_card() -> list[Speed]:
    """The published speeds on a card whose data sheet is not in this book's data."""
    return [speed for speed in _speeds() if speed.hardware not in memory.CARDS]


def _speeds() -> list[Speed]:
    return [speed for speed in facts.speeds() if speed.quantity == "tokens a second"]


def _measurement(speed: Speed) -> Measurement:
    source = facts.source(speed.source_id)
    return Measurement(
        who=source.short_title,
        source=f"{source.title}: {speed.condition}.",
        step=step(speed.model, SAME_BYTES.get(speed.precision, speed.precision)),
        weights=speed.precision,
        card=facts.gpu(speed.hardware),
        speed=speed.value,
        published=_published_bandwidth(speed),
    )


def _published_bandwidth(speed: Speed) -> float | None:
    """GB/s that the measurers of a speed printed beside it."""

    def run(s: Speed) -> tuple[str, str, str, str]:
        return s.model, s.hardware, s.precision, s.source_id

    found = (s for s in facts.speeds() if s.quantity == "bandwidth reached" and run(s) == run(speed))
    return next((s.value for s in found), None)
