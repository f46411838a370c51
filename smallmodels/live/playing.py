"""`Play`: a `Live` in which a small model writes, in the page or by the kernel's PyTorch.

The page's own engine answers the published page; in a notebook the same questions come here, and the lab
answers them. Where neither does, what was recorded stands.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from smallmodels import facts
from smallmodels.live import HERE, Live
from smallmodels.live.bundle import bundled

STEPS = (0.25, 0.75, 1.5, 2.5, 4.0)  # nats from which a character has the next colour, as in `written.js`
OFFERS = {
    "write": "Start the small model (1 MB)",
    "race": "Start the race (1 MB)",
}


class Play(Live):
    """A `Live` with a small model beside its table: `kind` is `write` or `race`.

    Its functions are those of the room `play`. Raises ValueError for another kind.
    """

    _esm = bundled(HERE / "playing.js")

    def __init__(self, function: Any, *, kind: str = "write", **given: Any) -> None:
        if kind not in OFFERS:
            raise ValueError(f"A Play is {' or '.join(OFFERS)}, not {kind!r}.")
        self._kind = kind
        self._player: Any = None
        super().__init__(function, **given)

    def _beside(self) -> str:
        sample = _recorded_sample() if self._kind == "write" else ""
        offer = escape(OFFERS[self._kind])
        return f'<section class="play" data-play="{self._kind}" data-offer="{offer}">{sample}</section>\n'

    def _asked(self, widget: object, content: Mapping[str, Any], buffers: object) -> None:
        if "play" in content:
            self.send({"played": self._played(content["play"])})
        else:
            super()._asked(widget, content, buffers)

    def _played(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The lab's answer to one question of the page; a sentence where there is none."""
        try:
            return {"id": asked["id"], "answer": self._answered(asked["question"], asked.get("given", {}))}
        except ImportError:
            reason = "it needs PyTorch here: install smallmodels[lab]"
        except ValueError as refusal:
            reason = str(refusal)
        return {"id": asked["id"], "failed": reason}

    def _answered(self, question: str, given: Mapping[str, Any]) -> dict[str, Any]:
        # Only here: a page of tables needs no PyTorch.
        from smallmodels.lab.play import LEAD, Player, lead_text

        if question == "open":
            return {"lead": lead_text(LEAD)}
        self._player = self._player or Player()
        answer: dict[str, Any] = self._player.answer(question, dict(given))
        return answer


def _recorded_sample() -> str:
    """What the model wrote when it was recorded, coloured by its surprise."""
    run = facts.run("play-sample")
    characters = "".join(_coloured(**row) for row in run.rows)
    told = f"Written by the model as trained ({run.date}); the darker, the more it was surprised."
    return f'<div class="play-text">{characters}</div><p class="play-key">{escape(told)}</p>'


def _coloured(character: str, surprise: float, exact: float | None) -> str:
    level = sum(surprise >= step for step in STEPS)
    kind = f"play-s{level}" + (" play-impossible" if exact is None else "")
    return f'<span class="{kind}">{escape(character)}</span>'
