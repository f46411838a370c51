"""What a verdict is made of: the assumptions a reader moves, the judges of the claims, the board they fill.

A judge is a function of some of the assumptions, named as its arguments, and of nothing else that moves: so a
board asks anew only the judges whose assumption was moved. The judges stand in `scores`, `laws`, `machine`
and `money`; each registers itself for its claim.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from smallmodels import benchmarks, cost, facts, scaling, words
from smallmodels.facts import Claim
from smallmodels.verdicts import OF_CLAIMS, RIGHT

PAPER = "mistral-7b-paper"  # the report that ran the post's two models alike, on most of its tests
CONFIDENCES = (0.9, 0.95, 0.99)
CORRELATIONS = (0.0, 0.3, 0.54, 0.8)  # 0 is the bound from averages; the third is the one published value
TOKENS = (1.0, 2.0, 3.59, 5.0, 8.0, 15.0, 50.0)  # trillions that Mistral 7B may have read
CACHED = (0, 1024, 4096, 8192, 32768)  # tokens in each sequence
BATCHES = (1, 8, 32)  # sequences at a time


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the board takes for given. `tokens` are trillions that Mistral 7B read; nobody published them.

    `source` is the report that scores are taken from, `law` a scaling law, `cached` and `batch` the load of a
    card, `snapshot` the day of the prices.
    """

    confidence: float = 0.95
    correlation: float = 0.0
    source: str = PAPER
    law: str = "besiroglu"
    tokens: float = 2.0
    cached: int = 0
    batch: int = 1
    snapshot: str = benchmarks.POST

    def with_(self, name: str, value: Any) -> "Assumptions":
        """The same but for one of them."""
        return replace(self, **{name: value})

    def told(self) -> str:
        """All of them in words, for a citation."""
        return "; ".join(f"{NAMES[name]} {called(name, getattr(self, name))}" for name in self.__slots__)

    def address(self) -> str:
        """What stands behind the `#` of an address that brings a board in this state."""
        return state("board", **{name: getattr(self, name) for name in self.__slots__})


NAMES = {
    "confidence": "confidence",
    "correlation": "correlation of results",
    "source": "scores from",
    "law": "law",
    "tokens": "Mistral's tokens",
    "cached": "cached tokens",
    "batch": "sequences at a time",
    "snapshot": "prices of",
}


@cache
def choices() -> Mapping[str, list[tuple[str, Any]]]:
    """What each assumption can be on the board, as (what to call it, value)."""
    return {
        "confidence": [(f"{value:.0%}", value) for value in CONFIDENCES],
        "correlation": [(f"{value:g}", value) for value in CORRELATIONS],
        "source": benchmarks.like_for_like(),
        "law": scaling.law_choices(),
        "tokens": [(f"{value:g} trillion", value) for value in TOKENS],
        "cached": [(f"{value:,}" if value else "none", value) for value in CACHED],
        "batch": [(words.number(value), value) for value in BATCHES],
        "snapshot": cost.snapshots(),
    }


def called(name: str, value: Any) -> str:
    """What a value of an assumption is called; one that the board does not offer, as it is written."""
    return next((label for label, offered in choices()[name] if offered == value), f"{value}")


def state(id: str, **arguments: Any) -> str:
    """What stands behind the `#` of an address that sets a widget.

    >>> state("ratios", law="chinchilla", show="every size")
    'ratios?law=chinchilla&show=every%20size'
    """
    return f"{id}?" + "&".join(f"{name}={quote(f'{value}')}" for name, value in arguments.items())


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the figures it rests on in a sentence, and the state of the widget that shows them."""

    verdict: str
    figures: str
    shows: str


@dataclass(frozen=True, slots=True)
class Judge:
    """The function that judges a claim, and the assumptions it asks for."""

    ask: Callable[..., Judgement]
    needs: tuple[str, ...]

    def judge(self, given: Assumptions) -> Judgement:
        """What it says under these assumptions."""
        return self.ask(**{name: getattr(given, name) for name in self.needs})


JUDGES: dict[str, Judge] = {}


def judges(claim: str) -> Callable[[Callable[..., Judgement]], Callable[..., Judgement]]:
    """Registers a function as the judge of a claim; what it said once is remembered."""

    def register(judge: Callable[..., Judgement]) -> Callable[..., Judgement]:
        code = judge.__code__
        JUDGES[claim] = Judge(lru_cache(1024)(judge), code.co_varnames[: code.co_argcount])
        return judge

    return register


@dataclass(frozen=True, slots=True)
class Turn:
    """One assumption changed, and the verdict that it brings."""

    name: str
    value: Any
    verdict: str

    @property
    def told(self) -> str:
        """In words: `scores from the post: not comparable`."""
        return f"{NAMES[self.name]} {called(self.name, self.value)}: {self.verdict}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A claim with its judgement under some assumptions."""

    claim: Claim
    given: Assumptions

    @property
    def number(self) -> int:
        """The claim's number: 1 for C01."""
        return int(self.claim.id.removeprefix("C"))

    @property
    def judge(self) -> Judge:
        """Who judges it; `KeyError` where nobody does."""
        return JUDGES[self.claim.id]

    @property
    def judgement(self) -> Judgement:
        """Verdict, figures and where to see them."""
        return self.judge.judge(self.given)

    @property
    def verdict(self) -> str:
        """One of `verdicts.OF_CLAIMS`."""
        return self.judgement.verdict

    def turns(self) -> Iterator[Turn]:
        """Every assumption that turns it when it alone is moved, with the nearest value that does."""
        for name in self.judge.needs:
            others = sorted(choices()[name], key=lambda choice: self._away(name, choice[1]))
            for _, value in others:
                turned = self.judge.judge(self.given.with_(name, value)).verdict
                if turned != self.verdict:
                    yield Turn(name, value, turned)
                    break

    def _away(self, name: str, value: Any) -> float:
        """How many choices lie between the present value and another."""
        offered = [choice for _, choice in choices()[name]]
        present = getattr(self.given, name)
        here = offered.index(present) if present in offered else 0
        return abs(offered.index(value) - here)


@dataclass(frozen=True, slots=True)
class Board:
    """Every claim with its verdict, in the order of `data/claims.csv`."""

    given: Assumptions
    rulings: tuple[Ruling, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict, in the order of `OF_CLAIMS`."""
        found = Counter(ruling.verdict for ruling in self.rulings)
        return {verdict: found[verdict] for verdict in OF_CLAIMS}

    @property
    def n_right(self) -> int:
        """Claims that hold as they were made."""
        return self.counts[RIGHT]

    def told(self) -> str:
        """The counts in words: `7 right, 12 right with a caveat, ...`; what there is none of is left out."""
        return words.listed([f"{n} {verdict}" for verdict, n in self.counts.items() if n])

    def of(self, claim: str) -> Ruling:
        """The ruling on one claim; `ValueError` where there is no such claim."""
        found = {ruling.claim.id: ruling for ruling in self.rulings}
        if claim not in found:
            raise ValueError(f"There is no claim {claim!r} here; choose one of {', '.join(found)}.")
        return found[claim]


def ruled(given: Assumptions, chapter: str = "") -> Board:
    """The board under these assumptions; of one chapter's claims if one is named."""
    found = [claim for claim in facts.claims() if chapter in ("", claim.chapter)]
    return Board(given, tuple(Ruling(claim, given) for claim in found))
