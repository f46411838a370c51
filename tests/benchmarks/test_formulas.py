"""Sampling error and Holm's correction against simulation and their independent forms."""

import math
import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import benchmarks


def test_standard_error_is_that_of_simulated_exams():
    rng, n, p = random.Random(7), 164, 0.305
    shares = [100 * sum(rng.random() < p for _ in range(n)) / n for _ in range(4000)]
    mean = math.fsum(shares) / len(shares)
    simulated = math.sqrt(math.fsum((s - mean) ** 2 for s in shares) / len(shares))
    assert benchmarks.standard_error(100 * p, n) == pytest.approx(simulated, rel=0.05)


@given(st.lists(st.floats(-6, 6), max_size=14), st.floats(0.5, 0.999))
def test_holm_agrees_with_adjusted_p_values(z_scores, confidence):
    """Independent form of Holm's procedure: the running maximum of (m - i) p(i), compared with the level."""
    p = sorted(2 * (1 - NormalDist().cdf(abs(z))) for z in z_scores)
    adjusted = [max((len(p) - j) * p[j] for j in range(i + 1)) for i in range(len(p))]
    edge = [a for a in adjusted if math.isclose(a, 1 - confidence, rel_tol=1e-6)]
    if not edge:
        assert benchmarks.beyond_after_holm(z_scores, confidence) == sum(
            a <= 1 - confidence for a in adjusted
        )


@given(st.floats(0.1, 30), st.integers(2, 20_000), st.floats(1.1, 4))
def test_a_test_as_long_as_needed_has_the_gap_for_its_margin(gap, n_items, ratio):
    """By definition of the margin: z standard errors of two scores around 50 that lie `gap` apart."""
    margin = 1.96 * benchmarks.gap_error(50 + gap / 2, 50 - gap / 2, n_items)
    needed = round(benchmarks.items_needed(gap, margin, n_items))
    if needed > 1000:  # what rounding to whole items leaves is small
        longer = 1.96 * benchmarks.gap_error(50 + gap / 2, 50 - gap / 2, needed)
        assert longer == pytest.approx(gap, rel=0.001)


def test_bad_numbers_get_one_sentence():
    with pytest.raises(ValueError, match="no percentage"):
        benchmarks.standard_error(101, 10)
    with pytest.raises(ValueError, match="at least one"):
        benchmarks.standard_error(50, 0)
    with pytest.raises(ValueError, match=r"choose one from 0\.5 to 0\.999"):
        benchmarks.z_score(math.nan)
    with pytest.raises(ValueError, match="choose two scores that differ"):
        benchmarks.items_needed(0, 1, 100)
