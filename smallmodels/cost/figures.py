"""Chapter 06: the figures of its sentences."""

from dataclasses import replace
from inspect import signature

from smallmodels import cost, facts, memory, speed, words
from smallmodels.cost import BASELINE, CHALLENGER, LABELS, Rent, cases, label, saving_pct
from smallmodels.figures import Texts, computed
from smallmodels.memory import GB, Load

OURS, THEIRS = facts.model(CHALLENGER), facts.model(BASELINE)
POST = {price.model: price for price in facts.post_costs()}
PRICE, LARGE_PRICE = POST[CHALLENGER].price_per_million, POST[BASELINE].price_per_million
THIRD = saving_pct(PRICE, LARGE_PRICE) or 0.0
SOLD_BY_NAME = [(offer, saving) for offer, saving in cost.savings() if not offer.sold_as]
SOLD_BY_SIZE = [(offer, saving) for offer, saving in cost.savings() if offer.sold_as]
# What the two widgets begin with: the terms of the rented card, and the thresholds of the post's labels.
TERMS = {name: argument.default for name, argument in signature(cost.self_hosted).parameters.items()}
_, _, *_CUTS = (argument.default for argument in signature(cost.use_cases).parameters.values())
CUTS = (_CUTS[0], _CUTS[1], _CUTS[2])


@computed(shows="api")
def post_prices() -> Texts:
    """The post's prices in dollars, for a thousand tokens and for a million, and what the lower one saves."""
    assert abs(THIRD - 100 / 3) < 0.05, "The saving is called a third."
    return {
        "thousand": f"{PRICE / 1000:g}",
        "thousand-large": f"{LARGE_PRICE / 1000:g}",
        "million": f"{PRICE:.2f}",
        "million-large": f"{LARGE_PRICE:.2f}",
        "third": f"{THIRD:.1f}%",
        "third-in-words": words.share(round(100 / THIRD)).capitalize(),
        "third-rounded": f"{THIRD:.0f}%",
    }


@computed(shows="api?snapshot=2023-11")
def quoted_savings() -> Texts:
    """What Mistral 7B saves at quoted prices, half of the tokens read: sold by name, and in every way."""
    named = [saving for _, saving in SOLD_BY_NAME if saving < 100]
    every = [saving for _, saving in cost.savings()]
    assert len(named) + 1 == len(SOLD_BY_NAME), "One offer is free."
    assert min(named) > THIRD, "The post's third is called below every saving quoted by name."
    return {
        "named-least": f"{min(named):.0f}",
        "named-most": f"{max(named):.0f}%",
        "least": f"{min(every):.0f}",
        "most": f"{max(every):.0f}%",
    }


@computed(shows="api?snapshot=2023-11&provider=Together")
def sold_by_size() -> Texts:
    """Billions of parameters of Mistral 7B, counted from its shape: over the limit of the class of 7B."""
    assert {offer.provider for offer, _ in SOLD_BY_SIZE} == {"Together"}, "Together alone sells by size."
    assert {round(saving) for _, saving in SOLD_BY_SIZE} == {50, 0}, "Half as a 7B, nothing by its own count."
    return {"exact": f"{cost.billions(CHALLENGER):.2f}"}


@computed(shows="api")
def beside_the_weights() -> Texts:
    """Tokens of the one sequence whose cache must fit the card beside the weights."""
    return {"usual-context": f"{cost.USUAL_CONTEXT:,}"}


@computed(shows="api?snapshot=2023-11")
def quotes_in_dollars() -> Texts:
    """The lowest and the highest quote in dollars for a million written tokens of a 7B and of the 13B."""
    quoted = {model: [o for o in cost.quotes(model) if o.currency == "USD"] for model in memory.POST_MODELS}
    large = [offer.output_price for offer in quoted.pop(BASELINE)]
    small = [offer.output_price for found in quoted.values() for offer in found]
    assert max(small) < PRICE, "No quote for a 7B is said to ask the post's price."
    return {
        "small-low": f"{min(small):.2f}",
        "small-high": f"{max(small):.2f}",
        "large-low": f"{min(large):.2f}",
        "large-high": f"{max(large):.2f}",
    }


@computed(shows="api?snapshot=2024-01")
def mistral_itself() -> Texts:
    """What Mistral's own service took for a million tokens, by the price list of January 2024."""
    tiny = next(offer for offer in cost.quotes() if offer.currency == "EUR")
    assert "exclusive of VAT" in tiny.source, "The price is said to be exclusive of VAT."
    return {"tiny-read": f"{tiny.input_price:.2f}", "tiny-written": f"{tiny.output_price:.2f}"}


@computed(shows="api?snapshot=2023-11")
def sellers_of_both() -> Texts:
    """What Mistral 7B saves against Llama 2 13B wherever one seller quotes both by name."""
    assert {offer.provider for offer, saving in SOLD_BY_NAME if saving == 100} == {"OpenRouter"}, (
        "OpenRouter is said to give Mistral 7B away."
    )
    return {"sellers": words.listed(f"{saving:.1f}% at {offer.provider}" for offer, saving in SOLD_BY_NAME)}


@computed(shows="footprint")
def on_a_gaming_card() -> Texts:
    """GB of Llama 2 13B with one sequence, in FP16 and INT4; its published file; the RTX 4090's memory."""
    card = facts.gpu(cost.CARD)
    full, small = (Load(THEIRS, p, 1, cost.USUAL_CONTEXT) for p in ("FP16", "INT4"))
    file = next(f.size_bytes for f in facts.weight_files() if f.id == "llama-2-13b-q4")
    assert not full.fits(card), "In FP16 it is said not to fit."
    assert small.fits(card), "In four bits it is said to fit."
    assert file < Load(OURS, "FP16", 1, 0).weight_bytes, "It is called smaller than a 7B in FP16."
    return {
        "large-fp16": f"{full.total_bytes / GB:.1f}",
        "large-int4": f"{small.total_bytes / GB:.1f}",
        "card-gb": f"{card.memory_bytes / GB:.1f}",
        "large-file": f"{file / GB:.1f}",
    }


def rent(model: str, batch: int = TERMS["batch"]) -> Rent:
    """A model on the card and under the terms that the widget begins with."""
    step = speed.step(model, TERMS["precision"], batch, TERMS["context"])
    return Rent(
        step, facts.gpu(TERMS["gpu"]), TERMS["hourly_price"], TERMS["utilisation"], TERMS["efficiency"]
    )


def saved_by(model: str, batch: int = TERMS["batch"]) -> float:
    """What renting for a model saves against the 13B, in percent."""
    return saving_pct(rent(model, batch).per_million, rent(BASELINE, batch).per_million) or 0.0


@computed(shows="measured")
def efficiency() -> Texts:
    """The share of the ceiling that is assumed, and the largest among published speeds of one sequence."""
    best = max(one.share_pct for one in speed.published())
    assert abs(100 * rent(CHALLENGER).efficiency - best) < 2, "The two are said to be about the same."
    return {"efficiency": f"{rent(CHALLENGER).efficiency:.0%}", "best-single": f"{best:.0f}%"}


@computed(shows="self-hosted")
def rented() -> Texts:
    """Dollars for a million written tokens on the rented card, and what Mistral 7B saves of the 13B's."""
    saved = saved_by(CHALLENGER)
    assert 1.9 < saved / THIRD < 2, "The saving is called nearly twice the price list's."
    return {
        "rented": f"{rent(CHALLENGER).per_million:.2f}",
        "rented-large": f"{rent(BASELINE).per_million:.2f}",
        "rented-saving": f"{saved:.0f}%",
        "rented-batch": f"{TERMS['batch']}",
    }


@computed()
def why_rented_is_cheaper() -> Texts:
    """Weights that Mistral 7B reads, of the 13B's; bytes of a cached token, the 13B's over Mistral's."""
    weights = 100 * memory.read_parameters(OURS) / memory.read_parameters(THEIRS)
    step = rent(BASELINE).step
    assert 50 < weights < 60, "The weights are called little more than half."
    assert 0.45 < step.cache_bytes / step.n_bytes < 0.55, "The cache is called half of what the 13B reads."
    heavier = speed.token_bytes(THEIRS) / speed.token_bytes(OURS)
    return {"weights-share": f"{weights:.0f}%", "cache-times": f"{heavier:g}"}


@computed(shows="self-hosted?batch=1")
def load_and_saving() -> Texts:
    """A million tokens of Mistral 7B, one sequence at a time; what either 7B saves then, and with more."""
    batches = (1, 8, TERMS["batch"], 64)
    shared, own = ([saved_by(model, n) for n in batches] for model in (CHALLENGER, "Llama 2 7B"))
    assert shared == sorted(shared), "Mistral 7B's saving is said to grow with the load."
    assert own == sorted(own, reverse=True), "Llama 2 7B's is said to shrink."
    return {
        "alone": f"{rent(CHALLENGER, 1).per_million:.2f}",
        "shared-alone": f"{shared[0]:.0f}",
        "own-alone": f"{own[0]:.0f}",
        "own-batch": f"{own[2]:.0f}%",
    }


@computed(shows="use-cases")
def use_cases_that_agree() -> Texts:
    """Use cases of the post, those whose labels thresholds on scores can give, and those without a score."""
    found = cases()
    agreeing, bare = sum(case.as_post(CUTS) for case in found), sum(case.benchmark is None for case in found)
    assert agreeing + bare == len(found), "The others have no score."
    assert {case.post.id for case in found if case.benchmark is None} == {"summaries", "translation"}
    return {
        "jobs": words.number(len(found)),
        "agreeing": words.number(agreeing).capitalize(),
        "scored": words.number(len(found) - bare),
        "bare": words.number(bare),
    }


@computed(shows="use-cases?moderate=24")
def mathematics() -> Texts:
    """The post's score of Llama 2 13B in mathematics, and the thresholds between which it lies."""
    pair = next(case.pair for case in cases() if case.post.id == "math")
    assert pair, "Both models have a score."
    score, cut, lower = pair.theirs.score_pct, CUTS[0], 24
    assert lower <= score < cut, "Moving the threshold changes the label."
    found = [s for s in facts.scores() if (s.model, s.benchmark) == (BASELINE, "GSM8K")]
    assert len(found) > 1, "There are other sources."
    assert [s.source_id for s in found if s.score_pct == score] == ["post"], "It is said to match none."
    return {"cut": f"{cut:.0f}", "cut-lower": f"{lower}", "math-score": f"{score:.1f}"}


@computed(shows="use-cases?plus=61")
def chat() -> Texts:
    """The post's MMLU score of Mistral 7B, and a beginning of Good+ that lies above it."""
    case, raised = cases()[0], 61.0
    assert case.pair, "Both models have a score."
    score = case.pair.ours.score_pct
    assert label(score, *CUTS) == "Good+", "With the post's threshold it is Good+."
    assert label(score, *CUTS[:2], raised) == "Good", "With the higher one it is Good."
    reports = [id for _, id in cost.score_reports()]
    every = [case.replaces(CUTS) for report in reports for case in cases(report)]
    assert "no" not in every, "The benchmarks are said to speak for the 7B in every report."
    return {"cut-raised": f"{raised:.0f}", "chat-score": f"{score:.1f}"}


@computed()
def what_people_preferred() -> Texts:
    """Votes and Arena ratings of chat models, as table 3 of Mistral's paper prints them."""
    ratings = {rating.id: rating for rating in facts.chat_ratings()}
    votes, arena, *better = (ratings[id] for id in ("votes", "arena", "arena-wizardlm", "arena-vicuna"))
    assert all(rating.value > arena.value for rating in better), "Two 13Bs are ahead of both."
    wizard, vicuna = better
    return {
        "votes": f"{votes.value:,.0f}",
        "votes-large": f"{votes.baseline_value:,.0f}",
        "arena": f"{arena.value:,.0f}",
        "arena-large": f"{arena.baseline_value:,.0f}",
        "arena-wizard": f"{wizard.value:,.0f}",
        "arena-vicuna": f"{vicuna.value:,.0f}",
    }


@computed()
def dates() -> Texts:
    """The first and the last month of a quoted price of tokens, and the years of the quoted rents."""
    (first, id), *_, (last, _) = cost.snapshots()[1:]
    assert id > facts.source("post").date, "All quotes are said to be after the post."
    years = words.listed(sorted({rental.date[:4] for rental in facts.rentals()}))
    return {"first-quote": first, "last-quote": last, "rent-years": years}


@computed()
def half_the_saving() -> Texts:
    """The price of the 13B at which the post's 7B saves half as much, and how far it would have to fall."""
    left = 1 - THIRD / 200
    price = PRICE / left
    assert round(saving_pct(PRICE, price) or 0, 6) == round(THIRD / 2, 6), "The saving is halved."
    return {
        "half": f"{THIRD / 2:.1f}%",
        "half-left": f"{left:.3f}",
        "half-price": f"{price:.2f}",
        "half-fall": f"{saving_pct(price, LARGE_PRICE):.0f}%",
    }


@computed(shows="self-hosted")
def hours_at_work() -> Texts:
    """The volume at which the post's API takes the rent, over the most the card writes, in million tokens."""
    one = rent(CHALLENGER)
    even = one.per_month / PRICE
    busy = replace(one, utilisation=even / one.most)
    assert abs(busy.per_million - PRICE) < 1e-9, "At work so much, the card costs what the API asks."
    return {
        "at-work": f"{even / one.most:.0%}",
        "even-volume": f"{even:,.0f}",
        "most-volume": f"{one.most:,.0f}",
    }


@computed(shows="use-cases?chat=ARC-c&good=58")
def the_artefact() -> Texts:
    """The post's scores on ARC Challenge, and a beginning of Good between them."""
    cut = 58.0
    case = cases(chat="ARC-c")[0]
    assert case.pair, "Both models have a score."
    ours, theirs = case.pair.ours.score_pct, case.pair.theirs.score_pct
    assert ours < cut <= theirs, "The threshold lies between the two."
    for cuts in ((CUTS[0], cut, CUTS[2]), (*CUTS[:2], cut)):
        assert case.replaces(cuts) == "no", "Good or Good+ from there on: no replacement."
    alike = cases("mistral-7b-paper", "ARC-c")[0].labels((CUTS[0], cut, CUTS[2]))
    assert alike == (LABELS[1], LABELS[1]), "Mistral's own run gives Moderate to both."
    return {"arc-mistral": f"{ours:.1f}%", "arc-large": f"{theirs:.1f}", "arc-cut": f"{cut:.0f}"}
