"""The figures of chapter 04's sentences, in the order in which the chapter tells them."""

from collections import Counter
from functools import cache
from math import log

from smallmodels import facts, gqa, words
from smallmodels.figures import Texts, computed
from smallmodels.lab.config import Config
from smallmodels.swa import records
from smallmodels.swa.formulas import attention_flops, hops, reach, visible_pairs
from smallmodels.swa.recorded import LETTERS, PAST
from smallmodels.swa.tables import LONGEST

MISTRAL, LLAMA = facts.model("Mistral 7B"), facts.model("Llama 2 7B")
LAYERS, TRAINED = MISTRAL.n_layers, MISTRAL.trained_context
WINDOW = MISTRAL.sliding_window or 0
SMALL = Config.tiny()  # the lab's small models have its window
SMALL_WINDOW = SMALL.sliding_window or 0
NARROW, TEXT = 512, 32_768  # tokens: a window and a text of the second exercise
QUARTER = WINDOW // 4  # the window of the third thing to try
ORDINALS = {2: "second", 3: "third", 4: "fourth"}
TIMES = {1: "once", 2: "twice"}


@cache
def measured(id: str) -> facts.Speed:
    """The published measurement with this id."""
    return next(one for one in facts.speeds() if one.id == id)


@cache
def book() -> dict[tuple[int | None, int | None], records.Recalled]:
    """The recorded phone book by layers and facts."""
    found = records.recalled(facts.run("phone-book").rows, SMALL_WINDOW)
    return {(case.layers, case.n_facts): case for case in found}


# How far, and why.


@computed(shows="reach?sliding_window=4096&n_layers=32")
def span() -> Texts:
    """Layers × (window − 1), from the configuration of Mistral 7B; a layer by itself shows the window."""
    return {
        "layers": f"{LAYERS}",
        "window": f"{WINDOW:,}",
        "first-hand": f"{WINDOW - 1:,}",
        "reach": f"{reach(LAYERS, WINDOW):,}",
    }


@computed(shows="effective?model=Mistral%207B&baseline=Llama%202%207B")
def claim() -> Texts:
    """What the post prints as effective context, and the trained lengths that it agrees with."""
    said = next(row for row in facts.post_inference() if row.id == "context")
    assert (said.challenger_value, said.baseline_value) == (TRAINED, LLAMA.trained_context), (
        "The post's contexts are no longer those of training."
    )
    assert LLAMA.trained_context == WINDOW, "Llama 2 7B's whole context is no longer one window of Mistral's."
    return {
        "post-context": said.challenger_text.split()[0],
        "post-plus": said.challenger_text.split()[0][-1],
        "trained": f"{TRAINED:,}",
        "llama-trained": f"{LLAMA.trained_context:,}",
        "trained-times": TIMES[round(TRAINED / LLAMA.trained_context)],
    }


@computed()
def paper() -> Texts:
    """The span that the Mistral 7B paper quotes, in the table speeds, against layers × (window − 1)."""
    quoted = round(measured("mistral-span").value)
    extra = quoted - reach(LAYERS, WINDOW)
    assert quoted == LAYERS * WINDOW == reach(LAYERS, WINDOW + 1), (
        "The paper's span is no longer the product."
    )
    assert extra == LAYERS, "The surplus is no longer one for each layer."
    return {
        "quoted": f"{quoted:,}",
        "quoted-short": f"{quoted // 1000}K",
        "extra": f"{extra}",
        "wider-window": f"{WINDOW + 1:,}",
    }


@computed(shows="reach?sliding_window=4096&n_layers=3")
def full_text() -> Texts:
    """From the last token of a full training text to the first, and what two layers of the window reach."""
    far, two = TRAINED - 1, reach(2, WINDOW)
    assert TRAINED == 2 * WINDOW, "The training texts are no longer two windows long."
    assert two == far - 1, "Two layers no longer miss the first token by one position."
    assert hops(far, WINDOW) == 3, "The first token no longer arrives through three layers."
    return {"far": f"{far:,}", "two-layers": f"{two:,}"}


# The relay.


@computed()
def relay_setup() -> Texts:
    """The sizes of the relay's models and texts, from the lab that trains them."""
    asked = [row["distance"] for row in facts.run("relay").rows]
    return {
        "small-width": f"{SMALL.d_model}",
        "small-window": f"{SMALL_WINDOW}",
        "small-window-words": words.number(SMALL_WINDOW),
        "small-first-hand": words.number(SMALL_WINDOW - 1),
        "relay-tokens": f"{max(asked) + 1}",
        "answers": words.number(records.ANSWERS),
    }


@computed(shows="relay")
def relay_found() -> Texts:
    """From the recorded relay: the best share of right answers one position beyond the reach, and a guess."""
    rows = facts.run("relay").rows
    limits = {row["layers"]: reach(row["layers"], SMALL_WINDOW) for row in rows}
    edge = 100 * max(row["accuracy"] for row in rows if row["distance"] == limits[row["layers"]] + 1)
    within = {row["accuracy"] for row in rows if row["distance"] <= limits[row["layers"]]}
    assert within == {1}, "An answer within reach is wrong; the sentence says that every single one is right."
    assert edge < 20, "There is no cliff one position beyond the reach."
    return {
        "relay-depths": words.number(len(limits)),
        "relay-seeds": words.number(len({row["seed"] for row in rows})),
        "relay-edge-pct": f"{edge:.0f}",
        "guess-pct": f"{records.GUESS_PCT:g}",
    }


# The gradient.


@computed(shows="gradient")
def gradients() -> Texts:
    """From the recorded gradients: how many times below its largest one is at the reach."""
    run = facts.run("gradient-reach")
    depth, states = run.settings["n_layers"], {one.state: one for one in records.fadings(run.rows)}
    limit = reach(depth, SMALL_WINDOW)
    quiet, kept = (states[state].factor(limit) for state in ("at the start", "trained"))
    zero = {d for one in states.values() for d, size in one.sizes.items() if size == 0}
    assert min(zero) == limit + 1, "The gradient does not end at the reach."
    assert quiet > 1000 * kept, "Training no longer makes a thousandfold difference at the reach."
    return {
        "gradient-layers": words.number(depth),
        "gradient-reach": f"{limit}",
        "gradient-start": words.about(quiet),
        "gradient-trained": words.about(kept),
    }


@computed()
def paths() -> Texts:
    """Ways to add up jumps of none to seven positions to a distance, one jump in every layer."""
    depth = facts.run("gradient-reach").settings["n_layers"]
    limit = reach(depth, SMALL_WINDOW)
    ways = _ways(depth, limit)
    assert ways[limit] == 1, "More than one path leads back to the end of the reach."
    return {
        "path-middle": f"{limit // 2}",
        "paths": f"{ways[limit // 2]}",
        "jump-base": f"{SMALL_WINDOW}",
        "jump-power": f"{depth}",
        "diluted": f"{SMALL_WINDOW**depth:,}",
    }


def _ways(n_layers: int, limit: int) -> Counter[int]:
    ways = Counter({0: 1})
    for _ in range(n_layers):
        ways = Counter({d: sum(ways[d - jump] for jump in range(SMALL_WINDOW)) for d in range(limit + 1)})
    return ways


# The phone book.


@computed(shows="phone-book?n_facts=8")
def crowd() -> Texts:
    """From the recorded phone book with eight facts: mean shares of right answers by distance."""
    whole, two, three = (book()[layers, 8] for layers in (None, 2, 3))
    assert (whole.far_pct or 0) > 99.5, "Two layers without a window no longer name all facts."
    assert 90 < (two.nameless_pct or 0) < 95 > (two.end_pct or 100), (
        "The end of the reach is no longer worse."
    )
    assert not three.learned, "Three layers have learned to carry eight facts."
    return {
        "crowd": words.number(8),
        "crowd-whole-pct": f"{whole.far_pct:.0f}",
        "crowd-near-pct": f"{two.near_pct:.1f}",
        "crowd-far-pct": f"{two.far_pct:.1f}",
        "crowd-nameless-pct": f"{two.nameless_pct:.0f}",
    }


@computed(shows="phone-book?n_facts=4")
def few() -> Texts:
    """From the recorded phone book with four facts: mean shares of right answers by distance."""
    two, three = (book()[layers, 4] for layers in (2, 3))
    shares = two.nameless_pct or 0, three.end_pct or 0
    assert min(shares) > 99.5, "Four facts no longer arrive from everywhere."
    return {
        "few": words.number(4),
        "few-nameless-pct": f"{shares[0]:.0f}",
        "few-end-pct": f"{shares[1]:.0f}",
        "few-reach": f"{reach(3, SMALL_WINDOW) - records.NAME_BEHIND}",
        "book-steps": f"{facts.run('phone-book').settings['steps']:,}",
    }


@computed()
def who_can_help() -> Texts:
    """Tokens between a fact and the question from which one layer sees the question and the fact's name."""
    deaf = reach(2, SMALL_WINDOW)
    ways = {distance: _helpers(distance) for distance in (SMALL_WINDOW, deaf - 2, deaf - 1, deaf)}
    assert ways[deaf] == 0, "From the end of the reach somebody can still help."
    return {
        "deaf": f"{deaf}",
        "deaf-name": f"{deaf + records.NAME_BEHIND}",
        "deaf-last": f"{deaf - 1}",
        "deaf-before": f"{deaf - 2}",
        "beside-helpers": words.number(ways[SMALL_WINDOW]),
        "before-helpers": words.number(ways[deaf - 2]),
        "last-helpers": words.number(ways[deaf - 1]),
    }


def _helpers(distance: int) -> int:
    """Tokens that see a name `distance` + 1 back and are seen in turn, one jump of at most a window each."""
    jump = SMALL_WINDOW - 1
    return sum(distance + records.NAME_BEHIND - jump <= hop <= jump for hop in range(1, distance + 1))


@computed(shows="phone-book?n_facts=8")
def losses() -> Texts:
    """From the recorded phone book with eight facts and two layers: where wrong answers lie."""
    wrong: dict[int, dict[int, float]] = {}
    for row in facts.run("phone-book").rows:
        if (row["layers"], row["facts"]) == (2, 8):
            wrong.setdefault(row["seed"], {})[row["distance"]] = 1 - row["accuracy"]
    deaf = reach(2, SMALL_WINDOW)
    near, end = range(1, SMALL_WINDOW - 1), (deaf - 1, deaf)
    total = sum(shares[d] for shares in wrong.values() for d in range(1, deaf + 1))
    inside = [sum(shares[d] for d in near) for shares in wrong.values()]
    outside = sum(shares[d] for shares in wrong.values() for d in end)
    assert 0.45 < outside / total < 0.55, "The end of the reach no longer makes half of the loss."
    assert 0.30 < sum(inside) / total < 0.36, "The window no longer makes a third of the loss."
    assert max(inside) > 0.99 * sum(inside), "The loss inside a window no longer comes from a single run."
    return {
        "end-loss": words.share(2),
        "near-loss": words.share(3).capitalize(),
        "book-seeds": words.number(len(wrong)),
    }


# Past the trained length.


@cache
def stretched() -> dict[tuple[str, int], records.Stretch]:
    """The recorded models by how they were trained and asked, and by the length of the text."""
    return {(one.way, one.length): one for one in records.stretches(facts.run(PAST).rows)}


@computed()
def past_setup() -> Texts:
    """The sizes of the models asked past their trained length, from the lab that trains them."""
    settings = facts.run(PAST).settings
    assert settings["lengths"][0] == records.TRAINED_LENGTH, "The shortest text is not as long as trained."
    return {
        "past-trained": f"{records.TRAINED_LENGTH}",
        "past-window": f"{records.NARROW_WINDOW}",
        "past-seeds": words.number(len(settings["seeds"])),
        "past-hears": f"{reach(2, records.NARROW_WINDOW)}",
        "past-longest": f"{max(settings['lengths']):,}",
    }


@computed(shows="past?show=loss")
def past_loss() -> Texts:
    """From the recorded models: mean losses in nats per character, in texts as long as trained and longer."""
    found, longest = stretched(), max(facts.run(PAST).settings["lengths"])
    trained = records.TRAINED_LENGTH
    kept = {one.losses for (way, _), one in found.items() if way == "window"}
    assert len({tuple(round(loss, 4) for loss in losses) for losses in kept}) == 1, "The window can tell."
    whole, twice, far = (found["no window", n] for n in (trained, 2 * trained, longest))
    assert min(twice.losses) - max(whole.losses) > 0.5, "Twice the length no longer breaks all of them."
    lent = [one.loss for (way, _), one in found.items() if way == "window lent"]
    assert max(lent) - whole.loss < 0.02, "A window lent no longer mends it."
    return {
        "past-kept": f"{found['window', longest].loss:.2f}",
        "past-whole": f"{whole.loss:.2f}",
        "past-twice": f"{twice.loss:.2f}",
        "past-far": f"{far.loss:.2f}",
        "past-guess": f"{log(LETTERS):.2f}",
        "past-lent": f"{max(lent):.2f}",
    }


@computed(shows="past?show=facts%20recalled")
def past_recall() -> Texts:
    """From the recorded models: shares of facts named rightly, in percent, the mean of the seeds."""
    found, longest = stretched(), max(facts.run(PAST).settings["lengths"])
    kept, lent = (found[way, longest].recall_pct for way in ("window", "window lent"))
    near, far = (found["no window", n].recall_pct for n in (records.TRAINED_LENGTH, longest))
    assert min(kept, lent, near) > 98 > far + 30, "Facts are lost elsewhere than past the trained length."
    return {
        "past-kept-pct": f"{kept:.0f}",
        "past-lent-pct": f"{lent:.0f}",
        "past-near-pct": f"{near:.0f}",
        "past-far-pct": f"{far:.0f}",
    }


# Memory.


@computed(shows="cache?model=Mistral%207B&sliding_window=4096&context=32768")
def cache_size() -> Texts:
    """Keys and values of Mistral 7B in FP16, with the factor that its paper gives, in the table speeds."""
    said = measured("mistral-rolling-cache")
    token = gqa.kv_bytes_per_token(LAYERS, MISTRAL.n_kv_heads, MISTRAL.head_dim)
    long = said.context_tokens or 0
    kept = records.Held(long, gqa.kv_cache_bytes(token, long, sliding_window=WINDOW), token * long)
    assert kept.factor == said.value, "The paper's saving is no longer what the formula gives."
    return {
        "token-bytes": f"{token:,.0f}",
        "rolling-gb": f"{kept.rolling_bytes / records.GB:.2f}",
        "full-gb": f"{kept.full_bytes / records.GB:.2f}",
        "long": f"{long:,}",
        "saving": words.number(round(kept.factor)),
    }


@computed()
def weighed() -> Texts:
    """From the recorded caches of a small model with Mistral 7B's window: the least and the most tokens."""
    run = facts.run("cache-memory")
    config = Config.tiny(32, sliding_window=run.settings["window"])
    for row in run.rows:
        full = config.but(sliding_window=None)
        assert row["rolling_bytes"] == config.kv_cache_bytes(row["context"]), (
            "A rolling cache is not as said."
        )
        assert row["full_bytes"] == full.kv_cache_bytes(row["context"]), "A full cache is not as said."
    assert run.settings["window"] == WINDOW, "The small model has another window."
    return {
        "weighed-least": f"{run.rows[0]['context']:,}",
        "weighed-most": f"{run.rows[-1]['context']:,}",
    }


@computed(shows="effective?model=Mistral%207B%20v0.2&baseline=Mistral%207B")
def later_versions() -> Texts:
    """The versions of the table models with the layers of Mistral 7B and no window."""
    later = [facts.model(f"Mistral 7B {version}") for version in ("v0.2", "v0.3")]
    shape = ("n_layers", "d_model", "n_heads", "n_kv_heads", "head_dim", "ffn_dim")
    for one in later:
        assert one.sliding_window is None, f"{one.name} has a window."
        assert all(getattr(one, f) == getattr(MISTRAL, f) for f in shape), f"{one.name} has another shape."
    return {"later-versions": words.listed(one.name.split()[-1] for one in later)}


# Time.


@computed(shows="prefill?device=cpu")
def prefill() -> Texts:
    """From the recorded prompts of a small model on a CPU: the longest, against a full one."""
    run = facts.run("prefill-time")
    window, found = run.settings["window"], records.prompts(run.rows)
    early = [one for one in found if one.length <= window]
    assert all(abs(one.gain - 1) < 0.05 for one in early), "Something is gained within the window."
    longest = found[-1]
    return {
        "prefill-window": f"{window}",
        "prefill-length": f"{longest.length:,}",
        "prefill-windows": f"{longest.length // window}",
        "prefill-gain": f"{longest.gain:.1f}",
        "prefill-flops-gain": f"{longest.flops_gain:.1f}",
    }


@computed(shows="prefill?device=cuda")
def prefill_on_card() -> Texts:
    """From the recorded prompts of the same model on a card: the least and the most that anything takes."""
    run = facts.run("prefill-time-cuda")
    assert run.settings["lengths"] == facts.run("prefill-time").settings["lengths"], "Other lengths."
    found = records.prompts(run.rows)
    all_ms = [1e3 * seconds for one in found for seconds in one.seconds.values()]
    assert max(all_ms) < 3 * min(all_ms), "The length of the prompt begins to matter."
    beyond = [one.seconds for one in found if one.length > run.settings["window"]]
    costs = [1e3 * (seconds["windowed"] - seconds["full"]) for seconds in beyond]
    assert min(costs) > 0.5, "The window costs next to nothing."
    return {
        "card-least-ms": f"{min(all_ms):.0f}",
        "card-most-ms": f"{max(all_ms):.0f}",
        "cost-least-ms": f"{min(costs):.1f}",
        "cost-most-ms": f"{max(costs):.1f}",
    }


@computed(shows="card")
def paper_speed() -> Texts:
    """The paper's speed-up of attention, what the pairs of query and key allow, and what we measured."""
    said = measured("mistral-window-speedup")
    length = said.context_tokens or 0
    allowed = visible_pairs(length) / visible_pairs(length, WINDOW)
    ours = card_prompts()[length].gain
    assert ours < said.value < allowed, "The paper's figure no longer lies between ours and the bound."
    return {
        "paper-times": TIMES[round(said.value)],
        "paper-length": f"{length:,}",
        "paper-pairs": f"{allowed:.2f}",
        "paper-ours": f"{ours:.2f}",
    }


@computed()
def whole_model() -> Texts:
    """FLOPs of reading that prompt with all of Mistral 7B, with and without its window."""
    length = measured("mistral-window-speedup").context_tokens or 0
    windowed = Config.published(MISTRAL.name)
    full = windowed.but(sliding_window=None).prefill_flops(length)
    scores = attention_flops(visible_pairs(length), MISTRAL.n_heads, MISTRAL.head_dim) * LAYERS
    gain = full / windowed.prefill_flops(length)
    assert 1 < gain < 1.5, "The window saves a good part of the whole model's FLOPs."
    return {"whole-gain": f"{gain:.2f}", "weights-pct": f"{100 * (1 - scores / full):.0f}"}


def card_prompts() -> dict[int, records.Prompt]:
    """The recorded attention of one layer on a card, by length."""
    return {one.length: one for one in records.prompts(facts.run("window-paths-cuda").rows)}


@computed(shows="card")
def on_card() -> Texts:
    """From the recorded attention of one layer of Mistral 7B's shape on a card."""
    run, found = facts.run("window-paths-cuda"), card_prompts()
    trained, longest = found[TRAINED], found[max(found)]
    wins = min(length for length, one in found.items() if one.gain > 1.05)
    assert run.settings["window"] == WINDOW, "The card's layer has another window."
    assert trained.gain < 0.9 < trained.flops_gain, "The window no longer costs time at the trained length."
    assert all(one.gain > 1 for one in found.values() if one.length >= wins), "The window loses again."
    assert longest.gain < 0.7 * longest.flops_gain, "The window brings what it promises."
    return {
        "card": run.device,
        "trained-promise": f"{trained.flops_gain:.2f}",
        "trained-gain": f"{trained.gain:.2f}",
        "wins-from": f"{wins:,}",
        "longest": f"{longest.length:,}",
        "longest-gain": f"{longest.gain:.1f}",
        "longest-promise": f"{longest.flops_gain:.1f}",
    }


@computed(shows="card")
def rates() -> Texts:
    """FLOPs over seconds of the same records, from the trained length on, in trillions a second."""
    long = [one for one in card_prompts().values() if one.length >= TRAINED]
    full, ours = ([one.rate(way) / 1e12 for one in long] for way in ("full", "windowed"))
    assert 1.6 < min(full) / max(ours) < max(full) / min(ours) < 2.3, (
        "The two ways are not a factor of two apart."
    )
    return {
        "full-least": f"{min(full):.0f}",
        "full-most": f"{max(full):.0f}",
        "ours-least": f"{min(ours):.0f}",
        "ours-most": f"{max(ours):.0f}",
    }


# What it means.


@computed()
def short_texts() -> Texts:
    """n(n + 1)/2 pairs of a query and a key for a text as long as Mistral 7B's window."""
    for length in (1, WINDOW // 2, WINDOW):
        assert visible_pairs(length, WINDOW) == visible_pairs(length), "The window hides something early."
    assert visible_pairs(WINDOW + 1, WINDOW) < visible_pairs(WINDOW + 1), "The window never hides a thing."
    assert gqa.cached_tokens(WINDOW, WINDOW) == WINDOW, "The cache rolls early."
    assert {facts.model(f"Llama 2 {size}").trained_context for size in ("7B", "13B")} == {WINDOW}, (
        "The texts of Llama 2 no longer fit the window."
    )
    return {"short-pairs": f"{visible_pairs(WINDOW):,}"}


@computed(shows="effective?model=Mistral%207B&baseline=Llama%203%208B")
def contexts() -> Texts:
    """Mistral 7B's lengths in training and configuration, and the reach with the token itself."""
    other = facts.model("Llama 3 8B")
    assert (other.sliding_window, other.trained_context) == (None, TRAINED), "Llama 3 8B is no example."
    context = records.Context(MISTRAL)
    assert context.configured > context.trained, "The configuration allows no more than the training."
    return {
        "configured": f"{context.configured:,}",
        "configured-times": words.number(context.configured // context.trained),
        "heard": f"{context.heard:,}",
    }


@computed(shows="effective?model=Mistral%207B%20v0.2&baseline=Llama%202%207B")
def recall() -> Texts:
    """RULER's means for the tuned models, in the table recall; what counts is more than Llama 2 7B's."""
    without = records.Context(facts.model("Mistral 7B v0.2"))
    scores = {row.context_tokens: row.score_pct for row in without.recall}
    found, yardstick = without.found or 0, records.recall_of(LLAMA.name)[0]
    assert records.Context(MISTRAL).found is None, "RULER has tested v0.1 after all."
    assert without.shape.sliding_window is None, "v0.2 has a window."
    assert found < without.trained == max(n for n in scores if n <= without.trained), (
        "It finds all it was made for."
    )
    return {
        "ruler-made-for": f"{without.trained:,}",
        "ruler-found": f"{found:,}",
        "ruler-found-pct": f"{scores[found]:g}%",
        "ruler-lost-pct": f"{scores[without.trained]:g}%",
        "ruler-yardstick-pct": f"{yardstick.score_pct:g}%",
    }


@computed()
def mixed() -> Texts:
    """Models of the table models with a window in some of their layers only."""
    found = [one for one in facts.models() if one.sliding_window and (one.sliding_every or 1) > 1]
    (every,) = {one.sliding_every for one in found}
    return {"mixed": words.listed(one.name for one in found), "mixed-every": ORDINALS[every or 1]}


# Things to try, and exercises. They stand inside links, so that they lead nowhere themselves.


@computed()
def tried() -> Texts:
    """The ends of this chapter's sliders, and a quarter of Mistral 7B's window."""
    return {"try-window": f"{QUARTER:,}", "try-longest": f"{LONGEST:,}"}


@computed()
def narrow() -> Texts:
    """Layers of a narrower window that reach as far as Mistral 7B, and the pairs they compare."""
    many = hops(reach(LAYERS, WINDOW), NARROW) or 0
    wide_pairs, narrow_pairs = visible_pairs(TEXT, WINDOW), visible_pairs(TEXT, NARROW)
    return {
        "narrow": f"{NARROW}",
        "narrow-text": f"{TEXT:,}",
        "narrow-layers": f"{many}",
        "narrow-ratio": f"{(WINDOW - 1) / (NARROW - 1):.3f}",
        "narrow-less": f"{wide_pairs / narrow_pairs:.1f}",
        "narrow-more": words.number(round(many / LAYERS)),
        "narrow-together": f"{many * narrow_pairs / (LAYERS * wide_pairs):.2f}",
    }


@computed()
def half() -> Texts:
    """The shortest text of whose pairs the window of Mistral 7B leaves out half, found by trying."""
    length = next(n for n in range(WINDOW, 10 * WINDOW) if 2 * visible_pairs(n, WINDOW) <= visible_pairs(n))
    limit = 1 / (1 - 0.5**0.5)
    assert round(length / WINDOW, 2) == round(limit, 2), "The rule of thumb is off."
    return {
        "half": f"{length:,}",
        "half-windows": f"{length / WINDOW:.2f}",
        "half-limit": f"{limit:.2f}",
    }
