"""The notebooks as committed: they begin alike, hold nothing that varies, and fail when a figure changes."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import notebooks

ROOT = Path(__file__).resolve().parent.parent
PATHS = notebooks.paths()

each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@each_notebook
def test_a_notebook_begins_with_the_first_cell(path: Path) -> None:
    first = json.loads(path.read_text("utf-8"))["cells"][0]
    common, own = notebooks.source(first).split(f"{notebooks.OWN}\n")
    assert f"{common}{notebooks.OWN}\n" == notebooks.FIRST_CELL
    assert "import" in own
    assert first["id"] == "set-up"
    assert first["metadata"] == {
        "cellView": "form",
        "jupyter": {"source_hidden": True},
        "tags": ["remove-cell"],
    }
    assert first["outputs"] == []


@each_notebook
def test_a_notebook_is_normalised(path: Path) -> None:
    assert notebooks.renewed(path, run=False) == path.read_bytes()


@each_notebook
def test_a_notebook_is_valid(path: Path) -> None:
    import nbformat

    nbformat.validate(nbformat.read(path, as_version=4))


@each_notebook
def test_a_stored_output_holds_no_svg_which_viewers_would_strip_to_its_words(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    html = ["".join(o.get("data", {}).get("text/html", "")) for c in cells for o in c.get("outputs", [])]
    assert [text[:200] for text in html if "<svg" in text] == []


def notebook(*cells: dict[str, object]) -> notebooks.Notebook:
    return {"cells": list(cells), "metadata": {"signature": "x"}, "nbformat": 4, "nbformat_minor": 4}


def code(text: str, *outputs: object, **metadata: object) -> dict[str, object]:
    return {
        "cell_type": "code",
        "source": text,
        "outputs": list(outputs),
        "execution_count": 7,
        "metadata": {"collapsed": True, "execution": {"started": "now"}, **metadata},
    }


def test_normalising_drops_what_varies() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1f"}, "text/plain": "a table"}
    streams = [{"output_type": "stream", "name": "stdout", "text": text} for text in ("a\n", "b\n")]
    shown = {
        "output_type": "display_data",
        "data": view,
        "metadata": {"x": 1},
        "transient": {"display_id": "9"},
    }
    only_view = {"output_type": "display_data", "data": {notebooks.WIDGET_VIEW: {}}, "metadata": {}}
    cell = notebooks.normalise(notebook(code("1", *streams, only_view, shown)))["cells"][1]
    assert cell["metadata"] == {}
    assert cell["execution_count"] == 2
    assert [output.get("text") for output in cell["outputs"]] == [["a\n", "b\n"], None]
    assert cell["outputs"][1] == {
        "output_type": "display_data",
        "data": {"text/plain": ["a table"]},
        "metadata": {},
    }


def test_normalising_twice_changes_nothing() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    once = notebooks.normalise(notebook(code("print(1)\n", printed)))
    assert notebooks.to_bytes(notebooks.normalise(once)) == notebooks.to_bytes(once)


def timed(text: str, output: str) -> dict[str, object]:
    stream = {"output_type": "stream", "name": "stdout", "text": output}
    return {**code(text, stream, tags=[notebooks.KEEP_OUTPUT]), "id": "timed"}


@pytest.mark.parametrize(("source", "expected"), [("measure()", "12 ms\n"), ("measure(2)", "99 ms\n")])
def test_a_timed_cell_keeps_its_output_while_its_source_is_unchanged(source: str, expected: str) -> None:
    stored = notebooks.normalise(notebook(timed("measure()", "12 ms\n")))
    rerun = notebooks.normalise(notebook(timed(source, "99 ms\n")), stored)
    assert rerun["cells"][1]["outputs"][0]["text"] == [expected]


def test_a_cell_of_imports_is_taken_into_the_first_one() -> None:
    old = {**code("import sys  # an older beginning"), "id": "set-up"}
    imports = {**code("# Stands on a room.\nimport math\n", tags=["remove-input"]), "id": "imports"}
    once = notebooks.normalise(notebook(old, code("1"), imports, code("2")))
    first, *others = once["cells"]
    assert notebooks.source(first) == notebooks.FIRST_CELL + "# Stands on a room.\nimport math"
    assert [notebooks.source(cell) for cell in others] == ["1", "2"]
    assert notebooks.to_bytes(notebooks.normalise(once)) == notebooks.to_bytes(once)


def test_the_first_cell_is_folded_wherever_notebooks_are_opened() -> None:
    cell = notebooks.normalise(notebook(code("1")))["cells"][0]
    assert notebooks.source(cell).startswith("# @title Set-up")
    assert cell["metadata"]["jupyter"] == {"source_hidden": True}
    assert cell["metadata"]["cellView"] == "form"
    assert len(notebooks.FIRST_CELL.splitlines()) <= 20


# What the first cell does in a bare interpreter, where neither we nor anywidget are: what it asks IPython
# for, what it raises, and whether the package can be imported then.
PROBE = """
import importlib.util, json, sys
asked = []
def run_line_magic(name, line):
    asked.append([name, line])
class Shell:
    run_line_magic = staticmethod(run_line_magic)
try:
    exec(compile(sys.argv[1], "first cell", "exec"), {"get_ipython": Shell})
    outcome = ""
except ModuleNotFoundError as error:
    outcome = str(error)
print(json.dumps([asked, outcome, importlib.util.find_spec("smallmodels") is not None]))
"""


def probe(cell: str, folder: Path) -> tuple[list[list[str]], str, bool]:
    from IPython.core.inputtransformer2 import TransformerManager

    run = [sys.executable, "-I", "-S", "-c", PROBE, TransformerManager().transform_cell(cell)]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True)
    asked, outcome, importable = json.loads(done.stdout)
    return asked, outcome, importable


@pytest.mark.parametrize("folder", [ROOT / "notebooks", ROOT])
def test_the_first_cell_installs_nothing_in_a_checkout(folder: Path) -> None:
    assert probe(notebooks.FIRST_CELL, folder) == ([], "", True)


def test_the_first_cell_says_where_to_go_when_it_has_no_address(tmp_path: Path) -> None:
    asked, outcome, _ = probe(notebooks.FIRST_CELL, tmp_path)
    assert asked == []
    assert outcome.count(".") == 1
    assert "published page" in outcome


def test_the_first_cell_installs_the_wheel_with_what_is_missing(tmp_path: Path) -> None:
    # That pip adds our package alone where its requirements are there, `make test-colab` tries.
    cell = notebooks.FIRST_CELL.replace('WHEEL = ""', 'WHEEL = "https://example.org/a.whl"')
    asked, outcome, _ = probe(cell, tmp_path)
    assert outcome == ""
    assert asked == [["pip", "install --quiet {WHEEL}"]]  # IPython puts the address in


def copy_with_another_score(folder: Path) -> str:
    """A copy of what a notebook needs with one score of the post changed; gives the new figure."""
    for name in ("smallmodels", "data", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    path = folder / "data" / "scores.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = {"model": "Mistral 7B", "benchmark": "MMLU", "source_id": "post"}
    (row,) = [row for row in rows if wanted.items() <= row.items()]
    row["score_pct"] = "59.3"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return row["score_pct"]


def test_a_figure_changed_in_the_data_makes_its_notebook_fail(tmp_path: Path) -> None:
    copy_with_another_score(tmp_path)
    shutil.copy(ROOT / "tests" / "nbval.ini", tmp_path)
    # In full, since pictures stand before the figures in what a cell put out.
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-vv",
        "-c",
        "nbval.ini",
        "--nbval",
        "notebooks/01-benchmarks.ipynb",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-2000:]
    assert "mismatch 'text/html'" in done.stdout  # it ran, and showed something else
    assert "::Cell 1" in done.stdout
