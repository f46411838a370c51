"""Prose is Markdown, its figures are marked and computed, and no digit stands in it by itself."""

import json
from collections import Counter
from pathlib import Path

import prose
import pytest

import notebooks
from smallmodels import figures

PATHS = notebooks.paths()
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
PAGES = [*PATHS, *(notebooks.ROOT / "book").glob("*.md")]


@each_notebook
def test_prose_is_markdown_with_its_figures_marked(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = prose.told(path)
    with capsys.disabled():
        print(prose.line(f"\n{path.name}", told))
    assert told["words"] > 0
    assert (told["f-string prose"], told["asserts"], told["unmarked digits"]) == (0, 0, 0)


@each_notebook
def test_no_name_is_bound_twice(path: Path) -> None:
    names = [name for _, tree in prose.code(path) for name in prose.bound(tree)]
    own = [name for name in names if name not in ("sys", "place", "WHEEL")]
    assert [name for name, times in Counter(own).items() if times > 1] == []


@each_notebook
def test_a_chapter_is_made_to_be_changed(path: Path) -> None:
    if path.stem.startswith("00"):  # the introduction leads to the chapters
        return
    cells = json.loads(path.read_text("utf-8"))["cells"]
    heads = [i for i, cell in enumerate(cells) if "## Make it yours" in notebooks.source(cell)]
    assert len(heads) == 1
    visible = [cell for cell in cells[heads[0] :] if cell["cell_type"] == "code" and not cell["metadata"]]
    assert len(visible) >= 2


@each_notebook
def test_every_digit_is_marked_or_part_of_a_name(path: Path) -> None:
    assert [(id, found) for id, text in prose.cells(path) for found in prose.unmarked(text)] == []


@each_notebook
def test_marked_figures_are_those_computed_now(path: Path) -> None:
    for id, text in prose.cells(path):
        assert figures.filled(text) == text, f"{id}: run `make notebooks`."


def test_every_figure_that_is_computed_is_told() -> None:
    told = {name for path in PAGES for name in figures.marked(path.read_text("utf-8").replace('\\"', '"'))}
    assert figures.everything().keys() - told == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mistral 7B leads in 2023 on FP16, table 2.", []),
        ("It leads by 5 points.", ["5"]),
        ('It leads by <span data-figure="a.b">5</span> points.', []),
        ("`n = 5`, $x = 5$ and [five](page5.html)", []),
        ("**1.** How many?", []),
        ("about 20 tokens", ["20"]),
    ],
)
def test_digits_of_prose_are_told_from_digits_of_names(text: str, found: list[str]) -> None:
    contexts = prose.unmarked(text)
    assert len(contexts) == len(found)
    assert all(digit in context for digit, context in zip(found, contexts, strict=True))
