"""An offer of tokens, a rented card, a rent as quoted, and a use case with its scores, each as a record.

Prices are those of `data/`, in the currency they were quoted in; nothing is converted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smallmodels import benchmarks, facts, memory, speed, words
from smallmodels.benchmarks import POST
from smallmodels.cost.formulas import (
    HOURS,
    MILLION,
    bill,
    label,
    rented_per_million,
    replaces,
    saving_pct,
    size_class,
)
from smallmodels.facts import Gpu, PostCost, PostUseCase, Price, Rental
from smallmodels.memory import POST_MODELS

BASELINE, CHALLENGER = "Llama 2 13B", "Mistral 7B"
ALL = "all"
CONFIDENCE = 0.95  # of the margin that says whether a gap between two scores is beyond noise
# Which benchmark stands for a use case of the post's; a chatbot's is the reader's choice, two have none.
CHAT_BENCHMARKS = ("MMLU", "HellaSwag", "WinoGrande", "ARC-c", "TruthfulQA")
USE_BENCHMARKS = {"code": "HumanEval", "math": "GSM8K"}
Cuts = tuple[float, float, float]  # where Moderate, Good and Good+ begin, in percent
POST_CUTS: Cuts = (25, 50, 60)  # with these the post's scores give its labels


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
        return bill(tokens, input_share, self.input_price, self.output_price)

    @property
    def name(self) -> str:
        """The offer as a table names it: "Mistral 7B, Together, sold as a 7B"."""
        return ", ".join(part for part in (self.model, self.provider, self.sold_as) if part)


@dataclass(frozen=True, slots=True)
class Line:
    """An offer, a month's bill at it, and the saving against the baseline at the same provider."""

    offer: Offer
    bill: float
    saving: float | None


def lines(found: Sequence[Offer], tokens: float, input_share: float) -> list[Line]:
    """The bills of offers, with a saving where the baseline is among those of the same provider."""
    bills = [offer.bill(tokens, input_share) for offer in found]
    baselines = {o.provider: paid for o, paid in zip(found, bills, strict=True) if o.model == BASELINE}
    return [
        Line(offer, paid, saving_pct(paid, baselines[offer.provider]))
        if offer.model != BASELINE and offer.provider in baselines
        else Line(offer, paid, None)
        for offer, paid in zip(found, bills, strict=True)
    ]


def snapshots() -> list[tuple[str, str]]:
    """The dates prices are known for, as (what to call it, id), the post first."""
    dates = sorted({price.date[:7] for price in _priced()})
    post = "the post, " + words.month(facts.source(POST).date)
    return [(post, POST), *((words.month(date), date) for date in dates)]


def providers() -> list[tuple[str, str]]:
    """Whose prices can be shown, as (what to call it, id)."""
    return [("every provider", ALL), *((name, name) for name in sorted({p.provider for p in _priced()}))]


def sellers(snapshot: str) -> list[str]:
    """The providers that quoted prices in a snapshot; none in the post's, which names no provider."""
    return sorted({price.provider for price in _priced() if price.date[:7] == snapshot})


def _priced() -> list[Price]:
    # A quote without a price for written tokens makes no bill.
    return [price for price in facts.prices() if price.output_per_million is not None]


def offers(snapshot: str = POST, provider: str = ALL) -> list[Offer]:
    """Every price of a snapshot, or one provider's, by provider and then from small models to large.

    The post names no provider, so its prices are shown whichever is chosen. Where one sells by size,
    Mistral 7B is listed twice: as the 7B it is called and by the parameters it has. Raises `ValueError` for a
    snapshot or provider there is none of.
    """
    one_of("snapshot", snapshot, [id for _, id in snapshots()])
    one_of("provider", provider, [id for _, id in providers()])
    if snapshot == POST:
        return [_post_offer(cost) for cost in facts.post_costs()]
    quoted = [p for p in _priced() if p.date[:7] == snapshot and provider in (ALL, p.provider)]
    found = [*(_offer(price) for price in quoted), *_by_size(quoted)]
    return sorted(found, key=lambda offer: (offer.provider, billions(offer.model)))


def one_of(what: str, name: str, allowed: Sequence[str]) -> None:
    """Raises `ValueError` where a name is none of those allowed."""
    if name not in allowed:
        raise ValueError(f"There is no {what} {name!r} here; choose one of {', '.join(allowed)}.")


def _post_offer(cost: PostCost) -> Offer:
    price = cost.price_per_million
    return Offer(cost.model, "", price, price, cost.currency, "The post, fifth table; it names no provider.")


def _offer(price: Price, model: str = "", sold_as: str = "") -> Offer:
    doubt = "" if price.verified == "yes" else f" Verified: {price.verified}."
    note = f" {words.sentence(price.note)}" if price.note else ""
    return Offer(
        model or facts.release(price.model).base_model or price.model,  # a chat model's base
        price.provider,
        price.input_per_million,
        price.output_per_million or 0.0,
        price.currency,
        f"{facts.source(price.source_id).title}, {price.date}: {price.offer}.{note}{doubt}",
        sold_as,
    )


def _by_size(quoted: Sequence[Price]) -> Iterator[Offer]:
    """Mistral 7B at providers that sell by size, once by the size in its name and once by its exact count."""
    exact, named = billions(CHALLENGER), float(CHALLENGER.split()[-1].rstrip("B"))
    for price in quoted:
        low, high = size_class(price.offer)
        if low <= named <= high:
            yield _offer(price, CHALLENGER, f"sold as a {named:g}B")
        if low <= exact <= high:
            yield _offer(price, CHALLENGER, f"by its {exact:.2f}B")


def billions(model: str) -> float:
    """A model's parameters in billions, counted from its shape.

    >>> round(billions("Mistral 7B"), 2)
    7.24
    """
    return memory.model_parameters(facts.model(model)) / 1e9


def _dated() -> list[str]:
    """The snapshots that are not the post's."""
    return [id for _, id in snapshots() if id != POST]


def savings() -> list[tuple[Offer, float]]:
    """What Mistral 7B saves wherever Llama 2 13B is quoted too, in percent; as much is read as written."""
    every = (line for date in _dated() for line in lines(offers(date), MILLION, 0.5))
    return [
        (line.offer, line.saving)
        for line in every
        if line.offer.model == CHALLENGER and line.saving is not None
    ]


def quotes(model: str = CHALLENGER) -> list[Offer]:
    """Every quoted price of a model or its chat version, oldest snapshot first; the post's is not among them.

    >>> [offer.provider for offer in quotes()][:2]
    ['DeepInfra', 'OpenRouter']
    """
    every = (offer for date in _dated() for offer in offers(date))
    return [offer for offer in every if offer.model == model and not offer.sold_as]


def price_sources() -> list[tuple[str, str]]:
    """The prices a rented card can be set against, as (what to call them, id)."""
    found = [("the post", POST)]
    for name, date in snapshots()[1:]:
        known = dict.fromkeys(offer.provider for offer in offers(date) if offer.model in POST_MODELS)
        found += [(f"{provider}, {name}", f"{provider}/{date}") for provider in known]
    return found


def offers_of(api: str) -> dict[str, Offer]:
    """The price of each of the post's models in one of `price_sources`; the first reading of a size class."""
    one_of("price", api, [id for _, id in price_sources()])
    provider, _, date = api.partition("/")
    found = offers(date, provider) if date else offers()
    return {offer.model: offer for offer in reversed(found)}


@dataclass(frozen=True, slots=True)
class Rent:
    """A model on a rented card, and the API's offer it is set against, where there is one.

    `efficiency` is the share of the ceiling it reaches, `utilisation` the share of the paid hours it is at
    work.
    """

    step: speed.Step
    card: Gpu
    hourly_price: float
    utilisation: float
    efficiency: float
    offer: Offer | None = None

    @property
    def fits(self) -> bool:
        """Whether weights and cache fit the card."""
        return self.step.fits(self.card)

    @property
    def tokens_per_second(self) -> float:
        """Tokens written while at work, all sequences together."""
        return self.efficiency * self.step.tokens_per_second(self.card)

    @property
    def most(self) -> float:
        """Millions of tokens written in a month of which the card works all the time."""
        return self.tokens_per_second * 3600 * HOURS / MILLION

    @property
    def per_month(self) -> float:
        """The rent of a month."""
        return self.hourly_price * HOURS

    @property
    def per_million(self) -> float:
        """The rent of a million tokens."""
        return rented_per_million(self.hourly_price, self.tokens_per_second, self.utilisation)

    @property
    def even(self) -> float | None:
        """Millions of tokens a month that the API sells for the rent; None without an API, or a free one."""
        price = self.offer.output_price if self.offer else 0
        return self.per_month / price if price else None

    @property
    def verdict(self) -> str:
        """Which of the two is cheaper, in words."""
        if not self.fits:
            return "does not fit the card"
        if self.offer is None:
            return "no price to set it against"
        if self.even is None or self.even > self.most:
            return "the API is cheaper at any volume"
        if self.per_million <= self.offer.output_price:
            return "renting is cheaper as used here"
        return "renting would be cheaper if the card worked more"


@dataclass(frozen=True, slots=True)
class Hour:
    """A quoted rent by the hour of one card, where several are let together or by the second."""

    rental: Rental

    @property
    def _cards(self) -> float:
        return self.rental.n_gpus / (3600 if self.rental.per == "second" else 1)

    @property
    def low(self) -> float:
        """The lowest price of one card's hour."""
        return self.rental.price_low / self._cards

    @property
    def high(self) -> float:
        """The highest price of one card's hour."""
        return self.rental.price_high / self._cards

    @property
    def year(self) -> str:
        """When it was quoted."""
        return self.rental.date[:4]


def score_reports() -> list[tuple[str, str]]:
    """The reports that score both models of the post's fourth table, as (what to call it, id)."""
    return [(name, id) for name, id in benchmarks.reports() if _pairs(id)]


def _pairs(report: str) -> list[benchmarks.Pair]:
    return benchmarks.pairs(CHALLENGER, BASELINE, report, CONFIDENCE)


def chat_choices() -> list[tuple[str, str]]:
    """The benchmarks a chatbot can be judged by, as (title, name)."""
    return [(facts.benchmark(name).title, name) for name in CHAT_BENCHMARKS]


@dataclass(frozen=True, slots=True)
class Case:
    """A use case of the post's, the benchmark that stands for it and both scores, as far as there are any."""

    post: PostUseCase
    benchmark: str | None
    pair: benchmarks.Pair | None

    def labels(self, cuts: Cuts) -> tuple[str, str] | None:
        """The baseline's and the challenger's label."""
        if self.pair is None:
            return None
        return label(self.pair.theirs.score_pct, *cuts), label(self.pair.ours.score_pct, *cuts)

    def replaces(self, cuts: Cuts) -> str | None:
        """Whether the challenger stands in for the baseline, in the post's words."""
        found = self.labels(cuts)
        return replaces(found[1], found[0]) if found else None

    def as_post(self, cuts: Cuts) -> bool:
        """Whether both labels and the verdict are the post's."""
        post = (self.post.baseline_text, self.post.challenger_text, self.post.replaces_text)
        return post == (*(self.labels(cuts) or ()), self.replaces(cuts))


def cases(source: str = POST, chat: str = "MMLU") -> list[Case]:
    """The post's use cases with their scores in a report; `ValueError` for a report or benchmark of none."""
    one_of("report", source, [id for _, id in score_reports()])
    one_of("benchmark of chat", chat, CHAT_BENCHMARKS)
    pairs = {pair.ours.benchmark: pair for pair in _pairs(source)}
    chosen = {"chatbot": chat, **USE_BENCHMARKS}
    return [
        Case(post, chosen.get(post.id), pairs.get(chosen.get(post.id, ""))) for post in facts.post_use_cases()
    ]
