"""Every chart validates, draws, and names only series its function returns; its colours can be told apart."""

import json
import re
from importlib import import_module

import pytest
import vl_convert

import smallmodels
from smallmodels import charts, swa
from smallmodels.live.answer import resolve
from smallmodels.live.picture import specification, static_picture
from smallmodels.swa import charts as swa_charts

ROOMS = [import_module(f"smallmodels.{room}.charts") for room in smallmodels.ROOMS]
CHARTS = {
    f"{module.__name__.split('.')[1]}.{name}": draw
    for module in ROOMS
    for name, draw in vars(module).items()
    if callable(draw) and getattr(draw, "__module__", "") == module.__name__ and name[0] != "_"
}


@pytest.mark.parametrize("name", CHARTS)
def test_the_chart_draws_its_functions_series(name):
    spec, table = CHARTS[name]().to_dict(), resolve(name)()
    named = {part["data"]["name"] for part in [spec, *spec["layer"]] if "data" in part}
    assert named
    assert named <= set(table.series)
    spec["datasets"] = dict(table.series)
    svg = vl_convert.vegalite_to_svg(json.dumps(spec | {"width": 640}))
    assert all(f">{text}<" in svg for text in _texts(table))


def _texts(table):
    return [r["text"] for records in table.series.values() for r in records if "text" in r]


def _luminance(hex_colour):
    channels = [int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("token", ["ink", "muted", "mistral", "llama", "other", "good", "bad"])
@pytest.mark.parametrize("theme", [0, 1])
def test_colours_have_contrast_enough_for_text(token, theme):
    """WCAG 2.2, 1.4.3: 4.5 to 1 against the page."""
    light, dark = sorted([_luminance(charts.PALETTE[t][theme]) for t in (token, "paper")])
    assert (dark + 0.05) / (light + 0.05) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_mistral_and_llama_differ_for_every_common_colour_blindness(theme):
    """Machado, Oliveira and Fernandes 2009, full severity, linear RGB: one channel differs clearly."""
    deficiencies = [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
    pair = [charts.PALETTE[name][theme] for name in ("mistral", "llama")]
    for matrix in deficiencies:
        seen = [[sum(m * c for m, c in zip(row, _rgb(hex_), strict=True)) for row in matrix] for hex_ in pair]
        assert max(abs(a - b) for a, b in zip(*seen, strict=True)) > 0.25


def _rgb(hex_colour):
    return [int(hex_colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_pairs_are_drawn_square() -> None:
    """An output and an input are as far from each other each way: wide cells would tell another distance."""
    spec = specification(swa_charts.connections())
    assert spec["width"] == spec["height"] == {"step": 18}
    svg = static_picture(spec, swa.connections())
    drawn = re.findall(r'd="M[-\d.,]+h([\d.]+)v([\d.]+)h-', svg)
    # With the frame of the plot, which is as many squares wide as high.
    square = [wide for wide, high in drawn if abs(float(wide) - float(high)) < 0.1 and float(wide) > 16]
    assert len(square) - 1 == len(swa.connections().series["cells"])
