"""The figures of chapter 02b's sentences, and of its lab notebook's, in reading order."""

from statistics import fmean

from smallmodels import facts
from smallmodels.figures import Texts, computed
from smallmodels.miniature.formulas import NOISE
from smallmodels.miniature.noisy import (
    EARLY,
    LARGER,
    SAME,
    SMALLER,
    TWICE,
    contests,
    judged_noise,
    soiled,
    turn,
)
from smallmodels.miniature.recorded import FAILED, HELD, judged, sure_on_four_times
from smallmodels.miniature.records import (
    BEYOND,
    DRAWS,
    FITTED,
    HELD_OUT,
    LOSES,
    OUTCOMES,
    RECORD,
    UNDECIDED,
    WINS,
    Duel,
    crossings,
    fits,
    further,
    grid,
    interval,
    measured_duels,
    reached,
    registered,
    registered_points,
    rises,
    steps,
)
from smallmodels.scaling.fitting import HUBER, errors, explained, fit_above, rms
from smallmodels.words import listed, number

SWEEP, GPU = grid(), grid(BEYOND)
SMALLEST, LARGEST = min(SWEEP.sizes), max(SWEEP.sizes)


def given(value: float | None) -> float:
    """A value that a sentence names, and that must be there."""
    assert value is not None, "A sentence names a figure that was not measured."
    return value


def millions(characters: float | None, digits: int = 1) -> str:
    """An amount of text, in millions of characters."""
    return f"{given(characters) / 1e6:.{digits}f}"


def races(text: str, record: str = RECORD) -> list[Duel]:
    """All duels of all pairs in which the smaller model reads so much."""
    return [duel for larger in grid(record).pairs for duel in measured_duels(larger, text, record)]


# A law whose truth is known.


@computed(shows="refit")
def answer() -> Texts:
    """How many runs our sweep has, what the law fitted to them explains of their differences, and by how far
    its floor misses the true one, in nats per character.
    """
    fit = registered()
    assert fit.off < -0.02, "The fitted floor lies clearly below the true one."
    assert all(given(duel.gap) > 0 for record in (RECORD, BEYOND) for duel in races("same", record))
    assert all(given(duel.gap) < 0 for duel in races("four times")), "Here four times the text always wins."
    assert LOSES in {duel.outcome for duel in races("four times", BEYOND)}, "On the GPU it does not."
    return {
        "n-runs": f"{len(SWEEP.run.rows)}",
        "explained": f"{fit.explained_pct:.1f}%",
        "missed": f"{-fit.off:.2f}",
    }


@computed(shows="losses")
def question() -> Texts:
    """The invented language and the sweep over it, as the record describes them: its entropy in nats per
    character, the exact loss on the test text, the sizes, texts, window and repetitions.
    """
    settings = SWEEP.run.settings
    assert SWEEP.floor < settings["entropy_rate"], "The test text is a little easier than the language."
    return {
        "n-words": f"{settings['language']['n_words']:,}",
        "true-floor": f"{SWEEP.floor:.4f}",
        "entropy-rate": f"{settings['entropy_rate']:.4f}",
        "n-sizes": number(len(SWEEP.sizes)).capitalize(),
        "least-text": millions(SWEEP.budgets[0], 2),
        "most-text": millions(SWEEP.budgets[-1], 2),
        "window": f"{settings['sliding_window']}",
        "n-seeds": number(len(SWEEP.seeds)),
    }


@computed(shows="losses?show=spread of the seeds")
def spread() -> Texts:
    """Steps from cell to cell that lower the mean loss, and the smallest and largest standard deviation
    between the seeds of a cell.
    """
    count = len(steps(SWEEP))
    assert not rises(SWEEP), "Every step lowers the loss."
    deviations = [
        (fmean((x - fmean(cell.values())) ** 2 for x in cell.values()) * len(cell) / (len(cell) - 1)) ** 0.5
        for cell in SWEEP.cells.values()
    ]
    return {
        "n-steps": f"{count}",
        "least-spread": f"{min(deviations):.3f}",
        "most-spread": f"{max(deviations):.3f}",
    }


@computed(shows="losses?show=above the exact floor")
def best_of_all() -> Texts:
    """By how many nats the largest model on the most text is still above the floor, here and on the GPU."""
    assert GPU.floor == SWEEP.floor, "Both were measured on the same text."
    here, there = (one.loss(max(one.sizes), one.budgets[-1]) - one.floor for one in (SWEEP, GPU))
    return {"above-here": f"{here:.2f}", "above-gpu": f"{there:.2f}"}


# When does half the size win?


def shares() -> list[float]:
    """Parameters of each model over those of the next larger one, from the smallest pair on."""
    return [SWEEP.sizes[a] / SWEEP.sizes[b] for a, b in SWEEP.pairs.values()]


@computed(shows="half-size")
def pairs() -> Texts:
    """The least and the largest share of a model's parameters that the next smaller one has."""
    return {"least-share": f"{min(shares()):.0%}", "largest-share": f"{max(shares()):.0%}"}


def tally(text: str) -> tuple[int, int, int, int]:
    """How many races the smaller model wins, leaves undecided and loses, and how many there are."""
    outcomes = [duel.outcome for duel in races(text)]
    wins, undecided, loses = (outcomes.count(outcome) for outcome in OUTCOMES)
    return wins, undecided, loses, len(outcomes)


def clear(n: int, of: int) -> str:
    """How many of some races are beyond noise, in words."""
    return "all" if n == of else number(n)


@computed(shows="half-size?text=same")
def same_text() -> Texts:
    """Races on the same text: how many there are, and how many the smaller model loses beyond noise."""
    wins, _, loses, count = tally("same")
    assert wins == 0, "On the same text the smaller model wins nowhere."
    assert NOISE == 2, "Noise is twice the standard error."
    return {"n-same": f"{count}", "clear-same": clear(loses, count)}


@computed(shows="half-size?text=four times")
def four_times() -> Texts:
    """Races in which the smaller model reads four times the text: how many there are, how many it wins beyond
    noise, how many the protocol left open, and how far the larger one has read in the last.
    """
    wins, _, loses, count = tally("four times")
    assert loses == 0, "On four times the text the smaller model loses nowhere."
    counted = len(sure_on_four_times())
    return {
        "n-four": number(count),
        "clear-four": number(wins),
        "n-open": number(count - counted),
        "n-predicted": number(counted),
        "last-four": millions(max(duel.read for duel in races("four times"))),
    }


@computed(shows="half-size?larger=48&text=four times&record=scaling-cuda")
def four_times_on_the_gpu() -> Texts:
    """The first race that four times the text does not win, on the GPU: both sizes, and the gap in nats."""
    last = max(duel.read for duel in races("four times"))
    duel = next(d for d in measured_duels(48, "four times", BEYOND) if d.outcome == LOSES)
    assert duel.read == 2 * last, "It is lost one budget further."
    small, large = (f"{GPU.sizes[width]:,}" for width in GPU.pair(48))
    return {"beaten-small": small, "beaten-large": large, "beaten-by": f"{given(duel.gap):.3f}"}


@computed(shows="half-size")
def twice_the_text() -> Texts:
    """Races in which the smaller model reads twice the text: won, lost and within noise; and where the order
    changes, in millions of characters of the larger model, pair by pair from the smallest.
    """
    wins, undecided, loses, count = tally("twice")
    assert wins > loses > 0, "Some are won, fewer lost."
    last = [measured_duels(larger, "twice")[-1].outcome for larger in SWEEP.pairs]
    assert last == [LOSES, LOSES, UNDECIDED, UNDECIDED], "The last two places lie within noise."
    *places, end = (millions(place) if place else f"more than {millions(FITTED)}" for place in crossings())
    return {
        "n-twice": f"{count}",
        "won-twice": number(wins),
        "lost-twice": number(loses),
        "open-twice": number(undecided),
        "crossings": f"{', '.join(places)} and about {end}",
    }


@computed(shows="half-size?text=compute")
def equal_compute() -> Texts:
    """Races at equal compute 6ND, all parameters counted: how many there are, won, lost and within noise."""
    wins, undecided, loses, count = tally("compute")
    assert wins > loses, "The smaller model wins more of them than it loses."
    return {
        "n-compute": f"{count}",
        "won-compute": number(wins),
        "lost-compute": number(loses),
        "open-compute": number(undecided),
    }


# Fit the law yourself.


@computed(shows="refit")
def fitted() -> Texts:
    """How far the registered fit is off, root mean square: on its runs, on the column held out, and on the
    GPU's; and how far a seed is off from the mean of its cell.
    """
    fit = registered()
    cells = [cell for (_, budget), cell in SWEEP.cells.items() if budget in SWEEP.fitted]
    off = [loss / fmean(cell.values()) - 1 for cell in cells for loss in cell.values()]
    n = len(SWEEP.seeds)
    luck = 100 * rms(off) * (n / (n - 1)) ** 0.5  # a mean of few is near to each of them
    far = 100 * rms(errors(fit.law, further()))
    assert far > fit.held_out_pct > fit.residual_pct > max(1, 1.5 * luck), "It is off by more than luck."
    return {
        "residual": f"{fit.residual_pct:.1f}%",
        "luck": f"{luck:.1f}%",
        "held-out": f"{fit.held_out_pct:.1f}%",
        "held-out-gpu": f"{far:.1f}%",
    }


@computed(shows="refit")
def floor() -> Texts:
    """The floor of the registered fit, the true one, and between what nine in ten of the recorded draws put
    it; a draw takes as many trainings as there are, with replacement.
    """
    low, high = interval("E")
    assert high < SWEEP.floor, "The interval does not hold the truth."
    return {
        "fitted-floor": f"{registered().law.E:.3f}",
        "true-floor-short": f"{SWEEP.floor:.3f}",
        "n-draws": f"{len(facts.run(DRAWS).rows):,}",
        "n-trainings": f"{len(SWEEP.sizes) * len(SWEEP.seeds)}",
        "floor-low": f"{low:.3f}",
        "floor-high": f"{high:.3f}",
    }


@computed(shows="refit?how=Huber")
def by_huber() -> Texts:
    """The floor of the same runs by Huber's measure, and how unequal the sizes are in their spread."""
    huber, (_, high) = fits(HUBER)[0].law.E, interval("E")
    assert high - 0.02 < huber < SWEEP.floor, "It is nearer to the truth, and below it."
    spreads = SWEEP.deviations.values()
    return {"huber-floor": f"{huber:.3f}", "uneven": number(round(max(spreads) / min(spreads)))}


# A smooth curve with the wrong floor.


@computed(shows="floors")
def floors() -> Texts:
    """The floors of all the fits by least squares but the one that finds none, how little the worst of them
    explains, and how many fits there are.
    """
    every = fits()
    found = [fit.law.E for fit in every if fit.law.E]
    assert [fit.name for fit in every if not fit.law.E] == ["without the two smallest"]
    assert max(found) < SWEEP.floor - 0.02, "None is near the truth."
    worst = min(fit.explained_pct for fit in every)
    assert worst > 99, "Each explains 99% and more."
    return {
        "n-fits": number(len(every)),
        "n-unplanned": number(len(every) - 1),
        "worst-explained": f"{worst:.1f}%",
        "at-least-explained": f"{int(worst)}%",
        "lowest-floor": f"{min(found):.2f}",
        "highest-floor": f"{max(found):.2f}",
    }


@computed(shows="floors?how=Huber")
def floors_by_huber() -> Texts:
    """The lowest and the highest floor of the same fits by Huber's measure."""
    found = [fit.law.E for fit in fits(HUBER)]
    assert max(found) < SWEEP.floor - 0.02, "None is near the truth."
    return {"lowest-huber": f"{min(found):.2f}", "highest-huber": f"{max(found):.2f}"}


@computed(shows="losses?record=scaling-cuda")
def foretold() -> Texts:
    """How far above the floor the fitted runs end, and what the law foretells of the GPU's largest run,
    beside what was measured.
    """
    law, most_text = registered().law, max(GPU.budgets)
    size = max(GPU.sizes)
    ends = min(SWEEP.loss(width, FITTED) for width in SWEEP.sizes) - SWEEP.floor
    told, came = law.loss(GPU.sizes[size], most_text), GPU.loss(size, most_text)
    assert told < SWEEP.floor < came, "The law foretells less than any model can reach."
    return {
        "ends-above": f"{ends:.2f}",
        "largest-gpu": f"{GPU.sizes[size]:,}",
        "most-text-gpu": millions(most_text),
        "foretold": f"{told:.3f}",
        "came": f"{came:.3f}",
    }


@computed(shows="losses")
def last_doubling() -> Texts:
    """What the last doubling of text saves: by the law, the same for every size, and as measured for the
    smallest and the largest.
    """
    law, n_params = registered().law, SWEEP.sizes[LARGEST]
    due = law.loss(n_params, FITTED) - law.loss(n_params, HELD_OUT)
    saved = [SWEEP.loss(width, FITTED) - SWEEP.loss(width, HELD_OUT) for width in SWEEP.sizes]
    assert saved == sorted(saved, reverse=True), "The larger a model, the less it saves."
    assert saved[0] > due > saved[-1], "The law is between the smallest and the largest."
    return {
        "saved-law": f"{due:.3f}",
        "saved-smallest": f"{saved[0]:.3f}",
        "saved-largest": f"{saved[-1]:.3f}",
    }


@computed()
def forced() -> Texts:
    """What the best law with its floor forced to nothing, and with its floor forced to the truth, explains of
    the differences between the runs fitted.
    """
    points = registered_points()
    at_nothing, at_truth = (100 * explained(fit_above(E, points), points) for E in (0, SWEEP.floor))
    assert min(at_nothing, at_truth) > 98.5, "Either explains nearly all."
    return {"explained-at-nothing": f"{at_nothing:.1f}%", "explained-at-truth": f"{at_truth:.1f}%"}


# How much must the smaller one read?


def asked(larger: int, read: int) -> list[float]:
    """Millions of characters on which the next smaller model matches this width, fit by fit where any do."""
    small, large = (SWEEP.sizes[width] for width in SWEEP.pair(larger))
    needed = [fit.law.tokens_to_match(small, large, read) for fit in fits()]
    return sorted(text / 1e6 for text in needed if text is not None)


@computed(shows="matches")
def pair() -> Texts:
    """The parameters of the pair, their ratio, and the text in millions that the fits ask of the smaller one
    where the larger has read the most.
    """
    near, far = asked(64, FITTED), asked(64, HELD_OUT)
    assert far[-1] / far[0] > near[-1] / near[0], "Further out the fits agree less."
    small, large = (SWEEP.sizes[width] for width in SWEEP.pair(64))
    return {
        "pair-small": f"{small:,}",
        "pair-large": f"{large:,}",
        "pair-ratio": f"{small / large:.2f}",
        "far-read": millions(HELD_OUT, 2),
        "far-low": f"{far[0]:.0f}",
        "far-high": f"{far[-1]:.0f}",
    }


@computed(shows="matches?read=4194304")
def nearer() -> Texts:
    """The text in millions that the fits ask of the smaller one of the pair where the larger has read half as
    much, and what was measured, here and on the GPU, with what is within noise there.
    """
    near, here, there = asked(64, FITTED), reached(64, FITTED), reached(64, FITTED, BEYOND)
    assert given(there.early) < given(here.at) < 1e6 * near[0] < given(there.late)
    return {
        "near-read": millions(FITTED, 2),
        "near-low": f"{near[0]:.1f}",
        "near-high": f"{near[-1]:.1f}",
        "near-measured": millions(here.at),
        "near-gpu": millions(there.at),
        "near-gpu-early": millions(there.early),
        "near-gpu-late": millions(there.late),
    }


@computed(shows="matches?larger=48&read=4194304")
def another_pair() -> Texts:
    """The text in millions that the fits ask for another pair; one of them says that no amount is enough."""
    found = asked(48, FITTED)
    assert len(found) == len(fits()) - 1, "One fit says that no amount is enough."
    return {"other-low": f"{found[0]:.0f}", "other-high": f"{found[-1]:,.0f}"}


@computed(shows="half-size?record=scaling-cuda")
def short_of_it() -> Texts:
    """By how many nats the smaller one of the pair trails on the GPU's most text, twice the larger one's."""
    assert reached(64, HELD_OUT, BEYOND).at is None, "It did not draw level."
    duel = measured_duels(64, "twice", BEYOND)[-1]
    assert duel.read == HELD_OUT, "The last duel is that of the most text."
    assert 0 < given(duel.gap) < duel.noise, "The difference is within noise."
    return {"short-by": f"{duel.gap:.3f}"}


# What we had predicted.


@computed(shows="verdicts")
def predictions() -> Texts:
    """The parts of the predictions and how many held; of the runs held out, by how far those of the largest
    size lie above the law and those of the smallest below it.
    """
    verdicts = judged()
    failed = [one for one in verdicts if one.verdict == FAILED]
    assert [one.letter for one in failed] == ["b", "c"], "One part of b failed, and one of c."
    assert "residual" in failed[0].prediction, "Of b it is the residual."
    assert "order changes" in failed[1].prediction, "Of c it is the order of the crossings."
    held = sum(one.verdict == HELD for one in verdicts)
    assert held + len(failed) == len(verdicts), "None is undecided."
    law = registered().law
    off = [100 * fmean(errors(law, SWEEP.points([width], (HELD_OUT,), SWEEP.seeds))) for width in SWEEP.sizes]
    assert off == sorted(off), "The larger a model, the further it lies above the law."
    assert off[0] < 0 < off[-1], "The smallest lies below it."
    return {
        "n-parts": number(len(verdicts)),
        "n-held": number(held),
        "above-largest": f"{off[-1]:.1f}%",
        "below-smallest": f"{-off[0]:.1f}%",
    }


@computed(shows="half-size?larger=32")
def order() -> Texts:
    """Each pair's share of parameters, and where its order changes, in millions of characters of the larger
    model.
    """
    first, second, third, fourth = crossings()
    assert third is None, "The third pair does not cross."
    assert given(second) < given(first) < given(fourth), "Among pairs of like share the larger cross later."
    a, b, c, d = (f"{100 * share:.0f}" for share in shares())
    return {
        "shares": listed((a, b, c, f"{d}%")),
        "uneven-shares": f"{a} and {c}%",
        "even-shares": f"{b} and {d}%",
        "cross-1": millions(first),
        "cross-2": millions(second),
        "cross-3": millions(FITTED),
        "cross-4": millions(fourth),
    }


@computed()
def order_on_the_gpu() -> Texts:
    """Where, in millions of characters of the larger model, the smaller of the GPU's larger pairs still wins
    on twice the text.
    """
    beyond = [width for width in GPU.sizes if width not in SWEEP.sizes]
    reads = {measured_duels(width, "twice", BEYOND)[-1].read for width in beyond}
    for width in beyond:
        assert measured_duels(width, "twice", BEYOND)[-1].outcome == WINS, f"Width {width} no longer wins."
    (read,) = reads
    assert read > 8e6, "It is the most that twice the text allows."
    return {"gpu-wins-at": millions(read)}


# Noise in the text.


@computed()
def spoilt() -> Texts:
    """The most that was replaced in the texts of the noisy runs, their sizes and seeds, from their record."""
    runs = soiled()
    few, many = runs.budgets
    assert many == 2 * few, "The larger budget is no longer twice the smaller."
    return {
        "noise-most": f"{100 * max(runs.shares):.0f}%",
        "noise-sizes": number(len(runs.sizes)),
        "noise-seeds": number(len({row["seed"] for row in runs.run.rows})),
    }


@computed(shows="noise?larger=48&amount=same")
def outdone() -> Texts:
    """Where the larger model of a pair loses its lead, both having read as much: the share of its characters
    replaced, on straight lines between those tried, and the range within the luck of the seeds.
    """
    near, far = (turn(contests(width, SAME, LARGER)) for width in (32, 48))
    sizes = soiled().sizes
    assert given(near.share) < given(far.share), "The longer lead takes more noise."
    return {
        "noise-small": f"{sizes[32]:,}",
        "noise-large": f"{sizes[48]:,}",
        "noise-turn": f"{100 * given(far.share):.1f}%",
        "noise-turn-least": f"{100 * given(far.least):.1f}",
        "noise-turn-most": f"{100 * given(far.most):.1f}",
        "noise-turn-near": f"{100 * given(near.share):.1f}%",
        "noise-one-in": f"{1 / given(far.share):.0f}",
    }


@computed(shows="noise?larger=48&amount=twice&whose=the%20smaller's")
def undone() -> Texts:
    """Where the smaller model of a pair loses the lead that twice the text gave it, by noise in its own."""
    near, far = (given(turn(contests(width, TWICE, SMALLER)).share) for width in (32, 48))
    for width in (32, 48):
        kept = contests(width, TWICE, LARGER)
        assert all(one.gap < 0 for one in kept), "Noise in the larger's text helps it."
    return {"undone-near": f"{100 * near:.1f}%", "undone-far": f"{100 * far:.1f}%"}


@computed()
def dearer() -> Texts:
    """What a tenth of noise costs the smallest and the largest size in nats, and a perfect reader who reckons
    with it.
    """
    runs, read = soiled(), soiled().budgets[-1]
    small, large = (runs.cost((width, 0.1, read)) for width in (min(runs.sizes), max(runs.sizes)))
    assert small < large, "Noise costs the larger more."
    alone = runs.suspicion(0.1)
    assert 2 < small / alone < large / alone < 4, "Noise costs several times what suspicion does."
    return {
        "noise-tenth": "10%",
        "noise-cost-small": f"{small:.2f}",
        "noise-cost-large": f"{large:.2f}",
        "noise-suspicion": f"{alone:.2f}",
    }


@computed(shows="noise?larger=32&amount=same")
def foretold_of_noise() -> Texts:
    """The parts of the forecast for the noisy runs, how many held, and which one did not."""
    found = judged_noise()
    failed = [one for one in found if one.verdict != HELD]
    assert [one.letter for one in failed] == ["d"], "One part failed, of d."
    assert "5 to 20%" in failed[0].prediction, "It is the range."
    near = [given(turn(contests(32, amount, LARGER)).share) for amount in (EARLY, SAME)]
    assert max(near) < 0.05 < min(given(turn(contests(48, a, LARGER)).share) for a in (EARLY, SAME))
    return {
        "noise-parts": number(len(found)),
        "noise-held": number(len(found) - len(failed)),
        "noise-foretold": "5%",
        "noise-near-low": f"{100 * min(near):.1f}",
        "noise-near-high": f"{100 * max(near):.1f}%",
    }
