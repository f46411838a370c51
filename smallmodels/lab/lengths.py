"""What becomes of a small model past the length of its training texts, with a window and without one.

Models are trained on short texts, and asked in longer ones for something that stays the same: the next
character at the same places of a text, or a fact of the same phone book at the same distance. Only the text
in front of it grows. Nothing but the length can then explain a difference.

    trained     [ text ][asked]
    asked       [ text ][asked]
           [     text      ][asked]
    [          text            ][asked]
"""

from collections.abc import Sequence
from functools import partial
from itertools import product

import torch
from torch import Tensor

from smallmodels import swa
from smallmodels.lab import corpus, tasks
from smallmodels.lab.config import Config
from smallmodels.lab.experiments import BATCH, Row
from smallmodels.lab.measure import best_device
from smallmodels.lab.model import Decoder
from smallmodels.lab.tiny_models import windowed
from smallmodels.lab.train import IGNORED, Trainer, batch_loss, initialise, text_batches

TRAINED, WINDOW = swa.TRAINED_LENGTH, swa.NARROW_WINDOW
LAYERS = 2  # 19 characters in sight, which is more than the language needs
ASKED = 32  # characters at the end of a text whose loss is counted
TEXT_SEED, UNSEEN_SEED = 100, 2  # a model with seed s reads text 100 + s
FACTS, QUESTIONS, PEAK = 4, 256, 0.004  # of the phone book, which stalls at the higher rate of text
# How a model was trained, and how it is asked: with the window, without one, or without one but asked
# through one as wide as its training texts, so that it never meets a distance it does not know.
WAYS: dict[str, tuple[int | None, int | None]] = {
    "window": (WINDOW, WINDOW),
    "no window": (None, None),
    "window lent": (None, TRAINED),
}


def past_the_trained_length(
    lengths: Sequence[int] = (64, 128, 256, 512, 1024),
    seeds: Sequence[int] = (0, 1, 2),
    characters: int = 600_000,
    steps: int = 1500,
    places: int = 256,
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Loss on text and share of facts recalled, a row for each way, seed and length of the text asked in.

    `exact` is what the language's own probabilities lose on the very characters counted.
    """
    rows: list[Row] = []
    for seed, trained in product(seeds, (WINDOW, None)):
        reader = taught(trained, seed, characters, device, quiet)
        clerk = drilled(trained, seed, steps, device, quiet)
        for way, (of, lent) in WAYS.items():
            if of == trained:
                asked = (windowed(reader, lent), windowed(clerk, lent))
                rows += [
                    {
                        "way": way,
                        "seed": seed,
                        "length": n,
                        "loss": loss_at_the_end(asked[0], n, max(lengths), places),
                        "exact": exact_at_the_end(max(lengths), places),
                        "recall": recall_at_the_end(asked[1], n, seed),
                    }
                    for n in lengths
                ]
    return rows


def taught(
    window: int | None, seed: int, characters: int, device: torch.device | None = None, quiet: bool = False
) -> Decoder:
    """A model that has read texts of the trained length, with a window or None."""
    config = Config.tiny(48, n_layers=LAYERS, sliding_window=window)
    text = corpus.invent().text(characters + 1, seed=TEXT_SEED + seed)
    trainer = Trainer(_new(config, seed, device), text_batches(text, TRAINED, BATCH))
    return trainer.train(characters // (TRAINED * BATCH), quiet=quiet)


def drilled(
    window: int | None, seed: int, steps: int, device: torch.device | None = None, quiet: bool = False
) -> Decoder:
    """A model that has learned late phone books of the trained length.

    Both kinds are asked, and were taught, what two layers of the window can hear of, name and value.
    """
    config = Config.tiny(
        32, vocab_size=tasks.VOCABULARY, n_layers=LAYERS, n_kv_heads=4, sliding_window=window
    )
    batches = tasks.task_batches(_book, TRAINED, BATCH, heard(), seed)
    return Trainer(_new(config, seed, device), batches, peak=PEAK).train(steps, quiet=quiet)


def heard() -> int:
    """Positions back to the farthest value whose name two layers of the window can hear as well."""
    return swa.reach(LAYERS, WINDOW) - swa.NAME_BEHIND


@torch.inference_mode()
def loss_at_the_end(model: Decoder, length: int, longest: int, places: int) -> float:
    """Nats per character of the last 32 of texts of a length; the characters are the same for all lengths."""
    text = torch.from_numpy(_unseen(longest, places)).long()
    ends = longest + ASKED * torch.arange(places)  # of each text, one past its last target
    rows = text[ends[:, None] + torch.arange(-length, 1)]  # (places, length + 1)
    targets = rows[:, 1:].clone()
    targets[:, :-ASKED] = IGNORED
    at_once = max(1, 2**15 // length)
    pairs = zip(torch.split(rows[:, :-1], at_once), torch.split(targets, at_once), strict=True)
    return sum(batch_loss(model, *pair).item() * len(pair[0]) for pair in pairs) / places


def exact_at_the_end(longest: int, places: int) -> float:
    """What the language itself loses on the characters that are counted."""
    exact = -corpus.invent().log_probabilities(_unseen(longest, places))
    return float(exact[longest - ASKED + 1 :].mean())


@torch.inference_mode()
def recall_at_the_end(model: Decoder, length: int, seed: int) -> float:
    """Share of right answers about facts within hearing, in late phone books of a length."""
    asked = _book(QUESTIONS, length, 10**9 + seed)
    counted = (asked.answers != IGNORED) & (asked.distance <= heard())
    device = model.embed.weight.device
    at_once = max(1, 2**15 // length)
    answered = torch.cat([likeliest(model, some.to(device)) for some in torch.split(asked.tokens, at_once)])
    return float((answered == asked.answers)[counted].float().mean())


def likeliest(model: Decoder, tokens: Tensor) -> Tensor:
    """The next token that the model holds likeliest, after each of (B, T)."""
    return torch.argmax(model(tokens), dim=-1).cpu()


def _unseen(longest: int, places: int) -> corpus.Characters:
    return corpus.invent().text(longest + ASKED * (places - 1) + 1, seed=UNSEEN_SEED)


def _new(config: Config, seed: int, device: torch.device | None) -> Decoder:
    return initialise(Decoder(config), seed).to(device or best_device())


_book = partial(tasks.late_book, facts=FACTS)
