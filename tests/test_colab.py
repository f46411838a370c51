"""What `make test-colab` holds a run against: each rule is seen to fail, as the run itself takes long."""

import json
from pathlib import Path
from typing import Any

import colab
import pytest

LIVE = {"text/plain": ["a table"], "text/html": ['<div class="live" id="x">']}


def shown(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": data}


def error(name: str, said: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": said}


def notebook(folder: Path, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> Path:
    cell = {"cell_type": "code", "id": "a-cell", "metadata": {"tags": [*tags]}, "outputs": [*outputs]}
    path = folder / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ""}, cell]}))
    return path


def test_the_tables_of_widgets_are_compared_and_nothing_else(tmp_path: Path) -> None:
    other = shown({"text/plain": ["12 ms"]})
    assert colab.tables(notebook(tmp_path, other, shown(LIVE), other)) == ["a table"]


TIMED = ("nbval-ignore-output",)
NO_TORCH = error("ModuleNotFoundError", "No module named 'torch'")


def test_without_torch_live_experiments_alone_may_ask_for_it(tmp_path: Path) -> None:
    assert colab.failed(notebook(tmp_path, NO_TORCH, tags=TIMED), with_torch=False) == 1
    assert colab.failed(notebook(tmp_path, shown(LIVE)), with_torch=True) == 0


@pytest.mark.parametrize(
    ("tags", "fault", "with_torch"),
    [
        (TIMED, NO_TORCH, True),
        ((), NO_TORCH, False),
        (TIMED, error("ValueError", "something else"), False),
        ((), error("AttributeError", "of another version"), True),
    ],
)
def test_any_other_error_is_told(
    tmp_path: Path, tags: tuple[str, ...], fault: dict[str, Any], with_torch: bool
) -> None:
    with pytest.raises(colab.Different, match=fault["evalue"]):
        colab.failed(notebook(tmp_path, fault, tags=tags), with_torch=with_torch)


@pytest.mark.parametrize(
    ("after", "may_add", "well"),
    [
        ({"pip": "1", "smallmodels": "1"}, False, True),
        ({"pip": "2", "smallmodels": "1"}, False, False),
        ({"smallmodels": "1"}, False, False),
        ({"pip": "1"}, False, False),
        ({"pip": "1", "smallmodels": "1", "altair": "6"}, False, False),
        ({"pip": "1", "smallmodels": "1", "altair": "6"}, True, True),
        ({"pip": "2", "smallmodels": "1", "altair": "6"}, True, False),
    ],
)
def test_pip_may_add_our_package_and_change_nothing(after: dict[str, str], may_add: bool, well: bool) -> None:
    assert colab.change({"pip": "1"}, after, may_add=may_add) == well


def test_a_notebook_is_delivered_alone_with_an_address_that_can_be_reached(tmp_path: Path) -> None:
    published = tmp_path / "b.ipynb"
    published.write_text(json.dumps({"source": 'if x:\n    WHEEL = "https://far.away/x.whl"  # the address'}))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "left.py").touch()
    mine = colab.delivered(published, "http://127.0.0.1:1/x.whl", tmp_path / "empty")
    assert [path.name for path in mine.parent.iterdir()] == ["b.ipynb"]
    assert 'WHEEL = "http://127.0.0.1:1/x.whl"  #' in json.loads(mine.read_text())["source"]
    published.write_text("{}")
    with pytest.raises(colab.Different, match="0 places"):
        colab.delivered(published, "w", tmp_path / "empty")
