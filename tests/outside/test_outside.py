"""The page of checks: each kind against a calculation by hand, and the table that shows it."""

from math import isclose

import pytest

from smallmodels import outside


def one(kind: str, *texts: str) -> outside.Check:
    (found,) = [check for check in outside.checks(kind) if all(text in check.what for text in texts)]
    return found


def test_parameters_are_counted_by_hand():
    # 2 x 32,000 x 4,096 + 32 x (2 x 4096^2 + 2 x 4096 x 1024 + 3 x 4096 x 14336 + 2 x 4096) + 4096
    layer = 2 * 4096**2 + 2 * 4096 * 1024 + 3 * 4096 * 14336 + 2 * 4096
    assert one("parameters", "Mistral 7B").predicted == 2 * 32000 * 4096 + 32 * layer + 4096


def test_files_of_weights():
    mistral = one("weights", "Mistral 7B", "BF16")
    assert (mistral.predicted, mistral.measured) == (7241732096 * 2 / 1e9, 14.483464192)
    four = one("weights", "Llama 2 7B", "Q4_K_M")
    assert isclose(four.predicted, 6738415616 * 4.5 / 8 / 1e9)
    assert isclose(four.ratio, 4.081004224 / 3.790358784)


def test_caches():
    # 32 layers x 8 heads x 128 x 2 x 2 bytes = 131,072 bytes a token
    assert one("caches", "Llama 3.1 8B").predicted == 131072 * 4096 / 2**20 == 512
    assert one("caches", "INT8").predicted == 1040 * (32 + 2) / 64  # 32 numbers and a scale of 2 bytes
    assert one("caches", "INT4").predicted == 1040 * (16 + 2) / 64
    times = [check.ratio for check in outside.checks("caches") if "by " in check.what]
    assert times == [2, 4, 8]


def test_speeds_never_pass_their_ceiling():
    # gpt-fast: 2,039 GB/s over the bytes that 1,397.31 GB/s at 104.9 tokens/s mean
    bf16 = one("speeds", "BF16", "Llama 2 7B", "A100")
    assert isclose(bf16.predicted, 2039 / (1397.31 / 104.9))
    assert isclose(bf16.ratio, 1397.31 / 2039)
    assert all(check.ratio < 1 for check in outside.checks("speeds"))


def test_training_is_six_n_d_over_what_a_card_does():
    hours = 6 * 6738415616 * 2e12 / (0.4 * 312e12) / 3600
    assert isclose(one("training", "Llama 2 7B").predicted, hours)
    assert isclose(0.4 / one("training", "Llama 2 7B").ratio, 0.39, abs_tol=0.005)


def test_laws():
    assert isclose(one("laws", "6ND, 67B").predicted, 6 * 67e9 * 1.5e12 / 1e21)
    best = (0.28 * 410.7 / (0.34 * 406.4 / 10e9**0.34)) ** (1 / 0.28)
    assert isclose(one("laws", "best tokens for 10B", "as printed").predicted, best / 1e9)
    assert isclose(one("laws", "exponent a").predicted, 0.28 / 0.62)


@pytest.mark.parametrize("kind", [id for _, id in outside.kinds()])
@pytest.mark.parametrize("within", [0, 5, 100])
def test_what_is_outside_the_tolerance_is_explained(kind, within):
    table = outside.predictions(kind, within)
    assert len(table) == len(outside.checks(kind)) > 0
    for row in table:
        near = abs(row["ratio"] - 1) <= within / 100 + 1e-12
        assert row["verdict"] == ("right" if near else "right with a caveat")
        assert (row["why"] is None) == near
    assert table.finding.startswith(f"{sum(r['verdict'] == 'right' for r in table)} of {len(table)}")


@pytest.mark.parametrize("kind", [id for _, id in outside.kinds()])
def test_what_deviates_by_more_than_a_twentieth_has_a_reason_of_its_own(kind):
    assert "We know of no reason." not in outside.predictions(kind)["why"]


def test_a_kind_or_tolerance_there_is_none_of_is_refused():
    with pytest.raises(ValueError, match="'weather'"):
        outside.predictions("weather")
    with pytest.raises(ValueError, match="0 to 100"):
        outside.predictions(within_pct=101)


def test_every_check_names_its_source():
    assert all(check.source.endswith(".") and len(check.source) > 5 for check in outside.every())
