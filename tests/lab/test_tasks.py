"""The window's arithmetic, asked of the model itself: gradients end exactly where the formula ends."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from smallmodels import swa
from smallmodels.lab.config import Config
from smallmodels.lab.model import Decoder
from smallmodels.lab.tasks import (
    VOCABULARY,
    Questions,
    accuracy_by_distance,
    change_by_distance,
    gradient_by_distance,
    needle,
    phone_book,
    task_batches,
)
from smallmodels.lab.train import IGNORED, Trainer, initialise


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
@pytest.mark.parametrize("window", [1, 2, 8])
def test_gradient_is_zero_beyond_the_reach_and_not_before(n_layers: int, window: int) -> None:
    torch.manual_seed(0)
    decoder = Decoder(Config.tiny(n_layers=n_layers, sliding_window=window)).double()
    sizes = gradient_by_distance(decoder, torch.randint(27, (4, 40)))
    reach = swa.reach(n_layers, window)
    assert all(size > 0 for size in sizes[: reach + 1])
    assert all(size == 0 for size in sizes[reach + 1 :])


@pytest.mark.parametrize("task", [needle, phone_book])
def test_every_answer_can_be_read_off_the_tokens_that_far_back(
    task: Callable[[int, int, int], Questions],
) -> None:
    asked = task(50, 40, 3)
    rows, times = (asked.answers != IGNORED).nonzero(as_tuple=True)
    places = times - asked.distance[rows, times]
    assert torch.equal(asked.tokens[rows, places], asked.answers[rows, times])
    if task is phone_book:  # the name that was asked stands before its value
        assert torch.equal(asked.tokens[rows, places - 1], asked.tokens[rows, times])
    assert len(rows) > 500


def test_training_leaves_out_what_is_beyond_reach() -> None:
    tokens, targets = task_batches(needle, 40, 20, reach=7, seed=1)(5)
    whole = needle(20, 40, 1_000_003 + 5)
    assert torch.equal(tokens, whole.tokens)
    assert torch.equal(targets != IGNORED, (whole.distance >= 0) & (whole.distance <= 7))


def test_accuracy_by_distance_of_a_known_answerer() -> None:
    # Names the token one position back: right at distance 1, and elsewhere by chance of the noise only.
    class Parrot(Decoder):
        def forward(self, tokens: torch.Tensor, cache: object = None) -> torch.Tensor:
            return torch.nn.functional.one_hot(tokens.roll(1, dims=1), VOCABULARY).float()

    accuracy = accuracy_by_distance(Parrot(Config.tiny(vocab_size=VOCABULARY)), needle(400, 20, 2))
    assert accuracy[1] == 1.0
    assert max(accuracy[0], *accuracy[2:]) == 0  # noise is never a value
    assert len(accuracy) == 20


@pytest.mark.parametrize("n_layers", [1, 2])
def test_a_trained_relay_falls_off_its_cliff_where_the_formula_says(n_layers: int) -> None:
    config = Config.tiny(vocab_size=VOCABULARY, n_layers=n_layers, n_kv_heads=4, sliding_window=4)
    reach = swa.reach(n_layers, 4)
    trainer = Trainer(initialise(Decoder(config), 0), task_batches(needle, 20, 64, reach, 0))
    accuracy = accuracy_by_distance(trainer.train(150, quiet=True), needle(500, 20, 10**6))
    assert min(accuracy[: reach + 1]) > 0.95
    assert max(accuracy[reach + 1 :]) < 0.3  # a guess is right one time in eight


def test_a_name_beyond_reach_is_not_heard_and_its_value_is_named_all_the_same() -> None:
    """In the phone book the name lies one position behind its value; the oldest value heard is the answer.

    It is so at the reach, where that is right, and for facts farther back, where it is not.
    """
    config = Config.tiny(vocab_size=VOCABULARY, n_layers=2, n_kv_heads=4, sliding_window=4)
    reach, two_facts = swa.reach(2, 4), partial(phone_book, facts=2)
    trainer = Trainer(initialise(Decoder(config), 0), task_batches(two_facts, 20, 64, reach, 0))
    model, asked = trainer.train(200, quiet=True), two_facts(500, 20, 10**6)
    logits = model(asked.tokens)
    for distance in (reach, reach + 2):
        time = distance + 1  # where the value of the first fact lies that far back
        rows = asked.distance[:, time] == distance
        oldest = asked.tokens[rows, time - reach]
        assert len(oldest) > 200
        assert torch.equal(logits[rows, time].argmax(dim=-1), oldest)
        renamed = asked.tokens.clone()
        renamed[:, 0] = VOCABULARY - 1  # the first name, now that of neither fact
        assert torch.equal(model(renamed)[:, time], logits[:, time])
        assert not torch.equal(model(renamed)[:, reach], logits[:, reach])  # there it is heard


@pytest.mark.parametrize(("n_layers", "window"), [(1, 8), (3, 4), (2, None)])
def test_a_change_of_the_first_token_is_felt_as_far_as_the_reach(n_layers: int, window: int | None) -> None:
    config = Config.tiny(vocab_size=VOCABULARY, n_layers=n_layers, sliding_window=window)
    model = initialise(Decoder(config), 0)
    changes = change_by_distance(model, needle(4, 40, 0).tokens)
    reach = swa.reach(n_layers, window) if window else 39
    assert len(changes) == 40
    assert min(changes[: reach + 1]) > 0
    assert all(change == 0 for change in changes[reach + 1 :])
