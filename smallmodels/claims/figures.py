"""The figures of chapter 09's sentences."""

from smallmodels import claims, facts, words
from smallmodels.benchmarks import POST
from smallmodels.claims import Assumptions
from smallmodels.figures import Texts, computed
from smallmodels.verdicts import CAVEAT, MIXED, RIGHT, UNTOLD, WITHIN, WRONG

FIRST = claims.ruled(Assumptions())


def with_verdict(verdict: str) -> set[str]:
    """The claims that have a verdict at the board's first assumptions."""
    return {ruling.claim.id for ruling in FIRST.rulings if ruling.verdict == verdict}


@computed(shows="board")
def counts() -> Texts:
    """Claims of the post by verdict, counted at the board's first assumptions."""
    found = FIRST.counts
    assert found[RIGHT] + found[CAVEAT] > len(FIRST.rulings) / 2, "Most claims are said to hold somehow."
    assert found[RIGHT] < found[CAVEAT], "Fewer hold as they were made than with a caveat."
    return {
        "count-all": words.number(len(FIRST.rulings)),
        "count-right": words.number(found[RIGHT]),
        "count-caveat": words.number(found[CAVEAT]),
        "count-within": words.number(found[WITHIN]),
        "count-untold": words.number(found[UNTOLD]),
        "count-wrong": words.number(found[WRONG]),
        "count-holding": words.number(found[RIGHT] + found[CAVEAT]),
    }


@computed(shows="board")
def turning() -> Texts:
    """Claims whose verdict turns when one assumption alone is moved, and those that nothing here moves."""
    moved = [ruling for ruling in FIRST.rulings if any(ruling.turns())]
    still = [ruling for ruling in FIRST.rulings if not ruling.judge.needs]
    return {"count-turning": words.number(len(moved)), "count-still": words.number(len(still))}


@computed(shows=f"board?source={POST}")
def on_the_posts_figures() -> Texts:
    """Claims that are not comparable when the post's own scores are taken."""
    board = claims.ruled(Assumptions(source=POST))
    turned = {ruling.claim.id for ruling in board.rulings if ruling.verdict == MIXED}
    assert {"C01", "C02", "C03", "C04", "C21"} == turned, "They are said to be about scores and what follows."
    assert not with_verdict(MIXED), "With the paper's scores none is."
    return {"posts-mixed": words.number(len(turned))}


@computed(shows="board?cached=4096&batch=8")
def busy() -> Texts:
    """Claims on speed and shared heads that are wrong for one sequence and not for several long ones."""
    board = claims.ruled(Assumptions(cached=4096, batch=8))
    turned = {claim for claim in with_verdict(WRONG) if board.of(claim).verdict == CAVEAT}
    assert turned == {"C13", "C17", "C20"}, "They are the claims on speed."
    return {"busy-turned": words.number(len(turned))}


@computed(shows="board")
def wrong() -> Texts:
    """Which claims are wrong at the first assumptions, by the text that names them."""
    assert with_verdict(WRONG) == {"C04", "C06", "C10", "C13", "C17", "C20", "C27"}, "Prose names these."
    assert with_verdict(UNTOLD) >= {"C28"}, "That of uses in production cannot be told."
    speeds = {ruling.claim.id for ruling in FIRST.rulings if ruling.claim.chapter in ("speed", "gqa")}
    return {"wrong-machine": words.number(len(with_verdict(WRONG) & speeds))}


@computed()
def assumptions() -> Texts:
    """The board's controls, and the least claims that the book's table of them has to hold."""
    assert len(facts.claims()) == len(FIRST.rulings), "Every claim has a verdict."
    return {"controls": words.number(len(claims.choices()))}
