"""The figures of the introduction's and of chapter 01's sentences."""

from smallmodels import facts, words
from smallmodels.benchmarks.formulas import items_needed, z_score
from smallmodels.benchmarks.records import (
    POST,
    WITHIN,
    Pair,
    comparison,
    measured_alike,
    pair,
    primary,
    published,
    report_name,
)
from smallmodels.facts import Score
from smallmodels.figures import Texts, computed
from smallmodels.story import spoken

OURS, THEIRS = facts.model("Mistral 7B"), facts.model("Llama 2 13B")
PAPER, BOARD = "mistral-7b-paper", "open-llm-leaderboard-v1"


def within(found: Pair) -> float:
    """The margin of a pair that may be compared and whose gap may be chance; the sentences say so of it."""
    assert found.verdict()[0] == WITHIN, (
        f"{found.title} in {report_name(found.ours.source_id)} is not within noise."
    )
    assert found.margin is not None
    return found.margin


def measured(score: Score) -> Score:
    """The one figure that a figure of the post was matched to."""
    (match,) = primary(score)
    return match


# What the post is.


@computed()
def post() -> Texts:
    """What the book's tables hold of the post: its date, the tables it prints, its claims by the dozen."""
    printed = [facts.scores, facts.post_factors, facts.post_inference, facts.post_use_cases, facts.post_costs]
    assert any(score.source_id == POST for score in facts.scores())
    return {
        "post-date": spoken(facts.source(POST).date),
        "post-month": words.month(facts.source(POST).date),
        "post-tables": words.number(len(printed)),
        "post-dozens": f"{words.number(round(len(facts.claims()) / 12))} dozen",
    }


@computed()
def sizes() -> Texts:
    """Exact parameter counts of the two models' published weights, in billions."""
    ours, theirs = (model.params_published or 0 for model in (OURS, THEIRS))
    assert 0.5 < ours / theirs < 0.6, "Mistral 7B is little more than half as large as Llama 2 13B."
    return {
        "ours-billions": f"{ours / 1e9:.0f} billion",
        "theirs-billions": f"{theirs / 1e9:.0f}",
        "size-share": "little more than half",
    }


# Who leads.


@computed(shows="head-to-head")
def counts_of_the_post() -> Texts:
    """Counted in the post's first table: its pairs, the smaller model's leads, pairs of two evaluations."""
    found = comparison()
    losses = [pair for pair in found.pairs if pair.gap < 0]
    assert [loss.ours.benchmark for loss in losses] == ["ARC-c"], "The post has one loss, on ARC Challenge."
    assert losses[0].mixed, "That loss is one of the mixed pairs."
    return {
        "post-pairs": words.number(len(found.pairs)),
        "post-wins": words.number(found.n_leads),
        "post-mixed": words.number(found.n_mixed),
    }


@computed()
def alike() -> Texts:
    """How many of the reports to choose from give only comparable pairs of the two models."""
    found = [comparison(source=report) for report in measured_alike()]
    assert [one.source for one in found] == [PAPER, BOARD]
    assert all(one.n_leads > len(one.pairs) / 2 for one in found), "Mistral 7B leads on most tests."
    assert any(one.n_leads < len(one.pairs) for one in found), "It does not lead on all."
    assert not any(one.deficits_beyond for one in found), "Nowhere is it behind by more than noise."
    return {"alike": words.number(len(found))}


@computed(shows="head-to-head?source=mistral-7b-paper")
def counts_of_the_paper() -> Texts:
    """Counted in the Mistral 7B paper's own run: tests, leads, and leads beyond noise at 95% confidence,
    each by itself and all together with Holm's correction.
    """
    found = comparison(source=PAPER)
    assert found.leads_beyond > found.beyond_together, "The correction takes leads away."
    return {
        "paper-pairs": words.number(len(found.pairs)),
        "paper-leads": words.number(found.n_leads),
        "paper-beyond": words.number(found.leads_beyond),
        "paper-together": words.number(found.beyond_together),
    }


@computed(shows="head-to-head?source=open-llm-leaderboard-v1")
def counts_of_the_leaderboard() -> Texts:
    """Counted on the Open LLM Leaderboard: tests, and leads beyond noise at 95% confidence, each by itself
    and all together with Holm's correction.
    """
    found = comparison(source=BOARD)
    assert found.leads_beyond > found.beyond_together, "The correction takes leads away."
    return {
        "board-pairs": words.number(len(found.pairs)),
        "board-beyond": words.number(found.leads_beyond),
        "board-together": words.number(found.beyond_together),
    }


@computed(shows="head-to-head")
def confidence() -> Texts:
    """The confidence that the margins are given at, unless you move it, and what it leaves to chance."""
    asked = comparison().confidence
    assert round(z_score(asked), 2) == 1.96, "The formula in the text has z = 1.96."
    return {"confidence": f"{asked:.0%}", "level": f"{1 - asked:.0%}"}


# The only loss.


@computed(shows="head-to-head")
def loss_in_the_post() -> Texts:
    """ARC Challenge in the post's first table: both scores, and the gap."""
    found = pair("ARC-c")
    ours, theirs = measured(found.ours), measured(found.theirs)
    assert ours.shots == "0", "The first figure was measured with no worked example."
    assert ours.pipeline_id != theirs.pipeline_id, "The second was measured by somebody else."
    return {
        "arc-post-ours": f"{found.ours.score_pct}%",
        "arc-post-theirs": f"{found.theirs.score_pct}%",
        "arc-post-gap": f"{-found.gap:.1f}",
        "arc-shots": theirs.shots,
    }


@computed(shows="head-to-head?source=mistral-7b-paper")
def loss_in_the_paper() -> Texts:
    """ARC Challenge in the Mistral 7B paper's own run: both scores, and the gap."""
    found = pair("ARC-c", PAPER)
    assert found.ours.shots == "0", "The paper's run has no worked example."
    assert found.beyond, "With no examples it is a clear win."
    return {
        "arc-paper-ours": f"{found.ours.score_pct}",
        "arc-paper-theirs": f"{found.theirs.score_pct}",
        "arc-paper-gap": f"{found.gap:.1f}",
    }


@computed(shows="head-to-head?source=open-llm-leaderboard-v1")
def loss_on_the_leaderboard() -> Texts:
    """ARC Challenge on the Open LLM Leaderboard: both scores, the gap, and the questions of the test."""
    found = pair("ARC-c", BOARD)
    within(found)
    assert found.gap > 0, "It is a lead, if a small one."
    assert found.ours.shots == measured(pair("ARC-c").theirs).shots, "As many as behind the post's figure."
    return {
        "arc-board-ours": f"{found.ours.score_pct}",
        "arc-board-theirs": f"{found.theirs.score_pct}",
        "arc-board-gap": f"{found.gap:.1f}",
        "arc-items": f"{found.n_items:,}",
    }


# The narrow wins.


@computed(shows="head-to-head")
def narrow_wins_in_the_post() -> Texts:
    """TruthfulQA, HellaSwag and WinoGrande in the post's first table."""
    truthful, hella, wino = map(pair, ("TruthfulQA", "HellaSwag", "WinoGrande"))
    within(hella)
    assert truthful.gap == min(one.gap for one in comparison().pairs if one.gap > 0), "The narrowest win."
    assert measured(wino.theirs).model == "LLaMA 1 13B", "The figure is another model's."
    return {
        "truthful-post-gap": f"{truthful.gap:.1f}",
        "truthful-post-ours": f"{truthful.ours.score_pct}",
        "truthful-post-theirs": f"{truthful.theirs.score_pct}",
        "hellaswag-gap": words.signed(hella.gap),
        "winogrande-gap": words.signed(wino.gap),
    }


@computed(shows="head-to-head?source=open-llm-leaderboard-v1")
def narrow_win_on_the_leaderboard() -> Texts:
    """TruthfulQA on the Open LLM Leaderboard: both scores, the gap, and its margin at 95% confidence."""
    found, kept = pair("TruthfulQA", BOARD), comparison(source=BOARD).survivors
    assert found.margin is not None
    assert found.margin < found.gap < 1.1 * found.margin, "It is just beyond its margin."
    assert "TruthfulQA" not in [one.ours.benchmark for one in kept], "It is gone once corrected."
    return {
        "truthful-board-ours": f"{found.ours.score_pct}",
        "truthful-board-theirs": f"{found.theirs.score_pct}",
        "truthful-board-gap": f"{found.gap:.1f}",
        "truthful-board-margin": f"{found.margin:.1f}",
    }


@computed(shows="head-to-head?source=mistral-7b-paper")
def winogrande_in_the_paper() -> Texts:
    """WinoGrande in the Mistral 7B paper's own run, with Llama 2 13B in its own right."""
    found = pair("WinoGrande", PAPER)
    within(found)
    return {"winogrande-paper-gap": words.signed(found.gap)}


# The same weights, many scores.


@computed(shows="spread")
def gsm8k() -> Texts:
    """The highest less the lowest of the published GSM8K scores of Mistral 7B that we found: of all, and of
    those with one answer to each question.
    """
    found = published()
    assert list(found.scores[: len(found.voted)]) == found.voted, "The voted scores are the highest."
    assert {score.metric for score in found.voted} == {"maj@8"}, "They took the majority of eight answers."
    return {
        "gsm8k-width": f"{found.width:.1f}",
        "gsm8k-voted": words.number(len(found.voted)),
        "gsm8k-one-answer-width": f"{found.one_answer_width:.1f}",
    }


@computed(shows="head-to-head?source=open-llm-leaderboard-v1")
def gsm8k_on_the_leaderboard() -> Texts:
    """Mistral 7B less Llama 2 13B on GSM8K, both on the Open LLM Leaderboard."""
    gap, width = pair("GSM8K", BOARD).gap, published().one_answer_width
    assert 0.9 < width / gap < 1.1, "The evaluation moves a score about as far as the model does."
    return {"gsm8k-board-gap": f"{gap:.1f}"}


@computed(shows="provenance")
def gsm8k_in_the_post() -> Texts:
    """GSM8K in the post's first table, and the year of the only source found for the first figure."""
    found = pair("GSM8K")
    later = facts.source(measured(found.ours).source_id)
    assert later.id == "gemma-report", "The only source found is Google's Gemma report."
    assert later.date > facts.source(POST).date, "It is later than the post."
    assert not found.theirs.matches, "No source was found for Llama's figure."
    return {
        "gsm8k-post-ours": f"{found.ours.score_pct}",
        "gsm8k-post-theirs": f"{found.theirs.score_pct}",
        "gsm8k-source-year": later.date[:4],
    }


# Exercises.


@computed(shows="head-to-head?source=mistral-7b-paper")
def smallest_gap() -> Texts:
    """The smallest gap of the Mistral 7B paper's own run, its margin, and the questions the test has; the
    questions it would need are these times the square of margin over gap.
    """
    found = min(comparison(source=PAPER).pairs, key=lambda one: abs(one.gap))
    assert found.gap < 0, "Exercise 3 has it as the one test on which Mistral 7B trails."
    assert comparison(source=PAPER).n_leads == len(comparison(source=PAPER).pairs) - 1
    needed = items_needed(found.gap, within(found), found.n_items or 0)
    return {
        "smallest-gap": f"{abs(found.gap):.1f}",
        "smallest-test": found.title,
        "smallest-margin": f"{within(found):.1f}",
        "smallest-items": f"{found.n_items:,}",
        "smallest-needed": f"{round(needed, -5):,.0f}",
    }


@computed(shows="head-to-head?source=mistral-7b-paper")
def long_and_short() -> Texts:
    """HumanEval and MMLU in the Mistral 7B paper's own run: the gaps, also in standard errors."""
    short, long = pair("HumanEval", PAPER), pair("MMLU", PAPER)
    assert short.gap > long.gap, "The larger gap is the short test's."
    assert (short.deviations or 0) < (long.deviations or 0), "The smaller gap is the surer one."
    return {
        "humaneval-gap": f"{short.gap:.1f}",
        "humaneval-deviations": f"{short.deviations:.1f}",
        "mmlu-gap": f"{long.gap:.1f}",
        "mmlu-items": f"{long.n_items:,}",
        "mmlu-deviations": f"{long.deviations:.1f}",
    }


# What the other chapters answer, in the introduction's list.


@computed()
def other_chapters() -> Texts:
    """KV heads of Mistral 7B over its heads; the post's price of Mistral 7B against that of Llama 2 13B."""
    price = {row.model: row.price_per_million for row in facts.post_costs()}
    saved = 1 - price[OURS.name] / price[THEIRS.name]
    assert OURS.n_heads % OURS.n_kv_heads == 0
    return {
        "cache-share": words.share(OURS.n_heads // OURS.n_kv_heads),
        "price-saved": words.share(round(1 / saved)),
    }
