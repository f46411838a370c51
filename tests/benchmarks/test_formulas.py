"""Sampling error and Holm's correction against simulation and their independent forms."""

import math
import random
from statistics import NormalDist

import numpy as np
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


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.54, 0.9])
def test_the_error_of_a_gap_is_that_of_simulated_pairs_of_exams(correlation):
    """Two models of equal strength that agree more often than chance: r is the share of shared answers."""
    rng, n, p, exams = np.random.default_rng(11), 400, 0.62, 6000
    first, own = rng.random((exams, n)) < p, rng.random((exams, n)) < p
    if correlation < 0:  # more often apart: the second now and then answers the other way round
        p = 0.5
        first, own = rng.random((exams, n)) < p, rng.random((exams, n)) < p
    shared = rng.random((exams, n)) < abs(correlation)
    second = np.where(shared, first if correlation >= 0 else ~first, own)
    gaps = 100 * (first.mean(axis=1) - second.mean(axis=1))
    expected = benchmarks.gap_error(100 * p, 100 * p, n, correlation)
    assert expected == pytest.approx(gaps.std(), rel=0.04)


@given(st.floats(1, 99), st.floats(1, 99), st.integers(1, 20_000), st.floats(-1, 1))
def test_a_correlation_is_that_of_the_variance_of_a_difference(ours, theirs, n_items, r):
    """Var(a - b) = Var a + Var b - 2 Cov, in numpy's matrix form."""
    a, b = (benchmarks.standard_error(score, n_items) for score in (ours, theirs))
    signs, covariance = np.array([1, -1]), np.array([[a * a, r * a * b], [r * a * b, b * b]])
    found = benchmarks.gap_error(ours, theirs, n_items, r)
    assert found**2 == pytest.approx(signs @ covariance @ signs, abs=1e-9)
    assert found <= benchmarks.gap_error(ours, theirs, n_items) or r < 0


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
    with pytest.raises(ValueError, match=r"The correlation is 1\.5; choose one from -1 to 1\."):
        benchmarks.gap_error(50, 50, 100, 1.5)
    with pytest.raises(ValueError, match="choose two scores that differ"):
        benchmarks.items_needed(0, 1, 100)
