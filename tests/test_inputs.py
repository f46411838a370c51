"""What a build refuses: a table of faults, each a sentence that names file, line and cure."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import inputs
import pytest
import site_pages

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a path with spaces"
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("state"))
    (root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "06-cost.ipynb", root / "notebooks")
    return root


def edited(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda root: (root / name).write_bytes(change((root / name).read_bytes())) and None


def last_line_again(content: bytes) -> bytes:
    return content + content.splitlines(keepends=True)[-1]


CASES = [
    (
        "a byte order mark",
        edited("data/gpus.csv", lambda b: b"\xef\xbb\xbf" + b),
        r"gpus.csv, line 1: a byte order",
    ),
    (
        "no UTF-8",
        edited("data/gpus.csv", lambda b: b + b"\xff\n"),
        r"gpus.csv is not UTF-8 text; save it as UTF-8",
    ),
    (
        "a row twice",
        edited("data/gpus.csv", last_line_again),
        r"gpus.csv, line \d+: the row of line \d+ again; keep",
    ),
    (
        "an address that runs",
        edited(
            "data/sources.csv", lambda b: re.sub(rb",https://[^,\n]*", b",javascript:alert(1)", b, count=1)
        ),
        r"sources.csv, line \d+: the address is 'javascript:alert\(1\)'; it must begin with https://",
    ),
    (
        "an address without its beginning",
        edited("data/sources.csv", lambda b: b.replace(b",https://", b",", 1)),
        r"sources.csv, line \d+: the address is '.*'; it must begin with https://",
    ),
    ("a notebook cut off", edited("notebooks/06-cost.ipynb", lambda b: b[:-90]), r"06-cost.ipynb is cut off"),
    (
        "a notebook without outputs",
        edited(
            "notebooks/06-cost.ipynb",
            lambda b: re.sub(rb'"outputs": \[.*?\n   \]', b'"outputs": []', b, flags=re.S),
        ),
        r"06-cost.ipynb, cell \d+: a widget without an output; run `make notebooks`",
    ),
]


def test_what_is_committed_is_without_a_fault() -> None:
    assert inputs.faults() == []


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_fault_is_one_sentence(checkout: Path, change: Callable[[Path], None], said: str) -> None:
    assert inputs.faults(checkout) == []
    change(checkout)
    found = inputs.faults(checkout)
    assert re.search(said, found[0]), found
    assert all("\n" not in fault and "Traceback" not in fault for fault in found)


def test_a_build_looks_at_its_inputs_first() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8")
    assert recipe.index("@python tools/inputs.py") < recipe.index("@jupyter-book build")


@pytest.mark.parametrize("port", ["99999", "-1", "many"])
def test_a_port_that_is_none(port: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / "serve.py"), f"--port={port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"{port!r} is no port; choose a number from 0 to 65535.\n")


def test_without_git_the_environment_says_where_the_book_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/abook")
    assert site_pages.repository(tmp_path) == "someone/abook"
