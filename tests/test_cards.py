"""What was measured on a card, against figures worked out by hand from published sizes and bandwidths."""

from math import isclose, isfinite

import pytest

from smallmodels import swa
from smallmodels.table import Table

TABLES = (swa.gpu_prefill,)


def column(table: Table, name: str) -> list[float]:
    return [float(str(value)) for value in table.values(name)]


@pytest.mark.parametrize("show", TABLES)
def test_every_figure_is_finite_and_says_where_it_was_measured(show: object) -> None:
    table = show()  # type: ignore[operator]
    drawn = [v for rows in table.series.values() for row in rows for v in row.values()]
    shown = [v for c in table.columns for v in table.values(c.name)]
    assert all(isfinite(v) for v in drawn + shown if isinstance(v, int | float))
    assert "H100" in table.notes[0]
    assert table.sources()


def test_a_window_pays_on_a_card_once_most_lies_behind_it() -> None:
    table = swa.gpu_prefill()
    gains, predicted = column(table, "gain"), column(table, "flops_gain")
    length, window = 65_536, 4096
    hidden = (length - window) * (length - window + 1)
    assert isclose(predicted[-1], length * (length + 1) / (length * (length + 1) - hidden))
    assert gains[-1] > 3
    assert all(gain < 1.1 * most for gain, most in zip(gains, predicted, strict=True))
