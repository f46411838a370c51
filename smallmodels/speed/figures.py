"""Chapter 05: the figures of its sentences on speed."""

import re
from datetime import date

from smallmodels import facts, gqa, memory, words
from smallmodels.figures import Texts, computed
from smallmodels.memory import GB
from smallmodels.speed import (
    BASELINE,
    BATCHES,
    CHALLENGER,
    POST_GPU,
    Lead,
    Measurement,
    claimed,
    comparison,
    difference_pct,
    post_row,
    published,
    step,
    token_bytes,
    tokens_for_lead,
)

MISTRAL, LLAMA = facts.model(CHALLENGER), facts.model(BASELINE)
A100 = facts.gpu(POST_GPU)
A100S = [card.name for card in facts.gpus() if card.name.startswith("A100")]
SPEEDS = {speed.id: speed for speed in facts.speeds()}
_, STEPS = gqa.card_steps(facts.run("published-decode-cuda").rows)
MANY, LONG = 32, 4096  # sequences and tokens of the chapter's busy server


@computed(shows="inference")
def post_speeds() -> Texts:
    """Tokens per second as the post's third table prints them, and how much more the one is."""
    post = post_row("speed")
    assert post.improvement_pct is not None, "The post says by how much."
    return {
        "post-mistral": f"{post.challenger_value:.0f}",
        "post-llama": f"{post.baseline_value:.0f}",
        "post-more": words.share(round(100 / post.improvement_pct)),
        "post-gain": post.improvement_text,
    }


@computed(shows="inference")
def start_of_a_chat() -> Texts:
    """How much lower Mistral 7B's ceiling is than Llama 2 7B's: one sequence in FP16, an empty cache."""
    theirs, ours = comparison().speeds
    assert ours < theirs, "Mistral 7B is called slower at the start."
    return {"slower": f"{-difference_pct(ours, theirs):.1f}%"}


@computed(shows=f"inference?batch={MANY}&context={LONG}")
def busy_server() -> Texts:
    """The ratio of the two ceilings with many long sequences at a time, in FP16."""
    theirs, ours = comparison(batch=MANY, context=LONG).speeds
    return {"many": f"{MANY}", "faster": f"{ours / theirs:.1f}"}


@computed(shows="inference")
def even() -> Texts:
    """Cached tokens, all sequences together, at which both models read the same bytes in a step, in FP16."""
    tokens = tokens_for_lead(MISTRAL, LLAMA)
    assert tokens, "Mistral 7B is called slower below some number of tokens and faster above."
    return {"even": f"{tokens:,.0f}"}


@computed(shows="gpu-decode")
def measured_here() -> Texts:
    """Tokens per second of one sequence in our own run on an H100, over the tokens cached before."""
    found = {case: 1000 / step.ms for case, step in STEPS.items()}
    (mistral, mistral_long), (llama, llama_long) = (
        [found[model, context] for context in (0, LONG)] for model in (CHALLENGER, BASELINE)
    )
    post = post_row("speed").challenger_value
    assert mistral < llama, "Mistral 7B is slower with nothing cached."
    assert mistral_long > llama_long, "With a long text behind it, it is faster."
    assert mistral_long < post < mistral, "The post's speed is called one of this card's."
    return {
        "h100-mistral": f"{mistral:.0f}",
        "h100-llama": f"{llama:.0f}",
        "h100-cached": f"{LONG:,}",
        "h100-mistral-long": f"{mistral_long:.0f}",
        "h100-llama-long": f"{llama_long:.0f}",
    }


@computed()
def idle() -> Texts:
    """Operations an A100 can do in FP16 while it fetches a weight: FLOP/s over bytes/s, times two bytes."""
    return {"idle": f"{A100.dense_tflops * 1e12 * memory.weight_bytes(1) / (A100.bandwidth_gb_s * GB):.0f}"}


@computed(shows="sharing")
def sharing() -> Texts:
    """Query heads to a KV head in Mistral 7B, and how many times lighter a cached token is for it."""
    lighter = token_bytes(LLAMA) / token_bytes(MISTRAL)
    assert lighter == int(lighter), "The ratio is told in whole times."
    return {
        "group": words.number(MISTRAL.n_heads // MISTRAL.n_kv_heads),
        "lighter": words.number(int(lighter)),
        "token-share": words.share(int(lighter)),
    }


@computed()
def weights_of_a_layer() -> Texts:
    """Million weights of a layer: what narrower keys and values save, what the wider feed-forward costs."""
    width = LLAMA.n_kv_heads * LLAMA.head_dim - MISTRAL.n_kv_heads * MISTRAL.head_dim
    saved = 2 * MISTRAL.d_model * width
    spent = MISTRAL.ffn_matrices * MISTRAL.d_model * (MISTRAL.ffn_dim - LLAMA.ffn_dim)
    assert spent > saved, "Mistral 7B is said to spend more than it saves."
    return {"saved": f"{saved / 1e6:.1f}", "spent": f"{spent / 1e6:.1f}"}


@computed(shows="inference")
def heavier() -> Texts:
    """How many more weights Mistral 7B reads in a step than Llama 2 7B, the input embedding left out."""
    more = difference_pct(memory.read_parameters(MISTRAL), memory.read_parameters(LLAMA))
    return {"heavier": f"{more:.1f}%"}


@computed()
def window() -> Texts:
    """Tokens after which Mistral 7B's cache stops growing, and those that Llama 2 7B was trained on."""
    assert MISTRAL.sliding_window, "Mistral 7B has a window."
    return {"window": f"{MISTRAL.sliding_window:,}", "trained": f"{LLAMA.trained_context:,}"}


@computed(shows="measured")
def tuned_program() -> Texts:
    """A published speed of Llama 2 7B on an A100, its share of the ceiling, and Mistral 7B's at the same."""
    bf16 = _published("gpt-fast-llama-2-7b-bf16")
    expected = step(CHALLENGER).tokens_per_second(A100) * bf16.share_pct / 100
    return {
        "tuned": f"{bf16.speed:.1f}",
        "tuned-share": f"{bf16.share_pct:.1f}%",
        "expected": f"{expected:.0f}",
    }


def _published(id: str) -> Measurement:
    return next(one for one in published() if one.speed == SPEEDS[id].value)


@computed()
def conditions() -> Texts:
    """When the published speed was measured, and the power its card was held to, of what it may draw."""
    bf16 = SPEEDS["gpt-fast-llama-2-7b-bf16"]
    (year, month), (post_year, post_month) = (
        map(int, facts.source(id).date.split("-")[:2]) for id in (bf16.source_id, "post")
    )
    held = re.search(r"limited to (\d+) W", bf16.condition)
    assert held, "The measurement is said to be of a card held back."
    return {
        "tuned-when": f"{date(year, month, 1):%B %Y}",
        "tuned-later": words.count(12 * (year - post_year) + month - post_month, "month"),
        "held-watts": held[1],
        "full-watts": f"{A100.tdp_w}",
    }


@computed(shows="measured")
def claims_against_ceilings() -> Texts:
    """The post's speed of Mistral 7B as a share of one sequence's ceiling in FP16, on the fastest A100."""
    shares = {card: [one.share_pct for one in claimed(card)] for card in A100S}
    assert all(mistral > 100 for _, mistral in shares.values()), "No A100 is said to give the post's speed."
    assert min(shares["A100 40GB SXM"]) > 100, "There neither of the two speeds can be had."
    return {"over": f"{shares[POST_GPU][1]:.0f}%"}


@computed()
def best_in_practice() -> Texts:
    """The most GB/s that the measurers saw, and the tokens per second it allows: over the bytes of a step."""
    peak = SPEEDS["gpt-fast-a100-peak"].value
    llama, mistral = (peak * GB / step(model).n_bytes for model in (BASELINE, CHALLENGER))
    assert llama > post_row("speed").baseline_value > 0.9 * llama, "The post's is called excellent there."
    return {"peak": f"{peak:,.0f}", "peak-llama": f"{llama:.0f}", "peak-mistral": f"{mistral:.0f}"}


@computed(shows="measured")
def beside_reading() -> Texts:
    """Milliseconds beside reading, for Llama 2 7B's weights of three sizes, and what smaller ones gain."""
    same = [one for one in published() if one.step.shape == LLAMA]
    rests, read = [one.rest_ms for one in same], [one.read_gb for one in same]
    assert len(same) == 3, "Weights of sixteen, eight and four bits are named."
    assert max(rests) < 1.1 * min(rests), "The rest is said not to depend on the weights."
    bf16, int4 = SPEEDS["gpt-fast-llama-2-7b-bf16"].value, SPEEDS["gpt-fast-llama-2-7b-int4"].value
    return {
        "rest-low": f"{min(rests):.1f}",
        "rest-high": f"{max(rests):.1f}",
        "fewer": f"{max(read) / min(read):.1f}",
        "gained": f"{int4 / bf16:.1f}",
    }


@computed(shows="lead")
def a_quarter() -> Texts:
    """Cached tokens that make Mistral 7B a quarter faster: together, in a single sequence, in how many."""
    tokens = tokens_for_lead(MISTRAL, LLAMA, "FP16", 1.25)
    leads = [Lead(batch, 1.25, "FP16", A100) for batch in BATCHES]
    assert leads[0].each > LLAMA.trained_context, "One sequence would be longer than Llama 2 was trained on."
    fewest = next(lead.batch for lead in leads if lead.possible)
    return {
        "quarter": f"{tokens:,.0f}",
        "quarter-alone": f"{leads[0].each:,}",
        "quarter-fewest": words.number(fewest).capitalize(),
    }


@computed(shows="lead?ratio=1.4")
def shared_heads_claim() -> Texts:
    """The speed-up that the post credits shared heads with, and the cached tokens that it takes."""
    claim = next(claim.claim for claim in facts.claims() if claim.id == "C13")
    found = re.search(r"about ([\d.]+) times faster", claim)
    assert found, "The post credits shared heads with a speed-up."
    tokens = tokens_for_lead(MISTRAL, LLAMA, "FP16", float(found[1]))
    return {"post-sharing": f"{found[1]}x", "sharing-tokens": f"{tokens:,.0f}"}


@computed()
def t5() -> Texts:
    """Time of a sample of T5 XXL with a KV head for every query head, over that with eight KV heads."""
    heads, shared = SPEEDS["gqa-mha-xxl-time"], SPEEDS["gqa-gqa8-xxl-time"]
    batch = re.search(r"up to (\d+)", heads.condition)
    assert batch, "The largest batch is told."
    return {"t5-gain": f"{heads.value / shared.value:.1f}", "t5-batch": batch[1]}


@computed(shows="measured")
def best_measured() -> Texts:
    """The largest share of a ceiling among published speeds: of all, and of those with smaller weights."""
    small = max(one.share_pct for one in published() if one.weights.startswith("INT"))
    best = max(one.share_pct for one in published())
    assert small < best, "Quantised weights are said to reach less."
    return {"best": f"{best:.0f}%", "best-small": f"{small:.0f}%"}


@computed(shows="gpu-decode")
def best_here() -> Texts:
    """The largest share of the card's published bandwidth in our own run on an H100."""
    read = max(step.gb_s for step in STEPS.values())
    return {"best-here": f"{100 * read / facts.gpu('H100 SXM5 80GB').bandwidth_gb_s:.0f}%"}


@computed()
def slowest_card() -> Texts:
    """Bytes of a step times the post's speed, and the slowest card of this book's data that reads as fast."""
    one, claim = step(CHALLENGER), post_row("speed").challenger_value
    needed = claim * one.n_bytes / GB
    fast = [card for card in facts.gpus() if card.bandwidth_gb_s >= needed]
    slowest = min(fast, key=lambda card: card.bandwidth_gb_s)
    assert one.tokens_per_second(slowest) >= claim, "The card gives the speed."
    assert not any(card.name in A100S for card in fast), "No A100 is said to have the bandwidth."
    return {
        "step-bytes": f"{one.n_bytes:,.0f}",
        "needed": f"{needed:,.0f}",
        "slowest": slowest.name,
        "slowest-bandwidth": f"{slowest.bandwidth_gb_s:,.0f}",
    }


@computed(shows="inference?precision=INT4")
def even_in_four_bits() -> Texts:
    """Cached tokens at which both read the same bytes with weights in INT4, and how much less those weigh."""
    tokens, fp16 = tokens_for_lead(MISTRAL, LLAMA, "INT4"), tokens_for_lead(MISTRAL, LLAMA)
    full, bits = memory.WEIGHT_BITS["FP16"], memory.WEIGHT_BITS["INT4"]
    assert tokens, "There is a crossing."
    assert fp16, "There is one in FP16 too."
    assert round(fp16 / tokens, 2) == round(full / bits, 2), "The weights' factor explains it."
    return {
        "even-int4": f"{tokens:,.0f}",
        "int4-bits": f"{bits:g}",
        "fp16-bits": f"{full:g}",
        "int4-factor": f"{full / bits:.2f}",
    }


@computed(shows="inference")
def against_every_respect() -> Texts:
    """Mistral 7B against Llama 2 7B with nothing cached: all weights together, and FLOPs of a step."""
    weights = difference_pct(memory.model_parameters(MISTRAL), memory.model_parameters(LLAMA))
    flops = difference_pct(comparison().ours.n_flops, comparison().theirs.n_flops)
    assert MISTRAL.trained_context == 2 * LLAMA.trained_context, "The context is called twice as long."
    return {"all-heavier": f"{weights:.1f}%", "computes": f"{flops:.1f}%"}
