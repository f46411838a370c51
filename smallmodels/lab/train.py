"""Training: a warm-up, a constant rate, a linear fall to zero; it can stop and go on at any step.

The constant part is a trunk from which falls branch off, one for each budget of tokens, so that a whole
row of budgets costs little more than the largest (the warm-up, stable, decay schedule of Hu et al. 2024).
"""

import math
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from tqdm.auto import tqdm

from smallmodels.lab.corpus import Characters
from smallmodels.lab.model import Decoder

IGNORED = -100  # a target that does not count
COOLDOWN = 0.2  # share of a budget's steps over which the rate falls

# The batch of a step: tokens and targets, both (B, T). A function of the step alone, so that a run can be
# resumed.
Batches = Callable[[int], tuple[Tensor, Tensor]]


class Trainer:
    """AdamW on a decoder. `peak` is the rate of embedding and norms; matrices get `peak` x 32 / width.

    `losses` holds the training loss of each step, in nats per counted target. Raises ValueError for a
    rate or a warm-up that trains nothing.
    """

    def __init__(self, model: Decoder, batches: Batches, *, peak: float = 0.012, warmup: int = 50) -> None:
        if peak <= 0 or warmup < 0:
            raise ValueError(f"A peak rate of {peak} with {warmup} steps of warm-up trains nothing.")
        self.model, self.batches, self.peak, self.warmup = model, batches, peak, warmup
        self.optimizer = torch.optim.AdamW(_groups(model, peak), betas=(0.9, 0.98), weight_decay=0.0)
        self.step = 0
        self.losses: list[float] = []

    def train(self, steps: int, *, quiet: bool = False) -> Decoder:
        """A model trained for `steps` in all; this trainer stays on the trunk and can go on."""
        self.trunk(steps - max(1, round(COOLDOWN * steps)), quiet=quiet)
        return self.cooled(steps, quiet=quiet)

    def trunk(self, until: int, *, quiet: bool = False) -> None:
        """Go on at the constant rate until so many steps are done."""
        for _ in _progress(self.step, until, "train", quiet):
            self._advance(min(1.0, (self.step + 1) / (self.warmup + 1)))

    def cooled(self, until: int, *, quiet: bool = False) -> Decoder:
        """A copy trained on to step `until`, its rate falling linearly to zero; ValueError if past."""
        if until <= self.step:
            raise ValueError(f"{self.step} steps are done; the rate cannot fall until step {until}.")
        branch, start = self._branch(), self.step
        for _ in _progress(start, until, "cool", quiet):
            branch._advance((until - branch.step) / (until - start))
        return branch.model.eval()

    def save(self, path: Path) -> None:
        """Write all that `restore` needs."""
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "step": self.step, "losses": self.losses}, path)

    def restore(self, path: Path) -> None:
        """Go on from where `save` was called."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.losses = state["step"], state["losses"]

    def _branch(self) -> "Trainer":
        branch = Trainer(deepcopy(self.model), self.batches, peak=self.peak, warmup=self.warmup)
        branch.optimizer.load_state_dict(deepcopy(self.optimizer.state_dict()))
        branch.step, branch.losses = self.step, [*self.losses]
        return branch

    def _advance(self, rate: float) -> None:
        """One step at `rate`, a share of the peak."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["peak"]
        loss = batch_loss(self.model.train(), *self.batches(self.step))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.losses.append(loss.item())
        self.step += 1


def initialise(model: Decoder, seed: int) -> Decoder:
    """Fill a model with random weights that keep states of order one; norms with ones, biases with zeros."""
    chance = torch.Generator().manual_seed(seed)
    residual = 1 / math.sqrt(2 * model.config.n_layers)  # as many are added up on the way
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            scale = 1.0 if name == "embed.weight" else 1 / math.sqrt(weight.shape[1])
            scale *= residual if name.endswith(("out.weight", "down.weight")) else 1.0
            weight.copy_(torch.randn(weight.shape, generator=chance) * scale)
    return model


def batch_loss(model: Decoder, tokens: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of the targets that count, in nats."""
    device = model.embed.weight.device
    logits = model(tokens.to(device))  # (B, T, vocab_size)
    return cross_entropy(logits.flatten(0, 1), targets.to(device).flatten(), ignore_index=IGNORED)


def text_batches(text: Characters, length: int, batch: int) -> Batches:
    """Batches in which every character of a text is a target once; ValueError beyond its end."""
    numbers = torch.from_numpy(text).long()

    def at(step: int) -> tuple[Tensor, Tensor]:
        start, size = step * batch * length, batch * length
        if start + size + 1 > len(numbers):
            raise ValueError(
                f"The text has {len(numbers):,} characters; step {step} needs {start + size + 1:,}."
            )
        piece = numbers[start : start + size + 1]
        return piece[:-1].view(batch, length), piece[1:].view(batch, length)

    return at


@torch.inference_mode()
def text_loss(model: Decoder, text: Characters, length: int = 64, skipped: int = 16) -> float:
    """Nats per character of a text in pieces, whose first `skipped` lack context and don't count."""
    pieces = len(text) // (length + 1)
    rows = torch.from_numpy(text[: pieces * (length + 1)]).long().view(pieces, length + 1)
    targets = rows[:, 1:].clone()
    targets[:, :skipped] = IGNORED
    losses = [
        batch_loss(model, some, wanted).item() * len(some)
        for some, wanted in zip(torch.split(rows[:, :-1], 256), torch.split(targets, 256), strict=True)
    ]
    return math.fsum(losses) / pieces


def _groups(model: nn.Module, peak: float) -> list[dict[str, object]]:
    groups: dict[float, list[Tensor]] = {}
    for name, weight in model.named_parameters():
        wide = weight.dim() == 2 and name != "embed.weight"
        groups.setdefault(peak * 32 / weight.shape[1] if wide else peak, []).append(weight)
    return [{"params": weights, "peak": rate, "lr": rate} for rate, weights in groups.items()]


def _progress(start: int, until: int, what: str, quiet: bool) -> "tqdm[int]":
    return tqdm(range(start, until), what, unit="step", disable=quiet or None, leave=False)  # none in a log
