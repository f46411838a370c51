"""The recorded sweep as its file has it, read without the book's loader, and helpers for tables."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from smallmodels import facts

sys.path.insert(0, str(Path(__file__).parent))

RUNS = facts.data_folder() / "runs"
FIELDS = ("width", "parameters", "characters", "seed", "loss")


@pytest.fixture(scope="session")
def record():
    """The recorded rows, read without the book's loader."""
    return pd.DataFrame(json.loads((RUNS / "scaling.json").read_text("utf-8"))["rows"])[[*FIELDS]]


@pytest.fixture(scope="session")
def floor():
    return json.loads((RUNS / "scaling.json").read_text("utf-8"))["settings"]["exact_on_sample"]
