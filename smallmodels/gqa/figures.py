"""The figures of chapter 03's sentences, in the order in which the chapter tells them."""

import re
from dataclasses import replace
from functools import cache
from math import log, log2
from statistics import fmean

from smallmodels import facts, memory, speed, swa, words
from smallmodels.figures import Texts, computed
from smallmodels.gqa import records
from smallmodels.gqa.formulas import CONFIDENCE, standard_error

MISTRAL, LLAMA = facts.model("Mistral 7B"), facts.model("Llama 2 7B")
WINDOW = MISTRAL.sliding_window or 0
CROWD = 16  # people who ask at once
CARD = "A100 80GB SXM"  # the card of the last thing to try


def read_from(text: str, pattern: str) -> str:
    """The part of a fact's wording that a pattern names."""
    found = re.search(pattern, text)
    assert found, f"There is no {pattern!r} in {text!r}."
    return found[1]


@cache
def measured(id: str) -> facts.Speed:
    """The published measurement with this id."""
    return next(one for one in facts.speeds() if one.id == id)


# What is shared.


@computed(shows="sharing?n_heads=32&n_kv_heads=8")
def shape() -> Texts:
    """Counted in Mistral 7B's published shape."""
    layer = records.Sharing(MISTRAL.n_heads, MISTRAL.n_kv_heads)
    return {
        "heads": f"{layer.n_heads}",
        "kv-heads": words.number(layer.n_kv_heads),
        "group": words.number(layer.group),
        "head-dim": f"{MISTRAL.head_dim}",
    }


@computed()
def claim() -> Texts:
    """The post's claim C13, in the table claims."""
    told = next(one.claim for one in facts.claims() if one.id == "C13")
    return {"post-speedup": read_from(told, r"([\d.]+) times faster")}


@computed(shows="kv-cache?model=Mistral%207B&n_kv_heads=8&context=4096&batch=1&precision=FP16")
def token() -> Texts:
    """Two vectors for each KV head and layer, times the numbers in a vector and two bytes for each."""
    shared = records.cache_of(MISTRAL.name, 1)
    unshared = shared.shared_by(MISTRAL.n_heads)
    assert unshared.token_bytes == shared.sharing.group * shared.token_bytes
    return {
        "token-bytes": f"{shared.token_bytes:,}",
        "token-bytes-unshared": f"{unshared.token_bytes:,}",
        "saved-part": {4: "Three quarters"}[shared.sharing.group],
    }


# What it saves.


@computed(shows="footprint?precision=FP16&batch=1&context=4096")
def weights() -> Texts:
    """Parameters, counted from the published shapes, times two bytes."""
    found = {one.name: memory.weight_bytes(memory.model_parameters(one)) for one in (LLAMA, MISTRAL)}
    return {
        "weights-llama": f"{found[LLAMA.name] / 1e9:.1f}",
        "weights-mistral": f"{found[MISTRAL.name] / 1e9:.1f}",
    }


@computed(shows="kv-cache?model=Llama%202%207B&n_kv_heads=32&context=4096&batch=16&precision=FP16")
def caches() -> Texts:
    """Bytes of a token times tokens and sequences, for both models."""
    full, shared = (records.cache_of(one.name, LLAMA.trained_context) for one in (LLAMA, MISTRAL))
    crowd, crowd_shared = (replace(one, batch=CROWD) for one in (full, shared))
    outweighed = memory.weight_bytes(memory.model_parameters(LLAMA))
    assert crowd.n_bytes > outweighed, "The caches of Llama 2 7B do not outweigh the model."
    return {
        "llama-trained": f"{full.context:,}",
        "full-gb": f"{full.gb:.2f}",
        "full-shared-gb": f"{shared.gb:.2f}",
        "crowd": {16: "sixteen"}[CROWD],
        "crowd-gb": f"{crowd.gb:.0f}",
        "crowd-shared-gb": f"{crowd_shared.gb:.1f}",
    }


@computed()
def window() -> Texts:
    """Mistral 7B's sliding window, in tokens, from its published shape."""
    return {"window": f"{WINDOW:,}"}


# When the saving is spent.


@computed(shows="break-even?n_kv_heads=8&ffn_dim=14336&precision=FP16")
def spent() -> Texts:
    """Feed-forward widths of Mistral 7B's kind, and the bytes a step reads against Llama 2 7B's, in FP16."""
    ours, theirs = memory.read_parameters(MISTRAL), memory.read_parameters(LLAMA)
    even = dict(zip(*map(speed.break_even().values, ("n_kv_heads", "equal_ffn")), strict=True))
    return {
        "equal-width": f"{even[MISTRAL.n_kv_heads]:,}",
        "ffn-width": f"{MISTRAL.ffn_dim:,}",
        "more-read": f"{speed.difference_pct(ours, theirs):.1f}%",
    }


@computed(shows="break-even?n_kv_heads=8&ffn_dim=14336&precision=FP16")
def leads() -> Texts:
    """Cached tokens at which a step of Mistral 7B reads as much as Llama 2 7B's, or the post's times less."""
    even = speed.tokens_for_lead(MISTRAL, LLAMA)
    claimed = speed.tokens_for_lead(MISTRAL, LLAMA, ratio=float(claim()["post-speedup"]))
    assert even, "Mistral 7B is ahead from the first token, or never."
    assert claimed
    return {"even": f"{even:,.0f}", "claimed-tokens": f"{claimed:,.0f}"}


# Is the time really in the bytes?


@computed(shows="decode-time")
def clock() -> Texts:
    """Settings of the recorded experiment decode-time."""
    settings = facts.run("decode-time").settings
    assert settings["contexts"][0] == 0
    return {
        "clock-layers": words.number(settings["n_layers"]),
        "clock-width": f"{settings['width']}",
        "clock-heads": words.number(max(settings["kv_heads"])),
        "clock-kv-heads": words.listed(map(words.number, settings["kv_heads"]), "or"),
        "clock-rounds": f"{settings['rounds']}",
        "clock-tokens": f"{settings['contexts'][-1]:,}",
    }


@computed(shows="decode-time")
def gains() -> Texts:
    """Bytes and times of the recorded steps, each against the step with the most KV heads."""
    found = records.steps(facts.run("decode-time").rows)
    longest = found.contexts[-1]
    bare, full, grouped = found.at(1, 0), found.at(1, longest), found.at(2, longest)
    assert full.faster(found.whole(full)) < full.fewer(found.whole(full)), "A full cache gains what it saves."
    assert found.most_heads / grouped.n_kv_heads == MISTRAL.n_heads / MISTRAL.n_kv_heads
    return {
        "bare-fewer": f"{bare.fewer(found.whole(bare)):.2f}",
        "bare-faster": f"{bare.faster(found.whole(bare)):.2f}",
        "full-fewer": f"{full.fewer(found.whole(full)):.1f}",
        "full-faster": f"{full.faster(found.whole(full)):.1f}",
        "grouped-faster": f"{grouped.faster(found.whole(grouped)):.1f}",
    }


@computed(shows="decode-time")
def lines() -> Texts:
    """Least squares through the recorded times, by bytes read, and by bytes and cached tokens."""
    run = facts.run("decode-time")
    found = records.steps(run.rows)
    line, both = found.line(), found.line(with_tokens=True)
    longest, heads = found.contexts[-1], found.most_heads
    off = {(step.n_kv_heads, step.context): step.ms - line.at(step.gb) for step in found.all}
    assert all(off[n, 0] < 0 for n in (8, 4, 2, 1)), "The line is not too high where nothing is cached."
    assert all(off[n, longest] > 0 for n in (4, 2, 1)), "The line is not too low where much is shared."
    flops = run.settings["n_layers"] * swa.attention_flops(longest + 1, heads, run.settings["width"] // heads)
    return {
        "line-explained": f"{line.explained:.0%}",
        "line-start": f"{line.start_ms:.1f}",
        "both-explained": f"{both.explained:.1%}",
        "tokens-ms": f"{both.ms_per_token * longest:.1f}",
        "clock-flops": f"{flops / 1e6:.0f}",
    }


# On a card, in real sizes.


@computed(shows="gpu-decode")
def card() -> Texts:
    """Recorded steps of Mistral 7B's shape against Llama 2 7B's, in time and in bytes."""
    run = facts.run("published-decode-cuda")
    _, found = records.card_steps(run.rows)
    empty, middle, last = run.settings["contexts"]
    pairs = {n: (found["Mistral 7B", n], found["Llama 2 7B", n]) for n in (empty, middle, last)}
    more = {n: speed.difference_pct(ours.ms, theirs.ms) for n, (ours, theirs) in pairs.items()}
    bytes_more = {n: speed.difference_pct(ours.gb, theirs.gb) for n, (ours, theirs) in pairs.items()}
    assert more[empty] > 0 > more[middle], "The break-even does not lie between the first two rows."
    assert (empty, middle) == (0, WINDOW)
    assert LLAMA.trained_context < last
    assert more[empty] <= -more[middle], "The two are said to be within the second of each other."
    return {
        "card": run.device,
        "card-some-about": f"{-more[middle]:.0f}%",
        "card-empty": f"{more[empty]:.1f}%",
        "card-empty-bytes": f"{bytes_more[empty]:.1f}%",
        "card-some": f"{-more[middle]:.1f}%",
        "card-some-bytes": f"{-bytes_more[middle]:.1f}%",
        "card-tokens": f"{last:,}",
        "card-full": f"{pairs[last][0].faster(pairs[last][1]):.2f}",
    }


@cache
def python_is_slower() -> bool:
    """Whether every replayed step was faster at its slowest than Python's own at its fastest."""
    rows = facts.run("published-decode-cuda").rows
    times = {(row["model"], row["context"], row["way"]): row for row in rows}
    cases = [(model, n) for model, n, way in times if way == "step"]
    return all(times[*case, "step"]["least"] > times[*case, "step, graph"]["most"] for case in cases)


@computed(shows="gpu-sharing")
def packed() -> Texts:
    """Recorded attention on a card over a long cache, shared by PyTorch's way and packed by ours."""
    assert python_is_slower(), "The chapter says that Python cannot start kernels fast enough."
    run = facts.run("shared-decode-cuda")
    found = {one.n_kv_heads: one for one in records.card_sharings(run.rows)}
    whole = found[MISTRAL.n_heads]
    few = [found[n].packed.ms for n in (8, 4, 1)]
    assert run.settings["n_layers"] == MISTRAL.n_layers
    assert max(few) < 1.01 * min(few), "The time of packed heads depends on their number."
    assert whole.packed.ms < 1.01 * whole.grouped.ms
    return {
        "shared-layers": f"{run.settings['n_layers']}",
        "shared-tokens": f"{run.settings['cached']:,}",
        "shared-eight": f"{found[8].grouped.faster(whole.grouped):.1f}",
        "shared-one": f"{found[1].grouped.faster(whole.grouped):.0f}",
        "packed-times": words.number(round(found[8].packed.ms / found[8].grouped.ms)),
        "packed-ms": f"{min(few):.1f}",
    }


# What it costs.


@computed(shows="sharing-quality")
def tiny() -> Texts:
    """Settings of the recorded experiment sharing-quality, and the size of Meta's 30B models against it."""
    run = facts.run("sharing-quality")
    size = run.rows[0]["parameters"]
    return {
        "tiny-size": f"{size:,}",
        "tiny-characters": f"{run.settings['characters']:,}",
        "tiny-heads": words.number(max(run.settings["kv_heads"])),
        "size-factor": words.about((facts.release("Meta ablation 30B MHA").params_rounded or 0) / size, 1),
    }


@computed()
def nat() -> Texts:
    """1 / ln 2."""
    return {"nat-bits": f"{1 / log(2):.2f}"}


@cache
def pairs() -> tuple[tuple[records.Losses, ...], float]:
    """The runs with eight, two heads and one, and the least difference that they can tell from chance."""
    most, *fewer = records.losses(facts.run("sharing-quality").rows)
    assert [one.n_kv_heads for one in (most, *fewer)] == [8, 2, 1]
    return (most, *fewer), min(one.margin or 0 for one in fewer)


@computed(shows="sharing-quality")
def quality() -> Texts:
    """Recorded losses of pairs of runs of one seed; the margin is a 95% interval by Student's t."""
    (most, two, one), least = pairs()
    for few in (two, one):
        assert abs(few.gap or 0) < (few.margin or 0), "A difference is beyond chance."
    assert one.worse == 1, "The gap of a single head is not the work of a single run."
    apart = max(found.span for found in (most, two, one))
    return {
        "two-gap": words.signed(two.gap or 0, 3),
        "two-margin": f"{two.margin:.3f}",
        "one-gap": words.signed(one.gap or 0, 3),
        "one-margin": f"{one.margin:.3f}",
        "seeds": words.number(len(one.by_seed)),
        "seeds-better": words.number(len(one.by_seed) - one.worse),
        "seeds-apart": f"{apart:.3f}",
        "confidence": f"{CONFIDENCE:.0%}",
        "least-seen": f"{least:.2f}",
    }


@computed(shows="losses")
def worth_of_size() -> Texts:
    """What more parameters gain in the recorded sweep, between the sizes and at the text next to ours."""
    run, sweep = facts.run("sharing-quality"), facts.run("scaling").rows
    size, characters = run.rows[0]["parameters"], run.settings["characters"]
    read = min({row["characters"] for row in sweep}, key=lambda n: abs(n - characters))
    sizes = {row["parameters"] for row in sweep}
    below, above = max(n for n in sizes if n <= size), min(n for n in sizes if n > size)
    small, large = (
        fmean(row["loss"] for row in sweep if (row["parameters"], row["characters"]) == (n, read))
        for n in (below, above)
    )
    doubling = (small - large) / log2(above / below)
    more = 2 ** (pairs()[1] / doubling) - 1
    return {"size-again": {0.5: "half as many parameters again"}[round(more, 1)]}


@computed(shows="published-quality")
def published() -> Texts:
    """Scores of Meta's three models of 30B: their means, and a head each against one for all row by row."""
    found = records.trios()
    mean = records.trio_means(found)
    gaps = [trio.mqa.score_pct - trio.mha.score_pct for trio in found]
    assert mean["mqa"] < mean["mha"] < mean["gqa"]
    assert abs(fmean(gaps)) < 2 * standard_error(gaps), "A single head is beyond noise."
    assert facts.model("Llama 2 70B").n_kv_heads == 8
    return {
        "trio-mha": f"{mean['mha']:.1f}",
        "trio-gqa": f"{mean['gqa']:.1f}",
        "trio-mqa": f"{mean['mqa']:.1f}",
        "trio-gap": words.signed(fmean(gaps)),
        "trio-error": f"{standard_error(gaps):.1f}",
    }


@computed()
def paper() -> Texts:
    """Table 1 of the paper that introduced grouped-query attention; chip, batch and tasks are recalled."""
    quality, seconds = (
        {way: measured(f"gqa-{way}-xxl-{what}") for way in ("mha", "gqa8", "mqa")}
        for what in ("quality", "time")
    )
    assert quality["mqa"].value < quality["gqa8"].value < quality["mha"].value
    return {
        "t5-mha": f"{quality['mha'].value:.1f}",
        "t5-gqa": f"{quality['gqa8'].value:.1f}",
        "t5-mqa": f"{quality['mqa'].value:.1f}",
        "t5-mha-seconds": f"{seconds['mha'].value:.2f}",
        "t5-gqa-seconds": f"{seconds['gqa8'].value:.2f}",
        "t5-mqa-seconds": f"{seconds['mqa'].value:.2f}",
        "t5-more": read_from(quality["gqa8"].condition, r"trained (\d+%) more"),
        "t5-batch": read_from(seconds["gqa8"].condition, r"up to (\d+)"),
    }


# Can a trained model learn to share?


@computed(shows="conversion")
def merged() -> Texts:
    """Recorded losses of a trained model whose heads were merged, over seeds."""
    run = facts.run("conversion")
    found, seeds = records.converted(run.rows), len(run.settings["seeds"])
    at_once, some, most = found.shares
    first = {share: found.ahead("first", "mean", share) for share in found.shares}
    assert [found.best(at_once), first[at_once]] == ["mean", 0], "At once the mean is not always the best."
    assert first[some] > seeds / 2, "The first head is not ahead after a little more training."
    assert found.mean(records.KEPT, some) > found.mean(records.KEPT, at_once)
    return {
        "merged-heads": words.number(run.settings["n_kv_heads"]),
        "merged-seeds": words.number(seeds),
        "merged-more": f"{some:.0%}",
        "merged-most": f"{most:.0%}",
        "merged-characters": f"{some * run.settings['characters']:,.0f}",
        "first-ahead": words.number(first[some]),
        "first-ahead-later": words.number(first[most]),
        "merged-behind": f"{found.behind:.2f}",
    }


# What calculators make of it.


@computed(shows="calculators")
def reckoned() -> Texts:
    """What the formulas of public calculators give, as a multiple of the true size."""
    cache = records.cache_of(MISTRAL.name, WINDOW)
    found = [records.Reckoning(program, cache).factor for program in facts.calculators()]
    least, middle, largest = (words.number(int(factor)) for factor in found)
    assert found == [2, 4, 8], "The factors are no longer two mistakes that half cancel, and worse."
    programs = {program.source_id for program in facts.calculators()}
    return {
        "programs": words.number(len(programs)),
        "factor-least": least,
        "factor-middle": middle,
        "factor-most": largest,
    }


# Things to try, and exercises.


@computed()
def to_try() -> Texts:
    """From published shapes and the card's memory as sold."""
    largest, rival = facts.model("Llama 2 70B"), facts.model("Llama 2 13B")
    cache, ours = (records.cache_of(one.name, 1) for one in (largest, MISTRAL))
    assert cache.token_bytes > ours.token_bytes
    return {
        "largest-heads": f"{largest.n_heads}",
        "largest-group": words.number(cache.sharing.group),
        "card-gb": f"{facts.gpu(CARD).memory_gb}",
        "rival-weights": f"{memory.weight_bytes(memory.model_parameters(rival)) / 1e9:.0f}",
    }


@computed()
def exercises() -> Texts:
    """Worked out from Mistral 7B's published shape, in FP16."""
    unshared = replace(MISTRAL, n_kv_heads=MISTRAL.n_heads)
    billions = [memory.model_parameters(one) / 1e9 for one in (unshared, MISTRAL)]
    reads = [memory.read_parameters(one) for one in (unshared, MISTRAL)]
    weights = memory.weight_bytes(memory.model_parameters(MISTRAL))
    one = records.cache_of(MISTRAL.name, 1)
    flops = swa.attention_flops(WINDOW, MISTRAL.n_heads, MISTRAL.head_dim)
    assert round(billions[0]) == 8, "The model would not be called an 8B."
    return {
        "weight-bytes": f"{weights:,.0f}",
        "weight-tokens": f"{weights / one.token_bytes:,.0f}",
        "weight-tokens-unshared": f"{weights / one.shared_by(MISTRAL.n_heads).token_bytes:,.0f}",
        "window-flops": f"{flops / 1e6:.1f}",
        "unshared-params": f"{billions[0]:.2f}",
        "params": f"{billions[1]:.2f}",
        "unshared-read": f"{speed.difference_pct(*reads):.0f}%",
    }
