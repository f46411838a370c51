"""Two models' results item by item, as a reader pastes them, and what pairs and clusters say of the gap.

Results are 1 for right and 0 for wrong, or a share between. Scores, gap and errors are percentage points.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum, sqrt
from statistics import StatisticsError, correlation

from smallmodels import words
from smallmodels.benchmarks.formulas import clustered_error, paired_error

# Made up: 60 questions on 12 texts of five each. The lead sits in two of the texts.
_ANSWERS = (
    "001001111000110111001111101010101000010100111111111111001010",
    "001001111000110111000011001000111010000100111010001011001010",
)
EXAMPLE = "\n".join(
    ["item,A,B,cluster"]
    + [f"q{i},{a},{b},text {i // 5 + 1}" for i, (a, b) in enumerate(zip(*_ANSWERS, strict=True))]
)
MOST_ITEMS = 50_000
LONGEST_NAME = 40  # letters of a model's name
WORDS = {"true": 1.0, "right": 1.0, "yes": 1.0, "false": 0.0, "wrong": 0.0, "no": 0.0}
ITEM_NAMES = {"item", "id", "question", "doc_id", "index"}
CLUSTER_NAMES = {"cluster", "group", "subject", "topic", "text", "passage"}
LAYOUTS = {2: ("a", "b"), 3: ("item", "a", "b"), 4: ("item", "a", "b", "cluster")}


@dataclass(frozen=True)
class ItemResults:
    """The results of two models, `a` and `b`, on the same items; `clusters` names each item's, or nothing."""

    names: tuple[str, str]
    a: tuple[float, ...]
    b: tuple[float, ...]
    clusters: tuple[str, ...] = ()

    @cached_property
    def differences(self) -> list[float]:
        """Of each item the result of `a` less that of `b`."""
        return [a - b for a, b in zip(self.a, self.b, strict=True)]

    @property
    def scores_pct(self) -> tuple[float, float]:
        """The two averages in percent."""
        return 100 * fsum(self.a) / len(self.a), 100 * fsum(self.b) / len(self.b)

    @property
    def gap(self) -> float:
        """The lead of `a` in points."""
        return 100 * fsum(self.differences) / len(self.a)

    @property
    def plain(self) -> bool:
        """Whether every result is right or wrong."""
        return {*self.a, *self.b} <= {0.0, 1.0}

    @property
    def apart(self) -> float:
        """Standard error of the gap as if each model had sat a test of its own, in points."""
        means = [score / 100 for score in self.scores_pct]
        sides = (
            paired_error([x - mean for x in side]) for side, mean in zip((self.a, self.b), means, strict=True)
        )
        return sqrt(fsum(error**2 for error in sides))

    @property
    def paired(self) -> float:
        """Standard error of the gap from the items' differences, in points."""
        return paired_error(self.differences)

    @property
    def clustered(self) -> float | None:
        """The same where the items of one cluster go together; None without clusters."""
        return clustered_error(self.differences, self.clusters) if self.clusters else None

    @property
    def correlation(self) -> float | None:
        """Pearson's correlation of the two models' results; None where one never changes."""
        try:
            return correlation(self.a, self.b)
        except StatisticsError:
            return None

    @property
    def only(self) -> tuple[int, int]:
        """The items on which `a` alone did better, and those on which `b` alone did."""
        return sum(d > 0 for d in self.differences), sum(d < 0 for d in self.differences)

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return len({*self.clusters})


def read_items(text: str) -> ItemResults:
    r"""The results in a pasted table: `item, a, b, cluster` under a heading, in any order, the first and the
    last of them optional; or without a heading two columns, three (with the item first) or four.

    Columns are parted by commas, semicolons or tabs. `ValueError` names the line that cannot be read.

    >>> read_items("1,0\n1,1\n0,0").gap.__round__(1)
    33.3
    """
    lines = _cells(text)
    layout, names = _layout(lines) if lines else ((), None)
    if names:
        lines = lines[1:]
    if not 2 <= len(lines) <= MOST_ITEMS:
        raise ValueError(
            f"Paste the results of 2 to {MOST_ITEMS:,} items, one a line; here are {len(lines):,}."
        )
    columns: dict[str, list[str]] = {name: [] for name in layout}
    for number, cells in lines:
        if len(cells) != len(layout):
            here, first = words.count(len(cells), "column"), words.number(len(layout))
            raise ValueError(f"Line {number} has {here}; the first has {first}.")
        for name, cell in zip(layout, cells, strict=True):
            columns[name].append(cell)
    _told_apart(columns.get("item", []), lines)
    a, b = (tuple(_results(columns[side], lines)) for side in "ab")
    return ItemResults(names or ("A", "B"), a, b, _clusters(columns.get("cluster", []), lines))


def _cells(text: str) -> list[tuple[int, list[str]]]:
    """Every line that is not empty, as its number and its cells."""
    first = text.lstrip().partition("\n")[0]
    separator = next((sign for sign in "\t;" if sign in first), ",")
    rows = csv.reader(text.splitlines(), delimiter=separator)
    try:
        read = [(rows.line_num, [cell.strip() for cell in row]) for row in rows]
    except csv.Error as problem:
        raise ValueError(f"Line {rows.line_num} cannot be read as CSV: {problem}.") from None
    return [(number, cells) for number, cells in read if any(cells)]


def _layout(lines: Sequence[tuple[int, list[str]]]) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """What each column holds, and the two models' names where a heading gives them."""
    number, first = lines[0]
    if not any(_result(cell) is not None for cell in first):
        return _named(number, first)
    if len(first) not in LAYOUTS:
        found = words.count(len(first), "column")
        raise ValueError(
            f"Line {number} has {found}; paste two (a, b), three (item, a, b) or four (and cluster)."
        )
    return LAYOUTS[len(first)], None


def _named(number: int, heading: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, str]]:
    kinds = [
        "item" if c.lower() in ITEM_NAMES else "cluster" if c.lower() in CLUSTER_NAMES else ""
        for c in heading
    ]
    models = [cell for cell, kind in zip(heading, kinds, strict=True) if not kind]
    if len(models) != 2 or any(kinds.count(kind) > 1 for kind in ("item", "cluster")):
        named = ", ".join(heading)[:60]
        raise ValueError(
            f"Line {number} names {named}; it must name two models, and may name item and cluster."
        )
    sides = iter("ab")
    return tuple(kind or next(sides) for kind in kinds), (
        models[0][:LONGEST_NAME] or "A",
        models[1][:LONGEST_NAME] or "B",
    )


def _told_apart(items: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> None:
    """A `ValueError` for an item that stands there twice."""
    seen: dict[str, int] = {}
    for item, (number, _) in zip(items, lines, strict=False):
        if item in seen:
            raise ValueError(
                f"Line {number} has the item {item[:40]!r} of line {seen[item]} again; keep one of them."
            )
        seen[item] = number


def _clusters(named: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> tuple[str, ...]:
    for name, (number, _) in zip(named, lines, strict=False):
        if not name:
            raise ValueError(
                f"Line {number} names no cluster; name one on every line, or leave the column out."
            )
    if named and len({*named}) < 2:
        raise ValueError(
            f"Every line names the cluster {named[0][:40]!r}; at least two are needed, or no such column."
        )
    return tuple(named)


def _results(cells: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[float]:
    found = [_result(cell) for cell in cells]
    if None in found:
        at = found.index(None)
        raise ValueError(
            f"Line {lines[at][0]}: {cells[at][:40]!r} is no result; "
            "write 1 for right, 0 for wrong, or a share between."
        )
    return [result for result in found if result is not None]


def _result(cell: str) -> float | None:
    """A result as a number from 0 to 1; None for what is none."""
    try:
        value = WORDS.get(cell.lower())
        value = float(cell) if value is None else value
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None
