"""The figures of the introduction and chapter 01, and what their sentences may not claim."""

import json
import re

import pytest

import notebooks
from smallmodels import benchmarks, facts, figures
from smallmodels.benchmarks import figures as made


def prose(stem: str) -> str:
    """A notebook's Markdown as one line."""
    cells = json.loads((notebooks.FOLDER / f"{stem}.ipynb").read_text("utf-8"))["cells"]
    texts = (notebooks.source(cell) for cell in cells if cell["cell_type"] == "markdown")
    return " ".join(re.sub(r"<[^>]+>", "", " ".join(texts)).split())


def test_figures_computed_by_hand():
    told = {name.removeprefix("benchmarks."): one.text for name, one in figures.of_room("benchmarks").items()}
    expected = {
        "post-date": "27 September 2023",
        "post-wins": "six",
        "post-pairs": "seven",
        "arc-post-gap": "3.9",  # 59.4 - 55.5
        "arc-paper-gap": "6.7",  # 55.5 - 48.8
        "arc-board-gap": "0.6",  # 59.98 - 59.39
        "truthful-board-gap": "4.8",  # 42.15 - 37.38
        "gsm8k-one-answer-width": "14.5",  # 47.61 - 33.13
        "gsm8k-board-gap": "15.0",  # 37.83 - 22.82
        "humaneval-deviations": "2.5",
        "mmlu-deviations": "7.6",
        "cache-share": "a quarter",
        "price-saved": "a third",  # 0.4 against 0.6
    }
    assert {name: told[name] for name in expected} == expected


def test_the_lead_counts_with_and_without_correction():
    """It counted leads one by one only; tested together there are fewer."""
    lead = prose("01-benchmarks")
    assert "seven of twelve** tests are leads beyond noise in its maker's paper (six, once corrected" in lead
    assert "four of six** are on the Open LLM Leaderboard (two, once corrected)" in lead


def test_tables_of_the_post_are_counted_not_remembered():
    """The post's story is prose: five tables of it are in the data, and nowhere is it six."""
    tables = {"post-factors", "post-inference", "post-use-cases", "post-costs"}
    declared = json.loads((facts.data_folder() / "datapackage.json").read_text("utf-8"))["resources"]
    assert tables == {one["name"] for one in declared if one["name"].startswith("post-")}
    for text in (prose("00-introduction"), (notebooks.ROOT / "README.md").read_text("utf-8")):
        assert "five tables" in text


def test_nobody_is_said_to_have_kept_the_answers():
    """The leaderboard published them; what is true is that they cannot be had here."""
    said = [benchmarks.gap_error.__doc__ or "", prose("01-benchmarks")]
    assert not [text for text in said if "nobody published" in text or "nobody can say" in text]
    assert all("details" in text for text in said)


def test_leaks_are_not_read_off_a_spread_of_one_models_scores():
    assert "of those the spread says nothing" in prose("01-benchmarks")


def test_a_sentence_on_noise_needs_a_pair_within_it():
    with pytest.raises(AssertionError, match="not within noise"):
        made.within(benchmarks.pair("MMLU", "mistral-7b-paper"))
    with pytest.raises(AssertionError, match="not within noise"):
        made.within(benchmarks.pair("MMLU"))  # mixes evaluations
