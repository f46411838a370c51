"""Executes and normalises the notebooks, so that what is committed is what was run and nothing else.

`python tools/notebooks.py` re-executes every notebook and writes those whose bytes change;
`--check` writes nothing and fails when a byte would change; `--no-execute` only normalises.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from smallmodels.figures import filled

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"

# How the first cell of every notebook begins; publishing fills in `WHEEL` (tools/publish.py). What stands
# after its last line, imports mostly, is the notebook's own and stays.
FIRST_CELL = """\
# @title Set-up: nothing to do in a checkout; elsewhere it installs the book's package, and upgrades nothing
import sys
from importlib.util import find_spec
from pathlib import Path

for place in (Path.cwd(), Path.cwd().parent):
    if (place / "smallmodels" / "table.py").is_file():
        sys.path.insert(0, str(place))
if not find_spec("smallmodels"):
    WHEEL = ""  # the address of the package, where the notebook was published
    if not WHEEL:
        raise ModuleNotFoundError(
            "This copy does not know where its package is; take the notebook from its published page "
            "(the button Notebook or Colab), or clone the repository and open it there."
        )
    %pip install --quiet {WHEEL}

# This notebook's own:
"""
FIRST_ID = "set-up"
OWN = FIRST_CELL.splitlines()[-1]
IMPORTS_ID = "imports"  # a cell of this name is taken into the first one
# Off the book's pages; folded in JupyterLab, and in Colab.
FOLDED: dict[str, Any] = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "tags": ["remove-cell"],
}

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
STARTS = re.compile(r'class="live-data">(.*?)</script>', re.DOTALL)
KEEP_OUTPUT = "nbval-ignore-output"  # a timed cell: what it printed stays while its source is unchanged
RECORDED = "recorded"  # cell metadata: which source such an output belongs to

Notebook = dict[str, Any]
Cell = dict[str, Any]


def paths() -> list[Path]:
    """Every notebook of the book, in reading order."""
    return sorted(FOLDER.glob("*.ipynb"))


def widgets() -> Iterator[dict[str, Any]]:
    """What the front end of every stored widget starts from (`smallmodels.live.page` writes it)."""
    for path in paths():
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", []))
                yield from map(json.loads, STARTS.findall(html))


def execute(notebook: Notebook, folder: Path, *, keep_widgets: bool = False) -> Notebook:
    """A copy of the notebook with the outputs of a fresh kernel that runs in `folder`."""
    import nbformat
    from nbclient import NotebookClient

    # The kernel reads stored files; a frozen-modules hint of the debugger must not end up in an output.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    run: Any = nbformat.reads(json.dumps(notebook), as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        run,
        timeout=600,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # nothing but errors concerns who waits for it
        store_widget_state=keep_widgets,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    executed: Notebook = json.loads(json.dumps(run))
    return executed


def normalise(notebook: Notebook, stored: Notebook | None = None) -> Notebook:
    """The notebook without anything that varies from run to run or from editor to editor.

    `stored` is the committed version: timed cells keep their output while their source is the same.
    """
    before = {cell.get("id"): cell for cell in (stored or notebook)["cells"]}
    cells = [first_cell(own(notebook)), *(cell for cell in notebook["cells"] if not is_first(cell))]
    clean = [normal_cell(cell, number, before.get(cell.get("id"))) for number, cell in enumerate(cells)]
    code = (cell for cell in clean if cell["cell_type"] == "code")
    for count, cell in enumerate(code, 1):
        for counted in (cell, *(o for o in cell["outputs"] if o["output_type"] == "execute_result")):
            counted["execution_count"] = count  # as after one run from top to bottom; nbval asks for it
    return {"cells": clean, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def first_cell(specific: str = "") -> Cell:
    """The cell that every notebook begins with; `specific` is what it holds for this one alone."""
    text = (FIRST_CELL + specific).rstrip()
    return {"cell_type": "code", "id": FIRST_ID, "metadata": FOLDED, "source": text, "outputs": []}


def own(notebook: Notebook) -> str:
    """What the notebook's first cell holds besides the common beginning, in whatever version that is."""
    firsts = [cell for cell in notebook["cells"] if is_first(cell)]
    texts = (
        source(cell) if cell["id"] == IMPORTS_ID else source(cell).partition(f"{OWN}\n")[2] for cell in firsts
    )
    return "\n".join(text.strip() for text in texts if text.strip())


def is_first(cell: Cell) -> bool:
    """Whether a cell is the first cell, or one that belongs into it."""
    return cell.get("id") in (FIRST_ID, IMPORTS_ID)


def normal_cell(cell: Cell, number: int, before: Cell | None) -> Cell:
    """One cell: its text with today's figures, its tags, a stable id, and outputs without widget views."""
    kind, text = cell["cell_type"], source(cell)
    if kind == "markdown":
        text = filled(text)
    tags = sorted(set(cell["metadata"].get("tags", [])))
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if cell.get("id") == FIRST_ID:
        metadata = {**FOLDED}
    clean: Cell = {"cell_type": kind, "id": cell.get("id") or f"cell-{number:02}", "metadata": metadata}
    clean["source"] = text.splitlines(keepends=True)
    if kind != "code":
        return clean
    outputs = cell.get("outputs", [])
    if KEEP_OUTPUT in tags:
        metadata[RECORDED] = fingerprint(text)
        if before and before["metadata"].get(RECORDED) == metadata[RECORDED]:
            outputs = before["outputs"]
    return {**clean, "outputs": list(normal_outputs(outputs))}


def normal_outputs(outputs: Iterable[Cell]) -> Iterator[Cell]:
    """The outputs without widget views; neighbouring streams of one name become one."""
    last: Cell | None = None
    for output in map(normal_output, outputs):
        if last and output["output_type"] == "stream" and output.get("name") == last.get("name"):
            last["text"] += output["text"]
            continue
        if last:
            yield joined(last)
        last = output if output.get("data") or output["output_type"] in ("stream", "error") else None
    if last:
        yield joined(last)


def normal_output(output: Cell) -> Cell:
    """One output without its widget view, each text as one string."""
    clean = {key: value for key, value in output.items() if key != "transient"}
    if "text" in clean:
        clean["text"] = "".join(clean["text"])
    if "data" in clean:
        clean["data"] = {mime: value for mime, value in clean["data"].items() if mime != WIDGET_VIEW}
        clean["metadata"] = {}
    return clean


def joined(output: Cell) -> Cell:
    """The output with its texts as lists of lines, as notebook editors write them."""
    lines = dict(output)
    if "text" in lines:
        lines["text"] = lines["text"].splitlines(keepends=True)
    if "data" in lines:
        lines["data"] = {mime: _lines(value) for mime, value in lines["data"].items()}
    return lines


def _lines(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "".join(value)
    return value.splitlines(keepends=True) if isinstance(value, str) else value


def source(cell: Cell) -> str:
    """A cell's text as one string."""
    return "".join(cell["source"])


def fingerprint(text: str) -> str:
    """A short name for a cell's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_bytes(notebook: Notebook) -> bytes:
    """The notebook as it is committed: sorted keys, one space of indentation, a final newline."""
    return (json.dumps(notebook, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def renewed(path: Path, *, run: bool = True) -> bytes:
    """The bytes that the notebook at `path` should have."""
    stored = json.loads(path.read_text("utf-8"))
    draft = normalise(stored)
    return to_bytes(normalise(execute(draft, path.parent) if run else draft, stored))


def main() -> None:
    """Renews every notebook, or with `--check` says which would change."""
    parser = argparse.ArgumentParser(description="Execute and normalise the notebooks.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a byte would change")
    parser.add_argument("--no-execute", action="store_true", help="only normalise")
    parser.add_argument("notebooks", type=Path, nargs="*", help="default: all of them")
    wanted = parser.parse_args()
    paths_wanted = wanted.notebooks or paths()
    changed = []
    with ProcessPoolExecutor() as workers:
        renewals = workers.map(partial(renewed, run=not wanted.no_execute), paths_wanted)
        for path, new in zip(paths_wanted, renewals, strict=True):
            differs = new != path.read_bytes()
            changed += [path.name] if differs else []
            if differs and not wanted.check:
                path.write_bytes(new)
            print(f"{path.name}: {'changed' if differs else 'unchanged'}", flush=True)
    if wanted.check and changed:
        sys.exit(f"Re-executing changes {', '.join(changed)}; run `make notebooks` and commit the result.")


if __name__ == "__main__":
    main()
