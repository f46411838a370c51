"""Noisy text in the miniature, as `data/runs/noise/PROTOCOL.md` lays down: sizes, amounts of noise, budgets.

A share of the training text's characters is replaced at random; losses are measured on clean text. Shapes,
budgets and trunks with branches are those of the sweep.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import torch

from smallmodels.lab import corpus
from smallmodels.lab.experiments import Row
from smallmodels.lab.measure import best_device
from smallmodels.lab.model import Decoder
from smallmodels.lab.sweep import BATCH, LENGTH, SKIPPED, TEXT_SEED, UNSEEN_SEED, branch_point, shape
from smallmodels.lab.train import Trainer, initialise, text_batches, text_loss

NOISE_SEED = 1000  # the noise of a run with seed s is drawn from 1000 + s


def noise(
    widths: Sequence[int] = (24, 32, 48),
    shares: Sequence[float] = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
    budgets: Sequence[int] = (256, 512),
    seeds: Sequence[int] = (0, 1, 2),
    pieces: int = 1600,
    *,
    device: torch.device | None = None,
    quiet: bool = False,
) -> list[Row]:
    """Loss on clean text of models that learned from noisy text; a row for each run.

    `budgets` are in steps, ascending; `pieces` of 65 characters are read for a loss. `floor` is what a
    perfect reader loses who reckons with that much noise where there is none.
    """
    rows: list[Row] = []
    for seed, width, share in product(seeds, widths, shares):
        trainer = _trainer(width, share, max(budgets), seed, device)
        for steps in budgets:
            trainer.trunk(branch_point(steps), quiet=quiet)
            model = trainer.cooled(steps, quiet=quiet)
            rows.append(
                {
                    "width": width,
                    "parameters": shape(width).n_parameters(),
                    "share": share,
                    "characters": steps * BATCH * LENGTH,
                    "seed": seed,
                    "loss": text_loss(model, _unseen(pieces), LENGTH, SKIPPED),
                    "floor": floor(share, pieces),
                }
            )
    return rows


@cache
def floor(share: float, pieces: int = 1600) -> float:
    """Nats per character that a perfect reader loses on clean text who reckons with noise in it.

    At a share of 0 it is what the language itself loses on the characters that are counted.
    """
    exact = corpus.invent().log_probabilities(_unseen(pieces)).reshape(-1, LENGTH + 1)[:, 1 + SKIPPED :]
    return float(-np.log((1 - share) * np.exp(exact) + share / len(corpus.ALPHABET)).mean())


def _trainer(width: int, share: float, steps: int, seed: int, device: torch.device | None) -> Trainer:
    text = corpus.invent().text(steps * BATCH * LENGTH + 1, seed=TEXT_SEED + seed)
    spoilt = corpus.noisy(text, share, NOISE_SEED + seed)
    model = initialise(Decoder(shape(width)), seed).to(device or best_device())
    return Trainer(model, text_batches(spoilt, LENGTH, BATCH))


def _unseen(pieces: int) -> corpus.Characters:
    return corpus.invent().text(pieces * (LENGTH + 1), seed=UNSEEN_SEED)
