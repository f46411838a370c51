"""Chapter 03's records: which models qualify, and what is read off runs and steps."""

from dataclasses import replace

import pytest

from smallmodels import facts, gqa
from smallmodels.gqa import records


def test_a_model_is_offered_by_what_its_row_says() -> None:
    left_out = {shape.name for shape in facts.models()} - {*gqa.MODELS}
    assert {"Gemma 2 2B", "Gemma 2 9B", "Gemma 2 27B"} <= left_out  # every other layer has a window
    assert {shape.name for shape in facts.models() if shape.verified == "no"} <= left_out
    assert {"Mistral 7B", "Llama 2 13B", "Phi-3-mini 3.8B", "OLMo 2 7B", "Qwen3 8B"} <= {*gqa.MODELS}
    assert len(gqa.MODELS) == len({*gqa.MODELS}) > 20


def test_any_model_offered_can_be_shared_in_any_way_of_its_own() -> None:
    assert all(facts.model(name).n_kv_heads in gqa.KV_HEADS for name in gqa.MODELS)
    assert {1, 2, 4, 5, 8, 10, 16, 20, 32, 40, 64} <= {*gqa.KV_HEADS}  # what an old link may hold


def test_a_cache_rolls_behind_its_window_and_only_there() -> None:
    short, long = gqa.cache_of("Mistral 7B", 4096), gqa.cache_of("Mistral 7B", 10_000, batch=3)
    assert short.n_bytes == short.unrolled_bytes == 4096 * 131_072
    assert long.n_bytes == 3 * short.n_bytes
    assert long.unrolled_bytes / long.n_bytes == pytest.approx(long.unrolled_times) == 10_000 / 4096
    assert long.load == "3 sequences of 10,000 tokens"
    assert replace(short, context=1).load == "one sequence of one token"


def test_forgetting_twice_multiplies() -> None:
    true, half, unshared, unrolled, both = records.counts(gqa.cache_of("Mistral 7B", 32_768))
    assert (true.factor, half.factor) == (1, 0.5)
    assert (unshared.factor, unrolled.factor, both.factor) == (4, 8, 32)


def test_runs_are_paired_by_their_seed() -> None:
    rows = [
        {"n_kv_heads": heads, "seed": seed, "loss": loss}
        for heads, seed, loss in [(8, 1, 1.0), (8, 2, 3.0), (2, 2, 2.5), (2, 1, 1.25)]
    ]
    most, few = records.losses(rows)
    assert (most.gap, most.margin, most.worse) == (None, None, None)
    assert sorted(few.gaps) == [-0.5, 0.25]
    assert (few.gap, few.worse, most.span) == (-0.125, 1, 2.0)


def test_ways_of_merging_are_compared_seed_by_seed() -> None:
    found = {"kept": {0: 1.0, 1: 1.0}, "mean": {0: 2.0, 1: 4.0}, "first": {0: 2.5, 1: 3.0}}
    rows = [
        {"way": way, "seed": seed, "extra": 0.0, "loss": loss}
        for way, losses in found.items()
        for seed, loss in losses.items()
    ]
    conversion = records.converted(rows)
    assert conversion.ahead("first", "mean", 0.0) == conversion.ahead("mean", "first", 0.0) == 1
    assert (conversion.best(0.0), conversion.behind) == ("first", 1.75)


def test_a_reading_is_compared_with_a_whole_one() -> None:
    whole, part = records.Reading(8e9, 4.0), records.Reading(2e9, 2.0)
    assert (part.fewer(whole), part.faster(whole)) == (4, 2)
    assert (part.gb, part.ms, part.gb_s) == (2, 2000, 1)
