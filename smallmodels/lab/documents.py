"""Records as they lie in `data/runs/`: what a result may depend on, and JSON that a difference can read."""

import json
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch

import smallmodels


def versions(device: torch.device) -> dict[str, str]:
    """What a result on this device may depend on."""
    known = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "smallmodels": smallmodels.__version__,
    }
    if device.type == "cuda":
        known |= {"cuda": torch.version.cuda or "none", "driver": _driver()}
    return known


def _driver() -> str:
    """The NVIDIA driver's version, from the program that comes with it."""
    asked = ("--query-gpu=driver_version", "--format=csv,noheader")
    if not (program := shutil.which("nvidia-smi")):
        return "unknown"
    return subprocess.check_output([program, *asked], text=True).splitlines()[0].strip()


def write(document: dict[str, Any], folder: Path) -> Path:
    """Write a record, its floats to six digits, as `<id>.json` to `folder`."""
    rows = [{key: _short(value) for key, value in row.items()} for row in document["rows"]]
    path = folder / f"{document['id']}.json"
    path.write_text(_one_row_a_line({**document, "rows": rows}), encoding="utf-8")
    return path


def _short(value: str | int | float | None) -> str | int | float | None:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _one_row_a_line(document: dict[str, Any]) -> str:
    """JSON that a diff can read."""
    rows = ",\n".join("  " + json.dumps(row) for row in document["rows"])
    head = "".join(
        f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in document.items() if key != "rows"
    )
    return f'{{\n{head} "rows": [\n{rows}\n ]\n}}\n'
