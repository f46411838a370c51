"""The small checkpoints of `data/runs/`: one to start from, and three alike but for their key-value heads.

All speak the invented language of `corpus`, whose every probability is known. `tiny-8`, `tiny-2` and
`tiny-1` are what a reader's page runs: 8 query heads on 8, 2 or 1 key-value heads, one size (what sharing
saves widens the SwiGLU), one seed, one text in one order.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from smallmodels.facts import data_folder
from smallmodels.lab import checkpoint, corpus
from smallmodels.lab.config import Config
from smallmodels.lab.experiments import UNSEEN, Row
from smallmodels.lab.measure import best_device
from smallmodels.lab.model import Decoder, load
from smallmodels.lab.train import Trainer, initialise, text_batches, text_loss

WINDOW = 32
TINY = Config.tiny(128, n_layers=4, n_heads=8, n_kv_heads=2, head_dim=16, sliding_window=WINDOW)
SKIPPED = 48  # characters of a piece that lack context and don't count
ABOUT = """# {title}

A decoder of Mistral's kind: {layers} layers, {heads} query heads on {kv_heads} for keys and values, a window
of {window} tokens, 27 characters. It learned the invented language of `smallmodels/lab/corpus.py`{purpose}.

- Read it with `smallmodels.lab.model.load("data/runs/{folder}")`, or with transformers, whose format it has.
  Weights are stored in FP16.
- Its recipe is the function `{function}` of `smallmodels/lab/tiny_models.py`; `../{folder}.json` records
  the run.
- It knows no human language and was trained on no text that anybody wrote.
- Licence: CC BY 4.0, as everything in `data/runs/` (see `LICENSE-data`).
"""


def tiny(
    characters: int = 1_000_000,
    length: int = 128,
    batch: int = 32,
    seed: int = 0,
    *,
    device: torch.device | None = None,
) -> list[Row]:
    """Train the small checkpoint, write it to `data/runs/tiny/`, and say how near the entropy it comes."""
    model = _taught(TINY, characters, length, batch, seed, device)
    folder = data_folder() / "runs" / "tiny"
    _keep(model, folder, "The tiny checkpoint", "; samples and demos start from it", "tiny")
    language = corpus.invent()
    unseen = language.text(UNSEEN, seed=2)
    return [
        {"figure": "parameters", "value": TINY.n_parameters()},
        {"figure": "loss on unseen text", "value": text_loss(model, unseen, length)},
        {"figure": "exact value on that text", "value": float(-language.log_probabilities(unseen).mean())},
        {"figure": "entropy rate of the language", "value": language.entropy_rate},
    ]


def sharing_shape(n_kv_heads: int) -> Config:
    """The shape of `tiny-<n_kv_heads>`: what sharing saves widens the SwiGLU, so that all are of one size."""
    whole = Config.tiny(96, n_layers=4, n_heads=8, n_kv_heads=8, head_dim=12, sliding_window=WINDOW)
    saved = 2 * (whole.n_kv_heads - n_kv_heads) * whole.head_dim  # rows of d_model numbers, a layer
    return whole.but(n_kv_heads=n_kv_heads, ffn_dim=whole.ffn_dim + round(saved / 3))


def tiny_sharing(
    n_kv_heads: int,
    characters: int = 1_000_000,
    length: int = 128,
    batch: int = 8,
    seed: int = 0,
    windows: Sequence[int | None] = (32,),
    pieces: int = 400,
    *,
    device: torch.device | None = None,
    folder: Path | None = None,
) -> list[Row]:
    """Train one of the three alike, write it, and give its loss by window on text it has not seen.

    The loss is that of the file as it is stored, in FP16, over `pieces` of `length` + 1 characters; `window`
    None sees all there is. Written to `data/runs/tiny-<n_kv_heads>/` when no folder is given.
    """
    config = sharing_shape(n_kv_heads)
    folder = folder or data_folder() / "runs" / f"tiny-{n_kv_heads}"
    _keep(
        _taught(config, characters, length, batch, seed, device),
        folder,
        f"One of three tiny checkpoints: {n_kv_heads} for keys and values",
        "; `tiny-8`,\n`tiny-2` and `tiny-1` learned it alike, at one size, and differ in these heads alone",
        "tiny_sharing",
    )
    model, language = load(folder), corpus.invent()
    unseen = language.text(pieces * (length + 1), seed=2)
    counted = language.log_probabilities(unseen).reshape(-1, length + 1)[:, 1 + SKIPPED :]
    return [
        {"figure": "parameters", "value": config.n_parameters(), "window": None},
        {"figure": "exact value on that text", "value": float(-counted.mean()), "window": None},
        {"figure": "entropy rate of the language", "value": language.entropy_rate, "window": None},
        *(
            {
                "figure": "loss on unseen text",
                "value": text_loss(windowed(model, window), unseen, length, SKIPPED),
                "window": window,
            }
            for window in windows
        ),
    ]


def windowed(model: Decoder, window: int | None) -> Decoder:
    """The same weights asked to look back another distance than they were trained with."""
    other = Decoder(model.config.but(sliding_window=window)).to(model.embed.weight)
    other.load_state_dict(model.state_dict())
    return other.eval()


def _taught(
    config: Config, characters: int, length: int, batch: int, seed: int, device: torch.device | None
) -> Decoder:
    text = corpus.invent().text(characters + 1, seed=1)
    start = initialise(Decoder(config), seed).to(device or best_device())
    trainer = Trainer(start, text_batches(text, length, batch))
    return trainer.train(characters // (length * batch), quiet=False)


def _keep(model: Decoder, folder: Path, title: str, purpose: str, function: str) -> None:
    checkpoint.save(model, folder, dtype=torch.float16)
    about = ABOUT.format(
        title=title,
        layers=model.config.n_layers,
        heads=model.config.n_heads,
        kv_heads=model.config.n_kv_heads,
        window=model.config.sliding_window,
        purpose=purpose,
        folder=folder.name,
        function=function,
    )
    (folder / "README.md").write_text(about, encoding="utf-8")
