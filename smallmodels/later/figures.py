"""Chapter 07: the figures of its sentences."""

from math import ceil

from smallmodels import facts, later, words
from smallmodels.figures import Texts, computed
from smallmodels.later import (
    BEYOND,
    BIG,
    CONFIDENCE,
    LEAST_STEP,
    LIMIT,
    UNKNOWN,
    WITHIN,
    Crossing,
    Forecast,
    Staircase,
    size,
)
from smallmodels.story import bounds, months, spoken

THRESHOLD = 69.8  # what the staircase begins with: Llama 2 70B's MMLU, rounded down to a tenth
POST_DAY = facts.source("post").date
GPT_3, FALCON, BLOOM = "GPT-3 175B", "Falcon 180B", "BLOOM 176B"


def since_post(day: str) -> float:
    """Months from the post to a day; negative before it."""
    return months((bounds(day)[0] - bounds(POST_DAY)[0]).days)


def on(found: Forecast, test: str) -> Crossing:
    """The crossing of one test."""
    return next(one for one in found.crossings if one.test == test)


def stairs_of(run: str = later.ANY) -> Staircase:
    """The chapter's staircase."""
    return later.stairs(THRESHOLD, run)


@computed(shows="crossings")
def the_limit() -> Texts:
    """What counts here: as a 13B, as beyond noise, as a step; and from which day to which."""
    largest = max(e.of.billions for one in later.crossed() for e in one.small)
    assert 13.0 < largest <= LIMIT, "What passes for a 13B reaches up to the limit."
    return {
        "limit": f"{LIMIT:g}",
        "confidence": f"{CONFIDENCE:.0%}",
        "least-step": f"{1 - LEAST_STEP:.0%}",
        "post-day": spoken(POST_DAY),
        "today": words.month(f"{later.latest_day()}"),
    }


@computed(shows="crossings")
def first_crossings() -> Texts:
    """Tests of the Open LLM Leaderboard v1 on which some 15B or less tops Llama 2 70B, and since when."""
    found = later.forecast()
    exams, maths, code = (on(found, test) for test in ("MMLU", "GSM8K", "HumanEval"))
    assert all(one.verdict == BEYOND for one in (exams, maths, code)), "Exams, maths and code are crossed."
    within = since_post(max((one.day for one in (exams, maths, code)), key=lambda day: bounds(day)[0]))
    early = [one for one in found.above if since_post(one.day) < 0]
    assert all(0 < -since_post(one.day) < 2 for one in early), "They are called weeks old."
    qwen = {one.first.of.model for one in early if one.first} - {"Code Llama 7B"}
    assert qwen == {"Qwen 7B", "Qwen 14B"}
    assert facts.release("Qwen 14B").release_date < POST_DAY
    return {
        "above-digits": f"{len(found.above)} of {len(found.crossings)}",
        "tests": words.number(len(found.crossings)),
        "beyond": words.number(len(found.beyond)),
        "within": words.number(ceil(within)),
        "early": words.number(len(early)).capitalize(),
        "exams-first": exams.first.of.model if exams.first else "",
        "exams-day": spoken(exams.day),
        "maths-first": maths.first.of.model if maths.first else "",
        "maths-days": words.count((bounds(POST_DAY)[0] - bounds(maths.day)[0]).days, "day"),
    }


@computed(shows="crossings")
def common_sense() -> Texts:
    """Where no model of at most 15B is above Llama 2 70B, or by less than noise, on the same leaderboard."""
    found = later.forecast()
    endings, pronouns, science = (on(found, test) for test in ("HellaSwag", "WinoGrande", "ARC-c"))
    assert {one.test for one in found.lost} == {endings.test, science.test}
    assert pronouns.verdict == WITHIN
    assert pronouns.first is not None
    return {
        "endings-behind": f"{-endings.gap:.1f}",
        "science-behind": f"{-science.gap:.1f}",
        "pronouns-first": pronouns.first.of.model,
        "pronouns-ahead": f"{pronouns.gap:.2f}",
        "one-model": words.number(found.all_round[1]),
    }


@computed(shows="crossings?big=GPT-3%20175B&limit=75&run=quoted")
def older_forecast() -> Texts:
    """Tests on which a model of at most 75B has a higher printed figure than GPT-3 175B, and since when."""
    found = later.forecast(GPT_3, 75, "quoted")
    assert len(found.above) == len(found.crossings)
    assert all(one.verdict == UNKNOWN for one in found.above)
    exam = on(found, "MMLU")
    small = later.forecast(GPT_3, LIMIT, "quoted")
    by_llama = [
        one
        for one in small.crossings
        if any(e.of.model == "LLaMA 1 13B" and e.pct > one.big.pct for e in one.small)
    ]
    assert exam.first is not None
    assert since_post(exam.day) < 0
    return {
        "quoted-first": exam.first.of.model,
        "quoted-day": words.month(exam.day),
        "quoted-before": words.number(round(-since_post(exam.day))),
        "thirteen-won": words.number(len(by_llama)),
        "thirteen-of": words.number(len(small.crossings)),
        "thirteen-day": words.month(facts.release("LLaMA 1 13B").release_date),
    }


@computed(shows="crossings?big=Falcon%20180B&limit=75")
def measured_giants() -> Texts:
    """On the same leaderboard: tests on which a model of at most 75B tops Falcon, or one of 15B BLOOM."""
    falcon, bloom = later.forecast(FALCON, 75), later.forecast(BLOOM, LIMIT)
    assert len(bloom.above) == len(bloom.crossings)
    assert 2 * len(falcon.lost) == len(falcon.crossings), "It is said to keep half."
    return {
        "falcon-tests": words.number(len(falcon.crossings)),
        "bloom-tests": words.number(len(bloom.crossings)),
    }


@computed(shows="behind?run=meta-2024&limit=9")
def still_lost() -> Texts:
    """Tests of Meta's run of 2024 on which its 8B is below its own Llama 2 70B, and by how much."""
    found = later.forecast(BIG, 9, "meta-2024")
    assert {one.best.of.model for one in found.lost if one.test != "QuAC"} == {"Llama 3 8B"}
    assert [one.test for one in found.above] == ["BoolQ"]
    recall, reading = (on(found, test) for test in ("TriviaQA", "DROP"))
    assert min(one.gap for one in found.crossings) == reading.gap
    return {
        "meta-lost": words.number(len(found.lost)),
        "meta-tests": words.number(len(found.crossings)),
        "trivia-behind": f"{-recall.gap:.1f}",
        "drop-behind": f"{-reading.gap:.1f}",
        "exam-behind": f"{-on(found, 'MMLU').gap:.1f}",
    }


@computed(shows="staircase")
def shrinking() -> Texts:
    """Parameters of the smallest model with Llama 2 70B's MMLU, and the months in which they halve."""
    found = stairs_of()
    fitted, first, last = found.fitted, found.steps[0].of, found.steps[-1].of
    assert fitted
    assert fitted.low
    assert fitted.high
    assert first.model == BIG
    assert fitted.low > later.latest_law(), "The interval is said to leave the published pace out."
    still = months((later.latest_day() - last.day).days)
    return {
        "threshold": f"{THRESHOLD:g}",
        "first-size": size(first.total),
        "last-size": size(last.total),
        "last-model": last.model,
        "span": f"{found.months[-1]:.0f}",
        "halving": f"{fitted.halving:.1f}",
        "halving-low": f"{fitted.low:.1f}",
        "halving-high": f"{fitted.high:.0f}",
        "still": f"{still:.0f}",
        "until-today": f"{found.until_today:.1f}",
    }


@computed(shows="staircase?run=leaderboard-v1")
def shrinking_in_one_run() -> Texts:
    """The same within the Open LLM Leaderboard v1, which ended in 2024."""
    found = stairs_of("leaderboard-v1")
    fitted = found.fitted
    assert fitted
    assert fitted.low
    assert fitted.high
    assert fitted.low < later.latest_law() < fitted.high, "One run agrees with the published pace."
    return {
        "one-run": f"{fitted.halving:.1f}",
        "one-run-low": f"{fitted.low:.1f}",
        "one-run-high": f"{fitted.high:.1f}",
        "one-run-span": words.number(round(found.months[-1])),
    }


@computed(shows="rates")
def the_law() -> Texts:
    """The densing law's months to half, and the size to which it leads by the latest day of the data."""
    found, paces = stairs_of(), {pace.claim.id: pace for pace in later.paces()}
    law, earlier = later.latest_law(), paces["densing-preprint"].months
    assert earlier
    assert earlier < law
    assert paces["densing-journal"].months == law
    would, smallest = found.led_to(law), found.steps[-1].of.total
    matched, adjusted = paces["matched-price"].months, paces["quality-adjusted-price"].months
    compute = paces["epoch-compute"]
    assert matched
    assert adjusted
    assert compute.low
    assert compute.high
    assert compute.months
    return {
        "law": f"{law:g}",
        "law-earlier": f"{earlier:g}",
        "would": f"{would / 1e6:.0f} million",
        "too-large": f"{smallest / would:.0f}",
        "compute": f"{compute.months:g}",
        "compute-low": f"{compute.low:g}",
        "compute-high": f"{compute.high:g}",
        "matched-years": words.number(round(matched / 12)),
        "adjusted": f"{adjusted:.0f}",
    }


@computed(shows="experts?run=qwen3")
def by_both_sizes() -> Texts:
    """A mixture of experts and the dense models of the same makers and run, by size and score."""
    (qwen,), _ = later.mixtures("qwen3", "MMLU")
    (early, _), _ = later.mixtures("deepseek", "MMLU")
    of, tokens = qwen.entry.of, early.entry.of
    assert (qwen.nearest.of.model, early.nearest.of.model) == ("Qwen3 14B", "DeepSeek LLM 7B")
    positions = [one.position for one in (qwen, early)]
    return {
        "qwen-active": f"{of.active / 1e9:.1f}",
        "qwen-total": f"{of.billions:.1f}",
        "deepseek-active": f"{tokens.active / 1e9:.1f}",
        "deepseek-total": f"{tokens.billions:.1f}",
        "deepseek-behind": f"{-early.gap:.1f}",
        "between-low": f"{min(positions):.2f}",
        "between-high": f"{max(positions):.2f}",
    }


@computed(shows="prices")
def rents() -> Texts:
    """Offers of cards by the hour that fell, stayed or rose, from the first sight to the last."""
    found = later.courses("card")
    lambdas = [one for one in found if one.provider == "Lambda"]
    assert all(one.change > 0 for one in lambdas), "Each of Lambda's is said to have risen."
    old = next(one for one in lambdas if one.offer == "A100 40GB")
    return {
        "cards": words.number(len(found)),
        "cards-fell": words.number(sum(one.change < 0 for one in found)),
        "cards-rose": words.number(sum(one.change > 0 for one in found)),
        "lambda-offers": words.number(len(lambdas)),
        "a100-first": f"{old.seen[0].price:.2f}",
        "a100-last": f"{old.seen[-1].price:.2f}",
        "a100-years": words.number(round(old.span_months / 12)),
    }


@computed(shows="prices?kind=tokens")
def tokens() -> Texts:
    """Offers of a million tokens that fell, stayed or rose, and one model followed at one seller."""
    found = later.courses("tokens")
    late = [one for one in found if one.seen[0].date >= "2025"]
    assert late
    assert all(one.change >= 0 for one in late), "None seen from 2025 on is said to have fallen."
    llama = next(one for one in found if one.name == "Together, Llama 3.1 8B Turbo")
    assert llama.change == 0
    return {
        "offers-late": words.number(len(late)),
        "together-price": f"{llama.seen[0].price:.2f}",
        "together-months": f"{llama.span_months:.0f}",
    }


@computed(shows="staircase?threshold=60")
def an_exercise_in_thresholds() -> Texts:
    """Months to half at another threshold, from PaLM's and from Chinchilla's size."""
    found = later.stairs(60.0)
    index = next(pace for pace in later.paces() if pace.claim.id == "ai-index-size")
    fitted, claim = found.fitted, index.claim
    assert fitted
    assert index.months
    assert claim.from_value
    assert claim.to_value
    assert found.steps[0].of.day < bounds(claim.from_date)[0], "The smaller model came first."
    honest = later.halving_months(
        found.steps[0].of.total,
        claim.to_value,
        months((bounds(claim.to_date)[0] - found.steps[0].of.day).days),
    )
    return {
        "index-months": f"{index.months:.1f}",
        "index-level": f"{found.threshold:g}%",
        "index-from": f"{claim.from_value / 1e9:.0f}",
        "index-to": f"{claim.to_value / 1e9:.1f}",
        "index-honest": f"{honest:.1f}",
        "sixty-first": found.steps[0].of.model,
        "sixty-halving": f"{fitted.halving:.1f}",
    }


@computed(shows="rates")
def an_exercise_in_reach() -> Texts:
    """Halvings from the post to the latest day of the data at the densing law's pace."""
    span = months((later.latest_day() - bounds(POST_DAY)[0]).days)
    halvings, model = span / later.latest_law(), facts.model("Mistral 7B")
    embedding = model.vocab_size * model.d_model
    assert later.sized(model.name).total / 2**halvings < embedding
    return {
        "embedding": f"{embedding / 1e6:.0f}",
        "reach-months": f"{span:.0f}",
        "reach-halvings": f"{halvings:.1f}",
        "reach-size": f"{later.sized(model.name).total / 2**halvings / 1e6:.0f}",
    }
