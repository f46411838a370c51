"""A chart of a reader's own as a picture: with vl-convert, without it, and what stands for it as text."""

import re
from base64 import b64decode
from html import unescape
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from smallmodels import benchmarks
from smallmodels.benchmarks import charts
from smallmodels.live import show

FRAME = pd.DataFrame({"model": ["A < B", "C"], "score": [1.5, 2.5]})
BARS = alt.Chart(FRAME).mark_bar().encode(x="score", y="model")


def image(html: str) -> tuple[str, str]:
    """The SVG inside an `<img>`, and what the image is named."""
    found = re.fullmatch(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)" style="[^"]*">', html)
    assert found
    return b64decode(found[1]).decode("utf-8"), unescape(found[2])


def texts(svg: str) -> set[str]:
    return {node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}


def test_a_chart_is_a_picture_that_asks_nobody() -> None:
    bundle = show(BARS.properties(title="A chart of mine"))._repr_mimebundle_()
    svg, named = image(bundle["text/html"])
    assert {"A chart of mine", "A < B", "C", "score", "model"} <= texts(svg)
    assert named == bundle["text/plain"] == repr(show(BARS.properties(title="A chart of mine")))
    assert set(re.findall(r"https?://[^\"' )]+", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in svg


def test_a_cell_shows_it_as_its_last_line_the_same_each_time() -> None:
    formatted = [InteractiveShell.instance().display_formatter.format(show(BARS))[0] for _ in range(2)]
    assert formatted[0] == formatted[1]
    assert {*formatted[0]} == {"text/html", "text/plain"}


@pytest.mark.parametrize(
    ("chart", "options", "named"),
    [
        (BARS, {"alt": 'Bars, "a < b"'}, 'Bars, "a < b"'),
        (BARS.properties(title="A title", description="A description"), {}, "A description"),
        (BARS.properties(title=["Two", "lines"]), {}, "Two lines"),
        (BARS.properties(title=alt.Title("Set apart", anchor="start")), {}, "Set apart"),
        (BARS, {}, "A chart of model by score."),
        (alt.layer(BARS, alt.Chart(FRAME).mark_rule().encode(x=alt.X("score", title="percent"))), {},
         "A chart of model by score."),
        (BARS | BARS.encode(x="count()"), {}, "A chart of model by score."),
        (alt.Chart(FRAME).mark_point(), {}, "A chart."),
        (charts.head_to_head(), {"table": benchmarks.head_to_head()}, benchmarks.head_to_head().finding),
    ],
)  # fmt: skip
def test_what_it_shows_is_said_in_words(chart: alt.TopLevelMixin, options: dict, named: str) -> None:
    picture = show(chart, **options)
    assert repr(picture) == named
    assert image(picture.to_html())[1] == named


def test_a_rooms_chart_is_drawn_from_its_tables_series() -> None:
    svg = show(charts.head_to_head(), benchmarks.head_to_head()).to_svg()
    assert {"MMLU", "GSM8K"} <= texts(svg)
    assert not {"MMLU", "GSM8K"} & texts(show(charts.head_to_head()).to_svg())


def test_without_vl_convert_altair_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smallmodels.live.picture.converter", lambda: None)
    theirs, ours = BARS._repr_mimebundle_(), show(BARS)._repr_mimebundle_()
    assert {*ours} == {*theirs}
    with pytest.raises(ValueError, match="vl-convert is not installed"):
        show(BARS).to_svg()


def test_what_is_no_chart_is_refused() -> None:
    with pytest.raises(TypeError, match="not a DataFrame"):
        show(FRAME)
