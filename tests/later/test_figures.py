"""What chapter 07's sentences say, by hand."""

from datetime import date
from fractions import Fraction
from math import log2

import pytest

from smallmodels import figures

TOLD = {name.removeprefix("later."): figure.text for name, figure in figures.of_room("later").items()}
MONTH = 365.25 / 12
SINCE = (date(2026, 11, 20) - date(2023, 7, 18)).days / MONTH


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("above-digits", "5 of 7"),
        ("beyond", "four"),
        ("within", "eight"),  # 229 days
        ("endings-behind", f"{float(Fraction('87.33') - Fraction('85.26')):.1f}"),
        ("science-behind", f"{float(Fraction('67.32') - Fraction('63.91')):.1f}"),
        ("pronouns-ahead", f"{float(Fraction('83.82') - Fraction('83.74')):.2f}"),
        ("maths-days", "two days"),
        ("quoted-before", "18"),
        ("thirteen-won", "six"),
        ("thirteen-of", "eight"),
        ("meta-lost", "ten"),
        ("meta-tests", "eleven"),
        ("law", "3.5"),
        ("law-earlier", "3.3"),
        ("would", f"{68_976.6 / 2 ** (SINCE / 3.5):.0f} million"),
        ("too-large", f"{3430 / (68_976.6 / 2 ** (SINCE / 3.5)):.0f}"),
        ("until-today", f"{SINCE / log2(68.9766 / 3.43):.1f}"),
        ("index-months", f"{749 / MONTH / log2(540 / 3.8):.1f}"),
        ("index-honest", f"{756 / MONTH / log2(70 / 3.8):.1f}"),
        ("reach-halvings", "10.8"),
        ("a100-first", "1.10"),
        ("a100-last", "1.99"),
    ],
)
def test_figures_by_hand(name, text):
    assert TOLD[name] == text


def test_the_line_through_the_steps_by_hand():
    """Six steps of the staircase at 69.8, typed; NumPy's line."""
    import numpy as np

    days = [date(2023, 7, 18), date(2023, 11, 2), date(2024, 5, 13), date(2024, 6, 7), date(2025, 4, 29)]
    days.append(date(2025, 12, 2))
    sizes = [68.9766, 34.4, 8.83, 7.62, 4.0225, 3.43]
    slope, _ = np.polyfit([(day - days[0]).days / MONTH for day in days], np.log2(sizes), 1)
    assert TOLD["halving"] == f"{-1 / slope:.1f}"
