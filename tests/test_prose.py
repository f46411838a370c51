"""Prose is Markdown, its figures are marked and computed, and no digit stands in it by itself."""

import ast
import json
import re
from pathlib import Path

import prose
import pytest

import notebooks
from smallmodels import figures

PATHS = notebooks.paths()
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
PAGES = [*PATHS, *(notebooks.ROOT / "book").glob("*.md")]


def code(path: Path) -> list[str]:
    """The code cells as Python: a line for IPython (`%pip ...`) is passed by."""
    return [
        re.sub(r"^(\s*)%.*$", r"\1pass", notebooks.source(cell), flags=re.MULTILINE)
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]


@each_notebook
def test_no_prose_stands_in_a_string_of_python(path: Path) -> None:
    assert [text for text in code(path) if "Markdown(" in text] == []


@each_notebook
def test_no_condition_is_asserted_in_a_notebook(path: Path) -> None:
    asserts = [
        node for text in code(path) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)
    ]
    assert asserts == []


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
