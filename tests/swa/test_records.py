"""The records of chapter 04 against counts made another way."""

from typing import Any

import pytest

from smallmodels import facts, gqa, swa


def test_a_model_qualifies_by_its_row() -> None:
    """Of those read in their source, all but the ones with a window in some layers only."""
    mixed = {"Gemma 2 2B", "Gemma 2 9B", "Gemma 2 27B"}
    read = {shape.name for shape in facts.models() if shape.verified == "yes"}
    assert mixed < read
    assert set(gqa.MODELS) == read - mixed


@pytest.mark.parametrize("model", gqa.MODELS)
def test_a_models_contexts_do_not_contradict_each_other(model: str) -> None:
    context = swa.Context(facts.model(model))
    assert context.trained <= context.configured
    assert context.shown <= context.configured
    assert context.shown <= context.heard
    assert context.found is None or context.recall[0].context_tokens <= context.found


def test_a_yardstick_finds_in_its_whole_context_and_the_untested_say_nothing() -> None:
    assert swa.Context(facts.model("Llama 2 7B")).found == 4096
    assert swa.Context(facts.model("Mistral 7B v0.2")).found == 16_384
    assert swa.Context(facts.model("Mistral 7B")).found is None


def test_a_sight_divides_the_inputs_without_gap_or_overlap() -> None:
    sight = swa.Sight(output=20, length=24, n_layers=4, sliding_window=5)
    brought = [sight.brought(layers) for layers in range(1, 5)]
    assert brought == [(16, 20), (12, 15), (8, 11), (4, 7)]
    assert list(sight.sees(2)) == [1, 2]


def answers(layers: int, accuracies: list[float], seed: int = 0) -> list[dict[str, Any]]:
    return [
        {"layers": layers, "seed": seed, "distance": d, "accuracy": share}
        for d, share in enumerate(accuracies)
    ]


def test_answers_are_averaged_over_seeds_and_parted_at_the_reach() -> None:
    rows = answers(1, [1.0, 0.8, 0.2, 0.0]) + answers(1, [1.0, 0.4, 0.0, 0.2], seed=1)
    (case,) = swa.recalled(rows, sliding_window=2)
    assert case.shares == pytest.approx({0: 1, 1: 0.6, 2: 0.1, 3: 0.1})
    assert (case.worst_within_pct, case.best_beyond_pct) == pytest.approx((60, 10))


@pytest.mark.parametrize("window", [5, 9, 10**17])
def test_a_reach_that_no_run_crossed_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match="the run asked 0 to 3 back"):
        swa.recalled(answers(1, [1.0, 0.8, 0.2, 0.0]), sliding_window=window)


def test_a_prompt_read_faster_says_how_much() -> None:
    prompt = swa.Prompt(8, {"windowed": 0.5, "full": 2.0}, {"windowed": 30.0, "full": 60.0})
    assert (prompt.gain, prompt.flops_gain, prompt.rate("full")) == (4, 2, 30)


def test_a_gradient_fades_from_its_largest() -> None:
    assert swa.Fading("trained", {0: 0.5, 1: 2.0, 2: 0.25}).factor(2) == 8
