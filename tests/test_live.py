"""`Live` on the Python side: controls, their values, the HTML that needs no script, and a kernel's part."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import altair
import ipywidgets
import pytest

from smallmodels import charts, live
from smallmodels.benchmarks.charts import head_to_head
from smallmodels.live import Live
from smallmodels.live import answer as answering
from smallmodels.live.answer import answer, answer_text
from smallmodels.live.controls import assign, describe, json_text, reachable, value_text
from smallmodels.live.picture import series_names, specification, static_picture
from smallmodels.live.portable import portable, published
from smallmodels.table import Cell, Column, Table

CSS = (Path(live.__file__).parent / "live.css").read_text("utf-8")


def rows_of(n: int = 3, scale: float = 0.5, name: str = "a & b", shown: bool = True) -> Table:
    """A table of `n` rows, with everything in it that HTML and JSON have to be careful about."""
    if n > 5:
        raise ValueError("There are 5 rows at most; choose fewer.")
    rows = tuple({"row": f"{i} </script><b>", "x": Cell(i * scale, 'said "so"')} for i in range(n))
    columns = (Column("row", "row"), Column("x", "x", "%", ".2f", "what <it> means"))
    series = {"dots": [{"row": str(i), "x": i * scale} for i in range(n)]}
    return Table(f"{name} {shown}", columns, rows, f'{n} rows of "{name}"', series, ("A note.",))


def shown_arguments(**arguments: object) -> Table:
    """A table of its own arguments: what a function really gets."""
    rows = tuple({"name": name, "value": repr(value)} for name, value in arguments.items())
    return Table("arguments", (Column("name", "name"), Column("value", "value")), rows, "These were given.")


def anything(x: object = None) -> Table:
    return shown_arguments(x=x)


def dots() -> Any:
    return altair.Chart(altair.NamedData("dots")).mark_point(color="#c2500a").encode(x="x:Q", y="row:N")


def started(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" class="live-data">(.*?)</script>', html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


# ---------------------------------------------------------------- controls

W = ipywidgets
CONTROLS = [
    (
        W.IntSlider(value=4, min=2, max=9, step=2),
        "slider",
        "4",
        {"min": 2, "max": 9, "step": 2, "float": False},
    ),
    (
        W.FloatSlider(value=1, min=0, max=2, step=0.25),
        "slider",
        "1.0",
        {"max": 2.0, "readout_format": ".2f", "float": True},
    ),
    (
        W.FloatLogSlider(value=100, base=10, min=0, max=4, step=0.5),
        "log",
        "100.0",
        {"base": 10.0, "min": 0.0, "max": 4.0},
    ),
    (
        W.Dropdown(options={"one": 1, "half": 0.5}, value=0.5),
        "select",
        "0.5",
        {"options": [["one", "1"], ["half", "0.5"]]},
    ),
    (
        W.ToggleButtons(options=[("A", "a"), ("none", None)]),
        "radio",
        '"a"',
        {"options": [["A", '"a"'], ["none", "null"]]},
    ),
    (W.RadioButtons(options=["x", "ü"]), "radio", '"x"', {"options": [["x", '"x"'], ["ü", '"ü"']]}),
    (W.SelectMultiple(options=["x", "y", "z"], value=("z", "x")), "checkboxes", '["x", "z"]', {}),
    (W.Checkbox(value=True), "checkbox", "true", {}),
    (W.IntText(value=7), "number", "7", {"float": False}),
    (W.FloatText(value=7), "number", "7.0", {"float": True}),
    (W.BoundedIntText(value=7, min=1, max=9), "number", "7", {"min": 1, "max": 9, "float": False}),
    (W.BoundedFloatText(value=7, min=1, max=9), "number", "7.0", {"min": 1.0, "max": 9.0, "float": True}),
    (W.Textarea(value="1,0\n0,1"), "textarea", '"1,0\\n0,1"', {}),
    (W.Text(value='say "hi"'), "text", '"say \\"hi\\""', {}),
]


@pytest.mark.parametrize(
    ("control", "kind", "text", "more"), CONTROLS, ids=lambda value: type(value).__name__
)
def test_every_kind_is_described(control: Any, kind: str, text: str, more: dict[str, Any]) -> None:
    described = describe("some_name", control)
    assert (described["name"], described["kind"], described["value"]) == ("some_name", kind, text)
    assert described["label"] == "Some name"
    assert more.items() <= described.items()
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    ("control", "kind", "text", "more"), CONTROLS, ids=lambda value: type(value).__name__
)
def test_a_value_survives_the_way_to_the_page_and_back(
    control: Any, kind: str, text: str, more: object
) -> None:
    before = control.value
    for value in reachable(describe("x", control)):
        assign(control, value)
        assert value_text(control) == value
    assign(control, text)
    assert json_text(control.value) == json_text(before) or set(control.value) == set(before)


def test_the_description_is_the_label() -> None:
    assert describe("n", W.IntSlider(description="Test items"))["label"] == "Test items"


@pytest.mark.parametrize(
    "abbreviation",
    [True, 3, 2.5, "words", (0, 5), (0, 10, 2), (0.0, 1.0), (0.0, 1.0, 0.25), ["a", "b"], {"a": 1, "b": 2}],
)
def test_abbreviations_mean_what_interact_makes_of_them(abbreviation: Any) -> None:
    shown = Live(needy, model=abbreviation).controls["model"]
    expected = ipywidgets.interactive(lambda x: None, x=abbreviation).children[0]
    assert type(shown) is type(expected)
    assert shown.value == expected.value
    for trait in ("min", "max", "step", "options"):
        assert getattr(shown, trait, None) == getattr(expected, trait, None)


def test_an_abbreviation_starts_at_the_functions_default() -> None:
    assert Live(rows_of, n=(1, 5), scale=(0.0, 1.0, 0.1)).controls["n"].value == 3


@pytest.mark.parametrize("control", [W.Button(), W.DatePicker(), W.IntRangeSlider(), object()])
def test_what_cannot_be_drawn_is_refused(control: Any) -> None:
    with pytest.raises(TypeError, match="a Live draws"):
        Live(anything, x=control)


def test_reachable_values_of_a_slider_are_those_of_a_drag() -> None:
    steps = reachable(describe("x", W.FloatSlider(value=0.5, min=0.5, max=0.99, step=0.01)))
    assert steps == [str(float(f"{hundredths / 100:.2f}")) for hundredths in range(50, 100)]
    assert reachable(describe("x", W.IntSlider(value=0, min=0, max=10, step=4))) == ["0", "4", "8"]
    powers = reachable(describe("x", W.FloatLogSlider(value=1, base=2, min=-1, max=20, step=1)))
    assert powers == [str(2.0**power) for power in range(-1, 21)]


def test_a_long_slider_is_known_near_its_value_and_at_its_ends() -> None:
    described = describe("x", W.IntSlider(value=5000, min=0, max=100_000, step=10))
    values = [int(text) for text in reachable(described)]
    assert len(values) <= 64
    assert values == sorted(set(values))
    assert {0, 100_000, 4990, 5000, 5010} <= set(values)
    assert all(value % 10 == 0 for value in values)


def test_of_several_choices_each_is_changed_once() -> None:
    described = describe("x", W.SelectMultiple(options=["a", "b", "c"], value=("a", "b")))
    states = {frozenset(json.loads(text)) for text in reachable(described)}
    assert states == {frozenset(state) for state in ("ab", "b", "a", "abc")}


# ---------------------------------------------------------------- what a function is given


def test_a_function_gets_its_arguments_with_their_types() -> None:
    controls = [
        (W.FloatSlider(value=1, min=0, max=2), 1.0),
        (W.Dropdown(options=[("pair", [1, 2.0]), ("none", None)], value=[1, 2.0]), (1, 2.0)),
        (W.SelectMultiple(options=["a", "b"], value=("b",)), ("b",)),
        (W.fixed({"k": 1}), {"k": 1}),
        (W.Dropdown(options=["1", 1], value="1"), "1"),
    ]
    for control, expected in controls:
        assert Live(anything, x=control).table.values("value") == [repr(expected)]


def test_an_argument_without_a_control_keeps_its_default() -> None:
    assert Live(rows_of, n=2).table.to_text() == rows_of(n=2).to_text()


def test_the_worker_answers_as_the_function_does() -> None:
    from smallmodels import benchmarks

    expected = answering.shown(benchmarks.head_to_head(confidence=0.5))
    assert json.loads(answer_text("benchmarks.head_to_head", '{"confidence": "0.5"}')) == json.loads(
        json.dumps(expected)
    )
    refused = answer("benchmarks.head_to_head", {"confidence": "2"})
    assert refused.keys() == {"error"}
    assert "2" in refused["error"]


# ---------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Live(rows_of, rows=3), "has no argument 'rows'; it has n, scale, name, shown"),
        (lambda: Live(needy), "needs its argument 'model'"),
        (lambda: Live(rows_of, dots().encode(), n=99), "5 rows at most"),
        (
            lambda: Live(rows_of, altair.Chart(altair.NamedData("lines")).mark_bar()),
            "draws the series lines, but the table has dots",
        ),
    ],
)
def test_pieces_that_do_not_fit_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Live(no_table), "returned dict; a Live shows a Table"),
        (lambda: Live(lambda: rows_of()), "a lambda has none"),
        (lambda: Live(rows_of, "a chart"), "not a str"),
        (lambda: Live(anything, x=W.Dropdown(options=[object()])), "not JSON serializable"),
    ],
)
def test_things_of_the_wrong_kind_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        make()


def needy(model: object) -> Table:
    return shown_arguments(model=model)


def no_table() -> Any:
    return {}


# ---------------------------------------------------------------- the HTML


class Reader(HTMLParser):
    """Notes the elements of a page as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_html_is_complete_and_holds_no_dead_control() -> None:
    page = Reader(Live(rows_of, dots(), n=(1, 5), name=["a & b", "</script>"]).to_html())
    assert page.open == []
    root = page.found[0][1]
    assert (root["id"], root["data-live"], root["data-state"]) == ("rows-of", f"{__name__}.rows_of", "static")
    assert len(page.all("table")) == len(page.all("svg")) == 1
    assert page.all("form") == [{"class": "live-controls", "hidden": None}]
    assert not [tag for tag, _ in page.found if tag in ("input", "select", "button", "textarea", "b")]
    assert [attributes for attributes in page.all("p") if attributes.get("role") == "status"]
    svg = page.all("svg")[0]
    assert (svg["role"], svg["aria-label"]) == ("img", '3 rows of "a & b"')


def test_the_data_starts_the_front_end() -> None:
    shown = Live(rows_of, dots(), id="here", reset="Back", n=(1, 5), scale=W.fixed(0.25))
    data = started(shown.to_html())
    assert data["function"] == f"{__name__}.rows_of"
    assert data["fixed"] == {"scale": "0.25"}
    assert [control["name"] for control in data["controls"]] == ["n"]
    assert data["reset"] == "Back"
    assert data["chart"]["data"] == {"name": "dots"}
    expected = answering.shown(rows_of(3, 0.25))
    assert data["result"] == {part: value for part, value in expected.items() if part != "html"}
    assert expected["html"] in shown.to_html()


def test_the_same_live_has_the_same_bytes() -> None:
    first, second = (Live(rows_of, dots(), n=(1, 5), name=["x", "a & b"]) for _ in range(2))
    assert first.model_id != second.model_id
    assert first.to_html() == second.to_html()


def test_nothing_in_a_value_ends_the_data_early() -> None:
    html = Live(rows_of, name=["</script><script>alert(1)</script>", "<!--"]).to_html()
    assert html.count("</script>") == 1
    assert started(html)["controls"][0]["options"][0][0] == "</script><script>alert(1)</script>"


def test_the_code_of_the_function_is_shown() -> None:
    html = Live(rows_of).to_html()
    text = re.sub(r"<[^>]*>", "", html.split('class="live-code"')[1])
    assert "There are 5 rows at most; choose fewer." in text
    assert f"The code of {__name__}.rows_of" in text


def test_a_cell_shows_text_and_html_beside_the_widget() -> None:
    shown = Live(rows_of, n=(1, 5))
    data, _metadata = shown._repr_mimebundle_()
    assert data["text/plain"] == repr(shown) == rows_of().to_text()
    assert published(data["text/html"]) == shown.to_html()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id
    shown.controls["n"].value = 2
    assert shown._repr_mimebundle_()[0]["text/plain"] == rows_of(2).to_text()


def test_what_a_notebook_stores_is_shown_by_viewers_that_strip_svg() -> None:
    shown = Live(rows_of, dots(), n=(1, 5))
    html = shown._repr_mimebundle_()[0]["text/html"]
    page = Reader(html)
    assert not page.all("svg")
    (image,) = page.all("img")
    assert image["alt"] == shown.table.finding
    assert image["style"] == "background:#ffffff"
    drawn = b64decode((image["src"] or "").removeprefix("data:image/svg+xml;base64,")).decode()
    assert drawn in shown.to_html()
    assert "<svg" in drawn
    for cell in [*page.all("th"), *page.all("td")]:
        number = "number" in (cell.get("class") or "").split()
        assert (cell.get("style") == "text-align:left") != number


@pytest.mark.parametrize("chart", [None, dots()], ids=["table", "chart"])
@pytest.mark.parametrize("text", ["a & b", '<td style="text-align:left">', "<svg></svg>"])
def test_what_a_notebook_stores_is_published_as_it_was(chart: Any, text: str) -> None:
    html = Live(rows_of, chart, name=W.fixed(text)).to_html()
    assert published(portable(html)) == html
    assert published(html) == html
    assert published(f"<p>{portable(html)}</p>{portable(html)}") == f"<p>{html}</p>{html}"


def test_a_picture_draws_the_series_in_the_palettes_colours() -> None:
    svg = static_picture(specification(dots()), rows_of(4))
    assert svg.count('stroke="#c2500a"') == 4
    assert re.findall(r' (?:role|aria-\w+)="([^"]*)"', svg) == ["img", "4 rows of &quot;a &amp; b&quot;"]
    assert static_picture(specification(dots()), rows_of(4)) == svg


def test_every_series_of_a_chart_is_found() -> None:
    names = {"gaps", "dots", "names"}
    assert set(series_names(specification(head_to_head()))) == names


# ---------------------------------------------------------------- a kernel


def sent(shown: Live, values: dict[str, str]) -> None:
    """What arrives when someone moves a control in the page."""
    shown.set_state({"values": {**shown.values, **values}})


def test_python_moves_the_page() -> None:
    shown = Live(rows_of, n=(1, 5), shown=True)
    shown.controls["n"].value = 4
    assert shown.values == {"n": "4", "shown": "true"}
    assert shown.result == {**answering.shown(rows_of(4)), "values": shown.values}


def test_the_page_moves_python() -> None:
    shown = Live(rows_of, n=(1, 5), scale=(0.0, 1.0, 0.1), name=["a & b", "c"])
    sent(shown, {"n": "2", "scale": "0.3", "name": '"c"'})
    assert {name: control.value for name, control in shown.controls.items()} == {
        "n": 2,
        "scale": 0.3,
        "name": "c",
    }
    assert shown.result["html"] == rows_of(2, 0.3, "c").to_html()


def test_one_move_of_several_controls_is_computed_once() -> None:
    calls = []

    def counted(a: int = 1, b: int = 1) -> Table:
        calls.append((a, b))
        return shown_arguments(a=a, b=b)

    shown = Live(counted, a=(0, 5), b=(0, 5))
    calls.clear()
    sent(shown, {"a": "2", "b": "3"})
    assert calls == [(2, 3)]


def test_a_refused_state_says_why_and_keeps_the_last_table() -> None:
    shown = Live(rows_of, n=(1, 9))
    sent(shown, {"n": "7"})
    assert shown.result == {"error": "There are 5 rows at most; choose fewer.", "values": {"n": "7"}}
    assert shown.table.to_text() == rows_of().to_text()
    sent(shown, {"n": "2"})
    assert shown.result["html"] == rows_of(2).to_html()


def test_what_a_control_does_not_allow_never_arrives_at_the_function() -> None:
    shown = Live(rows_of, n=W.BoundedIntText(value=3, min=1, max=4), name=["a", "b"])
    sent(shown, {"n": "9"})
    assert (shown.values["n"], shown.result["finding"]) == ("4", '4 rows of "a"')
    sent(shown, {"name": '"z"'})
    assert shown.values["name"] == '"a"'
    assert shown.result["error"].startswith('"z" is none of the options')


def test_vega_is_sent_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "vega.js"
    bundle.write_bytes(b"export {};")
    monkeypatch.setattr(live, "VEGA", (tmp_path / "missing.js", bundle))
    shown = Live(rows_of, dots())
    assert shown.drawing == "vega"
    messages: list[Any] = []
    monkeypatch.setattr(Live, "send", lambda self, content, buffers=None: messages.append((content, buffers)))
    shown._handle_custom_msg({"want": "vega"}, [])
    assert messages == [({"vega": True}, [b"export {};"])]


def test_without_vega_every_result_brings_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "VEGA", ())
    shown = Live(rows_of, dots(), n=(1, 5))
    assert shown.drawing == "svg"
    sent(shown, {"n": "1"})
    assert shown.result["svg"] == static_picture(specification(dots()), rows_of(1))


def test_without_any_renderer_the_table_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "VEGA", ())
    monkeypatch.setattr(live, "converter", lambda: None)
    monkeypatch.setattr("smallmodels.live.picture.converter", lambda: None)
    shown = Live(rows_of, dots())
    assert shown.drawing == "none"
    assert '<figure class="live-chart"></figure>' in shown.to_html()


# ---------------------------------------------------------------- colours


def test_the_sheet_has_the_palette_of_the_charts() -> None:
    defined = dict(re.findall(r"--live-(\w+): light-dark\((#\w{6}, #\w{6})\);", CSS))
    assert {token: tuple(defined[token].split(", ")) for token in charts.PALETTE} == charts.PALETTE


def test_every_colour_of_a_chart_follows_the_theme() -> None:
    for token, (light, _dark) in charts.PALETTE.items():
        for property in ("fill", "stroke"):
            assert f'.live-chart [{property}="{light}"] {{ {property}: var(--live-{token}); }}' in CSS
