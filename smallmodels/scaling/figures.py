"""The figures of chapter 02's sentences on the laws and the post's two models, in reading order.

Those on our own sweep are in `miniature.figures`.
"""

from dataclasses import replace

from smallmodels import facts, memory
from smallmodels.figures import Texts, computed
from smallmodels.scaling.fitting import LEAST_SQUARES
from smallmodels.scaling.formulas import equivalent_size, served_to_repay, training_flops
from smallmodels.scaling.records import (
    BASELINE,
    CHALLENGER,
    LAWS,
    Contender,
    Goal,
    Match,
    Trained,
    contenders,
    equal_compute,
    law,
    post_factor,
    trained,
)
from smallmodels.scaling.runs import COUNTINGS, DRAWS, drawn_laws, gap_interval, match_interval, refit
from smallmodels.scaling.tables import SERVED
from smallmodels.words import about, listed, number

KAPLAN, PRINTED, UNROUNDED, REFIT = LAWS
VERSIONS = {PRINTED: "printed", UNROUNDED: "unrounded", REFIT: "refit"}  # of Chinchilla's law
OURS, THEIRS = contenders()


def match(id: str, ours: Contender = OURS, theirs: Contender = THEIRS) -> Match:
    """The two contenders under one of the laws."""
    return Match(law(id), ours, theirs)


def given(value: float | None) -> float:
    """A value that a sentence names, and that must be there."""
    assert value is not None, "A sentence names a figure that is not known, or an amount that none is."
    return value


def trillions(tokens: float | None, digits: int = 1) -> str:
    """An amount of tokens, in trillions."""
    return f"{given(tokens) / 1e12:.{digits}f}"


def in_powers(value: float, digits: int) -> str:
    """A number as a figure times a power of ten.

    >>> in_powers(5.853e23, 2), in_powers(1.69e-49, 1)
    ('5.85 × 10²³', '1.7 × 10⁻⁴⁹')
    """
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


# What the post says, and what the laws say to it.


@computed(shows="factors")
def post_ratios() -> Texts:
    """Tokens per parameter of Mistral 7B and Llama 2 13B as the post prints them."""
    ratio = post_factor("ratio")
    assert "likely" in post_factor("tokens").challenger_text, "The post calls Mistral's tokens likely."
    return {
        "post-ratio-mistral": f"{ratio.challenger_value:.0f}",
        "post-ratio-llama": f"{ratio.baseline_value:.0f}",
    }


@computed(shows="laws")
def needed() -> Texts:
    """Trillions of training tokens at which Mistral 7B would reach the loss of Llama 2 13B on two
    trillion, by each version of Chinchilla's law.
    """
    assert OURS.n_tokens == THEIRS.n_tokens == 2e12, "Both are said to have read two trillion tokens."
    for id in LAWS:
        assert 0 < match(id).gap < 0.1, f"The 13B leads by less than a tenth of a nat; not under {id}."
    assert match(KAPLAN).needed is None, "Under Kaplan's law no amount of data is enough."
    texts = {f"needed-{name}": trillions(match(id).needed) for id, name in VERSIONS.items()}
    return {**texts, "needed-moved": trillions(given(match(UNROUNDED).needed) - given(match(PRINTED).needed))}


@computed(shows="laws")
def at_equal_compute() -> Texts:
    """What Mistral 7B may read for the training compute 6ND of Llama 2 13B, and by how much it still
    trails: the least and the most of the four laws.
    """
    found = [equal_compute(id) for id in LAWS]
    gaps = [one.gap for one in found]
    assert 0 < min(gaps) <= max(gaps) < 0.1, "At equal compute the 13B leads under every law, by a hair."
    return {
        "equal-compute-tokens": trillions(found[0].challenger.n_tokens, 2),
        "equal-compute-least": f"{min(gaps):.3f}",
        "equal-compute-most": f"{max(gaps):.3f}",
    }


# Chinchilla's own runs.


@computed(shows="chinchilla")
def own_refit() -> Texts:
    """Trillions of tokens at which Mistral 7B draws level with Llama 2 13B, and by how much it trails on
    equal data, by our fit to Chinchilla's runs; and between what values 95% of the recorded draws lie.
    """
    level, trail = match_interval(), gap_interval()
    low, high = (given(end) / 1e12 for end in (level.low, level.high))
    assert given(trail.low) > 0, "In all but a few draws the 13B leads."
    assert low < given(level.middle) / 1e12 < high < 100, "The interval holds what was fitted."
    return {
        "level": trillions(level.middle),
        "level-low": f"{low:.0f}",
        "level-high": about(high, 2),
        "trail-low": f"{trail.low:.3f}",
        "trail-high": f"{given(trail.high):.3f}",
        "n-draws": f"{facts.run(DRAWS).settings['draws']:,}",
    }


@computed(shows="chinchilla")
def least_drawn() -> Texts:
    """The fewest tokens that any of the recorded draws asks of Mistral 7B, in trillions."""
    needed = [Match(one, OURS, THEIRS).needed for one in drawn_laws()]
    least = min(tokens for tokens in needed if tokens is not None)
    assert least > given(match(UNROUNDED).needed), "No draw asks as little as Chinchilla's own constants do."
    return {"least-drawn": trillions(least)}


@computed(shows="chinchilla?left_out=0")
def five_dots() -> Texts:
    """What the runs of fewest tokens per parameter do to the tokens that match."""
    without, with_them = refit(), refit(left_out=0)
    assert 100 * given(without.match.needed) < given(with_them.match.needed), (
        "Five runs move it a hundredfold."
    )
    assert abs(without.match.gap - with_them.match.gap) < 1e-3, "The order and the margin stay."
    return {
        "n-left-out": number(without.left_out),
        "level-with": f"{given(with_them.match.needed) / 1e12:,.0f}",
    }


@computed(shows="chinchilla?how=least%20squares")
def other_choices() -> Texts:
    """Tokens to match, in trillions, by least squares in place of Huber's loss, and with parameters counted
    as Kaplan counted them.
    """
    return {
        "level-squares": trillions(refit(how=LEAST_SQUARES).match.needed, 0),
        "level-inner": trillions(refit(counting=COUNTINGS[1]).match.needed, 0),
    }


# What the two ratios say.


@computed(shows="factors")
def division() -> Texts:
    """Parameters counted from each model's shape, and two trillion training tokens divided by them."""
    assert facts.release(CHALLENGER).train_tokens is None, "Nobody published Mistral 7B's training tokens."
    return {
        "parameters-llama": f"{THEIRS.n_params:,}",
        "parameters-mistral": f"{OURS.n_params:,}",
        "ratio-llama": f"{THEIRS.ratio:.1f}",
        "ratio-mistral": f"{OURS.ratio:.1f}",
    }


@computed(shows="factors?n_challenger=7.2&n_baseline=13")
def rounded_sizes() -> Texts:
    """Tokens needed by the printed law with exact sizes, and with the rounded ones that the post divides
    by.
    """
    sizes = post_factor("parameters")
    ours, theirs = contenders(
        n_challenger=given(sizes.challenger_value) / 1e9, n_baseline=given(sizes.baseline_value) / 1e9
    )
    ratio = post_factor("ratio")
    assert round(ours.ratio) == ratio.challenger_value, "The rounded size gives the post's ratio."
    return {
        "post-size": f"{ours.n_params / 1e9:.1f}",
        "needed-exact": trillions(match(PRINTED).needed, 2),
        "needed-rounded": trillions(match(PRINTED, ours, theirs).needed, 2),
    }


# One law, three answers.


@computed(shows="laws")
def purse() -> Texts:
    """By how much Llama 2 13B leads under the versions of Chinchilla's law, what more data can still save
    Mistral 7B, and the one as a share of the other.
    """
    found = {name: match(id) for id, name in VERSIONS.items()}
    (gap,) = {f"{one.gap:.3f}" for one in found.values()}  # the three agree
    charges = {name: one.law.charges(*OURS.pair)[1] for name, one in found.items()}
    return {
        "gap": gap,
        **{f"purse-{name}": f"{charge:.3f}" for name, charge in charges.items()},
        **{f"share-{name}": f"{found[name].gap / charge:.0%}" for name, charge in charges.items()},
    }


@computed()
def exponents() -> Texts:
    """How the best size grows with compute: the exponents of the Chinchilla paper's three methods as it
    prints them, and the refit's from its own constants.
    """
    methods = {f"exponent-{n}": facts.law(f"chinchilla-{n}")["a"] for n in (1, 2, 3)}
    refit, _ = law(REFIT).exponents()
    first, second, third = methods.values()
    assert third < min(first, second, refit) - 0.02, "The original fit stands apart from the other three."
    return {name: f"{value:.2f}" for name, value in {**methods, "exponent-refit": refit}.items()}


@computed()
def misfit() -> Texts:
    """The test of the printed constants against the refit, as Besiroglu and others print it, and the runs
    that they read off and fitted.
    """
    refit = facts.law(REFIT)
    assert refit["n_runs_fitted"] < refit["n_runs"], "The refit leaves some of the runs out."
    return {
        "chi2": f"{refit['chi2']:.0f}",
        "p-value": in_powers(refit["p_value"], 1),
        "runs-read-off": f"{refit['n_runs']:.0f}",
    }


@computed(shows="ratios?law=chinchilla")
def chinchilla_itself() -> Texts:
    """Tokens per parameter that Chinchilla 70B read, and what each version of its law calls best for its
    size.
    """
    release = facts.release("Chinchilla 70B")
    size = given(release.params_rounded)
    read = given(release.train_tokens) / size
    best = {name: given(law(id).best_tokens(size)) / size for id, name in VERSIONS.items()}
    assert best["unrounded"] > best["printed"] / 2 > read, "By its own law Chinchilla was undertrained."
    assert read > best["refit"], "By the refit it was not."
    return {
        "chinchilla-size": f"{size / 1e9:.0f}",
        "rule-of-thumb": f"{read:.0f}",
        **{f"best-chinchilla-{name}": f"{value:.0f}" for name, value in best.items()},
    }


# Was the 13B undertrained?


def released(id: str, until: int = 2023) -> dict[str, Trained]:
    """Released models beside the best of a law, by name."""
    return {one.release.model: one for one in trained(law(id), until)}


@computed(shows="ratios")
def undertrained() -> Texts:
    """Tokens per parameter of the giants and of Llama 2 13B, and its multiple of what the printed law and
    the refit call best.
    """
    for id in VERSIONS:
        times = {name: one.times for name, one in released(id).items() if one.times}
        assert max(times["GPT-3 175B"], times["Gopher 280B"]) < 1 < times[BASELINE], (
            f"Under {id} either a giant had read enough, or Llama 2 13B too little."
        )
        assert OURS.n_tokens > given(law(id).best_tokens(OURS.n_params)), (
            f"Mistral 7B is undertrained by {id}."
        )
    read = released(REFIT)
    return {
        "read-gpt-3": f"{read['GPT-3 175B'].ratio:.1f}",
        "read-gopher": f"{read['Gopher 280B'].ratio:.1f}",
        "read-llama": f"{read[BASELINE].ratio:.0f}",
        "times-printed": f"{released(PRINTED)[BASELINE].times:.1f}",
        "times-refit": f"{read[BASELINE].times:.1f}",
    }


@computed(shows="ratios")
def rules() -> Texts:
    """Best tokens per parameter for a model of Mistral 7B's size, by each version of Chinchilla's law."""
    best = {name: given(law(id).best_tokens(OURS.n_params)) / OURS.n_params for id, name in VERSIONS.items()}
    digits = {"refit": 1}
    return {f"rule-{name}": f"{value:.{digits.get(name, 0)}f}" for name, value in best.items()}


# Then why did it win?


@computed()
def shared_heads() -> Texts:
    """Average quality of T5-XXL with a KV head for each query head and with eight shared ones, as the
    paper on grouped queries prints it.
    """
    quality = {speed.id: speed.value for speed in facts.speeds()}
    return {
        "quality-full": f"{quality['gqa-mha-xxl-quality']:.1f}",
        "quality-shared": f"{quality['gqa-gqa8-xxl-quality']:.1f}",
    }


@computed()
def later_model() -> Texts:
    """Parameters of Mistral 7B and of Llama 3 8B without their embeddings, the later model's tokens, and
    scores of both in one run.
    """
    ours, later = (facts.model(name) for name in (CHALLENGER, "Llama 3 8B"))
    (inner,) = {memory.model_parameters(replace(shape, vocab_size=0)) for shape in (ours, later)}
    assert (ours.sliding_window, ours.rope_theta) != (later.sliding_window, later.rope_theta)
    release = facts.release(later.name)
    assert release.train_tokens_bound == "at least", "Llama 3 8B read at least so many tokens."
    score = {(s.model, s.benchmark): s.score_pct for s in facts.scores() if s.pipeline_id == "obsscaling"}
    texts = {"inner-parameters": f"{inner:,}", "later-tokens": f"{given(release.train_tokens) / 1e12:.0f}"}
    for test, leads in (("GSM8K", True), ("MMLU", True), ("HellaSwag", False)):
        old, new = score[ours.name, test], score[later.name, test]
        assert (new > old) is leads, f"On {test} the order is another than the sentence says."
        texts |= {f"{test.lower()}-before": f"{old:.1f}", f"{test.lower()}-later": f"{new:.1f}"}
    return texts


# Sizes and floors that the miniature is held against.


@computed(shows="factors")
def size_share() -> Texts:
    """Parameters of Mistral 7B over those of Llama 2 13B."""
    ratio = OURS.n_params / THEIRS.n_params
    return {"size-share": f"{ratio:.0%}", "size-ratio": f"{ratio:.2f}"}


@computed()
def law_floors() -> Texts:
    """The floor E of each version of Chinchilla's law: printed, unrounded, refit."""
    return {"law-floors": listed(f"{law(id).E:.2f}" for id in VERSIONS)}


# The cheapest size.


@computed(shows="serving?served=1000")
def cheapest_sizes() -> Texts:
    """By the refit, the cheapest size in billions for the loss of Llama 2 13B when nothing is served, and
    when the most of the table is.
    """
    goal, most = Goal(law(REFIT), THEIRS), max(SERVED)
    return {
        "cheapest-unused": f"{goal.cheapest(0).n_params / 1e9:.0f}",
        "cheapest-used": f"{goal.cheapest(most * 1e12).n_params / 1e9:.1f}",
        "most-served": f"{most:,.0f}",
    }


@computed(shows="serving")
def turning_points() -> Texts:
    """Trillions of served tokens at which Mistral 7B's size is the cheapest, and from which it costs less
    than Llama 2 13B; and the tokens per parameter that it must read for that.
    """
    texts: Texts = {}
    for id, digits in ((REFIT, 0), (PRINTED, 1)):
        goal, name = Goal(law(id), THEIRS), VERSIONS[id]
        way = goal.of_size(OURS.n_params, 0)
        assert way is not None, "Some amount of data brings the 7B to the 13B's loss."
        even = served_to_repay((way.n_params, way.n_tokens), THEIRS.pair)
        texts |= {
            f"cheapest-at-{name}": trillions(goal.served_for(OURS.n_params), 0),
            f"cheaper-from-{name}": trillions(even, digits),
            f"read-each-{name}": f"{round(way.n_tokens / way.n_params, -1):,.0f}",
        }
    return texts


# Exercises.


@computed()
def exercise_compute() -> Texts:
    """Training compute 6ND of Llama 2 13B and of a Mistral 7B that draws level with it by the refit, in
    FLOPs, and their ratio, by the printed law too.
    """
    cost = {name: training_flops(OURS.n_params, match(id).needed or 0) for id, name in VERSIONS.items()}
    return {
        "cost-mistral": in_powers(cost["refit"], 2),
        "cost-llama": in_powers(THEIRS.training, 2),
        "cost-times": f"{cost['refit'] / THEIRS.training:.1f}",
        "cost-times-printed": f"{cost['printed'] / THEIRS.training:.1f}",
        "fewer-parameters": f"{1 - OURS.n_params / THEIRS.n_params:.0%}",
    }


def mmlu(source_id: str) -> dict[str, float]:
    """MMLU by model in one source."""
    return {s.model: s.score_pct for s in facts.scores() if (s.source_id, s.benchmark) == (source_id, "MMLU")}


@computed()
def exercise_size() -> Texts:
    """MMLU of Mistral 7B on the line between Llama 2 13B and 70B in the logarithm of size: with the 70B's
    score from Meta's run, and in the leaderboard's run of all three.
    """
    mistral, meta, alone = (
        mmlu(id) for id in ("mistral-7b-paper", "llama-2-paper", "open-llm-leaderboard-v1")
    )
    assert "Llama 2 70B" not in mistral, "Mistral's run has no 70B; the sentence takes it from Meta's."
    small, large = (memory.model_parameters(facts.model(name)) for name in (BASELINE, "Llama 2 70B"))

    def size(ours: float, thirteen: float, seventy: float) -> float:
        return equivalent_size(ours, (small, thirteen), (large, seventy)) / 1e9

    ours, thirteen, seventy = mistral[CHALLENGER], mistral[BASELINE], meta["Llama 2 70B"]
    printed = next(one.n_params for one in facts.projections() if one.id == "equivalent-mmlu")
    return {
        "mmlu-mistral": f"{ours:.1f}",
        "mmlu-llama": f"{thirteen:.1f}",
        "mmlu-70b": f"{seventy:.1f}",
        "equivalent-mixed": f"{size(ours, thirteen, seventy):.1f}",
        "equivalent-printed": f"{given(printed) / 1e9:.0f}",
        "equivalent-one-run": f"{size(*(alone[name] for name in (CHALLENGER, BASELINE, 'Llama 2 70B'))):.0f}",
    }


@computed()
def exercise_row() -> Texts:
    """The row of Chinchilla's Table 3 that does not keep to C = 6ND: its own figures, and those that would
    fit.
    """
    rows = {
        one.id: (given(one.n_params), given(one.n_tokens), given(one.flops))
        for one in facts.projections()
        if one.id.startswith("chinchilla-")
    }
    computed_flops = {id: training_flops(n, d) for id, (n, d, _) in rows.items()}
    error = {id: computed_flops[id] / flops - 1 for id, (_, _, flops) in rows.items()}
    odd = max(error, key=lambda id: error[id])
    (n_params, n_tokens, flops), due = rows[odd], computed_flops[odd]
    rest = [abs(off) for id, off in error.items() if id != odd]
    return {
        "table-rows": number(len(rows)),
        "odd-size": f"{n_params / 1e9:.0f}",
        "odd-tokens": f"{n_tokens / 1e12:.1f}",
        "odd-computed": in_powers(due, 2),
        "odd-printed": in_powers(flops, 2),
        "odd-off": f"{1 - flops / due:.1%}",
        "odd-fitting": f"{n_tokens * flops / due / 1e12:.2f}",
        "other-rows": number(len(rest)),
        "other-off": f"{max(rest):.1%}",
    }
