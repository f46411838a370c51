"""The formulas of chapter 04 against counting and published numbers."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import facts, swa
from smallmodels.gqa.formulas import kv_cache_bytes


@given(length=st.integers(0, 60), window=st.none() | st.integers(1, 70))
def test_visible_pairs_by_counting(length: int, window: int | None) -> None:
    counted = sum(1 for q in range(length) for k in range(q + 1) if window is None or q - k < window)
    assert swa.visible_pairs(length, window) == counted


@given(distance=st.integers(0, 60), window=st.none() | st.integers(1, 12))
def test_layers_needed_by_walking(distance: int, window: int | None) -> None:
    """Every layer jumps as far as it may; an input at hand needs one layer too."""
    if window == 1 and distance:
        assert swa.hops(distance, window) is None
        return
    left, walked = distance, 0
    while left > 0:
        left, walked = left - (left if window is None else window - 1), walked + 1
    assert swa.hops(distance, window) == max(1, walked)


def test_published_figures_of_the_mistral_paper() -> None:
    assert swa.reach(32, 4096) == 131_040  # where it says "approximately 131K"
    full = kv_cache_bytes(131_072, 32_768)
    assert full / kv_cache_bytes(131_072, 32_768, sliding_window=4096) == 8  # "by 8x"


def test_a_score_and_a_sum_are_two_products_of_a_matrix() -> None:
    """One head of 3 numbers, two tokens, no mask: Q Kᵀ and P V are 2 x 3 x 2, a multiply and an add each."""
    assert swa.attention_flops(pairs=4, n_heads=1, head_dim=3) == 2 * (2 * 2 * 3 * 2)


# RULER's own column "effective length", from its README.
PRINTED = {
    "Llama 3.1 8B": 32_768,
    "Mixtral 8x7B": 32_768,
    "Mistral 7B v0.2": 16_384,
    "Mistral Nemo 12B": 16_384,
}
# And its means over all six lengths, which are worked out there too.
MEANS = {
    "Llama 3.1 8B": 88.3,
    "Mixtral 8x7B": 80.4,
    "Mistral 7B v0.2": 68.4,
    "Mistral Nemo 12B": 66.2,
}


@pytest.mark.parametrize("model", PRINTED)
def test_effective_lengths_are_those_that_ruler_prints(model: str) -> None:
    scores = {row.context_tokens: row.score_pct for row in facts.recall() if row.model == model}
    threshold = next(row.score_pct for row in facts.recall() if row.model == "Llama 2 7B")
    assert len(scores) == 6
    assert swa.effective_length(scores, threshold) == PRINTED[model]
    assert isclose(sum(scores.values()) / 6, MEANS[model], abs_tol=0.051)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: swa.hops(-1, 4), "1 positions ahead"),
        (lambda: swa.reach(0, 4), "must be 1 or more"),
        (lambda: swa.reach(4, 0), "must be 1 or more"),
        (lambda: swa.visible_pairs(-1), "take 0 or more"),
        (lambda: swa.visible_pairs(4, 0), "in 1 or more"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]
