"""Chapter 01: who leads, by how much, beyond what noise, and whether the figures can be compared at all.

`head_to_head` sets two models side by side in one report and `spread` collects every published score of
one model on one benchmark. Both read `facts` and return a `Table`. Scores are percentages, gaps and
margins percentage points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import erfc, sqrt
from statistics import NormalDist
from typing import TypeVar

from smallmodels import facts
from smallmodels.facts import Score, family_of
from smallmodels.table import Cell, Column, Table, Value

T = TypeVar("T")
POST = "post"
# The reports a reader can choose from: the post, and every report that scores several of its models.
REPORTS = (
    POST,
    "mistral-7b-paper",
    "open-llm-leaderboard-v1",
    "llama-2-paper",
    "llama-3-card",
    "gemma-report",
    "gemma-2-report",
    "qwen2.5-report",
)
ABLATION = "llama-2-ablation"  # trial models trained to compare kinds of attention (chapter 03)
FOUR_BIT = "obsscaling-4bit"  # runs of 4-bit copies of Llama 2
F1 = "F1"
BEYOND, WITHIN, MIXED, UNKNOWN = "beyond noise", "within noise", "not comparable", "noise unknown"


def z_score(confidence: float) -> float:
    """How many standard errors a two-sided interval of this confidence spans on each side.

    `confidence` is a probability in [0.5, 0.999]; anything else raises `ValueError`.

    >>> round(z_score(0.95), 6)
    1.959964
    """
    if not 0.5 <= confidence <= 0.999:
        raise ValueError(f"The confidence is {confidence}; choose one from 0.5 to 0.999.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def standard_error(score_pct: float, n_items: int) -> float:
    """Standard error of the share answered right among `n_items` questions, in percentage points.

    The binomial sqrt(p(1-p)/n); `ValueError` for a score outside 0 to 100 or fewer than one item.

    >>> round(standard_error(30.5, 164), 2)
    3.6
    """
    if not 0 <= score_pct <= 100:
        raise ValueError(f"A score of {score_pct} is no percentage; it must lie between 0 and 100.")
    if n_items < 1:
        raise ValueError(f"A benchmark of {n_items} items cannot be scored; it needs at least one.")
    p = score_pct / 100
    return 100 * sqrt(p * (1 - p) / n_items)


def gap_error(challenger_pct: float, baseline_pct: float, n_items: int) -> float:
    """Standard error of the gap between two scores on the same `n_items`, in percentage points.

    The two runs are treated as unpaired, since nobody published the answers item by item. Models tend
    to fail on the same items, so this is an upper bound.

    >>> round(gap_error(30.5, 18.3, 164), 2)
    4.69
    """
    return sqrt(standard_error(challenger_pct, n_items) ** 2 + standard_error(baseline_pct, n_items) ** 2)


def beyond_after_holm(z_scores: Sequence[float], confidence: float) -> int:
    """How many of several gaps stay beyond noise when all are tested together (Holm 1979, step-down).

    >>> beyond_after_holm([14.45, 2.21, 0.29, 1.04, 1.97, 8.5], 0.95)
    2
    """
    level = 1 - confidence
    p_values = sorted(erfc(abs(z) / sqrt(2)) for z in z_scores)
    for rejected, p in enumerate(p_values):
        if p > level / (len(p_values) - rejected):
            return rejected
    return len(p_values)


def reports() -> list[tuple[str, str]]:
    """The reports a reader can choose from, as (what to call it, id) in the order to show them."""
    return [(_report_name(report), report) for report in REPORTS]


@cache
def models() -> tuple[str, ...]:
    """Every released model that at least one of the reports scores, in alphabetical order."""
    named = [
        s for s in facts.scores() if s.source_id in REPORTS and s.pipeline_id != ABLATION and _is_test(s)
    ]
    return tuple(sorted({s.model for s in named}))


@cache
def benchmark_names() -> tuple[str, ...]:
    """Every benchmark of one test (no averages) that somebody scored, in the book's order."""
    scored = {s.benchmark for s in facts.scores()}
    return tuple(b.benchmark for b in facts.benchmarks() if b.benchmark in scored and b.kind != "average")


def benchmark_choices() -> list[tuple[str, str]]:
    """The benchmarks a reader can choose from, as (title, name)."""
    return [(facts.benchmark(name).title, name) for name in benchmark_names()]


@dataclass(frozen=True, slots=True)
class Pair:
    """One benchmark's two figures in one report, and what can be said of the gap between them.

    Scores, gap, error and margin are in percentage points; `z` is the margin's width in standard errors.
    `n_items` counts what both figures are shares of; None where unknown or not the same (F1 is no share at
    all), and `error`, the standard error of the gap, is then None too.
    """

    ours: Score
    theirs: Score
    z: float
    n_items: int | None
    error: float | None

    @property
    def gap(self) -> float:
        """The challenger's lead in points; negative where it trails."""
        # Published scores have two decimals at most; rounding removes the dust of binary fractions.
        return round(self.ours.score_pct - self.theirs.score_pct, 4)

    @property
    def margin(self) -> float | None:
        """Half-width of the gap's interval in points."""
        return None if self.error is None else self.z * self.error

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
        found = [(a, b) for a in _primary(self.ours) for b in _primary(self.theirs)]
        alike = [run for run in found if _protocol(run[0]) == _protocol(run[1])]
        return _first(alike) or _first(found)

    @property
    def origins(self) -> tuple[str, str]:
        """Where each figure was measured, in a few words."""
        ours, theirs = self.runs or (_first(_primary(self.ours)), _first(_primary(self.theirs)))
        return _origin(ours, self.ours.model), _origin(theirs, self.theirs.model)

    def verdict(self) -> tuple[str, str]:
        """The verdict, and the sentence that gives its reason."""
        reason = _why_not_comparable(self)
        if reason:
            return MIXED, reason
        if self.margin is None:
            return UNKNOWN, "The score is no share of a known number of test items, so its noise is unknown."
        size = f"The gap of {abs(self.gap):.1f} points is"
        if self.beyond:
            return BEYOND, f"{size} larger than its margin of {self.margin:.1f}."
        return WITHIN, f"{size} within its margin of {self.margin:.1f}: it may be chance."


def pairs(challenger: str, baseline: str, source: str, confidence: float) -> list[Pair]:
    """Each benchmark that `source` reports for both models, once, in the report's order.

    Where a report has several figures of one benchmark, two of the same protocol are preferred. Raises
    `ValueError` for a model or report there is none of, or a confidence outside 0.5 to 0.999.
    """
    z = z_score(confidence)
    _one_of("model", challenger, models())
    _one_of("model", baseline, models())
    _one_of("report", source, REPORTS)
    found: dict[str, Pair] = {}
    theirs = _scores_of(baseline, source) if baseline != challenger else []
    for a in _scores_of(challenger, source):
        for b in theirs:
            known = found.get(a.benchmark)
            if a.benchmark == b.benchmark and (known is None or _fits_better(a, b, known)):
                found[a.benchmark] = _paired(a, b, z)
    return list(found.values())


def _paired(ours: Score, theirs: Score, z: float) -> Pair:
    shared = ours.eval_set == theirs.eval_set and F1 not in (ours.metric, theirs.metric)
    n_items = facts.eval_set(ours.benchmark, ours.eval_set).n_items if shared else None
    return Pair(
        ours, theirs, z, n_items, gap_error(ours.score_pct, theirs.score_pct, n_items) if n_items else None
    )


def pair(
    benchmark: str,
    source: str = POST,
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    confidence: float = 0.95,
) -> Pair:
    """The two models' figures on one benchmark in one report; `ValueError` if the report lacks either.

    >>> pair("ARC-c").gap, pair("ARC-c", source="open-llm-leaderboard-v1").gap
    (-3.9, 0.59)
    """
    found = {p.ours.benchmark: p for p in pairs(challenger, baseline, source, confidence)}
    if benchmark not in found:
        raise ValueError(f"{_report_name(source)} has no {benchmark} of both; it has {', '.join(found)}.")
    return found[benchmark]


def measured_alike(challenger: str = "Mistral 7B", baseline: str = "Llama 2 13B") -> list[str]:
    """The reports in which every pair of the two models' figures is comparable.

    >>> "post" in measured_alike()
    False
    """
    found = {report: pairs(challenger, baseline, report, 0.95) for report in REPORTS}
    return [report for report, both in found.items() if both and all(p.verdict()[0] != MIXED for p in both)]


def _fits_better(a: Score, b: Score, known: Pair) -> bool:
    return _protocol(a) == _protocol(b) and _protocol(known.ours) != _protocol(known.theirs)


def head_to_head(
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    source: str = POST,
    confidence: float = 0.95,
) -> Table:
    """Two models in one report: both scores and their origins, the gap, its margin, who leads, the verdict.

    `source` is one of `REPORTS`. The margin is the half-width of the unpaired interval for the gap at
    `confidence` (see `gap_error`). A pair is comparable only when one pipeline produced both figures with
    the same metric, shots and test set; for the post's figures the primary sources they were matched to
    decide. Raises `ValueError` as `pairs` does.
    """
    found = pairs(challenger, baseline, source, confidence)
    return Table(
        caption=f"{challenger} against {baseline}: {_report_name(source)}",
        columns=_columns(challenger, baseline, found, confidence),
        rows=tuple(_row(pair) for pair in found),
        finding=_finding(found, challenger, baseline, source, confidence),
        series=_dumbbell_series(found),
        notes=_notes(found, confidence),
    )


def _row(pair: Pair) -> dict[str, Value | Cell]:
    verdict, reason = pair.verdict()
    ours_from, theirs_from = pair.origins
    return {
        "benchmark": Cell(_title(pair.ours), note=facts.benchmark(pair.ours.benchmark).measures + "."),
        "challenger": Cell(pair.ours.score_pct, _provenance(pair.ours)),
        "challenger_from": ours_from,
        "baseline": Cell(pair.theirs.score_pct, _provenance(pair.theirs)),
        "baseline_from": theirs_from,
        "gap": pair.gap,
        "margin": Cell(pair.margin, note=_items(pair)),
        "leader": pair.leader,
        "verdict": Cell(verdict, note=reason),
    }


def _items(pair: Pair) -> str:
    """What the margin rests on, in words."""
    if not pair.n_items:
        return "The score is no share of a known number of test items."
    recalled = facts.eval_set(pair.ours.benchmark, pair.ours.eval_set).verified == "no"
    counted = f"{pair.n_items:,} test items{', a number recalled, not looked up' if recalled else ''}."
    shares = facts.metric(pair.ours.metric).proportion and facts.metric(pair.theirs.metric).proportion
    return counted if shares else f"{counted} This metric is no share of right answers: a stand-in."


def _columns(challenger: str, baseline: str, found: Sequence[Pair], confidence: float) -> tuple[Column, ...]:
    places = _decimals([score for pair in found for score in (pair.ours, pair.theirs)])
    margin = (
        "If two equally good models answered this many independently drawn questions, "
        f"their gap would stay below this {confidence:.0%} of the time."
    )
    return (
        Column("benchmark", "benchmark"),
        Column("challenger", challenger, "%", f".{places}f"),
        Column("baseline", baseline, "%", f".{places}f"),
        Column("gap", "gap", "points", f"+.{places}f", f"{challenger} minus {baseline}."),
        Column("margin", "margin", "± points", ".1f", margin),
        Column("leader", "leads", meaning="The model with the higher figure, however small the gap."),
        Column(
            "verdict",
            "verdict",
            meaning="May the two figures be compared, and is their gap larger than sampling error?",
        ),
        Column("challenger_from", f"{challenger} measured by"),
        Column("baseline_from", f"{baseline} measured by"),
    )


def _decimals(scores: Sequence[Score]) -> int:
    # As many as the report itself prints: one in papers, two on the leaderboard.
    return max((len(str(score.score_pct).partition(".")[2]) for score in scores), default=1)


def _finding(found: Sequence[Pair], challenger: str, baseline: str, source: str, confidence: float) -> str:
    if challenger == baseline:
        return f"Choose two different models: {challenger} cannot lead itself."
    if not found:
        nothing = (
            f"Nothing to compare: {_in_words(source)} has no benchmark of both {challenger} and {baseline}."
        )
        return f"{nothing} {_elsewhere(challenger, baseline)}"
    leads = sum(pair.gap > 0 for pair in found)
    mixed = sum(pair.verdict()[0] == MIXED for pair in found)
    counted = f"{challenger} leads {baseline} on {leads} of {len(found)}"
    noise = f"{_beyond(found)} beyond noise at {confidence:.0%}"
    if not mixed:
        return f"{counted}; {noise}, and every pair was measured the same way."
    share = f"all {mixed}" if mixed == len(found) else f"{mixed} of the {len(found)}"
    mixing = "the pair mixes" if len(found) == 1 else f"{share} pairs mix"
    return f"{counted}; at face value {noise}, but {mixing} evaluations and cannot be compared."


def _beyond(found: Sequence[Pair]) -> str:
    """How many leads and deficits are beyond noise, as the start of a clause."""
    leads = sum(pair.beyond and pair.gap > 0 for pair in found)
    deficits = sum(pair.beyond and pair.gap < 0 for pair in found)
    verb = "is" if leads + deficits == 1 else "are"
    return f"{_count(leads, 'lead')} and {_count(deficits, 'deficit')} {verb}"


def _count(n: int, noun: str) -> str:
    return f"{n or 'no'} {noun}{'' if n in (0, 1) else 's'}"


def _elsewhere(challenger: str, baseline: str) -> str:
    held = [
        _report_name(report)
        for report in REPORTS
        if {s.benchmark for s in _scores_of(challenger, report)}
        & {s.benchmark for s in _scores_of(baseline, report)}
    ]
    return f"Both are in: {', '.join(held)}." if held else "No report here holds both."


def _notes(found: Sequence[Pair], confidence: float) -> tuple[str, ...]:
    z_scores = [pair.gap / pair.error for pair in found if pair.error]
    if len(z_scores) < 2:
        return ()
    mixed = any(pair.verdict()[0] == MIXED for pair in found)
    kept = beyond_after_holm(z_scores, confidence)
    return (
        f"Tested together rather than one by one (Holm's correction over {len(z_scores)} gaps"
        f"{', taken at face value' if mixed else ''}), {kept} {'stays' if kept == 1 else 'stay'} beyond "
        f"noise at {confidence:.0%}.",
    )


def _dumbbell_series(found: Sequence[Pair]) -> dict[str, list[dict[str, Value]]]:
    gaps: list[dict[str, Value]] = []
    dots: list[dict[str, Value]] = []
    for pair in found:
        low, high = sorted([pair.ours.score_pct, pair.theirs.score_pct])
        verdict, _ = pair.verdict()
        text = f"{Column('gap', 'gap', 'points', '+.1f').show(pair.gap)}, {verdict}"
        gaps.append({"row": _title(pair.ours), "low": low, "high": high, "verdict": verdict, "text": text})
        dots += [_dot(pair.ours, "challenger", pair), _dot(pair.theirs, "baseline", pair)]
    return {"names": _names(found), "gaps": gaps, "dots": dots}


def _names(found: Sequence[Pair]) -> list[dict[str, Value]]:
    """The two models with their signs, for the chart's first row."""
    signs = (
        ((found[0].ours, "challenger", "\u25cf"), (found[0].theirs, "baseline", "\u25c6")) if found else ()
    )
    return [
        {"row": "", "role": role, "text": f"{sign} {score.model}", "family": family_of(score.model)}
        for score, role, sign in signs
    ]


def _dot(score: Score, role: str, pair: Pair) -> dict[str, Value]:
    low, high = interval(score.score_pct, pair.n_items, pair.z)
    place: dict[str, Value] = {"row": _title(score), "score": score.score_pct, "low": low, "high": high}
    return {**place, "model": score.model, "family": family_of(score.model), "role": role}


def interval(score_pct: float, n_items: int | None, z: float) -> tuple[float, float]:
    """A score's own sampling interval in percent, cut at 0 and 100; no width where `n_items` is not known.

    >>> low, high = interval(30.5, 164, 1.96)
    >>> round(low, 1), round(high, 1)
    (23.5, 37.5)
    """
    half = z * standard_error(score_pct, n_items) if n_items else 0.0
    return max(0.0, score_pct - half), min(100.0, score_pct + half)


def spread(model: str = "Mistral 7B", benchmark: str = "GSM8K") -> Table:
    """Every published score of one released model on one benchmark, highest first.

    A figure that one report quotes from another's run is listed once, and runs of 4-bit copies are left
    out: those are other weights. Intervals are those of one run at 95% confidence. Raises `ValueError` for
    a model or benchmark there is none of.
    """
    _one_of("model", model, models())
    _one_of("benchmark", benchmark, benchmark_names())
    scores = _published(model, benchmark)
    title = facts.benchmark(benchmark).title
    return Table(
        caption=f"Every published score of {model} on {title}",
        columns=_spread_columns(),
        rows=tuple(_spread_row(score) for score in scores),
        finding=_spread_finding(scores, model, title),
        series={"scores": [_strip_dot(score, i) for i, score in enumerate(scores)]},
    )


def _published(model: str, benchmark: str) -> list[Score]:
    once: dict[tuple[str, str, float], Score] = {}
    for score in _scores_of(model):
        if score.benchmark == benchmark and score.pipeline_id not in (POST, FOUR_BIT):
            once.setdefault((score.pipeline_id, score.eval_set, score.score_pct), score)
    return sorted(once.values(), key=lambda score: -score.score_pct)


def _spread_columns() -> tuple[Column, ...]:
    return (
        Column("report", "printed in"),
        Column("score", "score", "%"),
        Column(
            "run",
            "measured by",
            meaning="The evaluation that produced the figure; a report may quote another's.",
        ),
        Column("shots", "shots", meaning="How many solved examples the prompt shows first."),
        Column(
            "metric",
            "metric",
            meaning="How an answer was scored; maj@8 takes the most frequent of 8 answers.",
        ),
    )


def _spread_row(score: Score) -> dict[str, Value | Cell]:
    return {
        "report": _report_name(score.source_id),
        "score": Cell(score.score_pct, _provenance(score)),
        "run": facts.pipeline(score.pipeline_id).name,
        "shots": score.shots,
        "metric": Cell(score.metric, note=_sentence(facts.metric(score.metric).meaning)),
    }


def _spread_finding(scores: Sequence[Score], model: str, title: str) -> str:
    if not scores:
        return f"No published score of {model} on {title} is known here."
    if len(scores) == 1:
        return f"One published score of {model} on {title} is known here, so there is no spread to see."
    high, low = scores[0].score_pct, scores[-1].score_pct
    counted = f"{model} has {len(scores)} published scores on {title}, from {low:g} to {high:g}"
    apart = f"{high - low:.1f} points apart for one released model"
    n_items = facts.eval_set(scores[0].benchmark, scores[0].eval_set).n_items
    if not n_items:
        return f"{counted}: {apart}."
    noise = z_score(0.95) * standard_error(high, n_items)
    return f"{counted}: {apart}, where one run's noise is ±{noise:.1f} at 95%."


def _strip_dot(score: Score, i: int) -> dict[str, Value]:
    n_items = facts.eval_set(score.benchmark, score.eval_set).n_items
    low, high = interval(score.score_pct, n_items, z_score(0.95))
    protocol = _protocol_words(score) or "no protocol stated"
    text = f"{score.score_pct:g}  {_report_name(score.source_id)} ({protocol})"
    return {
        "row": f"{i:02}",
        "score": score.score_pct,
        "low": low,
        "high": high,
        "family": family_of(score.model),
        "text": text,
    }


def _why_not_comparable(pair: Pair) -> str:
    """Why the two figures cannot be set against each other, or nothing if they can."""
    if pair.runs is None:
        lost = pair.theirs if _primary(pair.ours) else pair.ours
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
    return " ".join(f"{model}: {origin}." for model, origin in origins)


def _primary(score: Score) -> list[Score]:
    # A report's own figure is its own primary source; the post measured nothing itself.
    return [facts.score(match) for match in score.matches] if score.source_id == POST else [score]


def _first(found: Sequence[T]) -> T | None:
    return found[0] if found else None


def _protocol(score: Score) -> tuple[str, ...]:
    return (score.pipeline_id, score.benchmark, score.eval_set, score.metric, score.shots)


def _scores_of(model: str, source: str | None = None) -> list[Score]:
    return [s for s in facts.scores() if s.model == model and source in (None, s.source_id) and _is_test(s)]


def _is_test(score: Score) -> bool:
    # An average of several benchmarks has no items of its own.
    return facts.benchmark(score.benchmark).kind != "average"


def _one_of(what: str, name: str, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise ValueError(f"There is no {what} {name!r} here; choose one of {', '.join(allowed)}.")


def _report_name(report: str) -> str:
    return "the post" if report == POST else facts.source(report).short_title


def _in_words(report: str) -> str:
    name = _report_name(report)
    return name if name.startswith("the ") else f"the {name}"


def _title(score: Score) -> str:
    return facts.benchmark(score.benchmark).title


def _origin(run: Score | None, model: str) -> str:
    """Where a primary figure was measured, in a few words: the run, its shots and its metric."""
    if run is None:
        return "no source found"
    owner = "" if run.model == model else f"{run.model} in "
    words = [f"{owner}{facts.pipeline(run.pipeline_id).name}", _protocol_words(run)]
    return ", ".join(filter(None, words))


def _protocol_words(score: Score) -> str:
    shots = f"{score.shots}-shot" if score.shots.isdigit() else ""
    metric = "" if score.metric == "not stated" else score.metric
    return f"{shots} {metric}".strip()


def _provenance(score: Score) -> str:
    """The full source of one figure, in sentences."""
    where = ", ".join(filter(None, [facts.source(score.source_id).short_title, score.locator]))
    doubt = {"yes": "", "partly": "verified in part only", "no": "not verified"}[score.verified]
    parts = [f"{where}: {_origin(_first(_primary(score)), score.model)}", score.match_note, score.note, doubt]
    return " ".join(_sentence(part) for part in parts if part)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def provenance() -> Table:
    """Each of the post's figures with the published one it was matched to by value, if any was found."""
    figures = [score for score in facts.scores() if score.source_id == POST]
    return Table(
        caption="Where the post's figures can be found",
        columns=(
            Column("figure", "figure"),
            Column("post", "the post", "%", ".1f"),
            Column("primary", "source", "%", meaning="The primary figure as its own source prints it."),
            Column("run", "measured by"),
            Column("note", "what we found"),
        ),
        rows=tuple(_provenance_row(score) for score in figures),
        finding=_provenance_finding(figures),
    )


def _provenance_row(score: Score) -> dict[str, Value | Cell]:
    runs = _primary(score)
    return {
        "figure": f"{_title(score)}, {score.model}",
        "post": score.score_pct,
        "primary": Cell(runs[0].score_pct, _provenance(runs[0])) if runs else None,
        "run": _origin(_first(runs), score.model),
        "note": score.match_note,
    }


def _provenance_finding(figures: Sequence[Score]) -> str:
    matched = {score: runs[0] for score in figures if (runs := _primary(score))}
    evaluations = {run.pipeline_id for run in matched.values()}
    wrong = sum(run.model != score.model for score, run in matched.items())
    return (
        f"{len(matched)} of the post's {len(figures)} figures match a published one, from {len(evaluations)} "
        f"different evaluations; {wrong} of them belong to another model. A match is no proof of origin."
    )
