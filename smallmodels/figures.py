"""The figures of the book's sentences: each has a name, a text, and the computation it comes from.

A sentence holds `<span data-figure="speed.even">2,560</span>`; what stands in the span is written by
`make notebooks` from the room's `figures.py` and held to it by `make test`. There a figure comes from a
function with the decorator `computed`:

    @computed(shows="inference?batch=8")
    def crossing() -> Texts:
        \"\"\"Cached tokens at which Mistral 7B and Llama 2 7B read the same bytes a step.\"\"\"
        even = tokens_for_lead(mistral, llama)
        assert even > 0, "Mistral 7B is ahead from the first token; the sentence says it is not."
        return {"even": f"{even:,.0f}"}

Its docstring is what a reader is told on hover, `shows` the state of the widget that shows it, and an
assertion the condition under which the sentence around it is true. Not shipped to the browser.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc

from smallmodels import ROOMS

Texts = dict[str, str]
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MARK = re.compile(r'(<span data-figure="([^"]*)">)(.*?)(</span>)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of prose: `text` as it is read, `origin` in a sentence, `shows` the state of a widget.

    `shows` is what stands behind the `#` of an address (`inference?batch=8`), or nothing. The page that
    holds the widget need not be the page of the sentence.
    """

    name: str
    text: str
    origin: str
    shows: str


@dataclass(frozen=True, slots=True)
class Computation:
    """A function that computes figures, and what a reader is told of them."""

    compute: Callable[[], Texts]
    shows: str

    def figures(self, room: str) -> Iterator[Figure]:
        """What it gives, each figure under the room's name; `ValueError` for a name that is none."""
        origin = " ".join(cleandoc(self.compute.__doc__ or "").split())
        if not origin:
            raise ValueError(
                f"{room}.figures.{self.compute.__name__} needs a docstring: what its figures are."
            )
        for name, text in self.compute().items():
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name of a figure: small letters, digits and single hyphens."
                )
            yield Figure(f"{room}.{name}", text, origin, self.shows)


COMPUTATIONS: dict[str, list[Computation]] = {}


def computed(shows: str = "") -> Callable[[Callable[[], Texts]], Callable[[], Texts]]:
    """Registers a function of a room's `figures.py`; `shows` is the widget's state with its figures."""

    def register(compute: Callable[[], Texts]) -> Callable[[], Texts]:
        COMPUTATIONS.setdefault(compute.__module__, []).append(Computation(compute, shows))
        return compute

    return register


@cache
def of_room(room: str) -> Mapping[str, Figure]:
    """The figures of a room by full name; `ValueError` where a name is given twice."""
    module = f"smallmodels.{room}.figures"
    if find_spec(module) is None:
        return {}
    import_module(module)
    found: dict[str, Figure] = {}
    for computation in COMPUTATIONS.get(module, []):
        for figure in computation.figures(room):
            if figure.name in found:
                raise ValueError(f"Two figures are called {figure.name}; give one of them another name.")
            found[figure.name] = figure
    return found


@cache
def everything() -> Mapping[str, Figure]:
    """Every figure of every room, by full name."""
    return {name: figure for room in ROOMS for name, figure in of_room(room).items()}


def figure(name: str) -> Figure:
    """The figure with this full name; `ValueError` that says where it was looked for."""
    room = name.partition(".")[0]
    if room not in ROOMS:
        raise ValueError(f"The figure {name!r} names no room; it begins with one of {', '.join(ROOMS)}.")
    if name not in of_room(room):
        raise ValueError(
            f"There is no figure {name!r}; smallmodels/{room}/figures.py computes it or nobody does."
        )
    return of_room(room)[name]


def marked(markdown: str) -> list[str]:
    """The names of the figures marked in a text, in order."""
    return [name for _, name, _, _ in MARK.findall(markdown)]


def filled(markdown: str) -> str:
    """The text with every marked figure as it is computed now; `ValueError` for an unknown name."""
    return MARK.sub(lambda mark: f"{mark[1]}{in_markdown(figure(mark[2]).text)}{mark[4]}", markdown)


def in_markdown(text: str) -> str:
    """A figure's text as Markdown has it: a dollar sign begins no formula."""
    return text.replace("\\$", "$").replace("$", "\\$")
