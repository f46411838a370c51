"""`show(chart)`: an Altair chart as a picture that any viewer of notebooks displays, without a script.

Altair's own output loads its drawing library from another host. A picture inside the page needs none, and
is there before a notebook is trusted.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from smallmodels.live import picture
from smallmodels.table import Table

# Pixels around a chart, for letters that are wider where it is shown than where it was measured.
ROOM = {"left": 20, "right": 30, "top": 5, "bottom": 5}
# What makes a specification a chart: a mark, or charts inside.
MARKS = {"mark", "layer", "hconcat", "vconcat", "concat", "spec"}


class Picture:
    """A chart on its way into a notebook: a picture where vl-convert is installed, else as Altair shows it.

    Its text is one sentence, which stands for the chart where no picture is seen.
    """

    def __init__(self, spec: Mapping[str, Any], alt: str) -> None:
        self.spec, self.alt = spec, alt

    def to_svg(self) -> str:
        """The chart as SVG; `ValueError` where vl-convert is not installed or cannot read the chart."""
        if picture.converter() is None:
            raise ValueError("vl-convert is not installed; a chart becomes a picture only with it.")
        config = {**self.spec.get("config", {}), "font": picture.MEASURED}
        spec = {"padding": ROOM, **self.spec, "config": config}
        svg: str = picture.converter().vegalite_to_svg(json.dumps(spec))
        return svg.replace(picture.MEASURED, picture.SHOWN)

    def to_html(self) -> str:
        """The chart as an `<img>` that carries its picture and is named by its sentence."""
        data = b64encode(self.to_svg().encode()).decode()
        return (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt)}" style="max-width: 100%">'
        )

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if picture.converter() is not None:
            return {"text/html": self.to_html(), "text/plain": self.alt}
        import altair  # only here: whoever has a chart to show has it

        return altair.Chart.from_dict(dict(self.spec))._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt


def show(chart: Any, table: Table | None = None, alt: str = "") -> Picture:
    """A chart as the last line of a cell: `show(alt.Chart(...).mark_bar().encode(...))`.

    `chart` is an Altair chart or its specification; named data in it are the series of `table`. `alt` says
    what it shows, for whoever cannot see it; left out, it is the chart's description or title, the table's
    finding, or what its axes are called. Raises `TypeError` for what is no chart.
    """
    spec = picture.specification(chart)
    if not MARKS & spec.keys():
        raise TypeError(f"A chart is an Altair chart or its specification, not a {type(chart).__name__}.")
    if table is not None:
        spec["datasets"] = {**spec.get("datasets", {}), **table.series}
    told = (alt, spec.get("description"), _title(spec.get("title")), table and table.finding)
    return Picture(spec, next((str(text) for text in told if text), _axes(spec)))


def _title(title: Any) -> str:
    text = title.get("text", "") if isinstance(title, Mapping) else title or ""
    return " ".join(text) if isinstance(text, list) else str(text)


def _axes(spec: Mapping[str, Any]) -> str:
    named = dict(_channels(spec))
    of = " by ".join(named[channel] for channel in ("y", "x") if channel in named)
    return f"A chart of {of}." if of else "A chart."


def _channels(spec: Any) -> Iterator[tuple[str, str]]:
    """Channel and name of every encoding, wherever a layered or joined chart keeps it, from last to first."""
    if isinstance(spec, list):
        for part in reversed(spec):
            yield from _channels(part)
    if isinstance(spec, Mapping):
        for key in sorted(MARKS - {"mark"}):
            yield from _channels(spec.get(key))
        for channel, field in spec.get("encoding", {}).items():
            name = field.get("title") or field.get("field") or field.get("aggregate")
            if name and isinstance(name, str):
                yield channel, name
