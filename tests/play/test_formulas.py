"""Bytes of rounded weights, counted by hand."""

import pytest

from smallmodels import play


@pytest.mark.parametrize(
    ("rows", "columns", "bits", "counted"),
    [(3, 64, 8, 3 * (64 + 4)), (3, 70, 4, 3 * (35 + 6)), (1, 31, 2, 7.75 + 2), (2, 5, 16, 20)],
)
def test_bytes_are_numbers_and_scales(rows: int, columns: int, bits: int, counted: float) -> None:
    assert play.rounded_bytes(rows, columns, bits) == counted


def test_other_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="`bits` is 9; choose 2 to 8"):
        play.rounded_bytes(1, 1, 9)
