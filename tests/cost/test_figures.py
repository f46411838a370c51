"""What chapter 06's sentences say, by hand and against the tables that show it."""

import csv
from fractions import Fraction

import pytest

from smallmodels import cost, figures
from smallmodels.facts import data_folder

TOLD = {name.removeprefix("cost."): figure.text for name, figure in figures.of_room("cost").items()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("thousand", "0.0004"),
        ("thousand-large", "0.0006"),
        ("third", f"{float(100 * (1 - Fraction(4, 6))):.1f}%"),
        ("third-in-words", "A third"),
        ("half-price", f"{float(Fraction(4, 10) / Fraction(5, 6)):.2f}"),
        ("half-fall", f"{float(100 * (1 - Fraction(48, 60))):.0f}%"),
        (
            "cache-times",
            f"{2 * 40 * 40 * 128 * 2 / (2 * 32 * 8 * 128 * 2):g}",
        ),
        ("weights-share", f"{7_110_660_096 / 12_852_024_320:.0%}"),
        ("sellers", "42.9% at DeepInfra, 100.0% at OpenRouter and 40.0% at Anyscale"),
        ("jobs", "five"),
        ("bare", "two"),
        ("rent-years", "2023 and 2026"),
    ],
)
def test_figures_by_hand(name, text):
    assert TOLD[name] == text


def test_no_ratio_is_rounded_from_a_half_to_even():
    assert TOLD["cache-times"] == "6.25"


def test_rented_figures_are_those_the_widget_begins_with():
    rented = dict(zip(*map(cost.self_hosted().values, ("model", "rented")), strict=True))
    assert TOLD["rented"] == f"{rented['Mistral 7B']:.2f}"
    assert TOLD["rented-large"] == f"{rented['Llama 2 13B']:.2f}"
    alone = cost.self_hosted(batch=1).values("rented")[1]
    assert TOLD["alone"] == f"{alone:.2f}"


def test_a_price_exclusive_of_tax_is_said_to_be_so():
    """Where a price list leaves out the tax, the offer's source says it, and so does the chapter."""
    with (data_folder() / "prices.csv").open(encoding="utf-8", newline="") as file:
        (tiny,) = [row for row in csv.DictReader(file) if row["currency"] == "EUR"]
    assert "exclusive of VAT" in tiny["note"]
    assert any("exclusive of VAT" in source for source in cost.api("2024-01").sources())
    chapter = (data_folder().parent / "notebooks" / "06-cost.ipynb").read_text("utf-8")
    assert "to write, exclusive of VAT" in chapter
