"""Chapter 06: what a million tokens cost at an API and on a rented card, and what a 7B can replace.

`api` is the post's fifth table with quoted prices beside it, `self_hosted` prices a rented card by its
roofline (`speed`), and `use_cases` is the post's fourth table with scores and thresholds.
"""

from collections.abc import Sequence
from math import floor, log10

from smallmodels import facts, memory, speed, words
from smallmodels.arguments import checked
from smallmodels.benchmarks import POST
from smallmodels.cost.formulas import LABELS
from smallmodels.cost.records import (
    ALL,
    BASELINE,
    CHALLENGER,
    POST_CUTS,
    Case,
    Cuts,
    Hour,
    Line,
    Offer,
    Rent,
    billions,
    cases,
    lines,
    offers,
    offers_of,
    score_reports,
    sellers,
    snapshots,
)
from smallmodels.facts import Score, family_of
from smallmodels.memory import GB, POST_MODELS
from smallmodels.table import Cell, Choice, Column, Table, Value

Row = dict[str, Value | Cell]
Records = list[dict[str, Value]]
CARD = "RTX 4090"  # the card of the post's fifth table
USUAL_CONTEXT = 4096  # tokens of the one sequence that has to fit beside the weights
NO_BENCHMARK, NO_SCORE = "no benchmark behind this", "not in this report"


@checked
def api(
    snapshot: str = POST, provider: str = ALL, tokens_per_month: float = 1e8, input_share: float = 0.5
) -> Table:
    """The post's fifth table with a monthly bill, at the post's prices or at quoted ones.

    `snapshot` is an id of `snapshots()` and `provider` one of `providers()`; `tokens_per_month` is 1 to
    10^15, of which `input_share`, 0 to 1, are read and the rest written. Savings are against Llama 2 13B at
    the same provider. Raises `ValueError` for anything else.
    """
    if not 1 <= tokens_per_month <= 1e15:
        raise ValueError(f"{tokens_per_month} tokens a month cannot be billed; choose from 1 to 10^15.")
    if not 0 <= input_share <= 1:
        raise ValueError(f"The share of tokens read is {input_share}; it must lie between 0 and 1.")
    found = lines(offers(snapshot, provider), tokens_per_month, input_share)
    where = next(name for name, id in snapshots() if id == snapshot)
    return Table(
        caption=f"{tokens_per_month:,.0f} tokens a month, {input_share:.0%} of them read; prices of {where}",
        columns=_columns(found),
        rows=tuple(_row(line) for line in found),
        finding=_finding(found, where, provider),
        series={"bills": [_bar(line) for line in found]},
        notes=(*_post_notes(snapshot, provider), *_notes(found)),
        choices=_price_choices(snapshot, provider),
    )


def _price_choices(snapshot: str, provider: str) -> dict[str, Choice]:
    """Which providers quoted a price then, and when one did; the post names no provider."""
    quoted = {(id, one) for _, id in snapshots() for one in sellers(id)}
    dates = [id for _, id in snapshots() if provider == ALL or (id, provider) in quoted]
    names = [ALL, *(name for id, name in sorted(quoted) if id == snapshot)]
    why = "the post names no provider" if snapshot == POST else "no price of theirs from then"
    return {
        "provider": Choice(tuple(names), why),
        "snapshot": Choice(tuple(dates), f"no price of {provider} from then"),
    }


def _columns(found: Sequence[Line]) -> tuple[Column, ...]:
    currency = " or ".join(sorted({line.offer.currency for line in found})) or "USD"
    post = "As the post's fifth table prints it."
    fits = f"Weights and one sequence of {USUAL_CONTEXT:,} tokens, set against the card's memory."
    return (
        Column("offer", "model"),
        Column("memory_post", "GPU memory, the post", meaning=post),
        Column("memory_gb", "weights in FP16", "GB", ",.2f", "GB is 10^9 bytes."),
        Column("card_post", f"runs on an {CARD}? the post", meaning=post),
        Column("card_fp16", "in FP16", meaning=fits),
        Column("card_int4", "in 4 bits", meaning=fits),
        Column("price_post", "price, the post", meaning=post),
        Column("input", "a million read", currency, "g"),
        Column("output", "a million written", currency, "g"),
        Column("bill", "a month", currency, ",.2f"),
        Column("saving", "saved", "%", ",.1f", f"Against {BASELINE} at the same provider."),
    )


def _row(line: Line) -> Row:
    offer, card = line.offer, facts.gpu(CARD)
    shape = facts.model(offer.model)
    fp16, int4 = (memory.Load(shape, precision, 1, USUAL_CONTEXT) for precision in ("FP16", "INT4"))
    post = next((cost for cost in facts.post_costs() if cost.model == offer.model), None)
    texts = (post.memory_text, post.rtx_4090_text, post.price_text) if post else ()
    printed = [Cell(text, "The post, fifth table.") for text in texts] or [Cell(None)] * 3
    return {
        "offer": offer.name,
        "memory_post": printed[0],
        "memory_gb": Cell(fp16.weight_bytes / GB, memory.shape_source(shape)),
        "card_post": printed[1],
        "card_fp16": fp16.fits(card),
        "card_int4": int4.fits(card),
        "price_post": printed[2],
        "input": Cell(offer.input_price, offer.source),
        "output": Cell(offer.output_price, offer.source),
        "bill": line.bill,
        "saving": line.saving,
    }


def _bar(line: Line) -> dict[str, Value]:
    return {
        "row": line.offer.name,
        "value": line.bill,
        "family": family_of(line.offer.model),
        "text": f"{line.bill:,.2f} {line.offer.currency}",
    }


def _finding(found: Sequence[Line], where: str, provider: str) -> str:
    saved = [line for line in found if line.offer.model == CHALLENGER and line.saving is not None]
    if saved:
        each = words.listed(f"{line.saving:.1f}%{_at(line.offer)}" for line in saved)
        when = f" in {where}" if saved[0].offer.provider else ""
        return f"Instead of {BASELINE}, {CHALLENGER} saves {each}{when}."
    if found:
        return f"No saving to show: in {where}, nobody shown here quoted both {CHALLENGER} and {BASELINE}."
    return f"{provider} has no price in the snapshot of {where}."


def _at(offer: Offer) -> str:
    if not offer.provider:
        return " at the post's prices"
    return f" at {offer.provider}" + (f" {offer.sold_as}" if offer.sold_as else "")


def _post_notes(snapshot: str, provider: str) -> tuple[str, ...]:
    if snapshot != POST or provider == ALL:
        return ()
    return (f"The post names no provider; these are its prices, not those of {provider}.",)


def _notes(found: Sequence[Line]) -> tuple[str, ...]:
    sized = sorted({line.offer.provider for line in found if line.offer.sold_as})
    if not sized:
        return ()
    exact = f"{billions(CHALLENGER):.2f} billion parameters"
    return (
        f"{words.listed(sized)} sells by size and does not name {CHALLENGER}: called a 7B, it "
        f"has {exact}, over that class's limit; both readings are shown.",
    )


@checked
def self_hosted(
    gpu: str = speed.POST_GPU,
    hourly_price: float = 2.0,
    utilisation: float = 0.5,
    efficiency: float = 0.7,
    precision: str = "FP16",
    batch: int = 32,
    context: int = 1024,
    api: str = POST,
) -> Table:
    """What a million written tokens cost on a rented card, and from which volume on that beats an API.

    `efficiency` is the share of the roofline's ceiling that is reached, `utilisation` the share of the paid
    hours in which the card works; prompts are left out on both sides. `hourly_price` is in the API's own
    currency. Raises `ValueError` for names that are not in `data/`, a price outside 0.01 to 1,000, a share
    outside 0.01 to 1, and loads outside `memory.cache_bytes`'s.
    """
    _check_rent(hourly_price, utilisation, efficiency)
    prices, card = offers_of(api), facts.gpu(gpu)
    steps = [speed.step(name, precision, batch, context) for name in POST_MODELS]
    terms = (card, hourly_price, utilisation, efficiency)
    rents = [Rent(step, *terms, offer=prices.get(step.shape.name)) for step in steps]
    currency = next(iter(prices.values())).currency
    return Table(
        caption=f"{card.name} at {hourly_price:g} {currency} an hour, at work {utilisation:.0%} of the time: "
        + steps[0].condition,
        columns=_rent_columns(currency, efficiency, _cents(rents)),
        rows=tuple(_rent_row(rent) for rent in rents),
        finding=_rent_finding(rents, currency),
        series=_rent_series(rents, currency),
        notes=(
            *_currency_notes(currency),
            *memory.card_notes(steps, card),
            *memory.length_notes(steps),
        ),
    )


def _currency_notes(currency: str) -> tuple[str, ...]:
    if currency == facts.post_costs()[0].currency:
        return ()
    return (f"This API is priced in {currency}, so the hour of the card is taken in {currency} too.",)


def _check_rent(hourly_price: float, utilisation: float, efficiency: float) -> None:
    if not 0.01 <= hourly_price <= 1000:
        raise ValueError(f"A card at {hourly_price} an hour is not shown; choose a price from 0.01 to 1,000.")
    for name, share in (("utilisation", utilisation), ("efficiency", efficiency)):
        if not 0.01 <= share <= 1:
            raise ValueError(f"The {name} is {share}; it is a share and must lie between 0.01 and 1.")


def _cents(rents: Sequence[Rent]) -> str:
    """The format of prices: two decimals, or as many as show two digits of the lowest."""
    lowest = min((rent.per_million for rent in rents if rent.fits), default=1.0)
    return f",.{max(2, 1 - floor(log10(lowest)))}f"


def _rent_columns(currency: str, efficiency: float, cents: str) -> tuple[Column, ...]:
    return (
        Column("model", "model"),
        Column("fits", "fits"),
        Column("ceiling", "ceiling", "tokens/s", ",.0f", "What the roofline allows all sequences together."),
        Column("reached", "reached", "tokens/s", ",.0f", f"{efficiency:.0%} of the ceiling: an assumption."),
        Column("rented", "a million written, rented", currency, cents),
        Column("api", "at the API", currency, "g", "The price of a million written tokens."),
        Column(
            "even", "break-even", "million tokens a month", ",.0f", "The rent divided by the API's price."
        ),
        Column("most", "the card's most", "million tokens a month", ",.0f", "At work all the time."),
        Column("verdict", "verdict"),
    )


def _rent_row(rent: Rent) -> Row:
    fit = memory.fit(rent.step.total_bytes, rent.card)
    row: Row = {"model": rent.step.shape.name, "verdict": rent.verdict, "fits": fit}
    if rent.offer:
        row["api"] = Cell(rent.offer.output_price, rent.offer.source)
    if rent.fits:
        row["even"] = rent.even
        row["ceiling"] = rent.step.tokens_per_second(rent.card)
        row["reached"] = rent.tokens_per_second
        row["rented"] = rent.per_million
        row["most"] = rent.most
    return row


def _rent_finding(rents: Sequence[Rent], currency: str) -> str:
    cents = _cents(rents)
    parts = [
        f"{rent.step.shape.name} {rent.per_million:{cents}}{_against(rent.offer)}"
        for rent in rents
        if rent.fits
    ]
    if not parts:
        return f"None of the three fits the {rents[0].card.name} with this batch and context."
    return f"A million written tokens, rented, in {currency}: {', '.join(parts)}."


def _against(offer: Offer | None) -> str:
    return f" (API: {_price(offer)})" if offer else ""


def _price(offer: Offer) -> str:
    return f"{offer.output_price:g}" if offer.output_price else "free"


def _rent_series(rents: Sequence[Rent], currency: str) -> dict[str, Records]:
    ticks: Records = [
        {"row": rent.step.shape.name, "value": rent.offer.output_price} for rent in rents if rent.offer
    ]
    return {"rented": [_rent_bar(rent, currency, _cents(rents)) for rent in rents], "api": ticks}


def _rent_bar(rent: Rent, currency: str, cents: str) -> dict[str, Value]:
    model, cost = rent.step.shape.name, rent.per_million if rent.fits else 0.0
    at_api = f", API {_price(rent.offer)}" if rent.offer else ""
    text = f"{cost:{cents}} {currency}{at_api}" if rent.fits else "does not fit"
    return {"row": model, "value": cost, "family": family_of(model), "text": text}


@checked
def rentals() -> Table:
    """What renting a card has been quoted at, by the hour and card, in the order of `data/`."""
    hours = [Hour(rental) for rental in facts.rentals()]
    quoted = [hour for hour in hours if hour.rental.gpu == speed.POST_GPU]
    least = min(quoted, key=lambda hour: (hour.low, hour.year))
    most = max(quoted, key=lambda hour: (hour.high, hour.year))
    return Table(
        caption="Quoted rents of one card",
        columns=(
            Column("provider", "provider"),
            Column("gpu", "card"),
            Column("low", "an hour, from", "USD", ",.2f", "Of one card, where several are let together."),
            Column("high", "to", "USD", ",.2f"),
            Column("date", "quoted in"),
            Column("verified", "read in its source", meaning="No: recalled, and to be checked before use."),
        ),
        rows=tuple(_rental_row(hour) for hour in hours),
        finding=f"An hour of one {speed.POST_GPU} is quoted at {least.low:,.2f} ({least.year}) to "
        f"{most.high:,.2f} USD ({most.year}).",
    )


def _rental_row(hour: Hour) -> Row:
    rental = hour.rental
    source = f"{facts.source(rental.source_id).title}. {words.sentence(rental.note)}"
    return {
        "provider": Cell(rental.provider, source),
        "gpu": rental.gpu,
        "low": hour.low,
        "high": hour.high,
        "date": rental.date,
        "verified": rental.verified,
    }


@checked
def use_cases(
    source: str = POST,
    chat: str = "MMLU",
    moderate: float = POST_CUTS[0],
    good: float = POST_CUTS[1],
    plus: float = POST_CUTS[2],
) -> Table:
    """The post's fourth table, each label worked out from a score and the reader's thresholds in percent.

    `chat` is the benchmark a chatbot is judged by. The defaults give the post's labels. Raises `ValueError`
    for a report or benchmark that cannot be chosen and a threshold outside 0 to 100.
    """
    found, cuts = cases(source, chat), (moderate, good, plus)
    for threshold in cuts:
        if not 0 <= threshold <= 100:
            raise ValueError(f"A threshold of {threshold} is no score; it must lie between 0 and 100.")
    return Table(
        caption=f"Can {CHALLENGER} stand in for {BASELINE}? Labels from scores in "
        + next(name for name, id in score_reports() if id == source),
        columns=_case_columns(),
        rows=tuple(_case_row(case, cuts) for case in found),
        finding=_case_finding(found, cuts),
        series=_case_series(found, cuts),
        notes=_cut_notes(cuts),
    )


def _case_columns() -> tuple[Column, ...]:
    post = "As the post's fourth table prints it."
    return (
        Column("use_case", "use case"),
        Column("benchmark", "judged by"),
        Column("baseline_post", f"{BASELINE}, the post", meaning=post),
        Column("baseline", "its score", "%", ".1f"),
        Column("baseline_label", "so it is"),
        Column("challenger_post", f"{CHALLENGER}, the post", meaning=post),
        Column("challenger", "its score", "%", ".1f"),
        Column("challenger_label", "so it is"),
        Column("replaces_post", "stands in? the post", meaning=post),
        Column("replaces", "stands in?"),
        Column(
            "comparable",
            "the two scores",
            meaning="Were they measured alike, and is the gap beyond noise?",
            kind="verdict",
        ),
    )


def _case_row(case: Case, cuts: Cuts) -> Row:
    row: Row = {
        "use_case": case.post.use_case,
        "benchmark": facts.benchmark(case.benchmark).title if case.benchmark else NO_BENCHMARK,
        "baseline_post": case.post.baseline_text,
        "challenger_post": case.post.challenger_text,
        "replaces_post": case.post.replaces_text,
        "replaces": _replacement(case, cuts),
    }
    found = case.labels(cuts)
    if case.pair is None or found is None:
        return row
    verdict, reason = case.pair.verdict()
    return {
        **row,
        "baseline": Cell(case.pair.theirs.score_pct, _score_source(case.pair.theirs)),
        "baseline_label": found[0],
        "challenger": Cell(case.pair.ours.score_pct, _score_source(case.pair.ours)),
        "challenger_label": found[1],
        "comparable": Cell(verdict, note=reason),
    }


def _score_source(score: Score) -> str:
    where = "The post" if score.source_id == POST else facts.source(score.source_id).title
    return f"{where}, {score.locator}." if score.locator else f"{where}."


def _case_finding(found: Sequence[Case], cuts: Cuts) -> str:
    scored = [case for case in found if case.pair]
    agreeing = sum(case.as_post(cuts) for case in scored)
    bare = words.listed(case.post.use_case for case in found if case.benchmark is None)
    if not scored:
        return f"This report has no score for any use case; {bare} have no benchmark behind them."
    given = f"Scores and thresholds give the post's labels in {agreeing} of {len(scored)} use cases"
    return f"{given}; {bare} have no benchmark behind them."


def _cut_notes(cuts: Cuts) -> tuple[str, ...]:
    moderate, good, plus = cuts
    notes = []
    if moderate >= good:
        notes.append("With Good beginning no higher than Moderate, no score is Moderate.")
    if good >= plus:
        notes.append("With Good+ beginning no higher than Good, every good score is Good+.")
    return tuple(notes)


def _case_series(found: Sequence[Case], cuts: Cuts) -> dict[str, Records]:
    dots: Records = []
    ticks: Records = []
    for case in found:
        scores = (("challenger", case.pair.ours), ("baseline", case.pair.theirs)) if case.pair else ()
        dots += [
            {"row": case.post.use_case, "score": s.score_pct, "family": family_of(s.model), "role": role}
            for role, s in scores
        ]
        ticks += [{"row": case.post.use_case, "score": cut} for cut in cuts if scores]
    begin = zip(LABELS[1:], cuts, ("over", "under", "over"), strict=True)
    return {
        "names": _signs(),
        "rows": [{"row": case.post.use_case, "text": _replacement(case, cuts)} for case in found],
        "dots": dots,
        "ticks": ticks,
        "cuts": [{"row": " ", "score": cut, "text": name, "side": side} for name, cut, side in begin],
    }


def _replacement(case: Case, cuts: Cuts) -> str:
    """Whether the challenger stands in, in the post's words, or why that cannot be told."""
    return case.replaces(cuts) or (NO_SCORE if case.benchmark else NO_BENCHMARK)


def _signs() -> Records:
    """The two models with their signs, for the chart's first row."""
    signs = ((CHALLENGER, "challenger", "\u25cf"), (BASELINE, "baseline", "\u25c6"))
    return [
        {"row": "", "role": role, "text": f"{s} {model}", "family": family_of(model)}
        for model, role, s in signs
    ]
