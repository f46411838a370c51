"""What came after: models by size and day within one run of a test, crossings, staircases, experts, prices.

A *run* is one harness: evaluations by one program and one hand, so that two models' scores on a test can be
set against each other. Scores, gaps and errors are percentage points, sizes are parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from math import ceil, log

from smallmodels import facts, memory
from smallmodels.benchmarks.formulas import gap_error, z_score
from smallmodels.facts import PastOffer, Pipeline, ProgressClaim, Release, Score
from smallmodels.later.formulas import (
    Trend,
    change_pct,
    fold_months,
    halved,
    halving_months,
    log_months,
    trend,
    yearly_pct,
)
from smallmodels.story import bounds, months
from smallmodels.table import Choice

BIG, LIMIT = "Llama 2 70B", 15.0  # what the post calls a 70B, and the most of what it would call a 13B
LEAST_BIG = 60e9  # parameters of a model that the post would call a 70B or a 175B
CONFIDENCE = 0.95
POST, FOUR_BIT = "post", "obsscaling-4bit"
LEAST_STEP = 0.95  # a step down is one of 5% at least: some sizes are counted, others rounded by their makers
LEAST_MONTHS = 6.0  # between the first and the last sight of an offer, for a change a year to mean something
BEYOND, WITHIN, UNKNOWN, BELOW = "beyond noise", "within noise", "noise unknown", "not yet"
ANY = "any"  # the highest figure that anybody printed, whoever ran it
Protocol = tuple[str, str, str, str, str]  # pipeline, benchmark, set of items, metric, shots


@dataclass(frozen=True, slots=True)
class Harness:
    """One run, as readers know it, and the pipelines it consists of; an earlier one is preferred.

    Each test of it comes from one pipeline. Where it is not `single`, figures of different hands stand side
    by side, and nothing can be said of noise.
    """

    id: str
    name: str
    pipelines: tuple[str, ...]
    single: bool = True


HARNESSES = (
    Harness(
        "leaderboard-v1",
        "Open LLM Leaderboard v1",
        ("open-llm-leaderboard-v1", "obsscaling", "obsscaling-humaneval"),
    ),
    Harness("leaderboard-v2", "Open LLM Leaderboard v2", ("open-llm-leaderboard-v2-rescaled",)),
    Harness("meta-2024", "Meta's run of 2024", ("llama-3-card",)),
    Harness("mistral-2023", "Mistral's run of 2023", ("mixtral-paper",)),
    Harness("meta-2023", "Meta's run of 2023", ("llama-2-paper",)),
    Harness("deepseek", "DeepSeek's run", ("deepseek-run",)),
    Harness("opencompass", "OpenCompass for InternLM", ("internlm-run",)),
    Harness("qwen3", "Alibaba's run for Qwen3", ("qwen3-report",)),
    Harness("granite", "IBM's run for Granite", ("granite-run",)),
    Harness("quoted", "quoted side by side", ("llama-paper-quoted", "llama-2-paper"), single=False),
)
# Which tests belong together for a reader, by the kind of benchmark, in the order to show them.
FAMILIES = {
    "exam": "exams",
    "mathematics": "maths",
    "code": "code",
    "reasoning": "reasoning",
    "commonsense": "completion",
    "truthfulness": "truthfulness",
    "knowledge": "knowledge",
    "reading": "reading",
    "instructions": "instructions",
}


def harness(id: str) -> Harness:
    """The run with this id; `ValueError` that names those there are."""
    return facts.lookups.one({h.id: h for h in HARNESSES}, id, "run")


def harness_of(entry: "Entry") -> Harness | Pipeline:
    """The run that an entry comes from; the pipeline itself where no run of ours has it."""
    id = entry.score.pipeline_id
    return next((h for h in HARNESSES if h.single and id in h.pipelines), facts.pipeline(id))


@dataclass(frozen=True, slots=True)
class Sized:
    """A model with its size in parameters, all of them and those that one token uses, and its day."""

    model: str
    total: int
    active: int
    released: str
    kind: str

    @property
    def day(self) -> date:
        """The first day that its release date can mean."""
        return bounds(self.released)[0]

    @property
    def billions(self) -> float:
        """Its parameters in billions."""
        return self.total / 1e9

    @property
    def mixed(self) -> bool:
        """Whether it is a mixture of experts: a token uses a part of it."""
        return self.active < self.total


@cache
def sized(model: str) -> Sized:
    """A model of `releases` with its size: counted from its shape, or as its maker rounds it."""
    release = facts.release(model)
    total = _parameters(release)
    return Sized(model, total, release.params_active or total, release.release_date, release.kind)


def _parameters(release: Release) -> int:
    shape = next((m for m in facts.models() if m.name in (release.model, release.base_model)), None)
    if shape and shape.params_published:
        return shape.params_published
    if release.params_rounded:
        return release.params_rounded
    return memory.model_parameters(shape) if shape else _parameters(facts.release(release.base_model))


@dataclass(frozen=True, slots=True)
class Entry:
    """A model's score in a run."""

    score: Score
    of: Sized

    @property
    def pct(self) -> float:
        """The score in percent."""
        return self.score.score_pct

    @property
    def test(self) -> str:
        """The benchmark's name."""
        return self.score.benchmark


@cache
def entries(run: str) -> tuple[Entry, ...]:
    """Every score of a run on single tests; of one model's two figures on a test the preferred pipeline's."""
    pipelines = harness(run).pipelines
    found: dict[tuple[str, str, str], Score] = {}
    own = [s for s in facts.scores() if s.pipeline_id in pipelines and s.benchmark in _tests()]
    for score in sorted(own, key=lambda s: pipelines.index(s.pipeline_id)):
        found.setdefault((score.model, score.benchmark, score.eval_set), score)
    return tuple(Entry(score, sized(score.model)) for score in found.values())


@cache
def _tests() -> frozenset[str]:
    return frozenset(b.benchmark for b in facts.benchmarks() if b.kind in FAMILIES)


def family(test: str) -> str:
    """The family a test belongs to, in a reader's word."""
    return FAMILIES[facts.benchmark(test).kind]


def _family_order(test: str) -> tuple[int, int]:
    listed = facts.benchmarks()
    at = next(i for i, b in enumerate(listed) if b.benchmark == test)
    return [*FAMILIES].index(listed[at].kind), at


def bigs(run: str) -> list[str]:
    """The models of a run that are large enough to be crossed, by day."""
    found = {e.of for e in entries(run) if e.of.total >= LEAST_BIG and e.of.kind == "base"}
    return [one.model for one in sorted(found, key=lambda one: (one.day, one.model))]


def every_big() -> list[str]:
    """The same over all runs."""
    found = {sized(model) for h in HARNESSES for model in bigs(h.id)}
    return [one.model for one in sorted(found, key=lambda one: (one.day, one.model))]


def runs_with_big() -> list[tuple[str, str]]:
    """The runs in which a model can be crossed, as (what to call it, id)."""
    return [(h.name, h.id) for h in HARNESSES if any(candidates(big, h.id) for big in bigs(h.id))]


def candidates(big: str, run: str) -> list[Entry]:
    """The scores of smaller base models in a run on tests that the big one has, asked alike."""
    target = {e.test: e for e in entries(run) if e.of.model == big}
    smaller = [e for e in entries(run) if e.of.kind == "base" and e.of.total < sized(big).total]
    return [e for e in smaller if e.test in target and _alike(e, target[e.test], harness(run))]


def _alike(one: Entry, other: Entry, run: Harness) -> bool:
    return not run.single or _protocol(one.score) == _protocol(other.score)


def _protocol(score: Score) -> tuple[str, ...]:
    return (score.eval_set, score.metric, score.shots)


def choices(big: str, limit_b: float, run: str) -> dict[str, Choice]:
    """Which big model and which run show something while the other arguments stay."""

    def shown(model: str, id: str) -> bool:
        return any(e.of.billions <= limit_b for e in candidates(model, id))

    models = tuple(m for m in every_big() if m in bigs(run) and shown(m, run))
    ids = tuple(id for _, id in runs_with_big() if big in bigs(id) and shown(big, id))
    found = {"big": Choice(models, "not in this run"), "run": Choice(ids, "has no scores of this model")}
    return {name: choice for name, choice in found.items() if choice.values}


def nearest(big: str, limit_b: float, run: str) -> dict[str, str | int]:
    """What to change of a state that shows nothing: argument to value; nothing where it shows something."""
    if not any(e.of.model == big for e in entries(run)) or big not in bigs(run):
        ids = [id for _, id in runs_with_big() if big in bigs(id)]
        return {"run": ids[0]} if ids else {"big": bigs(run)[0]}
    small = [e.of.billions for e in candidates(big, run)]
    if not small:
        return {"run": next(id for _, id in runs_with_big() if big in bigs(id))}
    return {} if min(small) <= limit_b else {"limit": ceil(min(small))}


@dataclass(frozen=True, slots=True)
class Crossing:
    """One test of one run: the big model's score, and which small models came near it, by day.

    `first` is the first of at most the limit whose score is higher, `firm` the first whose lead is beyond
    noise at `CONFIDENCE` (unpaired); both are None where there is none. `best` is the highest score.
    """

    big: Entry
    small: tuple[Entry, ...]
    first: Entry | None
    firm: Entry | None
    best: Entry

    @property
    def test(self) -> str:
        """The benchmark's name."""
        return self.big.test

    @property
    def family(self) -> str:
        """The family of tests it belongs to."""
        return family(self.test)

    @property
    def day(self) -> str:
        """The first day on which both models were out, as precise as known; empty without a crossing."""
        if self.first is None:
            return ""
        return max((self.first.of.released, self.big.of.released), key=lambda day: bounds(day)[0])

    @property
    def verdict(self) -> str:
        """Of the small models' best: beyond noise, within noise, noise unknown, or not yet above."""
        if self.first is None:
            return BELOW
        if self.firm is not None:
            return BEYOND
        return UNKNOWN if deviations(self.best, self.big) is None else WITHIN

    @property
    def gap(self) -> float:
        """What the best small model has more than the big one, in points; negative where it still loses."""
        return round(self.best.pct - self.big.pct, 4)


def deviations(one: Entry, other: Entry) -> float | None:
    """The gap between two scores on a test in standard errors; None where no error can be told.

    Unpaired, so the error is an upper bound; None for scores of two hands, unknown numbers of items and
    metrics that are no share of right answers, but for TruthfulQA's mc2, for which a share stands in.
    """
    if not _same_run(one, other):
        return None
    items = facts.eval_set(one.test, one.score.eval_set).n_items
    if not items or not all(_share(e.score) for e in (one, other)):
        return None
    error = gap_error(one.pct, other.pct, items)
    return (one.pct - other.pct) / error if error else None


def _same_run(one: Entry, other: Entry) -> bool:
    """Whether one harness measured both: one pipeline that is no mixture, or two of the same run."""
    both = {one.score.pipeline_id, other.score.pipeline_id}
    single = all(facts.pipeline(id).kind == "single" for id in both)
    return single and any(h.single and both <= {*h.pipelines} for h in HARNESSES)


def _share(score: Score) -> bool:
    return score.metric == "mc2" or facts.metric(score.metric).proportion


def crossed(big: str = BIG, limit_b: float = LIMIT, run: str = "leaderboard-v1") -> tuple[Crossing, ...]:
    """Every test of a run that the big model and some model of at most `limit_b` billions took, by family.

    `ValueError` for an unknown run, a model that is not in it, or a limit below every model.
    """
    name = harness(run).name
    if big not in bigs(run):
        known = ", ".join(bigs(run)) or "none"
        raise ValueError(f"{name} has no big model {big!r}; it has {known}.")
    small = [e for e in candidates(big, run) if e.of.billions <= limit_b]
    if not small:
        raise ValueError(f"{name} has no model of at most {limit_b:g} billion parameters; choose more.")
    by_test = sorted(small, key=lambda e: (*_family_order(e.test), e.of.day, e.of.total))
    target = {e.test: e for e in entries(run) if e.of.model == big}
    return tuple(_crossing(target[test], [*found]) for test, found in groupby(by_test, lambda e: e.test))


def _crossing(big: Entry, small: Sequence[Entry]) -> Crossing:
    z = z_score(CONFIDENCE)
    return Crossing(
        big,
        tuple(small),
        next((e for e in small if e.pct > big.pct), None),
        next((e for e in small if (deviations(e, big) or 0) > z), None),
        max(small, key=lambda e: e.pct),
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """The post's forecast on one big model: its tests, and how many of them small models won."""

    crossings: tuple[Crossing, ...]

    @property
    def above(self) -> tuple[Crossing, ...]:
        """The tests on which some small model is above."""
        return tuple(one for one in self.crossings if one.first)

    @property
    def beyond(self) -> tuple[Crossing, ...]:
        """Those on which a lead is beyond noise."""
        return tuple(one for one in self.above if one.verdict == BEYOND)

    @property
    def lost(self) -> tuple[Crossing, ...]:
        """The tests on which none is."""
        return tuple(one for one in self.crossings if not one.first)

    @property
    def families(self) -> dict[str, bool]:
        """By family of tests: whether a small model is above on each of them."""
        names = dict.fromkeys(one.family for one in self.crossings)
        return {name: all(one.first for one in self.crossings if one.family == name) for name in names}

    @property
    def all_round(self) -> tuple[str, int, int]:
        """The model above on the most tests, on how many, and of how many it took."""
        return all_rounder(self.crossings)


def forecast(big: str = BIG, limit_b: float = LIMIT, run: str = "leaderboard-v1") -> Forecast:
    """How the forecast fares against one big model in one run; `ValueError` as `crossed` raises."""
    return Forecast(crossed(big, limit_b, run))


def all_rounder(found: Sequence[Crossing]) -> tuple[str, int, int]:
    """The small model that is above the big one on the most tests, on how many, and of how many it took."""
    scored: dict[str, list[bool]] = {}
    for one in found:
        for entry in one.small:
            scored.setdefault(entry.of.model, []).append(entry.pct > one.big.pct)
    best = max(scored, key=lambda model: (sum(scored[model]), -len(scored[model])))
    return best, sum(scored[best]), len(scored[best])


# Parameters for a score.


@dataclass(frozen=True, slots=True)
class Staircase:
    """The smallest model at or above a score on MMLU, day by day: each step is smaller than all before."""

    threshold: float
    run: str
    steps: tuple[Entry, ...]
    reached: tuple[Entry, ...]

    @property
    def months(self) -> list[float]:
        """Months from the first step to each."""
        return [months((step.of.day - self.steps[0].of.day).days) for step in self.steps]

    @property
    def fitted(self) -> Trend | None:
        """The line through the steps; None where there are fewer than two."""
        if len(self.steps) < 2:
            return None
        return trend(self.months, [step.of.total for step in self.steps], CONFIDENCE)

    @property
    def ends(self) -> float | None:
        """Months to half from the first step to the last alone."""
        if len(self.steps) < 2:
            return None
        return halving_months(self.steps[0].of.total, self.steps[-1].of.total, self.months[-1])

    @property
    def until_today(self) -> float | None:
        """The same with the time since the last step counted, in which nothing smaller came."""
        if len(self.steps) < 2:
            return None
        return halving_months(self.steps[0].of.total, self.steps[-1].of.total, self.months_to(latest_day()))

    def months_to(self, day: date) -> float:
        """Months from the first step to a day."""
        return months((day - self.steps[0].of.day).days)

    def led_to(self, halving: float) -> float:
        """The parameters for this score on the latest day of the data, had they halved at this pace."""
        return halved(self.steps[0].of.total, self.months_to(latest_day()), halving)


def latest_day() -> date:
    """The latest day of which the data knows a price: the book's today."""
    return max(bounds(offer.date)[1] for offer in facts.price_history())


def staircase_runs() -> list[tuple[str, str]]:
    """Whose MMLU can be asked for, as (what to call it, id)."""
    return [("whoever ran it", ANY), (harness("leaderboard-v1").name, "leaderboard-v1")]


def mmlu(run: str = ANY, tuned: bool = False) -> list[Entry]:
    """Every model's MMLU, by day; of several figures of whoever ran it, the highest 5-shot one."""
    kinds = ("base", "tuned") if tuned else ("base",)
    if run != ANY:
        found = [e for e in entries(run) if e.test == "MMLU" and e.of.kind in kinds]
    else:
        best: dict[str, Score] = {}
        for score in sorted(filter(_plain_mmlu, facts.scores()), key=lambda s: s.score_pct):
            best[score.model] = score
        found = [Entry(s, sized(s.model)) for s in best.values() if sized(s.model).kind in kinds]
    return sorted(found, key=lambda e: (e.of.day, e.of.total))


def _plain_mmlu(score: Score) -> bool:
    asked = score.shots in ("5", "not stated") and "thought" not in score.metric
    return score.benchmark == "MMLU" and asked and score.pipeline_id not in (POST, FOUR_BIT)


def stairs(threshold: float, run: str = ANY, tuned: bool = False) -> Staircase:
    """The staircase of a threshold; `ValueError` for an unknown run and where no model reached it."""
    facts.lookups.one({id: id for _, id in staircase_runs()}, run, "run of MMLU")
    reached = [e for e in mmlu(run, tuned) if e.pct >= threshold]
    if not reached:
        top = max(e.pct for e in mmlu(run, tuned))
        raise ValueError(f"No model here has {threshold:g} on MMLU; choose {top:g} or less.")
    steps: list[Entry] = []
    for entry in reached:
        if not steps or entry.of.total < LEAST_STEP * steps[-1].of.total:
            steps.append(entry)
    return Staircase(threshold, run, tuple(steps), tuple(reached))


@dataclass(frozen=True, slots=True)
class Pace:
    """A published pace: months to half, with an interval where one was published or follows."""

    claim: ProgressClaim
    months: float | None
    low: float | None
    high: float | None


def paces() -> tuple[Pace, ...]:
    """Every published claim as months to half, in the order of the data."""
    return tuple(_pace(claim) for claim in facts.progress_claims())


def quantities() -> list[tuple[str, str]]:
    """Of what a pace has been published, as (what to call it, id)."""
    names = dict.fromkeys(claim.quantity for claim in facts.progress_claims())
    return [(name, name) for name in names]


def _pace(claim: ProgressClaim) -> Pace:
    if claim.fold_low and claim.fold_high:
        return Pace(claim, None, fold_months(claim.fold_high), fold_months(claim.fold_low))
    if claim.log_per_year:
        return Pace(claim, log_months(claim.log_per_year), None, None)
    if claim.from_value and claim.to_value:
        span = months((bounds(claim.to_date)[0] - bounds(claim.from_date)[0]).days)
        return Pace(claim, halving_months(claim.from_value, claim.to_value, span), None, None)
    return Pace(claim, claim.months, claim.months_low, claim.months_high)


def latest_law() -> float:
    """Months to half by the latest published law of parameters: the densing law's."""
    printed = [c for c in facts.progress_claims() if c.quantity == "parameters" and c.months]
    return max(printed, key=lambda claim: claim.date).months or 0.0


# Experts.


@dataclass(frozen=True, slots=True)
class Expert:
    """A mixture of experts on one test of a run, and the dense model of its day that scores most like it."""

    entry: Entry
    nearest: Entry

    @property
    def gap(self) -> float:
        """What the mixture has more than that dense model, in points."""
        return round(self.entry.pct - self.nearest.pct, 4)

    @property
    def position(self) -> float:
        """Where the dense size lies between active (0) and total (1), on a logarithmic scale."""
        of = self.entry.of
        return log(self.nearest.of.total / of.active) / log(of.total / of.active)


def expert_runs() -> list[tuple[str, str]]:
    """The runs that have mixtures of experts beside dense models, as (what to call it, id)."""
    return [(h.name, h.id) for h in HARNESSES if h.single and expert_tests(h.id)]


def expert_tests(run: str) -> list[str]:
    """The tests of a run that both kinds of models took."""
    found = {mixed: {e.test for e in entries(run) if e.of.mixed is mixed} for mixed in (True, False)}
    return sorted(found[True] & found[False], key=_family_order)


def every_expert_test() -> list[str]:
    """The same over all runs that are one harness."""
    return sorted({test for _, id in expert_runs() for test in expert_tests(id)}, key=_family_order)


def mixtures(run: str, test: str) -> tuple[list[Expert], list[Entry]]:
    """The mixtures of a run on a test by day, and its dense models by size; `ValueError` for another test."""
    if test not in expert_tests(run):
        known = ", ".join(expert_tests(run)) or "none"
        raise ValueError(f"{harness(run).name} has no experts on {test!r}; it has {known}.")
    own = [e for e in entries(run) if e.test == test and e.of.kind == "base"]
    dense = sorted((e for e in own if not e.of.mixed), key=lambda e: e.of.total)
    found = sorted((e for e in own if e.of.mixed), key=lambda e: (e.of.day, e.of.model))
    return [Expert(e, near) for e in found if (near := _nearest(e, dense))], dense


def _nearest(mixture: Entry, dense: Sequence[Entry]) -> Entry | None:
    out = [e for e in dense if e.of.day <= mixture.of.day]
    return min(out, key=lambda e: (abs(e.pct - mixture.pct), e.of.total), default=None)


# Prices through time.


@dataclass(frozen=True, slots=True)
class Course:
    """One offer of one seller through time; prices are of tokens read, or of a card for an hour."""

    provider: str
    offer: str
    seen: tuple[PastOffer, ...]

    @property
    def name(self) -> str:
        """Seller and offer."""
        return f"{self.provider}, {self.offer}"

    @property
    def span_months(self) -> float:
        """Months from the first time it was seen to the last."""
        return months((bounds(self.seen[-1].date)[0] - bounds(self.seen[0].date)[0]).days)

    @property
    def change(self) -> float:
        """The change from first to last in percent."""
        return change_pct(self.seen[0].price, self.seen[-1].price)

    @property
    def yearly(self) -> float:
        """The same a year."""
        return yearly_pct(self.seen[0].price, self.seen[-1].price, self.span_months)


KINDS = {"card": "an hour of a card", "tokens": "a million tokens"}


def courses(kind: str = "card") -> tuple[Course, ...]:
    """Every offer that was seen over at least half a year; `ValueError` for an unknown kind."""
    facts.lookups.one(KINDS, kind, "kind of offer")
    own = sorted((o for o in facts.price_history() if o.kind == kind), key=_offer_key)
    found = [(key, tuple(seen)) for key, seen in groupby(own, _offer_name)]
    every = [Course(provider, offer, seen) for (provider, offer, _), seen in found]
    return tuple(one for one in every if one.span_months >= LEAST_MONTHS)


def _offer_name(seen: PastOffer) -> tuple[str, str, str]:
    return seen.provider, seen.offer, seen.currency


def _offer_key(seen: PastOffer) -> tuple[str, str, str, str]:
    return *_offer_name(seen), seen.date
