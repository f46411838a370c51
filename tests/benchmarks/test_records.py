"""Pairs, comparisons and published scores against counts made by hand from the reports."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import benchmarks, facts
from smallmodels.benchmarks import MIXED, REPORTS, comparison, published, records, tables

model = st.sampled_from(benchmarks.models())


@given(model, model, st.sampled_from(REPORTS))
def test_a_comparison_counts_its_pairs(challenger, baseline, source):
    found = comparison(challenger, baseline, source)
    assert found.n_leads == [pair.leader for pair in found.pairs].count(challenger)
    assert found.n_mixed == [pair.verdict()[0] for pair in found.pairs].count(MIXED)
    assert found.leads_beyond + found.deficits_beyond == sum(pair.beyond for pair in found.pairs)
    # Holm's correction takes away, never adds, and takes the smallest first.
    assert found.beyond_together == len(found.survivors) <= found.leads_beyond + found.deficits_beyond
    weakest = min((abs(pair.deviations) for pair in found.survivors), default=0)
    others = [abs(pair.deviations or 0) for pair in found.pairs if pair not in found.survivors]
    assert all(other <= weakest for other in others) or not found.survivors


@pytest.mark.parametrize(
    ("report", "beyond", "together"), [("mistral-7b-paper", 7, 6), ("open-llm-leaderboard-v1", 4, 2)]
)
def test_beyond_noise_one_by_one_and_together(report, beyond, together):
    found = comparison(source=report)
    assert (found.leads_beyond, found.beyond_together) == (beyond, together)


# Margins in points at 95%, by hand: 1.96 sqrt(s1^2 + s2^2 - 2 r s1 s2), s from scores and lengths.
TURNS = {"WinoGrande": (2.4, 3.41, 2.31), "PIQA": (2.2, 2.49, 1.69)}


def test_two_verdicts_of_mistrals_paper_turn_at_the_published_correlation():
    apart, together = (comparison(source="mistral-7b-paper", correlation=r) for r in (0, 0.54))
    turned = {
        then.title: (now.gap, round(then.margin, 2), round(now.margin, 2))
        for then, now in zip(apart.pairs, together.pairs, strict=True)
        if then.verdict()[0] != now.verdict()[0]
    }
    assert turned == TURNS
    assert (apart.leads_beyond, together.leads_beyond) == (7, 9)


def test_one_answer_scores_of_gsm8k_lie_as_far_apart_as_by_hand():
    found = published()
    assert [score.score_pct for score in found.voted] == [52.2, 50.0]
    assert found.one_answer_width == pytest.approx(47.61 - 33.13)
    assert found.width == pytest.approx(52.2 - 33.13)
    assert published("Mistral 7B", "GSM8K").n_items == 1319


def test_nothing_published_has_no_width():
    nothing = published("Mistral 7B", "DROP")
    assert (nothing.scores, nothing.width, nothing.n_items) == ((), 0.0, None)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: published(benchmark="chess"), "There is no benchmark 'chess'"),
        (lambda: benchmarks.pair("MATH"), "The post has no MATH of both; it has MMLU, HellaSwag, ARC-c ("),
        (lambda: benchmarks.pair("chess"), "There is no benchmark 'chess' here; choose one of MMLU, "),
        (lambda: published(benchmark="chess"), "ARC-c (ARC Challenge), "),
        (lambda: comparison("GPT-5"), "There is no model 'GPT-5'"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(ask, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        ask()


def test_what_chapter_01_says_in_words_of_the_mixtral_paper():
    """TriviaQA changed sides there, and most of Llama's figures are the ones of the paper before."""
    then, later = (
        {s.benchmark: s.score_pct for s in facts.scores() if (s.model, s.pipeline_id) == ("Llama 2 13B", run)}
        for run in ("mistral-7b-paper", "mixtral-paper")
    )
    mistral = {
        s.benchmark: s.score_pct for s in facts.scores() if s.id.startswith("mixtral-paper/mistral-7b/")
    }
    assert later["TriviaQA"] > mistral["TriviaQA"]
    assert sum(then[name] == score for name, score in later.items()) > len(later) / 2
    assert "mixtral-paper" in benchmarks.measured_alike()


@pytest.mark.parametrize("found", comparison(source="mistral-7b-paper").pairs, ids=lambda found: found.title)
def test_a_pair_is_found_by_the_title_it_bears(found):
    assert benchmarks.pair(found.title, "mistral-7b-paper") == found
    assert benchmarks.pair(found.ours.benchmark, "mistral-7b-paper") == found


def test_every_pair_that_a_report_holds_is_reached_through_open_choices_and_no_other() -> None:
    full = {
        (a, b, r)
        for a, b, r in product(records.models(), records.models(), records.REPORTS)
        if tables.head_to_head(a, b, r).rows
    }
    reached = {("Mistral 7B", "Llama 2 13B", "post")}
    todo = list(reached)
    while todo:
        now = dict(zip(("challenger", "baseline", "report"), todo.pop(), strict=True))
        for name, choice in records.choices(**now).items():
            for value in choice.values:
                then = tuple({**now, name.replace("source", "report"): value}.values())
                if then not in reached:
                    reached.add(then)
                    todo.append(then)
    assert reached == full


def test_the_nearest_of_a_state_that_shows_nothing_shows_something() -> None:
    for a, b, r in product(records.models(), ("Llama 2 13B", "Gemma 7B"), records.REPORTS):
        if not tables.head_to_head(a, b, r).rows:
            state = {"challenger": a, "baseline": b, "source": r, **records.nearest(a, b, r)}
            assert tables.head_to_head(**state).rows
