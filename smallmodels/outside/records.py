"""What this book computes, each beside what somebody else measured, counted or published.

A check is made from the same records that the chapters show; nothing is computed anew here. `why` says what
explains a difference, where there is one to explain.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from smallmodels import facts, gqa, memory, scaling, speed
from smallmodels.memory import GB, model_parameters, weight_bytes
from smallmodels.outside.formulas import off_pct, ratio
from smallmodels.scaling import training_flops

MIB = 2**20
CONTEXT = 4096  # tokens for which public calculators are asked
UTILISATION = 0.4  # of a card's peak: the round figure that training is reckoned with
QUANTISED = {"Q4_K_M": "INT4"}  # a file's format, as this book's bits call the nearest


@dataclass(frozen=True, slots=True)
class Check:
    """One thing predicted and measured in the same `unit`; `source` says who measured it, in a sentence."""

    what: str
    predicted: float
    measured: float
    unit: str
    source: str
    why: str = ""

    @property
    def ratio(self) -> float:
        """Measured over predicted."""
        return ratio(self.predicted, self.measured)

    def within(self, pct: float) -> bool:
        """Whether they differ by no more than so many percent of the predicted."""
        return off_pct(self.predicted, self.measured) <= pct


def parameters() -> Iterator[Check]:
    """Parameters counted from shapes against those of the published weights."""
    for shape in facts.models():
        if shape.params_published and memory.countable(shape):
            where = facts.source(shape.params_source_id or shape.source_id)
            count = float(model_parameters(shape))
            yield Check(shape.name, count, float(shape.params_published), "parameters", f"{where.title}.")


def weights() -> Iterator[Check]:
    """Bytes of weights by bits a parameter against the files as published."""
    for file in facts.weight_files():
        bits = speed.SAME_BYTES.get(file.precision, QUANTISED.get(file.precision, file.precision))
        predicted = weight_bytes(model_parameters(facts.model(file.model)), bits) / GB
        mixed = "This format keeps some matrices in more bits." if file.precision in QUANTISED else ""
        source = f"{facts.source(file.source_id).title}."
        name = f"{file.model}, {file.precision}"
        yield Check(name, predicted, file.size_bytes / GB, "GB", source, mixed)


CACHE = "cache of keys and values"  # the quantity of such rows of `data/speeds.csv`


def caches() -> Iterator[Check]:
    """Bytes of caches by the formula against programs that allocate them, and against public calculators."""
    known = [row for row in facts.speeds() if row.quantity == CACHE]
    for row in known:
        if row.context_tokens:
            predicted = gqa.cache_of(row.model, row.context_tokens).n_bytes / MIB
            what = f"{row.model}, {row.context_tokens:,} tokens in {row.precision}"
        else:
            whole = next(r for r in known if r.model == row.model and r.precision == "FP16")
            if row is whole:
                continue
            predicted = whole.value * gqa.bytes_per_value(row.precision) / gqa.bytes_per_value("FP16")
            what = f"{row.model} in {row.precision}, from its size in FP16"
        yield Check(what, predicted, row.value, "MiB", f"{facts.source(row.source_id).title}.")
    yield from _calculators()


def _calculators() -> Iterator[Check]:
    cache_ = gqa.cache_of("Mistral 7B", CONTEXT)
    for program in facts.calculators():
        given = gqa.records.Reckoning(program, cache_)
        what = f"Mistral 7B, {CONTEXT:,} tokens, by {program.name} ({program.mode})"
        source = f"{facts.source(program.source_id).title}."
        yield Check(what, cache_.n_bytes / MIB, given.gb * 1e9 / MIB, "MiB", source, program.note)


def speeds() -> Iterator[Check]:
    """Ceilings of decoding against measured speeds: a ceiling is to be approached, never passed."""
    for one in speed.published():
        why = (
            "A ceiling leaves out all but reading: programs reach a part of it, quantised ones a smaller one."
        )
        name = f"{one.step.shape.name} in {one.weights}, {one.card.name}"
        yield Check(name, one.ceiling, one.speed, "tokens/s", one.source, why)
    card = facts.gpu("H100 SXM5 80GB")
    run = facts.run("published-decode-cuda")
    _, steps = gqa.card_steps(run.rows)
    for (model, context), step in steps.items():
        ceiling = 1000 / step.ms_at(card.bandwidth_gb_s)
        source = f"Our own run of {run.date} on {run.device}."
        what = f"{model}, {context:,} tokens cached, {card.name}"
        yield Check(what, ceiling, 1000 / step.ms, "tokens/s", source, "Our own run, replayed as a graph.")


def training() -> Iterator[Check]:
    """Card-hours of training by 6ND at a round utilisation against those that the makers published."""
    for release in facts.releases():
        hours, tokens, card = release.train_gpu_hours, release.train_tokens, release.train_gpu
        if not (hours and tokens and card) or release.kind != "base":
            continue
        size = model_parameters(facts.model(release.model))
        flops = UTILISATION * facts.gpu(card).dense_tflops * 1e12
        predicted = training_flops(size, tokens) / flops / 3600
        used = 100 * UTILISATION * predicted / hours
        why = f"Then {used:.0f}% of the card's peak was used."
        yield Check(
            release.model,
            predicted,
            float(hours),
            "card-hours",
            f"{facts.source(release.source_id).title}.",
            why,
        )


def laws() -> Iterator[Check]:
    """What the laws give against what their papers print of them."""
    for row in facts.projections():
        source = f"{facts.source(row.source_id).title}, {row.locator}."
        if row.n_params and row.n_tokens and row.flops:
            name = f"6ND, {_billions(row.n_params)} on {row.n_tokens / 1e12:,.3g} trillion tokens"
            exact = training_flops(row.n_params, row.n_tokens)
            why = "The papers count FLOPs in their own way, and round."
            yield Check(name, exact / 1e21, row.flops / 1e21, "10²¹ FLOP", source, why)
        if row.source_id == "chinchilla-paper" and row.n_params and row.n_tokens:
            yield from _best(row.n_params, row.n_tokens, source)
    yield from _exponents()


APPROACHES = {
    "chinchilla": "The table is the paper's first approach; its law, the third, asks for more data.",
    "besiroglu": "The table is the paper's first approach; the law is the third's, fitted anew.",
}


def _best(n_params: int, n_tokens: int, source: str) -> Iterator[Check]:
    """Best tokens for a size by the printed law and by its refit, against the paper's table."""
    names = {id: name for name, id in scaling.law_choices()}
    for id, why in APPROACHES.items():
        best = scaling.law(id).best_tokens(n_params)
        assert best, "The law speaks of a budget of compute."
        what = f"best tokens for {_billions(n_params)}, by {names[id]}"
        yield Check(what, best / 1e9, n_tokens / 1e9, "billion tokens", source, why)


def _exponents() -> Iterator[Check]:
    """The powers of compute by which size and data grow, from the rounded law, against those printed."""
    source = next(law.source_id for law in facts.laws() if law.id == "chinchilla-3")
    found = zip("ab", scaling.law("chinchilla").exponents(), strict=True)
    for name, exponent in found:
        value = facts.law("chinchilla-3")[name]
        yield Check(
            f"exponent {name} of the third approach", exponent, value, "", f"{facts.source(source).title}."
        )


def _billions(n: int) -> str:
    return f"{n / 1e9:,.4g}B"


KINDS: dict[str, tuple[str, Callable[[], Iterator[Check]]]] = {
    "parameters": ("parameters, counted from shapes", parameters),
    "weights": ("files of weights", weights),
    "caches": ("caches of keys and values", caches),
    "speeds": ("speeds of decoding", speeds),
    "training": ("hours of training", training),
    "laws": ("what the laws give", laws),
}


def kinds() -> list[tuple[str, str]]:
    """What can be checked, as (what to call it, id)."""
    return [(name, id) for id, (name, _) in KINDS.items()]


@cache
def checks(kind: str) -> tuple[Check, ...]:
    """Every check of a kind; `ValueError` for a kind there is none of."""
    if kind not in KINDS:
        raise ValueError(f"There is nothing called {kind!r} to check; choose one of {', '.join(KINDS)}.")
    return tuple(KINDS[kind][1]())


def every() -> list[Check]:
    """The checks of all kinds."""
    return [check for kind in KINDS for check in checks(kind)]
