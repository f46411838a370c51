"""The reader's browser and a kernel must agree: every `Live` of the notebooks, over random arguments.

The browser's side is the Python that is shipped (Pyodide, our part of its library, our bytecode and data),
run by Node. What is shown must be the same text; raw numbers may differ in the last bits, as libm does.
"""

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from math import isclose
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest

from smallmodels.live.answer import answer
from smallmodels.live.controls import number_text, reachable

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "_build" / "live"
ASKED = 300  # random states of each Live
RAW = re.compile(r' data-value="([^"]*)"')
DATA = re.compile(r'<script type="application/json" class="live-data">(.*?)</script>', re.DOTALL)


def lives() -> Iterator[dict[str, Any]]:
    """What every `Live` of every notebook starts from."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                for found in DATA.findall(output.get("data", {}).get("text/html", "")):
                    yield json.loads(found)


def drawn(control: dict[str, Any], random: Random) -> str:
    """The JSON text of a value this control can take, all of them alike likely."""
    if control["kind"] == "checkboxes":
        return f"[{', '.join(text for _, text in control['options'] if random.random() < 0.5)}]"
    if {"min", "max", "step"} <= control.keys():
        last = int((control["max"] - control["min"]) / control["step"] + 1e-9)
        return number_text(control, random.randint(0, last))
    return random.choice(reachable(control) or [control["value"]])


def questions(live: dict[str, Any], random: Random) -> list[dict[str, Any]]:
    """Random states of one `Live`, its first among them; one question where nothing can be moved."""
    first = {control["name"]: control["value"] for control in live["controls"]}
    asked = [first] + [
        {control["name"]: drawn(control, random) for control in live["controls"]}
        for _ in range(ASKED if live["controls"] else 0)
    ]
    return [{"name": live["function"], "args": {**live["fixed"], **state}} for state in asked]


@pytest.fixture(scope="module")
def asked() -> list[dict[str, Any]]:
    random = Random(20230927)
    return [question for live in lives() for question in questions(live, random)]


@pytest.fixture(scope="module")
def browser(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not (SHIPPED / "version").is_file():
        pytest.fail("The pages' Python has not been built; run `make assets` first.", pytrace=False)
    lines = "".join(json.dumps(question) + "\n" for question in asked)
    command = ["node", str(Path(__file__).with_name("answers.mjs")), str(SHIPPED)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_are_lives_with_a_thousand_states_each(asked: list[dict[str, Any]]) -> None:
    moving = [live for live in lives() if live["controls"]]
    assert len(moving) >= 3
    assert len(asked) >= ASKED * len(moving)


@pytest.fixture(scope="module")
def kernel(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(answer(question["name"], question["args"]))) for question in asked]


def test_both_show_the_same(
    asked: list[dict[str, Any]], kernel: list[dict[str, Any]], browser: list[dict[str, Any]]
) -> None:
    for question, ours, theirs in zip(asked, kernel, browser, strict=True):
        assert ours.keys() == theirs.keys(), question
        for part in ("error", "finding", "notes", "sources", "markdown"):
            assert ours.get(part) == theirs.get(part), question
        if "html" in ours:
            assert RAW.sub("", ours["html"]) == RAW.sub("", theirs["html"]), question


def test_both_compute_the_same(
    asked: list[dict[str, Any]], kernel: list[dict[str, Any]], browser: list[dict[str, Any]]
) -> None:
    for question, ours, theirs in zip(asked, kernel, browser, strict=True):
        if "html" not in ours:
            continue
        assert close(RAW.findall(ours["html"]), RAW.findall(theirs["html"])), question
        assert close(*([*csv.reader(io.StringIO(one["csv"]))] for one in (ours, theirs))), question
        assert close(ours["series"], theirs["series"]), question


def close(a: Any, b: Any) -> bool:
    """Equal, with numbers (or texts of numbers) equal to a relative 1e-9: a fit's search makes bits grow."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if a == b:
        return True
    try:
        return isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False
