"""The book's verdicts, said once: what each is called, what it means, and the mark that shows it.

Of a gap between two scores, and of a claim. A chip of a table, a point of a chart and a word of prose show a
verdict by the same mark: its shape and its fill (solid, hollow, hatched) tell it apart without colour, and
no two verdicts of one kind share both. Standard library only.
"""

from dataclasses import dataclass
from typing import Literal

Fill = Literal["solid", "hollow", "hatched"]
Shape = Literal["circle", "square", "diamond", "triangle"]
Tone = Literal["good", "bad", "ink", "other"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict. `tone` is a colour of `smallmodels.charts.colour`, `means` a sentence for the reader."""

    name: str
    means: str
    fill: Fill
    shape: Shape
    tone: Tone

    @property
    def slug(self) -> str:
        """The name as a CSS class or a series has it.

        >>> verdict("right with a caveat").slug
        'right-with-a-caveat'
        """
        return self.name.replace(" ", "-")


# Of a claim.
RIGHT, CAVEAT, WITHIN = "right", "right with a caveat", "within noise"
MIXED, WRONG, UNTOLD = "not comparable", "wrong", "cannot be told"
# Of a gap between two scores; "within noise" and "not comparable" are said of both.
BEYOND, UNKNOWN = "beyond noise", "noise unknown"

_ALL = (
    Verdict(RIGHT, "It holds as it was said.", "solid", "circle", "good"),
    Verdict(CAVEAT, "It holds, but not all of it or not everywhere.", "hatched", "circle", "good"),
    Verdict(BEYOND, "The gap is larger than sampling error.", "solid", "circle", "good"),
    Verdict(WITHIN, "The gap is no larger than sampling error: it may be chance.", "hollow", "circle", "ink"),
    Verdict(MIXED, "The two figures come from different evaluations.", "hatched", "square", "ink"),
    Verdict(UNKNOWN, "The score is no share of a known number of items.", "hollow", "square", "other"),
    Verdict(UNTOLD, "What it would take to tell was never published.", "hollow", "square", "other"),
    Verdict(WRONG, "It does not hold.", "solid", "diamond", "bad"),
)
VERDICTS = {one.name: one for one in _ALL}
OF_CLAIMS = (RIGHT, CAVEAT, WITHIN, MIXED, UNTOLD, WRONG)  # in the order that counts and legends have
OF_GAPS = (BEYOND, WITHIN, MIXED, UNKNOWN)
# What a chapter calls in words of its own, with the verdict whose mark shows it: how the post tells an event
# of the story, and what became of a prediction.
OTHERWISE = {
    "defensible or unprovable": CAVEAT,
    "overstated or contradicted": WRONG,
    "left out": UNTOLD,
    "held": RIGHT,
    "undecided": WITHIN,
    "failed": WRONG,
}


def verdict(name: str) -> Verdict:
    """The verdict of a name; `ValueError` with all of them for another.

    >>> verdict("wrong").shape
    'diamond'
    """
    if name not in VERDICTS:
        raise ValueError(f"There is no verdict {name!r}; choose one of {', '.join(VERDICTS)}.")
    return VERDICTS[name]


def mark(word: str) -> Verdict | None:
    """The verdict whose mark shows a word, a verdict's name or another's; `None` for a word that is neither.

    >>> mark("held"), mark("perhaps")
    (Verdict(name='right', means='It holds as it was said.', fill='solid', shape='circle', tone='good'), None)
    """
    return VERDICTS.get(OTHERWISE.get(word, word))
