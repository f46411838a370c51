"""CONTRIBUTING.md is carried out, block by block, on a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CSV = re.compile(r"^`(data/\w+\.csv)` has the columns\n\n```text\n(.+)\n```\n\n```csv \1\n", re.MULTILINE)
COPIED = ("smallmodels", "data", "tools", "notebooks", "_toc.yml", "pyproject.toml", "_build/live")


def blocks() -> Iterator[tuple[str, str, str]]:
    """Language, file and text of every block that is more than an illustration."""
    for language, file, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")):
        if file or language == "python":
            yield language, file, text


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which everything in CONTRIBUTING.md was added."""
    folder = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    cells: list[dict[str, object]] = []
    for number, (language, file, text) in enumerate(blocks()):
        if file.endswith(".ipynb"):
            kind = "code" if language == "python" else "markdown"
            id = "imports" if kind == "code" and "import" in text else f"cell-{number}"
            cells.append({"cell_type": kind, "id": id, "metadata": {}, "source": text.rstrip()})
        elif file:
            append(folder / file, text)
    draft = {"cells": [*map(with_outputs, cells)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "notebooks" / "09-energy.ipynb").write_text(json.dumps(draft), "utf-8")
    return folder


def with_outputs(cell: dict[str, object]) -> dict[str, object]:
    return {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell


def append(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    before = path.read_text("utf-8") if path.exists() else ""
    gap = "\n\n" if path.suffix == ".py" and before else ""
    path.write_text(f"{before}{gap}{text}", "utf-8")


def run(folder: Path, code: str, *arguments: str) -> str:
    """What Python prints in the copy, with the copy's package."""
    command = [sys.executable, "-W", "error", *arguments] if arguments else [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_added_model_is_offered_by_every_widget_that_can_use_it(copy: Path) -> None:
    code = """
from smallmodels import benchmarks, facts, gqa, memory
model = "Example 3B"
assert model in gqa.MODELS and model in memory.MODELS and model in benchmarks.models()
print(gqa.kv_cache(model).finding)
print(memory.footprint(models=(model,)).values("weights_gb")[0])
print(facts.release(model).maker)
"""
    finding, weight, maker = run(copy, code).splitlines()
    # By hand: 2 x 24 layers x 8 KV heads x 128 numbers x 2 bytes x 4,096 tokens.
    assert f"{2 * 24 * 8 * 128 * 2 * 4096 / 1e9:.3f} GB" in finding
    width, feed, layers = 3072, 8192, 24
    layer = 2 * width * width + 2 * width * 1024 + 3 * width * feed + 2 * width
    assert float(weight) == pytest.approx(2 * (layers * layer + 2 * 32000 * width + width) / 1e9)
    assert maker == "Nobody"


def test_an_added_score_and_price_are_shown(copy: Path) -> None:
    code = """
from smallmodels import benchmarks, cost
print(benchmarks.pair("MMLU", "llama-3-card", challenger="Example 3B", baseline="Llama 2 7B").ours.score_pct)
print([offer.model for offer in cost.quotes("Example 3B")])
"""
    assert run(copy, code).splitlines() == ["41.0", "['Example 3B']"]


def test_an_added_widget_finds_its_chart_and_shows_what_arithmetic_says(copy: Path) -> None:
    (shown,) = [text for _, file, text in blocks() if not file]
    code = shown.replace("Live(memory", "live = Live(memory") + "\nprint(live.table.rows[0]['tokens'])"
    code += "\nassert '<svg' in live.to_html()"
    # By hand: 24 GiB less 13.48 GB of weights, over 2 x 32 layers x 32 heads x 128 numbers x 2 bytes a token.
    assert int(run(copy, code)) == (24 * 2**30 - 2 * 6_738_415_616) // (2 * 32 * 32 * 128 * 2)


def test_the_room_beside_a_model_with_a_window_is_of_a_program_that_keeps_every_token(copy: Path) -> None:
    code = "from smallmodels import memory\nprint(memory.longest_context('Mistral 7B').rows[0]['tokens'])"
    assert int(run(copy, code)) == (24 * 2**30 - 2 * 7_241_732_096) // 131_072
    assert "in a program that keeps every token" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_above_every_row_stand_its_columns() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = CSV.findall(text)
    assert len(rows) == text.count("```csv ") == 5
    for file, columns in rows:
        assert columns == (ROOT / file).read_text("utf-8").splitlines()[0]


def test_an_added_chapter_is_executed_and_its_figure_written(copy: Path) -> None:
    run(copy, "", str(copy / "tools" / "notebooks.py"), "notebooks/09-energy.ipynb")
    notebook = json.loads((copy / "notebooks" / "09-energy.ipynb").read_text("utf-8"))
    text = json.dumps(notebook)
    assert "?</span>" not in text
    joules = 400 / (2039e9 / (2 * (7_241_732_096 - 32_000 * 4096)))  # watts over tokens a second, by hand
    assert f">{joules:.1f}</span>" in text.replace('\\"', '"')
    assert "notebooks/09-energy" in (copy / "_toc.yml").read_text("utf-8")
