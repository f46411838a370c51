"""Refuses what must not be published, before the book is built: one sentence for each fault, with its cure.

What `make test` refuses of the facts, `make html` refuses here: bytes, columns, cells, repeated rows, the
schema, addresses of sources; and notebooks that are cut off or have no outputs.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from frictionless import validate

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from smallmodels import facts  # noqa: E402
from smallmodels.facts.reader import load  # noqa: E402


def faults(root: Path = ROOT) -> list[str]:
    """Every fault of the facts and the notebooks of a checkout, each as one sentence."""
    data = root / "data"
    return [*unreadable(data), *repeated(data), *addresses(data)] or [*undeclared(data), *notebooks(root)]


def unreadable(data: Path) -> Iterator[str]:
    """Tables that are no text, or whose columns or cells are wrong: file, line and column."""
    for path in sorted(data.glob("*.csv")):
        rows: Callable[[], tuple[object, ...]] | None = getattr(facts, path.stem, None)
        try:
            kind = next((type(row) for row in rows()), None) if rows else None
            if kind:
                load(path.stem, kind, data)
        except ValueError as problem:
            yield str(problem)


def repeated(data: Path) -> Iterator[str]:
    """Rows that stand twice in a table."""
    for path in sorted(data.glob("*.csv")):
        lines: dict[bytes, int] = {}
        for line, text in enumerate(path.read_bytes().splitlines(), 1):
            if lines.setdefault(text, line) != line:
                yield f"{path.name}, line {line}: the row of line {lines[text]} again; keep one."


def addresses(data: Path) -> Iterator[str]:
    """Addresses of sources that no browser should open."""
    path = data / "sources.csv"
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    header = lines[0].split(",") if lines else []
    if "url" in header:
        for line, row in enumerate(csv.DictReader(lines), 2):
            url = row.get("url") or ""
            if url and not url.startswith(("https://", "http://")):
                yield f"{path.name}, line {line}: the address is {url!r}; it must begin with https://."


def undeclared(data: Path) -> Iterator[str]:
    """What the schema of `datapackage.json` refuses."""
    for table, row, field, note in validate(str(data / "datapackage.json")).flatten(
        ["name", "rowNumber", "fieldName", "note"]
    ):
        place = f", line {row}" if row else ""
        yield f"{table}.csv{place}: {field or 'the table'}: {note}; see data/datapackage.json."


def notebooks(root: Path) -> Iterator[str]:
    """Notebooks that are cut off, or whose widgets have no table to show."""
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        try:
            cells = json.loads(path.read_bytes())["cells"]
        except (ValueError, KeyError):
            yield f"{path.name} is cut off or no notebook; take it from git again."
            continue
        for number, cell in enumerate(cells, 1):
            source = "".join(cell.get("source", ""))
            if cell["cell_type"] == "code" and "Live(" in source and not cell.get("outputs"):
                yield f"{path.name}, cell {number}: a widget without an output; run `make notebooks`."


def main() -> None:
    """Ends with 1 and the sentences where there are any."""
    found = faults()
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
