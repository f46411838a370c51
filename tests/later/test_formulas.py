"""Halving times against NumPy, SciPy and values worked out elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from smallmodels import later

DAYS = 365.25 / 12


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("degrees", range(1, 31))
def test_students_t_is_scipys(confidence, degrees):
    expected = stats.t.ppf((1 + confidence) / 2, degrees)
    assert later.student_t(confidence, degrees) == pytest.approx(expected, rel=1e-7)


months = st.lists(st.integers(0, 80), min_size=3, max_size=9, unique=True).map(sorted)


@given(months, st.data())
def test_a_trend_is_the_line_of_numpy_and_the_interval_of_scipy(x, data):
    sizes = st.floats(0.1, 200).map(lambda value: value * 1e9)
    y = data.draw(st.lists(sizes, min_size=len(x), max_size=len(x)))
    slope, intercept = np.polyfit(x, np.log2(y), 1)
    if slope > -1e-6:
        return
    found = later.trend(x, y)
    line = stats.linregress(x, np.log2(y))
    margin = stats.t.ppf(0.975, len(x) - 2) * line.stderr
    assert found.halving == pytest.approx(-1 / slope, rel=1e-6)
    assert found.start == pytest.approx(2**intercept, rel=1e-6)
    assert found.low == pytest.approx(-1 / (slope - margin), rel=1e-5)
    assert (found.high is None) == (slope + margin >= 0) or abs(slope + margin) < 1e-9
    if found.high is not None:
        assert found.high == pytest.approx(-1 / (slope + margin), rel=1e-3)


def test_two_points_give_a_pace_and_no_interval():
    found = later.trend([0, 6], [8, 2])
    assert (found.halving, found.low, found.high) == (3.0, None, None)
    assert found.value(12) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("x", "y", "said"), [([0], [1], "One point makes no line"), ([0, 1], [1, 2], "do not fall")]
)
def test_what_has_no_pace_says_so(x, y, said):
    with pytest.raises(ValueError, match=said):
        later.trend(x, y)


def test_nothing_halves_that_does_not_fall():
    with pytest.raises(ValueError, match="nothing falls"):
        later.halving_months(3, 3, 1)


# Worked out elsewhere from the same ends: from, to (billions), days, months to half.
ENDS = [
    ("Llama 2 70B to Yi 1.5 9B", 68.98, 8.83, 300, 3.32),
    ("Llama 2 70B to Qwen2 7B", 68.98, 7.62, 325, 3.36),
    ("Llama 2 70B to Qwen3 4B", 68.98, 4.02, 651, 5.22),
    ("Llama 2 70B to Ministral 3 3B", 68.98, 3.43, 868, 6.59),
    ("GPT-3 175B to Chinchilla 70B", 175, 70, 670, 16.65),
    ("PaLM 540B to Phi-3-mini", 540, 3.8, 749, 3.44),
    ("Chinchilla 70B to Phi-3-mini", 70, 3.8, 756, 5.91),
]


@pytest.mark.parametrize(
    ("start", "end", "days", "expected"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS]
)
def test_halving_times_worked_out_elsewhere(start, end, days, expected):
    assert round(later.halving_months(start, end, days / DAYS), 2) == expected


def test_the_same_fall_said_in_three_ways():
    """Four times a year, ln 4 a year, 16 to 1 in two years: each halves every six months."""
    assert later.fold_months(4) == pytest.approx(6)
    assert later.log_months(float(np.log(4))) == pytest.approx(6)
    assert later.halving_months(16, 1, 24) == pytest.approx(6)
    assert later.halved(16, 24, 6) == pytest.approx(1)


def test_a_change_a_year_compounds_to_the_whole():
    assert later.change_pct(1.10, 1.99) == pytest.approx(80.909, abs=1e-3)
    yearly = later.yearly_pct(1.10, 1.99, 51.2)
    assert 1.10 * (1 + yearly / 100) ** (51.2 / 12) == pytest.approx(1.99)
