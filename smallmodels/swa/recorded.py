"""Chapter 04, measured: how far a value travels, what is carried, what is saved, on a CPU and on a card.

Each function shows the record, or `rows` of a run just made; the table of such a run has a column for the
record beside its own.
"""

from collections.abc import Iterable, Sequence
from math import log

from smallmodels import words
from smallmodels.arguments import checked
from smallmodels.facts import Rows, recorded
from smallmodels.swa.formulas import hops, reach
from smallmodels.swa.records import (
    GUESS_PCT,
    MB,
    NAME_BEHIND,
    NARROW_WINDOW,
    TRAINED_LENGTH,
    Fading,
    Prompt,
    Recalled,
    Stretch,
    depths,
    fadings,
    held,
    prompts,
    recalled,
    stretches,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]
Figures = dict[str, Value | Cell]

PAST = "past-the-trained-length"  # the name of its record
LOSS, RECALL = SHOWN = ("loss", "facts recalled")  # of models asked past their trained length
LETTERS = 27  # of the invented language
WAYS = {  # in which they were trained and are asked, by the record's name
    "window": f"window of {NARROW_WINDOW}",
    "no window": "no window",
    "window lent": f"lent one of {TRAINED_LENGTH}",
}
GPU_WAYS = ("full", "windowed", "FlexAttention", "strips")  # of computing attention over a prompt


@checked
def relay(rows: Rows | None = None, sliding_window: int = 8, device: str = "cpu") -> Table:
    """How far back windowed layers can name a value, against the reach that the formula gives.

    Raises ValueError for a window whose reach the run did not cross.
    """
    shown, record, source = recorded("relay", rows, device)
    cases = sorted(recalled(shown, sliding_window), key=lambda case: case.layers or 0)
    kept = None if rows is None else recalled(recorded("relay", None, device)[0], sliding_window)
    return Table(
        caption=f"The needle relay: naming a value seen some positions ago, window {sliding_window}",
        columns=(
            Column("layers", "layers", format="d"),
            Column("reach", "reach", "positions", "d", "Layers × (window − 1)."),
            Column("within_pct", "worst within reach", "%", ".1f"),
            Column(
                "beyond_pct", "best beyond it", "%", ".1f", f"A guess is right {GUESS_PCT:g}% of the time."
            ),
            *([Column("kept_pct", "worst within reach, recorded", "%", ".1f")] if kept else []),
        ),
        rows=tuple(_relay_row(case, source) | _relay_kept(case, kept) for case in cases),
        finding=_relay_finding(cases),
        record=record,
        series={
            "accuracy": [{"layers": case.layers, **point} for case in cases for point in _points(case)],
            "reaches": _edges([case.layers for case in cases if case.layers], sliding_window),
            "guess": _guess(),
        },
    )


def _relay_row(case: Recalled, source: str) -> Figures:
    return {
        "layers": case.layers,
        "reach": case.reach,
        "within_pct": Cell(case.worst_within_pct, source),
        "beyond_pct": Cell(case.best_beyond_pct, source),
    }


def _relay_kept(case: Recalled, kept: Sequence[Recalled] | None) -> Figures:
    """The record's figure for the same depth, beside that of a run just made."""
    if kept is None:
        return {}
    return {"kept_pct": next((k.worst_within_pct for k in kept if k.layers == case.layers), None)}


def _relay_finding(cases: Sequence[Recalled]) -> str:
    within = min(case.worst_within_pct for case in cases)
    beyond = max(case.best_beyond_pct for case in cases)
    return (
        f"Up to layers × (window − 1) positions back {within:.0f}% of answers are right at "
        f"worst, from the next on {beyond:.0f}% at best: a cliff where the formula has it."
    )


@checked
def phone_book(
    rows: Rows | None = None, n_facts: int | None = None, sliding_window: int = 8, device: str = "cpu"
) -> Table:
    """How many facts windowed layers carry how far: in one window, within reach, beyond it.

    Distances are those of the values. A fact's name stands one position further back, so both are within
    reach up to one position less than the reach. `n_facts` shows one number of facts only; ValueError when
    no run had so many, and for a window whose reach the run did not cross.
    """
    shown, record, source = recorded("phone-book", rows, device)
    tried = sorted({row["facts"] for row in shown})
    if n_facts is not None and n_facts not in tried:
        raise ValueError(f"No run carried {n_facts} facts; take one of {', '.join(map(str, tried))}.")
    cases = recalled([row for row in shown if n_facts in (None, row["facts"])], sliding_window)
    return Table(
        caption=f"The phone book: facts carried along at once, window {sliding_window}",
        columns=(Column("case", "model"), Column("facts", "facts", format="d"), *_carried_columns()),
        rows=tuple(_carried_row(case, source) for case in cases),
        finding=_carried_finding(cases),
        record=record,
        series={
            "accuracy": [
                {"layers": case.layers, "facts": case.n_facts, **point, "case": _case(case)}
                for case in cases
                for point in _points(case)
            ],
            "reaches": _edges(
                sorted({case.layers for case in cases if case.layers}), sliding_window, NAME_BEHIND
            ),
            "guess": _guess(),
        },
    )


def _carried_columns() -> tuple[Column, ...]:
    return (
        Column("near_pct", "within one window", "%", ".1f", "Mean accuracy over distances and seeds."),
        Column("far_pct", "farther, within reach", "%", ".1f", "The same; name and value can be heard."),
        Column("end_pct", "at its very end", "%", ".1f", "The farthest fact whose name can be heard."),
        Column("nameless_pct", "value only", "%", ".1f", "One position further: the name is out of reach."),
        Column("beyond_pct", "beyond reach", "%", ".1f", f"A guess is right {GUESS_PCT:g}% of the time."),
    )


def _carried_row(case: Recalled, source: str) -> Figures:
    return {
        "case": _case(case),
        "facts": case.n_facts,
        "near_pct": Cell(case.near_pct, source),
        "far_pct": Cell(case.far_pct, source),
        "end_pct": Cell(case.end_pct, source),
        "nameless_pct": Cell(case.nameless_pct, source),
        "beyond_pct": Cell(case.beyond_pct, source),
    }


def _case(case: Recalled) -> str:
    return "no window" if case.layers is None else words.figures(case.layers, "layer")


def _carried_finding(cases: Sequence[Recalled]) -> str:
    windowed = [case for case in cases if case.layers is not None]
    learned = [case for case in windowed if case.learned]
    if not learned:
        return "No model with a window has learned the book, not even inside one window."
    worst = min(learned, key=lambda case: case.end_pct or 0)
    near, end = worst.near_pct or 0, worst.end_pct or 0
    return (
        f"{'Reach is not capacity: of' if near - end >= 2 else 'Of'} {worst.n_facts} facts, {_case(worst)} "
        f"name {near:.0f}% inside one window and {end:.0f}% at the end of their reach"
        + "".join(
            f"; {_case(case)} did not learn {case.n_facts}, not even inside one window"
            for case in windowed
            if not case.learned
        )
        + "."
    )


@checked
def past_the_trained_length(rows: Rows | None = None, show: str = LOSS, device: str = "cpu") -> Table:
    """What becomes of small models in texts longer than any they learned from, with and without a window.

    The same characters are foretold, or the same facts asked for at the same distance, with more and more
    text in front. `show` is one of `SHOWN`; raises ValueError for anything else.
    """
    if show not in SHOWN:
        raise ValueError(f"There is nothing called {show!r} to show; choose {' or '.join(SHOWN)}.")
    given, notes, source = recorded(PAST, rows, device)
    found = stretches(given)
    kept = None if rows is None else stretches(recorded(PAST, None, device)[0])
    lengths = sorted({one.length for one in found})
    unit, form = ("nats per character", ".2f") if show == LOSS else ("%", ".0f")
    return Table(
        caption=f"Trained on {TRAINED_LENGTH} characters and asked in longer texts: {show}",
        columns=(
            Column("length", "length of the text", format=",d"),
            *(Column(way, name, unit, form, _WAY_MEANS[way]) for way, name in WAYS.items()),
            *(
                Column(f"{way}, recorded", f"{name}, recorded", unit, form)
                for way, name in (WAYS if kept else {}).items()
            ),
        ),
        rows=tuple(_stretch_row(n, found, kept or [], show, source) for n in lengths),
        finding=_stretch_finding(found, show, lengths),
        notes=(*notes, *_stretch_notes(found)),
        series={
            "lines": [
                {"length": one.length, "figure": _shown(one, show), "way": WAYS[one.way]} for one in found
            ],
            "levels": _stretch_levels(found, show),
            "trained": [{"length": TRAINED_LENGTH, "text": "trained so far"}],
        },
    )


_WAY_MEANS = {
    "window": f"Trained and asked with a window of {NARROW_WINDOW}; mean of the seeds.",
    "no window": "Trained and asked without a window; mean of the seeds.",
    "window lent": "Trained without a window, and asked through one as wide as its training texts.",
}


def _shown(one: Stretch, show: str) -> float:
    return round(one.loss if show == LOSS else one.recall_pct, 4)


def _stretch_row(
    length: int, found: Sequence[Stretch], kept: Sequence[Stretch], show: str, source: str
) -> Figures:
    row: Figures = {"length": length}
    for one in found:
        if one.length == length:
            row[one.way] = Cell(_shown(one, show), source, _by_seed(one, show))
    row |= {f"{one.way}, recorded": _shown(one, show) for one in kept if one.length == length}
    return row


def _by_seed(one: Stretch, show: str) -> str:
    each = one.losses if show == LOSS else [100 * share for share in one.recalls]
    return f"By seed: {words.listed(f'{figure:.2f}' for figure in each)}."


def _stretch_finding(found: Sequence[Stretch], show: str, lengths: Sequence[int]) -> str:
    first, last = lengths[0], lengths[-1]
    figure = {
        (one.way, one.length): f"{_shown(one, show):.2f}" if show == LOSS else f"{_shown(one, show):.0f}%"
        for one in found
    }
    told = {way: f"{figure[way, first]} to {figure[way, last]}" for way in ("window", "no window")}
    what = "the loss goes" if show == LOSS else "facts recalled go"
    return (
        f"From {first} to {last:,} characters, {what} from {told['window']} with a window, from "
        f"{told['no window']} without."
    )


def _stretch_notes(found: Sequence[Stretch]) -> tuple[str, ...]:
    return (
        "Nothing but the text in front differs from length to length: the characters foretold are the same, "
        "and so are the facts, their order and their distance.",
        f"On these characters the language itself loses {found[0].exact:.2f} nats, a blind guess among "
        f"{LETTERS} characters {log(LETTERS):.2f}; a guessed fact is right {GUESS_PCT:g}% of the time.",
    )


def _stretch_levels(found: Sequence[Stretch], show: str) -> list[Row]:
    """What the best and the worst reader would come to."""
    if show == RECALL:
        return [{"figure": GUESS_PCT, "text": "a guess (percent)"}]
    guess: Row = {"figure": round(log(LETTERS), 4), "text": "a guess (nats)"}
    return [guess, {"figure": round(found[0].exact, 4), "text": "the language itself"}]


@checked
def gradient_reach(
    rows: Rows | None = None, n_layers: int = 4, sliding_window: int = 8, device: str = "cpu"
) -> Table:
    """Gradient of an output by inputs at the edges of the windows, before and after training.

    Raises ValueError for layers and a window whose reach lies outside the run.
    """
    shown, record, source = recorded("gradient-reach", rows, device)
    states = fadings(shown)
    kept = [] if rows is None else fadings(recorded("gradient-reach", None, device)[0])
    limit = reach(n_layers, sliding_window)
    _check_asked(states, limit)
    steps = depths(range(1, n_layers + 1), sliding_window)
    edges = [0, *(depth.reach for depth in steps), limit + 1]
    return Table(
        caption=f"Gradient of an output by earlier inputs: {n_layers} layers, window {sliding_window}",
        columns=(
            Column("distance", "positions back", format="d"),
            *(Column(f"size_{i}", one.state, format=".3g") for i, one in enumerate(states)),
            *(Column(f"kept_{i}", f"{one.state}, recorded", format=".3g") for i, one in enumerate(kept)),
        ),
        rows=tuple(_gradient_row(distance, states, kept, source) for distance in edges),
        finding=_gradient_finding(states, limit),
        record=record,
        series={
            "gradients": [
                {"state": one.state, "distance": distance, "gradient": size}
                for one in states
                for distance, size in one.sizes.items()
                if size > 0
            ],
            "reaches": _edges([depth.layers for depth in steps], sliding_window),
        },
    )


def _check_asked(states: Sequence[Fading], limit: int) -> None:
    farthest = min(max(one.sizes) for one in states)
    if not 0 < limit < farthest:
        raise ValueError(
            f"These layers reach {limit:,} positions back, and the run looked up to {farthest:,} back; "
            "take a number of layers and a window whose reach lies between."
        )


def _gradient_row(distance: int, states: Sequence[Fading], kept: Sequence[Fading], source: str) -> Figures:
    return {
        "distance": distance,
        **{f"size_{i}": Cell(one.sizes[distance], source) for i, one in enumerate(states)},
        **{f"kept_{i}": one.sizes.get(distance) for i, one in enumerate(kept)},
    }


def _gradient_finding(states: Sequence[Fading], limit: int) -> str:
    faded = (f"{words.about(one.factor(limit))} times below its largest ({one.state})" for one in states)
    return (
        f"Beyond {limit} positions the gradient is exactly 0, as the formula says; at {limit} it is "
        f"{words.listed(faded)}."
    )


@checked
def echoes(changes: Sequence[float], n_layers: int, sliding_window: int) -> Table:
    """How much a model's states change, 0, 1, 2, ... positions after a token that was exchanged.

    `changes` are what `lab.tasks.change_by_distance` measures, relative to the states. Raises ValueError
    for fewer of them than the window holds tokens.
    """
    limit = reach(n_layers, sliding_window)
    if len(changes) <= sliding_window:
        raise ValueError(
            f"{words.figures(len(changes), 'state').capitalize()} do not leave a window of "
            f"{sliding_window:,}; measure more."
        )
    last = len(changes) - 1
    shown = sorted({1, sliding_window - 1, *range(sliding_window, last, sliding_window), last} - {0})
    stack = f"{words.figures(n_layers, 'layer')}, window {sliding_window:,}"
    return Table(
        caption=f"What hears of an exchanged token: {stack}",
        columns=(
            Column("distance", "positions on", format=",d"),
            Column("hops", "layers needed", format="d", meaning="More than there are: nothing can change."),
            Column("change", "changed by", "of itself", ".1g", "Norm of the change over that of the state."),
        ),
        rows=tuple({"distance": n, "hops": hops(n, sliding_window), "change": changes[n]} for n in shown),
        finding=_echo_finding(changes, limit),
        record=("Measured just now, on this machine.",),
    )


def _echo_finding(changes: Sequence[float], limit: int) -> str:
    beyond = changes[limit + 1 :]
    if not beyond:
        return (
            f"Something arrives up to {words.figures(len(changes) - 1, 'position')} on, as far as was looked."
        )
    if any(beyond):
        return f"Something arrives from beyond the reach of {limit:,} positions: formula or model is wrong."
    return f"Beyond {limit:,} positions nothing changes, not by a bit: it would take one layer more."


@checked
def cache_memory(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Bytes that a rolling and a full cache hold, counted on the tensors."""
    shown, record, source = recorded("cache-memory", rows, device)
    sizes = held(shown)
    longest = sizes[-1]
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
                "context": size.context,
                "rolling_mb": Cell(size.rolling_bytes / MB, source),
                "full_mb": Cell(size.full_bytes / MB, source),
                "factor": size.factor,
            }
            for size in sizes
        ),
        finding=(
            f"At {longest.context:,} tokens the full cache holds {longest.factor:,.0f} times what the "
            "rolling one does."
        ),
        record=record,
        series={
            "caches": [
                {"context": size.context, "way": way, "mb": n_bytes / MB}
                for size in sizes
                for way, n_bytes in (("rolling", size.rolling_bytes), ("full", size.full_bytes))
            ]
        },
    )


@checked
def prefill_time(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Time to read a prompt with and without a window, and what the FLOPs say.

    `device` names the record; a run just made is set beside it.
    """
    shown, record, source = recorded("prefill-time", rows, device)
    found = prompts(shown)
    kept = None if rows is None else prompts(recorded("prefill-time", None, device)[0])
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
            *([Column("kept_gain", "times faster, recorded", format=".2f")] if kept else []),
        ),
        rows=tuple(_prompt_row(one, source) | _prompt_kept(one, kept) for one in found),
        finding=_prompt_finding(found[0], found[-1]),
        record=record,
        series=_prompt_lines(shown, found[-1]),
    )


def _prompt_row(one: Prompt, source: str) -> Figures:
    return {
        "length": one.length,
        "windowed_ms": _milliseconds(one, "windowed", source),
        "full_ms": _milliseconds(one, "full", source),
        "gain": one.gain,
        "flops_gain": one.flops_gain,
    }


def _prompt_kept(one: Prompt, kept: Sequence[Prompt] | None) -> Figures:
    """The record's gain at the same length, beside that of a run just made."""
    if kept is None:
        return {}
    return {"kept_gain": next((k.gain for k in kept if k.length == one.length), None)}


def _milliseconds(one: Prompt, way: str, source: str) -> Cell | None:
    return Cell(1e3 * one.seconds[way], source) if way in one.seconds else None


def _prompt_lines(rows: Rows, known: Prompt) -> dict[str, list[Row]]:
    """Milliseconds of each row, and those that its FLOPs would take at the rate of a known full run."""
    per_flop = 1e3 * known.seconds["full"] / known.flops["full"]
    return {
        "times": [{"length": row["length"], "way": row["way"], "ms": 1e3 * row["seconds"]} for row in rows],
        "predicted": [
            {"length": row["length"], "way": row["way"], "ms": per_flop * row["flops"]} for row in rows
        ],
    }


def _prompt_finding(shortest: Prompt, longest: Prompt) -> str:
    prompt = f"With the window a prompt of {longest.length:,} tokens"
    if longest.gain <= 1:
        return f"{prompt} takes {1 / longest.gain:.1f} times as long to read: nothing is saved here."
    first = f"{shortest.gain:.1f} times" if shortest.gain >= 1.05 else "no faster"
    fast = f"is read {longest.gain:.1f} times as fast, one of {shortest.length:,} {first}"
    return f"{prompt} {fast}: what is saved lies behind the window."


@checked
def gpu_prefill(rows: Rows | None = None) -> Table:
    """A layer's attention over a prompt on a card: full, windowed, and the windowed ways one by one."""
    shown, record, source = recorded("window-paths", rows, "cuda")
    found = prompts(shown)
    return Table(
        caption="Attention of one layer over a prompt, on a card",
        columns=_gpu_columns(),
        rows=tuple(
            {
                "length": one.length,
                **{way: _milliseconds(one, way, source) for way in GPU_WAYS},
                "gain": one.gain,
                "flops_gain": one.flops_gain,
            }
            for one in found
        ),
        finding=_gpu_finding(found[0], found[-1]),
        record=record,
        series=_prompt_lines(shown, found[-1]),
    )


def _gpu_columns() -> tuple[Column, ...]:
    return (
        Column("length", "tokens", format=",d"),
        Column("full", "full", "ms", ".2f", "PyTorch's causal attention; median of the rounds."),
        Column("windowed", "windowed", "ms", ".2f", "As the lab does it: FlexAttention where it pays."),
        Column("gain", "times faster", format=".2f"),
        Column("flops_gain", "by FLOPs", format=".2f", meaning="Pairs of a query and a key it sees."),
        Column("FlexAttention", "bare FlexAttention", "ms", ".2f", "As its manual has it."),
        Column("strips", "strips", "ms", ".2f", "The way of CPUs and of cards without BF16."),
    )


def _gpu_finding(shortest: Prompt, longest: Prompt) -> str:
    early = f"it is {shortest.gain:.1f} times, where they say {shortest.flops_gain:.1f}"
    if max(abs(shortest.gain - 1), abs(shortest.flops_gain - 1)) < 0.05:
        early = "neither sees a difference"
    return (
        f"At {longest.length:,} tokens the window makes a layer's attention {longest.gain:.1f} times "
        f"faster, where the FLOPs say {longest.flops_gain:.1f}; at {shortest.length:,} {early}."
    )


def _edges(layers: Sequence[int], sliding_window: int, behind: int = 0) -> list[Row]:
    """Where the reach of so many layers ends, and the first position beyond it; a label for each.

    When what must be heard as well lies `behind` positions further back, the reach ends that much sooner.
    """
    labels = [*map(str, layers[:-1]), *(words.figures(n, "layer") for n in layers[-1:])]
    return [
        {"reach": depth.reach - behind, "beyond": depth.reach + 1, "text": label}
        for depth, label in zip(depths(layers, sliding_window), labels, strict=True)
    ]


def _guess() -> list[Row]:
    return [{"accuracy_pct": GUESS_PCT, "text": "a guess"}]


def _points(case: Recalled) -> Iterable[Row]:
    """Accuracy in percent by distance."""
    return ({"distance": d, "accuracy_pct": 100 * share} for d, share in case.shares.items())
