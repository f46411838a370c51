"""Chapter 03's formulas against published numbers, brute force and other people's solvers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from smallmodels import facts, gqa
from smallmodels.gqa import formulas


def test_the_rolling_buffer_saves_what_the_mistral_paper_says() -> None:
    full = gqa.kv_cache_bytes(131_072, 32_768)
    assert full / gqa.kv_cache_bytes(131_072, 32_768, sliding_window=4096) == 8  # "by 8x"


@pytest.mark.parametrize(
    ("shape", "tokens", "precision", "mib"),
    [
        # Sizes that llama.cpp prints when it makes a cache, with Q8_0 for INT8 and Q4_0 for INT4.
        ((32, 8, 128), 2048, "FP16", 256),
        ((32, 8, 128), 2048, "INT8", 136),
        ((32, 8, 128), 2048, "INT4", 72),
    ],
)
def test_a_quantised_cache_counts_its_scales(
    shape: tuple[int, int, int], tokens: int, precision: str, mib: float
) -> None:
    token = gqa.kv_bytes_per_token(*shape, gqa.bytes_per_value(precision))
    assert gqa.kv_cache_bytes(token, tokens) == mib * 2**20


@pytest.mark.parametrize(("full", "eight", "four"), [(1040, 552.5, 292.5), (360, 191.25, 101.25)])
def test_formats_weigh_as_in_two_logs_of_a_program(full: float, eight: float, four: float) -> None:
    """MiB of two other models' caches, printed in llama.cpp's pull request 21551."""
    assert gqa.bytes_per_value("INT8") / gqa.bytes_per_value("FP16") == eight / full
    assert gqa.bytes_per_value("INT4") / gqa.bytes_per_value("FP16") == four / full


@given(n_heads=st.integers(1, 200), asked=st.integers(1, 300))
def test_a_sharing_is_even_and_the_largest_not_above_what_was_asked(n_heads: int, asked: int) -> None:
    even = [heads for heads in range(1, n_heads + 1) if (n_heads / heads).is_integer()]
    assert gqa.even_sharings(n_heads) == even
    assert gqa.shared_heads(n_heads, asked) == max(heads for heads in even if heads <= asked)


def test_two_causes_of_a_time_are_told_apart() -> None:
    """1 ms, 20 GB/s and 2 ms for 100 tokens, by construction; and the record against numpy's solver."""
    read, tokens = [1, 0.8, 4, 1], [0.0, 0.0, 100.0, 100.0]
    taken = [1 + 50 * gb + 0.02 * cached for gb, cached in zip(read, tokens, strict=True)]
    assert gqa.fit_times(read, taken, tokens) == pytest.approx((1, 50, 0.02, 1))
    rows = facts.run("decode-time").rows
    causes = np.array([[1, row["bytes"] / 1e9, row["context"]] for row in rows])
    times = np.array([1e3 * row["seconds"] for row in rows])
    solved = np.linalg.lstsq(causes, times)[0]
    fitted = gqa.fit_times([*causes[:, 1]], [*times], [*causes[:, 2]])
    assert fitted[:3] == pytest.approx(solved)
    assert fitted.at(0.1, 4096) == pytest.approx(solved @ [1, 0.1, 4096])
    assert gqa.fit_times([*causes[:, 1]], [*times]).explained < fitted.explained < 1


def test_the_table_of_students_t_is_his() -> None:
    freedom = range(1, len(formulas.STUDENT) + 1)
    tail = (1 - formulas.CONFIDENCE) / 2
    assert tuple(round(float(student.ppf(1 - tail, df)), 3) for df in freedom) == formulas.STUDENT


def test_a_mean_of_many_values_keeps_the_t_of_ten() -> None:
    values = [0.0, 1.0] * 10
    assert formulas.margin(values) == pytest.approx(2.262 * np.std(values, ddof=1) / 20**0.5)
    assert formulas.standard_error(values) == pytest.approx(np.std(values, ddof=1) / 20**0.5)
