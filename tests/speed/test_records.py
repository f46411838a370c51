"""A step's bytes, operations and break-even, by hand, by search and against published figures."""

import math

import pytest

from smallmodels import facts, speed
from smallmodels.speed import Step, inference

MISTRAL, LLAMA = "Mistral 7B", "Llama 2 7B"
# By hand: parameters read in a step and bytes of a cached token, in FP16.
READ = {MISTRAL: 7_110_660_096, LLAMA: 6_607_343_616}
TOKEN = {MISTRAL: 131_072, LLAMA: 524_288}


def test_break_even_by_searching_token_by_token():
    """Where the bytes of a step cross, found by trying every number of cached tokens."""

    def crossing(weight_bytes, ratio):
        def reads(name, n):
            return READ[name] * weight_bytes + TOKEN[name] * n

        return next(n for n in range(10**6) if reads(LLAMA, n) >= ratio * reads(MISTRAL, n))

    ours, theirs = facts.model(MISTRAL), facts.model(LLAMA)
    assert crossing(2, 1) == speed.tokens_for_lead(ours, theirs) == 2560
    for precision, size in (("FP16", 2), ("INT8", 34 / 32), ("INT4", 18 / 32)):
        for ratio in (1, 1.25, 1.4, 3):
            found = speed.tokens_for_lead(ours, theirs, precision, ratio)
            assert math.ceil(found - 1e-6) == crossing(size, ratio)
    assert inference().series["even"][0]["text"] == "equal at 2,560 tokens"
    assert "2,560 cached tokens" in inference().notes[0]


def test_bytes_of_a_step_are_near_those_the_measurer_reports():
    """1,397.31 GB/s over 104.9 tokens/s is what a token took to read, caches of the program included."""
    rate, bandwidth = 104.9, 1397.31  # gpt-fast's README, BF16
    assert Step(facts.model(LLAMA), "FP16", 1, 0).n_bytes == pytest.approx(1e9 * bandwidth / rate, rel=0.01)


def test_a_lead_must_be_positive():
    with pytest.raises(ValueError, match="must be above 0"):
        speed.tokens_for_lead(facts.model(MISTRAL), facts.model(LLAMA), "FP16", 0)


def test_windowed_layers_attend_to_no_more_than_their_window():
    """Gemma 2 9B, 42 layers, a window of 4,096 in every second one: products layer by layer."""
    shape, context, batch = facts.model("Gemma 2 9B"), 10_000, 3
    by_layer = sum(2 * 2 * (4096 if layer % 2 else context) * 16 * 256 for layer in range(42))
    weights = 2 * 9_241_705_984  # tied: the embedding is the output matrix and is multiplied
    assert Step(shape, "FP16", batch, context).n_flops == batch * (weights + by_layer)


def test_a_claim_is_flagged_only_where_both_models_fit():
    two = speed.comparison()
    assert (two.above, two.unfit) == ([MISTRAL], [])
    assert speed.comparison("T4", context=30_000).shares is None
    assert speed.comparison(batch=2).above == []


def test_what_is_left_out_of_the_measurements_has_no_card():
    assert {m.card.name for m in speed.published()} <= {gpu.name for gpu in facts.gpus()}
    assert all(s.hardware not in {gpu.name for gpu in facts.gpus()} for s in speed.without_card())


@pytest.mark.parametrize("card", facts.gpus(), ids=lambda card: card.name)
def test_a_card_is_given_as_its_record_or_by_its_name(card):
    step = speed.step(MISTRAL)
    for ask in (step.tokens_per_second, step.reads_longer, step.fits, step.keeping_fits, step.largest_batch):
        assert ask(card.name) == ask(card)
        for wrong, says in ((None, "`gpu` is None; choose a text"), ("L9", "There is no GPU 'L9'; there is")):
            with pytest.raises(ValueError, match=says):
                ask(wrong)
