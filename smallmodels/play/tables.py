"""What a setting of the small model costs, and two of them side by side."""

from collections.abc import Sequence

from smallmodels import words
from smallmodels.arguments import checked
from smallmodels.play.recorded import Loss, exact, loss, provenance
from smallmodels.play.records import BITS, KV_HEADS, MOST_WINDOW, TEXT_LENGTH, TRAINED, Setting
from smallmodels.table import Cell, Column, Table, Value

KB = 1e3
CLEAR = 2  # standard errors from which a difference is one
STORED = (
    "Bytes as stored: FP16, or rounded weights with a scale for each 32; the cache in FP16. The page’s "
    "engine widens every number to four bytes before it multiplies."
)


def _setting(n_kv_heads: int, bits: int, window: int, full: bool, context: int) -> Setting:
    return Setting(n_kv_heads, bits, None if full else window, context)


def first(context: int) -> Setting:
    """The setting that a reader begins with, which is how the model was trained."""
    return Setting(*TRAINED, context)


@checked
def writer(
    window: int = 32, full: bool = False, n_kv_heads: int = 2, bits: int = 16, context: int = 250
) -> Table:
    """Loss, cache, weights and bytes a step of a setting, beside the one the model was trained in."""
    start, chosen = first(context), _setting(n_kv_heads, bits, window, full, context)
    note, source = provenance()
    return Table(
        caption=f"The small model after {context:,} characters, as trained and as set",
        columns=(
            Column("setting", "setting"),
            Column("loss", "loss", "nats a character", ".3f", "Recorded on text that no model has seen."),
            Column("above", "above exact", "nats", "+.3f", f"The language itself costs {exact():.3f}."),
            Column("change", "against trained", "nats", "+.3f"),
            Column(
                "errors", "that is", "standard errors", ".1f", "Of the difference, character by character."
            ),
            Column("cache_kb", "cache", "kB", ",.1f", "Keys and values kept."),
            Column("weights_kb", "weights", "kB", ",.0f"),
            Column("step_kb", "read a step", "kB", ",.0f", "Weights and cache."),
        ),
        rows=tuple(
            _row(s, name, source) for name, s in {"as trained": start, f"set: {chosen.name}": chosen}.items()
        ),
        finding=_finding(start, chosen),
        notes=(STORED, note),
        series=_series(chosen),
    )


def _row(setting: Setting, name: str, source: str) -> dict[str, Value | Cell]:
    found, change = loss(setting), _change(setting)
    return {
        "setting": name,
        "loss": Cell(found.nats, source),
        "above": found.nats - exact(),
        "change": change,
        "errors": abs(change) / found.error if found.error else 0.0,
        "cache_kb": setting.kept_bytes() / KB,
        "weights_kb": setting.weight_bytes / KB,
        "step_kb": setting.step_bytes / KB,
    }


def _change(setting: Setting) -> float:
    return loss(setting).nats - loss(first(setting.context)).nats


def _finding(start: Setting, chosen: Setting) -> str:
    if (chosen.n_kv_heads, chosen.bits, chosen.window) == TRAINED:
        above = loss(start).nats - exact()
        return f"As trained it is {above:.2f} nats a character above the language itself. Move something."
    saved = 100 * (1 - chosen.step_bytes / start.step_bytes)
    bytes_ = (
        "the same bytes"
        if abs(saved) < 0.5
        else f"{abs(saved):.0f}% {'fewer' if saved > 0 else 'more'} bytes"
    )
    return f"{_worth(_change(chosen), loss(chosen))}, for {bytes_} a step."


def _worth(change: float, found: Loss) -> str:
    errors = abs(change) / found.error if found.error else 0.0
    if errors < CLEAR:
        return f"Costs nothing that can be told ({errors:.1f} standard errors)"
    kind = "Costs" if change > 0 else "Gains"
    return f"{kind} {abs(change):.3f} nats a character, {errors:.0f} standard errors"


def _series(chosen: Setting) -> dict[str, list[dict[str, Value]]]:
    def line(heads: int, bits: int, name: str) -> list[dict[str, Value]]:
        windows: list[int | None] = [*range(1, MOST_WINDOW + 1), None]
        settings = [Setting(heads, bits, window, chosen.context) for window in windows]
        return [{"window": s.window or TEXT_LENGTH, "loss": loss(s).nats, "line": name} for s in settings]

    heads, bits, _ = TRAINED
    here: dict[str, Value] = {"window": chosen.window or TEXT_LENGTH, "loss": loss(chosen).nats}
    return {
        "trained": line(heads, bits, "as trained"),
        "set": line(chosen.n_kv_heads, chosen.bits, "as set"),
        "here": [{**here, "text": f"{here['loss']:.3f}"}],
        "exact": [{"loss": exact(), "text": f"the language itself, {exact():.3f}"}],
    }


SLIDERS = ("window", "bits", "KV heads")


@checked
def sliders(control: str = "window", context: int = 250) -> Table:
    """Everything that was recorded of one control, the others left as the model was trained."""
    if control not in SLIDERS:
        raise ValueError(f"The controls are {', '.join(SLIDERS)}, not {control!r}.")
    note, source = provenance()
    start = first(context)
    settings = _moved(control, context)
    return Table(
        caption=f"The loss by {control}, all else as trained, after {context:,} characters",
        columns=(
            Column("value", control),
            Column("loss", "loss", "nats a character", ".3f", "Recorded on text that no model has seen."),
            Column("change", "against trained", "nats", "+.3f"),
            Column("errors", "that is", "standard errors", ".1f"),
            Column("cache_kb", "cache", "kB", ",.1f"),
            Column("weights_kb", "weights", "kB", ",.0f"),
            Column("step_kb", "read a step", "kB", ",.0f"),
        ),
        rows=tuple(_row(setting, "", source) | {"value": name} for name, setting in settings.items()),
        finding=_free(control, list(settings.values()), start),
        notes=(note,),
        series={
            "losses": [
                {"value": name, "loss": loss(s).nats, "trained": s == start} for name, s in settings.items()
            ]
        },
    )


def _moved(control: str, context: int) -> dict[str, Setting]:
    """Every value of a control by name, as a setting."""
    heads, bits, window = TRAINED
    if control == "bits":
        return {f"{each}": Setting(heads, each, window, context) for each in BITS}
    if control == "KV heads":
        return {f"{each}": Setting(each, bits, window, context) for each in KV_HEADS}
    windows: list[int | None] = [*range(1, MOST_WINDOW + 1), None]
    return {"all" if w is None else f"{w}": Setting(heads, bits, w, context) for w in windows}


def _free(control: str, settings: Sequence[Setting], start: Setting) -> str:
    """Which values cost nothing that can be told from how the model was trained."""
    rest = [s for s in settings if s != start]
    free = [s for s in rest if abs(_change(s)) < CLEAR * loss(s).error]
    worst = max(rest, key=_change)
    many = f"{words.number(len(free)) if free else 'none'} of the {words.number(len(rest))} other values"
    first_words = words.sentence(f"{many} cost nothing that can be told")[:-1]
    if worst in free:
        return f"{first_words}."
    return f"{first_words}; {worst.name} costs {_change(worst):.2f} nats."


@checked
def race(
    left_window: int = 32,
    left_full: bool = False,
    left_heads: int = 2,
    right_window: int = 32,
    right_full: bool = True,
    right_heads: int = 2,
    context: int = 1000,
) -> Table:
    """Two settings of FP16 weights: what a step reads and computes, and how often the one is the other's."""
    left = _setting(left_heads, 16, left_window, left_full, context)
    right = _setting(right_heads, 16, right_window, right_full, context)
    return Table(
        caption=f"Two writers after {context:,} characters",
        columns=(
            Column("setting", "setting"),
            Column("cache_kb", "cache", "kB", ",.1f", "In the engine’s four bytes a number."),
            Column("step_kb", "read a step", "kB", ",.0f", "Weights and cache, in four bytes a number."),
            Column("bytes_times", "if bytes are waited for", "times as long", ".2f"),
            Column("step_mflop", "a step", "MFLOP", ",.2f", "Two for each weight, and attention."),
            Column("flops_times", "if arithmetic is", "times as long", ".2f"),
        ),
        rows=tuple(_lane(s, left, name) for name, s in {"left": left, "right": right}.items()),
        finding=_odds(left, right),
        series={
            "lanes": [
                {"lane": f"{name}: {s.name}", "cause": cause, "times": times}
                for name, s in {"left": left, "right": right}.items()
                for cause, times in (
                    ("bytes", s.step_bytes_here / left.step_bytes_here),
                    ("arithmetic", s.step_flops / left.step_flops),
                )
            ]
        },
    )


def _lane(setting: Setting, left: Setting, name: str) -> dict[str, Value | Cell]:
    return {
        "setting": f"{name}: {setting.name}",
        "cache_kb": setting.kept_bytes(4) / KB,
        "step_kb": setting.step_bytes_here / KB,
        "bytes_times": setting.step_bytes_here / left.step_bytes_here,
        "step_mflop": setting.step_flops / 1e6,
        "flops_times": setting.step_flops / left.step_flops,
    }


def _odds(left: Setting, right: Setting) -> str:
    by_bytes = right.step_bytes_here / left.step_bytes_here
    by_flops = right.step_flops / left.step_flops
    return (
        f"The right writer should take {by_bytes:.2f} times as long a character where bytes are waited for, "
        f"{by_flops:.2f} where arithmetic is."
    )
