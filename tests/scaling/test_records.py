"""What lies between formulas and tables, against counts by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printed import LLAMA_2_13B, MISTRAL_7B, WITHOUT_EMBEDDINGS, independent_loss

from smallmodels import facts, memory, scaling
from smallmodels.scaling import LAWS


def test_without_embeddings_the_counts_are_those_made_by_hand():
    for total, inner in WITHOUT_EMBEDDINGS.items():
        assert scaling.non_embedding(total) == inner


@given(st.floats(1e8, 1e12), st.floats(1.0001, 2))
def test_parameters_without_embeddings_are_fewer_and_grow(n, factor):
    assert 0 < scaling.non_embedding(n) < n
    assert scaling.non_embedding(n * factor) > scaling.non_embedding(n)


def test_a_model_whose_tokens_nobody_gives_gets_one_sentence():
    with pytest.raises(ValueError, match="Nobody published on how many tokens Code Llama 7B was trained"):
        scaling.contender("Code Llama 7B")


@pytest.mark.parametrize("name", ["LLaMA 1 33B", "LLaMA 1 65B", "Llama 2 70B"])
def test_every_dense_model_with_llamas_vocabulary_is_counted_exactly(name):
    shape = facts.model(name)
    total = memory.model_parameters(shape)
    assert scaling.non_embedding(total) == total - 2 * shape.vocab_size * shape.d_model


def test_the_laws_are_those_of_both_size_and_data():
    forms = {one.id: one.form for one in facts.laws()}
    assert set(LAWS) == {id for id, form in forms.items() if form.startswith("L =") and {*"ND"} <= {*form}}
    assert [id for _, id in scaling.budget_law_choices()] == [*reversed(LAWS[1:])]


def test_at_equal_compute_the_13b_wins_under_every_law():
    """Worked out from the printed constants: the 7B reads as many tokens more as it has fewer parameters."""
    tokens = 2e12 * LLAMA_2_13B / MISTRAL_7B
    assert round(tokens / 1e12, 2) == 3.59
    gaps = [independent_loss(id, MISTRAL_7B, tokens) - independent_loss(id, LLAMA_2_13B, 2e12) for id in LAWS]
    assert [round(gap, 3) for gap in gaps] == [0.087, 0.010, 0.013, 0.020]
    ours, theirs = scaling.contenders(d_challenger=tokens / 1e12)
    assert ours.training == pytest.approx(theirs.training)
    for id, gap in zip(LAWS, gaps, strict=True):
        assert scaling.Match(scaling.law(id), ours, theirs).gap == pytest.approx(gap, rel=1e-6)


def test_a_smaller_model_repays_its_training_where_both_bills_are_equal():
    ours, theirs = scaling.contenders()
    goal = scaling.Goal(scaling.law("besiroglu"), theirs)
    served = goal.repaid(ours.n_params)
    small = goal.of_size(ours.n_params, served)
    assert small.total == pytest.approx(6 * LLAMA_2_13B * 2e12 + 2 * LLAMA_2_13B * served)
    assert small.n_tokens == pytest.approx(
        scaling.law("besiroglu").tokens_to_match(MISTRAL_7B, LLAMA_2_13B, 2e12)
    )
    assert goal.repaid(theirs.n_params) is None  # no smaller than the baseline
    assert goal.repaid(1e8) is None  # no amount of data brings it there


def test_the_runs_behind_the_refit_are_counted_alike_wherever_they_are_told():
    refit = facts.law("besiroglu")
    told = next(one.note for one in facts.laws() if one.id == "besiroglu")
    assert [int(n) for n in re.findall(r"\b\d{3}\b", told)[:2]] == [refit["n_runs_fitted"], refit["n_runs"]]
    assert f"holds {refit['n_runs']:.0f} runs" in facts.source("epoch-notebook").note


@pytest.mark.parametrize("size", [None, "7B", 0, -1e9, float("nan")])
def test_what_is_no_size_has_no_embeddings(size):
    with pytest.raises(ValueError, match=r"^`n_params` is .*; choose .*number"):
        scaling.non_embedding(size)
