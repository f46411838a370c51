"""The claims on scaling laws: C07 to C11."""

from functools import cache

from smallmodels import facts, memory, scaling, words
from smallmodels.claims.formulas import about
from smallmodels.claims.records import Judgement, judges, state
from smallmodels.scaling import BASELINE, CHALLENGER, Contender, Match
from smallmodels.scaling.records import post_factor
from smallmodels.scaling.runs import FURTHEST, drawn_laws, percentiles
from smallmodels.verdicts import CAVEAT, RIGHT, UNTOLD, WRONG

KAPLAN = "kaplan-joint"
CONFIDENCE = 0.95  # of the interval of its draws
REFITTED = "besiroglu"  # the law whose draws are recorded
EARLIER = "GPT-3 175B"  # what the Chinchilla paper calls undertrained
RATIO_WITHIN_PCT = 1  # what "about" may mean of tokens per parameter
TRILLION = 1e12


def pair(tokens: float | None = None) -> tuple[Contender, Contender]:
    """The post's two models, Mistral 7B on so many trillion tokens; by default on the post's."""
    return scaling.contenders(d_challenger=tokens)


def trillions(tokens: float | None) -> str:
    """Tokens in words: `13.5 trillion tokens`, `no amount of data`."""
    return "no amount of data" if tokens is None else f"{words.about(tokens / TRILLION, 3)} trillion tokens"


@judges("C07")
def kaplan() -> Judgement:
    """Of Kaplan's joint law alone: does the 13B win, whatever the smaller one reads?"""
    match = Match(scaling.law(KAPLAN), *pair())
    won, needed = match.winner == BASELINE, match.needed
    verdict = WRONG if not won else RIGHT if needed is None else CAVEAT
    told = (
        f"By its own law the 13B is {match.gap:.3f} nats ahead, and {trillions(needed)} lets the 7B match it."
    )
    return Judgement(verdict, told, state("factors", law=KAPLAN))


@judges("C08")
def undertrained(law: str) -> Judgement:
    """Training tokens against the best for the size, of an earlier model and of the one the post beats."""
    chosen, shows = scaling.law(law), state("ratios", law=law, show="every size")
    if not chosen.has_best:
        return Judgement(UNTOLD, "This law does not speak of a budget of compute.", state("ratios"))
    early, late = (_times(law, model) for model in (EARLIER, BASELINE))
    told = f"{EARLIER} read {early:.2f} times what is best for its size, Llama 2 13B {late:.1f} times."
    if early >= 1:
        return Judgement(WRONG, told, shows)
    return Judgement(CAVEAT if late >= 1 else RIGHT, told, shows)


def _times(law: str, model: str) -> float:
    release = facts.release(model)
    shape = facts.model(model)
    size = shape.params_published or release.params_rounded or memory.model_parameters(shape)
    assert release.train_tokens, f"{model}'s training tokens are published."
    return release.train_tokens / (scaling.law(law).best_tokens(size) or 1)


@judges("C09")
def tokens_per_parameter(tokens: float) -> Judgement:
    """Both ratios against the post's; Mistral's tokens are an assumption, so its ratio is one too."""
    ours, theirs = pair(tokens)
    post = post_factor("ratio")
    assert post.baseline_value, "The post prints both ratios."
    assert post.challenger_value, "The post prints both ratios."
    told = (
        f"{theirs.ratio:.0f} for Llama 2 13B; {ours.ratio:.0f} for Mistral 7B if it read {tokens:g} trillion."
    )
    shows = state("factors", d_challenger=tokens)
    least = ours.ratio >= (1 - RATIO_WITHIN_PCT / 100) * post.challenger_value
    if not about(theirs.ratio, post.baseline_value, RATIO_WITHIN_PCT) or not least:
        return Judgement(WRONG, told, shows)
    known = facts.release(CHALLENGER).train_tokens is not None
    return Judgement(RIGHT if known else CAVEAT, f"{told} Nobody published that.", shows)


@judges("C10")
def enough_tokens(law: str, tokens: float) -> Judgement:
    """Do so many tokens bring the 7B to the 13B's predicted loss, and surely, by a law that has draws?"""
    needed = Match(scaling.law(law), *pair(tokens)).needed
    shows = state("factors", law=law, d_challenger=tokens)
    if needed is None:
        return Judgement(WRONG, "By this law no amount of data lets the 7B match the 13B.", shows)
    low, high = ends() if law == REFITTED else (needed, needed)
    between = f" ({low / TRILLION:.1f} to {high / TRILLION:.0f})" if low < high else ""
    told = f"To match the 13B the 7B would have to read {words.about(needed / TRILLION, 3)} trillion tokens"
    if tokens * TRILLION < low:
        return Judgement(WRONG, f"{told}{between}, not {tokens:g}.", shows)
    enough = CAVEAT if tokens * TRILLION >= high else UNTOLD
    return Judgement(enough, f"{told}{between}; that it read {tokens:g} nobody has said.", shows)


@cache
def ends() -> tuple[float, float]:
    """The tokens between which 95% of the recorded draws lie; a draw by which none suffice counts as most.

    As `scaling.match_interval`, but without fitting the law anew.
    """
    ours, theirs = pair()
    amounts = [law.tokens_to_match(ours.n_params, *theirs.pair) or FURTHEST for law in drawn_laws()]
    return percentiles([min(amount, FURTHEST) for amount in amounts], CONFIDENCE)


@judges("C11")
def every_parameter(law: str) -> Judgement:
    """More tokens a parameter is a division; it is a reason only if at equal tokens the larger one loses."""
    ours, theirs = pair()
    even = Contender(ours.name, ours.family, ours.n_params, theirs.n_tokens)
    match = Match(scaling.law(law), even, theirs)
    told = (
        f"{even.ratio / theirs.ratio:.1f} times the tokens a parameter, as in any smaller model; at equal "
        f"tokens the larger is still {match.gap:.3f} nats ahead."
    )
    return Judgement(CAVEAT if match.winner == BASELINE else RIGHT, told, state("factors", law=law))
