"""ipywidgets objects as plain descriptions a page can draw, and their values as JSON text.

A value crosses every border (kernel to page, page to worker, builder to page) as the JSON text Python
wrote for it, so `1.0` stays a float where JavaScript alone would make it `1`.
"""

import json
from collections.abc import Mapping
from inspect import Parameter
from math import log
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

ABBREVIATION = ipywidgets.interactive.widget_from_abbrev
# How a description's `kind` is drawn: see `live.js`.
KINDS: tuple[tuple[type, str], ...] = (
    (ipywidgets.FloatLogSlider, "log"),
    (ipywidgets.IntSlider, "slider"),
    (ipywidgets.FloatSlider, "slider"),
    (ipywidgets.ToggleButtons, "radio"),
    (ipywidgets.RadioButtons, "radio"),
    (ipywidgets.Dropdown, "select"),
    (ipywidgets.SelectMultiple, "checkboxes"),
    (ipywidgets.Checkbox, "checkbox"),
    (ipywidgets.BoundedIntText, "number"),
    (ipywidgets.BoundedFloatText, "number"),
    (ipywidgets.IntText, "number"),
    (ipywidgets.FloatText, "number"),
    (ipywidgets.Textarea, "textarea"),
    (ipywidgets.Text, "text"),
)
CHOICES = ("radio", "select", "checkboxes")
NUMBERS = ("slider", "log", "number")
MOST = 64  # values of one control that are computed when the book is built


def json_text(value: Any) -> str:
    """The JSON text of a value; raises `TypeError` or `ValueError` if it has none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def control_from(parameter: Parameter, abbreviation: Any) -> Any:
    """The ipywidgets object (or `fixed`) for one argument, from an object or an `interact` abbreviation.

    Raises `TypeError` if it is neither, or a control this page does not draw.
    """
    default = {} if parameter.default is Parameter.empty else {"default": parameter.default}
    control = ABBREVIATION(abbreviation, **default)
    if not isinstance(control, (ipywidgets.fixed, *(cls for cls, _ in KINDS))):
        allowed = ", ".join(cls.__name__ for cls, _ in KINDS)
        given = type(abbreviation if control is None else control).__name__
        raise TypeError(f"Argument {parameter.name!r} was given a {given}; a Live draws {allowed} or fixed.")
    return control


def describe(name: str, control: Any) -> dict[str, Any]:
    """What the front end needs to draw a control and a builder to walk through its values."""
    kind = next(kind for cls, kind in KINDS if isinstance(control, cls))
    described = {
        "name": name,
        "kind": kind,
        "label": control.description or name.replace("_", " ").capitalize(),
        "value": value_text(control),
    }
    if kind in CHOICES:
        described["options"] = [[label, json_text(value)] for label, value in _options(control)]
    if kind in NUMBERS:
        described["float"] = "Float" in type(control).__name__
        for trait in ("min", "max", "step", "base", "readout_format"):
            if getattr(control, trait, None) is not None:
                described[trait] = getattr(control, trait)
    return described


def value_text(control: Any) -> str:
    """The JSON text of a control's present value; several choices stand in the order of the options."""
    if isinstance(control, ipywidgets.SelectMultiple):
        return json_text([value for _, value in _options(control) if value in control.value])
    return json_text(control.value)


def assign(control: Any, text: str) -> None:
    """Sets a control to the value with this JSON text; raises `ValueError` if it is none of its options."""
    value = json.loads(text)
    if isinstance(control, ipywidgets.SelectMultiple):
        control.value = tuple(_option(control, json_text(item)) for item in value)
    elif hasattr(control, "options"):
        control.value = _option(control, text)
    else:
        control.value = value


def reachable(described: Mapping[str, Any], most: int = MOST) -> list[str]:
    """JSON texts of the values one control can take, at most `most` of them, in order.

    Of a long slider: those next to where it stands, since a key reaches them, and as many spread evenly. Of
    several choices: one more or one less than chosen at first. Free text and unbounded numbers: none.
    """
    if described["kind"] in ("radio", "select"):
        return [text for _, text in described["options"]][:most]
    if described["kind"] == "checkbox":
        return ["false", "true"]
    if described["kind"] == "checkboxes":
        return _one_changed(described)[:most]
    if described["kind"] in NUMBERS and {"max", "step"} <= described.keys():
        return [number_text(described, step) for step in _steps(described, most)]
    return []


def number_text(described: Mapping[str, Any], step: int) -> str:
    """The JSON text of a slider's value after `step` steps from its minimum, as the page computes it."""
    digits = max(_decimals(described["min"]), _decimals(described["step"]))
    at = min(round(described["min"] + step * described["step"], digits), described["max"])
    if described["kind"] == "log":
        return json_text(_power(described["base"], at))
    return json_text(float(at) if described["float"] else round(at))


def _power(base: float, exponent: float) -> float:
    # A power off the whole exponents is no figure anyone would type: four digits say where the slider stands.
    digits = 15 if float(exponent).is_integer() else 4
    return float(f"{base**exponent:.{digits}g}")


def _steps(described: Mapping[str, Any], most: int) -> list[int]:
    last = int((described["max"] - described["min"]) / described["step"] + 1e-9)
    if last < most:
        return list(range(last + 1))
    value = json.loads(described["value"])
    at = log(value, described["base"]) if described["kind"] == "log" else value
    here = round((at - described["min"]) / described["step"])
    near = range(max(0, here - most // 4), min(last, here + most // 4) + 1)
    spread = most - len(near)
    return sorted({*near, *(round(i * last / (spread - 1)) for i in range(spread))})


def _one_changed(described: Mapping[str, Any]) -> list[str]:
    options = [text for _, text in described["options"]]
    chosen = {json_text(item) for item in json.loads(described["value"])}
    states = [chosen, *(chosen ^ {text} for text in options)]
    return [f"[{', '.join(text for text in options if text in state)}]" for state in states]


def _options(control: Any) -> list[tuple[str, Any]]:
    # ipywidgets takes a mapping, pairs of label and value, or bare values.
    options = control.options
    if isinstance(options, Mapping):
        return [(str(label), value) for label, value in options.items()]
    if all(isinstance(option, tuple | list) and len(option) == 2 for option in options):
        return [(str(label), value) for label, value in options]
    return [(str(option), option) for option in options]


def _option(control: Any, text: str) -> Any:
    for _, value in _options(control):
        if json_text(value) == text:
            return value
    raise ValueError(f"{text} is none of the options of {control.description or type(control).__name__}.")


def _decimals(number: float) -> int:
    whole, _, exponent = f"{number!r}".partition("e")
    places = len(whole.partition(".")[2]) if not whole.endswith(".0") else 0
    return max(0, places - int(exponent or 0))
