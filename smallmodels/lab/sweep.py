"""The sweep of chapter 02b: sizes times budgets times seeds, as `data/runs/scaling/PROTOCOL.md` lays down.

`python -m smallmodels.lab.sweep` (`make sweep`). One job is a trunk, a size with a seed, and all its
branches; jobs are independent and go through joblib: to processes of this machine, or with `--backend dask
--address tcp://...` to a cluster that sees the same folder. Each result becomes one line of `runs.jsonl`, and
when none is missing they make the record `scaling.json`. A sweep that was stopped, even by kill -9, goes on:
finished results stand in lines, a trunk starts again from its last branch, whose state lies in `state/`, and
no process of the old sweep trains on beside the new one (`workers.end_with_parent`).
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import joblib
import torch
from tqdm.auto import tqdm

from smallmodels.facts import data_folder
from smallmodels.lab import corpus, documents, workers
from smallmodels.lab.config import Config
from smallmodels.lab.measure import best_device, device_name
from smallmodels.lab.model import Decoder
from smallmodels.lab.train import COOLDOWN, Trainer, initialise, text_batches, text_loss

Row = dict[str, Any]

WIDTHS, BUDGETS, SEEDS = (24, 32, 48, 64, 96), (256, 512, 1024, 2048, 4096), (0, 1, 2)
BEYOND_WIDTHS, BEYOND_BUDGETS = (128, 192), (8192,)  # where a GPU is at hand
WINDOW, LENGTH, BATCH, SKIPPED = 10, 64, 32, 16
TEXT_SEED, UNSEEN_SEED = 100, 2  # a run with seed s reads text 100 + s
UNSEEN = 6200 * (LENGTH + 1)  # characters a loss is measured on
QUESTION = "How does loss depend on size and text, and does a fitted law find the known floor?"


@dataclass(frozen=True)
class Trunk:
    """One job: a size and a seed, and the budgets in steps that are still wanted of it.

    All branches read one text, drawn for the longest of them; a text of another length is another text.
    """

    width: int
    seed: int
    budgets: tuple[int, ...]
    device: str
    unseen: int  # characters of the evaluation text
    state: Path  # folder where it keeps what it needs to go on

    def grow(self, place: int = 0) -> list[Row]:
        """Train the trunk, branch off every budget, and give one row for each; goes on where it stopped."""
        torch.set_num_threads(1)
        device = workers.own_card(self.device)
        self.state.mkdir(parents=True, exist_ok=True)
        rows = _lines(self._rows)
        wanted = [steps for steps in self.budgets if steps not in {row["steps"] for row in rows}]
        if not wanted:
            return rows
        unseen = corpus.invent().text(self.unseen, seed=UNSEEN_SEED)
        with tqdm(desc=f"{self}", position=place, unit="step", leave=False, disable=None) as bar:
            trainer, start = self._trainer(branch_point(wanted[0]), device, bar), process_time()
            bar.total = branch_point(wanted[-1]) - trainer.step + sum(n - branch_point(n) for n in wanted)
            for steps in wanted:
                trainer.trunk(branch_point(steps), quiet=True)
                self._keep(trainer)
                loss = text_loss(trainer.cooled(steps, quiet=True), unseen, LENGTH, SKIPPED)
                now = process_time()
                rows.append(self._row(steps, loss, now - start, device))
                append(self._rows, rows[-1:])
                start = now
        return rows

    def forget(self) -> None:
        """Remove what was kept to go on."""
        for path in self.state.glob(f"{self._name}.*"):
            path.unlink()

    def __str__(self) -> str:
        return f"width {self.width}, seed {self.seed}"

    @property
    def _name(self) -> str:
        return f"{self.width}-{self.seed}-{max(self.budgets)}{_suffix(self.device)}"

    @property
    def _rows(self) -> Path:
        return self.state / f"{self._name}.jsonl"

    @property
    def _kept(self) -> Path:
        return self.state / f"{self._name}.pt"

    def _trainer(self, first: int, device: torch.device, bar: "tqdm[Any]") -> Trainer:
        """A trainer in the state kept, or at step 0 when there is none or it is past step `first`."""
        text = corpus.invent().text(max(self.budgets) * BATCH * LENGTH + 1, seed=TEXT_SEED + self.seed)
        batches = text_batches(text, LENGTH, BATCH)

        def counted(step: int) -> tuple[torch.Tensor, torch.Tensor]:
            bar.update()
            workers.stop_if_unwanted()
            return batches(step)

        def new() -> Trainer:
            model = initialise(Decoder(shape(self.width)), self.seed)
            return Trainer(model.to(device), counted)

        trainer = new()
        if self._kept.exists():
            trainer.restore(self._kept)
        return trainer if trainer.step <= first else new()

    def _keep(self, trainer: Trainer) -> None:
        """Replace the state at once, so that a kill leaves the old one or the new one."""
        new = self._kept.with_suffix(f".{os.getpid()}")
        trainer.save(new)
        new.replace(self._kept)

    def _row(self, steps: int, loss: float, seconds: float, device: torch.device) -> Row:
        config, outside = shape(self.width), 2 * len(corpus.ALPHABET) * self.width
        return {
            "width": self.width,
            "parameters": config.n_parameters(),
            "non_embedding": config.n_parameters() - outside,
            "steps": steps,
            "characters": steps * BATCH * LENGTH,
            "seed": self.seed,
            "loss": loss,
            "process_seconds": round(seconds, 1),
            "date": date.today().isoformat(),
            "device": device_name(device),
            "versions": documents.versions(device),
        }


def shape(width: int) -> Config:
    """The model of this width; ValueError when a width makes none."""
    if width < 8 or width % 8:
        raise ValueError(
            f"A width of {width} does not give four heads of an even size; take a multiple of 8."
        )
    return Config.tiny(width, sliding_window=WINDOW)


def branch_point(steps: int) -> int:
    """The step at which the fall of a budget leaves the trunk, as in `Trainer.train`."""
    return steps - max(1, round(COOLDOWN * steps))


def floor() -> dict[str, float]:
    """The language's entropy rate, and its exact value on the very characters a loss is measured on."""
    language = corpus.invent()
    unseen = language.text(UNSEEN, seed=UNSEEN_SEED)
    counted = language.log_probabilities(unseen).reshape(-1, LENGTH + 1)[:, 1 + SKIPPED :]
    return {"entropy_rate": language.entropy_rate, "exact_on_sample": float(-counted.mean())}


def sweep(
    folder: Path,
    widths: Sequence[int] = WIDTHS,
    budgets: Sequence[int] = BUDGETS,
    seeds: Sequence[int] = SEEDS,
    *,
    device: str = "cpu",
    backend: str = "loky",
    address: str | None = None,
    jobs: int = -1,
    unseen: int = UNSEEN,
) -> list[Row]:
    """Train what is missing in `folder` and give all the rows asked for, sorted.

    Budgets are in steps of 2,048 characters, `unseen` is in characters. `jobs` trunks run at once; -1 is one
    a core, on a GPU one a card, which is the most there.

    Raises ValueError for sizes, budgets, seeds, jobs, a backend or an address that cannot be.
    """
    _check(widths, budgets, seeds)
    side = workers.how_many(jobs, device, backend)
    folder = folder.resolve()  # a worker may stand in another folder
    lines, asked = lines_of(folder, device), set(product(widths, seeds, budgets))
    missing = asked - {_key(row) for row in _lines(lines)}
    trunks = [
        Trunk(width, seed, wanted, device, unseen, folder / "state")
        for seed, width in product(seeds, sorted(widths, reverse=True))
        if (wanted := tuple(n for n in sorted(budgets) if (width, seed, n) in missing))
    ]
    with workers.sent_to(backend, address), tqdm(total=len(trunks), unit="trunk", disable=None) as bar:
        pool = joblib.Parallel(side, return_as="generator_unordered")
        rows_below = joblib.effective_n_jobs(side)  # so many bars below one another
        parent = os.getpid() if backend == "loky" else None
        calls = (joblib.delayed(_grow)(trunk, 1 + i % rows_below, parent) for i, trunk in enumerate(trunks))
        for trunk, rows in pool(calls):
            append(lines, [row for row in rows if _key(row) in missing])
            trunk.forget()
            tqdm.write(f"{trunk}: " + ", ".join(f"{row['loss']:.4f}" for row in rows))
            bar.update()
    return sorted((row for row in _lines(lines) if _key(row) in asked), key=_key)


def lines_of(folder: Path, device: str) -> Path:
    """The file of results of this kind of device."""
    return folder / f"runs{_suffix(device)}.jsonl"


def _suffix(device: str) -> str:
    kind = torch.device(device).type
    return "" if kind == "cpu" else f"-{kind}"


def append(path: Path, rows: Sequence[Row]) -> None:
    """Add rows to a file of lines in one write, below the last line and whatever a crash left of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        torn = file.read() not in (b"", b"\n")
        file.write(("\n" * torn + "".join(json.dumps(row) + "\n" for row in rows)).encode())


def _lines(path: Path) -> list[Row]:
    """The rows of a file; a torn line is told and does not count, so that its run is made anew."""
    rows: dict[tuple[int, int, int], Row] = {}
    text = path.read_bytes().decode(errors="replace") if path.exists() else ""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line)
            rows.setdefault(_key(row), row)
        except (ValueError, KeyError, TypeError):
            print(f"{path}, line {number}, is no result and does not count.", file=sys.stderr)
    return [*rows.values()]


def _key(row: Row) -> tuple[int, int, int]:
    return row["width"], row["seed"], row["steps"]


def _grow(trunk: Trunk, place: int, parent: int | None) -> tuple[Trunk, list[Row]]:
    if parent is not None:
        workers.end_with_parent(parent)
    return trunk, trunk.grow(place)


def _check(widths: Sequence[int], budgets: Sequence[int], seeds: Sequence[int]) -> None:
    for width in widths:
        shape(width)
    if not widths or not budgets or not seeds or min(budgets) < 2 or min(seeds) < 0:
        raise ValueError(
            "A sweep takes one size, budget and seed or more; budgets from 2 steps, seeds from 0."
        )


def document(rows: list[Row], device: str) -> dict[str, Any]:
    """The record of all rows, in the shape of the other experiments'."""
    once = ("date", "device", "versions")  # said of every line, once in the record
    return {
        "id": f"scaling{_suffix(device)}",
        "question": QUESTION,
        "command": f"python -m smallmodels.lab.sweep --device {torch.device(device).type}",
        "date": max(row["date"] for row in rows),
        "device": " and ".join(sorted({row["device"] for row in rows})),
        "versions": rows[-1]["versions"],
        "process_seconds": round(math.fsum(row["process_seconds"] for row in rows), 1),
        "settings": {
            "language": {"n_words": 2000, "seed": 0, "loyalty": 0.6},  # what `corpus.invent()` makes
            **floor(),
            "widths": sorted({row["width"] for row in rows}),
            "budgets": sorted({row["steps"] for row in rows}),
            "seeds": sorted({row["seed"] for row in rows}),
            "training_text": f"seed {TEXT_SEED} + the run's",
            "evaluation_text": {"seed": UNSEEN_SEED, "characters": UNSEEN, "skipped": SKIPPED},
            "sliding_window": WINDOW,
            "length": LENGTH,
            "batch": BATCH,
            "cooldown": COOLDOWN,
        },
        "rows": [{key: value for key, value in row.items() if key not in once} for row in rows],
    }


def main(arguments: list[str]) -> None:
    """Go on with the sweep of this device, and write its record when nothing is missing."""
    parser = argparse.ArgumentParser(prog="python -m smallmodels.lab.sweep", description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", help="sizes; larger ones too by default on a GPU")
    parser.add_argument("--budgets", type=int, nargs="+", help="steps; more by default on a GPU")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--device", default=best_device().type, help="cpu, cuda or mps; the best by default")
    parser.add_argument(
        "--backend", default="loky", help=f"one of {', '.join(workers.BACKENDS)}; loky is this machine"
    )
    parser.add_argument("--address", help="of the cluster's scheduler")
    parser.add_argument(
        "--jobs", type=int, default=-1, help="trunks at once; by default one a core, or a card"
    )
    parser.add_argument("--output", type=Path, default=data_folder() / "runs", help="folder of the record")
    parser.add_argument("--anew", action="store_true", help="start over when a complete sweep lies there")
    given = vars(parser.parse_args(arguments))
    try:
        print(f"Written to {run(**given)}", flush=True)
    except ValueError as error:
        parser.error(str(error))


def run(
    output: Path,
    widths: Sequence[int] | None,
    budgets: Sequence[int] | None,
    seeds: Sequence[int],
    device: str,
    anew: bool,
    **where: Any,
) -> Path:
    """Sweep in `output`/scaling and write the record beside it; sizes and budgets as the device allows."""
    output = output.resolve()
    more = torch.device(device).type != "cpu"
    widths = widths or WIDTHS + BEYOND_WIDTHS * more
    budgets = budgets or BUDGETS + BEYOND_BUDGETS * more
    lines = lines_of(output / "scaling", device)
    if anew and {_key(row) for row in _lines(lines)} >= set(product(widths, seeds, budgets)):
        lines.unlink()
    sweep(output / "scaling", widths, budgets, seeds, device=device, **where)
    return documents.write(document(sorted(_lines(lines), key=_key), device), output)


if __name__ == "__main__":
    main(sys.argv[1:])
