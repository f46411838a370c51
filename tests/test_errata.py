"""The page Errata: its figures are computed, its days those of this repository, and its faults are gone."""

import re
import subprocess
from datetime import date

import prose
import pytest

import notebooks
from smallmodels import figures

PAGE = notebooks.ROOT / "book" / "errata.md"
TEXT = PAGE.read_text("utf-8")
DAYS = sorted(map(date.fromisoformat, re.findall(r"\d{4}-\d\d-\d\d", TEXT)))
# What the book said and must not say again; words of the page itself are left out.
GONE = [
    "nobody published the answers",
    "2 reports that ran",
    "two reports that ran",
    "every published score of",
    "does not make them possible",
    "the post has six tables",
    "written the law",
    "about 310",
    "smallest cache there can be",
    "mistral dropped it",
]


def test_its_figures_are_computed() -> None:
    assert figures.filled(TEXT) == TEXT, "A figure of book/errata.md is no longer what is computed."
    assert prose.unmarked(TEXT) == []
    assert len(figures.marked(TEXT)) > 20


def test_its_days_are_in_order_and_days_of_this_repository() -> None:
    assert len(DAYS) >= 2
    log = ["git", "log", "--format=%ad", "--date=short"]
    try:
        told = subprocess.run(log, cwd=notebooks.ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("This copy has no history.")
    worked = {date.fromisoformat(day) for day in told.split()}
    if min(worked) > DAYS[0]:
        pytest.skip("This copy holds a part of the history only.")
    assert set(DAYS) <= worked


def test_it_stands_in_the_contents() -> None:
    assert "- file: book/errata\n" in (notebooks.ROOT / "_toc.yml").read_text("utf-8")


@pytest.mark.parametrize("words", GONE)
def test_what_was_wrong_is_said_nowhere(words: str) -> None:
    pages = [*notebooks.paths(), *(notebooks.ROOT / "book").glob("*.md"), notebooks.ROOT / "README.md"]
    code = (notebooks.ROOT / "smallmodels").rglob("*.py")
    for path in {*pages, *code} - {PAGE}:
        assert words not in " ".join(path.read_text("utf-8").lower().split()), path
