"""The table against independent readers: the standard library's CSV and HTML parsers, and pandas."""

import csv
import io
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import benchmarks, facts
from smallmodels.table import Cell, Column, Table, chip, raw
from smallmodels.verdicts import OTHERWISE, VERDICTS, mark

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


@settings(deadline=None)
@given(rows)
def test_html_shows_and_holds_every_value(data):
    cells = Cells(table(*data).to_html()).cells
    assert [text for _, _, text in cells[:3]] == ["name", "gap (points)", "note"]
    for row, start in zip(data, range(3, len(cells), 3), strict=True):
        found = cells[start : start + 3]
        assert [tag for tag, _, _ in found] == ["th", "td", "td"]
        assert [attrs["data-value"] for _, attrs, _ in found] == [raw(value) for value in row]
        assert [text for _, _, text in found] == [c.show(v) for c, v in zip(COLUMNS, row, strict=True)]


@settings(deadline=None)
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


# For whoever computes on


@settings(deadline=None)
@given(rows)
def test_records_are_the_raw_values_by_column(data):
    one = table(*data)
    assert (
        one.records() == list(one) == [dict(zip(("name", "gap", "note"), row, strict=True)) for row in data]
    )
    assert len(one) == len(data)
    assert one["gap"] == one.values("gap") == [gap for _, gap, _ in data]


def test_cells_give_their_value_and_a_gap_is_there_as_none():
    short = Table("", COLUMNS, ({"name": Cell("a", "source"), "gap": Cell(1.5, note="why")},), "")
    assert short.records() == [{"name": "a", "gap": 1.5, "note": None}]


def test_a_table_without_rows_is_still_a_table():
    assert len(table()) == 0
    assert table()
    assert list(table().to_pandas().columns) == ["gap", "note"]


def test_an_unknown_column_is_told_with_those_there_are():
    with pytest.raises(KeyError, match=r"no column 'nothing'; there is name, gap, note"):
        table()["nothing"]


@settings(deadline=None)
@given(rows.filter(bool))
def test_pandas_makes_the_same_of_a_table_of_its_records_and_of_its_frame(data):
    one = table(*data)
    frame = pd.DataFrame(one)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(one.records()))
    assert frame["name"].tolist() == one.to_pandas().index.tolist() == [name for name, _, _ in data]
    assert [None if pd.isna(gap) else gap for gap in one.to_pandas()["gap"]] == [gap for _, gap, _ in data]


KINDS = {
    "whole": ([1, 2], "int64"),
    "whole_or_none": ([2**53 + 1, None], "Int64"),
    "float": ([1.5, 2], "float64"),
    "float_or_none": ([1.5, None], "float64"),
    "yes": ([True, False], "bool"),
    "yes_or_none": ([True, None], "boolean"),
    "huge": ([2**70, 1], "float64"),
    "mixed": ([1.5, "not stated"], "object"),
    "nothing": ([None, None], "object"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_has_the_right_types(kind):
    values, dtype = KINDS[kind]
    columns = (Column("row", "row"), Column(kind, kind))
    made = Table("", columns, tuple({"row": f"{v}", kind: v} for v in values), "").to_pandas()
    assert str(made[kind].dtype) == dtype
    assert [None if pd.isna(value) else value for value in made[kind]] == values
    assert pd.api.types.is_string_dtype(made.index.dtype)


def test_a_frame_knows_what_its_columns_mean():
    frame = table((Cell("a", "A source."), 1.0, "n")).to_pandas()
    assert frame.index.name == "name"
    assert frame.attrs["units"] == {"gap": "points"}
    assert frame.attrs["labels"] == {"name": "name", "gap": "gap", "note": "note"}
    assert frame.attrs["meanings"] == {"gap": "A minus B."}
    assert (frame.attrs["caption"], frame.attrs["finding"]) == ("A caption", "A finding.")
    assert (frame.attrs["sources"], frame.attrs["notes"]) == (["A source."], [])
    assert frame[frame["gap"] > 0].attrs == frame.attrs


def test_a_chapters_table_is_at_home_in_pandas():
    made = benchmarks.head_to_head()
    frame = made.to_pandas()
    assert frame.loc["GSM8K", "gap"] == pytest.approx(35.4 - 24.3)
    assert frame["gap"].tolist() == made["gap"]
    assert frame.attrs["units"]["gap"] == "points"


def test_pandas_is_imported_by_who_asks_for_it_only():
    code = "import sys; from smallmodels import memory; memory.footprint(); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


FACTS = [name for name in vars(facts) if (facts.data_folder() / f"{name}.csv").is_file()]


@pytest.mark.parametrize("name", FACTS)
def test_facts_go_into_a_frame_as_they_are(name):
    records = getattr(facts, name)()
    frame = pd.DataFrame(records)
    assert len(frame) == len(records) > 0
    assert [*frame.columns] == [*type(records[0]).__dataclass_fields__]
    first = frame.columns[0]
    assert frame[first].tolist() == [getattr(record, first) for record in records]


def test_there_are_facts_to_put_into_a_frame():
    assert len(FACTS) > 20


def test_a_table_by_itself_says_its_finding_and_its_notes() -> None:
    shown = Table("", (Column("a", "a"),), ({"a": 1},), "Found.", notes=("Noted <here>.",))._repr_html_()
    assert shown.endswith("<p>Found.</p><p>Noted &lt;here&gt;.</p>")


# For small screens


def classes(made):
    """The classes of the headings, and of every row's cells."""
    found = [set((attrs.get("class") or "").split()) for _, attrs, _ in Cells(made.to_html()).cells]
    width = len(made.columns)
    return [found[i : i + width] for i in range(0, len(found), width)]


def of_columns(*columns, **row):
    return Table("", columns, (row,), "")


def test_on_a_phone_the_name_what_tells_and_the_verdict_stand_and_the_rest_opens_on_the_row():
    columns = (
        Column("name", "name"),
        Column("first", "first", format=".1f"),
        Column("gap", "gap", format=".1f", rank=1),
        Column("who", "who"),
        Column("verdict", "verdict", kind="verdict"),
    )
    made = of_columns(*columns, name="a", first=1.0, gap=2.0, who="b", verdict="wrong")
    for cells in classes(made):
        assert ["rest" in cell for cell in cells] == [False, True, False, True, False]


def test_without_ranks_the_first_figures_stand():
    columns = (Column("name", "name"), Column("who", "who"), *(Column(f"n{i}", f"n{i}") for i in range(4)))
    made = of_columns(*columns, name="a", who="b", n0=0, n1=1, n2=2, n3=3)
    for cells in classes(made):
        assert ["rest" in cell for cell in cells] == [False, True, False, False, True, True]


def test_what_fits_a_phone_stays_and_rows_of_text_are_cards():
    three = (Column("name", "name"), Column("a", "a"), Column("b", "b"))
    assert "rest" not in of_columns(*three, name="n", a="x", b="y").to_html()
    sentence = "A sentence that no line of a small screen can hold."
    cards = of_columns(*three, Column("c", "c"), name="n", a=sentence, b=sentence, c="z").to_html()
    assert 'class="live-table live-cards"' in cards
    assert "rest" not in cards
    assert cards.count("data-label=") == 3
    assert "live-cards" not in of_columns(*three, name="n", a=sentence, b="y").to_html()


def test_a_verdict_is_shown_with_its_mark_and_stays_text():
    column = Column("verdict", "verdict", kind="verdict")
    for word in (*VERDICTS, *OTHERWISE):
        made = Table("", (column,), ({"verdict": word},), "")
        (_, _, shown) = Cells(made.to_html()).cells[-1]
        assert shown == word
        assert f'data-fill="{mark(word).fill}" data-shape="{mark(word).shape}"' in made.to_html()
        assert made.to_csv() == f"verdict\n{word}\n"
    told = Table("", (column,), ({"verdict": "wrong: it was <later>"},), "").to_html()
    assert ">wrong</span>: it was &lt;later&gt;" in told
    for plain in ("perhaps", "wrong"):
        assert "live-chip" not in Table("", (Column("a", "a"),), ({"a": plain},), "").to_html()
    assert "live-chip" not in Table("", (column,), ({"verdict": "perhaps"},), "").to_html()


def test_a_word_that_is_no_verdict_has_no_chip():
    with pytest.raises(ValueError, match="'maybe' is no verdict"):
        chip("maybe")
