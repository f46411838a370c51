"""The figures of the introduction's and of chapter 01's sentences."""

from math import hypot

from smallmodels import facts, words
from smallmodels.benchmarks.formulas import (
    CHANCE,
    detectable_gap,
    gap_error,
    items_needed,
    standard_error,
    z_score,
)
from smallmodels.benchmarks.items import EXAMPLE, read_items
from smallmodels.benchmarks.records import (
    POST,
    WITHIN,
    Pair,
    comparison,
    measured_alike,
    measured_correlation,
    pair,
    primary,
    published,
    report_name,
    scores_of,
)
from smallmodels.facts import Score
from smallmodels.figures import Texts, computed
from smallmodels.story import spoken

OURS, THEIRS = facts.model("Mistral 7B"), facts.model("Llama 2 13B")
PAPER, BOARD, BOARD_2 = "mistral-7b-paper", "open-llm-leaderboard-v1", "open-llm-leaderboard-v2"
MIXTRAL = "mixtral-paper"


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
    assert [one.source for one in found] == [PAPER, BOARD, BOARD_2, MIXTRAL]
    assert all(one.n_leads > len(one.pairs) / 2 for one in found), "Mistral 7B leads on most tests."
    assert any(one.n_leads < len(one.pairs) for one in found), "It does not lead on all."
    return {"alike": words.number(len(found))}


@computed(shows="head-to-head?source=open-llm-leaderboard-v2")
def counts_of_the_second_leaderboard() -> Texts:
    """Counted on the Open LLM Leaderboard's second version: tests, leads, and the test it trails on."""
    found = comparison(source=BOARD_2)
    (loss,) = [pair for pair in found.pairs if pair.gap < 0]
    within(loss)
    assert loss.title == "IFEval"
    return {"board2-pairs": words.number(len(found.pairs)), "board2-leads": words.number(found.n_leads)}


@computed(shows="head-to-head?source=mixtral-paper")
def deficit_of_the_mixtral_paper() -> Texts:
    """TriviaQA in the Mixtral paper's own run: how far Mistral 7B trails, and its margin at 95%."""
    loss = pair("TriviaQA", MIXTRAL)
    assert loss.gap < 0, "Mistral 7B trails."
    assert loss.beyond, "It does so by more than noise."
    every = [comparison(source=report) for report in measured_alike()]
    assert sum(one.deficits_beyond for one in every) == 1, "It is the only such deficit."
    return {"mixtral-trivia-gap": f"{-loss.gap:.1f}", "mixtral-trivia-margin": f"{loss.margin:.1f}"}


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


# Pairs and clusters, and how long a test must be.

TOGETHER = "head-to-head?source=mistral-7b-paper&correlation=0.54"


@computed()
def correlations() -> Texts:
    """The correlation of two models' results over the items of a test, as far as anyone gives it."""
    measured = measured_correlation()
    assert measured.verified == "no", "The sentence says that its source was not noted."
    assert f"correlation={measured.low:g}" in TOGETHER, "The links lead to this value."
    assert measured.low == measured.high
    told = next(found for found in facts.correlations() if found.id == "frontier")
    return {
        "correlation": f"{measured.low:g}",
        "correlation-items": f"{measured.n_items:,}",
        "correlation-low": f"{told.low:g}",
        "correlation-high": f"{told.high:g}",
    }


@computed(shows=TOGETHER)
def turned_by_pairing() -> Texts:
    """WinoGrande and PIQA in the Mistral 7B paper's own run: gap, margin from averages, and margin with the
    measured correlation; how many leads are beyond noise then, one by one and together.
    """
    found = comparison(source=PAPER, correlation=measured_correlation().low)
    assert [one.title for one in found.turned] == ["WinoGrande", "PIQA"], "Two verdicts turn."
    wino, piqa = found.turned
    assert wino.beyond, "They turn to beyond noise."
    assert piqa.beyond, "They turn to beyond noise."
    return {
        "turned": words.number(len(found.turned)),
        "wino-gap": f"{wino.gap:.1f}",
        "wino-apart": f"{within(pair('WinoGrande', PAPER)):.2f}",
        "wino-paired": f"{wino.margin:.2f}",
        "piqa-gap": f"{piqa.gap:.1f}",
        "piqa-apart": f"{within(pair('PIQA', PAPER)):.2f}",
        "piqa-paired": f"{piqa.margin:.2f}",
        "paired-beyond": words.number(found.leads_beyond),
        "paired-together": words.number(found.beyond_together),
    }


@computed(shows="paired")
def pasted_example() -> Texts:
    """The made-up results that the widget starts with: items, clusters, the gap and its three margins."""
    found, z = read_items(EXAMPLE), z_score(comparison().confidence)
    assert found.clustered is not None
    apart, together, clustered = (z * error for error in (found.apart, found.paired, found.clustered))
    assert together < found.gap < clustered < apart, "Pairs turn the verdict, clusters turn it back."
    return {
        "pasted-items": f"{len(found.a)}",
        "pasted-clusters": words.number(found.n_clusters),
        "pasted-gap": f"{found.gap:.1f}",
        "pasted-apart": f"{apart:.1f}",
        "pasted-paired": f"{together:.1f}",
        "pasted-clustered": f"{clustered:.1f}",
    }


@computed(shows="power")
def what_tests_can_show() -> Texts:
    """The true gaps that HumanEval and MMLU show as beyond noise at 95% confidence with a chance of 80%,
    near the scores of the Mistral 7B paper's own run.
    """
    short, long = pair("HumanEval", PAPER), pair("MMLU", PAPER)
    can = {one.title: detectable_gap(mean_score(one), one.n_items or 0) for one in (short, long)}
    assert short.beyond, "HumanEval's gap is beyond noise all the same."
    assert short.gap < can[short.title], "It is smaller than what the test shows reliably."
    return {
        "power-humaneval": f"{can[short.title]:.1f}",
        "power-humaneval-items": f"{short.n_items}",
        "power-mmlu": f"{can[long.title]:.1f}",
        "power-chance": f"{CHANCE:.0%}",
    }


def mean_score(found: Pair) -> float:
    """Halfway between the two scores, in percent."""
    return (found.ours.score_pct + found.theirs.score_pct) / 2


# The same weights, many scores.


def score_by(model: str, benchmark: str, pipeline: str, metric: str = "") -> float:
    """The one score of a model on a benchmark in one run, of several metrics the one that is named."""
    found = [s for s in scores_of(model) if (s.benchmark, s.pipeline_id) == (benchmark, pipeline)]
    (score,) = [s for s in found if metric in ("", s.metric)]
    return score.score_pct


@computed(shows="spread?benchmark=HellaSwag")
def three_hellaswags() -> Texts:
    """HellaSwag of Mistral 7B and Llama 2 13B: on the leaderboard (likelihoods divided by length), undivided,
    and with the letter of the ending written out.
    """
    ours, theirs = (
        [score_by(model, "HellaSwag", run) for run in (BOARD, "auto-round", "opencompass")]
        for model in (OURS.name, THEIRS.name)
    )
    assert ours[0] > theirs[0], "Mistral 7B leads by likelihoods."
    assert ours[1] > theirs[1], "It leads by likelihoods that are not divided."
    n_items = facts.eval_set("HellaSwag", "validation").n_items or 0
    lost = theirs[2] - ours[2]
    assert lost > z_score(0.95) * gap_error(ours[2], theirs[2], n_items), "It trails by more than noise."
    return {
        "hellaswag-normalised": f"{ours[0]:.1f}",
        "hellaswag-plain": f"{ours[1]:.1f}",
        "hellaswag-letter": f"{ours[2]:.1f}",
        "hellaswag-letter-theirs": f"{theirs[2]:.1f}",
    }


@computed(shows="spread?model=LLaMA+1+65B&benchmark=MMLU")
def three_mmlus() -> Texts:
    """MMLU of LLaMA 1 65B in three public programs, as Hugging Face ran them in June 2023."""
    runs = {"harness": "mmlu-harness-2023", "helm": "mmlu-helm", "original": "mmlu-original"}
    scores = {name: score_by("LLaMA 1 65B", "MMLU", run) for name, run in runs.items()}
    assert min(scores, key=lambda name: scores[name]) == "harness"
    return {f"mmlu-{name}": f"{score:.1f}" for name, score in scores.items()}


@computed(shows="spread?benchmark=GSM8K")
def gsm8k() -> Texts:
    """The highest less the lowest of the published GSM8K scores of Mistral 7B that we found: of all, and of
    those with one answer to each question.
    """
    found = published()
    assert list(found.scores[: len(found.voted)]) == found.voted, "The voted scores are the highest."
    assert {score.metric for score in found.voted} == {"maj@8"}, "They took the majority of eight answers."
    return {
        "gsm8k-missed": f"{score_by(OURS.name, 'GSM8K', 'deepseekmath-paper'):.1f}",
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


@computed()
def leaks() -> Texts:
    """GSM8K less GSM1k, newly written questions of its kind, by GSM1k's authors; the standard error takes the
    leaderboard's score for both.
    """
    excess = {leak.model: leak for leak in facts.leaks()}
    ours, theirs = excess[OURS.name], excess[THEIRS.name]
    score, n_items = score_by(OURS.name, "GSM8K", BOARD), facts.eval_set("GSM8K", "test").n_items or 0
    error = hypot(standard_error(score, n_items), standard_error(score, ours.n_twin))
    assert 1 < ours.excess_points / error < z_score(0.95), "It is within noise."
    return {
        "leak-ours": f"{ours.excess_points:.1f}",
        "leak-ours-errors": f"{ours.excess_points / error:.1f}",
        "leak-small": f"{excess['Llama 2 7B'].excess_points:.1f}",
        "leak-theirs": words.signed(theirs.excess_points),
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
