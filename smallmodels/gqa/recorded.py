"""Chapter 03, measured: quality, conversion and time of shared heads, on a CPU and on a card."""

from math import sqrt
from statistics import fmean, linear_regression, pvariance, stdev
from typing import Any, NamedTuple

from smallmodels import facts, words
from smallmodels.facts import Rows, family_of, recorded
from smallmodels.table import Cell, Column, Table, Value

Row = dict[str, Value]
Timed = dict[str, Any]  # a row of a record


STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # t of 95%, for 2 to 10 values


def sharing_quality(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Loss of models of one size by their number of key-value heads, over seeds."""
    rows, notes, source = recorded("sharing-quality", rows, device)
    heads = sorted({row["n_kv_heads"] for row in rows}, reverse=True)
    losses = {n: {row["seed"]: row["loss"] for row in rows if row["n_kv_heads"] == n} for n in heads}
    gaps = {n: [loss - losses[heads[0]][seed] for seed, loss in losses[n].items()] for n in heads}
    return Table(
        caption="Quality of shared heads: loss of models of equal size on unseen text",
        columns=(
            Column("n_kv_heads", "KV heads", format="d"),
            *_spread_columns("loss", "nats a character"),
            Column("gap", f"against {heads[0]} KV heads", "nats", "+.3f", "Mean over seeds."),
            Column("margin", "give or take", "nats", ".3f", "95% interval of the mean, by Student's t."),
            Column("worse", "worse in", "runs", "d", "Each against the run of the same seed."),
            Column("seeds", "of", "runs", "d"),
        ),
        rows=tuple(
            {
                "n_kv_heads": n,
                **_spread("loss", [*losses[n].values()], source),
                "gap": fmean(gaps[n]) if n != heads[0] else None,
                "margin": _margin(gaps[n]) if n != heads[0] else None,
                "worse": sum(gap > 0 for gap in gaps[n]) if n != heads[0] else None,
                "seeds": len(gaps[n]),
            }
            for n in heads
        ),
        finding=_quality_finding(losses, gaps, heads),
        notes=notes + _elsewhere("sharing-quality", rows, device),
        series=_quality_series(losses),
    )


def _quality_finding(
    losses: dict[int, dict[int, float]], gaps: dict[int, list[float]], heads: list[int]
) -> str:
    shown = ", ".join(
        f"{_gap(gaps[n])} with {n} ({sum(gap > 0 for gap in gaps[n])} of {len(gaps[n])} worse)"
        for n in heads[1:]
    )
    widest = max(max(found.values()) - min(found.values()) for found in losses.values())
    against = (
        f"Loss against {heads[0]} KV heads at equal size, in nats a character: {shown or 'none compared'}."
    )
    return f"{against} Seeds alone make up to {widest:.3f}." if widest else against


def _gap(gaps: list[float]) -> str:
    margin = _margin(gaps)
    return words.signed(fmean(gaps), 3) + ("" if margin is None else f" ± {margin:.3f}")


def _margin(gaps: list[float]) -> float | None:
    """Half of the 95% interval of a mean; beyond ten values a little too wide, None for a single one."""
    if len(gaps) < 2:
        return None
    return STUDENT[min(len(gaps), len(STUDENT) + 1) - 2] * stdev(gaps) / sqrt(len(gaps))


def _quality_series(losses: dict[int, dict[int, float]]) -> dict[str, list[Row]]:
    names = {n: words.figures(n, "KV head") for n in losses}
    means = {n: fmean(found.values()) for n, found in losses.items()}
    return {
        "runs": [{"row": names[n], "value": loss} for n, found in losses.items() for loss in found.values()],
        "means": [{"row": names[n], "value": means[n], "text": f"mean {means[n]:.3f}"} for n in losses],
    }


def conversion(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Loss of a trained MHA whose heads were merged in several ways, before and after training on."""
    rows, notes, source = recorded("conversion", rows, device)
    shares = sorted({row["extra"] for row in rows})
    ways = list(dict.fromkeys(row["way"] for row in rows))
    found = {
        share: {
            way: [row["loss"] for row in rows if row["way"] == way and row["extra"] == share] for way in ways
        }
        for share in shares
    }
    means = {share: {way: fmean(found[share][way]) for way in ways} for share in shares}
    names = {share: f"after {share:.0%} more" if share else "at once" for share in shares}
    return Table(
        caption="A trained model made to share its heads: loss on unseen text",
        columns=(
            Column(
                "way", "new head", meaning="Of a group: the mean of its heads, its first, noise; or all kept."
            ),
            *(
                Column(f"loss_{i}", names[s], "nats a character", ".3f", "Mean over seeds.")
                for i, s in enumerate(shares)
            ),
        ),
        rows=tuple(
            {"way": way, **{f"loss_{i}": Cell(means[s][way], source) for i, s in enumerate(shares)}}
            for way in ways
        ),
        finding=_conversion_finding(means, names),
        notes=notes + _elsewhere("conversion", rows, device),
        series={
            "runs": [
                {"row": names[share], "way": way, "value": loss}
                for share in shares
                for way in ways
                for loss in found[share][way]
            ],
            "means": [
                {"row": names[share], "way": way, "value": means[share][way]}
                for share in shares
                for way in ways
            ],
            "names": [{"row": name, "text": name} for name in names.values()],
        },
    )


def _conversion_finding(means: dict[float, dict[str, float]], names: dict[float, str]) -> str:
    merged = {s: {way: loss for way, loss in found.items() if way != "kept"} for s, found in means.items()}
    best = {share: min(losses, key=lambda way: losses[way]) for share, losses in merged.items()}
    last = max(means)
    ranks = ", ".join(f"{way!r} {names[share]}" for share, way in best.items())
    behind = means[last][best[last]] - means[last]["kept"]
    return (
        f"Best is {ranks}; it is then {behind:.3f} nats behind the model that kept its heads and trained on."
    )


def decode_time(rows: Rows | None = None, device: str = "cpu") -> Table:
    """Time of a decoding step, bytes read, and the line t = t0 + bytes / bandwidth through them."""
    rows, notes, source = recorded("decode-time", rows, device)
    line = fit_times(rows)
    most = max(row["n_kv_heads"] for row in rows)
    whole = {row["context"]: row for row in rows if row["n_kv_heads"] == most}
    places = {context: place for place, context in enumerate(sorted(whole))}
    return Table(
        caption="A decoding step: bytes read and time taken",
        columns=(
            Column("n_kv_heads", "KV heads", format="d"),
            Column("context", "tokens cached", format=",d"),
            Column(
                "read_gb", "bytes read", "GB", ".3f", "Weights and cache, as predicted; GB is 10^9 bytes."
            ),
            Column("ms", "time", "ms", ".2f", "Median of the rounds."),
            Column("fitted_ms", "on the line", "ms", ".2f", "t0 + bytes / bandwidth, by least squares."),
            Column("fewer", "times fewer bytes", format=".2f", meaning=f"Against {most} KV heads."),
            Column("faster", "times as fast", format=".2f", meaning=f"Against {most} KV heads."),
        ),
        rows=tuple(
            {
                "n_kv_heads": row["n_kv_heads"],
                "context": row["context"],
                "read_gb": gb,
                "ms": Cell(ms, source),
                "fitted_ms": line.start_ms + line.ms_per_gb * gb,
                "fewer": whole[row["context"]]["bytes"] / row["bytes"],
                "faster": whole[row["context"]]["seconds"] / row["seconds"],
            }
            for row, gb, ms in ((row, row["bytes"] / 1e9, row["seconds"] * 1e3) for row in rows)
        ),
        finding=_decode_finding(rows, line),
        notes=notes,
        series={
            "points": [_timed_point(row, places[row["context"]]) for row in rows],
            "tags": [_timed_tag(row) for row in rows if row["context"] == max(whole)],
            "key": [{"place": place, "text": _cached(context)} for context, place in places.items()],
            "line": [
                {"read_gb": gb, "ms": line.start_ms + line.ms_per_gb * gb}
                for gb in (0.0, max(row["bytes"] for row in rows) / 1e9)
            ],
        },
    )


class Times(NamedTuple):
    """Milliseconds of a step: a start, so many for each GB read, so many for each cached token; and how much
    of the variance that explains, 0 to 1.
    """

    start_ms: float
    ms_per_gb: float
    ms_per_token: float
    explained: float


def fit_times(rows: Rows, with_tokens: bool = False) -> Times:
    """Least squares of the times of `decode_time` by bytes, and by cached tokens too if asked for.

    Two causes are fitted one after the other: what the bytes do not say of the tokens is set against the
    times first (Frisch and Waugh 1933). StatisticsError, a ValueError, when all rows read the same.
    """
    read, taken = [row["bytes"] / 1e9 for row in rows], [row["seconds"] * 1e3 for row in rows]
    cached, per_token = [float(row["context"]) for row in rows], 0.0
    if with_tokens:
        slope, base = linear_regression(read, cached)
        alone = [tokens - base - slope * gb for tokens, gb in zip(cached, read, strict=True)]
        per_token = linear_regression(alone, taken).slope
    rest = [ms - per_token * tokens for ms, tokens in zip(taken, cached, strict=True)]
    per_gb, start = linear_regression(read, rest)
    fitted = [start + per_gb * gb + per_token * tokens for gb, tokens in zip(read, cached, strict=True)]
    missed = sum((ms - by_fit) ** 2 for ms, by_fit in zip(taken, fitted, strict=True))
    return Times(start, per_gb, per_token, 1 - missed / (pvariance(taken) * len(taken)))


def _timed_point(row: dict[str, Any], place: int) -> Row:
    return {
        "read_gb": row["bytes"] / 1e9,
        "ms": row["seconds"] * 1e3,
        "low": row["least"] * 1e3,
        "high": row["most"] * 1e3,
        "place": place,
    }


def _timed_tag(row: dict[str, Any]) -> Row:
    return {"read_gb": row["bytes"] / 1e9, "ms": row["seconds"] * 1e3, "text": str(row["n_kv_heads"])}


def _cached(context: int) -> str:
    return f"{context:,} tokens cached" if context else "nothing cached"


def _decode_finding(rows: Rows, line: Times) -> str:
    longest = max(row["context"] for row in rows)
    full = sorted((row for row in rows if row["context"] == longest), key=lambda row: -row["n_kv_heads"])
    first, last = full[0], full[-1]
    gain, fewer = first["seconds"] / last["seconds"], first["bytes"] / last["bytes"]
    return (
        f"With {longest:,} tokens cached, a step with {words.figures(last['n_kv_heads'], 'KV head')} is "
        f"{gain:.1f} times as fast as with {first['n_kv_heads']}, where the bytes say {fewer:.1f}; "
        f"{_line_told(rows, line)}"
    )


def _line_told(rows: Rows, line: Times) -> str:
    """The line in words, or that there is none: then something else than reading takes the time."""
    if line.ms_per_gb <= 0 or line.explained < 0.5:
        least, most = (1e3 * pick(row["seconds"] for row in rows) for pick in (min, max))
        return (
            f"the time does not follow the bytes here: a step takes {least:.2g} to {most:.2g} ms, "
            "whatever it reads."
        )
    speed = f"{1e3 / line.ms_per_gb:,.3g} GB/s"
    return f"t = {line.start_ms:.2g} ms + bytes / {speed} explains {line.explained:.0%} of the differences."


def _elsewhere(name: str, rows: Rows, device: str) -> tuple[str, ...]:
    """How far the losses of another device's record lie from the CPU's, run by run."""
    if device == "cpu":
        return ()
    runs = zip(rows, facts.run(name).rows, strict=True)
    apart = max(abs(row["loss"] - other["loss"]) for row, other in runs)
    return (f"Same seeds, same text: no run differs from the one on the CPU by more than {apart:.3f} nats.",)


def _spread_columns(name: str, unit: str) -> tuple[Column, ...]:
    return (
        Column(name, "mean loss", unit, ".3f"),
        Column(
            "deviation", "standard deviation", "nats", ".3f", "Between runs that differ in their seed only."
        ),
    )


def _spread(name: str, values: list[float], source: str) -> dict[str, Value | Cell]:
    return {name: Cell(fmean(values), source), "deviation": stdev(values) if len(values) > 1 else None}


GRAPH = ", graph"  # a way replayed without Python: the same kernels, started by the card


def gpu_decode(rows: Rows | None = None, card: str = "H100 SXM5 80GB") -> Table:
    """A decoding step of models of published shape on a card: bytes, time, and share of its bandwidth.

    `card` is the one the rows were measured on, for its published bandwidth; ValueError for an unknown one.
    """
    rows, notes, source = recorded("published-decode", rows, "cuda")
    copy, *steps = rows
    peak, copied = facts.gpu(card).bandwidth_gb_s, _rate(copy)
    way = "step" + _replayed(steps)
    best = {(row["model"], row["context"]): row for row in steps if row["way"] == way}
    shares = {case: 100 * _rate(row) / peak for case, row in best.items()}
    return Table(
        caption=f"A decoding step of one sequence on the {card}",
        columns=_gpu_decode_columns(peak, copied),
        rows=tuple(
            {
                "model": model,
                "context": context,
                "read_gb": row["bytes"] / 1e9,
                "least_ms": row["bytes"] / peak / 1e6,
                "ms": Cell(1e3 * row["seconds"], source),
                "share_pct": shares[model, context],
                "copy_pct": 100 * _rate(row) / copied,
            }
            for (model, context), row in best.items()
        ),
        finding=(
            f"A step reads weights and cache at {min(shares.values()):.0f}% to {max(shares.values()):.0f}% "
            f"of the card's published bandwidth, where a plain copy reaches {100 * copied / peak:.0f}%."
        ),
        notes=notes,
        series=_gpu_decode_series(list(best.values()), peak),
    )


def _gpu_decode_series(steps: list[Timed], peak: float) -> dict[str, list[dict[str, Value]]]:
    """A bar of milliseconds for each step, by context, and what the card's bandwidth would allow."""
    bars: list[dict[str, Value]] = []
    least: list[dict[str, Value]] = []
    for row in sorted(steps, key=lambda row: int(row["context"])):
        cached = f"{row['context']:,} tokens" if row["context"] else "nothing cached"
        name, ms = f"{row['model']}, {cached}", 1e3 * row["seconds"]
        bars.append({"row": name, "value": ms, "text": f"{ms:.2f} ms", "family": family_of(row["model"])})
        least.append({"row": name, "value": row["bytes"] / peak / 1e6})
    return {"times": bars, "least": least}


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


def gpu_sharing(rows: Rows | None = None) -> Table:
    """The attention of a decoding step on a card, over a long cache, by the number of KV heads."""
    rows, notes, source = recorded("shared-decode", rows, "cuda")
    graphs = _replayed(rows)
    heads = sorted({row["n_kv_heads"] for row in rows}, reverse=True)
    found = {
        (row["n_kv_heads"], row["way"].removesuffix(graphs)): row for row in rows if graphs in row["way"]
    }
    first, last = found[heads[0], "grouped"], found[heads[-1], "grouped"]
    faster, fewer = first["seconds"] / last["seconds"], first["bytes"] / last["bytes"]
    return Table(
        caption="Attention of a decoding step over a long cache, all layers together, on a card",
        columns=_gpu_sharing_columns(heads[0]),
        rows=tuple(
            {
                "n_kv_heads": n,
                "read_gb": found[n, "grouped"]["bytes"] / 1e9,
                "ms": Cell(1e3 * found[n, "grouped"]["seconds"], source),
                "gain": first["seconds"] / found[n, "grouped"]["seconds"],
                "bytes_gain": first["bytes"] / found[n, "grouped"]["bytes"],
                "gb_s": _rate(found[n, "grouped"]),
                "packed_ms": Cell(1e3 * found[n, "packed"]["seconds"], source),
            }
            for n in heads
        ),
        finding=(
            f"With {heads[-1]} instead of {heads[0]} KV heads the attention is {faster:.1f} times faster, "
            f"where the bytes say {fewer:.0f} times."
        ),
        notes=notes,
        series=_gpu_sharing_series(found),
    )


def _gpu_sharing_series(found: dict[tuple[int, str], Timed]) -> dict[str, list[dict[str, Value]]]:
    """A bar of milliseconds for each number of heads and way, and what the bytes say of it."""
    cases = sorted(found, key=lambda case: (-case[0], case[1]))
    slowest = found[cases[0]]
    bars: list[dict[str, Value]] = []
    predicted: list[dict[str, Value]] = []
    for n, way in cases:
        heads = "one KV head" if n == 1 else f"{n} KV heads"
        name, ms = f"{heads}, {way}" if way == "packed" else heads, 1e3 * found[n, way]["seconds"]
        bars.append({"row": name, "value": ms, "text": f"{ms:.2f} ms", "way": way})
        fewer = slowest["bytes"] / found[n, way]["bytes"]
        predicted.append({"row": name, "value": 1e3 * slowest["seconds"] / fewer})
    return {"times": bars, "predicted": predicted}


def _gpu_sharing_columns(most: int) -> tuple[Column, ...]:
    return (
        Column("n_kv_heads", "KV heads", format="d"),
        Column("read_gb", "cache read", "GB", ".2f", "Keys and values, as predicted; GB is 10^9 bytes."),
        Column("ms", "time", "ms", ".2f", "PyTorch's own sharing of heads; median of the rounds."),
        Column("gain", "times faster", format=".1f", meaning=f"Than with {most} KV heads."),
        Column("bytes_gain", "by bytes", format=".0f", meaning=f"Fewer than {most} KV heads have."),
        Column("gb_s", "read at", "GB/s", ",.0f", "Bytes / time."),
        Column("packed_ms", "packed", "ms", ".2f", "A group as rows of one query: the best way on a CPU."),
    )


def _replayed(rows: Rows) -> str:
    return GRAPH if any(row["way"].endswith(GRAPH) for row in rows) else ""


def _rate(row: Timed) -> float:
    """GB/s."""
    return float(row["bytes"] / row["seconds"] / 1e9)
