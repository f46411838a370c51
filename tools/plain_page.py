"""The same table as Jupyter Book shows it without this project: ipywidgets in a page, and no kernel.

Built for comparison by tools/bench_page.py, in a folder of its own: a notebook with `interact`, the widget
manager and require.js from npm instead of the usual CDN, the theme as it comes.
"""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import notebooks

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "requirejs@2.3.8": ["require.js"],
    "@jupyter-widgets/html-manager@1.0.15": ["dist/embed-amd.js"],
}
CODE = """
from IPython.display import HTML
from ipywidgets import Dropdown, FloatSlider, interact
from smallmodels import benchmarks

@interact(
    source=Dropdown(options=benchmarks.reports(), value="post", description="Figures from"),
    challenger=Dropdown(options=benchmarks.models(), value="Mistral 7B", description="Challenger"),
    baseline=Dropdown(options=benchmarks.models(), value="Llama 2 13B", description="Baseline"),
    confidence=FloatSlider(value=0.95, min=0.5, max=0.99, step=0.01, description="Confidence"),
)
def show(**choice):
    return HTML(benchmarks.head_to_head(**choice).to_html())
"""
CONFIG = """
title: A plain page
execute: {execute_notebooks: "off"}
sphinx:
  config:
    html_static_path: [assets]
    nb_ipywidgets_js:
      require.js: {loading_method: defer}
      paths.js: {loading_method: defer}
      embed-amd.js: {loading_method: defer}
"""
# The widget manager asks for its own fonts by this name.
PATHS = """requirejs.config({ paths: { "@jupyter-widgets/html-manager/dist":
  new URL(".", document.currentScript.src).href.slice(0, -1) } });"""


def build(folder: Path) -> Path:
    """Builds the page in `folder` and gives the built book's folder; `RuntimeError` says what was missing."""
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (assets / "paths.js").write_text(PATHS, "utf-8")
    for package, files in PACKAGES.items():
        fetch(package, files, assets)
    (folder / "_config.yml").write_text(CONFIG, "utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\n", "utf-8")
    (folder / "index.ipynb").write_text(json.dumps(executed(folder)), "utf-8")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(folder), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"it did not build ({done.stderr.strip()[-300:]})")
    return folder / "_build" / "html"


def fetch(package: str, files: list[str], target: Path) -> None:
    """Takes single files out of an npm package; installing this one would ask for peers it does not need."""
    pack = ["npm", "pack", "--silent", "--pack-destination", str(target.parent), package]
    done = subprocess.run(pack, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm has no {package} here")
    with tarfile.open(target.parent / done.stdout.strip().splitlines()[-1]) as archive:
        for name in files:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise RuntimeError(f"{package} holds no {name}")
            with member, (target / Path(name).name).open("wb") as file:
                shutil.copyfileobj(member, file)


def executed(folder: Path) -> notebooks.Notebook:
    """The notebook with its widgets and their state, as Jupyter saves it."""
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A plain page"}
    code: notebooks.Cell = {
        "cell_type": "code",
        "id": "code",
        "metadata": {},
        "source": CODE,
        "outputs": [],
        "execution_count": None,
    }
    empty = {"cells": [title, code], "metadata": notebooks.METADATA, "nbformat": 4, "nbformat_minor": 5}
    return notebooks.execute(empty, folder, keep_widgets=True)
