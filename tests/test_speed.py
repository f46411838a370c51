"""Bytes per step: when shared heads pay, against the crossing found by walking along the contexts."""

from math import isclose, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import attention, facts, speed

MISTRAL, LLAMA = facts.model("Mistral 7B"), facts.model("Llama 2 7B")


def test_break_even_of_the_two_sevens_by_walking() -> None:
    without_window = [
        n
        for n in range(1, 4097)  # within the window
        if speed.model_step_bytes(MISTRAL, n) <= speed.model_step_bytes(LLAMA, n)
    ]
    assert without_window[0] == speed.break_even_tokens(MISTRAL, LLAMA) == 2560


@pytest.mark.parametrize(
    ("context", "batch", "ratio"),
    [(0, 1, 0.929), (512, 1, 0.944), (2560, 1, 1.0), (4096, 1, 1.04), (4096, 8, 1.64), (4096, 32, 2.609)],
)
def test_ratio_of_bytes_at_settings_worked_out_by_hand(context: int, batch: int, ratio: float) -> None:
    ours = speed.model_step_bytes(MISTRAL, context, batch)
    assert speed.model_step_bytes(LLAMA, context, batch) / ours == pytest.approx(ratio, abs=0.005)


@given(
    challenger=st.sampled_from(attention.MODELS),
    baseline=st.sampled_from(attention.MODELS),
    batch=st.integers(1, 256),
    precision=st.sampled_from([*attention.BYTES_PER_VALUE]),
)
@settings(deadline=None)
def test_every_reachable_table_is_finite_and_consistent(
    challenger: str, baseline: str, batch: int, precision: str
) -> None:
    table = speed.break_even(challenger, baseline, batch, precision)
    columns = [table.values(c.name) for c in table.columns]
    assert all(isfinite(float(str(v))) for column in columns for v in column)
    for _, cached, ours, theirs, gain in zip(*columns, strict=True):
        assert isclose(float(str(gain)), 100 * (float(str(theirs)) / float(str(ours)) - 1), abs_tol=1e-9)
        assert int(str(cached)) % batch == 0
    assert table.finding.endswith(".")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: speed.break_even("GPT-5"), "no shape of 'GPT-5'"),
        (lambda: speed.break_even(batch=0), "batch of 0"),
        (lambda: speed.break_even(precision="FP7"), "no precision"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]
