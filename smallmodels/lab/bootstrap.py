"""Draws the intervals of the registered fit: `python -m smallmodels.lab.bootstrap` (part of `make sweep`).

Runs on one trunk share most of their training, so whole trunks, a size with a seed, are drawn with
replacement (the bootstrap of Efron 1979, by blocks). Every draw is fitted, and its constants become one row
of `data/runs/scaling-bootstrap.json`: the page shows an interval without fitting a thousand times.
"""

import platform
import random
from collections.abc import Iterator
from datetime import date
from time import perf_counter, process_time

import torch
from tqdm.auto import tqdm

import smallmodels
from smallmodels import miniature
from smallmodels.facts import data_folder
from smallmodels.lab import documents
from smallmodels.lab.measure import device_name
from smallmodels.scaling.fitting import LEAST_SQUARES, Point, fit

DRAWS, SEED = 1000, 0
CONSTANTS = ("E", "A", "B", "alpha", "beta")


def trunks(grid: miniature.Grid) -> list[list[Point]]:
    """The runs that the registered fit is made to, those of one size and seed together."""
    found = (grid.points([width], grid.fitted, [seed]) for width in grid.sizes for seed in grid.seeds)
    return [trunk for trunk in found if trunk]


def draws(trunks: list[list[Point]], number: int, seed: int) -> Iterator[dict[str, float]]:
    """The constants of the law fitted to as many trunks drawn with replacement, so many times.

    A draw with fewer than three sizes says nothing of a floor and is drawn again.
    """
    chance = random.Random(seed)
    while number:
        points = [point for trunk in chance.choices(trunks, k=len(trunks)) for point in trunk]
        if len({point.n_params for point in points}) > 2:
            law = fit(points)
            yield {name: getattr(law, name) for name in CONSTANTS}
            number -= 1


def main() -> None:
    """Draw and write the record."""
    start, wall = process_time(), perf_counter()
    given = trunks(miniature.grid())
    rows = [*tqdm(draws(given, DRAWS, SEED), "draw", DRAWS, unit="fit", disable=None)]
    document = {
        "id": miniature.DRAWS,
        "question": "How far could the registered fit have come out otherwise?",
        "command": "python -m smallmodels.lab.bootstrap",
        "date": date.today().isoformat(),
        "device": device_name(torch.device("cpu")),
        "versions": {"python": platform.python_version(), "smallmodels": smallmodels.__version__},
        "process_seconds": round(process_time() - start, 1),
        "wall_seconds": round(perf_counter() - wall, 1),
        "settings": {"draws": DRAWS, "seed": SEED, "trunks": len(given), "fit": LEAST_SQUARES},
        "rows": rows,
    }
    print(f"Written to {documents.write(document, data_folder() / 'runs')}", flush=True)


if __name__ == "__main__":
    main()
