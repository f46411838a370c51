"""Trains models of the recorded sweep once more, to be set beside the record by `miniature.rerun`.

A run of the sweep is a branch of a trunk that reads on; here each is trained by itself, on the same text from
the same start, which on the recording machine comes to the same loss to the last digit.
"""

import torch

from smallmodels.lab import corpus, sweep
from smallmodels.lab.measure import best_device
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import Trainer, initialise, text_batches, text_loss


def affordable() -> tuple[tuple[int, ...], int]:
    """Widths, and steps of each, that take about half a minute; more of both where there is a GPU."""
    few = best_device().type == "cpu"
    return (sweep.WIDTHS[:2], sweep.BUDGETS[0]) if few else (sweep.WIDTHS, sweep.BUDGETS[2])


def train(width: int, steps: int) -> sweep.Row:
    """One run of seed 0, with what the record says of each: width, parameters, characters, seed and loss."""
    torch.set_num_threads(1)  # as recorded
    language, seed = corpus.invent(), sweep.SEEDS[0]
    # A text of another length is another text, so it is drawn as long as the sweep's.
    text = language.text(sweep.BUDGETS[-1] * sweep.BATCH * sweep.LENGTH + 1, seed=sweep.TEXT_SEED + seed)
    unseen = language.text(sweep.UNSEEN, seed=sweep.UNSEEN_SEED)
    model = initialise(Decoder(sweep.shape(width)), seed).to(best_device())
    trainer = Trainer(model, text_batches(text, sweep.LENGTH, sweep.BATCH))
    loss = text_loss(trainer.train(steps, quiet=True), unseen, sweep.LENGTH, sweep.SKIPPED)
    return {
        "width": width,
        "parameters": sweep.shape(width).n_parameters(),
        "characters": steps * sweep.BATCH * sweep.LENGTH,
        "seed": seed,
        "loss": loss,
    }
