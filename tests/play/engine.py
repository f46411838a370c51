"""The browser's engine, run by Node, for the tests: `answers([{"kind": "logits", ...}])`."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
DECODER = ROOT / "smallmodels" / "live" / "front" / "decoder.js"
RUNNER = Path(__file__).with_name("engine.mjs")


def answers(cases: list[dict[str, Any]], decoder: Path = DECODER) -> list[Any]:
    """What the engine says to each case."""
    ran = subprocess.run(
        ["node", str(RUNNER), str(decoder)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def numbers(text: str, columns: int = 0) -> NDArray[np.float32]:
    """Numbers as the engine sends them, in rows of so many."""
    found = np.frombuffer(base64.b64decode(text), dtype=np.float32)
    return found.reshape(-1, columns) if columns else found
