"""Noisy text: how it is spoilt, what reckoning with it costs, and that the record is of the protocol."""

import math
from collections import Counter

import numpy as np
import pytest

from smallmodels import facts
from smallmodels.lab import corpus, noise, sweep

TEXT = corpus.invent().text(200_000, seed=3)


def test_no_noise_leaves_a_text_alone_and_full_noise_nothing() -> None:
    assert np.array_equal(corpus.noisy(TEXT, 0, 1), TEXT)
    counts = Counter(corpus.noisy(TEXT, 1, 1).tolist())
    assert len(counts) == 27
    assert max(counts.values()) < 1.1 * min(counts.values())


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_so_many_characters_are_wrong(share: float) -> None:
    wrong = (corpus.noisy(TEXT, share, 1) != TEXT).mean()
    expected = share * 26 / 27
    assert abs(wrong - expected) < 4 * math.sqrt(expected / len(TEXT))


def test_more_noise_keeps_the_less() -> None:
    little, much = (corpus.noisy(TEXT, share, 1) for share in (0.05, 0.2))
    spoilt = little != TEXT
    assert np.array_equal(little[spoilt], much[spoilt])
    assert not np.array_equal(little, corpus.noisy(TEXT, 0.05, 2))


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        corpus.noisy(TEXT, share, 0)


def test_the_cost_of_suspicion_character_by_character() -> None:
    text = corpus.invent().text(2 * 65, seed=sweep.UNSEEN_SEED)
    exact = corpus.invent().log_probabilities(text)
    counted = [i for i in range(len(text)) if i % 65 > 16]
    for share in (0, 0.1):
        by_hand = [-math.log((1 - share) * math.exp(exact[i]) + share / 27) for i in counted]
        assert noise.floor(share, 2) == pytest.approx(sum(by_hand) / len(counted))


def test_a_small_run_brings_every_cell() -> None:
    rows = noise.noise((24,), (0.0, 0.5), (2, 4), (0, 1), 4, quiet=True)
    assert {(r["share"], r["characters"], r["seed"]) for r in rows} == {
        (share, 2048 * steps, seed) for share in (0.0, 0.5) for steps in (2, 4) for seed in (0, 1)
    }


def test_the_record_is_what_the_protocol_asks_for() -> None:
    run = facts.run("noise")
    protocol = (facts.data_folder() / "runs" / "noise" / "PROTOCOL.md").read_text()
    assert len(run.rows) == 108
    assert "108 results of 54 trunks" in protocol
    assert {row["share"] for row in run.rows} == {0, 0.01, 0.02, 0.05, 0.1, 0.2}
    assert {row["width"]: row["parameters"] for row in run.rows} == {24: 14_088, 32: 23_392, 48: 53_520}
    for row in run.rows[:12]:
        assert row["floor"] == pytest.approx(noise.floor(row["share"]), rel=1e-5)
