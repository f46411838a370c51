"""Training: the schedule, going on after a stop, and losses between what is known above and below."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from smallmodels.lab import corpus, train
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder

TEXT = corpus.invent(n_words=50, seed=1).text(60_000, seed=1)


def trainer(seed: int = 0, warmup: int = 5) -> train.Trainer:
    model = train.initialise(Decoder(Config.tiny(16, head_dim=4)), seed)
    return train.Trainer(model, train.text_batches(TEXT, 32, 8), warmup=warmup)


def weights(model: Decoder) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_going_on_after_a_stop_changes_nothing(tmp_path: Path) -> None:
    whole, first, second = trainer(), trainer(), trainer(seed=9)
    straight = whole.train(30, quiet=True)
    first.trunk(11, quiet=True)
    first.save(tmp_path / "state.pt")
    second.restore(tmp_path / "state.pt")
    assert torch.equal(weights(second.train(30, quiet=True)), weights(straight))
    assert second.losses == whole.losses


def test_a_branch_leaves_the_trunk_alone() -> None:
    alone, branched = trainer(), trainer()
    alone.trunk(20, quiet=True)
    branched.trunk(10, quiet=True)
    cooled = branched.cooled(14, quiet=True)
    branched.trunk(20, quiet=True)
    assert torch.equal(weights(branched.model), weights(alone.model))
    assert not torch.equal(weights(cooled), weights(alone.model))


def test_the_rate_warms_up_stays_and_falls_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    advance = train.Trainer._advance
    monkeypatch.setattr(
        train.Trainer, "_advance", lambda self, rate: (rates.append(rate), advance(self, rate))[1]
    )
    trainer(warmup=4).train(20, quiet=True)
    assert np.allclose(rates, [0.2, 0.4, 0.6, 0.8, *[1.0] * 12, 1.0, 0.75, 0.5, 0.25])


def test_training_ends_between_the_letters_entropy_and_the_languages() -> None:
    language = corpus.invent(n_words=50, seed=1)
    unseen = language.text(20_000, seed=2)
    model = trainer().train(200, quiet=True)
    share = np.bincount(unseen, minlength=27) / len(unseen)
    letters = -sum(p * math.log(p) for p in share if p)
    assert language.entropy_rate < train.text_loss(model, unseen, length=32) < 0.75 * letters


def test_every_character_is_a_target_once() -> None:
    batches = train.text_batches(TEXT, 32, 8)
    seen = torch.cat([batches(step)[1].flatten() for step in range(10)])
    assert np.array_equal(seen.numpy(), TEXT[1 : 10 * 256 + 1])
    with pytest.raises(ValueError, match=r"The text has 60,000 characters; step 234 needs 60,161"):
        batches(234)


def test_text_loss_of_a_model_that_knows_nothing_is_that_of_a_guess() -> None:
    model = trainer().model
    with torch.no_grad():
        model.head.weight.zero_()
    assert math.isclose(train.text_loss(model, TEXT), math.log(27), rel_tol=1e-5)


def test_text_loss_counts_what_follows_the_skipped_positions() -> None:
    model, piece = trainer().model, torch.from_numpy(TEXT[:65]).long()[None]
    with torch.no_grad():
        logs = model(piece[:, :-1]).log_softmax(-1)
    wanted = -np.mean([float(logs[0, t, piece[0, t + 1]]) for t in range(16, 64)])
    assert math.isclose(train.text_loss(model, TEXT[:65]), wanted, rel_tol=1e-5)


def test_wide_matrices_learn_more_slowly() -> None:
    for width in (16, 64):
        model = Decoder(Config.tiny(width))
        groups = train.Trainer(model, train.text_batches(TEXT, 8, 8), peak=0.01).optimizer.param_groups
        rates = {id(p): group["peak"] for group in groups for p in group["params"]}
        assert rates[id(model.embed.weight)] == rates[id(model.norm.weight)] == 0.01
        assert math.isclose(rates[id(model.head.weight)], 0.01 * 32 / width)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="peak rate of 0 "):
        train.Trainer(Decoder(Config.tiny(16)), train.text_batches(TEXT, 8, 8), peak=0)
    running = trainer()
    running.trunk(3, quiet=True)
    with pytest.raises(ValueError, match="3 steps are done"):
        running.cooled(3)
