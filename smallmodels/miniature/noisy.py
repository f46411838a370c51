"""Chapter 02b: what noise in a text costs, against what size is worth.

What was fixed before the runs stands in `data/runs/noise/PROTOCOL.md`. Models of three sizes
learned from text of which a share of the characters had been replaced at random; losses are nats per
character of clean text. `noise` in the text is not to be confused with the luck of the seeds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise, product
from statistics import fmean

from smallmodels import facts
from smallmodels.arguments import checked
from smallmodels.miniature.formulas import linear_zero, pooled_deviation
from smallmodels.miniature.formulas import noise as noise_of
from smallmodels.miniature.recorded import FAILED, HELD, OPEN, Verdict, five
from smallmodels.miniature.records import LOSES, UNDECIDED, WINS, in_millions
from smallmodels.table import Cell, Column, Table, Value
from smallmodels.words import about

RUN = "noise"
LARGER, SMALLER, BOTH = WHOSE = ("the larger's", "the smaller's", "both")
SAME, EARLY, TWICE = AMOUNTS = ("same", "early", "twice")
Place = tuple[int, float, int]  # width, share of noise, characters read


@dataclass(frozen=True)
class Soiled:
    """The recorded runs: sizes, shares of noise, budgets in characters, every cell's losses by seed."""

    run: facts.Run
    sizes: Mapping[int, int]
    shares: tuple[float, ...]
    budgets: tuple[int, ...]
    floors: Mapping[float, float]  # what a perfect reader loses who reckons with so much noise
    cells: Mapping[Place, Mapping[int, float]]

    @property
    def pairs(self) -> dict[int, tuple[int, int]]:
        """Every width that has a next smaller one, with the two of them."""
        return {larger: (smaller, larger) for smaller, larger in pairwise(self.sizes)}

    @cached_property
    def deviations(self) -> dict[int, float]:
        """Standard deviation between seeds by width, pooled as the protocol says."""
        own = {w: pooled_deviation(self._losses(w)) for w in self.sizes}
        together = pooled_deviation(cell for w in self.sizes for cell in self._losses(w))
        return own if max(own.values()) > 2 * min(own.values()) else dict.fromkeys(own, together)

    def _losses(self, width: int) -> list[list[float]]:
        return [[*cell.values()] for place, cell in self.cells.items() if place[0] == width]

    def loss(self, place: Place) -> float:
        """The mean over the seeds."""
        return fmean(self.cells[place].values())

    def noise(self, *places: Place) -> float:
        """What counts as noise in a difference of the means of two cells."""
        return noise_of((self.deviations[place[0]], len(self.cells[place])) for place in places)

    def cost(self, place: Place) -> float:
        """By how much noise in its text raises a model's loss."""
        width, _, read = place
        return self.loss(place) - self.loss((width, 0.0, read))

    def suspicion(self, share: float) -> float:
        """By how much reckoning with noise alone raises a perfect reader's loss on clean text."""
        return self.floors[share] - self.floors[0.0]


@dataclass(frozen=True, slots=True)
class Contest:
    """A smaller model against a larger one, each with so much noise in its text: mean losses, and luck."""

    share: float
    smaller: float
    larger: float
    noise: float

    @property
    def gap(self) -> float:
        """Smaller minus larger, in nats per character."""
        return self.smaller - self.larger

    @property
    def outcome(self) -> str:
        """Who wins, if the gap is beyond noise."""
        return UNDECIDED if abs(self.gap) <= self.noise else WINS if self.gap < 0 else LOSES


@dataclass(frozen=True, slots=True)
class Turn:
    """The share of noise at which a lead is lost, the least and the most it may be; None beyond the runs."""

    share: float | None
    least: float | None
    most: float | None


@cache
def soiled() -> Soiled:
    """The recorded runs."""
    run = facts.run(RUN)
    cells: dict[Place, dict[int, float]] = {}
    for row in run.rows:
        cells.setdefault((row["width"], row["share"], row["characters"]), {})[row["seed"]] = row["loss"]
    return Soiled(
        run,
        {row["width"]: row["parameters"] for row in run.rows},
        tuple(sorted({row["share"] for row in run.rows})),
        tuple(sorted({row["characters"] for row in run.rows})),
        {row["share"]: row["floor"] for row in run.rows},
        cells,
    )


def contests(larger: int, amount: str, whose: str) -> list[Contest]:
    """A width against the next smaller one, by the noise in one's text or in both.

    `ValueError` for a width without a smaller one, another `amount` than those of `AMOUNTS`, another `whose`
    than those of `WHOSE`.
    """
    runs = soiled()
    if larger not in runs.pairs:
        known = ", ".join(map(str, runs.pairs))
        raise ValueError(f"There is no pair whose larger width is {larger}; choose one of {known}.")
    if amount not in AMOUNTS:
        raise ValueError(f"There is no amount of text {amount!r}; choose one of {', '.join(AMOUNTS)}.")
    if whose not in WHOSE:
        raise ValueError(f"Nobody's text is {whose!r}; choose one of {', '.join(WHOSE)}.")
    reads = _reads(runs, amount)
    return [_contest(runs, runs.pairs[larger], reads, share, whose) for share in runs.shares]


def _reads(runs: Soiled, amount: str) -> tuple[int, int]:
    """Characters that the smaller one reads, and the larger one."""
    few, many = runs.budgets
    return {SAME: (many, many), EARLY: (few, few), TWICE: (many, few)}[amount]


def _contest(
    runs: Soiled, pair: tuple[int, int], reads: tuple[int, int], share: float, whose: str
) -> Contest:
    smaller: Place = (pair[0], share if whose in (SMALLER, BOTH) else 0.0, reads[0])
    larger: Place = (pair[1], share if whose in (LARGER, BOTH) else 0.0, reads[1])
    return Contest(share, runs.loss(smaller), runs.loss(larger), runs.noise(smaller, larger))


def turn(some: Sequence[Contest]) -> Turn:
    """Where the gap changes its sign, read off on straight lines between the amounts of noise."""
    at, one, other = (
        linear_zero([(contest.share, contest.gap + sign * contest.noise) for contest in some])
        for sign in (0, -1, 1)
    )
    least, most = (one, other) if some[0].gap > 0 else (other, one)
    return Turn(at, least, most)


# What a reader can choose from, as (name, value).


def noise_pairs() -> list[tuple[str, int]]:
    """The pairs of sizes; the value is the larger width."""
    runs = soiled()
    return [(f"{runs.sizes[a]:,} against {runs.sizes[b]:,}", b) for a, b in runs.pairs.values()]


def noise_amounts() -> list[tuple[str, str]]:
    """How much either reads."""
    few, many = (in_millions(budget) for budget in soiled().budgets)
    return [(f"{many} each", SAME), (f"{few} each", EARLY), ("the smaller twice as much", TWICE)]


@checked
def noise(larger: int = 48, amount: str = SAME, whose: str = LARGER) -> Table:
    """How much noise in one's text decides between two sizes; the other one's text is clean, or as noisy.

    `larger` is a width; `amount` one of `AMOUNTS`: both read a million characters, both half of that, or the
    smaller one twice what the larger one does; `whose` is one of `WHOSE`. `ValueError` for anything else.
    """
    runs, found = soiled(), contests(larger, amount, whose)
    small, large = (f"{runs.sizes[width]:,}" for width in runs.pairs[larger])
    reads = [in_millions(read) for read in _reads(runs, amount)]
    text = (
        f"{reads[0]} characters each" if reads[0] == reads[1] else f"on {reads[0]} and {reads[1]} characters"
    )
    return Table(
        caption=f"{small} against {large} parameters, {text}: noise in {whose} text{'s' * (whose == BOTH)}",
        columns=(
            Column("share", "replaced", "%", ".0f", "Of the characters of the text that is noisy."),
            Column("smaller", f"loss of {small}", "nats per character", ".3f", "On clean text."),
            Column("larger", f"loss of {large}", "nats per character", ".3f", "On clean text."),
            Column("gap", "gap", "nats", "+.3f", "Smaller minus larger: below zero the smaller wins."),
            Column("noise", "within luck", "nats", ".3f", "Twice the standard error, from seed to seed."),
            Column("outcome", "who wins"),
        ),
        rows=tuple(_contest_row(one) for one in found),
        finding=_noise_finding(found, whose, (small, large)),
        notes=_noise_notes(runs),
        series={"gaps": [_gap(one) for one in found], "even": [{"gap": 0}]},
    )


def _contest_row(one: Contest) -> dict[str, Value | Cell]:
    source = f"recorded experiment {RUN}, {soiled().run.date}"
    return {
        "share": 100 * one.share,
        "smaller": Cell(one.smaller, source),
        "larger": Cell(one.larger, source),
        "gap": one.gap,
        "noise": one.noise,
        "outcome": one.outcome,
    }


def _gap(one: Contest) -> dict[str, Value]:
    ends: dict[str, Value] = {"low": five(one.gap - one.noise), "high": five(one.gap + one.noise)}
    return {"share": 100 * one.share, "gap": five(one.gap), "outcome": one.outcome, **ends}


def _noise_finding(found: Sequence[Contest], whose: str, names: tuple[str, str]) -> str:
    leads = "the larger" if found[0].gap > 0 else "the smaller"
    text = "both texts" if whose == BOTH else f"{whose} text"
    at = turn(found)
    if at.share is None:
        last = 100 * found[-1].share
        return f"Up to {last:.0f}% of noise in {text}, {leads} of the two keeps its lead."
    return (
        f"When {about(100 * at.share)}% of the characters of {text} are replaced, {leads} has lost its lead"
        f"{_span(at)}."
    )


def _span(at: Turn) -> str:
    if at.least is None or at.most is None:
        return ""
    return f" (from {about(100 * at.least)} to {about(100 * at.most)}%)"


def _noise_notes(runs: Soiled) -> tuple[str, ...]:
    run = runs.run
    return (
        "Each replaced character is drawn evenly from all 27; losses are measured on clean text.",
        f"Recorded on {run.date} with PyTorch {run.versions['torch']} on {run.device}, in "
        f"{run.process_seconds / 60:,.0f} minutes of processor time, by {run.command}.",
    )


@checked
def noise_costs() -> Table:
    """What noise costs each size after a million characters, and a perfect reader who reckons with it."""
    runs = soiled()
    read = runs.budgets[-1]
    shares = [share for share in runs.shares if share]
    return Table(
        caption=f"What noise in its text costs a model, after {in_millions(read)} characters",
        columns=(
            Column("share", "replaced", "%", ".0f"),
            Column("suspicion", "suspicion alone", "nats", ".3f", "Of one who knows the language perfectly."),
            *(Column(str(w), f"{n:,} parameters", "nats", ".3f") for w, n in runs.sizes.items()),
        ),
        rows=tuple(
            {
                "share": 100 * share,
                "suspicion": runs.suspicion(share),
                **{str(width): runs.cost((width, share, read)) for width in runs.sizes},
            }
            for share in shares
        ),
        finding=_cost_finding(runs, shares[-1], read),
        notes=_noise_notes(runs),
    )


def _cost_finding(runs: Soiled, share: float, read: int) -> str:
    costs = [runs.cost((width, share, read)) for width in runs.sizes]
    return (
        f"At {100 * share:.0f}% of noise the sizes pay {min(costs):.2f} to {max(costs):.2f} nats; suspicion "
        f"alone would be {runs.suspicion(share):.2f}."
    )


# What the protocol predicted, and what came out.


def judged_noise() -> list[Verdict]:
    """Every prediction of the protocol of the noisy runs, judged by the record."""
    runs = soiled()
    return [
        _more_loss(runs),
        _more_than_suspicion(runs),
        _dearer_for_the_larger(runs),
        *_where_leads_end(),
    ]


@checked
def noise_verdicts() -> Table:
    """Every prediction made before the runs on noisy text beside what the record says, computed from it."""
    found = judged_noise()
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in (HELD, OPEN, FAILED)}
    return Table(
        caption="What was predicted before the runs on noisy text, and what came out",
        columns=(
            Column("letter", "in the protocol"),
            Column("prediction", "predicted"),
            Column("outcome", "came out"),
            Column("verdict", "verdict"),
        ),
        rows=tuple(
            {"letter": v.letter, "prediction": v.prediction, "outcome": v.outcome, "verdict": v.verdict}
            for v in found
        ),
        finding=(
            f"Of {len(found)} parts of the predictions {counts[HELD] or 'none'} held, "
            f"{counts[FAILED] or 'none'} failed, and {counts[OPEN] or 'none'} may be luck."
        ),
        notes=_noise_notes(soiled()),
    )


def _verdict(against: Iterable[tuple[float, float]]) -> str:
    """By differences that should be above zero, each with its noise."""
    some = [*against]
    if all(difference > 0 for difference, _ in some):
        return HELD
    return FAILED if any(difference < -luck for difference, luck in some) else OPEN


def _count(some: Sequence[tuple[float, float]]) -> str:
    right = sum(difference > 0 for difference, _ in some)
    clear = sum(difference > luck for difference, luck in some)
    return f"{right} of {len(some)}, {clear} beyond luck"


def _more_loss(runs: Soiled) -> Verdict:
    steps = [
        (runs.loss((w, b, read)) - runs.loss((w, a, read)), runs.noise((w, a, read), (w, b, read)))
        for w, read, (a, b) in product(runs.sizes, runs.budgets, [*pairwise(runs.shares)])
    ]
    return Verdict("a", "more noise raises every mean loss", _count(steps), _verdict(steps))


def _more_than_suspicion(runs: Soiled) -> Verdict:
    cells: list[Place] = [
        (w, share, read) for w, read, share in product(runs.sizes, runs.budgets, runs.shares) if share >= 0.02
    ]
    over = [
        (runs.cost(cell) - runs.suspicion(cell[1]), runs.noise(cell, (cell[0], 0.0, cell[2])))
        for cell in cells
    ]
    return Verdict("b", "from 2% on, noise costs more than suspicion", _count(over), _verdict(over))


def _dearer_for_the_larger(runs: Soiled) -> Verdict:
    small, large = min(runs.sizes), max(runs.sizes)
    more = []
    for share, read in product((0.1, 0.2), runs.budgets):
        ends: list[Place] = [(w, s, read) for w in (small, large) for s in (0.0, share)]
        dearer = runs.cost((large, share, read)) - runs.cost((small, share, read))
        luck = noise_of((runs.deviations[place[0]], len(runs.cells[place])) for place in ends)
        more.append((dearer, luck))
    return Verdict(
        "c", "at 10 and 20% it costs the largest more than the smallest", _count(more), _verdict(more)
    )


def _where_leads_end() -> list[Verdict]:
    near, far = soiled().pairs
    even = {(w, amount): turn(contests(w, amount, LARGER)) for w in (near, far) for amount in (EARLY, SAME)}
    twice = {w: turn(contests(w, TWICE, SMALLER)) for w in (near, far)}
    longer = [(even[near, amount], even[far, amount]) for amount in (EARLY, SAME)]
    return [
        _within("d", "same text: the larger's lead ends at 5 to 20% of noise", [*even.values()], 0.05, 0.2),
        Verdict(
            "d",
            "and at more where the pair's lead is longer",
            "; ".join(f"{_percent(a)} and {_percent(b)}" for a, b in longer),
            HELD if all(a.share and (b.share or 1) > a.share for a, b in longer) else FAILED,
        ),
        _within("e", "twice the text: the smaller's lead ends at 2 to 10%", [*twice.values()], 0.02, 0.1),
    ]


def _within(letter: str, prediction: str, some: Sequence[Turn], low: float, high: float) -> Verdict:
    """Held where all lie between; undecided where each could, within noise."""
    held = all(one.share is not None and low <= one.share <= high for one in some)
    could = all(one.least is not None and one.least <= high and (one.most or 1.0) >= low for one in some)
    verdict = HELD if held else OPEN if could else FAILED
    return Verdict(letter, prediction, ", ".join(map(_percent, some)), verdict)


def _percent(at: Turn) -> str:
    return "nowhere" if at.share is None else f"{100 * at.share:.1f}%"
