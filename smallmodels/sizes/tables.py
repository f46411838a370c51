"""Chapter 02c: how big a Llama is Mistral 7B, what loss says of scores, and what it can have read.

`equivalents` reads sizes off the Llamas, test by test; `course` sets scores against a law's loss; `bought`
says what some nats are worth on a test; `readable` what cards can train on; `four_bits` sets a 13B in 4 bits
beside 7Bs in 16. Scores are in percent, sizes in billions, tokens in trillions.
"""

from smallmodels import facts, scaling
from smallmodels.arguments import above_zero, checked, in_range
from smallmodels.facts import family_of
from smallmodels.memory import GB
from smallmodels.scaling import BASELINE, BUDGETS, CHALLENGER, NEVER
from smallmodels.sizes.records import (
    CONFIDENCE,
    OPEN_COLUMNS,
    Bought,
    Course,
    Equivalent,
    Kept,
    Placed,
    Told,
    Training,
    days_there_were,
    equivalent,
    kept,
    models,
    tests,
    told,
)
from smallmodels.sizes.records import bought as bought_of
from smallmodels.sizes.records import course as course_of
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.words import about, count, listed, signed

Record = dict[str, Value]
Row = dict[str, Value | Cell]
MOST_CARDS, MOST_DAYS = 20_000, 365
TRAINING_CARDS = ("A100 80GB SXM", "H100 SXM5 80GB")
OPEN_TESTS = tuple(OPEN_COLUMNS)
LOSSES = (2.6, 6.0)  # bounds of loss that a reader can choose


# How big a Llama is it?


@checked
def equivalents(model: str = CHALLENGER) -> Table:
    """The Llama 2 that would score like a model, test by test, on one harness.

    Between two Llamas the size is read off a line in the logarithm of size. `model` is Mistral 7B or a later
    base model of its size; `ValueError` for another.
    """
    if model not in models():
        raise ValueError(f"There is no model {model!r} here; choose one of {', '.join(models())}.")
    found = [(test, equivalent(model, test)) for test in tests()]
    return Table(
        caption=f"How big a Llama 2 scores like {model}: Open LLM Leaderboard, version 1",
        columns=_EQUIVALENT_COLUMNS,
        rows=tuple(_equivalent_row(test, one) for test, one in found),
        finding=_equivalent_finding(model, [one for _, one in found if one]),
        series=_equivalent_series(model),
        notes=(
            _harness_note(),
            "Bar: 95% interval, of the score and of both Llamas beside it, unpaired. Grey: other models; a "
            "dot at either end lies there or beyond.",
        ),
    )


_EQUIVALENT_COLUMNS = (
    Column("test", "test"),
    Column("score", "its score", "%", ".2f"),
    Column("llama_7b", "Llama 2 7B", "%", ".2f"),
    Column("llama_13b", "Llama 2 13B", "%", ".2f"),
    Column("llama_70b", "Llama 2 70B", "%", ".2f"),
    Column("size", "a Llama 2 of", "billion", ".3g", "A line in the logarithm of size between two of them."),
    Column("low", "at least", "billion", ".3g", f"Lower end of the {CONFIDENCE:.0%} interval."),
    Column("high", "at most", "billion", ".3g", f"Upper end of the {CONFIDENCE:.0%} interval."),
)


def _equivalent_row(test: str, one: Equivalent | None) -> Row:
    if one is None:
        return {"test": test, "score": Cell(None, note="Not measured on this harness.")}
    names = ("llama_7b", "llama_13b", "llama_70b")
    family = {name: score for name, (_, score) in zip(names, one.members, strict=True)}
    ends = ("under 7", "over 69")
    return {
        "test": test,
        "score": Cell(one.score.score_pct, f"{facts.source(one.score.source_id).title}.", one.score.note),
        **family,
        "size": one.size / 1e9 if one.size else ends[one.beyond == "above"],
        "low": one.low / 1e9 if one.low else ends[one.beyond == "above"],
        "high": one.high / 1e9 if one.high else ends[one.beyond != "below"],
    }


def billions(size: float) -> str:
    """A size as a sentence has it.

    >>> billions(14.7e9), billions(6.74e9)
    ('15B', '6.7B')
    """
    return f"{about(size / 1e9, 2)}B"


def _equivalent_finding(model: str, found: list[Equivalent]) -> str:
    inside = sorted((one for one in found if one.size), key=lambda one: one.shown_size)
    over = [one.score.benchmark for one in found if one.beyond == "above"]
    parts = []
    if inside:
        ends = (inside[0], inside[-1])
        sizes = [f"a {billions(one.shown_size)} Llama on {one.score.benchmark}" for one in ends]
        parts.append(" and ".join(dict.fromkeys(sizes)))
    if over:
        parts.append(f"more than the largest on {listed(over)}")
    return (
        f"{model} scores like {', '.join(parts)}." if parts else f"{model} scores below the smallest Llama."
    )


def _harness_note() -> str:
    return (
        "Mistral 7B and Llama 2 as the leaderboard published them, later models as ObsScaling copied them; "
        "runs with 4-bit weights are left out, and so is TruthfulQA, on which Llama 2 13B is below 7B."
    )


def _equivalent_series(model: str) -> dict[str, list[Record]]:
    series: dict[str, list[Record]] = {"spans": [], "sizes": [], "others": []}
    for test in tests():
        for name in models():
            one = equivalent(name, test)
            if one is None:
                continue
            size = float(f"{one.shown_size / 1e9:.4g}")
            if name != model:
                series["others"].append({"row": test, "size": size, "name": name})
                continue
            series["spans"].append({"row": test, **_span(one)})
            text = {"": "", "above": "over ", "below": "under "}[one.beyond] + billions(one.shown_size)
            series["sizes"].append({"row": test, "size": size, "text": text, "family": family_of(name)})
    return series


def _span(one: Equivalent) -> Record:
    """The interval in billions, cut at the smallest and the largest Llama."""
    least, most = one.members[0][0], one.members[-1][0]
    low = one.low or (most if one.beyond == "above" else least)
    high = one.high or (least if one.beyond == "below" else most)
    return {"low": float(f"{low / 1e9:.4g}"), "high": float(f"{high / 1e9:.4g}")}


# Does the law's loss say it?


@checked
def course(test: str = "HellaSwag", law: str = "besiroglu", d_challenger: float = 2.0) -> Table:
    """Scores on a test against the loss that a law expects: seven Llamas, Mistral 7B, and what came later.

    `d_challenger` is what Mistral 7B is taken to have read, in trillions. `ValueError` for a test or a law
    that is not here, and for tokens outside `BUDGETS`.
    """
    if not BUDGETS[0] <= d_challenger <= BUDGETS[1]:
        raise ValueError(f"The tokens are {d_challenger:g} trillion; choose from 0.1 to 100 trillion.")
    found = course_of(test, scaling.law(law), d_challenger * 1e12)
    return Table(
        caption=f"{test} against the loss expected by {_law_name(law)}",
        columns=_COURSE_COLUMNS,
        rows=tuple(_course_row(found, one, d_challenger) for one in (*found.llamas, *found.others)),
        finding=_course_finding(found, d_challenger),
        series=_course_series(found),
        notes=(
            f"The line runs through {len(found.llamas)} Llamas alone: loss explains "
            f"{100 * found.line.explained:.1f}% of the differences between them.",
            "Later models have tokenizers of their own, so their place from left to right is rough.",
        ),
    )


def _law_name(law: str) -> str:
    return next(name for name, id in scaling.law_choices() if id == law)


_COURSE_COLUMNS = (
    Column("model", "model"),
    Column("size", "parameters", "billion", ",.3g"),
    Column("tokens", "training tokens", "trillion", ",.3g"),
    Column("loss", "loss by the law", "nats a token", ".3f"),
    Column("score", "score", "%", ".1f"),
    Column("above", "above the line", "points", "+.1f", "Score minus that of the Llamas' line at this loss."),
    Column(
        "on_line", "on the line with", "trillion tokens", ",.3g", "Training tokens that the line would ask."
    ),
)


def _course_row(found: Course, one: Placed, chosen: float) -> Row:
    release = facts.release(one.model)
    own = one.model == CHALLENGER
    tokens = chosen if own else (release.train_tokens or 0) / 1e12
    note = "Your own setting: never published." if own else ""
    return {
        "model": one.model,
        "size": scaling.released_size(one.model) / 1e9,
        "tokens": Cell(tokens, "" if own else f"{facts.source(release.source_id).title}.", note),
        "loss": one.loss,
        "score": one.score_pct,
        "above": found.above(one),
        "on_line": _trillions(found.tokens_for(one)) if one in found.others else None,
    }


def _trillions(tokens: float | None) -> float | str:
    if tokens is None:
        return NEVER
    return tokens / 1e12 if tokens < 9.999e15 else "over 9,999"


def _course_finding(found: Course, chosen: float) -> str:
    own = found.others[0]
    points = found.above(own)
    where = f"{abs(points):.1f} points {'above' if points > 0 else 'below'} the Llamas' line"
    needed = _trillions(found.tokens_for(own))
    asks = f"{needed} of data" if isinstance(needed, str) else f"{about(needed, 2)} trillion"
    return f"On {chosen:g} trillion tokens {CHALLENGER} is {where}; to lie on it, it needs {asks}."


def _course_series(found: Course) -> dict[str, list[Record]]:
    everyone = (*found.llamas, *found.others)
    ends = min(one.loss for one in everyone), max(one.loss for one in everyone)
    return {
        "line": [{"loss": round(x, 4), "score": round(found.line.at(x), 2)} for x in ends],
        "models": [
            {
                "loss": round(one.loss, 4),
                "score": one.score_pct,
                "name": one.model,
                "family": family_of(one.model) if one in found.llamas or one.model == CHALLENGER else "other",
            }
            for one in everyone
        ],
        "gap": [
            {
                "loss": round((own := found.others[0]).loss, 4),
                "score": own.score_pct,
                "at": round(found.line.at(own.loss), 2),
                "text": f"{signed(found.above(own))} points",
            }
        ],
    }


# From loss to score.


@checked
def bought(test: str = "HellaSwag", nats: float = 0.05, below: float = 3.2) -> Table:
    """What a loss lower by some nats is worth on a test, by 104 open models that differ in size and text.

    The models are those whose loss on C4 is below a bound. `ValueError` for a test that they did not take,
    for nats that are not above 0, and for a bound outside `LOSSES`.
    """
    above_zero(nats=nats)
    if not LOSSES[0] <= below <= LOSSES[1]:
        raise ValueError(f"The loss is {below:g}; choose one from {LOSSES[0]:g} to {LOSSES[1]:g}.")
    found = {name: bought_of(name, nats, below) for name in OPEN_COLUMNS}
    if test not in found:
        raise ValueError(f"There is no test {test!r} here; choose one of {', '.join(found)}.")
    return Table(
        caption=f"What {nats:g} nats buy, by {len(found[test].runs)} open models of a loss below {below:g}",
        columns=_BOUGHT_COLUMNS,
        rows=tuple(_bought_row(one) for one in found.values()),
        finding=_bought_finding(found[test]),
        series=_bought_series(found[test]),
        notes=(
            "Interval: two standard errors of the line's slope to each side.",
            "Their loss is on C4 and Chinchilla's on its own text: a nat here need not be a nat there.",
        ),
    )


_BOUGHT_COLUMNS = (
    Column("test", "test"),
    Column("worth", "worth", "points", ".2f", "What the lower loss buys, by the line."),
    Column("low", "at least", "points", ".2f", "Two standard errors below."),
    Column("high", "at most", "points", ".2f", "Two standard errors above."),
    Column("explained", "explained by loss", "%", ".0f", "Of the differences between the models' scores."),
    Column("least", "lowest score", "%", ".1f"),
    Column("most", "highest score", "%", ".1f"),
)


def _bought_row(one: Bought) -> Row:
    scores = [score for _, score in one.points]
    return {
        "test": one.test,
        "worth": Cell(one.worth, f"{facts.source('gadre-repo').title}."),
        "low": one.worth - 2 * one.error,
        "high": one.worth + 2 * one.error,
        "explained": 100 * one.line.explained,
        "least": min(scores),
        "most": max(scores),
    }


def _bought_finding(one: Bought) -> str:
    low, high = one.worth - 2 * one.error, one.worth + 2 * one.error
    return (
        f"{one.nats:g} nats buy {one.worth:.1f} points of {one.test} ({low:.1f} to {high:.1f}); "
        f"loss explains {100 * one.line.explained:.0f}% of the differences."
    )


TEXTS = {"c4_original": "C4", "rpj": "RedPajama", "rw_original": "RefinedWeb"}


def _bought_series(one: Bought) -> dict[str, list[Record]]:
    everyone = bought_of(one.test, one.nats, LOSSES[1] + 10)
    inside = {*one.points}
    ends = min(x for x, _ in one.points), max(x for x, _ in one.points)
    return {
        "models": [
            {
                "loss": loss,
                "score": round(score, 2),
                "text": TEXTS[run.data],
                "use": "used" if (loss, score) in inside else "not used",
            }
            for run, (loss, score) in zip(everyone.runs, everyone.points, strict=True)
        ],
        "line": [{"loss": x, "score": round(one.line.at(x), 2)} for x in ends],
    }


# Could they have read it?


@checked
def readable(
    cards: int = 500,
    days: int = 36,
    utilisation_pct: int = 40,
    gpu: str = "H100 SXM5 80GB",
    model: str = CHALLENGER,
) -> Table:
    """Tokens that a model can have read on some cards in some days, at a share of their peak.

    The cards' FLOPs over 6N a token. Below stand trainings whose makers published tokens and card-hours,
    with the utilisation that follows. `ValueError` for a card that is not one of `TRAINING_CARDS`, and for
    figures out of range.
    """
    in_range(1, MOST_CARDS, cards=cards)
    in_range(1, MOST_DAYS, days=days)
    in_range(1, 100, utilisation_pct=utilisation_pct)
    if gpu not in TRAINING_CARDS:
        raise ValueError(f"There is no training on {gpu!r} here; choose one of {', '.join(TRAINING_CARDS)}.")
    size = scaling.released_size(model)
    chosen = Training(size, facts.gpu(gpu), cards, days, utilisation_pct / 100)
    return Table(
        caption=f"What {model} can have read on {cards:,} × {gpu}",
        columns=_READABLE_COLUMNS,
        rows=(_chosen_row(model, chosen), *(_told_row(one) for one in told())),
        finding=_readable_finding(model, chosen),
        series=_readable_series(chosen),
        notes=(
            f"{days_there_were()} days lay between the announcement of the company's round and the release.",
            "6ND leaves out attention over the context, so true utilisation is a little higher.",
        ),
    )


_READABLE_COLUMNS = (
    Column("model", "model"),
    Column("card", "card"),
    Column("hours", "card-hours", "thousand", ",.0f"),
    Column("tokens", "training tokens", "trillion", ",.3g"),
    Column("utilisation", "utilisation", "%", ".0f", "6 × parameters × tokens over the cards' peak."),
    Column("from", "figures from"),
)


def _chosen_row(model: str, chosen: Training) -> Row:
    return {
        "model": model,
        "card": chosen.card.name,
        "hours": chosen.card_hours / 1e3,
        "tokens": Cell(chosen.tokens / 1e12, f"{facts.source(chosen.card.source_id).title}.", "Computed."),
        "utilisation": 100 * chosen.utilisation,
        "from": "your setting",
    }


def _told_row(one: Told) -> Row:
    source = f"{facts.source(one.release.source_id).title}."
    bound = one.release.train_tokens_bound
    return {
        "model": one.release.model,
        "card": one.card.name,
        "hours": Cell(one.card_hours / 1e3, source),
        "tokens": Cell(one.n_tokens / 1e12, source, f"{bound.capitalize()} so many." if bound else ""),
        "utilisation": 100 * one.utilisation,
        "from": "its maker",
    }


def _readable_finding(model: str, chosen: Training) -> str:
    share = chosen.tokens / (scaling.match_interval().middle or 1)
    verdict = "enough, by the refit," if share >= 1 else f"{share:.0%} of what the refit asks"
    return (
        f"{about(chosen.tokens / 1e12, 3)} trillion tokens in {count(round(chosen.days), 'day')}: "
        f"{verdict} to match {BASELINE}."
    )


def _readable_series(chosen: Training) -> dict[str, list[Record]]:
    interval = scaling.match_interval()
    rate = chosen.tokens / chosen.days / 1e12
    last = min(MOST_DAYS, BUDGETS[1] / rate)
    needs: list[Record] = []
    for name, id in scaling.law_choices():
        needed = scaling.law(id).tokens_to_match(chosen.n_params, *scaling.contender(BASELINE).pair)
        if needed is not None and needed < BUDGETS[1] * 1e12:
            # The names of two that lie near one another stand at opposite ends.
            side = "right" if len(needs) % 2 else "left"
            shown: Record = {
                "tokens": float(f"{needed / 1e12:.4g}"),
                "text": f"{name}: {about(needed / 1e12, 3)}",
            }
            needs.append({**shown, "side": side})
    return {
        "course": [{"days": days, "tokens": rate * days} for days in (1, last)],
        "chosen": [{"days": chosen.days, "tokens": float(f"{chosen.tokens / 1e12:.4g}")}],
        "needs": needs,
        "band": [{"low": (interval.low or 0) / 1e12, "high": min((interval.high or 1e14) / 1e12, 100)}],
        "pace": [{"days": days_there_were(), "text": f"{days_there_were()} days"}],
    }


# Thirteen billion in four bits.


@checked
def four_bits() -> Table:
    """A 13B with 4-bit weights beside 7Bs in 16 bits, on the tests of one harness that were run both ways."""
    shown = kept()
    names = _both_ways()
    return Table(
        caption="Fewer weights, or fewer bits for each: one harness",
        columns=(
            Column("model", "model"),
            Column("precision", "weights in"),
            Column("gb", "weights", "GB", ".1f", "Parameters × bits; 4 bits with a scale for each block."),
            *(Column(_key(test), test, "%", ".1f") for test in names),
        ),
        rows=tuple(_kept_row(one, names) for one in shown),
        finding=_kept_finding(shown, names),
        series=_kept_series(shown, names),
        notes=(
            "TruthfulQA too was run both ways; on it the 13B scores less than the 7B, and it is left out.",
            "Whose 4-bit weights they were is not told; Hugging Face's post on quantisation compares them.",
        ),
    )


def _both_ways() -> list[str]:
    four = [one for one in kept() if one.precision == "INT4"]
    return [test for test in tests() if all(one.score(test) for one in four)]


def _key(test: str) -> str:
    return test.lower().replace("-", "_")


def _bits(one: Kept) -> str:
    return "4 bits" if one.precision == "INT4" else "16 bits"


def _kept_row(one: Kept, names: list[str]) -> Row:
    scores = {test: one.score(test) for test in names}
    cells = {
        _key(test): Cell(score.score_pct, f"{facts.source(score.source_id).title}.") if score else None
        for test, score in scores.items()
    }
    return {"model": one.model, "precision": _bits(one), "gb": one.n_bytes / GB, **cells}


def _kept_finding(shown: tuple[Kept, ...], names: list[str]) -> str:
    ours = {(one.model, one.precision): one for one in shown}
    small, large = ours["Llama 2 7B", "FP16"], ours[BASELINE, "INT4"]
    leads = [_points(large, test) - _points(small, test) for test in names]
    share = large.n_bytes / small.n_bytes
    return (
        f"{BASELINE} in 4 bits takes {share:.0%} of the bytes of Llama 2 7B in 16, and leads it by "
        f"{min(leads):.1f} to {max(leads):.1f} points."
    )


def _points(one: Kept, test: str) -> float:
    score = one.score(test)
    return score.score_pct if score else 0.0


def _kept_series(shown: tuple[Kept, ...], names: list[str]) -> dict[str, list[Record]]:
    return {
        "kept": [
            {
                "gb": round(one.n_bytes / GB, 2),
                "score": _points(one, test),
                "test": test,
                "family": family_of(one.model),
                "name": one.model,
                "label": test if one.n_bytes == shown[-1].n_bytes else "",
                "bits": _bits(one),
            }
            for one in shown
            for test in names
        ]
    }
