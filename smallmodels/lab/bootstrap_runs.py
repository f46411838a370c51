"""Draws the intervals of Chinchilla's law: `python -m smallmodels.lab.bootstrap_runs` (part of `make sweep`).

The 240 runs that the refit of Besiroglu and others keeps are drawn with replacement, a run by itself (Efron
1979), as they did; every draw is fitted under Huber's loss, and its constants become one row of
`data/runs/chinchilla-bootstrap.json`: the page shows an interval without fitting a thousand times.
"""

import platform
import random
from collections.abc import Iterator, Sequence
from datetime import date
from time import perf_counter, process_time

import torch
from tqdm.auto import tqdm

import smallmodels
from smallmodels.facts import data_folder
from smallmodels.lab import documents
from smallmodels.lab.measure import device_name
from smallmodels.scaling.fitting import HUBER, Point, fit
from smallmodels.scaling.runs import CONSTANTS, DRAWS, LEFT_OUT, read_off

NUMBER, SEED = 1000, 0


def draws(runs: Sequence[Point], number: int, seed: int) -> Iterator[dict[str, float]]:
    """The constants of the law fitted to as many runs drawn with replacement, so many times."""
    chance = random.Random(seed)
    for _ in range(number):
        law = fit(chance.choices(runs, k=len(runs)), HUBER)
        yield {name: getattr(law, name) for name in CONSTANTS}


def main() -> None:
    """Draw and write the record."""
    start, wall = process_time(), perf_counter()
    runs = read_off()[LEFT_OUT:]
    rows = [*tqdm(draws(runs, NUMBER, SEED), "draw", NUMBER, unit="fit", disable=None)]
    document = {
        "id": DRAWS,
        "question": "How far could the refit of Chinchilla's law have come out otherwise?",
        "command": "python -m smallmodels.lab.bootstrap_runs",
        "date": date.today().isoformat(),
        "device": device_name(torch.device("cpu")),
        "versions": {"python": platform.python_version(), "smallmodels": smallmodels.__version__},
        "process_seconds": round(process_time() - start, 1),
        "wall_seconds": round(perf_counter() - wall, 1),
        "settings": {"draws": NUMBER, "seed": SEED, "runs": len(runs), "left_out": LEFT_OUT, "fit": HUBER},
        "rows": rows,
    }
    print(f"Written to {documents.write(document, data_folder() / 'runs')}", flush=True)


if __name__ == "__main__":
    main()
