"""Chapter 03, measured: quality, conversion and time of shared heads, on a CPU and on a card."""

from collections.abc import Callable, Sequence

from smallmodels import facts, words
from smallmodels.arguments import checked
from smallmodels.facts import Rows, family_of, recorded
from smallmodels.gqa.formulas import Times
from smallmodels.gqa.records import (
    CardStep,
    Conversion,
    Losses,
    Reading,
    Shared,
    Step,
    Steps,
    card_sharings,
    card_steps,
    converted,
    losses,
    steps,
)
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]


@checked
def sharing_quality(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Loss of models of one size by their number of key-value heads, over seeds.

    With `rows` of a run of one's own, the record's finding stands in the notes.
    """
    shown, record, source = recorded("sharing-quality", rows, device)
    found = losses(shown)
    return Table(
        caption="Quality of shared heads: loss of models of equal size on unseen text",
        columns=_quality_columns(found[0].n_kv_heads),
        rows=tuple(
            {
                "n_kv_heads": one.n_kv_heads,
                "loss": Cell(one.mean, source),
                "deviation": one.deviation,
                "gap": one.gap,
                "margin": one.margin,
                "worse": one.worse,
                "seeds": len(one.by_seed),
            }
            for one in found
        ),
        finding=_quality_finding(found),
        notes=_seeds_told(found) + _beside(sharing_quality, "sharing-quality", rows, device),
        record=record,
        series=_quality_series(found),
    )


def _quality_columns(most: int) -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d"),
        Column("loss", "mean loss", "nats a character", ".3f"),
        Column(
            "deviation", "standard deviation", "nats", ".3f", "Between runs that differ in their seed only."
        ),
        Column("gap", f"against {most} KV heads", "nats", "+.3f", "Mean over seeds."),
        Column("margin", "give or take", "nats", ".3f", "95% interval of the mean, by Student's t."),
        Column("worse", "worse in", "runs", "d", "Each against the run of the same seed."),
        Column("seeds", "of", "runs", "d"),
    )


def _quality_finding(found: Sequence[Losses]) -> str:
    first, *fewer = found
    shown = ", ".join(map(_gap_told, fewer)) or "none compared"
    return f"Against {first.n_kv_heads} KV heads, in nats a character: {shown}."


def _seeds_told(found: Sequence[Losses]) -> tuple[str, ...]:
    widest = max(one.span for one in found)
    return (f"All at equal size. Seeds alone make up to {widest:.3f}.",) if widest else ()


def _gap_told(one: Losses) -> str:
    give = "" if one.margin is None else f" ± {one.margin:.3f}"
    gap = words.signed(one.gap or 0, 3)
    return f"{gap}{give} with {one.n_kv_heads} ({one.worse} of {len(one.by_seed)} worse)"


def _quality_series(found: Sequence[Losses]) -> dict[str, list[Row]]:
    names = {one.n_kv_heads: words.figures(one.n_kv_heads, "KV head") for one in found}
    return {
        "runs": [
            {"row": names[one.n_kv_heads], "value": loss} for one in found for loss in one.by_seed.values()
        ],
        "means": [
            {"row": names[one.n_kv_heads], "value": one.mean, "text": f"mean {one.mean:.3f}"} for one in found
        ],
    }


def _beside(show: Callable[..., Table], name: str, rows: Rows | None, device: str = "cpu") -> tuple[str, ...]:
    """What another record of the experiment says: of a run just made the same machine's, else the CPU's."""
    if rows is None:
        return _elsewhere(name, device)
    machine = facts.run(name if device == "cpu" else f"{name}-{device}").device
    return (f"Recorded before, on {machine}: {show(device=device).finding}",)


def _elsewhere(name: str, device: str) -> tuple[str, ...]:
    """How far the losses of another device's record lie from the CPU's, run by run."""
    if device == "cpu":
        return ()
    runs = zip(facts.run(f"{name}-{device}").rows, facts.run(name).rows, strict=True)
    apart = max(abs(row["loss"] - other["loss"]) for row, other in runs)
    return (f"Same seeds, same text: no run differs from the one on the CPU by more than {apart:.3f} nats.",)


@checked
def conversion(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Loss of a trained MHA whose heads were merged in several ways, before and after training on.

    With `rows` of a run of one's own, the record's finding stands in the notes.
    """
    shown, record, source = recorded("conversion", rows, device)
    found = converted(shown)
    names = {share: f"after {share:.0%} more" if share else "at once" for share in found.shares}
    return Table(
        caption="A trained model made to share its heads: loss on unseen text",
        columns=(
            Column(
                "way", "new head", meaning="Of a group: the mean of its heads, its first, noise; or all kept."
            ),
            *(
                Column(f"loss_{i}", name, "nats a character", ".3f", "Mean over seeds.")
                for i, name in enumerate(names.values())
            ),
        ),
        rows=tuple(
            {"way": way, **{f"loss_{i}": Cell(found.mean(way, s), source) for i, s in enumerate(names)}}
            for way in found.ways
        ),
        finding=_conversion_finding(found, names),
        notes=_beside(conversion, "conversion", rows, device),
        record=record,
        series=_conversion_series(found, names),
    )


def _conversion_finding(found: Conversion, names: dict[float, str]) -> str:
    ranks = ", ".join(f"{found.best(share)!r} {name}" for share, name in names.items())
    return f"Best is {ranks}; it is then {found.behind:.3f} nats behind keeping all heads."


def _conversion_series(found: Conversion, names: dict[float, str]) -> dict[str, list[Row]]:
    cases = [(name, way, share) for share, name in names.items() for way in found.ways]
    return {
        "runs": [
            {"row": name, "way": way, "value": loss}
            for name, way, share in cases
            for loss in found.found[way, share].values()
        ],
        "means": [{"row": name, "way": way, "value": found.mean(way, share)} for name, way, share in cases],
        "names": [{"row": name, "text": name} for name in names.values()],
    }


@checked
def decode_time(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Time of a decoding step, bytes read, and the line t = t0 + bytes / bandwidth through them.

    With `rows` of a run of one's own, the record's finding stands in the notes.
    """
    shown, record, source = recorded("decode-time", rows, device)
    found = steps(shown)
    line = found.line()
    return Table(
        caption="A decoding step: bytes read and time taken",
        columns=_decode_columns(found.most_heads),
        rows=tuple(
            {
                "n_kv_heads": step.n_kv_heads,
                "context": step.context,
                "read_gb": step.gb,
                "ms": Cell(step.ms, source),
                "fitted_ms": line.at(step.gb),
                "fewer": step.fewer(found.whole(step)),
                "faster": step.faster(found.whole(step)),
            }
            for step in found.all
        ),
        finding=_decode_finding(found),
        notes=(_line_told(found, line), *_beside(decode_time, "decode-time", rows)),
        record=record,
        series=_decode_series(found, line),
    )


def _decode_columns(most: int) -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d"),
        Column("context", "tokens cached", format=",d"),
        Column("read_gb", "bytes read", "GB", ".3f", "Weights and cache, as predicted; GB is 10^9 bytes."),
        Column("ms", "time", "ms", ".2f", "Median of the rounds."),
        Column("fitted_ms", "on the line", "ms", ".2f", "t0 + bytes / bandwidth, by least squares."),
        Column("fewer", "times fewer bytes", format=".2f", meaning=f"Against {most} KV heads."),
        Column("faster", "times as fast", format=".2f", meaning=f"Against {most} KV heads."),
    )


def _decode_series(found: Steps, line: Times) -> dict[str, list[Row]]:
    contexts = found.contexts
    most_read = max(step.gb for step in found.all)
    return {
        "points": [_timed_point(step, contexts.index(step.context)) for step in found.all],
        "tags": [
            {"read_gb": step.gb, "ms": step.ms, "text": str(step.n_kv_heads)}
            for step in found.all
            if step.context == contexts[-1]
        ],
        "key": [{"place": place, "text": _cached(context)} for place, context in enumerate(contexts)],
        "line": [{"read_gb": gb, "ms": line.at(gb)} for gb in (0.0, most_read)],
    }


def _timed_point(step: Step, place: int) -> Row:
    return {
        "read_gb": step.gb,
        "ms": step.ms,
        "low": 1e3 * step.least,
        "high": 1e3 * step.most,
        "place": place,
    }


def _cached(context: int) -> str:
    return f"{context:,} tokens cached" if context else "nothing cached"


def _decode_finding(found: Steps) -> str:
    first, *_, last = found.longest()
    return (
        f"With {last.context:,} tokens cached, a step with {words.figures(last.n_kv_heads, 'KV head')} is "
        f"{last.faster(first):.1f} times as fast as with {first.n_kv_heads}, where the bytes say "
        f"{last.fewer(first):.1f}."
    )


def _line_told(found: Steps, line: Times) -> str:
    """The line in words, or that there is none: then something else than reading takes the time."""
    if line.ms_per_gb <= 0 or line.explained < 0.5:
        least, most = (pick(step.ms for step in found.all) for pick in (min, max))
        return (
            f"The time does not follow the bytes here: a step takes {least:.2g} to {most:.2g} ms, "
            "whatever it reads."
        )
    speed = f"{1e3 / line.ms_per_gb:,.3g} GB/s"
    return f"t = {line.start_ms:.2g} ms + bytes / {speed} explains {line.explained:.0%} of the differences."


@checked
def gpu_decode(rows: Rows | None = None, card: str = "H100 SXM5 80GB") -> Table:
    """A decoding step of models of published shape on a card: bytes, time, and share of its bandwidth.

    `card` is the one the rows were measured on, for its published bandwidth; ValueError for an unknown one.
    """
    rows, record, source = recorded("published-decode", rows, "cuda")
    copy, found = card_steps(rows)
    peak = facts.gpu(card).bandwidth_gb_s
    return Table(
        caption=f"A decoding step of one sequence on the {card}",
        columns=_gpu_decode_columns(peak, copy.gb_s),
        rows=tuple(
            {
                "model": step.model,
                "context": step.context,
                "read_gb": step.gb,
                "least_ms": step.ms_at(peak),
                "ms": Cell(step.ms, source),
                "share_pct": 100 * step.gb_s / peak,
                "copy_pct": 100 * step.gb_s / copy.gb_s,
            }
            for step in found.values()
        ),
        finding=_gpu_decode_finding([*found.values()], copy, peak),
        record=record,
        series=_gpu_decode_series([*found.values()], peak),
    )


def _gpu_decode_columns(peak: float, copied: float) -> tuple[Column, ...]:
    return (
        Column("model", "model", meaning="Its published shape, with random weights in BF16."),
        Column("context", "tokens cached", format=",d", meaning="Seen before; a window keeps its size."),
        Column("read_gb", "bytes read", "GB", ".1f", "Weights and cache, as predicted; GB is 10^9 bytes."),
        Column("least_ms", "at full bandwidth", "ms", ".2f", f"Bytes / the published {peak:,.0f} GB/s."),
        Column("ms", "time", "ms", ".2f", "Replayed: one CUDA graph of all kernels; median of the rounds."),
        Column("share_pct", "of published bandwidth", "%", ".0f", "Reached by the step."),
        Column("copy_pct", "of a copy's", "%", ".0f", f"A plain copy moved {copied:,.0f} GB/s here."),
    )


def _gpu_decode_finding(found: Sequence[CardStep], copy: Reading, peak: float) -> str:
    least, most = (100 * pick(step.gb_s for step in found) / peak for pick in (min, max))
    return (
        f"A step reads weights and cache at {least:.0f}% to {most:.0f}% of the card's published bandwidth, "
        f"where a plain copy reaches {100 * copy.gb_s / peak:.0f}%."
    )


def _gpu_decode_series(found: Sequence[CardStep], peak: float) -> dict[str, list[Row]]:
    """A bar of milliseconds for each step, by context, and what the card's bandwidth would allow."""
    ordered = sorted(found, key=lambda step: step.context)
    names = [f"{step.model}, {_seen(step.context)}" for step in ordered]
    return {
        "times": [
            {"row": name, "value": step.ms, "text": f"{step.ms:.2f} ms", "family": family_of(step.model)}
            for name, step in zip(names, ordered, strict=True)
        ],
        "least": [
            {"row": name, "value": step.ms_at(peak)} for name, step in zip(names, ordered, strict=True)
        ],
    }


def _seen(context: int) -> str:
    return f"{context:,} tokens" if context else "nothing cached"


@checked
def gpu_sharing(rows: Rows | None = None) -> Table:
    """The attention of a decoding step on a card, over a long cache, by the number of KV heads."""
    rows, record, source = recorded("shared-decode", rows, "cuda")
    found = card_sharings(rows)
    first, last = found[0], found[-1]
    return Table(
        caption="Attention of a decoding step over a long cache, all layers together, on a card",
        columns=_gpu_sharing_columns(first.n_kv_heads),
        rows=tuple(
            {
                "n_kv_heads": one.n_kv_heads,
                "read_gb": one.grouped.gb,
                "ms": Cell(one.grouped.ms, source),
                "gain": one.grouped.faster(first.grouped),
                "bytes_gain": one.grouped.fewer(first.grouped),
                "gb_s": one.grouped.gb_s,
                "packed_ms": Cell(one.packed.ms, source),
            }
            for one in found
        ),
        finding=(
            f"With {last.n_kv_heads} instead of {first.n_kv_heads} KV heads the attention is "
            f"{last.grouped.faster(first.grouped):.1f} times faster, where the bytes say "
            f"{last.grouped.fewer(first.grouped):.0f} times."
        ),
        record=record,
        series=_gpu_sharing_series(found),
    )


def _gpu_sharing_columns(most: int) -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d"),
        Column("read_gb", "cache read", "GB", ".2f", "Keys and values, as predicted; GB is 10^9 bytes."),
        Column("ms", "time", "ms", ".2f", "PyTorch's own sharing of heads; median of the rounds."),
        Column("gain", "times faster", format=".1f", meaning=f"Than with {most} KV heads."),
        Column("bytes_gain", "by bytes", format=".0f", meaning=f"Fewer than {most} KV heads have."),
        Column("gb_s", "read at", "GB/s", ",.0f", "Bytes / time."),
        Column(
            "packed_ms",
            "packed",
            "ms",
            ".2f",
            "A group as rows of one query: our way on a CPU.",
        ),
    )


def _gpu_sharing_series(found: Sequence[Shared]) -> dict[str, list[Row]]:
    """A bar of milliseconds for each number of heads and way, and what the bytes say of it."""
    first = found[0].grouped
    cases = [
        (words.figures(one.n_kv_heads, "KV head") + end, way, reading)
        for one in found
        for way, end, reading in (("grouped", "", one.grouped), ("packed", ", packed", one.packed))
    ]
    return {
        "times": [
            {"row": name, "value": reading.ms, "text": f"{reading.ms:.2f} ms", "way": way}
            for name, way, reading in cases
        ],
        "predicted": [{"row": name, "value": first.ms / reading.fewer(first)} for name, _, reading in cases],
    }
