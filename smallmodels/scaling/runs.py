"""Chinchilla's own runs: the law fitted to them anew, and how far it could have come out otherwise.

Epoch AI read 245 runs off a figure of the Chinchilla paper; the refit of Besiroglu and others leaves out the
five with the fewest tokens. What a thousand draws of them say is recorded by `lab.bootstrap_runs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from statistics import quantiles

from smallmodels import facts
from smallmodels.arguments import checked, in_range
from smallmodels.scaling.fitting import HUBER, Point, errors, fit
from smallmodels.scaling.formulas import Law, without_embedding
from smallmodels.scaling.records import Contender, Match, contenders, non_embedding

LEFT_OUT = 5  # runs that Besiroglu and others leave out
MOST_LEFT_OUT = 60  # the most a reader can leave out
ALL, INNER = COUNTINGS = ("all parameters", "without embeddings")
DRAWS = "chinchilla-bootstrap"  # the record of the draws
CONSTANTS = ("E", "A", "B", "alpha", "beta")
FURTHEST = 1e16  # tokens beyond which an interval says no more than "more"


@cache
def read_off(counting: str = ALL) -> tuple[Point, ...]:
    """The runs read off the paper's figure, fewest tokens per parameter first.

    `counting` is one of `COUNTINGS`: Chinchilla counts all parameters, Kaplan those outside the embedding.
    """
    runs = [Point(r.n_params, r.train_flops / (6 * r.n_params), r.loss) for r in facts.chinchilla_runs()]
    runs.sort(key=lambda run: run.n_tokens / run.n_params)
    if counting == ALL:
        return tuple(runs)
    omega = facts.law("pearce-embeddings")["omega"]
    return tuple(replace(run, n_params=without_embedding(run.n_params, omega)) for run in runs)


@dataclass(frozen=True, slots=True)
class Refit:
    """A law fitted to the runs but the first `left_out`; `counting` is what its parameters are."""

    law: Law
    left_out: int
    how: str
    counting: str

    @property
    def runs(self) -> tuple[Point, ...]:
        """All the runs, those left out first."""
        return read_off(self.counting)

    @property
    def match(self) -> Match:
        """The post's two models under it."""
        return Match(self.law, *contenders())

    @property
    def residuals_pct(self) -> list[float]:
        """By how much of the law's value each run lies above it, in percent; those left out too."""
        bare = replace(self.law, inner=None)
        return [100 * error for error in errors(bare, self.runs)]

    @property
    def as_published(self) -> bool:
        """Whether it is made as that of Besiroglu and others, of which alone draws were recorded."""
        return (self.left_out, self.how, self.counting) == (LEFT_OUT, HUBER, ALL)


@checked
def refit(left_out: int = LEFT_OUT, how: str = HUBER, counting: str = ALL) -> Refit:
    """The law fitted to Chinchilla's runs without those of the fewest tokens per parameter.

    Its E, A, B, alpha and beta, and what it says of the post's two models, as a `Refit`. `how` is one of
    `fitting.METHODS`, `counting` one of `COUNTINGS`; `ValueError` for any other, and for more than
    `MOST_LEFT_OUT` runs left out.
    """
    in_range(0, MOST_LEFT_OUT, left_out=left_out)
    if counting not in COUNTINGS:
        raise ValueError(f"There is no counting {counting!r}; choose one of {', '.join(COUNTINGS)}.")
    return _refit(left_out, how, counting)


@cache
def _refit(left_out: int, how: str, counting: str) -> Refit:
    law = fit(read_off(counting)[left_out:], how)
    return Refit(law if counting == ALL else replace(law, inner=non_embedding), left_out, how, counting)


# What the draws say.


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle, the low and the high end of what draws gave; an end is None where no amount is enough."""

    middle: float | None
    low: float | None
    high: float | None


@cache
def drawn_laws() -> tuple[Law, ...]:
    """The laws of the recorded draws: the published refit, made to as many runs drawn with replacement."""
    return tuple(Law(*(row[name] for name in CONSTANTS)) for row in facts.run(DRAWS).rows)


def percentiles(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """The two percentiles that hold the middle share of some values.

    >>> percentiles([*range(101)], 0.9)
    (5.0, 95.0)
    """
    cuts = quantiles(values, n=2000, method="inclusive")
    low = round(1000 * (1 - confidence))
    return cuts[low - 1], cuts[-low]


@checked
def constant_interval(name: str, confidence: float = 0.95) -> tuple[float, float]:
    """Between which values a constant of the refit lies; `ValueError` for another than `CONSTANTS`."""
    if name not in CONSTANTS:
        raise ValueError(f"There is no constant {name!r}; choose one of {', '.join(CONSTANTS)}.")
    return percentiles([getattr(law, name) for law in drawn_laws()], confidence)


def gap_interval(
    ours: Contender | None = None, theirs: Contender | None = None, confidence: float = 0.95
) -> Interval:
    """The challenger's loss less the baseline's, in nats a token; the post's two models if none is given."""
    pair = _pair(ours, theirs)
    gaps = [Match(law, *pair).gap for law in drawn_laws()]
    return Interval(Match(refit().law, *pair).gap, *percentiles(gaps, confidence))


def match_interval(
    ours: Contender | None = None, theirs: Contender | None = None, confidence: float = 0.95
) -> Interval:
    """Training tokens at which the challenger reaches the baseline's loss, by the refit and its draws.

    The post's two models if none is given; a draw by which no amount of data is enough counts as the most.
    """
    pair = _pair(ours, theirs)
    amounts = [Match(law, *pair).needed or FURTHEST for law in drawn_laws()]
    low, high = percentiles([min(amount, FURTHEST) for amount in amounts], confidence)
    return Interval(Match(refit().law, *pair).needed, _reached(low), _reached(high))


def _pair(ours: Contender | None, theirs: Contender | None) -> tuple[Contender, Contender]:
    challenger, baseline = contenders()
    return ours or challenger, theirs or baseline


def _reached(tokens: float) -> float | None:
    return tokens if tokens < FURTHEST else None


def share_of_draws(tokens: float) -> float:
    """The share of the draws by which the challenger draws level on so many tokens or fewer."""
    enough = partial(_enough, tokens)
    return sum(map(enough, drawn_laws())) / len(drawn_laws())


def _enough(tokens: float, law: Law) -> bool:
    needed = Match(law, *contenders()).needed
    return needed is not None and needed <= tokens
