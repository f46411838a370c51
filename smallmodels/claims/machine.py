"""The claims on the machine: shared heads, the window, speed and memory."""

import re
from functools import lru_cache

from smallmodels import facts, gqa, speed, swa, words
from smallmodels.claims.formulas import about, of_parts
from smallmodels.claims.records import Judgement, judges, state
from smallmodels.facts import PostInference
from smallmodels.gqa.records import trio_means, trios
from smallmodels.memory import GB, Load
from smallmodels.speed import BASELINE, CHALLENGER, POST_GPU, Comparison, difference_pct
from smallmodels.verdicts import CAVEAT, RIGHT, UNTOLD, WRONG
from smallmodels.words import signed

MISTRAL, LLAMA = facts.model(CHALLENGER), facts.model(BASELINE)
LARGER = "Llama 2 13B"
WINDOW = 4096  # what the post says the window is; the model's own stands in its shape
SIMILAR_PCT = 10  # memory is called similar up to this difference
ABOUT_PCT = 5  # what "about" may mean of a time or a size
FOUR_BIT = "Q4_K_M"  # the usual files in four bits


@lru_cache(256)
def two(cached: int, batch: int) -> Comparison:
    """The post's two 7Bs on its card, in FP16."""
    return speed.comparison(POST_GPU, "FP16", batch, cached)


def claimed_speedup() -> float:
    """How many times faster shared heads are said to make it."""
    told = next(one.claim for one in facts.claims() if one.id == "C13")
    found = re.search(r"about ([\d.]+) times faster", told)
    assert found, "The claim says how many times."
    return float(found[1])


def at_load(cached: int, batch: int) -> str:
    """A load in words: `one sequence with nothing cached`."""
    tokens = f"{cached:,} tokens cached in each" if cached else "nothing cached"
    return f"{words.count(batch, 'sequence')}, {tokens}"


def ceilings(cached: int, batch: int) -> str:
    """The state of chapter 05's table of ceilings."""
    return state("inference", batch=batch, context=cached)


@judges("C12")
def cache_saved() -> Judgement:
    """Bytes of cache for each token against a head for every query head."""
    ours, theirs = gqa.cache_of(CHALLENGER, 1), gqa.cache_of(BASELINE, 1)
    saved = ours.token_bytes < theirs.token_bytes
    told = f"{ours.token_bytes / 1024:.0f} KiB a token against {theirs.token_bytes / 1024:.0f}, always."
    return Judgement(RIGHT if saved else WRONG, told, state("kv-cache", model=CHALLENGER, n_kv_heads=8))


@judges("C13")
def shared_heads_speed(cached: int, batch: int) -> Judgement:
    """The ratio of the ceilings under a load against the one claimed."""
    theirs, ours = two(cached, batch).speeds
    claimed, ratio = claimed_speedup(), ours / theirs
    means = trio_means(trios())
    needed = speed.tokens_for_lead(MISTRAL, LLAMA, "FP16", claimed)
    told = (
        f"{ratio:.2f} times with {at_load(cached, batch)}; {claimed:g} takes {needed:,.0f} tokens together. "
        f"Quality of a 30B: {signed(means['gqa'] - means['mha'])} points."
    )
    fast = ratio >= claimed or about(ratio, claimed, ABOUT_PCT)
    return Judgement(CAVEAT if fast else WRONG, told, ceilings(cached, batch))


@judges("C14")
def window() -> Judgement:
    """The configuration's window, and whether every layer has it."""
    holds = MISTRAL.sliding_window == WINDOW and gqa.every_layer_alike(MISTRAL)
    told = f"The configuration has {MISTRAL.sliding_window:,} in each of its {MISTRAL.n_layers} layers."
    return Judgement(RIGHT if holds else WRONG, told, state("cache", model=CHALLENGER))


@judges("C15")
def spread_over_layers() -> Judgement:
    """Positions that can be heard against the context; what of it can be used is another question."""
    heard = swa.Context(MISTRAL).heard
    enough = heard >= MISTRAL.configured_context
    told = (
        f"It hears {heard - 1:,} positions back, of a context of {MISTRAL.configured_context:,}; "
        "that it finds what lies behind one window is unproven."
    )
    return Judgement(CAVEAT if enough else WRONG, told, state("reach", n_layers=MISTRAL.n_layers))


@judges("C16")
def context() -> Judgement:
    """Lengths trained on; a window adds nothing that was measured."""
    ours, theirs = swa.Context(MISTRAL), swa.Context(LLAMA)
    times = ours.trained / theirs.trained
    told = (
        f"{ours.trained:,} against {theirs.trained:,} tokens: {times:g} times, by training and not by the "
        "window; what it finds beyond was not published."
    )
    return Judgement(CAVEAT if times >= 2 else WRONG, told, state("effective", model=CHALLENGER))


@judges("C17")
def tokens_a_second(cached: int, batch: int) -> Judgement:
    """The two speeds of one sequence against their ceilings; with more of them the lead alone."""
    found, post, shows = two(cached, batch), speed.post_row("speed"), ceilings(cached, batch)
    assert post.improvement_pct, "The post says by how much."
    if found.unfit:
        return Judgement(UNTOLD, f"{words.listed(found.unfit)} does not fit the {POST_GPU} then.", shows)
    (theirs, ours), lead = found.speeds, difference_pct(found.speeds[1], found.speeds[0])
    tokens = speed.tokens_for_lead(MISTRAL, LLAMA, "FP16", 1 + post.improvement_pct / 100)
    told = f"At most {ours:,.0f} and {theirs:,.0f} with {at_load(cached, batch)}: {signed(lead)}%."
    told += f" The post's lead takes {tokens:,.0f} tokens together."
    if found.above:
        return Judgement(
            WRONG, f"{told} The post's speed of {words.listed(found.above)} is above that.", shows
        )
    enough = lead >= post.improvement_pct
    return Judgement(CAVEAT if enough else WRONG, told, shows)


def post_values(row: PostInference) -> dict[str, float]:
    """A row of the post's third table by model."""
    return {BASELINE: row.baseline_value, CHALLENGER: row.challenger_value}


@judges("C18")
def fp16(cached: int, batch: int) -> Judgement:
    """Weights and cache, rounded to the digit that the post prints."""
    loads = {shape.name: Load(shape, "FP16", batch, cached) for shape in (LLAMA, MISTRAL)}
    found = {name: load.total_bytes / GB for name, load in loads.items()}
    post = post_values(speed.post_row("memory-fp16"))
    holding = sum(abs(found[name] - post[name]) < 0.05 for name in post)
    told = f"{found[BASELINE]:.2f} and {found[CHALLENGER]:.2f} GB with {at_load(cached, batch)}."
    return Judgement(of_parts(holding, len(post)), told, footprint("FP16", cached, batch))


def footprint(precision: str, cached: int, batch: int) -> str:
    """The state of chapter 05's table of memory."""
    return state("footprint", precision=precision, batch=batch, context=cached)


@judges("C19")
def four_bits() -> Judgement:
    """Sizes of the usual files, which hold scales and whole layers too."""
    files = {f.model: f.size_bytes / GB for f in facts.weight_files() if f.precision == FOUR_BIT}
    post = post_values(speed.post_row("memory-4bit"))
    holding = sum(about(files[name], post[name], ABOUT_PCT) for name in post)
    told = f"The usual files have {files[BASELINE]:.2f} and {files[CHALLENGER]:.2f} GB, so “about” holds."
    return Judgement(of_parts(holding, len(post)), told, footprint("INT4", 4096, 1))


@judges("C20")
def every_respect(cached: int, batch: int) -> Judgement:
    """Every measure of the post's third table under a load: none may be worse."""
    found = two(cached, batch)
    theirs, ours = found.speeds
    sizes = {p: [Load(s, p, batch, cached).total_bytes for s in (LLAMA, MISTRAL)] for p in ("FP16", "INT4")}
    better = {
        "speed": ours > theirs,
        "memory in FP16": sizes["FP16"][1] < sizes["FP16"][0],
        "memory in 4 bits": sizes["INT4"][1] < sizes["INT4"][0],
        "context": MISTRAL.trained_context > LLAMA.trained_context,
    }
    worse = [name for name, holds in better.items() if not holds]
    told = f"Better in {len(better) - len(worse)} of {len(better)} measures with {at_load(cached, batch)}"
    told += f"; worse in {words.listed(worse)}." if worse else "; but only from such a load on."
    return Judgement(WRONG if worse else CAVEAT, told, ceilings(cached, batch))


@judges("C22")
def fits(cached: int, batch: int) -> Judgement:
    """The 13B on the post's gaming card: not in FP16, and with room to spare in four bits."""
    card, shape = facts.gpu("RTX 4090"), facts.model(LARGER)
    whole, small = (Load(shape, precision, batch, cached) for precision in ("FP16", "INT4"))
    weights = whole.weight_bytes / GB
    printed = next(row.memory_gb for row in facts.post_costs() if row.model == LARGER)
    told = (
        f"{weights:.1f} GB of weights in FP16; in 4 bits {small.total_bytes / GB:.1f} GB with "
        f"{at_load(cached, batch)}; the card holds {card.memory_bytes / GB:.1f}."
    )
    parts = (about(weights, printed, ABOUT_PCT), not whole.fits(card), small.fits(card))
    return Judgement(of_parts(sum(parts), len(parts)), told, footprint("INT4", cached, batch))


@judges("C27")
def computing(cached: int) -> Judgement:
    """Operations of a step: shared heads save bytes, only a full window saves some of these."""
    found = two(cached, 1)
    more = difference_pct(found.ours.n_flops, found.theirs.n_flops)
    size = f"{abs(more):.1f}% {'more' if more > 0 else 'less'}"
    told = f"Mistral 7B computes {size} a token with {at_load(cached, 1)}"
    told += "; shared heads save none of it." if more > 0 else ", by its window; shared heads save none."
    return Judgement(WRONG if more > 0 else CAVEAT, told, ceilings(cached, 1))


@judges("C29")
def similar(cached: int, batch: int) -> Judgement:
    """Weights and cache of both: similar as long as no cache to speak of is counted."""
    theirs, ours = (Load(shape, "FP16", batch, cached).total_bytes for shape in (LLAMA, MISTRAL))
    more = difference_pct(max(ours, theirs), min(ours, theirs))
    alike = more <= SIMILAR_PCT
    why = "similar while the cache, which is what sharing shrinks, is small" if alike else "sharing shows"
    told = f"{theirs / GB:.1f} and {ours / GB:.1f} GB with {at_load(cached, batch)}: {why}."
    return Judgement(CAVEAT if alike else WRONG, told, footprint("FP16", cached, batch))
