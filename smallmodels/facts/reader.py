"""Reads `data/`: a table is told by its record, and a bad cell by file, line and column."""

import csv
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


def data_folder() -> Path:
    """The folder of the CSV files: `smallmodels/data` in a wheel, `data` beside the package in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "data"
    return inside if inside.is_dir() else package.parent / "data"


def load(table: str, record: type[Record], folder: Path | None = None) -> tuple[Record, ...]:
    """Every row of `<table>.csv` as a `record`; `ValueError` names file, line and column of a bad cell."""
    path = (folder or data_folder()) / f"{table}.csv"
    try:
        return _rows(path, record)
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None


def _rows(path: Path, record: type[Record]) -> tuple[Record, ...]:
    names = [f.name for f in fields(record)]  # type: ignore[arg-type]
    readers = [_READERS[f.type] for f in fields(record)]  # type: ignore[arg-type, index]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        if header and header[0].startswith("\ufeff"):
            raise ValueError(f"{path.name}, line 1: a byte order mark; save it as UTF-8 without one.")
        if header != names:
            raise ValueError(f"{path.name}, line 1: the columns must be {', '.join(names)}.")
        numbered = ((line, f"{path.name}, line {lines.line_num}") for line in lines)
        return tuple(_record(record, names, readers, line, where) for line, where in numbered)


def _record(
    record: type[Record], names: list[str], readers: list[Any], line: list[str], where: str
) -> Record:
    if len(line) != len(names):
        raise ValueError(f"{where}: {len(line)} cells where {len(names)} are needed.")
    try:
        return record(*[read(text) for read, text in zip(readers, line, strict=True)])
    except ValueError:
        raise _bad_cell(names, readers, line, where) from None


def _bad_cell(names: list[str], readers: list[Any], line: list[str], where: str) -> ValueError:
    for name, read, text in zip(names, readers, line, strict=True):
        try:
            read(text)
        except ValueError:
            return ValueError(f"{where}, column {name}: {text!r} is not {_EXPECTED[read]}.")
    raise AssertionError("a record was refused although each of its cells can be read")


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # inf and nan: a table holds finite numbers only
        raise ValueError(text)
    return number


def _bool(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def _int_or_none(text: str) -> int | None:
    return int(text) if text else None


def _float_or_none(text: str) -> float | None:
    return _float(text) if text else None


_READERS = {
    str: str,
    int: int,
    float: _float,
    bool: _bool,
    tuple[str, ...]: _list,
    int | None: _int_or_none,
    float | None: _float_or_none,
}
_EXPECTED = {
    int: "a whole number",
    _float: "a number",
    _bool: "yes or no",
    _int_or_none: "a whole number or empty",
    _float_or_none: "a number or empty",
}
