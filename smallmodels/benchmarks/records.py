"""Two models' figures in one report, and one model's figures in all of them, with what can be said of each.

A pair of figures is comparable when one evaluation produced both with the same metric, shots and test set;
for the post's figures the primary sources they were matched to decide. Scores, gaps and margins are
percentage points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TypeVar

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.benchmarks.formulas import beyond_after_holm, gap_error, z_score
from smallmodels.facts import Correlation, Score
from smallmodels.table import Choice

T = TypeVar("T")
POST = "post"
# The one correlation of item results between two models that is held as a single value.
MEASURED = "two-13b"
# The reports a reader can choose from: the post, and every report that scores several of its models.
REPORTS = (
    POST,
    "mistral-7b-paper",
    "open-llm-leaderboard-v1",
    "open-llm-leaderboard-v2",
    "mixtral-paper",
    "llama-2-paper",
    "llama-3-card",
    "gemma-report",
    "gemma-2-report",
    "qwen2.5-report",
)
COLLECTED = ("open-llm-leaderboard-v2",)  # read in ObsScaling's tables, but a report of its own
ABLATION = "llama-2-ablation"  # trial models trained to compare kinds of attention (chapter 03)
FOUR_BIT = "obsscaling-4bit"  # runs of 4-bit copies of Llama 2
RESCALED = "open-llm-leaderboard-v2-rescaled"  # on another scale: guessing scores nothing
F1 = "F1"
BEYOND, WITHIN, MIXED, UNKNOWN = "beyond noise", "within noise", "not comparable", "noise unknown"


def report_name(report: str) -> str:
    """What the book calls a report: `the post`, `Mistral 7B paper`."""
    return "the post" if report == POST else facts.source(report).short_title


def reports() -> list[tuple[str, str]]:
    """The reports a reader can choose from, as (what to call it, id) in the order to show them."""
    return [(report_name(report), report) for report in REPORTS]


@cache
def measured_correlation() -> Correlation:
    """How far the answers of two 13B models of one family went together: the one value that we hold.

    >>> measured_correlation().low
    0.54
    """
    return next(found for found in facts.correlations() if found.id == MEASURED)


@cache
def models() -> tuple[str, ...]:
    """Every released model that at least one of the reports scores, in alphabetical order."""
    named = [s for s in facts.scores() if report_of(s) in REPORTS and s.pipeline_id != ABLATION]
    return tuple(sorted({s.model for s in named if _is_test(s)}))


def report_of(score: Score) -> str:
    """The report a figure belongs to: what printed it, but for `COLLECTED` ones what was collected there."""
    return score.pipeline_id if score.pipeline_id in COLLECTED else score.source_id


@cache
def _tests(report: str, model: str) -> frozenset[str]:
    return frozenset(score.benchmark for score in scores_of(model, report))


def holds(challenger: str, baseline: str, report: str) -> bool:
    """Whether a report scores these two, and not one and the same, on at least one common test.

    >>> holds("Mistral 7B", "Llama 2 13B", POST), holds("Gemma 7B", "Llama 2 13B", POST)
    (True, False)
    """
    return challenger != baseline and bool(_tests(report, challenger) & _tests(report, baseline))


def choices(challenger: str, baseline: str, report: str) -> dict[str, Choice]:
    """Which challenger, baseline and report show something while the others stay; none where none does."""
    here = "not in this report with " + baseline, "not in this report with " + challenger
    found = {
        "challenger": Choice(tuple(m for m in models() if holds(m, baseline, report)), here[0]),
        "baseline": Choice(tuple(m for m in models() if holds(challenger, m, report)), here[1]),
        "source": Choice(tuple(r for r in REPORTS if holds(challenger, baseline, r)), "does not hold both"),
    }
    return {name: choice for name, choice in found.items() if choice.values}


def nearest(challenger: str, baseline: str, report: str) -> dict[str, str]:
    """What to change of a state that shows nothing, and as little of it as can be: argument to value.

    >>> nearest("Gemma 7B", "Llama 2 13B", POST)
    {'source': 'gemma-report'}
    """
    asked = {"source": report, "challenger": challenger, "baseline": baseline}
    full = (
        {"source": r, "challenger": a, "baseline": b}
        for r, a, b in product(REPORTS, models(), models())
        if holds(a, b, r)
    )
    # Of several that change as little, the one that keeps the challenger, then the report.
    weight = {"challenger": 1.2, "source": 1.1, "baseline": 1.0}
    best = max(full, key=lambda state: sum(weight[n] for n in state if state[n] == asked[n]))
    return {name: value for name, value in best.items() if value != asked[name]}


@cache
def benchmark_names() -> tuple[str, ...]:
    """Every benchmark of one test (no averages) that somebody scored, in the book's order."""
    scored = {s.benchmark for s in facts.scores()}
    return tuple(b.benchmark for b in facts.benchmarks() if b.benchmark in scored and b.kind != "average")


def benchmark_choices() -> list[tuple[str, str]]:
    """The benchmarks a reader can choose from, as (title, name)."""
    return [(facts.benchmark(name).title, name) for name in benchmark_names()]


def benchmark_named(name: str) -> str:
    """A benchmark's name, from that or from the title that tables show; `ValueError` for another.

    >>> benchmark_named("ARC Challenge"), benchmark_named("ARC-c")
    ('ARC-c', 'ARC-c')
    """
    titles = {facts.benchmark(known).title: known for known in benchmark_names()}
    if name not in titles and name not in titles.values():
        known = ", ".join(map(_both_names, benchmark_names()))
        raise ValueError(f"There is no benchmark {name!r} here; choose one of {known}.")
    return titles.get(name, name)


def _both_names(benchmark: str) -> str:
    title = facts.benchmark(benchmark).title
    return benchmark if title == benchmark else f"{benchmark} ({title})"


@dataclass(frozen=True, slots=True)
class Pair:
    """One benchmark's two figures in one report, and what can be said of the gap between them.

    Scores, gap, error and margin are in percentage points; `z` is the margin's width in standard errors.
    `n_items` counts what both figures are shares of; None where unknown or not the same (F1 is no share at
    all), and `error`, the standard error of the gap, is then None too. `correlation` is the one that the
    two models' results over the items are taken to have: 0 for the bound from averages.
    """

    ours: Score
    theirs: Score
    z: float
    n_items: int | None
    correlation: float = 0.0

    @property
    def title(self) -> str:
        """The benchmark as readers know it."""
        return facts.benchmark(self.ours.benchmark).title

    @property
    def gap(self) -> float:
        """The challenger's lead in points; negative where it trails."""
        # Published scores have two decimals at most; rounding removes the dust of binary fractions.
        return round(self.ours.score_pct - self.theirs.score_pct, 4)

    @property
    def error(self) -> float | None:
        """Standard error of the gap in points (see `gap_error`)."""
        if not self.n_items:
            return None
        return gap_error(self.ours.score_pct, self.theirs.score_pct, self.n_items, self.correlation)

    @property
    def margin(self) -> float | None:
        """Half-width of the gap's interval in points."""
        return None if self.error is None else self.z * self.error

    @property
    def deviations(self) -> float | None:
        """The gap in standard errors, with its sign."""
        return self.gap / self.error if self.error else None

    @property
    def beyond(self) -> bool:
        """Whether the gap is larger than its margin, comparable or not."""
        return self.margin is not None and abs(self.gap) > self.margin

    @property
    def leader(self) -> str:
        """The model with the higher figure, or `tie`."""
        return self.ours.model if self.gap > 0 else self.theirs.model if self.gap < 0 else "tie"

    @property
    def runs(self) -> tuple[Score, Score] | None:
        """The primary figures behind the pair, comparable ones if there are any; None if one has no source.

        A report's own figure is its own primary source. The post measured nothing: its figures stand for
        those they were matched to, and one comparable match is enough.
        """
        found = [(a, b) for a in primary(self.ours) for b in primary(self.theirs)]
        alike = [run for run in found if _protocol(run[0]) == _protocol(run[1])]
        return first(alike) or first(found)

    @property
    def origins(self) -> tuple[str, str]:
        """Where each figure was measured, in a few words."""
        ours, theirs = self.runs or (first(primary(self.ours)), first(primary(self.theirs)))
        return origin(ours, self.ours.model), origin(theirs, self.theirs.model)

    @property
    def mixed(self) -> bool:
        """Whether the two figures come from different evaluations, or one from none that was found."""
        return bool(_why_not_comparable(self))

    def verdict(self) -> tuple[str, str]:
        """The verdict, and the sentence that gives its reason."""
        if self.mixed:
            return MIXED, _why_not_comparable(self)
        if self.margin is None:
            return UNKNOWN, "The score is no share of a known number of test items, so its noise is unknown."
        size = f"The gap of {abs(self.gap):.1f} points is"
        if self.beyond:
            return BEYOND, f"{size} larger than its margin of {self.margin:.1f}."
        return WITHIN, f"{size} within its margin of {self.margin:.1f}: it may be chance."


def pairs(
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    source: str = POST,
    confidence: float = 0.95,
    correlation: float = 0.0,
) -> list[Pair]:
    """Each benchmark that `source` reports for both models, once, in the report's order.

    Where a report has several figures of one benchmark, two of the same protocol are preferred. Raises
    `ValueError` for a model or report there is none of, a confidence outside 0.5 to 0.999, or a correlation
    outside -1 to 1.
    """
    z = z_score(confidence)
    one_of("model", challenger, models())
    one_of("model", baseline, models())
    one_of("report", source, REPORTS)
    found: dict[str, Pair] = {}
    theirs = scores_of(baseline, source) if baseline != challenger else []
    for a in scores_of(challenger, source):
        for b in theirs:
            known = found.get(a.benchmark)
            if a.benchmark == b.benchmark and (known is None or _fits_better(a, b, known)):
                found[a.benchmark] = _paired(a, b, z, correlation)
    return list(found.values())


def _paired(ours: Score, theirs: Score, z: float, correlation: float) -> Pair:
    shared = ours.eval_set == theirs.eval_set and F1 not in (ours.metric, theirs.metric)
    n_items = facts.eval_set(ours.benchmark, ours.eval_set).n_items if shared else None
    return Pair(ours, theirs, z, n_items, correlation)


def _fits_better(a: Score, b: Score, known: Pair) -> bool:
    return _protocol(a) == _protocol(b) and _protocol(known.ours) != _protocol(known.theirs)


@checked
def pair(
    benchmark: str,
    source: str = POST,
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    confidence: float = 0.95,
    correlation: float = 0.0,
) -> Pair:
    """The two models' figures on one benchmark, named or by its title, in one report.

    `ValueError` for a benchmark there is none of, and if the report lacks either figure.

    >>> pair("ARC-c").gap, pair("ARC-c", source="open-llm-leaderboard-v1").gap
    (-3.9, 0.59)
    """
    name = benchmark_named(benchmark)
    found = {p.ours.benchmark: p for p in pairs(challenger, baseline, source, confidence, correlation)}
    if name not in found:
        held = ", ".join(map(_both_names, found)) or "nothing of both"
        lacks = f"{report_name(source)} has no {_both_names(name)} of both; it has {held}"
        raise ValueError(words.sentence(lacks))
    return found[name]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models in one report: a pair for each benchmark that it reports of both."""

    challenger: str
    baseline: str
    source: str
    confidence: float
    correlation: float
    pairs: tuple[Pair, ...]

    @property
    def n_leads(self) -> int:
        """How often the challenger has the higher figure."""
        return sum(pair.gap > 0 for pair in self.pairs)

    @property
    def n_mixed(self) -> int:
        """How many pairs set figures of different evaluations side by side."""
        return sum(pair.mixed for pair in self.pairs)

    @property
    def leads_beyond(self) -> int:
        """Leads larger than their margin, comparable or not."""
        return sum(pair.beyond and pair.gap > 0 for pair in self.pairs)

    @property
    def deficits_beyond(self) -> int:
        """Deficits larger than their margin, comparable or not."""
        return sum(pair.beyond and pair.gap < 0 for pair in self.pairs)

    @property
    def deviations(self) -> list[float]:
        """Every gap in standard errors, of those whose error is known."""
        return [pair.deviations for pair in self.pairs if pair.deviations is not None]

    @property
    def beyond_together(self) -> int:
        """How many gaps stay beyond noise when all are tested together, with Holm's correction."""
        return beyond_after_holm(self.deviations, self.confidence)

    @property
    def turned(self) -> list[Pair]:
        """The pairs whose verdict would be another if their results had no correlation."""
        return [
            pair for pair in self.pairs if pair.verdict()[0] != replace(pair, correlation=0.0).verdict()[0]
        ]

    @property
    def survivors(self) -> list[Pair]:
        """The pairs that stay beyond noise with that correction, the clearest gap first."""
        known = [pair for pair in self.pairs if pair.deviations is not None]
        return sorted(known, key=lambda pair: -abs(pair.deviations or 0))[: self.beyond_together]


def comparison(
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    source: str = POST,
    confidence: float = 0.95,
    correlation: float = 0.0,
) -> Comparison:
    """The two models in one report; raises `ValueError` as `pairs` does.

    >>> post = comparison()
    >>> post.n_leads, len(post.pairs), post.n_mixed
    (6, 7, 6)
    """
    found = pairs(challenger, baseline, source, confidence, correlation)
    return Comparison(challenger, baseline, source, confidence, correlation, tuple(found))


def measured_alike(challenger: str = "Mistral 7B", baseline: str = "Llama 2 13B") -> list[str]:
    """The reports of `REPORTS` in which every pair of the two models' figures is comparable.

    >>> "post" in measured_alike()
    False
    """
    found = [comparison(challenger, baseline, report) for report in REPORTS]
    return [one.source for one in found if one.pairs and not one.n_mixed]


def like_for_like() -> list[tuple[str, str]]:
    """The post, and the reports that ran its two models alike, as (what to call it, id)."""
    alike = measured_alike()
    return [(name, report) for name, report in reports() if report == POST or report in alike]


@dataclass(frozen=True, slots=True)
class Spread:
    """The published scores of one released model on one benchmark, highest first, each figure once."""

    model: str
    benchmark: str
    scores: tuple[Score, ...]

    @property
    def width(self) -> float:
        """Points between the highest and the lowest; 0 where there are fewer than two."""
        return _width(self.scores)

    @property
    def voted(self) -> list[Score]:
        """The scores of a majority of several answers."""
        return [s for s in self.scores if s.metric.startswith("maj@") and s.metric != "maj@1"]

    @property
    def one_answer_width(self) -> float:
        """Points between the highest and the lowest of the scores of one answer each."""
        return _width([s for s in self.scores if s not in self.voted])

    @property
    def n_items(self) -> int | None:
        """The items behind the highest score, where known."""
        top = first(self.scores)
        return facts.eval_set(top.benchmark, top.eval_set).n_items if top else None


def _width(scores: Sequence[Score]) -> float:
    figures = [score.score_pct for score in scores]
    return max(figures) - min(figures) if figures else 0.0


@checked
def published(model: str = "Mistral 7B", benchmark: str = "GSM8K") -> Spread:
    """The published scores that this book holds of one released model on one benchmark.

    The benchmark is named or given by its title. A figure that one report quotes from another's run is listed
    once; runs of 4-bit copies, which are other weights, and rescaled values are left out. Raises `ValueError`
    for a model or benchmark there is none of.
    """
    one_of("model", model, models())
    benchmark = benchmark_named(benchmark)
    once: dict[tuple[str, str, float], Score] = {}
    for score in scores_of(model):
        if score.benchmark == benchmark and score.pipeline_id not in (POST, FOUR_BIT, RESCALED):
            once.setdefault((score.pipeline_id, score.eval_set, score.score_pct), score)
    return Spread(model, benchmark, tuple(sorted(once.values(), key=lambda score: -score.score_pct)))


def published_choices(model: str, benchmark: str) -> dict[str, Choice]:
    """Which models have published scores on the benchmark, and on which benchmarks the model has some."""
    with_scores = tuple(one for one, test in _published() if test == benchmark)
    of_the_model = tuple(test for one, test in _published() if one == model)
    return {
        "model": Choice(with_scores, "no score found on this"),
        "benchmark": Choice(of_the_model, "no score of it found"),
    }


@cache
def _published() -> tuple[tuple[str, str], ...]:
    """Every model with every benchmark that a score of it was published on."""
    return tuple(
        (model, benchmark)
        for model in models()
        for benchmark in dict.fromkeys(score.benchmark for score in scores_of(model))
        if published(model, benchmark).scores
    )


def scores_of(model: str, source: str | None = None) -> list[Score]:
    """A model's scores on single tests, in one report or in all."""
    of_model = [s for s in facts.scores() if s.model == model and _is_test(s)]
    return [s for s in of_model if source in (None, report_of(s))]


def primary(score: Score) -> list[Score]:
    """The figures a score stands for: itself, or what the post, which measured nothing, was matched to."""
    return [facts.score(match) for match in score.matches] if score.source_id == POST else [score]


def origin(run: Score | None, model: str) -> str:
    """Where a primary figure was measured, in a few words: the run, its shots and its metric."""
    if run is None:
        return "no source found"
    owner = "" if run.model == model else f"{run.model} in "
    told = [f"{owner}{facts.pipeline(run.pipeline_id).name}", protocol_words(run)]
    return ", ".join(filter(None, told))


def origins_of(score: Score) -> str:
    """Where a figure was measured; every run that brought it, where a printed figure matches several."""
    runs = primary(score)
    told = ", or ".join(origin(run, score.model) for run in runs) or origin(None, score.model)
    return f"{told}: they agree" if len(runs) > 1 else told


def protocol_words(score: Score) -> str:
    """Shots and metric in a few words, as far as they are stated: `25-shot acc_norm`."""
    shots = f"{score.shots}-shot" if score.shots.isdigit() else ""
    metric = "" if score.metric == "not stated" else score.metric
    return f"{shots} {metric}".strip()


def first(found: Sequence[T]) -> T | None:
    """The first of several, or None."""
    return found[0] if found else None


def one_of(what: str, name: str, allowed: Sequence[str]) -> None:
    """Raises `ValueError` for a name that is not among those allowed."""
    if name not in allowed:
        raise ValueError(f"There is no {what} {name!r} here; choose one of {', '.join(allowed)}.")


def _protocol(score: Score) -> tuple[str, ...]:
    return (score.pipeline_id, score.benchmark, score.eval_set, score.metric, score.shots)


def _is_test(score: Score) -> bool:
    # An average of several benchmarks has no items of its own.
    return facts.benchmark(score.benchmark).kind != "average"


def _why_not_comparable(pair: Pair) -> str:
    """Why the two figures cannot be set against each other, or nothing if they can."""
    if pair.runs is None:
        lost = pair.theirs if primary(pair.ours) else pair.ours
        return f"No source was found for {lost.model}'s {lost.score_pct}."
    for score, run in zip((pair.ours, pair.theirs), pair.runs, strict=True):
        if run.model != score.model:
            return f"{score.model}'s {score.score_pct} belongs to {run.model}."
        if facts.pipeline(run.pipeline_id).kind == "mixed":
            return "This report mixes its own runs with quoted figures and does not say which are which."
    ours, theirs = pair.runs
    if _protocol(ours) == _protocol(theirs):
        return ""
    origins = zip((ours.model, theirs.model), pair.origins, strict=True)
    return " ".join(f"{model}: {where}." for model, where in origins)
