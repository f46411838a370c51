"""Sampling error and Holm's correction against simulation and their independent forms."""

import math
import random
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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


@pytest.mark.parametrize(
    ("score", "n_items", "confidence", "chance", "r"),
    [
        (50, 400, 0.95, 0.8, 0),
        (70, 1267, 0.95, 0.8, 0.54),
        (80, 1838, 0.9, 0.6, 0.3),
        (25, 300, 0.99, 0.9, 0),
    ],
)
def test_a_gap_that_can_be_shown_is_shown_so_often(score, n_items, confidence, chance, r):
    """Simulated: pairs of exams with that true gap and correlation; how many come out beyond their margin?"""
    gap = benchmarks.detectable_gap(score, n_items, confidence, chance, r) / 100
    p, rng, exams = score / 100, np.random.default_rng(5), 4000
    low, high = p - gap / 2, p + gap / 2
    # Correlated answers from shared luck: both follow one draw with the right frequency.
    both = low * high + r * math.sqrt(low * (1 - low) * high * (1 - high))
    kinds = rng.multinomial(n_items, [both, high - both, low - both, 1 - high - low + both], size=exams)
    ours, theirs = kinds[:, 0] + kinds[:, 1], kinds[:, 0] + kinds[:, 2]
    a, b = ours / n_items, theirs / n_items
    errors = np.sqrt((a * (1 - a) + b * (1 - b) - 2 * (kinds[:, 0] / n_items - a * b)) / n_items)
    shown = np.mean(a - b > NormalDist().inv_cdf((1 + confidence) / 2) * errors)
    assert shown == pytest.approx(chance, abs=0.03)


def test_the_questions_that_three_points_need_are_the_published_number():
    """Miller 2024 plans with a variance of 1/9 of the difference, 80% power and 95%: 969 questions."""
    correlation = 1 - (1 / 9) / (2 * 0.25)
    assert benchmarks.detectable_gap(50, 969, correlation=correlation) == pytest.approx(3.0, abs=0.002)


results = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), min_size=2, max_size=80)


@given(results)
def test_pairs_are_the_formula_with_the_correlation_that_the_results_have(rows):
    a, b, _ = (np.array(side, float) for side in zip(*rows, strict=True))
    found = benchmarks.paired_error((a - b).tolist())
    assert found == pytest.approx(100 * (a - b).std() / math.sqrt(len(rows)), abs=1e-9)
    if a.std() and b.std():
        r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
        scores = (100 * float(side.mean()) for side in (a, b))
        assert found == pytest.approx(benchmarks.gap_error(*scores, len(rows), r), abs=1e-5)


@given(results)
def test_clusters_are_summed_as_pandas_sums_them(rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "cluster"]).astype({"a": float, "b": float})
    frame["d"] = frame.a - frame.b
    sums = (frame.d - frame.d.mean()).groupby(frame.cluster).sum()
    found = benchmarks.clustered_error(frame.d.tolist(), frame.cluster.tolist())
    assert found == pytest.approx(100 * math.sqrt((sums**2).sum()) / len(frame), abs=1e-9)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_scipys_binomial_test(only_a, only_b):
    if only_a + only_b:
        expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
        assert benchmarks.mcnemar_p(only_a, only_b) == pytest.approx(expected, rel=1e-9)
    assert benchmarks.mcnemar_p(0, 0) == 1


def test_bad_numbers_get_one_sentence():
    with pytest.raises(ValueError, match="no percentage"):
        benchmarks.standard_error(101, 10)
    with pytest.raises(ValueError, match="at least one"):
        benchmarks.standard_error(50, 0)
    with pytest.raises(ValueError, match=r"choose one from 0\.5 to 0\.999"):
        benchmarks.z_score(math.nan)
    with pytest.raises(ValueError, match=r"The correlation is 1\.5; choose one from -1 to 1\."):
        benchmarks.gap_error(50, 50, 100, 1.5)
    with pytest.raises(ValueError, match=r"The chance is 1; choose one from 0\.5 to 0\.999\."):
        benchmarks.detectable_gap(50, 100, chance=1)
    with pytest.raises(ValueError, match="choose two scores that differ"):
        benchmarks.items_needed(0, 1, 100)
