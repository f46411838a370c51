"""What chapter 04 counts and compares, as typed records: sights, contexts, caches, and what was measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from statistics import fmean

from smallmodels import facts
from smallmodels.facts import Model, Recall, Rows
from smallmodels.swa.formulas import effective_length, reach, visible_pairs

GB, MB = 1e9, 1e6
ANSWERS = 8  # values that the tasks of `lab.tasks` choose from
GUESS_PCT = 100 / ANSWERS
NAME_BEHIND = 1  # positions from a value of the phone book back to its name
TRAINED_LENGTH = 64  # characters or tokens that the models of `lab.lengths` learned from at a time
NARROW_WINDOW = 10  # of those that have a window
LEARNED_PCT = 90  # a model below this inside one window has not learned the task


@dataclass(frozen=True, slots=True)
class Depth:
    """So many layers of one window."""

    layers: int
    sliding_window: int

    @property
    def reach(self) -> int:
        """Positions back that the last layer can be touched from."""
        return reach(self.layers, self.sliding_window)

    @property
    def rounded(self) -> int:
        """The product that is usually quoted."""
        return self.layers * self.sliding_window


@dataclass(frozen=True, slots=True)
class Sight:
    """What one output of a short text hears of; positions are counted from 1."""

    output: int
    length: int
    n_layers: int
    sliding_window: int

    def oldest(self, layers: int) -> int:
        """The oldest position in sight after so many layers; after none it is the output's own."""
        back = reach(layers, self.sliding_window) if layers else 0
        return max(1, self.output - back)

    def brought(self, layers: int) -> tuple[int, int]:
        """First and last input that need exactly so many layers; the last is before the first if none do."""
        last = self.output if layers == 1 else self.oldest(layers - 1) - 1
        return self.oldest(layers), last

    def sees(self, position: int) -> range:
        """What one layer shows at a position."""
        return range(max(1, position - self.sliding_window + 1), position + 1)


@dataclass(frozen=True, slots=True)
class Joined:
    """Pairs of a short text that some layers join, and what they compute for it."""

    depth: Depth
    length: int

    @property
    def pairs(self) -> int:
        """Pairs of an output and an input that can touch it."""
        return visible_pairs(self.length, self.depth.reach + 1)

    @property
    def computed(self) -> int:
        """Scores of one head, in so many layers."""
        return self.depth.layers * visible_pairs(self.length, self.depth.sliding_window)

    @property
    def full(self) -> int:
        """Scores that full attention computes."""
        return self.depth.layers * visible_pairs(self.length)

    @property
    def share_pct(self) -> float:
        """Joined pairs of those in which the input does not lie ahead."""
        return 100 * self.pairs / visible_pairs(self.length)


@dataclass(frozen=True, slots=True)
class Context:
    """What "context" can mean for a model whose every layer is alike, in tokens."""

    shape: Model

    @property
    def trained(self) -> int:
        """What it was made for."""
        return self.shape.trained_context

    @property
    def configured(self) -> int:
        """What its configuration allows."""
        return self.shape.configured_context

    @property
    def shown(self) -> int:
        """What one layer shows: the window, or all that is allowed."""
        return self.shape.sliding_window or self.configured

    @property
    def heard(self) -> int:
        """Tokens that can touch an output, itself included; without a window all that are allowed."""
        window = self.shape.sliding_window
        return reach(self.shape.n_layers, window) + 1 if window else self.configured

    @property
    def found(self) -> int | None:
        """The longest texts in which its tuned version still finds what it is asked for; None if untested."""
        threshold = recall_of(RECALL_YARDSTICK)[0].score_pct
        scores = {row.context_tokens: row.score_pct for row in self.recall}
        if self.shape.name == RECALL_YARDSTICK:  # by definition
            return max(scores)
        return effective_length(scores, threshold) if scores else None

    @property
    def recall(self) -> tuple[Recall, ...]:
        """Its results on long texts, by length."""
        return recall_of(self.shape.name)


RECALL_YARDSTICK = "Llama 2 7B"  # what it scores in its whole context is RULER's threshold


@cache
def recall_of(model: str) -> tuple[Recall, ...]:
    """The results on long texts of a model's shape, by length."""
    rows = (row for row in facts.recall() if row.model == model)
    return tuple(sorted(rows, key=lambda row: row.context_tokens))


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of a cache that rolls, and of one that keeps every token, after so many of them."""

    context: int
    rolling_bytes: float
    full_bytes: float

    @property
    def factor(self) -> float:
        """How many times as much it takes to keep every token."""
        return self.full_bytes / self.rolling_bytes


@dataclass(frozen=True, slots=True)
class Recalled:
    """Right answers by distance, the mean of the seeds, of models of one depth; None is without a window."""

    layers: int | None
    n_facts: int | None
    sliding_window: int
    shares: Mapping[int, float]

    @property
    def reach(self) -> int:
        """How far back the depth and the window let them hear; without a window, anything."""
        return reach(self.layers, self.sliding_window) if self.layers else max(self.shares) + NAME_BEHIND

    @property
    def worst_within_pct(self) -> float:
        """The worst distance of those within reach."""
        return 100 * min(share for distance, share in self.shares.items() if distance <= self.reach)

    @property
    def best_beyond_pct(self) -> float:
        """The best distance of those beyond it."""
        return 100 * max(share for distance, share in self.shares.items() if distance > self.reach)

    @property
    def near_pct(self) -> float | None:
        """Within one window, name and value."""
        return self._mean_pct(0, self._near)

    @property
    def far_pct(self) -> float | None:
        """Farther, with name and value within reach."""
        return self._mean_pct(self._near + 1, self._end)

    @property
    def end_pct(self) -> float | None:
        """At the farthest distance from which the name can be heard."""
        return self._mean_pct(self._end, self._end)

    @property
    def nameless_pct(self) -> float | None:
        """One position further: the value can be heard and its name cannot."""
        return self._mean_pct(self._end + 1, self.reach)

    @property
    def beyond_pct(self) -> float | None:
        """Beyond reach."""
        return self._mean_pct(self.reach + 1, inf)

    @property
    def learned(self) -> bool:
        """Whether the task was learned at all, inside one window."""
        return self.near_pct is not None and self.near_pct >= LEARNED_PCT

    @property
    def _near(self) -> int:
        return self.sliding_window - 1 - NAME_BEHIND

    @property
    def _end(self) -> int:
        return self.reach - NAME_BEHIND

    def _mean_pct(self, first: int, last: float) -> float | None:
        found = [share for distance, share in self.shares.items() if first <= distance <= last]
        return 100 * fmean(found) if found else None


def recalled(rows: Rows, sliding_window: int) -> list[Recalled]:
    """One record for each depth and number of facts, in the order of the rows.

    `ValueError` where a window and depth reach so little or so much that no row lies on one side.
    """
    cases = dict.fromkeys((row["layers"], row.get("facts")) for row in rows)
    found = [Recalled(layers, n, sliding_window, _mean_by_distance(rows, layers, n)) for layers, n in cases]
    for case in found:
        _check_reach(case)
    return found


def _mean_by_distance(rows: Rows, layers: int | None, n_facts: int | None) -> dict[int, float]:
    shares: dict[int, list[float]] = {}
    for row in rows:
        if (row["layers"], row.get("facts")) == (layers, n_facts):
            shares.setdefault(row["distance"], []).append(row["accuracy"])
    return {distance: fmean(found) for distance, found in sorted(shares.items())}


def _check_reach(case: Recalled) -> None:
    nearest, farthest = min(case.shares), max(case.shares)
    if case.layers and not nearest <= case.reach < farthest:
        raise ValueError(
            f"A window of {case.sliding_window:,} reaches back {case.reach:,} positions through so many "
            f"layers ({case.layers}), and the run asked {nearest} to {farthest} back: nothing to compare."
        )


@dataclass(frozen=True, slots=True)
class Fading:
    """The gradient of an output by inputs so many positions back, of a model in one state."""

    state: str
    sizes: Mapping[int, float]

    def factor(self, distance: int) -> float:
        """How many times below its largest the gradient is at a distance."""
        return max(self.sizes.values()) / self.sizes[distance]


def fadings(rows: Rows) -> list[Fading]:
    """One record for each state, in the order of the rows."""
    states = dict.fromkeys(row["state"] for row in rows)
    return [
        Fading(state, {row["distance"]: row["gradient"] for row in rows if row["state"] == state})
        for state in states
    ]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one prompt took: seconds and FLOPs by the way in which its attention was computed."""

    length: int
    seconds: Mapping[str, float]
    flops: Mapping[str, float]

    @property
    def gain(self) -> float:
        """How many times as fast the window made it."""
        return self.seconds["full"] / self.seconds["windowed"]

    @property
    def flops_gain(self) -> float:
        """How many times as fast the FLOPs say."""
        return self.flops["full"] / self.flops["windowed"]

    def rate(self, way: str) -> float:
        """FLOPs a second."""
        return self.flops[way] / self.seconds[way]


def prompts(rows: Rows) -> list[Prompt]:
    """One record for each length, ascending."""
    return [
        Prompt(length, _by_way(rows, length, "seconds"), _by_way(rows, length, "flops"))
        for length in sorted({row["length"] for row in rows})
    ]


def _by_way(rows: Rows, length: int, what: str) -> dict[str, float]:
    return {row["way"]: row[what] for row in rows if row["length"] == length}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Models trained and asked in one way, in texts of one length; a loss and a share for each seed."""

    way: str
    length: int
    losses: tuple[float, ...]  # nats per character
    recalls: tuple[float, ...]  # shares of facts named rightly
    exact: float  # what the language itself loses on the very characters counted

    @property
    def loss(self) -> float:
        """The mean of the seeds."""
        return fmean(self.losses)

    @property
    def recall_pct(self) -> float:
        """The mean of the seeds, in percent."""
        return 100 * fmean(self.recalls)


def stretches(rows: Rows) -> list[Stretch]:
    """One record for each way and length, in the order of the rows."""
    cases: dict[tuple[str, int], list[dict[str, float]]] = {}
    for row in rows:
        cases.setdefault((row["way"], row["length"]), []).append(row)
    return [
        Stretch(
            way,
            length,
            tuple(row["loss"] for row in some),
            tuple(row["recall"] for row in some),
            some[0]["exact"],
        )
        for (way, length), some in cases.items()
    ]


def held(rows: Rows) -> list[Held]:
    """What was weighed, a record for each length."""
    return [Held(row["context"], row["rolling_bytes"], row["full_bytes"]) for row in rows]


def depths(layers: Iterable[int], sliding_window: int) -> list[Depth]:
    """A record for each number of layers."""
    return [Depth(n, sliding_window) for n in layers]
