"""A chart's specification, and the static picture that stands for it where no script runs."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from smallmodels.table import Table

WIDTH = 640  # pixels; the page scales the picture to its own width
# vl-convert carries this typeface with it, so letters are as wide, and pictures the same, on every machine.
MEASURED = "Liberation Sans"
SHOWN = "system-ui, sans-serif"
# Vega names every mark to a screen reader; here the picture is one image, named by what it shows.
PARTS_FOR_READERS = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')


def specification(chart: Any) -> dict[str, Any]:
    """The Vega-Lite specification of an Altair chart, or of a mapping that is one already."""
    spec = chart.to_dict() if hasattr(chart, "to_dict") else chart
    if not isinstance(spec, Mapping):
        raise TypeError(f"A chart is an Altair chart or its specification, not a {type(chart).__name__}.")
    return dict(spec)


def series_names(spec: Any) -> Iterator[str]:
    """The names of all data a specification draws, wherever they stand in it."""
    if isinstance(spec, Mapping):
        data = spec.get("data")
        if isinstance(data, Mapping) and "name" in data:
            yield data["name"]
        spec = list(spec.values())
    if isinstance(spec, list):
        for part in spec:
            yield from series_names(part)


@cache
def converter() -> Any:
    """The `vl_convert` module, or `None` where it is not installed."""
    try:
        import vl_convert
    except ImportError:
        return None
    return vl_convert


def static_picture(spec: Mapping[str, Any], table: Table) -> str:
    """The chart as inline SVG named by the table's finding, or nothing where vl-convert is not installed."""
    if converter() is None:
        return ""
    fixed: dict[str, Any] = {"datasets": {**table.series}}
    if spec.get("width") == "container":
        fixed |= {"width": WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}}
    config = {**spec.get("config", {}), "font": MEASURED}
    svg: str = converter().vegalite_to_svg(json.dumps({**spec, **fixed, "config": config}))
    svg = PARTS_FOR_READERS.sub("", svg)
    named = f'<svg role="img" aria-label="{escape(table.finding)}" '
    return svg.replace(MEASURED, SHOWN).replace("<svg ", named, 1)
