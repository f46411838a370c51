"""A run trained again is the record's of the same size, text and seed, up to what machines round."""

import pytest
import torch

from smallmodels import facts
from smallmodels.lab import rerun


def test_a_run_trained_again_is_that_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerun, "best_device", lambda: torch.device("cpu"))
    widths, steps = rerun.affordable()
    again = rerun.train(widths[0], steps)
    recorded = {(row["width"], row["characters"], row["seed"]): row for row in facts.run("scaling").rows}[
        again["width"], again["characters"], again["seed"]
    ]
    assert again["parameters"] == recorded["parameters"]
    assert again["loss"] == pytest.approx(recorded["loss"], abs=0.02)  # seeds differ by up to 0.05
