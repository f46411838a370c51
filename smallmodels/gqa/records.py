"""What chapter 03 counts and compares, as typed records: tables, series and sentences are made of them.

First what follows from a model's shape: sharings, caches, and how caches are miscounted. Then what was
published or recorded: trios of models, runs by seed, conversions, timed steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean, stdev

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.benchmarks import ABLATION
from smallmodels.facts import Calculator, Model, Rows, Score
from smallmodels.gqa.formulas import (
    Times,
    cached_tokens,
    even_sharings,
    fit_times,
    kv_bytes_per_token,
    kv_cache_bytes,
    margin,
)


def every_layer_alike(shape: Model) -> bool:
    """Whether one window and one number of heads describe all layers."""
    return shape.sliding_every in (None, 1)


# A model is offered when its shape was read in its source and its layers are alike; a row of data is enough.
MODELS = tuple(shape.name for shape in facts.models() if shape.verified == "yes" and every_layer_alike(shape))
KV_HEADS = tuple(sorted({heads for name in MODELS for heads in even_sharings(facts.model(name).n_heads)}))


def known_model(name: str) -> Model:
    """A model of `MODELS`; `ValueError` with their names for any other."""
    if name not in MODELS:
        raise ValueError(f"{_why_not(name)}; choose one of {', '.join(MODELS)}.")
    return facts.model(name)


def _why_not(name: str) -> str:
    """Why a model is not among `MODELS`, as the start of a sentence."""
    shape = next((one for one in facts.models() if one.name == name), None)
    if shape is None:
        return f"There is no shape of {name!r} here"
    if every_layer_alike(shape):
        return f"Nobody here read all of the shape of {name} in its source"
    return f"{name} has its window in every second layer only"


@dataclass(frozen=True, slots=True)
class Sharing:
    """A layer whose query heads share so many KV heads evenly."""

    n_heads: int
    n_kv_heads: int

    @property
    def group(self) -> int:
        """Query heads that read the same KV head."""
        return self.n_heads // self.n_kv_heads

    @property
    def vectors(self) -> int:
        """Vectors that the layer keeps of a token: a key and a value in each KV head."""
        return 2 * self.n_kv_heads

    @property
    def share_pct(self) -> float:
        """What is kept, against a KV head for every query head."""
        return 100 * self.n_kv_heads / self.n_heads

    def marks(self, chosen: int, published: int | None = None) -> str:
        """What this sharing is called, and whether it is the reader's or the model's own."""
        marks = {
            "a head each (MHA)": self.n_kv_heads == self.n_heads,
            "one for all (MQA)": self.n_kv_heads == 1,
            "as published": self.n_kv_heads == published,
            "your choice": self.n_kv_heads == chosen,
        }
        return ", ".join(mark for mark, holds in marks.items() if holds)


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values of `batch` sequences of `context` tokens, if a model had so many KV heads.

    `ValueError` for a context below 0, and for a batch, heads or bytes that are not above 0.
    """

    shape: Model
    n_kv_heads: int
    context: int
    batch: int = 1
    value_bytes: float = 2

    def __post_init__(self) -> None:
        kv_cache_bytes(self.token_bytes, self.context, self.batch)  # refuses what cannot be

    @property
    def sharing(self) -> Sharing:
        """How its heads share."""
        return Sharing(self.shape.n_heads, self.n_kv_heads)

    @property
    def token_bytes(self) -> float:
        """Bytes of one token in all layers."""
        return kv_bytes_per_token(self.shape.n_layers, self.n_kv_heads, self.shape.head_dim, self.value_bytes)

    @property
    def n_bytes(self) -> float:
        """Bytes held; behind a window the buffer rolls."""
        return kv_cache_bytes(self.token_bytes, self.context, self.batch, self.shape.sliding_window)

    @property
    def unrolled_bytes(self) -> float:
        """Bytes held by a program that keeps every token."""
        return kv_cache_bytes(self.token_bytes, self.context, self.batch)

    @property
    def gb(self) -> float:
        """What it holds in 10^9 bytes."""
        return self.n_bytes / 1e9

    @property
    def unrolled_times(self) -> float:
        """How many times more a program holds that keeps every token; at least 1."""
        return self.context / cached_tokens(self.context, self.shape.sliding_window)

    @property
    def load(self) -> str:
        """The sequences in words: "one sequence of 4,096 tokens"."""
        return f"{words.figures(self.batch, 'sequence')} of {words.figures(self.context, 'token')}"

    def shared_by(self, n_kv_heads: int) -> "Cache":
        """The same with another number of KV heads."""
        return replace(self, n_kv_heads=n_kv_heads)


@checked
def cache_of(model: str, context: int, batch: int = 1, value_bytes: float = 2) -> Cache:
    """The cache of a model as published, in bytes and GB, for sequences of so many tokens.

    `model` is one of `MODELS`, `context` 0 or more tokens, `batch` 1 or more sequences, `value_bytes` above
    0; `ValueError` for anything else.

    >>> cache_of("Mistral 7B", 4096).gb
    0.536870912
    """
    shape = known_model(model)
    return Cache(shape, shape.n_kv_heads, context, batch, value_bytes)


@dataclass(frozen=True, slots=True)
class Count:
    """A count of a cache: what it forgets, the bytes it comes to, and the bytes there are."""

    forgets: str
    n_bytes: float
    true_bytes: float

    @property
    def gb(self) -> float:
        """What it comes to in 10^9 bytes."""
        return self.n_bytes / 1e9

    @property
    def factor(self) -> float:
        """Times the true size."""
        return self.n_bytes / self.true_bytes


def counts(cache: Cache) -> tuple[Count, ...]:
    """The true count of a cache, and what it becomes when something is forgotten."""
    unshared, true = cache.shared_by(cache.shape.n_heads), cache.n_bytes
    sizes = {
        "nothing forgotten": true,
        "keys or values forgotten": true / 2,
        "the sharing forgotten": unshared.n_bytes,
        "the window forgotten": cache.unrolled_bytes,
        "sharing and window forgotten": unshared.unrolled_bytes,
    }
    return tuple(Count(forgets, size, true) for forgets, size in sizes.items())


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What a public program gives for a cache in FP16, whatever the model's heads and window are."""

    program: Calculator
    cache: Cache

    @property
    def token_bytes(self) -> int:
        """Bytes it takes for one token."""
        return self.program.bytes_per_width * self.cache.shape.n_layers * self.cache.shape.d_model

    @property
    def gb(self) -> float:
        """What it gives, in 10^9 bytes."""
        return self.token_bytes * self.cache.context / 1e9

    @property
    def factor(self) -> float:
        """Times the true size."""
        return self.token_bytes * self.cache.context / self.cache.n_bytes


WAYS = {"mha": "MHA", "gqa": "GQA-8", "mqa": "MQA"}  # how the names of the published trio end


@dataclass(frozen=True, slots=True)
class Trio:
    """One benchmark's scores of three models that differ in how their heads share."""

    mha: Score
    gqa: Score
    mqa: Score

    @property
    def title(self) -> str:
        """The benchmark's name."""
        return facts.benchmark(self.mha.benchmark).title


def trios() -> tuple[Trio, ...]:
    """The published comparison, benchmark by benchmark (Touvron et al. 2023, Llama 2, table 18)."""
    scores = [score for score in facts.scores() if score.pipeline_id == ABLATION]
    found = {way: {s.benchmark: s for s in scores if s.model.endswith(name)} for way, name in WAYS.items()}
    return tuple(Trio(*(found[way][benchmark] for way in WAYS)) for benchmark in found["mha"])


def trio_means(rows: tuple[Trio, ...]) -> dict[str, float]:
    """The mean score of each way, in percent."""
    return {way: fmean(getattr(trio, way).score_pct for trio in rows) for way in WAYS}


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of models with one number of KV heads, by seed; `against` holds those of the most heads.

    Losses are in nats a character. For the most heads themselves `against` is empty.
    """

    n_kv_heads: int
    by_seed: Mapping[int, float]
    against: Mapping[int, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean loss over seeds."""
        return fmean(self.by_seed.values())

    @property
    def deviation(self) -> float | None:
        """Standard deviation between seeds, None for one."""
        return stdev(self.by_seed.values()) if len(self.by_seed) > 1 else None

    @property
    def span(self) -> float:
        """How far apart runs lie that differ in their seed only."""
        return max(self.by_seed.values()) - min(self.by_seed.values())

    @property
    def gaps(self) -> list[float]:
        """Each loss less the one of the same seed with the most heads."""
        return [loss - self.against[seed] for seed, loss in self.by_seed.items()] if self.against else []

    @property
    def gap(self) -> float | None:
        """Mean gap, None where there is none."""
        return fmean(self.gaps) if self.gaps else None

    @property
    def margin(self) -> float | None:
        """Half of the mean gap's 95% interval, by Student's t."""
        return margin(self.gaps)

    @property
    def worse(self) -> int | None:
        """Runs that lose against the most heads, None where there is nothing to lose against."""
        return sum(gap > 0 for gap in self.gaps) if self.gaps else None


def losses(rows: Rows) -> tuple[Losses, ...]:
    """The runs of `sharing-quality` by their number of KV heads, the most first."""
    heads = sorted({row["n_kv_heads"] for row in rows}, reverse=True)
    found = {n: {row["seed"]: row["loss"] for row in rows if row["n_kv_heads"] == n} for n in heads}
    return tuple(Losses(n, found[n], found[heads[0]] if n != heads[0] else {}) for n in heads)


KEPT = "kept"  # the way of a converted model that kept all its heads


@dataclass(frozen=True, slots=True)
class Conversion:
    """Losses of trained models whose heads were merged, by way and share of more training, then by seed."""

    found: Mapping[tuple[str, float], Mapping[int, float]]

    @property
    def ways(self) -> list[str]:
        """How heads were merged, `kept` among them, in the order of the record."""
        return list(dict.fromkeys(way for way, _ in self.found))

    @property
    def shares(self) -> list[float]:
        """Shares of the first training that were trained more, ascending from 0."""
        return sorted({share for _, share in self.found})

    def mean(self, way: str, share: float) -> float:
        """Mean loss over seeds, in nats a character."""
        return fmean(self.found[way, share].values())

    def best(self, share: float) -> str:
        """The way of merging with the least loss."""
        return min((way for way in self.ways if way != KEPT), key=lambda way: self.mean(way, share))

    @property
    def behind(self) -> float:
        """What the best merged model loses in the end against the one that kept its heads."""
        last = self.shares[-1]
        return self.mean(self.best(last), last) - self.mean(KEPT, last)

    def ahead(self, way: str, other: str, share: float) -> int:
        """Seeds in which one way has less loss than another."""
        theirs = self.found[other, share]
        return sum(loss < theirs[seed] for seed, loss in self.found[way, share].items())


def converted(rows: Rows) -> Conversion:
    """The runs of `conversion`."""
    found: dict[tuple[str, float], dict[int, float]] = {}
    for row in rows:
        found.setdefault((row["way"], row["extra"]), {})[row["seed"]] = row["loss"]
    return Conversion(found)


@dataclass(frozen=True, slots=True)
class Reading:
    """Bytes read, and the seconds it took."""

    n_bytes: float
    seconds: float

    @property
    def gb(self) -> float:
        """Read, in 10^9 bytes."""
        return self.n_bytes / 1e9

    @property
    def ms(self) -> float:
        """Taken, in milliseconds."""
        return 1e3 * self.seconds

    @property
    def gb_s(self) -> float:
        """Read a second, in 10^9 bytes."""
        return self.n_bytes / self.seconds / 1e9

    def fewer(self, whole: "Reading") -> float:
        """How many times fewer bytes this reads than another."""
        return whole.n_bytes / self.n_bytes

    def faster(self, whole: "Reading") -> float:
        """How many times as fast this is as another."""
        return whole.seconds / self.seconds


@dataclass(frozen=True, slots=True)
class Step(Reading):
    """A timed decoding step of the lab's decoder; `least` and `most` are seconds of its rounds."""

    n_kv_heads: int
    context: int
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Timed steps of one decoder with several numbers of KV heads and cached tokens."""

    all: tuple[Step, ...]

    @property
    def most_heads(self) -> int:
        """The number of KV heads that the others are set against."""
        return max(step.n_kv_heads for step in self.all)

    @property
    def contexts(self) -> list[int]:
        """Numbers of cached tokens, ascending."""
        return sorted({step.context for step in self.all})

    def at(self, n_kv_heads: int, context: int) -> Step:
        """The step with so many KV heads and cached tokens; `KeyError` if it was not timed."""
        return {(step.n_kv_heads, step.context): step for step in self.all}[n_kv_heads, context]

    def whole(self, step: Step) -> Step:
        """The step with the most heads and as many tokens."""
        return self.at(self.most_heads, step.context)

    def longest(self) -> list[Step]:
        """The steps with the most tokens cached, most heads first."""
        last = (step for step in self.all if step.context == self.contexts[-1])
        return sorted(last, key=lambda step: -step.n_kv_heads)

    def line(self, *, with_tokens: bool = False) -> Times:
        """Start and bandwidth by least squares, and a term for cached tokens if asked for."""
        tokens = [float(step.context) for step in self.all] if with_tokens else None
        return fit_times([step.gb for step in self.all], [step.ms for step in self.all], tokens)


def steps(rows: Rows) -> Steps:
    """The steps of `decode-time`."""
    names = ("seconds", "n_kv_heads", "context", "least", "most")
    return Steps(tuple(Step(row["bytes"], *(row[name] for name in names)) for row in rows))


GRAPH = ", graph"  # a way replayed without Python: the same kernels, started by the card


@dataclass(frozen=True, slots=True)
class CardStep(Reading):
    """A decoding step of a model of published shape on a card."""

    model: str
    context: int

    def ms_at(self, gb_s: float) -> float:
        """Milliseconds it would take at a bandwidth."""
        return self.n_bytes / gb_s / 1e6


def card_steps(rows: Rows) -> tuple[Reading, dict[tuple[str, int], CardStep]]:
    """What a plain copy took in `published-decode`, and each model's steps, replayed where they were."""
    copy, *rest = rows
    way = "step" + replayed(rest)
    found = {
        (row["model"], row["context"]): CardStep(row["bytes"], row["seconds"], row["model"], row["context"])
        for row in rest
        if row["way"] == way
    }
    return Reading(copy["bytes"], copy["seconds"]), found


@dataclass(frozen=True, slots=True)
class Shared:
    """Attention over a long cache on a card: shared by PyTorch, and with a group as rows of one query."""

    n_kv_heads: int
    grouped: Reading
    packed: Reading


def card_sharings(rows: Rows) -> tuple[Shared, ...]:
    """The cases of `shared-decode`, most KV heads first, replayed where they were."""
    end = replayed(rows)
    found = {
        (row["n_kv_heads"], row["way"].removesuffix(end)): Reading(row["bytes"], row["seconds"])
        for row in rows
        if row["way"].endswith(end)
    }
    heads = sorted({n for n, _ in found}, reverse=True)
    return tuple(Shared(n, found[n, "grouped"], found[n, "packed"]) for n in heads)


def replayed(rows: Rows) -> str:
    """The end of the ways to show: of those replayed without Python, if there are any."""
    return GRAPH if any(row["way"].endswith(GRAPH) for row in rows) else ""
