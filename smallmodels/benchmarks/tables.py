"""Chapter 01: who leads, by how much, beyond what noise, and whether the figures can be compared at all.

`head_to_head` sets two models side by side in one report (`first_look`: the post's two, in five columns),
`spread` collects the published scores of one
model on one benchmark, and `provenance` says where the post's figures can be found. Scores are percentages,
gaps and margins percentage points.
"""

from collections.abc import Sequence
from functools import cache

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.benchmarks.formulas import (
    CHANCE,
    detectable_gap,
    interval,
    items_needed,
    mcnemar_p,
    standard_error,
    z_score,
)
from smallmodels.benchmarks.items import EXAMPLE, ItemResults, read_items
from smallmodels.benchmarks.records import (
    BEYOND,
    POST,
    REPORTS,
    WITHIN,
    Comparison,
    Pair,
    Spread,
    choices,
    comparison,
    nearest,
    origins_of,
    primary,
    protocol_words,
    published,
    published_choices,
    report_name,
    scores_of,
)
from smallmodels.facts import Score, family_of
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.verdicts import CAVEAT, MIXED, RIGHT, UNTOLD, WRONG
from smallmodels.words import figures, listed, sentence, signed

FEW_CLUSTERS = 30  # below it the clustered error is itself uncertain
EVERY_MODEL = "all of them"


@checked
def head_to_head(
    challenger: str = "Mistral 7B",
    baseline: str = "Llama 2 13B",
    source: str = POST,
    confidence: float = 0.95,
    correlation: float = 0.0,
) -> Table:
    """Two models in one report: both scores and their origins, the gap, its margin, who leads, the verdict.

    `source` is one of `REPORTS`. The margin is the half-width of the interval for the gap at `confidence`,
    when the two models' results over the items have this `correlation`; averages do not tell it, and 0 gives
    the upper bound (see `gap_error`). A pair is comparable only when one pipeline produced both figures with
    the same metric, shots and test set; for the post's figures the primary sources they were matched to
    decide. Raises `ValueError` as `pairs` does.
    """
    found = comparison(challenger, baseline, source, confidence, correlation)
    return Table(
        caption=f"{challenger} against {baseline}: {report_name(source)}",
        columns=_columns(found),
        rows=tuple(_row(pair) for pair in found.pairs),
        finding=_finding(found),
        series=_dumbbell_series(found.pairs),
        notes=_notes(found),
        choices=choices(challenger, baseline, source),
        nearest={} if found.pairs else nearest(challenger, baseline, source),
    )


def _row(pair: Pair) -> dict[str, Value | Cell]:
    verdict, reason = pair.verdict()
    ours_from, theirs_from = pair.origins
    return {
        "benchmark": Cell(pair.title, note=facts.benchmark(pair.ours.benchmark).measures + "."),
        "challenger": Cell(pair.ours.score_pct, _source(pair.ours)),
        "challenger_from": ours_from,
        "baseline": Cell(pair.theirs.score_pct, _source(pair.theirs)),
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
    held = facts.eval_set(pair.ours.benchmark, pair.ours.eval_set)
    doubt = ", a number recalled, not looked up" if held.verified == "no" else ""
    counted = " ".join(map(sentence, filter(None, (f"{pair.n_items:,} test items{doubt}", held.note))))
    shares = facts.metric(pair.ours.metric).proportion and facts.metric(pair.theirs.metric).proportion
    return counted if shares else f"{counted} This metric is no share of right answers: a stand-in."


def _columns(found: Comparison) -> tuple[Column, ...]:
    challenger, baseline = found.challenger, found.baseline
    places = _decimals([score for pair in found.pairs for score in (pair.ours, pair.theirs)])
    alike = f", their results correlated at {found.correlation:g}," if found.correlation else ","
    margin = (
        f"If two equally good models answered this many independently drawn questions{alike} "
        f"their gap would stay below this {found.confidence:.0%} of the time."
    )
    return (
        Column("benchmark", "benchmark"),
        Column("challenger", challenger, "%", f".{places}f"),
        Column("baseline", baseline, "%", f".{places}f"),
        Column("gap", "gap", "points", f"+.{places}f", f"{challenger} minus {baseline}.", rank=1),
        Column("margin", "margin", "± points", ".1f", margin),
        Column("leader", "leads", meaning="The model with the higher figure, however small the gap."),
        Column(
            "verdict",
            "verdict",
            meaning="May the two figures be compared, and is their gap larger than sampling error?",
            kind="verdict",
        ),
        Column("challenger_from", f"{challenger} measured by"),
        Column("baseline_from", f"{baseline} measured by"),
    )


def _decimals(scores: Sequence[Score]) -> int:
    # As many as the report itself prints: one in papers, two on the leaderboard.
    return max((len(str(score.score_pct).partition(".")[2]) for score in scores), default=1)


def _finding(found: Comparison) -> str:
    challenger, baseline, total = found.challenger, found.baseline, len(found.pairs)
    if challenger == baseline:
        return f"Choose two different models: {challenger} cannot lead itself."
    if not total:
        report = f"the {report_name(found.source).removeprefix('the ')}"
        nothing = f"Nothing to compare: {report} has no benchmark of both {challenger} and {baseline}."
        return f"{nothing} {_elsewhere(challenger, baseline)}"
    counted = f"{challenger} leads {baseline} on {found.n_leads} of {total}"
    noise = f"{_beyond(found)} beyond noise at {found.confidence:.0%}"
    if not found.n_mixed:
        return f"{counted}; {noise}, and every pair was measured the same way."
    share = f"all {total}" if found.n_mixed == total else f"{found.n_mixed} of the {total}"
    mixing = "the pair mixes" if total == 1 else f"{share} pairs mix"
    return f"{counted}; at face value {noise}, but {mixing} evaluations and cannot be compared."


def _beyond(found: Comparison) -> str:
    """How many leads and deficits are beyond noise, as the start of a clause."""
    leads, deficits = figures(found.leads_beyond, "lead"), figures(found.deficits_beyond, "deficit")
    return f"{leads} and {deficits} are"


def _elsewhere(challenger: str, baseline: str) -> str:
    held = [
        report_name(report)
        for report in REPORTS
        if {s.benchmark for s in scores_of(challenger, report)}
        & {s.benchmark for s in scores_of(baseline, report)}
    ]
    return f"Both are in: {', '.join(held)}." if held else "No report here holds both."


def _notes(found: Comparison) -> tuple[str, ...]:
    return tuple(note for note in (_turned(found), _together(found)) if note)


def _turned(found: Comparison) -> str:
    """Which verdicts the correlation of the results has turned."""
    if not found.correlation or not any(pair.margin for pair in found.pairs):
        return ""
    turned = [f"{pair.title} (to {pair.verdict()[0]})" for pair in found.turned]
    counted = f"turns {listed(turned)}" if turned else "turns no verdict"
    return f"Set against margins from averages, a correlation of {found.correlation:g} {counted}."


def _together(found: Comparison) -> str:
    if len(found.deviations) < 2:
        return ""
    kept = found.beyond_together
    stay = f"{kept} {'stays' if kept == 1 else 'stay'} beyond noise at {found.confidence:.0%}"
    face = ", taken at face value" if found.n_mixed else ""
    return f"Tested together (Holm's correction over {len(found.deviations)} gaps{face}), {stay}."


def _dumbbell_series(found: Sequence[Pair]) -> dict[str, list[dict[str, Value]]]:
    gaps: list[dict[str, Value]] = []
    dots: list[dict[str, Value]] = []
    for pair in found:
        low, high = sorted([pair.ours.score_pct, pair.theirs.score_pct])
        verdict, _ = pair.verdict()
        text = f"{signed(pair.gap)}, {verdict}"
        gaps.append({"row": pair.title, "low": low, "high": high, "verdict": verdict, "text": text})
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
    place: dict[str, Value] = {"row": pair.title, "score": score.score_pct, "low": low, "high": high}
    return {**place, "model": score.model, "family": family_of(score.model), "role": role}


@checked
def power(
    source: str = "mistral-7b-paper",
    confidence: float = 0.95,
    correlation: float = 0.0,
    chance: float = CHANCE,
) -> Table:
    """The gap that each test of a report can show between the post's two models, and the gap it reports.

    `source` is one of `REPORTS`. A test can show a gap if a true one of that size would come out beyond noise
    at `confidence` with this `chance` (its power; see `detectable_gap`), near the two models' mean score and
    with this `correlation` of results. Raises `ValueError` as `pairs` does, and for a chance outside 0.5 to
    0.999.
    """
    found = comparison(source=source, confidence=confidence, correlation=correlation)
    shown = [(pair, _detectable(pair, confidence, chance)) for pair in found.pairs if pair.n_items]
    return Table(
        caption=f"What gap each test can show: {report_name(source)}",
        columns=_power_columns(found, chance),
        rows=tuple(_power_row(pair, gap) for pair, gap in shown),
        finding=_power_finding(shown, chance),
        series={"tests": [_power_bar(pair, gap) for pair, gap in shown]},
    )


def _detectable(pair: Pair, confidence: float, chance: float) -> float:
    mean = (pair.ours.score_pct + pair.theirs.score_pct) / 2
    return detectable_gap(mean, pair.n_items or 0, confidence, chance, pair.correlation)


def _power_columns(found: Comparison, chance: float) -> tuple[Column, ...]:
    beyond = f"beyond noise at {found.confidence:.0%}"
    can = f"A true gap of this size comes out {beyond} with a chance of {chance:.0%}."
    needed = "How many such questions would show the reported gap, if it were the true one, with that chance."
    return (
        Column("benchmark", "benchmark"),
        Column("n_items", "questions", "", ",d"),
        Column("detectable", "gap it can show", "points", ".1f", can),
        Column("gap", "gap reported", "points", "+.1f", f"{found.challenger} minus {found.baseline}."),
        Column("needed", "questions the gap needs", "", ",.3g", needed),
    )


def _power_row(pair: Pair, detectable: float) -> dict[str, Value | Cell]:
    needed = items_needed(pair.gap, detectable, pair.n_items or 0) if pair.gap else None
    return {
        "benchmark": pair.title,
        "n_items": Cell(pair.n_items, note=_items(pair)),
        "detectable": detectable,
        "gap": pair.gap,
        "needed": needed,
    }


def _power_finding(shown: Sequence[tuple[Pair, float]], chance: float) -> str:
    if not shown:
        return "Nothing to compare: no test of this report has a known number of questions."
    (sharp, least), (blunt, most) = (pick(shown, key=lambda one: one[1]) for pick in (min, max))
    large = sum(abs(pair.gap) >= gap for pair, gap in shown)
    return (
        f"With {chance:.0%} chance {sharp.title} shows {least:.1f} points, {blunt.title} {most:.1f}; "
        f"{large} of {len(shown)} reported gaps are that large."
    )


def _power_bar(pair: Pair, detectable: float) -> dict[str, Value]:
    gap = abs(pair.gap)
    return {
        "row": pair.title,
        "detectable": detectable,
        "gap": gap,
        "family": family_of(pair.leader) if pair.gap else "other",
        "text": f"can show {detectable:.1f}, reported {gap:.1f}",
    }


@checked
def paired(results: str = EXAMPLE, confidence: float = 0.95) -> Table:
    """The gap between two models from their results item by item: the margin from averages, pairs, clusters.

    `results` is a table of right and wrong answers as text (see `read_items`). Raises `ValueError` for a text
    that is none, with the line, and for a confidence outside 0.5 to 0.999.
    """
    found, z = read_items(results), z_score(confidence)
    ways = _ways(found)
    return Table(
        caption=f"{found.names[0]} against {found.names[1]}, item by item",
        columns=_paired_columns(found, confidence),
        rows=tuple(_paired_row(found.gap, way, error, z) for way, error in ways.items()),
        finding=_paired_finding(found, list(ways.values()), z),
        series={"ways": [_paired_bar(found.gap, way, error, z) for way, error in ways.items()]},
        notes=_paired_notes(found),
    )


def _ways(found: ItemResults) -> dict[str, float]:
    """Each way of taking the results, and the standard error of the gap in it."""
    ways = {"two averages": found.apart, "pairs": found.paired}
    if found.clustered is not None:
        ways[f"pairs in {found.n_clusters} clusters"] = found.clustered
    return ways


def _paired_columns(found: ItemResults, confidence: float) -> tuple[Column, ...]:
    ours, theirs = found.names
    return (
        Column("way", "taken as"),
        Column("gap", "gap", "points", "+.1f", f"{ours} minus {theirs}."),
        Column("error", "standard error", "points", ".2f"),
        Column("margin", "margin", "± points", ".1f", f"Half the width of the interval at {confidence:.0%}."),
        Column("verdict", "verdict"),
    )


def _paired_row(gap: float, way: str, error: float, z: float) -> dict[str, Value | Cell]:
    verdict = BEYOND if abs(gap) > z * error else WITHIN
    return {"way": way, "gap": gap, "error": error, "margin": z * error, "verdict": verdict}


def _paired_bar(gap: float, way: str, error: float, z: float) -> dict[str, Value]:
    row = _paired_row(gap, way, error, z)
    text = f"{signed(gap)} ± {z * error:.1f}, {row['verdict']}"
    return {"row": way, "gap": gap, "low": gap - z * error, "high": gap + z * error, "text": text}


def _paired_finding(found: ItemResults, errors: Sequence[float], z: float) -> str:
    (ours, theirs), gap = found.names, found.gap
    lead = f"{ours} leads {theirs}" if gap > 0 else f"{theirs} leads {ours}" if gap < 0 else "A tie"
    size = f" by {abs(gap):.1f} points" if gap else ""
    taken = ("from averages", "paired", "clustered")
    margins = listed(f"{z * error:.1f} {way}" for error, way in zip(errors, taken, strict=False))
    verdict = _paired_row(gap, "", errors[-1], z)["verdict"]
    return f"{lead}{size}; the margin is {margins}: {verdict}."


def _paired_notes(found: ItemResults) -> tuple[str, ...]:
    ours, theirs = found.names
    scores = "{:.1f}% and {:.1f}%".format(*found.scores_pct)
    r = found.correlation
    alike = "has no meaning here: one model always does the same" if r is None else f"is {r:.2f}"
    counted = (
        f"{len(found.a):,} items: {ours} and {theirs} have {scores}; their results' correlation {alike}."
    )
    only_a, only_b = found.only
    split = (
        f"On {only_a:,} items {ours} alone is right, on {only_b:,} {theirs} alone; luck splits so unevenly "
        f"with p = {mcnemar_p(only_a, only_b):.2g} (McNemar's exact test, which knows no clusters)."
    )
    few = f"With only {found.n_clusters} clusters their margin is itself a rough guess, rather too small."
    notes = (counted, split if found.plain else "", few if 0 < found.n_clusters < FEW_CLUSTERS else "")
    return tuple(note for note in notes if note)


@checked
def first_look(source: str = POST) -> Table:
    """The post's two models in one report, at a glance: both scores, the gap, and what it is worth.

    `source` is one of `REPORTS`. The verdict and its terms are those of `head_to_head`, at 95% confidence.
    Raises `ValueError` as `pairs` does.
    """
    found = comparison(source=source)
    kept = ("benchmark", "challenger", "baseline", "gap", "verdict")
    return Table(
        caption=f"{found.challenger} against {found.baseline}: {report_name(source)}",
        columns=tuple(column for column in _columns(found) if column.name in kept),
        rows=tuple({name: cell for name, cell in _row(pair).items() if name in kept} for pair in found.pairs),
        finding=_glance(found),
        series=_dumbbell_series(found.pairs),
        verdict=(facts.source(POST).title.partition(".")[0], _judged(found)),
    )


def _judged(found: Comparison) -> str:
    """The verdict on "A beat B" by the pairs of one report; that it did means no test on which it lost."""
    leads, deficits = found.leads_beyond, found.deficits_beyond
    if 2 * found.n_mixed > len(found.pairs):
        return MIXED
    if leads and deficits:
        return UNTOLD
    if leads:
        return RIGHT if leads == len(found.pairs) else CAVEAT
    return WRONG if deficits else WITHIN


def _glance(found: Comparison) -> str:
    """What the pairs amount to: how many leads, and what the gaps are worth."""
    verdicts = [pair.verdict()[0] for pair in found.pairs]
    counted = [f"{n} {verdict}" for verdict in dict.fromkeys(verdicts) if (n := verdicts.count(verdict))]
    return f"{found.challenger} leads on {found.n_leads} of {len(verdicts)}. The gaps: {listed(counted)}."


@checked
def spread(model: str = "Mistral 7B", benchmark: str = "GSM8K") -> Table:
    """The published scores of one released model on one benchmark that this book holds, highest first.

    `benchmark` is the name or the title of one. A figure that one report quotes from another's run is listed
    once, and runs of 4-bit copies are left out: those are other weights. Intervals are those of one run at
    95% confidence. Raises `ValueError` for a model or benchmark there is none of.
    """
    found = published(model, benchmark)
    offered = published_choices(model, found.benchmark)
    return Table(
        caption=f"Published scores of {model} on {facts.benchmark(found.benchmark).title} that we found",
        columns=_spread_columns(),
        rows=tuple(_spread_row(score) for score in found.scores),
        finding=_spread_finding(found),
        series={"scores": [_strip_dot(score, i) for i, score in enumerate(found.scores)]},
        choices=offered,
        nearest={} if found.scores else {"benchmark": offered["benchmark"].values[0]},
    )


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
        "report": report_name(score.source_id),
        "score": Cell(score.score_pct, _source(score)),
        "run": facts.pipeline(score.pipeline_id).name,
        "shots": score.shots,
        "metric": Cell(score.metric, note=sentence(facts.metric(score.metric).meaning)),
    }


def _spread_finding(found: Spread) -> str:
    title, scores = facts.benchmark(found.benchmark).title, found.scores
    if not scores:
        return f"We found no published score of {found.model} on {title}."
    if len(scores) == 1:
        return f"We found one published score of {found.model} on {title}, so there is no spread to see."
    high, low = scores[0].score_pct, scores[-1].score_pct
    counted = f"We found {len(scores)} published scores of {found.model} on {title}, from {low:g} to {high:g}"
    apart = f"{found.width:.1f} points apart for one released model"
    if not found.n_items:
        return f"{counted}: {apart}."
    noise = z_score(0.95) * standard_error(high, found.n_items)
    return f"{counted}: {apart}, where one run's noise is ±{noise:.1f} at 95%."


def _strip_dot(score: Score, i: int) -> dict[str, Value]:
    n_items = facts.eval_set(score.benchmark, score.eval_set).n_items
    low, high = interval(score.score_pct, n_items, z_score(0.95))
    protocol = protocol_words(score) or "no protocol stated"
    return {
        "row": f"{i:02}",
        "score": score.score_pct,
        "low": low,
        "high": high,
        "family": family_of(score.model),
        "text": f"{score.score_pct:g}  {report_name(score.source_id)} ({protocol})",
    }


def _source(score: Score) -> str:
    """The full source of one figure, in sentences."""
    where = ", ".join(filter(None, [facts.source(score.source_id).short_title, score.locator]))
    doubt = {"yes": "", "partly": "verified in part only", "no": "not verified"}[score.verified]
    parts = [f"{where}: {origins_of(score)}", score.match_note, score.note, doubt]
    return " ".join(sentence(part) for part in parts if part)


@checked
def provenance(model: str = EVERY_MODEL) -> Table:
    """Each of the post's figures with the published one it was matched to by value, if any was found.

    `model` is one of `printed_models()`: the rows of one model, or all of them; the finding counts all.
    `ValueError` for any other.
    """
    printed = [score for score in facts.scores() if score.source_id == POST]
    if model not in printed_models():
        raise ValueError(
            f"The post has no figures of {model!r}; choose one of {', '.join(printed_models())}."
        )
    return Table(
        caption="Where the post's figures can be found",
        columns=(
            Column("figure", "figure"),
            Column("post", "the post", "%", ".1f"),
            Column("primary", "source", "%", meaning="The primary figure as its own source prints it."),
            Column("run", "measured by"),
            Column("note", "what we found"),
        ),
        rows=tuple(_provenance_row(score) for score in printed if model in (EVERY_MODEL, score.model)),
        finding=_provenance_finding(printed),
    )


@cache
def printed_models() -> tuple[str, ...]:
    """The models of the post's first table, in its order, and a word for all of them."""
    models = dict.fromkeys(score.model for score in facts.scores() if score.source_id == POST)
    return (*models, EVERY_MODEL)


def _provenance_row(score: Score) -> dict[str, Value | Cell]:
    runs = primary(score)
    return {
        "figure": f"{facts.benchmark(score.benchmark).title}, {score.model}",
        "post": score.score_pct,
        "primary": Cell(runs[0].score_pct, _source(runs[0])) if runs else None,
        "run": origins_of(score),
        "note": score.match_note,
    }


def _provenance_finding(printed: Sequence[Score]) -> str:
    matched = {score: runs[0] for score in printed if (runs := primary(score))}
    evaluations = {run.pipeline_id for run in matched.values()}
    wrong = sum(run.model != score.model for score, run in matched.items())
    return (
        f"{len(matched)} of the post's {len(printed)} figures match a published one, from {len(evaluations)} "
        f"different evaluations; {wrong} of them belong to another model. A match is no proof of origin."
    )
