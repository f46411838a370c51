"""The table against independent readers: the standard library's CSV and HTML parsers."""

import csv
import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels.table import Cell, Column, Table, raw

COLUMNS = (
    Column("name", "name"),
    Column("gap", "gap", "points", "+.1f", "A minus B."),
    Column("note", "note"),
)


def table(*rows):
    keys = ("name", "gap", "note")
    return Table("A caption", COLUMNS, tuple(dict(zip(keys, row, strict=True)) for row in rows), "A finding.")


class Cells(HTMLParser):
    """Collects (tag, attributes, text) of every header and data cell."""

    def __init__(self, html):
        super().__init__()
        self.cells, self.open = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in ("td", "th"):
            self.cells.append([tag, dict(attrs), ""])
            self.open = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.open = False

    def handle_data(self, data):
        if self.open:
            self.cells[-1][2] += data


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
rows = st.lists(st.tuples(texts, st.floats(-1e6, 1e6) | st.none(), texts), max_size=5)


@given(rows)
def test_html_shows_and_holds_every_value(data):
    cells = Cells(table(*data).to_html()).cells
    assert [text for _, _, text in cells[:3]] == ["name", "gap (points)", "note"]
    for row, start in zip(data, range(3, len(cells), 3), strict=True):
        found = cells[start : start + 3]
        assert [tag for tag, _, _ in found] == ["th", "td", "td"]
        assert [attrs["data-value"] for _, attrs, _ in found] == [raw(value) for value in row]
        assert [text for _, _, text in found] == [c.show(v) for c, v in zip(COLUMNS, row, strict=True)]


@given(rows)
def test_csv_is_read_back_by_the_standard_library(data):
    read = list(csv.reader(io.StringIO(table(*data).to_csv(), newline="")))
    assert read[0] == ["name", "gap (points)", "note"]
    assert read[1:] == [[raw(value) for value in row] for row in data]


def test_markdown_aligns_numbers_and_ends_with_the_finding():
    lines = table(("a|b", -3.9, "x"), ("c", None, "y")).to_markdown().splitlines()
    assert lines == [
        "| name | gap (points) | note |",
        "| --- | ---: | --- |",
        "| a\\|b | −3.9 | x |",
        "| c | — | y |",
        "",
        "A finding.",
    ]


def test_sources_and_meanings_are_explained_where_they_stand():
    first = Cell("a", "<first> source")
    one = table((first, 1.0, Cell("b", "second", note="A note.")), (first, 2.0, Cell("d", note="No source.")))
    assert one.sources() == ["<first> source", "second"]  # a note is shown where it stands, but is no source
    assert one.to_html().count('aria-description="&lt;first&gt; source"') == 2
    for shown in ("A minus B.", "second A note.", "No source."):
        assert f'aria-description="{shown}"' in one.to_html()
    assert one.to_dict()["sources"] == one.sources()


def test_text_is_what_a_notebook_compares():
    assert (
        repr(table(("a", 5.3, "n")))
        == "A caption\nname  gap (points)  note\na     +5.3          n\nA finding."
    )


def test_only_finite_numbers_and_known_columns():
    with pytest.raises(ValueError, match="finite numbers only"):
        table(("a", float("nan"), "")).to_text()
    with pytest.raises(KeyError):
        table().values("nothing")
