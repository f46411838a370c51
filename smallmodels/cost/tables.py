"""The cost chapter: what a million tokens cost at an API and on a rented card, and what a 7B can replace.

`api` is the post's fifth table with quoted prices beside it, `self_hosted` prices a rented card by its
roofline (`speed`), and `use_cases` is the post's fourth table with scores and thresholds. Prices are those of
`data/`, in the currency they were quoted in; nothing is converted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smallmodels import benchmarks, facts, memory, speed
from smallmodels.benchmarks import POST
from smallmodels.facts import Gpu, PostCost, PostUseCase, Price, Rental, Score, family_of
from smallmodels.memory import GB, POST_MODELS
from smallmodels.table import Cell, Column, Table, Value

BASELINE, CHALLENGER = "Llama 2 13B", "Mistral 7B"
ALL = "all"
CARD = "RTX 4090"  # the card of the post's fifth table
USUAL_CONTEXT = 4096  # tokens of the one sequence that has to fit beside the weights
HOURS = 365.25 * 24 / 12  # of a month
MILLION = 1e6
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A price of a million tokens read and written. `sold_as` says how a model fell into a size class."""

    model: str
    provider: str
    input_price: float
    output_price: float
    currency: str
    source: str
    sold_as: str = ""

    def bill(self, tokens: float, input_share: float) -> float:
        """The price of so many tokens, of which `input_share` are read and the rest written."""
        return tokens * (input_share * self.input_price + (1 - input_share) * self.output_price) / MILLION


def saving_pct(price: float, baseline: float) -> float | None:
    """What paying `price` instead of `baseline` saves, in percent of the baseline; None if that is free.

    >>> round(saving_pct(0.4, 0.6), 1)
    33.3
    """
    return 100 * (1 - price / baseline) if baseline else None


def snapshots() -> list[tuple[str, str]]:
    """The dates prices are known for, as (what to call it, id), the post first."""
    dates = sorted({price.date[:7] for price in _priced()})
    return [("the post, " + _month(facts.source(POST).date), POST), *((_month(date), date) for date in dates)]


def providers() -> list[tuple[str, str]]:
    """Whose prices can be shown, as (what to call it, id)."""
    return [("every provider", ALL), *((name, name) for name in sorted({p.provider for p in _priced()}))]


def _priced() -> list[Price]:
    # A quote without a price for written tokens makes no bill.
    return [price for price in facts.prices() if price.output_per_million is not None]


def _month(date: str) -> str:
    year, month = date.split("-")[:2]
    return f"{MONTHS[int(month) - 1]} {year}"


def offers(snapshot: str = POST, provider: str = ALL) -> list[Offer]:
    """Every price of a snapshot, or one provider's, by provider and then from small models to large.

    The post names no provider, so its prices are shown whichever is chosen. Where one sells by size,
    Mistral 7B is listed twice: as the 7B it is called and by the parameters it has. Raises `ValueError` for a
    snapshot or provider there is none of.
    """
    _one_of("snapshot", snapshot, [id for _, id in snapshots()])
    _one_of("provider", provider, [id for _, id in providers()])
    if snapshot == POST:
        return [_post_offer(cost) for cost in facts.post_costs()]
    quoted = [p for p in _priced() if p.date[:7] == snapshot and provider in (ALL, p.provider)]
    found = [*(_offer(price) for price in quoted), *_by_size(quoted)]
    return sorted(found, key=lambda offer: (offer.provider, _billions(offer.model)))


def _one_of(what: str, name: str, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise ValueError(f"There is no {what} {name!r} here; choose one of {', '.join(allowed)}.")


def _post_offer(cost: PostCost) -> Offer:
    price = cost.price_per_million
    return Offer(cost.model, "", price, price, cost.currency, "The post, fifth table; it names no provider.")


def _offer(price: Price, model: str = "", sold_as: str = "") -> Offer:
    doubt = "" if price.verified == "yes" else f" Verified: {price.verified}."
    note = f" {price.note[:1].upper()}{price.note[1:]}." if price.note else ""
    return Offer(
        model or _base(price.model),
        price.provider,
        price.input_per_million,
        price.output_per_million or 0.0,
        price.currency,
        f"{facts.source(price.source_id).title}, {price.date}: {price.offer}.{note}{doubt}",
        sold_as,
    )


def _base(model: str) -> str:
    """The base model that a chat model was tuned from."""
    return facts.release(model).base_model or model


def _by_size(quoted: Sequence[Price]) -> Iterator[Offer]:
    """Mistral 7B at providers that sell by size, once by the size in its name and once by its exact count."""
    exact, named = _billions(CHALLENGER), float(CHALLENGER.split()[-1].rstrip("B"))
    for price in quoted:
        low, high = _size_class(price.offer)
        if low <= named <= high:
            yield _offer(price, CHALLENGER, f"sold as a {named:g}B")
        if low <= exact <= high:
            yield _offer(price, CHALLENGER, f"by its {exact:.2f}B")


def _billions(model: str) -> float:
    return memory.model_parameters(facts.model(model)) / 1e9


def _size_class(offer: str) -> tuple[float, float]:
    """The billions of parameters an offer is for ("models 3.1B-7B ..."); an empty range if it names a model.

    >>> _size_class("models 3.1B-7B (Llama 2 7B)"), _size_class("Llama 2 13B chat")
    ((3.1, 7.0), (1.0, 0.0))
    """
    words = offer.split()
    bounds = words[1].split("-") if words[0] == "models" else []
    if len(bounds) != 2:
        return 1.0, 0.0
    return float(bounds[0].rstrip("B")), float(bounds[1].rstrip("B"))


def api(
    snapshot: str = POST, provider: str = ALL, tokens_per_month: float = 1e8, input_share: float = 0.5
) -> Table:
    """The post's fifth table with a monthly bill, at the post's prices or at quoted ones.

    `input_share` of the tokens are read, the rest written. Savings are against Llama 2 13B at the same
    provider. Raises `ValueError` as `offers` does, for a volume outside 1 to 10^15 tokens and a share
    outside 0 to 1.
    """
    if not 1 <= tokens_per_month <= 1e15:
        raise ValueError(f"{tokens_per_month:g} tokens a month cannot be billed; choose from 1 to 10^15.")
    if not 0 <= input_share <= 1:
        raise ValueError(f"The share of tokens read is {input_share}; it must lie between 0 and 1.")
    found = offers(snapshot, provider)
    bills = [offer.bill(tokens_per_month, input_share) for offer in found]
    lines = list(zip(found, bills, _savings(found, bills), strict=True))
    where = next(name for name, id in snapshots() if id == snapshot)
    return Table(
        caption=f"{tokens_per_month:,.0f} tokens a month, {input_share:.0%} of them read; prices of {where}",
        columns=_columns(found),
        rows=tuple(_row(*line) for line in lines),
        finding=_finding(lines, where, provider),
        series={"bills": [_bar(offer, bill) for offer, bill, _ in lines]},
        notes=(*_post_notes(snapshot, provider), *_notes(found)),
    )


def _savings(found: Sequence[Offer], bills: Sequence[float]) -> list[float | None]:
    """What each offer saves against the baseline at the same provider, where that is among the offers."""
    baselines = {o.provider: bill for o, bill in zip(found, bills, strict=True) if o.model == BASELINE}
    return [
        saving_pct(bill, baselines[offer.provider])
        if offer.model != BASELINE and offer.provider in baselines
        else None
        for offer, bill in zip(found, bills, strict=True)
    ]


def _columns(found: Sequence[Offer]) -> tuple[Column, ...]:
    currency = " or ".join(sorted({offer.currency for offer in found})) or "USD"
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


def _row(offer: Offer, bill: float, saving: float | None) -> dict[str, Value | Cell]:
    shape, card = facts.model(offer.model), facts.gpu(CARD)
    post = next((cost for cost in facts.post_costs() if cost.model == offer.model), None)
    texts = (post.memory_text, post.rtx_4090_text, post.price_text) if post else ()
    printed = [Cell(text, "The post, fifth table.") for text in texts] or [Cell(None)] * 3
    totals = {p: memory.total_bytes(shape, p, 1, USUAL_CONTEXT) for p in ("FP16", "INT4")}
    return {
        "offer": _name(offer),
        "memory_post": printed[0],
        "memory_gb": Cell(
            memory.weight_bytes(memory.model_parameters(shape)) / GB, memory.shape_source(shape)
        ),
        "card_post": printed[1],
        "card_fp16": totals["FP16"] <= card.memory_bytes,
        "card_int4": totals["INT4"] <= card.memory_bytes,
        "price_post": printed[2],
        "input": Cell(offer.input_price, offer.source),
        "output": Cell(offer.output_price, offer.source),
        "bill": bill,
        "saving": saving,
    }


def _name(offer: Offer) -> str:
    place = f", {offer.provider}" if offer.provider else ""
    return f"{offer.model}{place}" + (f", {offer.sold_as}" if offer.sold_as else "")


def _bar(offer: Offer, bill: float) -> dict[str, Value]:
    return {
        "row": _name(offer),
        "value": bill,
        "family": family_of(offer.model),
        "text": f"{bill:,.2f} {offer.currency}",
    }


def _finding(lines: Sequence[tuple[Offer, float, float | None]], where: str, provider: str) -> str:
    saved = [(o, saving) for o, _, saving in lines if o.model == CHALLENGER and saving is not None]
    if saved:
        each = [f"{saving:.1f}%{_at(offer)}" for offer, saving in saved]
        when = "" if saved[0][0].provider == "" else f" in {where}"
        return f"Instead of {BASELINE}, {CHALLENGER} saves {_listed(each)}{when}."
    if lines:
        return f"No saving to show: in {where}, nobody shown here quoted both {CHALLENGER} and {BASELINE}."
    return f"{provider} has no price in the snapshot of {where}."


def _at(offer: Offer) -> str:
    if not offer.provider:
        return " at the post's prices"
    return f" at {offer.provider}" + (f" {offer.sold_as}" if offer.sold_as else "")


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _post_notes(snapshot: str, provider: str) -> tuple[str, ...]:
    if snapshot != POST or provider == ALL:
        return ()
    return (f"The post names no provider; these are its prices, not those of {provider}.",)


def _notes(found: Sequence[Offer]) -> tuple[str, ...]:
    sized = sorted({offer.provider for offer in found if offer.sold_as})
    if not sized:
        return ()
    exact = f"{_billions(CHALLENGER):.2f} billion parameters"
    return (
        f"{_listed(sized)} sells by size and does not name {CHALLENGER}: called a 7B, it "
        f"has {exact}, over that class's limit; both readings are shown.",
    )


def savings() -> list[tuple[Offer, float]]:
    """What Mistral 7B saves wherever Llama 2 13B is quoted too, in percent; as much is read as written."""
    found = []
    for date in [id for _, id in snapshots() if id != POST]:
        quoted = offers(date)
        saved = _savings(quoted, [offer.bill(MILLION, 0.5) for offer in quoted])
        found += [
            (o, s) for o, s in zip(quoted, saved, strict=True) if o.model == CHALLENGER and s is not None
        ]
    return found


def quotes(model: str = CHALLENGER) -> list[Offer]:
    """Every quoted price of a model or its chat version, oldest snapshot first; the post's is not among them.

    >>> [offer.provider for offer in quotes()][:2]
    ['DeepInfra', 'OpenRouter']
    """
    dates = [id for _, id in snapshots() if id != POST]
    return [offer for date in dates for offer in offers(date) if offer.model == model and not offer.sold_as]


def price_sources() -> list[tuple[str, str]]:
    """The prices a rented card can be set against, as (what to call them, id)."""
    found = [("the post", POST)]
    for name, date in snapshots()[1:]:
        known = dict.fromkeys(offer.provider for offer in offers(date) if offer.model in POST_MODELS)
        found += [(f"{provider}, {name}", f"{provider}/{date}") for provider in known]
    return found


def _offers_of(api: str) -> dict[str, Offer]:
    """The price of each of the post's models in one of `price_sources`; the first reading of a size class."""
    _one_of("price", api, [id for _, id in price_sources()])
    provider, _, date = api.partition("/")
    found = offers(date, provider) if date else offers()
    return {offer.model: offer for offer in reversed(found)}


@dataclass(frozen=True, slots=True)
class Rent:
    """A model on a rented card: the share of the ceiling it reaches and of the paid hours it is at work."""

    step: speed.Step
    card: Gpu
    hourly_price: float
    utilisation: float
    efficiency: float

    @property
    def fits(self) -> bool:
        """Whether weights and cache fit the card."""
        return self.step.fits(self.card)

    @property
    def tokens_per_second(self) -> float:
        """Tokens written while at work, all sequences together."""
        return self.efficiency * self.step.tokens_per_second(self.card)

    @property
    def tokens_per_month(self) -> float:
        """Tokens written in a month of which the card works `utilisation`."""
        return self.tokens_per_second * 3600 * HOURS * self.utilisation

    @property
    def per_month(self) -> float:
        """The rent of a month."""
        return self.hourly_price * HOURS

    @property
    def per_million(self) -> float:
        """The rent of a million tokens."""
        return MILLION * self.per_month / self.tokens_per_month


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
    prices, card = _offers_of(api), facts.gpu(gpu)
    steps = [speed.step(name, precision, batch, context) for name in POST_MODELS]
    rents = [Rent(step, card, hourly_price, utilisation, efficiency) for step in steps]
    currency = next(iter(prices.values())).currency
    return Table(
        caption=f"{card.name} at {hourly_price:g} {currency} an hour, at work {utilisation:.0%} of the time: "
        + steps[0].load,
        columns=_rent_columns(currency, efficiency),
        rows=tuple(_rent_row(rent, prices.get(rent.step.shape.name)) for rent in rents),
        finding=_rent_finding(rents, prices, currency),
        series=_rent_series(rents, prices, currency),
        notes=(
            *_currency_notes(currency),
            *memory.card_notes({step.shape.name: step.total_bytes for step in steps}, card),
            *memory.length_notes([step.shape for step in steps], context),
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


def _rent_columns(currency: str, efficiency: float) -> tuple[Column, ...]:
    return (
        Column("model", "model"),
        Column("fits", "fits"),
        Column("ceiling", "ceiling", "tokens/s", ",.0f", "What the roofline allows all sequences together."),
        Column("reached", "reached", "tokens/s", ",.0f", f"{efficiency:.0%} of the ceiling: an assumption."),
        Column("rented", "a million written, rented", currency, ",.2f"),
        Column("api", "at the API", currency, "g", "The price of a million written tokens."),
        Column(
            "even", "break-even", "million tokens a month", ",.0f", "The rent divided by the API's price."
        ),
        Column("most", "the card's most", "million tokens a month", ",.0f", "At work all the time."),
        Column("verdict", "verdict"),
    )


def _rent_row(rent: Rent, offer: Offer | None) -> dict[str, Value | Cell]:
    name = rent.step.shape.name
    row: dict[str, Value | Cell] = {"model": name, "verdict": _verdict(rent, offer)}
    row["fits"] = memory.fit(rent.step.total_bytes, rent.card)
    if offer:
        row["api"] = Cell(offer.output_price, offer.source)
    if offer and rent.fits:
        row["even"] = _even(rent, offer)
    if rent.fits:
        row["ceiling"] = rent.step.tokens_per_second(rent.card)
        row["reached"] = rent.tokens_per_second
        row["rented"] = rent.per_million
        row["most"] = _most(rent)
    return row


def _even(rent: Rent, offer: Offer) -> float | None:
    """Millions of tokens a month whose price at the API is the month's rent; None at an API that is free."""
    return rent.per_month / offer.output_price if offer.output_price else None


def _most(rent: Rent) -> float:
    return rent.tokens_per_month / rent.utilisation / MILLION


def _verdict(rent: Rent, offer: Offer | None) -> str:
    if not rent.fits:
        return "does not fit the card"
    if offer is None:
        return "no price to set it against"
    even = _even(rent, offer)
    if even is None or even > _most(rent):
        return "the API is cheaper at any volume"
    if rent.per_million <= offer.output_price:
        return "renting is cheaper as used here"
    return "renting would be cheaper if the card worked more"


def _rent_finding(rents: Sequence[Rent], prices: Mapping[str, Offer], currency: str) -> str:
    parts = [
        f"{rent.step.shape.name} {rent.per_million:,.2f}{_against(prices.get(rent.step.shape.name))}"
        for rent in rents
        if rent.fits
    ]
    if not parts:
        return f"None of the three fits the {rents[0].card.name} with this batch and context."
    return f"A million written tokens cost, in {currency}: {'; '.join(parts)}."


def _against(offer: Offer | None) -> str:
    if offer is None:
        return " rented"
    return f" rented, {_price(offer)} at the API"


def _price(offer: Offer) -> str:
    return f"{offer.output_price:g}" if offer.output_price else "free"


def _rent_series(
    rents: Sequence[Rent], prices: Mapping[str, Offer], currency: str
) -> dict[str, list[dict[str, Value]]]:
    bars: list[dict[str, Value]] = []
    ticks: list[dict[str, Value]] = []
    for rent in rents:
        model = rent.step.shape.name
        offer = prices.get(model)
        cost = rent.per_million if rent.fits else 0.0
        at_api = f", API {_price(offer)}" if offer else ""
        text = f"{cost:,.2f} {currency}{at_api}" if rent.fits else "does not fit"
        bars.append({"row": model, "value": cost, "family": family_of(model), "text": text})
        if offer:
            ticks.append({"row": model, "value": offer.output_price})
    return {"rented": bars, "api": ticks}


def rentals() -> Table:
    """What renting a card has been quoted at, by the hour and card, in the order of `data/`."""
    rows = tuple(_rental_row(rental) for rental in facts.rentals())
    quoted = [rental for rental in facts.rentals() if rental.gpu == speed.POST_GPU]
    low, low_year = min((_hourly(rental)[0], rental.date[:4]) for rental in quoted)
    high, high_year = max((_hourly(rental)[1], rental.date[:4]) for rental in quoted)
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
        rows=rows,
        finding=f"An hour of one {speed.POST_GPU} is quoted at {low:,.2f} ({low_year}) to {high:,.2f} USD "
        f"({high_year}).",
    )


def _hourly(rental: Rental) -> tuple[float, float]:
    """The lowest and highest price of one card's hour."""
    cards = rental.n_gpus / (3600 if rental.per == "second" else 1)
    return rental.price_low / cards, rental.price_high / cards


def _rental_row(rental: Rental) -> dict[str, Value | Cell]:
    low, high = _hourly(rental)
    source = f"{facts.source(rental.source_id).title}. {rental.note[:1].upper()}{rental.note[1:]}."
    return {
        "provider": Cell(rental.provider, source),
        "gpu": rental.gpu,
        "low": low,
        "high": high,
        "date": rental.date,
        "verified": rental.verified,
    }


# Which benchmark stands for a use case of the post's; a chatbot's is the reader's choice, two have none.
CHAT_BENCHMARKS = ("MMLU", "HellaSwag", "WinoGrande", "ARC-c", "TruthfulQA")
USE_BENCHMARKS = {"code": "HumanEval", "math": "GSM8K"}
LABELS = ("Weak", "Moderate", "Good", "Good+")
NO_BENCHMARK, NO_SCORE = "no benchmark behind this", "not in this report"


def label(score: float, moderate: float, good: float, plus: float) -> str:
    """The post's word for a score in percent, given where Moderate, Good and Good+ begin.

    >>> label(30.5, 25, 50, 60), label(60.1, 25, 50, 60)
    ('Moderate', 'Good+')
    """
    if score >= max(good, plus):
        return "Good+"
    return "Good" if score >= good else "Moderate" if score >= moderate else "Weak"


def replaces(challenger: str, baseline: str) -> str:
    """Whether one label can stand in for another, in the post's words; Good+ is a shade of Good.

    >>> replaces("Good+", "Good"), replaces("Moderate", "Weak"), replaces("Good", "Good+")
    ('yes', 'yes (and better)', 'no')
    """
    ours, theirs = LABELS.index(challenger), LABELS.index(baseline)
    if ours < theirs:
        return "no"
    return "yes (and better)" if min(ours, 2) > min(theirs, 2) else "yes"


def score_reports() -> list[tuple[str, str]]:
    """The reports that score both models of the post's fourth table, as (what to call it, id)."""
    return [
        (name, id) for name, id in benchmarks.reports() if benchmarks.pairs(CHALLENGER, BASELINE, id, 0.95)
    ]


def chat_choices() -> list[tuple[str, str]]:
    """The benchmarks a chatbot can be judged by, as (title, name)."""
    return [(facts.benchmark(name).title, name) for name in CHAT_BENCHMARKS]


def use_cases(
    source: str = POST, chat: str = "MMLU", moderate: float = 25, good: float = 50, plus: float = 60
) -> Table:
    """The post's fourth table, each label worked out from a score and the reader's thresholds in percent.

    `chat` is the benchmark a chatbot is judged by. The defaults give the post's labels. Raises `ValueError`
    for a report or benchmark that cannot be chosen and a threshold outside 0 to 100.
    """
    _one_of("report", source, [id for _, id in score_reports()])
    _one_of("benchmark of chat", chat, CHAT_BENCHMARKS)
    for threshold in (moderate, good, plus):
        if not 0 <= threshold <= 100:
            raise ValueError(f"A threshold of {threshold} is no score; it must lie between 0 and 100.")
    pairs = {pair.ours.benchmark: pair for pair in benchmarks.pairs(CHALLENGER, BASELINE, source, 0.95)}
    chosen = {"chatbot": chat, **USE_BENCHMARKS}
    cases = [
        Case(post, chosen.get(post.id), pairs.get(chosen.get(post.id, ""))) for post in facts.post_use_cases()
    ]
    cuts = (moderate, good, plus)
    return Table(
        caption=f"Can {CHALLENGER} stand in for {BASELINE}? Labels from scores in "
        + next(name for name, id in score_reports() if id == source),
        columns=_case_columns(),
        rows=tuple(_case_row(case, cuts) for case in cases),
        finding=_case_finding(cases, cuts),
        series=_case_series(cases, cuts),
        notes=_cut_notes(cuts),
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A use case of the post's, the benchmark that stands for it and both scores, as far as there are any."""

    post: PostUseCase
    benchmark: str | None
    pair: benchmarks.Pair | None

    def labels(self, cuts: tuple[float, float, float]) -> tuple[str, str] | None:
        """The baseline's and the challenger's label."""
        if self.pair is None:
            return None
        return label(self.pair.theirs.score_pct, *cuts), label(self.pair.ours.score_pct, *cuts)

    def as_post(self, cuts: tuple[float, float, float]) -> bool:
        """Whether both labels and the verdict are the post's."""
        found = self.labels(cuts)
        if found is None:
            return False
        post = (self.post.baseline_text, self.post.challenger_text, self.post.replaces_text)
        return post == (*found, replaces(found[1], found[0]))


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
            "comparable", "the two scores", meaning="Were they measured alike, and is the gap beyond noise?"
        ),
    )


def _case_row(case: Case, cuts: tuple[float, float, float]) -> dict[str, Value | Cell]:
    row: dict[str, Value | Cell] = {
        "use_case": case.post.use_case,
        "benchmark": facts.benchmark(case.benchmark).title if case.benchmark else NO_BENCHMARK,
        "baseline_post": case.post.baseline_text,
        "challenger_post": case.post.challenger_text,
        "replaces_post": case.post.replaces_text,
        "replaces": NO_SCORE if case.benchmark else NO_BENCHMARK,
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
        "replaces": replaces(found[1], found[0]),
        "comparable": Cell(verdict, note=reason),
    }


def _score_source(score: Score) -> str:
    where = "The post" if score.source_id == POST else facts.source(score.source_id).title
    return f"{where}, {score.locator}." if score.locator else f"{where}."


def _case_finding(cases: Sequence[Case], cuts: tuple[float, float, float]) -> str:
    scored = [case for case in cases if case.pair]
    agreeing = sum(case.as_post(cuts) for case in scored)
    bare = [case.post.use_case for case in cases if case.benchmark is None]
    if not scored:
        return f"This report has no score for any use case; {_listed(bare)} have no benchmark behind them."
    given = f"Scores and thresholds give the post's labels in {agreeing} of {len(scored)} use cases"
    return f"{given}; {_listed(bare)} have no benchmark behind them."


def _cut_notes(cuts: tuple[float, float, float]) -> tuple[str, ...]:
    moderate, good, plus = cuts
    notes = []
    if moderate >= good:
        notes.append("With Good beginning no higher than Moderate, no score is Moderate.")
    if good >= plus:
        notes.append("With Good+ beginning no higher than Good, every good score is Good+.")
    return tuple(notes)


def _case_series(
    cases: Sequence[Case], cuts: tuple[float, float, float]
) -> dict[str, list[dict[str, Value]]]:
    dots: list[dict[str, Value]] = []
    ticks: list[dict[str, Value]] = []
    for case in cases:
        scores = (("challenger", case.pair.ours), ("baseline", case.pair.theirs)) if case.pair else ()
        dots += [
            {"row": case.post.use_case, "score": s.score_pct, "family": family_of(s.model), "role": role}
            for role, s in scores
        ]
        ticks += [{"row": case.post.use_case, "score": cut} for cut in cuts if scores]
    return {
        "names": _signs(),
        "rows": [{"row": case.post.use_case, "text": _replacement(case, cuts)} for case in cases],
        "dots": dots,
        "ticks": ticks,
        "cuts": [
            {"row": " ", "score": cut, "text": name, "side": side}
            for name, cut, side in zip(LABELS[1:], cuts, ("over", "under", "over"), strict=True)
        ],
    }


def _replacement(case: Case, cuts: tuple[float, float, float]) -> str:
    """Whether the challenger stands in, in the post's words, or why that cannot be told."""
    found = case.labels(cuts)
    if found:
        return replaces(found[1], found[0])
    return NO_SCORE if case.benchmark else NO_BENCHMARK


def _signs() -> list[dict[str, Value]]:
    """The two models with their signs, for the chart's first row."""
    signs = ((CHALLENGER, "challenger", "\u25cf"), (BASELINE, "baseline", "\u25c6"))
    return [
        {"row": "", "role": role, "text": f"{s} {model}", "family": family_of(model)}
        for model, role, s in signs
    ]
