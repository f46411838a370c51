"""`Live`: a function's table and chart with controls, in a notebook and in the published page alike.

    Live(benchmarks.head_to_head, confidence=(0.5, 0.99, 0.01))

In a kernel Python computes and `live.js` draws; in the published page the same `live.js` takes over the
HTML written here and a worker runs the same function. The contract between the two is the HTML of `page.py`
and three synchronised traits: `html`, `values` (argument to JSON text) and `result`.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets  # type: ignore[import-untyped]
import traitlets

from smallmodels.live.answer import call, shown
from smallmodels.live.bundle import bundled
from smallmodels.live.controls import assign, control_from, describe, value_text
from smallmodels.live.page import code_of, static_page
from smallmodels.live.picture import converter, series_names, specification, static_picture
from smallmodels.live.portable import portable
from smallmodels.live.show import show
from smallmodels.table import Table

__all__ = ["Live", "show"]

HERE = Path(__file__).parent
# The bundled vega: beside this file in a wheel, in the build folder of a checkout.
VEGA = (HERE / "vega.js", HERE.parents[1] / "_build" / "live" / "vega.js")


BY_NAME = object()


class Live(anywidget.AnyWidget):
    """A function's table, its finding and its chart, recomputed as a reader moves the controls.

    `function` takes keyword arguments and returns a `Table`. `chart` is an Altair chart over named data, each
    name one of the table's series; left out, it is the chart with the function's name in its room, if there
    is one, and with `None` there is no chart. Every further keyword names an argument and is an ipywidgets
    object, `ipywidgets.fixed(value)`, or one of the abbreviations of `ipywidgets.interact`; an argument left
    out keeps the function's own default. `id` names the place in the page (default: the function's name) and
    `reset` is what the button says that brings the first values back.

    `controls` holds the ipywidgets objects by argument; setting their `value` moves the page, and the other
    way round. Raises `ValueError` or `TypeError` if the pieces do not fit together.
    """

    _esm = bundled(HERE / "live.js")
    _css = HERE / "live.css"
    _ipython_display_ = None  # ipywidgets 7 would use it to pass by the representation below

    html = traitlets.Unicode().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    drawing = traitlets.Enum(["vega", "svg", "none"]).tag(sync=True)

    def __init__(
        self,
        function: Callable[..., Table],
        chart: Any = BY_NAME,
        *,
        id: str | None = None,
        reset: str = "Reset",
        **controls: Any,
    ) -> None:
        self._function, self._name = function, _name(function)
        self._fixed, self.controls = _split(function, controls)
        self._id = id or function.__name__.replace("_", "-")
        self._reset = reset
        chart = chart_of(function) if chart is BY_NAME else chart
        self._chart = None if chart is None else specification(chart)
        self._listening = True
        self.table = self._compute()
        _check_series(self._chart, self.table)
        super().__init__(html=self.to_html(), drawing=_drawing(), values=self._present())
        self.result = self._answer()
        for control in self.controls.values():
            control.observe(self._moved_here, "value")
        self.observe(self._moved, "values")
        self.on_msg(self._asked)

    def to_html(self) -> str:
        """The present state as HTML that is complete without a script."""
        described = {
            "function": self._name,
            "fixed": self._fixed,
            "controls": [describe(name, control) for name, control in self.controls.items()],
            "reset": self._reset,
            "chart": self._chart,
        }
        return static_page(
            self._id,
            described,
            self.table,
            self._picture(),
            code_of(self._name, self._function),
            self._beside(),
        )

    def _beside(self) -> str:
        """HTML between the picture and the table; a `Play` has some."""
        return ""

    def _present(self) -> dict[str, str]:
        return {name: value_text(control) for name, control in self.controls.items()}

    def _compute(self) -> Table:
        return call(self._function, {**self._fixed, **self._present()})

    def _picture(self) -> str:
        return static_picture(self._chart, self.table) if self._chart else ""

    def _answer(self) -> dict[str, Any]:
        """What the page shows now and for which values; a refused state leaves the last good table."""
        answer: dict[str, Any] = {"values": self._present()}
        try:
            self.table = self._compute()
        except ValueError as refusal:
            return {**answer, "error": str(refusal)}
        if self.drawing == "svg":
            answer["svg"] = self._picture()
        return {**answer, **shown(self.table)}

    def _moved_here(self, _change: object) -> None:
        if self._listening:
            self.values = self._present()

    def _moved(self, change: Mapping[str, Any]) -> None:
        # The page set `values`, or a control's own move did; what a control clamps goes back to the page.
        if not self._listening:
            return
        self._listening = False
        try:
            with self.hold_sync():
                refusal = self._assign(change["new"])
                self.values = self._present()
                self.result = {"values": self.values, "error": refusal} if refusal else self._answer()
        finally:
            self._listening = True

    def _assign(self, values: Mapping[str, str]) -> str:
        try:
            for name, control in self.controls.items():
                assign(control, values[name])
        except (ValueError, traitlets.TraitError) as refusal:
            return str(refusal)
        return ""

    def _asked(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        # The front end asks for vega once a chart is to be drawn: a kernel's page has no files of ours.
        vega = _vega()
        if content.get("want") == "vega" and vega:
            self.send({"vega": True}, buffers=[vega.read_bytes()])

    def __repr__(self) -> str:
        return self.table.to_text()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": self.table.to_text(), "text/html": portable(self.to_html())}, metadata


def _name(function: Callable[..., Table]) -> str:
    if not callable(function) or not getattr(function, "__name__", "").isidentifier():
        raise TypeError("A Live shows a function that has a name; a lambda has none.")
    # A function is named by the room that shows it, whatever file of the room it is written in.
    return f"{place_of(function)}.{function.__name__}"


def place_of(function: Callable[..., Table]) -> str:
    """Where a function is asked for: the room `benchmarks` for one of `smallmodels/benchmarks/tables.py`."""
    package, _, inside = function.__module__.partition(".")
    return inside.partition(".")[0] if package == "smallmodels" else function.__module__


def chart_of(function: Callable[..., Table]) -> Any:
    """The chart of the function's name in its room, or `None` where the room draws none."""
    place = f"smallmodels.{place_of(function)}"
    if not function.__module__.startswith(f"{place}.") or find_spec(f"{place}.charts") is None:
        return None
    draw = getattr(import_module(f"{place}.charts"), function.__name__, None)
    return draw() if draw else None


def _split(function: Callable[..., Table], given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The fixed arguments (as JSON text) and the controls, each in the order given."""
    parameters = signature(function).parameters
    for name in given:
        if name not in parameters:
            raise ValueError(f"{function.__name__} has no argument {name!r}; it has {', '.join(parameters)}.")
    for name, parameter in parameters.items():
        if parameter.default is Parameter.empty and name not in given:
            raise ValueError(
                f"{function.__name__} needs its argument {name!r}; give it a control or fixed(...)."
            )
    controls = {name: control_from(parameters[name], abbreviation) for name, abbreviation in given.items()}
    fixed = {n: value_text(c) for n, c in controls.items() if isinstance(c, ipywidgets.fixed)}
    return fixed, {name: control for name, control in controls.items() if name not in fixed}


def _check_series(spec: Mapping[str, Any] | None, table: Table) -> None:
    missing = sorted(set(series_names(spec)) - table.series.keys())
    if missing:
        has = ", ".join(table.series) or "none"
        raise ValueError(f"The chart draws the series {', '.join(missing)}, but the table has {has}.")


def _vega() -> Path | None:
    return next((path for path in VEGA if path.is_file()), None)


def _drawing() -> str:
    if _vega():
        return "vega"
    return "svg" if converter() else "none"
