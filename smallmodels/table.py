"""The one shape every chapter function returns: a `Table` of figures that renders itself.

A number is formatted here and nowhere else. A notebook, the builder of the book and the worker in the
reader's browser all call the same four renderings (`to_html`, `to_text`, `to_csv`, `to_markdown`), so
what they show is the same to the last digit. Whoever computes on takes the raw values: `records()`, a
column by its name, or `to_pandas()`. Standard library only but for that last one: this file runs in the
browser too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any

from smallmodels.verdicts import mark

if TYPE_CHECKING:
    from pandas import DataFrame

Value = str | int | float | bool | None
NOTHING = "—"  # what a reader sees where there is no figure
TEXT_CELL = re.compile('(<t[hd](?=[ >])(?![^>]* class="number)[^>]*)>')
LEFT = ' style="text-align:left"'
STANDING = 3  # columns that a phone has room for: the name, what tells, the verdict
LONG, VERY_LONG = 20, 40  # characters: what is given room to wrap, what makes a column one of text


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure together with where it comes from.

    `source` is a sentence for the reader, shown on hover and focus and listed under the table; `note` is
    shown there too but not listed. `href` is where the figure leads: `#id?argument=value`, the state of a
    widget. A bare value in a row is the same as a `Cell` without any of these.
    """

    value: Value
    source: str = ""
    note: str = ""
    href: str = ""

    @property
    def explanation(self) -> str:
        """Source and note as one text."""
        return f"{self.source} {self.note}".strip()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in a row, its heading and unit, how its numbers look, what they mean.

    `format` is a Python format specification (`".1f"`, `"+.1f"`, `",d"`); it applies to numbers only. Of
    `rank` 1, a column stands on a phone too; of rank 2 it opens on its row there; 0 leaves it to the table.
    `kind` is `"verdict"` where every text is one of `smallmodels.verdicts`, or begins with one and a colon:
    it is shown with its mark.
    """

    name: str
    label: str
    unit: str = ""
    format: str = ""
    meaning: str = ""
    rank: int = 0
    kind: str = ""

    @property
    def heading(self) -> str:
        """The label with its unit, as one line of text."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def show(self, value: Value) -> str:
        """The text of one value in this column.

        >>> Column("gap", "gap", "points", "+.1f").show(5.3)
        '+5.3'
        >>> Column("gap", "gap", "points", "+.1f").show(None)
        '—'
        >>> Column("gap", "gap", "nats", "+.3f").show(-0.0001), Column("n", "n", "", ",.3g").show(1534)
        ('0.000', '1,530')
        """
        if value is None:
            return NOTHING
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return value
        if not isfinite(value):
            raise ValueError(f"Column {self.name!r} was given {value}; a table holds finite numbers only.")
        return plain(value, self.format).replace("-", "−") if self.format else str(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """What an argument may be while the others stay as they are: the values that show something, in order.

    `why` says of any other value why it cannot be chosen ("not in this report").
    """

    values: tuple[Value, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures, the columns that explain them, and one sentence that says what they show.

    `rows` map a column's name to a value or a `Cell`; the first column names the row. `series` holds
    the named sets of records a chart draws. `notes` are sentences printed under the table; `record` are those
    that say on what device, when and with what versions a measurement was recorded. `verdict` is a claim with
    the verdict on it in this state, shown over the finding. Where arguments
    depend on one another, `choices` says by argument which values would show something; a table without
    rows names in `nearest` the arguments to change for one that has some.

    `len(table)` counts the rows, `for record in table` goes through them as dictionaries of raw values, and
    `table["gap"]` is a column's raw values; `table.to_pandas()` is a DataFrame, and so is `DataFrame(table)`.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Value | Cell], ...]
    finding: str
    series: Mapping[str, list[dict[str, Value]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    choices: Mapping[str, Choice] = field(default_factory=dict)
    nearest: Mapping[str, Value] = field(default_factory=dict)
    record: tuple[str, ...] = ()
    verdict: tuple[str, str] = ("", "")

    def cell(self, row: Mapping[str, Value | Cell], column: Column) -> Cell:
        """The figure of `row` in `column`, always as a `Cell`."""
        value = row.get(column.name)
        return value if isinstance(value, Cell) else Cell(value)

    def values(self, name: str) -> list[Value]:
        """The raw values of one column, top to bottom; `KeyError` if there is no such column."""
        column = next((c for c in self.columns if c.name == name), None)
        if column is None:
            raise KeyError(
                f"There is no column {name!r}; there is {', '.join(c.name for c in self.columns)}."
            )
        return [self.cell(row, column).value for row in self.rows]

    def records(self) -> list[dict[str, Value]]:
        """Every row as a plain dictionary: the names of the columns, in their order, to raw values.

        >>> Table("", (Column("model", "model"),), ({"model": Cell("Mistral 7B")},), "").records()
        [{'model': 'Mistral 7B'}]
        """
        return [{c.name: self.cell(row, c).value for c in self.columns} for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True  # a table without rows still says something: its finding

    def __iter__(self) -> Iterator[dict[str, Value]]:
        return iter(self.records())

    def __getitem__(self, name: str) -> list[Value]:
        return self.values(name)

    def to_pandas(self) -> "DataFrame":
        """The raw values as a pandas DataFrame: the first column is its index, the others keep their names.

        Whole numbers stay whole where one is missing (`Int64`), yes and no become bools. `attrs` holds the
        table's `caption`, `finding`, `notes` and `sources`, and the `labels`, `units` and `meanings` of its
        columns by name. Raises `ImportError` where pandas is not installed.
        """
        import pandas as pd  # only here: the reader's browser has none

        frame = pd.DataFrame(
            {c.name: pd.Series(self.values(c.name), dtype=self._dtype(c)) for c in self.columns}
        )
        frame.attrs = {
            "caption": self.caption,
            "finding": self.finding,
            "notes": [*self.notes],
            "sources": self.sources(),
            "labels": {c.name: c.label for c in self.columns},
            "units": {c.name: c.unit for c in self.columns if c.unit},
            "meanings": {c.name: c.meaning for c in self.columns if c.meaning},
        }
        return frame.set_index(self.columns[0].name)

    def _dtype(self, column: Column) -> str | None:
        """What pandas holds a column as; `None` where it decides, as it does for strings."""
        values = self.values(column.name)
        kinds = {type(value) for value in values if value is not None}
        missing = None in values
        if kinds == {bool}:
            return "boolean" if missing else "bool"
        if kinds == {int} and all(abs(v) < 2**63 for v in values if isinstance(v, int)):
            return "Int64" if missing else "int64"
        numbers = kinds <= {int, float} and (kinds or column.format)
        return "float64" if numbers else None

    def sources(self) -> list[str]:
        """Every distinct source named by a cell, in reading order."""
        cells = (self.cell(row, column) for row in self.rows for column in self.columns)
        return list(dict.fromkeys(cell.source for cell in cells if cell.source))

    def shown(self) -> Iterator[list[str]]:
        """The table as shown: the headings, then every row, as text."""
        yield [column.heading for column in self.columns]
        for row in self.rows:
            yield [column.show(self.cell(row, column).value) for column in self.columns]

    def to_html(self) -> str:
        """One `<table>` with a caption, scopes, and each cell's raw value in `data-value`.

        For small screens it says what opens on its row there (`rest`), or that rows are cards (`live-cards`).
        """
        cards, standing = self._cards(), self._standing()
        looks = [
            " ".join(filter(None, [self._look(c), "" if cards or c.name in standing else "rest"]))
            for c in self.columns
        ]
        head = "".join(
            f'<th scope="col"{_class(look)}>{_explained(column.heading, column.meaning)}</th>'
            for column, look in zip(self.columns, looks, strict=True)
        )
        body = "".join(self._html_row(row, looks, cards) for row in self.rows)
        return (
            f'<table class="live-table{" live-cards" if cards else ""}">'
            f"<caption><span>{escape(self.caption)}</span></caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _look(self, column: Column) -> str:
        # A column of numbers lines up at the right, headings and gaps included, even when it is empty.
        values = [value for value in self.values(column.name) if value is not None]
        return "number" if any(map(_is_number, values)) or (column.format and not values) else ""

    def _cards(self) -> bool:
        """Whether this is text in rows: two columns or more that no line of a phone holds."""
        texts = ([column.show(value) for value in self.values(column.name)] for column in self.columns[1:])
        return sum(any(len(text) > VERY_LONG for text in column) for column in texts) > 1

    def _standing(self) -> set[str]:
        """What stands on a small screen: the name, columns of the first rank, verdicts, then figures."""
        columns = self.columns
        if len(columns) <= STANDING:
            return {column.name for column in columns}
        first = [c for i, c in enumerate(columns) if i == 0 or c.rank == 1 or (c.kind and c.rank != 2)]
        figures = [c for c in columns if c not in first and c.rank == 0 and self._look(c)]
        return {c.name for c in (*first, *figures[: max(0, STANDING - len(first))])}

    def _html_row(self, row: Mapping[str, Value | Cell], looks: list[str], cards: bool) -> str:
        cells = []
        for i, (column, look) in enumerate(zip(self.columns, looks, strict=True)):
            cell = self.cell(row, column)
            tag = 'th scope="row"' if i == 0 else "td"
            text = column.show(cell.value)
            # A text too long for one line is given room to wrap.
            long = "long" if len(text) > LONG and not look.startswith("number") else ""
            label = f' data-label="{escape(column.heading)}"' if cards and i else ""
            kind = _class(" ".join(filter(None, [long, look])))
            shown = _explained(text, cell.explanation, column.kind, cell.href)
            cells.append(f'<{tag}{kind}{label} data-value="{escape(raw(cell.value))}">{shown}</{tag[:2]}>')
        return f"<tr>{''.join(cells)}</tr>"

    def to_text(self) -> str:
        """The caption, the aligned rows, and the finding: what a terminal, nbval and a diff see."""
        lines = list(self.shown())
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        body = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([self.caption, *body, self.finding])

    def to_csv(self) -> str:
        """Raw values under the columns' headings, quoted as RFC 4180 says, one line feed per row."""
        lines = [[c.heading for c in self.columns]]
        lines += [[raw(self.cell(row, c).value) for c in self.columns] for row in self.rows]
        return "".join(",".join(map(_csv_field, line)) + "\n" for line in lines)

    def to_markdown(self) -> str:
        """The table as shown, in GitHub's Markdown, with the finding as its last line."""
        head, *body = ([cell.replace("|", "\\|") for cell in line] for line in self.shown())
        rule = ["---:" if _is_number(v) else "---" for v in self._first_values()]
        lines = ["| " + " | ".join(line) + " |" for line in [head, rule, *body]]
        return "\n".join([*lines, "", self.finding, ""])

    def _first_values(self) -> Iterable[Value]:
        for column in self.columns:
            yield next((v for v in self.values(column.name) if v is not None), None)

    def to_dict(self) -> dict[str, Any]:
        """Everything a page shows, ready for JSON: the worker's answer and a build-time result."""
        return {
            "html": self.to_html(),
            "finding": self.finding,
            "notes": [*self.notes],
            "record": [*self.record],
            "verdict": self.judged(),
            "sources": self.sources(),
            "series": {name: list(records) for name, records in self.series.items()},
            "csv": self.to_csv(),
            "markdown": self.to_markdown(),
            "choices": {
                name: {"open": [_json(value) for value in choice.values], "why": choice.why}
                for name, choice in self.choices.items()
            },
            "nearest": {name: _json(value) for name, value in self.nearest.items()},
        }

    def judged(self) -> str:
        """The claim with the chip of its verdict, as HTML; nothing where there is no claim."""
        claim, word = self.verdict
        return f"<q>{escape(claim)}</q> {chip(word)}" if claim else ""

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(text)}</p>" for text in (self.finding, *self.notes, *self.record))
        return at_the_left(self.to_html()) + said

    def __repr__(self) -> str:
        return self.to_text()


def at_the_left(html: str) -> str:
    """A table's HTML for notebooks, whose own style sets every cell to the right: text says where it stands.

    >>> at_the_left('<th scope="row">model</th><th scope="col" class="number">1</th>')
    '<th scope="row" style="text-align:left">model</th><th scope="col" class="number">1</th>'
    """
    return TEXT_CELL.sub(rf"\1{LEFT}>", html)


def plain(value: float, spec: str) -> str:
    """A number as its specification says, but without a sign where it rounds to nothing, and for the format
    `g` with as many digits and no exponent.

    >>> plain(-0.0001, "+.3f"), plain(15_344, ",.3g"), plain(12_344, ".2e")
    ('0.000', '15,300', '1.23e+04')
    """
    text = format(value, spec)
    if spec.endswith("g") and "e" in text:
        text = format(Decimal(text.replace(",", "")), spec[:-1].partition(".")[0] + "f")
    return text if re.search("[1-9]", text) else text.lstrip("+-")


def raw(value: Value) -> str:
    """A value without any rounding, as text: what `data-value` and the CSV hold.

    >>> raw(5.300000000000004), raw(True), raw(None)
    ('5.300000000000004', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _json(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _class(names: str) -> str:
    return f' class="{names}"' if names else ""


def _explained(text: str, explanation: str, kind: str = "", href: str = "") -> str:
    # Focusable, with `aria-description`: the page shows it on hover and focus, a screen reader reads it.
    shown = _marked(text) if kind == "verdict" else escape(text)
    if href:
        told = f' aria-description="{escape(explanation)}"' if explanation else ""
        return f'<a href="{escape(href)}"{told}>{shown}</a>'
    if not explanation:
        return shown
    described = f'tabindex="0" aria-description="{escape(explanation)}"'
    return f'<span class="live-why" {described}>{shown}</span>'


def _marked(text: str) -> str:
    """A text that is a verdict, or begins with one and a colon, with the verdict as a chip."""
    word, colon, rest = text.partition(": ")
    return f"{chip(word)}{colon}{escape(rest)}" if mark(word) else escape(text)


def chip(word: str) -> str:
    """A verdict with its mark, as HTML; `ValueError` for a word that is none.

    >>> chip("wrong")
    '<span class="live-chip" data-fill="solid" data-shape="diamond" data-tone="bad">wrong</span>'
    """
    its = mark(word)
    if its is None:
        raise ValueError(f"{word!r} is no verdict; smallmodels.verdicts has them all.")
    looks = f'data-fill="{its.fill}" data-shape="{its.shape}" data-tone="{its.tone}"'
    return f'<span class="live-chip" {looks}>{escape(word)}</span>'


def _csv_field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text
