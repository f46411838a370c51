"""The claims on money, on the story and on what came of it: C23, C24, C25."""

from smallmodels import cost, later, story
from smallmodels.benchmarks import POST
from smallmodels.claims.formulas import about, of_leads, of_parts
from smallmodels.claims.records import Judgement, judges, state
from smallmodels.verdicts import CAVEAT, RIGHT, UNTOLD, WRONG
from smallmodels.words import listed, number

EVENTS = ("founding", "seed-round", "pace", "release", "blog")  # what the claim on the story is made of
ABOUT_PCT = 5


def savings(snapshot: str) -> list[float]:
    """What Mistral 7B saves against Llama 2 13B at each seller of both, in percent."""
    found = cost.lines(cost.offers(snapshot), cost.MILLION, 0.5)
    return [line.saving for line in found if line.offer.model == cost.CHALLENGER and line.saving is not None]


@judges("C23")
def a_third(snapshot: str) -> Judgement:
    """Savings at the sellers of a day against the post's, each of which must be about as much."""
    (claimed,), found = savings(POST), savings(snapshot)
    where = next(name for name, id in cost.snapshots() if id == snapshot)
    shows = state("api", snapshot=snapshot)
    if not found:
        return Judgement(UNTOLD, f"Nobody quoted both in {where}.", shows)
    told = f"{listed(f'{saving:.0f}%' for saving in sorted(found))} by the prices of {where}."
    if snapshot == POST:
        told = f"{found[0]:.1f}% by the post's own two prices, for which it names no seller."
    if max(found) <= 0:
        return Judgement(WRONG, told, shows)
    same = all(about(saving, claimed, ABOUT_PCT) for saving in found)
    return Judgement(RIGHT if same else CAVEAT, told, shows)


@judges("C24")
def history() -> Judgement:
    """How what the post says of five events stands, by the timeline."""
    found = [story.event(id) for id in EVENTS]
    right = [one for one in found if one.standing == story.RIGHT]
    wrong = [one.topic.lower() for one in found if one.standing == story.WRONG]
    told = (
        f"{number(len(right)).capitalize()} of {number(len(found))} as told, {listed(wrong)} contradicted, "
        "the rest defensible."
    )
    return Judgement(of_parts(len(right), len(found)), told, state("timeline"))


BIGGER, BIGGER_LIMIT, QUOTED = (
    "GPT-3 175B",
    75,
    "quoted",
)  # the second half of the forecast, and whose figures


@judges("C25")
def forecast() -> Judgement:
    """Tests on which some model of that size came out above, and beyond noise, by chapter 07's crossings."""
    first, second = later.forecast(), later.forecast(BIGGER, BIGGER_LIMIT, QUOTED)
    told = (
        f"A model of at most {later.LIMIT:g}B is above {later.BIG} on {len(first.above)} of "
        f"{len(first.crossings)} tests, {len(first.beyond)} beyond noise; one of at most {BIGGER_LIMIT}B "
        f"above {BIGGER} on {len(second.above)} of {len(second.crossings)}."
    )
    verdict = of_leads(len(first.above), len(first.beyond), len(first.crossings), 0)
    whole = verdict == RIGHT and not first.lost and not second.lost
    return Judgement(RIGHT if whole else CAVEAT if verdict == RIGHT else verdict, told, state("crossings"))
