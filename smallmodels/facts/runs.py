"""The recorded experiments of `data/runs/`, and what a table says of the rows it shows."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from smallmodels.facts.kinds import Run
from smallmodels.facts.lookups import one
from smallmodels.facts.reader import data_folder

Rows = Sequence[dict[str, Any]]


@cache
def run(id: str) -> Run:
    """The recorded experiment of this name, from `runs/<id>.json`."""
    import json  # only here: a page without experiments need not wait for it

    known = {path.stem: path for path in (data_folder() / "runs").glob("*.json")}
    given = json.loads(one(known, id, "recorded experiment").read_text(encoding="utf-8"))
    return Run(**{**given, "rows": tuple(given["rows"])})


@cache
def checkpoint(name: str) -> dict[str, Any]:
    """The configuration of a checkpoint of ours, `runs/<name>/config.json`, under transformers' names."""
    import json

    known = {path.parent.name: path for path in (data_folder() / "runs").glob("*/config.json")}
    given: dict[str, Any] = json.loads(one(known, name, "checkpoint").read_text(encoding="utf-8"))
    return given


def recorded(name: str, rows: Rows | None, device: str) -> tuple[Rows, tuple[str, ...], str]:
    """The rows to show, the notes that go with them, and what a figure names as its source.

    Records made off the CPU carry the device in their name.
    """
    if rows is not None:
        if not rows:
            raise ValueError("The run brought no rows; give it at least one case to try.")
        return rows, ("Run just now, on this machine.",), "a run just made"
    found = run(name if device == "cpu" else f"{name}-{device}")
    wall = "" if found.wall_seconds is None else f" ({found.wall_seconds:,.0f} s by the clock)"
    note = (
        f"Recorded by {found.command} on {found.date}, with PyTorch {found.versions['torch']} on "
        f"{found.device}, in {found.process_seconds:,.0f} s of processor time{wall}."
    )
    return found.rows, (note,), f"recorded experiment {found.id}, {found.date}"
