"""What lies between the formulas and the tables of chapter 02: contenders, matches, trained models, ways.

The laws themselves are built here from their constants in `data/`.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, log, log10

from smallmodels import facts, memory
from smallmodels.arguments import above_zero, checked
from smallmodels.facts import Release, family_of
from smallmodels.scaling.formulas import (
    Law,
    cheapest,
    served_for,
    served_to_repay,
    serving_flops,
    training_flops,
)

CHALLENGER, BASELINE = "Mistral 7B", "Llama 2 13B"
SIZES = (0.1, 1000)  # parameters a reader can choose, in billions
BUDGETS = (0.1, 100)  # training tokens a reader can choose, in trillions, and the charts' width
MOST_SERVED = 10_000  # the most served tokens a reader can choose, in trillions
# The laws that give a loss for any size and any amount of data.
LAWS = tuple(one.id for one in facts.laws() if one.about == "loss against parameters and tokens")


@checked
def law(id: str) -> Law:
    """One of `LAWS` ("chinchilla", "besiroglu" and others), its constants from `data/`.

    Its `loss` takes parameters and training tokens as counts, 7e9 and 2e12; `law_choices()` says what each is
    called. `ValueError` for another id.
    """
    if id not in LAWS:
        raise ValueError(f"There is no law {id!r} here; choose one of {', '.join(LAWS)}.")
    return _built(id)


@cache
def _built(id: str) -> Law:
    p = facts.law(id)
    if "N_c" in p:  # Kaplan's form
        alpha = p["alpha_N"] / p["alpha_D"]
        return Law(0.0, p["N_c"] ** alpha, p["D_c"], alpha, 1.0, p["alpha_D"], non_embedding)
    E, A, B = (p[name] if name in p else exp(p[f"log_{name}"]) for name in "EAB")
    return Law(E, A, B, p["alpha"], p["beta"])


def law_name(id: str) -> str:
    """What readers see as the name of one of `LAWS`."""
    return next(one.name for one in facts.laws() if one.id == id)


def law_choices() -> list[tuple[str, str]]:
    """The laws a reader can choose from, as (name, id)."""
    return [(law_name(id), id) for id in LAWS]


def budget_law_choices() -> list[tuple[str, str]]:
    """Those of them that speak of a budget of compute, the latest first, as (name, id)."""
    return [(name, id) for name, id in reversed(law_choices()) if law(id).has_best]


def budget_law(id: str) -> Law:
    """A law that speaks of a budget of compute; `ValueError` for any other."""
    if not law(id).has_best:
        raise ValueError(
            f"{law_name(id)} says nothing of a budget of compute; choose a law of Chinchilla's form."
        )
    return law(id)


@checked
def non_embedding(n_params: float) -> float:
    """Parameters without the embedding and output matrices of a Llama-like model of `n_params` in all.

    Exact for the dense models of `data/` with Llama's vocabulary of 32,000; in between, the matrices grow
    along a straight line in logarithms, and outside with the cube root of the size, as a model's width does.
    `ValueError` for a size that is not above 0.

    >>> non_embedding(7241732096)  # Mistral 7B
    6979588096.0
    """
    above_zero(n_params=n_params)
    sizes, matrices = _embeddings()
    last = bisect_right(sizes, n_params) - 1
    if last in (-1, len(sizes) - 1):
        last = max(last, 0)
        return float(n_params - matrices[last] * (n_params / sizes[last]) ** (1 / 3))
    step = log10(n_params / sizes[last]) / log10(sizes[last + 1] / sizes[last])
    return float(n_params - matrices[last] * (matrices[last + 1] / matrices[last]) ** step)


@cache
def _embeddings() -> tuple[list[int], list[int]]:
    """Sizes of the dense models with Llama's vocabulary, smallest first, and those of their two matrices."""
    vocabulary = facts.model(BASELINE).vocab_size
    alike = [s for s in facts.models() if s.vocab_size == vocabulary and s.n_experts == 1 and not s.tied]
    inner = {memory.model_parameters(s): memory.model_parameters(replace(s, vocab_size=0)) for s in alike}
    sizes = sorted(inner)
    return sizes, [n - inner[n] for n in sizes]


@dataclass(frozen=True, slots=True)
class Contender:
    """A model of `n_params` parameters trained on `n_tokens`; `family` is whose colour it wears."""

    name: str
    family: str
    n_params: float
    n_tokens: float

    @property
    def ratio(self) -> float:
        """Training tokens per parameter."""
        return self.n_tokens / self.n_params

    @property
    def training(self) -> float:
        """What its training took, in FLOPs."""
        return training_flops(self.n_params, self.n_tokens)

    @property
    def pair(self) -> tuple[float, float]:
        """Parameters and training tokens."""
        return self.n_params, self.n_tokens


def contender(model: str) -> Contender:
    """One of the post's two models, of exact size, on the tokens it had or is thought to have had.

    For Mistral 7B that is the post's own assumption: nobody else gives a number. `ValueError` for another
    model whose tokens nobody gives.

    >>> round(contender("Llama 2 13B").ratio, 1), round(contender("Mistral 7B").ratio, 1)
    (153.7, 276.2)
    """
    factor = post_factor("tokens")
    tokens = factor.challenger_value if model == CHALLENGER else facts.release(model).train_tokens
    if tokens is None:
        raise ValueError(f"Nobody published on how many tokens {model} was trained.")
    return Contender(model, family_of(model), memory.model_parameters(facts.model(model)), tokens)


def post_factor(id: str) -> facts.PostFactor:
    """One row of the post's second table."""
    return next(row for row in facts.post_factors() if row.id == id)


def contenders(
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> tuple[Contender, Contender]:
    """Challenger and baseline, from billions of parameters `n` and trillions of training tokens `d`.

    What is left out is Mistral 7B's and Llama 2 13B's. `ValueError` for parameters outside `SIZES` or tokens
    outside `BUDGETS`.

    >>> contenders(n_challenger=3)[0].n_params
    3000000000
    """
    return (
        _chosen(contender(CHALLENGER), "challenger", n_challenger, d_challenger),
        _chosen(contender(BASELINE), "baseline", n_baseline, d_baseline),
    )


def _chosen(default: Contender, role: str, billions: float | None, trillions: float | None) -> Contender:
    # Rounded to whole counts, so that a size read off a slider is the size it was set to.
    n, d = default.pair
    if billions is not None:
        if not SIZES[0] <= billions <= SIZES[1]:
            raise ValueError(
                f"The {role} has {billions:g} billion parameters; choose from 0.1 to 1,000 billion."
            )
        n = round(billions * 1e9)
    if trillions is not None:
        if not BUDGETS[0] <= trillions <= BUDGETS[1]:
            raise ValueError(
                f"The {role} has {trillions:g} trillion tokens; choose from 0.1 to 100 trillion."
            )
        d = round(trillions * 1e12)
    name = default.name if n == default.n_params else f"a {in_billions(n)} {role}"
    return Contender(name, default.family, n, d)


def in_billions(n_params: float) -> str:
    """A size as a name has it.

    >>> in_billions(7241732096), in_billions(3e12)
    ('7.242B', '3,000B')
    """
    return f"{n_params / 1e9:,.4g}B"


@dataclass(frozen=True, slots=True)
class Match:
    """Two contenders under one law."""

    law: Law
    challenger: Contender
    baseline: Contender

    def loss(self, one: Contender) -> float:
        """What the law expects, in nats a token."""
        return self.law.loss(*one.pair)

    @property
    def gap(self) -> float:
        """Challenger's loss minus the baseline's, in nats a token: below zero the challenger wins."""
        return self.loss(self.challenger) - self.loss(self.baseline)

    @property
    def ranked(self) -> tuple[Contender, Contender] | None:
        """Who should win, and who lose; None where they should come out level."""
        ours, theirs = (self.law.excess(*one.pair) for one in (self.challenger, self.baseline))
        if ours == theirs:
            return None
        return (self.challenger, self.baseline) if ours < theirs else (self.baseline, self.challenger)

    @property
    def winner(self) -> str:
        """The name of who should win, or `a tie`."""
        return self.ranked[0].name if self.ranked else "a tie"

    @property
    def needed(self) -> float | None:
        """Training tokens at which the challenger reaches the baseline's loss; None if no amount is."""
        return self.tokens_for(self.challenger)

    def tokens_for(self, one: Contender) -> float | None:
        """Training tokens at which one of the two reaches the other's loss; None if no amount is enough."""
        other = self.baseline if one is self.challenger else self.challenger
        return self.law.tokens_to_match(one.n_params, *other.pair)


def gap(id: str, ours: Contender | None = None, theirs: Contender | None = None) -> float:
    """The challenger's loss less the baseline's under one of `LAWS`, in nats a token: below zero it wins.

    The post's two models, on the post's tokens, where none is given.

    >>> round(gap("besiroglu"), 3)
    0.033
    """
    challenger, baseline = contenders()
    return Match(law(id), ours or challenger, theirs or baseline).gap


def equal_compute(id: str, ours: Contender | None = None, theirs: Contender | None = None) -> Match:
    """The two models under a law when the challenger is trained with the baseline's compute, 6ND.

    The `Match` holds the challenger with the tokens that this allows it. Models as in `gap`.

    >>> found = equal_compute("besiroglu")
    >>> round(found.challenger.n_tokens / 1e12, 2), round(found.gap, 3)
    (3.59, 0.02)
    """
    challenger, baseline = contenders()
    ours, theirs = ours or challenger, theirs or baseline
    tokens = theirs.training / training_flops(ours.n_params, 1)
    return Match(law(id), replace(ours, n_tokens=tokens), theirs)


@dataclass(frozen=True, slots=True)
class Trained:
    """A published model beside what a law calls best for its size."""

    law: Law
    release: Release
    n_params: int

    @property
    def best(self) -> float:
        """Tokens per parameter that are the best use of its training compute, by the law."""
        return (self.law.best_tokens(self.n_params) or 0.0) / self.n_params

    @property
    def ratio(self) -> float | None:
        """Tokens per parameter it read; None where they were never published."""
        tokens = self.release.train_tokens
        return tokens / self.n_params if tokens else None

    @property
    def times(self) -> float | None:
        """Its tokens as a multiple of the best: below one it is undertrained."""
        return None if self.ratio is None else self.ratio / self.best


def trained(law: Law, until: int) -> list[Trained]:
    """Base models published up to a year, of known size and tokens, and Mistral 7B, by date."""
    shown = [(release, n) for release, n in _sized() if int(release.release_date[:4]) <= until]
    return [Trained(law, release, n) for release, n in shown]


def one_of_each_series(found: Sequence[Trained]) -> list[Trained]:
    """Of each series of models the size nearest to Llama 2 13B, in the order given.

    A series is what a model's name says before its size: LLaMA 1, Llama 2.
    """
    size = contender(BASELINE).n_params
    nearest: dict[str, Trained] = {}
    for one in sorted(found, key=lambda one: abs(log(one.n_params / size))):
        nearest.setdefault(one.release.model.rpartition(" ")[0], one)
    return [one for one in found if one in nearest.values()]


@cache
def _sized() -> tuple[tuple[Release, int], ...]:
    known = [r for r in facts.releases() if r.kind == "base" and (r.train_tokens or r.model == CHALLENGER)]
    sized = [(r, n) for r in known if (n := _size(r)) is not None]
    return tuple(sorted(sized, key=lambda one: (one[0].release_date, one[0].model)))


def released_size(model: str) -> int:
    """Parameters of a released model: counted, or as its maker rounds them; `ValueError` where none is known.

    >>> released_size("Llama 2 13B"), released_size("LLaMA 1 65B")
    (13015864320, 65200000000)
    """
    size = _size(facts.release(model))
    if size is None:
        raise ValueError(f"How many parameters {model} has is not known here.")
    return size


def _size(release: Release) -> int | None:
    shape = next((m for m in facts.models() if m.name == release.model), None)
    if shape and shape.params_published:
        return shape.params_published
    return release.params_rounded or (memory.model_parameters(shape) if shape else None)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a loss: a size, its training tokens, and the tokens it then serves."""

    n_params: float
    n_tokens: float
    n_served: float

    @property
    def training(self) -> float:
        """FLOPs of training."""
        return training_flops(self.n_params, self.n_tokens)

    @property
    def serving(self) -> float:
        """FLOPs of serving."""
        return serving_flops(self.n_params, self.n_served)

    @property
    def total(self) -> float:
        """FLOPs of both."""
        return self.training + self.serving


@dataclass(frozen=True, slots=True)
class Goal:
    """The loss of a baseline, to be had at the least compute under a law that speaks of one."""

    law: Law
    baseline: Contender

    @property
    def loss(self) -> float:
        """In nats a token."""
        return self.law.loss(*self.baseline.pair)

    def cheapest(self, n_served: float) -> Way:
        """The way of the least compute for so many served tokens."""
        return Way(*cheapest(self.law, self.loss, n_served), n_served)

    def of_size(self, n_params: float, n_served: float) -> Way | None:
        """The way of a size; None where no amount of data brings it there."""
        tokens = self.law.tokens_for(n_params, self.loss)
        return None if tokens is None else Way(n_params, tokens, n_served)

    def saved_pct(self, n_served: float) -> float:
        """What the cheapest way takes less than the baseline, in percent; 0 where that is the cheapest."""
        theirs = Way(*self.baseline.pair, n_served)
        # No dust of a subtraction, no minus zero.
        return max(0.0, 100 * (1 - self.cheapest(n_served).total / theirs.total))

    def served_for(self, n_params: float) -> float | None:
        """Served tokens for which a size is the cheapest, as the formula of that name."""
        return served_for(self.law, n_params, self.loss)

    def repaid(self, n_params: float) -> float | None:
        """Served tokens from which a size costs less than the baseline; None where none does."""
        way = self.of_size(n_params, 0)
        if way is None or n_params >= self.baseline.n_params:
            return None
        return served_to_repay((n_params, way.n_tokens), self.baseline.pair)
