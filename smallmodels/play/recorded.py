"""The losses that were recorded for every setting, by PyTorch."""

from dataclasses import dataclass
from functools import cache

from smallmodels import facts
from smallmodels.play.records import Setting

RECORD = "play"


@dataclass(frozen=True, slots=True)
class Loss:
    """Nats a character, and the standard error of the difference from the setting a reader begins with."""

    nats: float
    error: float


@cache
def grid() -> dict[tuple[int, int, int | None], Loss]:
    """Every recorded loss by KV heads, bits and window."""
    run = facts.run(RECORD)
    windows = run.settings["windows"]
    return {
        (row["n_kv_heads"], row["bits"], window): Loss(nats, error)
        for row in run.rows
        if "loss" in row
        for window, nats, error in zip(windows, row["loss"], row["error"], strict=True)
    }


def loss(setting: Setting) -> Loss:
    """What was recorded for this setting; the context has no part in it."""
    return grid()[setting.n_kv_heads, setting.bits, setting.window]


def exact() -> float:
    """What the very same characters cost whoever knows the language: the least that a model can."""
    return float(next(row["value"] for row in facts.run(RECORD).rows if row.get("figure") == "exact"))


def provenance() -> tuple[str, str]:
    """How the losses were recorded, and the same as the source of a figure."""
    _, (note,), source = facts.recorded(RECORD, None, "cpu")
    return note, source
