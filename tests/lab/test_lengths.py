"""Models asked past their trained length: that the question stays the same, and what is counted of it."""

import pytest
import torch

from smallmodels import facts
from smallmodels.lab import corpus, lengths, tasks
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import IGNORED, initialise


def test_a_late_book_is_the_same_book_whatever_stands_in_front() -> None:
    short, long = (tasks.late_book(3, n, seed=5) for n in (64, 300))
    for a, b in zip(
        (short.tokens, short.answers, short.distance),
        (long.tokens, long.answers, long.distance),
        strict=True,
    ):
        assert torch.equal(a[:, -32:], b[:, -32:])
    lead = long.tokens[:, :-32]
    assert lead.min() >= tasks.VALUES + 4  # names nothing, and is no answer
    assert (long.answers[:, :-32] == IGNORED).all()


def test_answers_of_a_late_book_by_reading_it() -> None:
    asked = tasks.late_book(2, 50, seed=1)
    for tokens, answers, distances in zip(asked.tokens, asked.answers, asked.distance, strict=True):
        book = dict(zip(tokens[18:26:2].tolist(), tokens[19:26:2].tolist(), strict=True))
        for at in range(26, 50):
            assert answers[at] == book[int(tokens[at])]
            value_at = at - int(distances[at])
            assert tokens[value_at - 1] == tokens[at]


@pytest.mark.parametrize(("length", "n_facts"), [(31, 4), (64, 8)])
def test_a_book_that_does_not_fit_is_refused(length: int, n_facts: int) -> None:
    with pytest.raises(ValueError, match="no room for a tail of 32"):
        tasks.late_book(1, length, 0, n_facts)


class Oracle(Decoder):
    """Says with certainty what a text has three characters before, which can be counted by hand."""

    def forward(self, tokens: torch.Tensor, cache: object = None) -> torch.Tensor:
        before = tokens.roll(2, dims=1)
        return 20.0 * torch.nn.functional.one_hot(before, self.config.vocab_size).float()


def test_the_characters_counted_are_the_same_for_every_length() -> None:
    model = Oracle(Config.tiny(16))
    found = {n: lengths.loss_at_the_end(model, n, longest=128, places=5) for n in (64, 100, 128)}
    assert found[64] == pytest.approx(found[128], abs=1e-6) == pytest.approx(found[100], abs=1e-6)
    text = corpus.invent().text(128 + 32 * 4 + 1, seed=lengths.UNSEEN_SEED)
    counted = range(128 - 31, 128 + 32 * 4 + 1)  # every character from there on once
    assert len(counted) == 5 * 32
    wrong = sum(text[i] != text[i - 3] for i in counted) / len(counted)
    assert found[64] == pytest.approx(20 * wrong, abs=1e-3)


def test_the_exact_loss_is_of_those_characters() -> None:
    text = corpus.invent().text(128 + 32 * 4 + 1, seed=lengths.UNSEEN_SEED)
    exact = corpus.invent().log_probabilities(text)[-160:]
    assert lengths.exact_at_the_end(128, 5) == pytest.approx(-exact.mean())


def test_a_window_cannot_tell_how_long_the_text_is() -> None:
    """Two layers hear 18 characters back; the 32 asked for begin well behind what differs."""
    model = initialise(Decoder(Config.tiny(16, sliding_window=lengths.WINDOW)), 0).eval()
    found = [lengths.loss_at_the_end(model, n, longest=512, places=3) for n in (64, 512)]
    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_recall_counts_what_can_be_heard_and_no_more() -> None:
    class Knows(Decoder):
        def forward(self, tokens: torch.Tensor, cache: object = None) -> torch.Tensor:
            asked = tasks.late_book(lengths.QUESTIONS, tokens.shape[1], 10**9)
            far = asked.distance > lengths.heard()
            said = torch.where(far, 0, asked.answers.clamp(min=0))  # beyond hearing it says nonsense
            return torch.nn.functional.one_hot(said, self.config.vocab_size).float()

    model = Knows(Config.tiny(16, vocab_size=tasks.VOCABULARY))
    assert lengths.recall_at_the_end(model, 64, seed=0) == 1
    assert lengths.heard() == 2 * (lengths.WINDOW - 1) - 1


def test_the_record_has_every_way_seed_and_length() -> None:
    run = facts.run("past-the-trained-length")
    asked, seeds = run.settings["lengths"], run.settings["seeds"]
    assert len(seeds) >= 3
    assert max(asked) == 16 * min(asked)
    assert {(row["way"], row["seed"], row["length"]) for row in run.rows} == {
        (way, seed, length) for way in lengths.WAYS for seed in seeds for length in asked
    }
    assert {row["exact"] for row in run.rows} == {
        float(f"{lengths.exact_at_the_end(max(asked), run.settings['places']):.6g}")
    }
