"""Small tasks that ask one question each of attention, above all who can still hear of what.

Both hide facts in a sequence and ask for them later. Accuracy is counted by distance, the positions
between a fact and the answer; only distances within `reach` are trained, so that no model is punished for
the impossible.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from smallmodels.lab.model import Decoder
from smallmodels.lab.train import IGNORED, Batches

VALUES = 8  # tokens 0 to 7 are answers, so that a guess is right one time in eight
FILLERS = 8  # tokens 8 to 15 are noise, or names of facts
VOCABULARY = VALUES + FILLERS


@dataclass(frozen=True)
class Questions:
    """Tokens, right answers (or IGNORED) and how far back each answer's fact lies, all (B, T)."""

    tokens: Tensor
    answers: Tensor
    distance: Tensor


Task = Callable[[int, int, int], Questions]  # from rows, length and seed


def needle(rows: int, length: int, seed: int) -> Questions:
    """One value among noise; every later position (and its own) must name it."""
    chance = torch.Generator().manual_seed(seed)
    tokens = torch.randint(VALUES, VOCABULARY, (rows, length), generator=chance)
    value = torch.randint(VALUES, (rows, 1), generator=chance)
    place = torch.randint(length, (rows, 1), generator=chance)
    tokens.scatter_(1, place, value)
    distance = torch.arange(length) - place  # (B, T)
    return Questions(tokens, torch.where(distance >= 0, value, IGNORED), distance)


def phone_book(rows: int, length: int, seed: int, facts: int = 4) -> Questions:
    """Names, each followed by its value, then names at random: each position must give its name's value.

    Distances are those of the values; the name stands one position further back. So at the reach itself a
    value can be heard and its name cannot, and the answer is found by elimination: the oldest value heard.
    """
    chance = torch.Generator().manual_seed(seed)
    order = torch.rand(rows, facts, generator=chance).argsort(
        dim=1
    )  # (B, facts), who stands where in the book
    values = torch.randint(VALUES, (rows, facts), generator=chance)  # of each name
    book = torch.stack((VALUES + order, values.gather(1, order)), dim=2).flatten(1)  # (B, 2*facts)
    asked = torch.randint(facts, (rows, length - 2 * facts), generator=chance)
    place = 2 * order.argsort(dim=1) + 1  # (B, facts), where each name's value stands
    unasked = torch.full_like(book, IGNORED)
    answers = torch.cat((unasked, values.gather(1, asked)), dim=1)
    distance = torch.arange(2 * facts, length) - place.gather(1, asked)
    return Questions(torch.cat((book, VALUES + asked), dim=1), answers, torch.cat((unasked, distance), dim=1))


def late_book(rows: int, length: int, seed: int, facts: int = 4, tail: int = 32) -> Questions:
    """Noise, then a phone book and its questions in the last `tail` positions, however long the sequence is.

    So the same book and questions can be asked with more and more text in front. The noise is of tokens that
    name nothing. Distances are as in `phone_book`. Raises ValueError for a sequence shorter than its tail.
    """
    if length < tail or facts >= FILLERS:
        raise ValueError(
            f"A sequence of {length} has no room for a tail of {tail}, or {facts} facts leave no token to be "
            "noise."
        )
    book = phone_book(rows, tail, seed, facts)
    chance = torch.Generator().manual_seed(seed + 1)
    lead = torch.randint(VALUES + facts, VOCABULARY, (rows, length - tail), generator=chance)
    unasked = torch.full_like(lead, IGNORED)
    return Questions(
        torch.cat((lead, book.tokens), dim=1),
        torch.cat((unasked, book.answers), dim=1),
        torch.cat((unasked, book.distance), dim=1),
    )


def task_batches(task: Task, length: int, rows: int, reach: int, seed: int) -> Batches:
    """Batches of `needle` or `phone_book`, with answers farther away than `reach` left out."""

    def at(step: int) -> tuple[Tensor, Tensor]:
        asked = task(rows, length, seed * 1_000_003 + step)
        return asked.tokens, asked.answers.masked_fill(asked.distance > reach, IGNORED)

    return at


@torch.inference_mode()
def accuracy_by_distance(model: Decoder, asked: Questions) -> list[float]:
    """Share of right answers at distance 0, 1, 2, ...; distances that do not occur count as wrong."""
    answered = model(asked.tokens.to(model.embed.weight.device)).argmax(dim=-1).cpu()  # (B, T)
    right = (answered == asked.answers).flatten()
    counted = (asked.answers != IGNORED).flatten()
    distance = asked.distance.flatten()[counted]
    total = distance.bincount()
    hits = distance.bincount(right[counted].double(), minlength=len(total))
    shares: list[float] = (hits / total.clamp(min=1)).tolist()
    return shares


def gradient_by_distance(model: Decoder, tokens: Tensor) -> list[float]:
    """How strongly the last output depends on the input 0, 1, 2, ... positions back.

    The norm of the gradient of the last position's largest logit by each input embedding, averaged over the
    batch; tokens are (B, T), and T numbers come back.
    """
    x = model.embed(tokens.to(model.embed.weight.device)).detach().requires_grad_()  # (B, T, d_model)
    largest = model.head(model.through(x))[:, -1].amax(dim=-1).sum()
    (gradient,) = torch.autograd.grad(largest, x)
    sizes: list[float] = gradient.norm(dim=-1).mean(dim=0).flip(0).tolist()
    return sizes


@torch.inference_mode()
def change_by_distance(model: Decoder, tokens: Tensor) -> list[float]:
    """How much the last layer's state 0, 1, 2, ... positions after the first token changes with that token.

    The norm of the change over the norm of the state, averaged over the batch; tokens are (B, T), and T
    numbers come back. What cannot hear of the first token does not change by a single bit.
    """
    tokens = tokens.to(model.embed.weight.device)
    other = tokens.clone()
    other[:, 0] = (other[:, 0] + 1) % model.config.vocab_size
    before, after = model.hidden(tokens).float(), model.hidden(other).float()  # (B, T, d_model)
    changes: list[float] = ((after - before).norm(dim=-1) / before.norm(dim=-1)).mean(dim=0).tolist()
    return changes
