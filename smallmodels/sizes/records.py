"""What lies between the facts and the tables of chapter 02c: models on one harness, and what moves them.

The harness is that of the Open LLM Leaderboard, version 1, as it published itself or as ObsScaling copied it;
runs with 4-bit weights are kept apart.
"""

import itertools
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import sqrt

from smallmodels import facts, memory, scaling
from smallmodels.benchmarks import standard_error, z_score
from smallmodels.facts import Gpu, OpenRun, Release, Score, family_of
from smallmodels.scaling import CHALLENGER, Law
from smallmodels.sizes.formulas import Line, line, size_on, tokens_read, utilisation

HARNESS = ("open-llm-leaderboard-v1", "obsscaling")  # the first that has a score counts
IN_FOUR_BITS = "obsscaling-4bit"
NEIGHBOURS = (6.5e9, 9.5e9)  # parameters of what readers call a 7B to 9B
CONFIDENCE = 0.95
OPEN_COLUMNS = {"HellaSwag": "hellaswag", "ARC-c": "arc_c", "WinoGrande": "winogrande", "MMLU": "mmlu"}


def measured(model: str, benchmark: str, pipelines: tuple[str, ...] = HARNESS) -> Score | None:
    """A model's score on the harness; None where it has none."""
    found = _scores()
    return next((found[key] for id in pipelines if (key := (id, model, benchmark)) in found), None)


@cache
def _scores() -> dict[tuple[str, str, str], Score]:
    wanted = {*HARNESS, IN_FOUR_BITS}
    return {(s.pipeline_id, s.model, s.benchmark): s for s in facts.scores() if s.pipeline_id in wanted}


@cache
def llamas(series: str = "Llama ") -> tuple[str, ...]:
    """Base models of Meta's first two generations with a score on every test, smallest first.

    `series` is how their names begin: "Llama 2" for the second alone.
    """
    until = facts.release(CHALLENGER).release_date
    found = [
        r.model
        for r in facts.releases()
        if r.model.lower().startswith(series.lower()) and family_of(r.model) == "Llama"
        if r.kind == "base" and not r.base_model and r.release_date < until and measured(r.model, "MMLU")
    ]
    return tuple(sorted(found, key=scaling.released_size))


@cache
def tests() -> tuple[str, ...]:
    """The harness's tests on which each larger Llama 2 scores more, by the Llama that Mistral 7B is on them.

    On another (TruthfulQA, where 13B is below 7B) a score says nothing of size.
    """
    known = [b.benchmark for b in facts.benchmarks() if not b.benchmark.startswith("Leaderboard")]
    found = [test for test in known if _grows([measured(model, test) for model in llamas("Llama 2")])]
    sizes = {test: one.shown_size for test in found if (one := equivalent(CHALLENGER, test))}
    return tuple(sorted(sizes, key=lambda test: sizes[test]))


def _grows(scores: list[Score | None]) -> bool:
    values = [score.score_pct for score in scores if score]
    return len(values) == len(scores) > 2 and all(a < b for a, b in itertools.pairwise(values))


@cache
def later() -> tuple[str, ...]:
    """Base models of Mistral 7B's size that came after it and were run on the harness, by date.

    They have a score on all its tests but one at most.
    """
    since = facts.release(CHALLENGER).release_date
    found = [r for r in facts.releases() if r.kind == "base" and r.release_date > since and _near(r)]
    found = [
        r for r in found if sum(measured(r.model, test) is not None for test in tests()) >= len(tests()) - 1
    ]
    return tuple(r.model for r in sorted(found, key=lambda r: (r.release_date, r.model)))


def _near(release: Release) -> bool:
    try:
        return NEIGHBOURS[0] <= scaling.released_size(release.model) <= NEIGHBOURS[1]
    except ValueError:
        return False


def models() -> tuple[str, ...]:
    """The models a reader can choose: Mistral 7B and what came later."""
    return (CHALLENGER, *later())


# How big a Llama is it?


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A model's score on a test, and the Llama 2 that would score the same.

    `size`, `low` and `high` are parameters; None where the score lies beyond the smallest or the largest
    Llama 2, and `beyond` then says on which side ("below", "above").
    """

    model: str
    score: Score
    members: tuple[tuple[float, float], ...]
    size: float | None
    low: float | None
    high: float | None

    @property
    def beyond(self) -> str:
        """On which side of all the Llamas the score lies; nothing between them."""
        if self.size is not None:
            return ""
        return "below" if self.score.score_pct < self.members[0][1] else "above"

    @property
    def shown_size(self) -> float:
        """The size, or that of the Llama at the end beyond which it lies."""
        if self.size is not None:
            return self.size
        return self.members[0 if self.beyond == "below" else -1][0]


def equivalent(model: str, test: str) -> Equivalent | None:
    """How big a Llama 2 scores like this model on a test; None where it was not measured.

    The interval is that of the score and of the two Llamas beside it, as shares of the test's items, taken
    as independent: the answers item by item are not at hand, so it is too wide rather than too narrow.
    """
    score = measured(model, test)
    if score is None:
        return None
    members = tuple(_member(name, test) for name in llamas("Llama 2"))
    half = z_score(CONFIDENCE) * _error(score.score_pct, members, _items(score))
    found = [size_on(score.score_pct + shift, members) for shift in (0, -half, half)]
    return Equivalent(model, score, members, *found)


def _member(name: str, test: str) -> tuple[float, float]:
    score = measured(name, test)
    assert score is not None, "The tests are those on which every Llama 2 was measured."
    return scaling.released_size(name), score.score_pct


def _items(score: Score) -> int:
    return facts.eval_set(score.benchmark, score.eval_set).n_items or 1


def _error(score: float, members: tuple[tuple[float, float], ...], n_items: int) -> float:
    """Standard error of a score's distance from the family's line, in points."""
    own = standard_error(score, n_items)
    inside = min(max(score, members[0][1]), members[-1][1])
    (_, low), (_, high) = next(
        pair for pair in itertools.pairwise(members) if pair[0][1] <= inside <= pair[1][1]
    )
    share = (inside - low) / (high - low)
    beside = (1 - share) * standard_error(low, n_items), share * standard_error(high, n_items)
    return sqrt(own**2 + beside[0] ** 2 + beside[1] ** 2)


# Does the law's loss say it?


@dataclass(frozen=True, slots=True)
class Placed:
    """A model where a law puts it: the loss it expects, and the score that was measured."""

    model: str
    loss: float
    score_pct: float


@dataclass(frozen=True, slots=True)
class Course:
    """A test's scores against a law's loss: the line through the Llamas, and others beside it."""

    test: str
    law: Law
    llamas: tuple[Placed, ...]
    others: tuple[Placed, ...]

    @property
    def line(self) -> Line:
        """Through the Llamas."""
        return line([(one.loss, one.score_pct) for one in self.llamas])

    def above(self, one: Placed) -> float:
        """By how many points a model scores above the line."""
        return one.score_pct - self.line.at(one.loss)

    def tokens_for(self, one: Placed) -> float | None:
        """Training tokens at which a model would lie on the line; None if no amount is enough."""
        size = scaling.released_size(one.model)
        return self.law.tokens_for(size, self.line.where(one.score_pct))


def course(test: str, law: Law, challenger_tokens: float) -> Course:
    """A test's scores against the loss that a law expects of the models that took it.

    Mistral 7B's tokens were never published, so they are given; so is what comes later whose tokens were.
    """
    if test not in tests():
        raise ValueError(f"There is no test {test!r} here; choose one of {', '.join(tests())}.")
    family = tuple(one for name in llamas() if (one := _placed(name, test, law)))
    later_ones = tuple(one for name in later() if (one := _placed(name, test, law)))
    own = _placed(CHALLENGER, test, law, challenger_tokens)
    return Course(test, law, family, (*([own] if own else []), *later_ones))


def _placed(model: str, test: str, law: Law, tokens: float | None = None) -> Placed | None:
    score, read = measured(model, test), tokens or facts.release(model).train_tokens
    if score is None or read is None:
        return None
    return Placed(model, law.loss(scaling.released_size(model), read), score.score_pct)


# From loss to score.


@dataclass(frozen=True, slots=True)
class Bought:
    """What some nats of loss are worth on a test, by open models with a loss below a bound."""

    test: str
    runs: tuple[OpenRun, ...]
    nats: float

    @property
    def points(self) -> list[tuple[float, float]]:
        """Loss on C4 and score in percent, model by model."""
        return [(run.c4_loss, 100 * float(getattr(run, OPEN_COLUMNS[self.test]))) for run in self.runs]

    @property
    def line(self) -> Line:
        """Through them."""
        return line(self.points)

    @property
    def worth(self) -> float:
        """Points that the nats buy."""
        return -self.line.slope * self.nats

    @property
    def error(self) -> float:
        """Its standard error."""
        return self.line.slope_error * self.nats


def bought(test: str, nats: float, below: float) -> Bought:
    """What a loss lower by `nats` is worth on a test, by the open models with a C4 loss below a bound."""
    if test not in OPEN_COLUMNS:
        raise ValueError(f"There is no test {test!r} here; choose one of {', '.join(OPEN_COLUMNS)}.")
    return Bought(test, tuple(run for run in facts.open_scaling_runs() if run.c4_loss < below), nats)


# Could they have read it?


@dataclass(frozen=True, slots=True)
class Training:
    """A model trained on some cards for some days at some share of their peak."""

    n_params: float
    card: Gpu
    cards: float
    days: float
    utilisation: float

    @property
    def card_hours(self) -> float:
        """Hours of one card that it takes."""
        return self.cards * self.days * 24

    @property
    def tokens(self) -> float:
        """Training tokens."""
        flops = self.card.dense_tflops * 1e12
        return tokens_read(self.n_params, self.cards, self.days, flops, self.utilisation)

    def days_for(self, tokens: float) -> float:
        """Days that so many tokens take."""
        return self.days * tokens / self.tokens


@dataclass(frozen=True, slots=True)
class Told:
    """A training whose maker published tokens and card-hours."""

    release: Release
    card: Gpu
    card_hours: float
    n_tokens: float

    @property
    def utilisation(self) -> float:
        """The share of the cards' peak that 6ND makes of them."""
        size = scaling.released_size(self.release.model)
        return utilisation(size, self.n_tokens, self.card_hours, self.card.dense_tflops * 1e12)


@cache
def told() -> tuple[Told, ...]:
    """Base models whose makers published tokens, hours and cards, by date and size."""
    found = [
        Told(r, facts.gpu(r.train_gpu), r.train_gpu_hours, r.train_tokens)
        for r in facts.releases()
        if r.kind == "base" and r.train_gpu_hours and r.train_tokens and r.train_gpu
    ]
    return tuple(sorted(found, key=lambda one: (one.release.release_date, one.card_hours)))


@cache
def days_there_were() -> int:
    """Days between the announcement of the company's round and the release of its model."""
    dates = {event.id: event.date for event in facts.story()}
    return (date.fromisoformat(dates["release"]) - date.fromisoformat(dates["seed-round"])).days


# Thirteen billion in four bits.


@dataclass(frozen=True, slots=True)
class Kept:
    """A model with its weights in some precision, its bytes, and the pipelines that measured it so."""

    model: str
    precision: str
    pipelines: tuple[str, ...]

    @property
    def n_bytes(self) -> float:
        """Of its weights."""
        return memory.weight_bytes(memory.model_parameters(facts.model(self.model)), self.precision)

    def score(self, test: str) -> Score | None:
        """Its score on a test; None where it was not measured so."""
        return measured(self.model, test, self.pipelines)


@cache
def kept() -> tuple[Kept, ...]:
    """Both sizes of Llama 2 in 16 bits, in 4 where they were measured, and Mistral 7B in 16; by bytes."""
    names = {s.model for s in facts.scores() if s.pipeline_id == IN_FOUR_BITS}
    whole = [Kept(name, "FP16", HARNESS) for name in (*names, CHALLENGER)]
    return tuple(
        sorted([*whole, *(Kept(name, "INT4", (IN_FOUR_BITS,)) for name in names)], key=lambda k: k.n_bytes)
    )
