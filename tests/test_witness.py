"""Every number of `data/` stands a second time in `tests/witness/`, so that none changes unseen.

The second copy was set against the notes and files that the facts were first taken from. A new row is typed
there too, from its source and not from the first copy; a number that is mended is mended in both places.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import pytest

from smallmodels import facts

ROOT = Path(__file__).parents[1]
WITNESS = Path(__file__).parent / "witness"
Row = dict[str, str]
NUMBERS = {int, float, int | None, float | None, bool}
DATES = {"date", "from_date", "to_date", "release_date", "launch_date", "public"}
PRINTED = {"shots", "baseline_text", "challenger_text", "improvement_text", "memory_text", "price_text"}
# Of a longer text its numbers are witnessed, so that a word in it can be mended in one place.
SENTENCES = {"claims": {"claim", "check"}, "story": {"fact", "post_says", "judgement"}}
# Tables that a machine read off a file or a figure, hundreds of rows of one kind. They are held by the digest
# of the whole file; `tests/test_runs_read_off.py` sets them against aggregates that their sources print.
DIGESTS = {
    "chinchilla_runs": "a209258e15300868f8e6143e29a2442fcaae23148fb570dee35b39c1ea040b7a",
    "open_scaling_runs": "1d027f501f39e9190c82fdb45ab55d5dac9f9a50b8191b44ca366fe503b029de",
}
NUMBER = re.compile(r"\d(?:[\d,.]*\d)?")


def read(path: Path) -> list[Row]:
    """The rows of a table; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keys() -> dict[str, list[str]]:
    """Of every table the columns that name a row."""
    resources = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))["resources"]
    found = {Path(r["path"]).stem: r["schema"]["primaryKey"] for r in resources}
    return {table: [key] if isinstance(key, str) else key for table, key in found.items()}


def witnessed(table: str) -> list[str]:
    """The columns of a table whose numbers are witnessed, as its records declare them."""
    record = type(getattr(facts, table)()[0])
    named = DATES | PRINTED | SENTENCES.get(table, set())
    return [field.name for field in fields(record) if field.type in NUMBERS or field.name in named]


KEYS = keys()
COLUMNS = {table: columns for table in KEYS if table not in DIGESTS and (columns := witnessed(table))}


def said(table: str, column: str, text: str) -> object:
    """What a cell says, however it is written: a number, the numbers of a sentence, or its text."""
    if column in SENTENCES.get(table, ()):
        return NUMBER.findall(text)
    try:
        return float(text)
    except ValueError:
        return text


def differing(table: str, row: Row, other: Row) -> list[str]:
    """The columns in which a row and its witness do not say the same."""
    return [c for c in COLUMNS.get(table, ()) if said(table, c, row[c]) != said(table, c, other[c])]


def by_key(table: str, rows: list[Row]) -> dict[str, Row]:
    found = {" / ".join(row[key] for key in KEYS[table]): row for row in rows}
    assert len(found) == len(rows), f"{table}: two rows of one name"
    return found


@pytest.mark.parametrize("table", COLUMNS)
def test_every_number_is_the_one_that_was_typed_a_second_time(table: str) -> None:
    kept, second = (by_key(table, read(folder / f"{table}.csv")) for folder in (ROOT / "data", WITNESS))
    told = f"type the numbers of these rows a second time, from their source, in tests/witness/{table}.csv"
    assert {*kept} - {*second} == set(), told
    assert {*second} - {*kept} == set(), "these rows are no longer in the table"
    assert {name: found for name, row in kept.items() if (found := differing(table, row, second[name]))} == {}


def test_every_witness_has_a_table() -> None:
    assert {path.stem for path in WITNESS.glob("*.csv")} == {*COLUMNS}
    for table, columns in COLUMNS.items():
        assert [*read(WITNESS / f"{table}.csv")[0]] == KEYS[table] + [
            c for c in columns if c not in KEYS[table]
        ]


def changed(text: str) -> list[str]:
    """A text with one of its digits another, once for each digit."""
    return [f"{text[:i]}{(int(c) + 1) % 10}{text[i + 1 :]}" for i, c in enumerate(text) if c.isdigit()]


def mutants(table: str) -> Iterator[tuple[str, str, Row]]:
    """Every row with one digit of one number another: the row's name, the column, the changed row."""
    for name, row in by_key(table, read(ROOT / "data" / f"{table}.csv")).items():
        for column, text in row.items():
            if column not in KEYS[table] and re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text):
                yield from ((name, column, {**row, column: other}) for other in changed(text))


@pytest.mark.parametrize("table", DIGESTS)
def test_a_table_that_a_machine_read_is_the_file_it_was(table: str) -> None:
    assert sha256((ROOT / "data" / f"{table}.csv").read_bytes()).hexdigest() == DIGESTS[table]


@pytest.mark.parametrize("table", sorted({*KEYS} - {*DIGESTS}))
def test_no_number_changes_unseen(table: str) -> None:
    """Every cell that is a number, in every table, with each of its digits changed in turn."""
    second = by_key(table, read(WITNESS / f"{table}.csv"))
    made = [*mutants(table)]
    survivors = [(name, c) for name, c, row in made if not differing(table, row, second.get(name, row))]
    print(f"{table}: {len(made) - len(survivors)} of {len(made)} changed digits are seen")
    assert survivors == []
