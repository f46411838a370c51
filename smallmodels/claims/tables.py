"""Chapter 09: was the post right? Every claim with its verdict, under the assumptions a reader moves.

`board` lists all of them, `of_chapter` those of a chapter at the first assumptions. Each verdict says what it
rests on, where that is shown, and which assumption would turn it.
"""

from collections.abc import Sequence

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.benchmarks import POST
from smallmodels.claims.records import PAPER, Assumptions, Board, Ruling, Turn, ruled
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.verdicts import OF_CLAIMS, verdict
from smallmodels.words import figures, listed

Row = dict[str, Value | Cell]
Record = dict[str, Value]
Records = list[Record]
# What a reader calls the subjects of the claims, in the order of the book.
SUBJECTS = {
    "benchmarks": "scores",
    "scaling": "laws",
    "gqa": "shared heads",
    "swa": "window",
    "speed": "speed",
    "memory": "memory",
    "cost": "cost",
    "story": "story",
    "take": "what follows",
}
# What the widgets that the judges lead to show, by their ids.
PLACES = {
    "head-to-head": "test by test",
    "factors": "the factors",
    "ratios": "tokens per parameter",
    "kv-cache": "the cache",
    "cache": "the rolling cache",
    "reach": "the reach",
    "effective": "the context",
    "inference": "the ceilings",
    "footprint": "what fits",
    "api": "the prices",
    "use-cases": "the uses",
    "timeline": "the timeline",
    "crossings": "the crossings",
}
FIXED, ALONE = "nothing that moves here", "nothing, moved alone"


@checked
def board(
    confidence: float = 0.95,
    correlation: float = 0.0,
    source: str = PAPER,
    law: str = "besiroglu",
    tokens: float = 2.0,
    cached: int = 0,
    batch: int = 1,
    snapshot: str = POST,
) -> Table:
    """Every claim of the post with its verdict, what it rests on, and the assumption that would turn it.

    `confidence` and `correlation` are those of the margins of chapter 01, `source` one of its reports, `law`
    one of chapter 02's; `tokens` are trillions that Mistral 7B may have read, 0.1 to 100; `cached` tokens in
    each of `batch` sequences are the load of a card, and `snapshot` is one of chapter 06's days of prices.
    `ValueError` as from those chapters' functions.
    """
    given = Assumptions(confidence, correlation, source, law, tokens, cached, batch, snapshot)
    found = ruled(given)
    return Table(
        caption="The post's claims and their verdicts",
        columns=_columns(),
        rows=tuple(map(_row, found.rulings)),
        finding=f"Of {figures(len(found.rulings), 'claim')}: {found.told()}.",
        series={"marks": _marks(found), "counts": _counts(found)},
        notes=(f"To cite this board, copy its link and say its state: {given.told()}.",),
    )


@checked
def of_chapter(chapter: Sequence[str]) -> Table:
    """The claims of one chapter, or of several, with their verdicts at the board's first assumptions.

    `chapter` names subjects of `data/claims.csv`: `benchmarks`, `gqa` and so on; `ValueError` for another.
    """
    given = Assumptions()
    if not chapter:
        raise ValueError(f"No chapter is named; choose one or more of {', '.join(SUBJECTS)}.")
    for name in chapter:
        if name not in SUBJECTS:
            raise ValueError(f"The post claims nothing of {name!r}; choose one of {', '.join(SUBJECTS)}.")
    rulings = [ruling for name in chapter for ruling in ruled(given, name).rulings]
    found = Board(given, tuple(rulings))
    return Table(
        caption=f"The post's claims on {listed(SUBJECTS[name] for name in chapter)}",
        columns=_columns()[:3],  # the rest is the board's
        rows=tuple(map(_row, found.rulings)),
        finding=f"Of {figures(len(rulings), 'claim')}: {found.told()}.",
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("claim", "the post's claim", meaning="In our words."),
        Column(
            "verdict", "verdict", meaning="By a rule: see how a verdict is computed.", rank=1, kind="verdict"
        ),
        Column("figures", "it rests on"),
        Column("turns", "what would turn it", meaning="Each assumption that does, moved alone."),
        Column("see", "see it"),
    )


def _row(ruling: Ruling) -> Row:
    judgement = ruling.judgement
    turns = list(ruling.turns())
    return {
        "claim": Cell(f"{ruling.number}. {ruling.claim.claim}", note=f"Check: {ruling.claim.check}"),
        "verdict": Cell(judgement.verdict, note=verdict(judgement.verdict).means),
        "figures": judgement.figures,
        "turns": _turned(ruling, turns),
        "see": Cell(_place(judgement.shows), href=f"#{judgement.shows}"),
    }


def _turned(ruling: Ruling, turns: Sequence[Turn]) -> Cell:
    """The assumptions that turn it, with a link to the board with the first of them moved."""
    if not turns:
        return Cell(ALONE if ruling.judge.needs else FIXED)
    first = turns[0]
    moved = ruling.given.with_(first.name, first.value).address()
    return Cell("; ".join(turn.told for turn in turns), href=f"#{moved}")


def _place(shows: str) -> str:
    """What the widget of a state shows, in a reader's words."""
    return PLACES[shows.partition("?")[0]]


def _marks(found: Board) -> Records:
    """A mark for each claim in the row of its verdict, in the order of the table, with the claim's number."""
    seen = dict.fromkeys(OF_CLAIMS, 0)
    marks: Records = []
    for ruling in found.rulings:
        seen[ruling.verdict] += 1
        place: Record = {"verdict": ruling.verdict, "place": seen[ruling.verdict]}
        marks.append({**place, "claim": f"{ruling.number}"})
    return marks


def _counts(found: Board) -> Records:
    return [{"verdict": name, "text": f"{n} {name}"} for name, n in found.counts.items()]


def subjects() -> list[str]:
    """The subjects that the claims have, in the order of the book."""
    told = {claim.chapter for claim in facts.claims()}
    return [name for name in SUBJECTS if name in told]
