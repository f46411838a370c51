"""Chapter 02: what scaling laws expect of two models, and how much data size can be traded for.

`factors` sets two models side by side under one law, `laws` under every law, `ratios` shows what models
were trained on against what a law calls best, and `serving` asks which size is cheapest when it must be
served too. Losses are in nats a token. Our own runs are in `miniature`.
"""

from collections.abc import Sequence

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.facts import family_of
from smallmodels.scaling.formulas import training_flops
from smallmodels.scaling.records import (
    BASELINE,
    BUDGETS,
    CHALLENGER,
    LAWS,
    MOST_SERVED,
    Contender,
    Goal,
    Match,
    Trained,
    Way,
    budget_law,
    contender,
    contenders,
    equal_compute,
    in_billions,
    law_name,
    one_of_each_series,
    post_factor,
    trained,
)
from smallmodels.scaling.records import law as law_of
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.words import number, sentence

CURVE = tuple(10 ** (11 + step / 10) for step in range(31))  # tokens at which a curve is drawn
SERVED = (0, 0.1, 1, 10, 100, 1000)  # served tokens that every table of `serving` has, in trillions
NEVER = "no amount"
RATIOS_SHOWN = ("one of each series", EVERY_SIZE := "every size")
Record = dict[str, Value]
Row = dict[str, Value | Cell]


# Two models under one law.


@checked
def factors(
    law: str = "chinchilla",
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """Two models under one law: size, data, the loss the law expects, and the tokens that would even it out.

    Parameters `n` are in billions, tokens `d` in trillions; what is left out is that of Mistral 7B and of
    Llama 2 13B, exactly. The post's own figures stand beside ours. `ValueError` as from `contenders` and
    `records.law`.
    """
    match = Match(law_of(law), *contenders(n_challenger, d_challenger, n_baseline, d_baseline))
    name = law_name(law)
    return Table(
        caption=f"The post's factors, and what a law makes of them: {name}",
        columns=_FACTOR_COLUMNS,
        rows=(
            _post_row(BASELINE),
            _factor_row(match, match.baseline),
            _post_row(CHALLENGER),
            _factor_row(match, match.challenger),
        ),
        finding=f"{name}: {_expectation(match)}",
        series=_curve_series(match),
        notes=_factor_notes(match),
    )


_FACTOR_COLUMNS = (
    Column("model", "model"),
    Column("from", "figures from"),
    Column("params", "parameters", "billion", ",.3f"),
    Column("tokens", "training tokens", "trillion", ",.3f"),
    Column("ratio", "tokens per parameter", "", ",.1f", "Training tokens divided by parameters."),
    Column("loss", "predicted loss", "nats a token", ".3f", "What the law expects; lower is better."),
    Column(
        "match",
        "to match the other",
        "trillion tokens",
        ",.4g",
        "Training tokens at which this model would reach the other's predicted loss.",
    ),
    Column("architecture", "architecture"),
)


def _post_row(model: str) -> Row:
    source = "The post's second table."
    names = {"params": "parameters", "tokens": "tokens", "ratio": "ratio", "architecture": "architecture"}
    texts = {name: post_factor(id) for name, id in names.items()}
    printed = {
        name: Cell(row.challenger_text if model == CHALLENGER else row.baseline_text, source)
        for name, row in texts.items()
    }
    return {"model": model, "from": "the post", **printed}


def _factor_row(match: Match, one: Contender) -> Row:
    return {
        "model": one.name,
        "from": "computed",
        "params": Cell(one.n_params / 1e9, *_origin_of_size(one)),
        "tokens": Cell(one.n_tokens / 1e12, *_origin_of_tokens(one)),
        "ratio": one.ratio,
        "loss": match.loss(one),
        "match": trillions(match.tokens_for(one)),
        "architecture": _architecture(one),
    }


def _architecture(one: Contender) -> str | None:
    if one.name not in (CHALLENGER, BASELINE):
        return None
    shape = facts.model(one.name)
    sharing = f"{shape.n_kv_heads} KV heads for {shape.n_heads}"
    return f"{sharing}, window {shape.sliding_window:,}" if shape.sliding_window else sharing


def _origin_of_size(one: Contender) -> tuple[str, str]:
    if one.name not in (CHALLENGER, BASELINE):
        return "", "Your own setting."
    shape = facts.model(one.name)
    return f"{facts.source(shape.source_id).title}.", "Counted from the model's shape."


def _origin_of_tokens(one: Contender) -> tuple[str, str]:
    if one.name not in (CHALLENGER, BASELINE) or one.n_tokens != contender(one.name).n_tokens:
        return "", "Your own setting."
    release = facts.release(one.name)
    source = f"{facts.source(release.source_id).title}"
    if release.train_tokens is None:
        return "", f"The post's assumption: {release.note} ({source})."
    return f"{source}.", ""


def trillions(tokens: float | None) -> float | str:
    """Tokens in trillions, or in words where a figure would be absurd."""
    if tokens is None:
        return NEVER
    if tokens >= 9.999e15:
        return "over 9,999"
    # Nine digits: where two curves nearly meet, the last ones are the dust of a subtraction.
    return float(f"{tokens / 1e12:.9g}") if tokens >= 1e9 else "under 0.001"


def _shown(value: Value, format: str) -> str:
    """A figure of a sentence, written as one of a column."""
    return Column("", "", "", format).show(value)


def _shown_trillions(tokens: float | None) -> str:
    return _shown(trillions(tokens), ",.4g")


def _expectation(match: Match) -> str:
    """Who should win, by how much, and what data could do about it, as one sentence."""
    if match.ranked is None:
        return f"{match.challenger.name} and {match.baseline.name} should come out level."
    winner, loser = match.ranked
    gap = f"{abs(match.gap):.3f}" if abs(match.gap) >= 0.001 else "less than 0.001"
    lead = f"{winner.name} should win, by {gap} nats a token"
    needed = match.tokens_for(loser)
    if needed is None:
        return f"{lead}, and no amount of data would let {loser.name} match it."
    return f"{lead}; {loser.name} would need {_shown_trillions(needed)} trillion tokens to match it."


def _factor_notes(match: Match) -> tuple[str, ...]:
    if match.law.has_best:
        return ()
    counts = [in_billions(match.law.counted(one.n_params)) for one in (match.baseline, match.challenger)]
    return (f"This law counts parameters without embeddings: {counts[0]} and {counts[1]}.",)


def _curve_series(match: Match) -> dict[str, list[Record]]:
    """Both curves over `BUDGETS`, where the two models stand on them, and where the challenger catches up."""
    both = (match.challenger, match.baseline)
    # In the order of their losses at the right edge, where the names stand: the higher one above its curve.
    pair = sorted(both, key=lambda one: -match.law.loss(one.n_params, CURVE[-1]))
    return {
        "curves": [_point(match, one, tokens) for one in both for tokens in CURVE],
        "ends": [
            {**_point(match, one, CURVE[-1]), "side": side, "text": one.name}
            for one, side in zip(pair, ("above", "below"), strict=True)
        ],
        "models": [_point(match, one, one.n_tokens) for one in both],
        "crossing": _crossing(match),
    }


def _point(match: Match, one: Contender, n_tokens: float) -> Record:
    # Five digits are more than a screen can show, and keep a page's stored answers small.
    loss = round(match.law.loss(one.n_params, n_tokens), 5)
    return {"tokens": float(f"{n_tokens / 1e12:.5g}"), "loss": loss, "family": one.family}


def _crossing(match: Match) -> list[Record]:
    """The level line from the baseline to the challenger's curve; to the edge if they do not meet here."""
    needed = match.needed
    if needed is not None and needed / 1e12 < BUDGETS[0]:
        return []
    start = _point(match, match.baseline, match.baseline.n_tokens)
    if needed is None or needed / 1e12 > BUDGETS[1]:
        return [{**start, "to": BUDGETS[1], "text": _far(needed), "meets": False, "place": "over"}]
    return [{**start, **_amount(needed), "meets": True}]


def _amount(tokens: float) -> Record:
    """Where an amount of data stands on a chart's axis, its label, and the side with room for the label."""
    to = float(f"{tokens / 1e12:.5g}")
    return {"to": to, "text": f"{to:.3g} trillion", "place": "left" if to > 10 else "right"}


def _far(tokens: float | None) -> str:
    return "no amount of data" if tokens is None else "more than this chart shows"


# Two models under every law.


@checked
def laws(
    n_challenger: float | None = None,
    d_challenger: float | None = None,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """Two models under every law: both losses, who should win, what a match takes, what data would be best.

    Arguments and `ValueError` as in `factors`. Kaplan's losses cannot be compared with
    the others': that law was fitted to other text and other tokens.
    """
    pair = contenders(n_challenger, d_challenger, n_baseline, d_baseline)
    matches = {id: Match(law_of(id), *pair) for id in LAWS}
    return Table(
        caption=f"{pair[0].name} and {pair[1].name}, law by law",
        columns=_law_columns(*pair),
        rows=tuple(_law_row(id, match) for id, match in matches.items()),
        finding=_laws_finding([*matches.values()], *pair),
        series=_law_series(matches),
        notes=("Kaplan's losses cannot be compared with the others': other text, other tokens.",),
    )


def _law_columns(challenger: Contender, baseline: Contender) -> tuple[Column, ...]:
    best = "Tokens at which this size is the best use of its training compute, C = 6ND."
    return (
        Column("law", "law"),
        Column("challenger", f"loss of {challenger.name}", "nats a token", ".3f"),
        Column("baseline", f"loss of {baseline.name}", "nats a token", ".3f"),
        Column("gap", "gap", "nats a token", "+.3f", "Challenger minus baseline: below zero it wins."),
        Column("winner", "should win"),
        Column("match", "challenger needs", "trillion tokens", ",.4g", "To reach the baseline's loss."),
        Column(
            "equal",
            "gap at equal compute",
            "nats a token",
            "+.3f",
            "Were the challenger trained with the baseline's compute, 6 × parameters × tokens.",
        ),
        Column("best_challenger", f"best for {challenger.name}", "billion tokens", ",.0f", best),
        Column("best_baseline", f"best for {baseline.name}", "billion tokens", ",.0f", best),
    )


def _law_row(id: str, match: Match) -> Row:
    return {
        "law": Cell(law_name(id), _source_of_law(id)),
        "challenger": Cell(match.loss(match.challenger), note=_beside(match)),
        "baseline": Cell(match.loss(match.baseline), note=_beside(match)),
        "gap": round(match.gap, 9),
        "winner": match.winner,
        "match": trillions(match.needed),
        "equal": _equal(id, match),
        "best_challenger": _best(match, match.challenger),
        "best_baseline": _best(match, match.baseline),
    }


def _equal(id: str, match: Match) -> Cell:
    equal = equal_compute(id, match.challenger, match.baseline)
    return Cell(round(equal.gap, 9), note=f"On {_in_trillions(equal.challenger.n_tokens)}.")


def _beside(match: Match) -> str:
    """What is said of a loss that stands in one column with other laws' but is none of their kind."""
    if match.law.has_best:
        return ""
    return "Of other text and other tokens: not to be set beside the other laws' losses."


def _best(match: Match, one: Contender) -> Cell:
    tokens = match.law.best_tokens(one.n_params)
    if tokens is None:
        return Cell(None, note="Kaplan's joint law does not speak of a budget of compute.")
    return Cell(tokens / 1e9, note=f"{tokens / one.n_params:,.1f} tokens per parameter.")


def _source_of_law(id: str) -> str:
    found = next(one for one in facts.laws() if one.id == id)
    named = (facts.source(found.source_id).title, found.locator)
    return f"{', '.join(part for part in named if part)}."


def _of_the_laws(n: int) -> str:
    return (
        f"all {number(len(LAWS))}"
        if n == len(LAWS)
        else f"{number(n) if n else 'none'} of the {number(len(LAWS))}"
    )


def _laws_finding(matches: Sequence[Match], challenger: Contender, baseline: Contender) -> str:
    wins = sum(match.winner == challenger.name for match in matches)
    needed = [match.needed for match in matches]
    amounts = sorted(tokens for tokens in needed if tokens is not None)
    won = f"{challenger.name} should win under {_of_the_laws(wins)} versions"
    won = won[:1].upper() + won[1:]
    if not amounts:
        return f"{won}; under each of them no amount of data would let it match {baseline.name}."
    amount = " to ".join(dict.fromkeys(_shown_trillions(tokens) for tokens in (amounts[0], amounts[-1])))
    never = needed.count(None)
    but = f", and under {_of_the_laws(never)} no amount is enough" if never else ""
    return f"{won}; to match {baseline.name} it needs {amount} trillion tokens{but}."


def _law_series(matches: dict[str, Match]) -> dict[str, list[Record]]:
    """What the challenger had and what it needs, law by law; needs that the chart cannot hold as words."""
    series: dict[str, list[Record]] = {"laws": [], "needed": [], "never": []}
    series["equal"] = _equal_rule(next(iter(matches.values())))
    for id, match in matches.items():
        row, needed = law_name(id), match.needed
        series["laws"].append({"row": row, "had": match.challenger.n_tokens / 1e12})
        if needed is None or needed / 1e12 > BUDGETS[1]:
            series["never"].append({"row": row, "text": _far(needed), "side": "right"})
        elif needed / 1e12 < BUDGETS[0]:
            series["never"].append({"row": row, "text": "◂ less than this chart shows", "side": "left"})
        else:
            series["needed"].append({"row": row, **_amount(needed), "family": match.challenger.family})
    return series


def _equal_rule(match: Match) -> list[Record]:
    """The tokens of equal compute, the same for every law; nothing where they are off the chart."""
    tokens = match.baseline.training / training_flops(match.challenger.n_params, 1) / 1e12
    inside = BUDGETS[0] <= tokens <= BUDGETS[1]
    return [{"to": float(f"{tokens:.5g}"), "text": f"equal compute: {tokens:.3g}"}] if inside else []


# Published models against the best of a law.


@checked
def ratios(law: str = "besiroglu", until: int = 2023, show: str = EVERY_SIZE) -> Table:
    """Tokens per parameter of published models, against what a law calls best for their size, oldest first.

    Base models up to the year `until` (2021 to 2025) whose training tokens their makers published; Mistral 7B
    is listed without a figure. Figures we know from memory only are marked. `law` is one of Chinchilla's
    form, `show` one of `RATIOS_SHOWN`: of each series the size nearest to Llama 2 13B, or every size. Raises
    `ValueError` for any other.
    """
    chosen, name = budget_law(law), law_name(law)
    if not 2021 <= until <= 2025:
        raise ValueError(f"The last year is {until}; choose one from 2021 to 2025.")
    if show not in RATIOS_SHOWN:
        raise ValueError(
            f"There is nothing called {show!r} to show; choose one of {', '.join(RATIOS_SHOWN)}."
        )
    every = trained(chosen, until)
    shown = every if show == EVERY_SIZE else one_of_each_series(every)
    return Table(
        caption=f"Tokens per parameter, and what is best by {name}",
        columns=_RATIO_COLUMNS,
        rows=tuple(map(_ratio_row, shown)),
        finding=_ratio_finding(name, shown),
        series=_ratio_series(shown),
        notes=_ratio_notes(shown),
    )


_RATIO_COLUMNS = (
    Column("model", "model"),
    Column("date", "published"),
    Column("params", "parameters", "billion", ",.2f"),
    Column("tokens", "training tokens", "trillion", ",.3g"),
    Column("ratio", "tokens per parameter", "", ",.1f"),
    Column("best", "best by the law", "", ",.1f", "The best use of training compute, for this size."),
    Column("times", "times the best", "", ",.2f", "Below one: undertrained. Above: trained past the best."),
    Column("verified", "verified", "", "", "Whether we read the row's figures in a source of theirs."),
)


def _ratio_row(one: Trained) -> Row:
    release, tokens = one.release, one.release.train_tokens
    source, doubt = f"{facts.source(release.source_id).title}.", _doubt(one)
    return {
        "model": release.model,
        "date": release.release_date,
        "params": one.n_params / 1e9,
        "tokens": Cell(tokens / 1e12 if tokens else None, source, doubt),
        "ratio": one.ratio,
        "best": one.best,
        "times": one.times,
        "verified": Cell(release.verified, note=doubt if release.verified != "yes" else ""),
    }


def _doubt(one: Trained) -> str:
    bound, note = one.release.train_tokens_bound, one.release.note
    told = (f"{bound.capitalize()} so many." if bound else "", sentence(note) if note else "")
    return " ".join(filter(None, told))


def _ratio_finding(name: str, shown: Sequence[Trained]) -> str:
    times = {one.release.model: one.times for one in shown if one.times is not None}
    below = sum(value < 1 for value in times.values())
    counted = (
        f"{name}: {below} of {len(times)} models were trained on fewer tokens than is best for their size"
    )
    if BASELINE not in times:
        return f"{counted}."
    return f"{counted}; {BASELINE} got {times[BASELINE]:.1f} times what is best for its own."


def _ratio_notes(shown: Sequence[Trained]) -> tuple[str, ...]:
    partly = sum(one.release.verified == "partly" for one in shown)
    recalled = [one.release.model for one in shown if one.release.verified == "no"]
    in_part = f"Rows verified only in part: {partly}; their last column says on hover and focus what is not."
    alone = f"Given from memory alone, so not to be relied on: {', '.join(recalled)}."
    return (in_part, alone) if recalled else (in_part,)


def _ratio_series(shown: Sequence[Trained]) -> dict[str, list[Record]]:
    series: dict[str, list[Record]] = {"best": [], "trained": [], "untold": []}
    for one in shown:
        model, best = one.release.model, float(f"{one.best:.4g}")
        row: Record = {"row": f"{model}  {one.release.release_date[:4]}"}
        series["best"].append({**row, "best": best})
        if one.ratio is None:
            series["untold"].append({**row, "best": best, "text": "never published"})
        else:
            ratio = float(f"{one.ratio:.4g}")
            series["trained"].append({**row, "ratio": ratio, "family": family_of(model)})
    return series


# The cheapest size, if it must be served too.


@checked
def serving(
    law: str = "besiroglu",
    served: float = 100,
    n_baseline: float | None = None,
    d_baseline: float | None = None,
) -> Table:
    """The cheapest way to a baseline's loss when tokens must be served too, over served tokens in trillions.

    The baseline is as in `factors`; what compute means is in `formulas.cheapest`. `ValueError` as from
    `contenders` and `budget_law`, and for served tokens outside 0 to `MOST_SERVED`.
    """
    chosen = budget_law(law)
    if not 0 <= served <= MOST_SERVED:
        raise ValueError(f"{served:g} trillion tokens are served; choose from 0 to {MOST_SERVED:,} trillion.")
    challenger, baseline = contenders(n_baseline=n_baseline, d_baseline=d_baseline)
    goal = Goal(chosen, baseline)
    amounts = sorted({float(amount) for amount in (*SERVED, served)})
    return Table(
        caption=f"The cheapest way to the loss of {_described(baseline)}, by {law_name(law)}",
        columns=_SERVING_COLUMNS,
        rows=tuple(_serving_row(goal, amount, amount == served) for amount in amounts),
        finding=_serving_finding(goal, served),
        series=_serving_series(goal, challenger, served * 1e12),
        notes=(_size_note(goal, challenger.n_params),),
    )


_ZETTA = 1e21
_SERVING_COLUMNS = (
    Column("served", "tokens served", "trillion", ",.6g"),
    Column("chosen", "which row"),
    Column("size", "cheapest size", "billion", ",.3g"),
    Column("tokens", "trained on", "trillion", ",.3g"),
    Column("ratio", "tokens per parameter", "", ",.0f"),
    Column("training", "training", "10²¹ FLOP", ",.0f", "6 × parameters × training tokens."),
    Column("serving", "serving", "10²¹ FLOP", ",.0f", "2 × parameters × served tokens."),
    Column("total", "both", "10²¹ FLOP", ",.0f"),
    Column("saving_pct", "less than the baseline", "%", ".0f", "What training and serving it would take."),
)


def _described(one: Contender) -> str:
    return f"{one.name} on {one.n_tokens / 1e12:.3g} trillion tokens"


def _percent(saved: float) -> float | str:
    """A share saved, in percent; what only rounds to everything is not everything."""
    return "over 99" if saved >= 99.5 else saved


def _serving_row(goal: Goal, amount: float, chosen: bool) -> Row:
    way = goal.cheapest(amount * 1e12)
    return {
        "served": amount,
        "chosen": "your choice" if chosen else "",
        "size": way.n_params / 1e9,
        "tokens": way.n_tokens / 1e12,
        "ratio": way.n_tokens / way.n_params,
        "training": way.training / _ZETTA,
        "serving": way.serving / _ZETTA,
        "total": Cell(way.total / _ZETTA, f"{facts.source('sardana-paper').title}."),
        "saving_pct": _percent(goal.saved_pct(amount * 1e12)),
    }


def _serving_finding(goal: Goal, served: float) -> str:
    way = goal.cheapest(served * 1e12)
    what = f"to serve {_shown(served, ',.6g')} trillion tokens" if served else "to train alone"
    saved = _shown(_percent(goal.saved_pct(served * 1e12)), ".0f")
    return (
        f"Cheapest {what} is a model of {_three(way.n_params / 1e9)} billion parameters trained on "
        f"{_in_trillions(way.n_tokens)}: {saved}% less compute than {_described(goal.baseline)}."
    )


def _three(value: float) -> str:
    return _shown(value, ",.3g")


def _in_trillions(tokens: float) -> str:
    return f"{_three(tokens / 1e12)} trillion tokens"


def _size_note(goal: Goal, n_params: float) -> str:
    """From how many served tokens on Mistral's size is cheaper than the baseline, and when the cheapest."""
    most, even, size = goal.served_for(n_params), goal.repaid(n_params), in_billions(n_params)
    if most is None:
        return f"No amount of data brings {size} parameters to this loss."
    if most <= 0:
        return f"{size} parameters are more than is cheapest for this loss even with nothing to serve."
    best = f"{size} parameters are the cheapest size at {_in_trillions(most)} served"
    if even is None:
        return f"{best}."
    when = f"from {_in_trillions(even)} on" if even > 0 else "whatever is served"
    return f"{best}, and cheaper than {goal.baseline.name} {when}."


# Sizes at which the chart is drawn, in 48ths of a decade from the best: finer where the curve is steep.
_SERVING_STEPS = sorted({*range(-48, 73, 4), *range(-16, 0)})


def _serving_series(goal: Goal, challenger: Contender, n_served: float) -> dict[str, list[Record]]:
    """Compute against size at the baseline's loss, the least of it, and the two models where they stand."""
    best = goal.cheapest(n_served)
    least, size = best.total, best.n_params / 1e9
    ways = [goal.of_size(best.n_params * 10 ** (step / 48), n_served) for step in _SERVING_STEPS]
    return {
        "costs": [cost for way in ways if way and way.total < 10 * least for cost in _costs(way, least / 30)],
        "least": [{"size": size, "flops": least / _ZETTA, "text": f"cheapest: {_three(size)} billion"}],
        "models": _model_marks(goal, challenger, n_served, 10 * least),
    }


def _costs(way: Way, least: float) -> list[Record]:
    parts = {"training": way.training, "serving": way.serving, "both": way.total}
    size = float(f"{way.n_params / 1e9:.5g}")
    return [
        {"size": size, "flops": float(f"{flops / _ZETTA:.5g}"), "part": part}
        for part, flops in parts.items()
        if flops > least
    ]


def _model_marks(goal: Goal, challenger: Contender, n_served: float, most: float) -> list[Record]:
    shown = {one.n_params: one for one in (challenger, goal.baseline)}
    ways = {one.name: (one, goal.of_size(n, n_served)) for n, one in shown.items()}
    return [
        {"size": way.n_params / 1e9, "flops": way.total / _ZETTA, "family": one.family, "name": name}
        for name, (one, way) in ways.items()
        if way and way.total < most
    ]
