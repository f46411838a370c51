"""Runs every published notebook as Colab would: its versions, an empty folder, the first cell's installing.

`python tools/colab.py` takes the files that `make site` wrote. It fails where a notebook fails, where a
widget shows another table than the published page, or where pip changed anything but our own package.
Three clean environments: Colab's versions without PyTorch, the same with it, and a bare kernel to which pip
may add what is missing. `--python` names the interpreter to make them with (Colab's is 3.13).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publish import SITE
from serve import Site

import notebooks

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "colab"
OURS = "smallmodels"
# What Colab had in August 2026.
COLAB = (
    "ipywidgets==7.7.1",
    "altair==5.5.0",
    "anywidget==0.9.21",
    "pandas==2.2.3",
    "numpy==2.1.3",
    "ipython==7.34",
    "ipykernel==6.17.1",
    "nbclient==0.10.4",
    # Colab has these too; which version does not matter here.
    *("joblib", "psutil", "safetensors", "tqdm"),
)
TORCH = "torch==2.13.0"
ENVIRONMENTS = {"colab": COLAB, "colab-torch": (*COLAB, TORCH), "bare": ("ipykernel", "nbclient", "nbformat")}
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

run = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(run, timeout=1800, kernel_name="python3", allow_errors=True).execute()
nbformat.write(run, sys.argv[1])
"""


class Different(Exception):
    """Something is not as it is published, said in a sentence."""


@dataclass(frozen=True)
class Place:
    """A clean virtual environment, and what stands on its shelf."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def run(self, *arguments: str, folder: Path | None = None) -> str:
        """What its Python prints; `Different` with the end of what it complained of."""
        own = {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "no_proxy": "127.0.0.1"}
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))
        }
        command = [str(self.python), *arguments]
        done = subprocess.run(
            command, cwd=folder, env=kept | own, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Different("\n".join([*done.stdout.splitlines()[-5:], *done.stderr.splitlines()[-25:]]))
        return done.stdout

    def packages(self) -> dict[str, str]:
        """Every installed package and its version."""
        return {p["name"]: p["version"] for p in json.loads(self.run("-m", "pip", "list", "--format=json"))}


def made(name: str, python: str) -> Place:
    """A new environment with what `ENVIRONMENTS` lists, and nothing of ours."""
    place = Place(FOLDER / name)
    shutil.rmtree(place.folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(place.folder)], check=True)
    place.run("-m", "pip", "install", "--quiet", *ENVIRONMENTS[name])
    return place


def delivered(published: Path, wheel: str, folder: Path) -> Path:
    """The published notebook alone in an empty folder, its wheel to be had from this machine."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text, found = re.subn(r'WHEEL = \\"[^"]*\\"', f'WHEEL = \\\\"{wheel}\\\\"', published.read_text("utf-8"))
    if found != 1:
        raise Different(f"{published.name} has {found} places for the address of the wheel; one is needed.")
    (folder / published.name).write_text(text, "utf-8")
    return folder / published.name


def outputs(notebook: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every output of a notebook with the cell that made it."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        yield from ((cell, output) for output in cell.get("outputs", []))


def tables(notebook: Path) -> list[str]:
    """The widgets' tables in a notebook's outputs, as text."""
    shown = (output.get("data", {}) for _, output in outputs(notebook))
    return [
        "".join(data["text/plain"])
        for data in shown
        if '<div class="live"' in "".join(data.get("text/html", ""))
    ]


def failed(notebook: Path, *, with_torch: bool) -> int:
    """How many live experiments asked for PyTorch in vain; `Different` for any other error."""
    stopped = [(cell, output) for cell, output in outputs(notebook) if output["output_type"] == "error"]
    for cell, error in stopped:
        if with_torch or notebooks.KEEP_OUTPUT not in cell["metadata"].get("tags", []):
            raise Different(f"{cell['id']} of {notebook.name}: {error['ename']}: {error['evalue']}")
    if stopped and "torch" not in stopped[0][1]["evalue"]:
        raise Different(f"{notebook.name} should ask for torch, and says: {stopped[0][1]['evalue']}")
    return len(stopped)


def check(place: Place, published: Path, wheel: str, *, with_torch: bool) -> str:
    """Runs one notebook; what came of it in a few words, or `Different`."""
    mine = delivered(published, wheel, place.folder / "empty")
    started = time.monotonic()
    place.run("-c", RUN, str(mine), folder=mine.parent)
    without = failed(mine, with_torch=with_torch)
    expected, shown = tables(published), tables(mine)
    if shown != expected:
        pairs = zip(shown, expected, strict=False)
        first = next((f"{a}\n--- published:\n{b}" for a, b in pairs if a != b), "their number differs")
        raise Different(f"{published.name} shows another table than the page:\n{first}")
    asked = f", {without} cells ask for PyTorch" if without else ""
    return f"{len(shown)} widgets as published{asked}, {time.monotonic() - started:.0f} s"


def check_all(name: str, python: str, site: Site, folder: Path) -> bool:
    """Runs every notebook of one place; whether all went well. Says what happened, line by line."""
    place = made(name, python)
    before, well = place.packages(), True
    print(f"{name}: {place.run('--version').strip()}, {len(before)} packages", flush=True)
    wheel = "smallmodels[notebook]@" + site.url(f"wheel/{next((SITE / 'wheel').glob('*.whl')).name}")
    for path in notebooks.paths():
        try:
            said = check(place, folder / path.name, wheel, with_torch="torch" in before)
        except Different as fault:
            said, well = f"FAILED\n{fault}", False
        print(f"  {path.stem}: {said}", flush=True)
    return change(before, place.packages(), may_add=name == "bare") and well


def change(before: dict[str, str], after: dict[str, str], *, may_add: bool) -> bool:
    """Whether pip left alone what was there; says what it added."""
    added = sorted(after.keys() - before.keys())
    touched = sorted(name for name in before if after.get(name) != before[name])
    print(
        f"  pip added {', '.join(added) or 'nothing'}; it changed {', '.join(touched) or 'nothing'}",
        flush=True,
    )
    return OURS in added and not touched and (may_add or added == [OURS])


def main() -> None:
    """Tries the environments that are asked for, all of them unless told otherwise."""
    parser = argparse.ArgumentParser(description="Run the published notebooks with Colab's versions.")
    parser.add_argument("--python", default=shutil.which("python3.13") or sys.executable)
    parser.add_argument("environments", nargs="*", choices=[[], *ENVIRONMENTS], help="default: all of them")
    wanted = parser.parse_args()
    if not (SITE / "wheel").is_dir():
        sys.exit("There are no published files; run `make site` first.")
    with Site(SITE) as site:
        # Colab opens its own copies; who downloads a notebook from its page gets the other.
        copies = {name: SITE / ("_sources/notebooks" if name == "bare" else "colab") for name in ENVIRONMENTS}
        names = wanted.environments or list(ENVIRONMENTS)
        well = [check_all(name, wanted.python, site, copies[name]) for name in names]
    sys.exit(0 if all(well) else "Not every notebook runs as it is published.")


if __name__ == "__main__":
    main()
