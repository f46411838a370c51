"""The figures of chapter 08, and what its sentences may not claim."""

import json
import re

import pytest

import notebooks
from smallmodels import facts, figures, story
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


def prose() -> str:
    """The chapter's Markdown as one line."""
    cells = json.loads((notebooks.FOLDER / "08-story.ipynb").read_text("utf-8"))["cells"]
    return " ".join(" ".join(notebooks.source(c) for c in cells if c["cell_type"] == "markdown").split())


def test_the_law_was_written_by_more_than_a_founder():
    """It has 22 authors: whoever tells of it may not say that the founders had written it."""
    told = [prose(), *(event.judgement for event in facts.story())]
    assert not [text for text in told if re.search(r"(had|have) written", text)]


def test_the_announcements_word_on_data_is_passed_on():
    """A third of the sentence on three months of work was left out once, the third on data."""
    assert "data processing pipeline" in story.event("work").fact
    assert "data processing pipeline" in prose()
