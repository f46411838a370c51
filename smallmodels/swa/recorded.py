"""Chapter 04, measured: how far a value travels, what is carried, what is saved, on a CPU and on a card."""

from collections.abc import Iterable, Sequence
from math import inf
from statistics import fmean
from typing import Any

from smallmodels import words
from smallmodels.facts import Rows, recorded
from smallmodels.swa.formulas import reach
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]
Timed = dict[str, Any]  # a row of a record


ANSWERS = 8  # values that the tasks of `lab.tasks` choose from


def relay(rows: Rows | None = None, sliding_window: int = 8, device: str = "cpu") -> Table:
    """How far back windowed layers can name a value, against the reach that the formula gives."""
    rows, notes, source = recorded("relay", rows, device)
    depths = sorted({row["layers"] for row in rows})
    within, beyond = {}, {}
    for depth in depths:
        shares = _mean_by_distance(row for row in rows if row["layers"] == depth)
        limit = reach(depth, sliding_window)
        within[depth] = min(share for distance, share in shares.items() if distance <= limit)
        beyond[depth] = max(share for distance, share in shares.items() if distance > limit)
    return Table(
        caption=f"The needle relay: naming a value seen some positions ago, window {sliding_window}",
        columns=(
            Column("layers", "layers", format="d"),
            Column("reach", "reach", "positions", "d", "Layers × (window − 1)."),
            Column("within_pct", "worst within reach", "%", ".1f"),
            Column("beyond_pct", "best beyond it", "%", ".1f", "A guess is right 12.5% of the time."),
        ),
        rows=tuple(
            {
                "layers": depth,
                "reach": reach(depth, sliding_window),
                "within_pct": Cell(100 * within[depth], source),
                "beyond_pct": Cell(100 * beyond[depth], source),
            }
            for depth in depths
        ),
        finding=(
            f"Up to layers × (window − 1) positions back {min(within.values()):.0%} of answers are right at "
            f"worst, from the next on {max(beyond.values()):.0%} at best: a cliff where the formula has it."
        ),
        notes=notes,
        series={
            "accuracy": _accuracy_series(rows, ("layers",)),
            "reaches": _edges(depths, sliding_window),
            "guess": _guess(),
        },
    )


def phone_book(
    rows: Rows | None = None, n_facts: int | None = None, sliding_window: int = 8, device: str = "cpu"
) -> Table:
    """How many facts windowed layers carry how far: in one window, within reach, beyond it.

    Distances are those of the values. A fact's name stands one position further back, so both are within
    reach up to one position less than the reach. `n_facts` shows one number of facts only; ValueError when
    no run had so many.
    """
    rows, notes, source = recorded("phone-book", rows, device)
    tried = sorted({row["facts"] for row in rows})
    if n_facts is not None and n_facts not in tried:
        raise ValueError(f"No run carried {n_facts} facts; take one of {', '.join(map(str, tried))}.")
    rows = [row for row in rows if n_facts in (None, row["facts"])]
    cases = list(dict.fromkeys((row["layers"], row["facts"]) for row in rows))
    shown = [_carried(rows, layers, n, sliding_window, source) for layers, n in cases]
    depths = sorted({layers for layers, _ in cases if layers})
    return Table(
        caption=f"The phone book: facts carried along at once, window {sliding_window}",
        columns=(
            Column("case", "model"),
            Column("facts", "facts", format="d"),
            *_carried_columns(),
        ),
        rows=tuple(shown),
        finding=_carried_finding(shown),
        notes=notes,
        series={
            "accuracy": [
                {**row, "case": _case(row["layers"])} for row in _accuracy_series(rows, ("layers", "facts"))
            ],
            "reaches": _edges(depths, sliding_window, NAME_BEHIND),
            "guess": _guess(),
        },
    )


def _carried_columns() -> tuple[Column, ...]:
    return (
        Column("near_pct", "within one window", "%", ".1f", "Mean accuracy over distances and seeds."),
        Column("far_pct", "farther, within reach", "%", ".1f", "The same; name and value can be heard."),
        Column("end_pct", "at its very end", "%", ".1f", "The farthest fact whose name can be heard."),
        Column("nameless_pct", "value only", "%", ".1f", "One position further: the name is out of reach."),
        Column("beyond_pct", "beyond reach", "%", ".1f", f"A guess is right {100 / ANSWERS:g}% of the time."),
    )


def _case(layers: Value) -> str:
    return "no window" if layers is None else words.figures(int(layers), "layer")


LEARNED_PCT = 90  # a model below this inside one window has not learned the task


NAME_BEHIND = 1  # positions from a value of the phone book back to its name


def _carried_finding(shown: list[dict[str, Any]]) -> str:
    windowed = [row for row in shown if row["case"] != "no window"]
    learned = [row for row in windowed if row["near_pct"].value >= LEARNED_PCT]
    if not learned:
        return "No model with a window has learned the book, not even inside one window."
    worst = min(learned, key=lambda row: row["end_pct"].value)
    near, end = worst["near_pct"].value, worst["end_pct"].value
    return (
        f"{'Reach is not capacity: of' if near - end >= 2 else 'Of'} {worst['facts']} facts, {worst['case']} "
        f"name {near:.0f}% inside one window and {end:.0f}% at the end of their reach"
        + "".join(
            f"; {row['case']} did not learn {row['facts']}, not even inside one window"
            for row in windowed
            if row not in learned
        )
        + "."
    )


def _carried(rows: Rows, layers: int | None, n: int, sliding_window: int, source: str) -> dict[str, Any]:
    shares = _mean_by_distance(row for row in rows if (row["layers"], row["facts"]) == (layers, n))
    limit = reach(layers, sliding_window) if layers else max(shares) + NAME_BEHIND
    near, end = sliding_window - 1 - NAME_BEHIND, limit - NAME_BEHIND

    def mean(first: int, last: float) -> float | None:
        found = [share for d, share in shares.items() if first <= d <= last]
        return 100 * fmean(found) if found else None

    return {
        "case": _case(layers),
        "facts": n,
        "near_pct": Cell(mean(0, near), source),
        "far_pct": Cell(mean(near + 1, end), source),
        "end_pct": Cell(mean(end, end), source),
        "nameless_pct": Cell(mean(end + 1, limit), source),
        "beyond_pct": Cell(mean(limit + 1, inf), source),
    }


def gradient_reach(
    rows: Rows | None = None, n_layers: int = 4, sliding_window: int = 8, device: str = "cpu"
) -> Table:
    """Gradient of an output by inputs at the edges of the windows, before and after training."""
    rows, notes, source = recorded("gradient-reach", rows, device)
    states = list(dict.fromkeys(row["state"] for row in rows))
    size = {(row["state"], row["distance"]): row["gradient"] for row in rows}
    limit = reach(n_layers, sliding_window)
    edges = [0, *(reach(k, sliding_window) for k in range(1, n_layers + 1)), limit + 1]
    faded = {state: max(size[state, d] for d in edges) / size[state, limit] for state in states}
    return Table(
        caption=f"Gradient of an output by earlier inputs: {n_layers} layers, window {sliding_window}",
        columns=(
            Column("distance", "positions back", format="d"),
            *(Column(f"size_{i}", state, format=".3g") for i, state in enumerate(states)),
        ),
        rows=tuple(
            {"distance": d, **{f"size_{i}": Cell(size[state, d], source) for i, state in enumerate(states)}}
            for d in edges
        ),
        finding=(
            f"Beyond {limit} positions the gradient is exactly 0, as the formula says; at {limit} it is "
            + words.listed(
                f"{words.about(factor)} times below its largest ({state})" for state, factor in faded.items()
            )
            + "."
        ),
        notes=notes,
        series={
            "gradients": [
                {"state": row["state"], "distance": row["distance"], "gradient": row["gradient"]}
                for row in rows
                if row["gradient"] > 0
            ],
            "reaches": _edges(range(1, n_layers + 1), sliding_window),
        },
    )


def cache_memory(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Bytes that a rolling and a full cache hold, counted on the tensors."""
    rows, notes, source = recorded("cache-memory", rows, device)
    longest = rows[-1]
    return Table(
        caption="A rolling cache against a full one: bytes of the tensors",
        columns=(
            Column("context", "tokens", format=",d"),
            Column("rolling_mb", "rolling", "MB", ",.2f", "MB is 10^6 bytes."),
            Column("full_mb", "full", "MB", ",.2f"),
            Column("factor", "times as much", format=",.1f"),
        ),
        rows=tuple(
            {
                "context": row["context"],
                "rolling_mb": Cell(row["rolling_bytes"] / 1e6, source),
                "full_mb": Cell(row["full_bytes"] / 1e6, source),
                "factor": row["full_bytes"] / row["rolling_bytes"],
            }
            for row in rows
        ),
        finding=(
            f"At {longest['context']:,} tokens the full cache holds "
            f"{longest['full_bytes'] / longest['rolling_bytes']:,.0f} times what the rolling one does."
        ),
        notes=notes,
        series={
            "caches": [
                {"context": row["context"], "way": way, "mb": row[f"{way}_bytes"] / 1e6}
                for row in rows
                for way in ("rolling", "full")
            ]
        },
    )


def prefill_time(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Time to read a prompt with and without a window, and what the FLOPs say."""
    rows, notes, source = recorded("prefill-time", rows, device)
    ways = {way: {row["length"]: row for row in rows if row["way"] == way} for way in ("windowed", "full")}
    lengths = sorted(ways["full"])
    seconds = {way: [found[n]["seconds"] for n in lengths] for way, found in ways.items()}
    gains = [full / windowed for full, windowed in zip(seconds["full"], seconds["windowed"], strict=True)]
    return Table(
        caption="Reading a prompt, with and without a window",
        columns=(
            Column("length", "tokens", format=",d"),
            Column("windowed_ms", "windowed", "ms", ",.0f", "Median of the rounds."),
            Column("full_ms", "full", "ms", ",.0f", "Median of the rounds."),
            Column("gain", "times faster", format=".2f"),
            Column(
                "flops_gain", "by FLOPs", format=".2f", meaning="Matrix products and attention, as predicted."
            ),
        ),
        rows=tuple(
            {
                "length": n,
                "windowed_ms": Cell(1e3 * ways["windowed"][n]["seconds"], source),
                "full_ms": Cell(1e3 * ways["full"][n]["seconds"], source),
                "gain": gain,
                "flops_gain": ways["full"][n]["flops"] / ways["windowed"][n]["flops"],
            }
            for n, gain in zip(lengths, gains, strict=True)
        ),
        finding=_prompt_finding(lengths, gains),
        notes=notes,
        series={
            "times": [
                {"length": row["length"], "way": row["way"], "ms": 1e3 * row["seconds"]} for row in rows
            ],
            "predicted": by_flops(rows, ways["full"][lengths[-1]]),
        },
    )


def by_flops(rows: Rows, known: dict[str, Any]) -> list[Row]:
    """Milliseconds that the FLOPs of each row would take at the rate of a known one."""
    per_flop = 1e3 * known["seconds"] / known["flops"]
    return [{"length": row["length"], "way": row["way"], "ms": per_flop * row["flops"]} for row in rows]


def _prompt_finding(lengths: Sequence[int], gains: Sequence[float]) -> str:
    prompt = f"With the window a prompt of {lengths[-1]:,} tokens"
    if gains[-1] <= 1:
        return f"{prompt} takes {1 / gains[-1]:.1f} times as long to read: nothing is saved here."
    first = f"{gains[0]:.1f} times" if gains[0] >= 1.05 else "no faster"
    fast = f"is read {gains[-1]:.1f} times as fast, one of {lengths[0]:,} {first}"
    return f"{prompt} {fast}: what is saved lies behind the window."


def _edges(depths: Sequence[int], sliding_window: int, behind: int = 0) -> list[Row]:
    """Where the reach of so many layers ends, and the first position beyond it; a label for each.

    When what must be heard as well lies `behind` positions further back, the reach ends that much sooner.
    """
    limits = [reach(depth, sliding_window) for depth in depths]
    labels = [*map(str, depths[:-1]), *(words.figures(n, "layer") for n in depths[-1:])]
    return [
        {"reach": limit - behind, "beyond": limit + 1, "text": label}
        for limit, label in zip(limits, labels, strict=True)
    ]


def _guess() -> list[Row]:
    return [{"accuracy_pct": 100 / ANSWERS, "text": "a guess"}]


def _mean_by_distance(rows: Iterable[dict[str, Any]]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for row in rows:
        found.setdefault(row["distance"], []).append(row["accuracy"])
    return {distance: fmean(shares) for distance, shares in sorted(found.items())}


def _accuracy_series(rows: Rows, keys: tuple[str, ...]) -> list[Row]:
    """Accuracy in percent by distance, the mean of the seeds, for each case."""
    cases = dict.fromkeys(tuple(row[key] for key in keys) for row in rows)
    return [
        {**dict(zip(keys, case, strict=True)), "distance": distance, "accuracy_pct": 100 * share}
        for case in cases
        for distance, share in _mean_by_distance(
            row for row in rows if tuple(row[key] for key in keys) == case
        ).items()
    ]


def gpu_prefill(rows: Rows | None = None) -> Table:
    """A layer's attention over a prompt on a card: full, windowed, and the windowed ways one by one."""
    rows, notes, source = recorded("window-paths", rows, "cuda")
    found = {(row["way"], row["length"]): row for row in rows}
    lengths = sorted({row["length"] for row in rows})
    gains = {n: found["full", n]["seconds"] / found["windowed", n]["seconds"] for n in lengths}
    predicted = {n: found["full", n]["flops"] / found["windowed", n]["flops"] for n in lengths}
    ways = ("full", "windowed", "FlexAttention", "strips")
    return Table(
        caption="Attention of one layer over a prompt, on a card",
        columns=_prefill_columns(),
        rows=tuple(
            {
                "length": n,
                **{way: _milliseconds(found.get((way, n)), source) for way in ways},
                "gain": gains[n],
                "flops_gain": predicted[n],
            }
            for n in lengths
        ),
        finding=(
            f"At {lengths[-1]:,} tokens the window makes a layer's attention {gains[lengths[-1]]:.1f} times "
            f"faster, where the FLOPs say {predicted[lengths[-1]]:.1f}; at {lengths[0]:,} it is "
            f"{gains[lengths[0]]:.1f} times, where they say {predicted[lengths[0]]:.1f}."
        ),
        notes=notes,
        series={
            "times": [
                {"length": row["length"], "way": row["way"], "ms": 1e3 * row["seconds"]} for row in rows
            ],
            "predicted": by_flops(rows, found["full", lengths[-1]]),
        },
    )


def _prefill_columns() -> tuple[Column, ...]:
    return (
        Column("length", "tokens", format=",d"),
        Column("full", "full", "ms", ".2f", "PyTorch's causal attention; median of the rounds."),
        Column("windowed", "windowed", "ms", ".2f", "As the lab does it: FlexAttention where it pays."),
        Column("gain", "times faster", format=".2f"),
        Column("flops_gain", "by FLOPs", format=".2f", meaning="Pairs of a query and a key it sees."),
        Column("FlexAttention", "bare FlexAttention", "ms", ".2f", "As its manual has it."),
        Column("strips", "strips", "ms", ".2f", "The way of CPUs and of cards without BF16."),
    )


def _milliseconds(row: Timed | None, source: str) -> Cell | None:
    return Cell(1e3 * row["seconds"], source) if row else None
