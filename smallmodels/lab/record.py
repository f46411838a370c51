"""Makes the recorded experiments: `python -m smallmodels.lab.record [--device cuda] [name ...]` (`make lab`).

Each becomes one `data/runs/<name>.json`: what was asked, on what, when, with which versions, seeds and
settings, for how much processor time, and its rows. Off the CPU the device is part of the name
(`<name>-cuda.json`), so that no record replaces another machine's. `tiny`, `tiny-8`, `tiny-2`
and `tiny-1` train the small checkpoints of `tiny_models` and write them to folders of their names.

What a card should do next, and no card was at hand for: `prompt-pieces` (`causal_lower_right`),
`window-paths` once more (`varlen_attn` for the window), `generate-speed` (CUDA graphs), `quantised-step`
(weights of 8 and 4 bits) and `step-profile` (one step, kernel by kernel). `make lab` on a machine with one
records them all.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch

from smallmodels.facts import data_folder
from smallmodels.lab import card_steps, cards, experiments, lengths, noise, play, tiny_models
from smallmodels.lab.documents import versions, write
from smallmodels.lab.measure import best_device, device_name

SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Experiment:
    """A question, the function that answers it with rows, and the sizes it is recorded with."""

    question: str
    run: Callable[..., list[experiments.Row]]
    settings: dict[str, Any] = field(default_factory=dict)
    devices: tuple[str, ...] = ("cpu", "cuda", "mps")  # where it makes sense


def _tiny_sharing(n_kv_heads: int) -> Experiment:
    return Experiment(
        "What does a trained model lose when its window is moved, and what with fewer key-value heads?",
        tiny_models.tiny_sharing,
        {
            "n_kv_heads": n_kv_heads,
            "characters": 1_000_000,
            "length": 128,
            "batch": 8,
            "seed": 0,
            "windows": (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 36, 40, 48, 64, None),
            "pieces": 400,
        },
        devices=("cpu",),  # the checkpoints that are committed
    )


EXPERIMENTS = {
    "sharing-quality": Experiment(
        "What does sharing key-value heads cost in quality, at equal size?",
        experiments.sharing_quality,
        {"kv_heads": (8, 2, 1), "seeds": (0, 1, 2, 3, 4), "characters": 1_000_000},
    ),
    "conversion": Experiment(
        "Can a trained model be made to share its heads afterwards?",
        experiments.conversion,
        {"n_kv_heads": 2, "seeds": SEEDS, "characters": 1_000_000, "extra_shares": (0.05, 0.2)},
    ),
    "decode-time": Experiment(
        "Does the time of a decoding step follow the bytes it reads?",
        experiments.decode_time,
        {"kv_heads": (8, 4, 2, 1), "contexts": (0, 4096, 16_384), "width": 512, "n_layers": 8, "rounds": 15},
    ),
    "relay": Experiment(
        "How far back can a stack of windowed layers hear?",
        experiments.relay,
        {"depths": (1, 2, 3, 4), "seeds": SEEDS, "steps": 300},
    ),
    "phone-book": Experiment(
        "How much can be carried that far?",
        experiments.phone_book,
        {"cases": ((2, 4), (2, 8), (3, 4), (3, 8), (None, 8)), "seeds": SEEDS, "steps": 1500, "peak": 0.004},
    ),
    "gradient-reach": Experiment(
        "How strongly does an output depend on inputs far back?",
        experiments.gradient_reach,
        {"n_layers": 4, "steps": 300},
    ),
    "cache-memory": Experiment(
        "What does a rolling cache hold, against a full one?",
        experiments.cache_memory,
        {"window": 4096, "contexts": (1024, 4096, 16_384, 65_536)},
    ),
    "prefill-time": Experiment(
        "What does a window save when a prompt is read?",
        experiments.prefill_time,
        {"lengths": (512, 1024, 2048, 4096, 8192, 16_384), "window": 512, "width": 256, "rounds": 5},
    ),
    "past-the-trained-length": Experiment(
        "What becomes of a model past the length of its training texts, with a window and without one?",
        lengths.past_the_trained_length,
        {
            "lengths": (64, 128, 256, 512, 1024),
            "seeds": SEEDS,
            "characters": 600_000,
            "steps": 1500,
            "places": 256,
        },
    ),
    "noise": Experiment(
        "How much noise in its text costs a model its lead over a smaller one, and a smaller one its own?",
        noise.noise,
        {
            "widths": (24, 32, 48),
            "shares": (0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
            "budgets": (256, 512),
            "seeds": SEEDS,
            "pieces": 1600,
        },
    ),
    "published-decode": Experiment(
        "How much of a card's bandwidth does decoding with a model of published size use?",
        cards.published_decode,
        {
            "models": ("Mistral 7B", "Llama 2 7B", "Llama 2 13B"),
            "contexts": (0, 4096, 32_768),
            "rounds": 15,
        },
        devices=("cuda",),
    ),
    "window-paths": Experiment(
        "What does a window save on a card, in one layer of Mistral 7B's attention?",
        cards.window_paths,
        {"lengths": (4096, 8192, 16_384, 32_768, 65_536), "window": 4096, "rounds": 5},
        devices=("cuda",),
    ),
    "shared-decode": Experiment(
        "What does sharing heads save on a card, with 32k tokens cached?",
        cards.shared_decode,
        {"kv_heads": (32, 8, 4, 1), "cached": 32_768, "n_layers": 32, "rounds": 15},
        devices=("cuda",),
    ),
    "prompt-pieces": Experiment(
        "What does it cost on a card to read a prompt in pieces?",
        cards.prompt_pieces,
        {"length": 16_384, "chunks": (512, 2048, 4096), "rounds": 5},
        devices=("cuda",),
    ),
    "generate-speed": Experiment(
        "How fast does a card speak when nothing waits for Python?",
        card_steps.generate_speed,
        {
            "models": ("Mistral 7B", "Llama 2 7B", "Llama 2 13B"),
            "contexts": (0, 4096),
            "n_new": 64,
            "rounds": 5,
        },
        devices=("cuda",),
    ),
    "quantised-step": Experiment(
        "How much faster is a decoding step with weights of 8 and 4 bits?",
        card_steps.quantised_step,
        {"model": "Mistral 7B", "context": 4096, "bits": (16, 8, 4), "rounds": 15},
        devices=("cuda",),
    ),
    "step-profile": Experiment(
        "Where does the time of a decoding step go on a card?",
        card_steps.step_profile,
        {"model": "Mistral 7B", "context": 4096, "steps": 10, "most": 20},
        devices=("cuda",),
    ),
    "play": Experiment(
        "What does each setting of the small model cost, on text that it has not seen?",
        play.losses_by_setting,
        {
            "kv_heads": (2, 8, 1),
            "bits": (16, 8, 7, 6, 5, 4, 3, 2),
            "windows": (*range(1, 65), None),
            "texts": 16,
        },
        devices=("cpu",),
    ),
    "play-sample": Experiment(
        "What does the small model write, and what would the language have thought of it?",
        play.sample,
        {"characters": 240, "seed": 1, "temperature": 1.0, "context": 250},
        devices=("cpu",),
    ),
    "tiny": Experiment(
        "How close does the small checkpoint come to the entropy of its language?",
        tiny_models.tiny,
        {"characters": 1_000_000, "length": 128, "batch": 32, "seed": 0},
        devices=("cpu",),
    ),
    **{f"tiny-{heads}": _tiny_sharing(heads) for heads in (8, 2, 1)},
}


def record(name: str, folder: Path, device: torch.device) -> Path:
    """Run one experiment as recorded, on that device, and write it to `folder`."""
    experiment = EXPERIMENTS[name]
    start, wall = process_time(), perf_counter()
    rows = experiment.run(**experiment.settings, device=device)
    document = {
        "id": name if device.type == "cpu" else f"{name}-{device.type}",
        "question": experiment.question,
        "command": f"python -m smallmodels.lab.record --device {device.type} {name}",
        "date": date.today().isoformat(),
        "device": device_name(device),
        "versions": versions(device),
        "process_seconds": round(process_time() - start, 1),
        "wall_seconds": round(perf_counter() - wall, 1),
        "settings": experiment.settings,
        "rows": rows,
    }
    return write(document, folder)


def main(arguments: list[str]) -> None:
    """Record the experiments that are named, or all that suit the device."""
    parser = argparse.ArgumentParser(prog="python -m smallmodels.lab.record", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(EXPERIMENTS)}; all when none is given")
    parser.add_argument("--device", choices=("cpu", "cuda", "mps"), default=best_device().type)
    given = parser.parse_args(arguments)
    device = torch.device(given.device)
    suited = [name for name, experiment in EXPERIMENTS.items() if device.type in experiment.devices]
    if unknown := [name for name in given.names if name not in EXPERIMENTS]:
        parser.error(f"there is no experiment {unknown[0]!r}; choose from {', '.join(EXPERIMENTS)}")
    if unsuited := [name for name in given.names if name not in suited]:
        parser.error(f"{unsuited[0]!r} is not recorded on {device.type}; there are {', '.join(suited)}")
    if device.type not in ("cpu", best_device().type):
        parser.error(f"there is no {device.type} device on this machine")
    torch.set_num_threads(1)  # what is timed is then comparable on a machine with other work
    folder = data_folder() / "runs"
    folder.mkdir(exist_ok=True)
    for name in given.names or suited:
        print(f"{name}: {EXPERIMENTS[name].question}", flush=True)
        print(f"  written to {record(name, folder, device)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
