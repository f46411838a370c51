"""The figures of chapter 08, and what its sentences may not claim."""

import json
import re

import pytest

import notebooks
from smallmodels import facts, figures
from smallmodels.story import figures as made


def test_figures_counted_by_hand():
    told = {name.removeprefix("story."): figure.text for name, figure in figures.of_room("story").items()}
    expected = {
        "said": "ten",
        "right": "four",
        "founding-low": "150",
        "founding-high": "179",
        "may-low": "four",
        "may-high": "five",
        "round-days": "106",
        "paper-days": "13",
        "post-seed": "$113 million",
        "post-founding": "May 2023",
        "nearest-days": "119",
    }
    assert {name: told[name] for name in expected} == expected


def test_a_fact_that_changed_its_words_stops_the_figure():
    with pytest.raises(AssertionError, match="no longer says"):
        made.told("seed-round", r"\d+ million yen")


def test_the_law_was_written_by_more_than_a_founder():
    """It has 22 authors: whoever tells of it may not say that the founders had written it."""
    prose = " ".join(notebooks.source(c) for c in json.loads(PATH.read_text("utf-8"))["cells"])
    told = [prose, *(event.judgement for event in facts.story())]
    assert not [text for text in told if re.search(r"(had|have) written", text)]


def test_the_announcements_word_on_data_is_passed_on():
    """A third of the sentence on three months of work was left out once, the third on data."""
    work = next(event for event in facts.story() if event.id == "work")
    assert "data processing pipeline" in work.fact
    prose = " ".join(
        " ".join(notebooks.source(c) for c in json.loads(PATH.read_text("utf-8"))["cells"]).split()
    )
    assert "data processing pipeline" in prose


PATH = notebooks.FOLDER / "08-story.ipynb"
