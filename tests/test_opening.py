"""How a chapter opens and goes on: its answer, three figures, a lead to each widget, the next question."""

import json
import re
from pathlib import Path

import prose
import pytest

import notebooks
from smallmodels.figures import marked

CHAPTERS = [path for path in notebooks.paths() if re.match(r"\d\d[a-z]?-(?!lab-)", path.stem)]
FIRST, *OTHERS = CHAPTERS
ANSWER = re.compile(r'<div class="answer">\n\n\*\*(.+?)\*\*\n\n</div>', re.DOTALL)
FIGURES = re.compile(r'<div class="figures">\n\n(.+?)\n\n</div>', re.DOTALL)

each_notebook = pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
each_chapter = pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)


def text(path: Path) -> str:
    return "\n\n".join(text for _, text in prose.cells(path))


def words(markdown: str) -> int:
    return len(re.sub(r"<[^>]+>", "", markdown).split())


def test_the_introduction_opens_with_one_sentence_and_three_buttons() -> None:
    (sentence,) = ANSWER.findall(text(FIRST))
    assert words(sentence) <= 25
    (buttons,) = re.findall(r'<div class="buttons">\n\n(.+?)\n\n</div>', text(FIRST), re.DOTALL)
    assert re.findall(r'<a href="#(\w+)\?', buttons) == ["play"] * 3


@each_chapter
def test_a_chapter_opens_with_its_answer_and_three_figures(path: Path) -> None:
    opening = "\n\n".join(text for _, text in list(prose.cells(path))[:2])  # the title's and the next
    answer, found = ANSWER.search(opening), FIGURES.search(opening)
    assert answer
    assert found
    assert words(answer[1]) <= 25
    assert opening.startswith("# ")
    items = re.split(r"^- ", found[1], flags=re.MULTILINE)[1:]
    assert len(items) == 3
    for item in items:
        assert marked(re.findall(r"\*\*(.+?)\*\*", item, re.DOTALL)[0])  # in large type, and computed


@pytest.mark.parametrize("path", CHAPTERS[:-1], ids=lambda path: path.stem)
def test_a_chapter_ends_with_the_next_question(path: Path) -> None:
    last = [cell for _, cell in prose.cells(path)][-1]
    assert re.search(r'^<div class="next">\n\nNext: \[.+\]\(\S+\)\n\n</div>$', last)


@each_notebook
def test_no_heading_runs_straight_into_a_widget(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    before = [
        (cells[i - 1], cell)
        for i, cell in enumerate(cells)
        if cell["cell_type"] == "code" and "\nLive(" in f"\n{notebooks.source(cell)}"
    ]
    bare = [
        widget["id"]
        for lead, widget in before
        if lead["cell_type"] != "markdown" or notebooks.source(lead).strip().split("\n")[-1].startswith("#")
    ]
    assert bare == []
