"""What came true: who crossed whom and when, what is still lost, how fast sizes fell, experts, prices.

`crossings` and `behind` set every small model of a run against a big one, test by test; `staircase` is the
smallest model for a score, day by day, and `rates` sets its pace against published ones; `experts` shows
mixtures of experts by both of their sizes, `prices` offers through time.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from smallmodels import facts
from smallmodels.arguments import checked, in_range
from smallmodels.facts import PastOffer
from smallmodels.later.records import (
    ANY,
    BEYOND,
    BIG,
    CONFIDENCE,
    KINDS,
    LIMIT,
    UNKNOWN,
    Course,
    Crossing,
    Entry,
    Expert,
    Pace,
    Staircase,
    all_rounder,
    choices,
    courses,
    crossed,
    every_big,
    expert_runs,
    expert_tests,
    harness,
    harness_of,
    latest_day,
    latest_law,
    mixtures,
    nearest,
    paces,
    quantities,
    stairs,
)
from smallmodels.story import bounds, months, spoken
from smallmodels.table import Cell, Choice, Column, Table, Value
from smallmodels.words import figures, listed, sentence, signed

Record = dict[str, Value]
Row = Mapping[str, Value | Cell]
MILLION = 1e6
PARAMETERS = "parameters"
UNPAIRED = (
    f"“Beyond noise” means more than {CONFIDENCE:.0%} sampling error of two unpaired scores, an upper bound."
)


@checked
def crossings(big: str = BIG, limit: float = LIMIT, run: str = "leaderboard-v1") -> Table:
    """The first model of at most `limit` billion parameters above a big one, test by test, in one run.

    The day of a crossing is the first on which both models were out. `first` is the first higher score,
    `firm` the first beyond noise. `ValueError` for an unknown model or run.
    """
    _known(big, limit, run)
    change = nearest(big, limit, run)
    found = () if change else crossed(big, limit, run)
    return Table(
        caption=f"First above {big}, of at most {limit:g}B: {harness(run).name}",
        columns=(
            Column("test", "test"),
            Column("family", "about"),
            Column("big", big, "%", ".1f"),
            Column("first", "first above it"),
            Column("score", "its score", "%", ".1f"),
            Column("day", "when"),
            Column("after", "months after the post", "", "+.1f", "Negative: before 27 September 2023."),
            Column("firm", "first beyond noise", meaning=UNPAIRED),
        ),
        rows=tuple(_crossing_row(one) for one in found),
        finding=_crossing_finding(found, limit, big),
        series=_crossing_series(found),
        notes=_run_notes(run),
        choices=choices(big, limit, run),
        nearest=change,
    )


def _known(big: str, limit: float, run: str) -> None:
    harness(run)
    facts.lookups.one({name: name for name in every_big()}, big, "big model")
    in_range(0, 1000, limit=limit)


def _crossing_row(one: Crossing) -> Row:
    first = one.first
    return {
        "test": _test(one),
        "family": one.family,
        "big": _scored(one.big),
        "first": Cell(_name(first), _released(first)) if first else Cell("none", note=_closest(one)),
        "score": _scored(first) if first else None,
        "day": spoken(one.day) if first else None,
        "after": _after_post(one.day) if first else None,
        "firm": _name(one.firm) if one.firm else _not_firm(one),
    }


def _closest(one: Crossing) -> str:
    return f"The best is {_name(one.best)} with {one.best.pct:g}%."


def _test(one: Crossing) -> Cell:
    benchmark = facts.benchmark(one.test)
    return Cell(benchmark.title, note=f"{benchmark.measures}.")


def _name(entry: Entry) -> str:
    """A model with its size, where its name does not say it."""
    of = entry.of
    return of.model if "B" in of.model.split()[-1] else f"{of.model} ({of.billions:.1f}B)"


def _scored(entry: Entry) -> Cell:
    score = entry.score
    doubt = "" if score.verified == "yes" else f" Verified: {score.verified}; {score.note}."
    run = facts.pipeline(score.pipeline_id).name
    shots = f"{score.shots}-shot, " if score.shots.isdigit() else ""
    return Cell(
        score.score_pct, f"{facts.source(score.source_id).title}.", f"{run}: {shots}{score.metric}.{doubt}"
    )


def _released(entry: Entry) -> str:
    release = facts.release(entry.of.model)
    doubt = "" if release.verified == "yes" else f" {sentence(release.note)}"
    return f"{release.maker}, {spoken(release.release_date)}; {entry.of.billions:.2f} billion.{doubt}"


def _post_day() -> date:
    return bounds(facts.source("post").date)[0]


def _after_post(day: str) -> float:
    return months((bounds(day)[0] - _post_day()).days)


def _not_firm(one: Crossing) -> str:
    if one.first is None:
        return "none"
    return "noise unknown" if one.verdict == UNKNOWN else "none yet"


def _crossing_finding(found: Sequence[Crossing], limit: float, big: str) -> str:
    if not found:
        return f"This run has no model of at most {limit:g}B beside {big}."
    above = [one for one in found if one.first]
    firm = sum(one.verdict == BEYOND for one in above)
    lost = [facts.benchmark(one.test).title for one in found if not one.first]
    told = f", {firm} of them beyond noise" if firm else ""
    rest = f"; not on {listed(lost, 'or')}" if 0 < len(lost) < 4 else ""
    return f"Above {big} on {len(above)} of {figures(len(found), 'test')}{told}{rest}."


def _crossing_series(found: Sequence[Crossing]) -> dict[str, list[Record]]:
    rows = [facts.benchmark(one.test).title for one in found]
    seen: list[Record] = [
        {"row": row, "day": _not_before(entry, one).isoformat(), "above": _side(entry, one)}
        for row, one in zip(rows, found, strict=True)
        for entry in one.small
    ]
    first: list[Record] = [
        {"row": row, "day": bounds(one.day)[0].isoformat(), "text": one.first.of.model, "side": _room(one)}
        for row, one in zip(rows, found, strict=True)
        if one.first
    ]
    names: list[Record] = [
        {"row": row, "text": f"{row} ({one.family})", "right": "" if one.first else "none yet"}
        for row, one in zip(rows, found, strict=True)
    ]
    return {"seen": seen, "first": first, "rows": names, "post": [{"day": _post_day().isoformat()}]}


def _not_before(entry: Entry, one: Crossing) -> date:
    return max(entry.of.day, one.big.of.day)


def _side(entry: Entry, one: Crossing) -> str:
    return "above" if entry.pct > one.big.pct else "below"


def _room(one: Crossing) -> str:
    """On which side of its mark the name of a first has room."""
    days = [_not_before(entry, one) for entry in one.small]
    half = min(days) + (max(days) - min(days)) / 2
    return "right" if bounds(one.day)[0] <= half else "left"


def _run_notes(run: str) -> tuple[str, ...]:
    told = harness(run)
    if not told.single:
        return ("Figures of several hands side by side: nothing here says how far noise goes.",)
    lines = [facts.pipeline(id).description for id in told.pipelines]
    return tuple(sentence(line) for line in lines)


@checked
def behind(big: str = BIG, limit: float = LIMIT, run: str = "leaderboard-v1") -> Table:
    """What the best model of at most `limit` billion parameters has more, or less, than a big one, by test.

    Each test has its own best model; the note names the one that is above on the most. `ValueError` as
    `crossings` raises.
    """
    _known(big, limit, run)
    change = nearest(big, limit, run)
    found = () if change else sorted(crossed(big, limit, run), key=lambda one: one.gap)
    return Table(
        caption=f"The best of at most {limit:g}B against {big}: {harness(run).name}",
        columns=(
            Column("test", "test"),
            Column("family", "about"),
            Column("gap", "gap", "points", "+.1f", f"The best small model minus {big}."),
            Column("best", "the best small model"),
            Column("score", "its score", "%", ".1f"),
            Column("big", big, "%", ".1f"),
        ),
        rows=tuple(_behind_row(one) for one in found),
        finding=_behind_finding(found, limit, big),
        series={"bars": [_bar(one) for one in found]},
        notes=_best_of_all(found, big),
        choices=choices(big, limit, run),
        nearest=change,
    )


def _behind_row(one: Crossing) -> Row:
    return {
        "test": _test(one),
        "family": one.family,
        "gap": one.gap,
        "best": Cell(_name(one.best), _released(one.best)),
        "score": _scored(one.best),
        "big": _scored(one.big),
    }


def _behind_finding(found: Sequence[Crossing], limit: float, big: str) -> str:
    if not found:
        return f"This run has no model of at most {limit:g}B beside {big}."
    lost = [one for one in found if one.gap < 0]
    worst, best = found[0], found[-1]
    if not lost:
        return f"On each of {figures(len(found), 'test')} some model of at most {limit:g}B is above {big}."
    return (
        f"{len(lost)} of {figures(len(found), 'test')} still lost, by up to {-worst.gap:.1f} points "
        f"({facts.benchmark(worst.test).title}); the most won: {signed(best.gap)}."
    )


def _bar(one: Crossing) -> Record:
    title = facts.benchmark(one.test).title
    return {
        "row": f"{title} ({one.family})",
        "value": one.gap,
        "tone": "above" if one.gap > 0 else "below",
        "text": f"{signed(one.gap)}, {one.best.of.model}",
    }


def _best_of_all(found: Sequence[Crossing], big: str) -> tuple[str, ...]:
    if not found:
        return ()
    model, won, taken = all_rounder(found)
    return (f"One model for all: {model} is above {big} on {won} of the {taken} tests it took.",)


@checked
def staircase(threshold: float = 69.8, run: str = ANY, tuned: bool = False) -> Table:
    """The smallest model with at least so many percent on MMLU, day by day, and how fast its size halves.

    A step is at least 5% smaller than all before it. `tuned` lets tuned models in. The line is one of least
    squares through the steps. `ValueError` for an unknown run and a threshold that no model reached.
    """
    found = stairs(threshold, run, tuned)
    return Table(
        caption=f"The smallest model with at least {threshold:g}% on MMLU",
        columns=(
            Column("model", "model"),
            Column("size", "parameters", "billion", ",.2f"),
            Column("day", "out"),
            Column("score", "MMLU", "%", ".1f"),
            Column("run", "measured by"),
            Column("share", "of the first", "%", ".1f", "Its size in percent of the first step's."),
            Column("months", "after the first", "months", ".1f"),
        ),
        rows=tuple(_step_row(found, i) for i in range(len(found.steps))),
        finding=_step_finding(found),
        series=_step_series(found),
        notes=(_pace_note(found), *_mix_note(run)),
    )


def _step_row(found: Staircase, i: int) -> Row:
    step, first = found.steps[i], found.steps[0]
    return {
        "model": Cell(step.of.model, _released(step)),
        "size": step.of.billions,
        "day": spoken(step.of.released),
        "score": _scored(step),
        "run": harness_of(step).name,
        "share": 100 * step.of.total / first.of.total,
        "months": found.months[i],
    }


def _step_finding(found: Staircase) -> str:
    fitted, first, last = found.fitted, found.steps[0].of, found.steps[-1].of
    if fitted is None:
        return f"One step only: {first.model} ({first.billions:.1f}B); nothing smaller has come since."
    return (
        f"{size(first.total)} to {size(last.total)} in {found.months[-1]:.0f} months: half the size "
        f"every {fitted.halving:.1f} months{_between(fitted.low, fitted.high)}."
    )


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return ""
    return f" ({low:.1f} to {high:.1f})" if high is not None else f" ({low:.1f} or more)"


def size(n_params: float) -> str:
    """Parameters in millions or billions, as people say it.

    >>> size(24_500_000), size(3_430_000_000), size(68_976_648_192)
    ('24M', '3.4B', '69B')
    """
    if n_params < 1e9:
        return f"{n_params / MILLION:.0f}M"
    return f"{n_params / 1e9:.{0 if n_params >= 2e10 else 1}f}B"


def _pace_note(found: Staircase) -> str:
    since = found.until_today
    if since is None:
        return "A pace takes two steps at least."
    still = months((latest_day() - found.steps[-1].of.day).days)
    return (
        f"In the {still:.0f} months since the last step, up to {spoken(latest_day().isoformat())}, nothing "
        f"smaller is in the data; with them, size halved every {since:.1f} months from first to last."
    )


def _mix_note(run: str) -> tuple[str, ...]:
    if run != ANY:
        return ()
    return ("Most figures are makers' own, each with its own program: a point or two either way is usual.",)


def _step_series(found: Staircase) -> dict[str, list[Record]]:
    steps = [_dot(step) for step in found.steps]
    for i, step in enumerate(steps):
        step |= {"text": step["model"], "side": "right" if i % 2 == 0 else "left"}
    end: Record = {**steps[-1], "day": latest_day().isoformat()}
    lines = [point for name, halving in _shown_paces(found) for point in _line(found, name, halving)]
    return {
        "reached": [_dot(e) for e in found.reached],
        "steps": steps,
        "stairs": [*steps, end],
        "lines": lines,
    }


def _dot(entry: Entry) -> Record:
    return {"day": entry.of.day.isoformat(), "billions": entry.of.billions, "model": entry.of.model}


def _shown_paces(found: Staircase) -> list[tuple[str, tuple[float, float]]]:
    """What to draw: the fitted line and the latest published pace for parameters, each from its start."""
    law = (float(found.steps[0].of.total), latest_law())
    fitted = found.fitted
    return [("densing law", law)] + ([("the line", (fitted.start, fitted.halving))] if fitted else [])


def _line(found: Staircase, name: str, pace: tuple[float, float]) -> list[Record]:
    start, halving = pace
    end = found.months_to(latest_day())
    first = found.steps[0].of.day
    return [
        {
            "name": name,
            "day": (first + timedelta(days=round(m * 30.4375))).isoformat(),
            "billions": start / 1e9 / 2 ** (m / halving),
        }
        for m in (0.0, end)
    ]


@checked
def rates(threshold: float = 69.8, run: str = ANY, quantity: str = "parameters") -> Table:
    """Published paces of one quantity as months to half, this chapter's beside them, and where they lead.

    Where a pace of parameters would lead: the first step of the threshold's staircase, halved at that pace
    up to the latest day of the data. `ValueError` as `staircase` raises, and for an unknown quantity.
    """
    facts.lookups.one({name: name for _, name in quantities()}, quantity, "quantity")
    found = stairs(threshold, run)
    published = [pace for pace in paces() if pace.claim.quantity == quantity]
    ours = _our_rows(found) if quantity == PARAMETERS else []
    return Table(
        caption=f"Months in which {quantity} halve, and what {threshold:g}% on MMLU would take by now",
        columns=(
            Column("claim", "what halves"),
            Column("months", "months to half", "", ".1f"),
            Column("low", "from", "months", ".1f"),
            Column("high", "to", "months", ".1f"),
            Column("leads", "would lead to", "million parameters", ",.0f"),
            Column("verified", "verified", meaning="yes: read in its source; partly: not all of it."),
        ),
        rows=(*ours, *(_pace_row(pace, found) for pace in published)),
        finding=_rates_finding(found),
        notes=()
        if quantity == PARAMETERS
        else ("Compute and prices halve by other causes; no size follows.",),
    )


def _our_rows(found: Staircase) -> list[Row]:
    fitted, last = found.fitted, found.steps[-1].of
    here = f"{found.threshold:g}% on MMLU"
    if fitted is None:
        return []
    told = (
        f"Least squares through {figures(len(found.steps), 'step')}, {CONFIDENCE:.0%} interval of its slope."
    )
    return [
        {
            "claim": Cell(f"{here} here: line through the steps", note=told),
            "months": fitted.halving,
            "low": fitted.low,
            "high": fitted.high,
            "leads": found.led_to(fitted.halving) / MILLION,
            "verified": "computed",
        },
        {
            "claim": Cell(f"{here} here: first step to today", note=_pace_note(found)),
            "months": found.until_today,
            "leads": last.total / MILLION,
            "verified": "computed",
        },
    ]


def _pace_row(pace: Pace, found: Staircase) -> Row:
    claim = pace.claim
    note = f"{sentence(claim.note)} " if claim.note else ""
    at = f", {claim.locator}" if claim.locator else ""
    leads = found.led_to(pace.months) / MILLION if claim.quantity == PARAMETERS and pace.months else None
    return {
        "claim": Cell(claim.claim, f"{facts.source(claim.source_id).title}{at}, {spoken(claim.date)}.", note),
        "months": pace.months,
        "low": pace.low,
        "high": pace.high,
        "leads": leads,
        "verified": claim.verified,
    }


def _rates_finding(found: Staircase) -> str:
    law, smallest = latest_law(), found.steps[-1].of.total
    would = found.led_to(law)
    return (
        f"Halving every {law:g} months, {size(would)} would do by now; the smallest found has "
        f"{size(smallest)}, {smallest / would:,.0f} times as many."
    )


@checked
def experts(run: str = "leaderboard-v1", test: str = "MMLU") -> Table:
    """Mixtures of experts by both of their sizes, and the dense model of their day most like them.

    `between` is where that dense size lies from active (0) to total (1), on a logarithmic scale.
    `ValueError` for an unknown run; for a test it has no experts on, another is proposed.
    """
    harness(run)
    tests = expert_tests(run)
    found, dense = mixtures(run, test) if test in tests else ([], [])
    return Table(
        caption=f"Experts on {facts.benchmark(test).title}: {harness(run).name}",
        columns=(
            Column("model", "mixture of experts"),
            Column("active", "active", "billion", ".1f", "Parameters that one token uses."),
            Column("total", "total", "billion", ".1f", "Parameters that must be in memory."),
            Column("score", "score", "%", ".1f"),
            Column("dense", "dense model most like it", meaning="Of those that were out by its day."),
            Column("dense_size", "its size", "billion", ".1f"),
            Column("gap", "ahead of it by", "points", "+.1f"),
            Column("between", "0 active to 1 total", "", ".2f", "Where the dense size lies between the two."),
        ),
        rows=tuple(_expert_row(one) for one in found),
        finding=_expert_finding(found),
        series=_expert_series(found, dense),
        choices=_expert_choices(run, test),
        nearest={} if found or not tests else {"test": tests[0]},
    )


def _expert_choices(run: str, test: str) -> dict[str, Choice]:
    ids = tuple(id for _, id in expert_runs() if test in expert_tests(id))
    found = {
        "run": Choice(ids, "has no experts on this test"),
        "test": Choice(tuple(expert_tests(run)), "not in this run"),
    }
    return {name: choice for name, choice in found.items() if choice.values}


def _expert_row(one: Expert) -> Row:
    of = one.entry.of
    return {
        "model": Cell(of.model, _released(one.entry)),
        "active": of.active / 1e9,
        "total": of.billions,
        "score": _scored(one.entry),
        "dense": Cell(one.nearest.of.model, _released(one.nearest)),
        "dense_size": one.nearest.of.billions,
        "gap": one.gap,
        "between": one.position,
    }


def _expert_finding(found: Sequence[Expert]) -> str:
    if not found:
        return "This run has no experts on this test."
    one = max(found, key=lambda e: e.entry.of.day)
    of = one.entry.of
    return (
        f"{of.model} uses {of.active / 1e9:.1f}B of {of.billions:.1f}B a token and scores most like "
        f"{_name(one.nearest)}."
    )


def _expert_series(found: Sequence[Expert], dense: Sequence[Entry]) -> dict[str, list[Record]]:
    spans: list[Record] = [
        {
            "active": one.entry.of.active / 1e9,
            "total": one.entry.of.billions,
            "score": one.entry.pct,
            "text": one.entry.of.model,
        }
        for one in found
    ]
    dots: list[Record] = [
        {
            "billions": e.of.billions,
            "score": e.pct,
            "family": facts.family_of(e.of.model),
            "model": e.of.model,
        }
        for e in dense
    ]
    return {"dense": dots, "spans": spans}


@checked
def prices(kind: str = "card") -> Table:
    """Offers of one kind, `card` or `tokens`, that were seen over at least half a year: first, last, change.

    Prices are on demand, for an hour of one card, or of a million tokens read. `ValueError` for another kind.
    """
    found = sorted(courses(kind), key=lambda one: one.yearly)
    return Table(
        caption=f"Prices of {KINDS[kind]} through time" if kind in KINDS else "",
        columns=(
            Column("offer", "offer"),
            Column("first", "first seen at", "USD", ".3g"),
            Column("from", "on"),
            Column("last", "last seen at", "USD", ".3g"),
            Column("to", "on "),
            Column("change", "change", "%", "+.0f"),
            Column("yearly", "a year", "%", "+.0f", "The same as a steady change."),
        ),
        rows=tuple(_course_row(one) for one in found),
        finding=_course_finding(found, kind),
        notes=("An offer is followed as named: behind some names the model changes, as its note says.",),
    )


def _course_row(one: Course) -> Row:
    first, last = one.seen[0], one.seen[-1]
    return {
        "offer": Cell(one.name, note=_course_note(one)),
        "first": Cell(first.price, _offer_source(first)),
        "from": spoken(first.date),
        "last": Cell(last.price, _offer_source(last)),
        "to": spoken(last.date),
        "change": one.change,
        "yearly": one.yearly,
    }


def _course_note(one: Course) -> str:
    between = [f"{seen.price:g} on {spoken(seen.date)}" for seen in one.seen[1:-1]]
    notes = dict.fromkeys(seen.note for seen in one.seen if seen.note)
    told = [*(["Between: " + ", ".join(between) + "."] if between else []), *map(sentence, notes)]
    return " ".join(told)


def _offer_source(seen: PastOffer) -> str:
    doubt = "" if seen.verified == "yes" else f" Verified: {seen.verified}."
    return f"{facts.source(seen.source_id).title}, {spoken(seen.date)}.{doubt}"


def _course_finding(found: Sequence[Course], kind: str) -> str:
    fell = sum(one.change < 0 for one in found)
    rose = sum(one.change > 0 for one in found)
    return (
        f"Of {figures(len(found), 'offer')} of {KINDS[kind]}, {fell} fell, {len(found) - fell - rose} "
        f"stayed and {rose} rose."
    )
