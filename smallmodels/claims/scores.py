"""The claims on scores: C01 to C06 of the first table, C21 and C28 of its uses, C26 of what they prove."""

from functools import lru_cache

from smallmodels import benchmarks, cost, scaling, words
from smallmodels.benchmarks import POST, Comparison, Pair
from smallmodels.claims.formulas import of_lead, of_leads, of_parts
from smallmodels.claims.records import Judgement, judges, state
from smallmodels.gqa.records import trio_means, trios
from smallmodels.scaling import BASELINE, CHALLENGER, Match
from smallmodels.verdicts import CAVEAT, MIXED, RIGHT, UNTOLD, WITHIN, WRONG
from smallmodels.words import signed


@lru_cache(256)
def compared(source: str, confidence: float, correlation: float) -> Comparison:
    """The post's two models in one report."""
    return benchmarks.comparison(CHALLENGER, BASELINE, source, confidence, correlation)


def pair_of(benchmark: str, source: str, confidence: float, correlation: float) -> Pair | None:
    """Their two scores on a benchmark; None where the report lacks one of them."""
    found = compared(source, confidence, correlation).pairs
    return next((pair for pair in found if pair.ours.benchmark == benchmark), None)


def posted(benchmark: str) -> float:
    """The gap in points that the post claims."""
    return benchmarks.pair(benchmark, POST).gap


def in_report(source: str) -> str:
    """Where a figure stands, as a clause: `in the post`, `on the Open LLM Leaderboard v1`."""
    name = next(name for name, id in benchmarks.reports() if id == source)
    return f"in {'' if name.startswith('the ') else 'the '}{name}"


def gap_told(pair: Pair) -> str:
    """A gap with its margin: `+4.5 ± 1.2 points`."""
    margin = f" ± {pair.margin:.1f}" if pair.margin is not None else ""
    return f"{signed(pair.gap)}{margin} points"


def versus(source: str, confidence: float, correlation: float) -> str:
    """The state of chapter 01's table of pairs."""
    return state("head-to-head", source=source, confidence=confidence, correlation=correlation)


@judges("C01")
def six_of_seven(source: str, confidence: float, correlation: float) -> Judgement:
    """Most tests of the report must be leads, and most of all beyond noise."""
    found, post = compared(source, confidence, correlation), compared(POST, confidence, correlation)
    total = len(found.pairs)
    share = f"{found.n_leads} of {total} are leads {in_report(source)}, {found.leads_beyond} beyond noise"
    mixing = f"; {found.n_mixed} of the {total} pairs mix evaluations" if found.n_mixed else ""
    verdict = of_leads(found.n_leads, found.leads_beyond, total, found.n_mixed)
    if verdict == RIGHT and found.n_leads * len(post.pairs) < total * post.n_leads:
        verdict = CAVEAT  # all beyond noise, but a smaller share than the post's
    return Judgement(verdict, f"{share}{mixing}.", versus(source, confidence, correlation))


def lead(benchmark: str, source: str, confidence: float, correlation: float) -> Judgement:
    """The verdict on the post's lead on one benchmark, from the two scores in a report."""
    pair, shows = (
        pair_of(benchmark, source, confidence, correlation),
        versus(source, confidence, correlation),
    )
    if pair is None:
        return Judgement(UNTOLD, f"No such test of both {in_report(source)}.", shows)
    claimed = posted(benchmark)
    verdict = of_lead(pair.gap, pair.margin, claimed, pair.mixed)
    why = f" {pair.verdict()[1]}" if pair.mixed else f", where the post has {signed(claimed)}."
    return Judgement(verdict, f"{gap_told(pair)} {in_report(source)}{'.' if pair.mixed else ''}{why}", shows)


@judges("C02")
def mmlu(source: str, confidence: float, correlation: float) -> Judgement:
    """The lead on MMLU in a report against the post's."""
    return lead("MMLU", source, confidence, correlation)


@judges("C03")
def humaneval(source: str, confidence: float, correlation: float) -> Judgement:
    """The lead on HumanEval in a report against the post's."""
    return lead("HumanEval", source, confidence, correlation)


@judges("C04")
def only_loss(source: str, confidence: float, correlation: float) -> Judgement:
    """ARC Challenge must be a loss between figures of one evaluation."""
    pair, shows = pair_of("ARC-c", source, confidence, correlation), versus(source, confidence, correlation)
    if pair is None:
        return Judgement(UNTOLD, f"No ARC Challenge of both {in_report(source)}.", shows)
    if pair.mixed:
        return Judgement(MIXED, f"{gap_told(pair)}: {'; '.join(pair.origins)}.", shows)
    told = f"{gap_told(pair)} {in_report(source)}: {'a lead' if pair.gap > 0 else 'a loss'} of Mistral 7B."
    if not pair.beyond:
        return Judgement(WITHIN, told, shows)
    losses = sum(one.gap < 0 for one in compared(source, confidence, correlation).pairs)
    return Judgement(WRONG if pair.gap > 0 else RIGHT if losses == 1 else CAVEAT, told, shows)


SMALL_LEADS = ("TruthfulQA", "HellaSwag")


@judges("C05")
def small_leads(source: str, confidence: float, correlation: float) -> Judgement:
    """Both must be leads beyond noise; one that is not decides, then one that mixes evaluations."""
    found = [pair_of(name, source, confidence, correlation) for name in SMALL_LEADS]
    pairs = [pair for pair in found if pair]
    shows = versus(source, confidence, correlation)
    if not pairs:
        return Judgement(UNTOLD, f"Neither test of both {in_report(source)}.", shows)
    claimed = {pair.title: of_lead(pair.gap, pair.margin, posted(pair.ours.benchmark)) for pair in pairs}
    mixed = [pair.title for pair in pairs if pair.mixed]
    told = "; ".join(f"{pair.title} {gap_told(pair)}, {pair.verdict()[0]}" for pair in pairs)
    alike = [verdict for title, verdict in claimed.items() if title not in mixed]
    worst = next((v for v in (WRONG, WITHIN) if v in alike), MIXED if mixed else CAVEAT)
    if worst == CAVEAT and set(alike) == {RIGHT} and len(pairs) == len(SMALL_LEADS):
        worst = RIGHT
    return Judgement(worst, f"{told} ({in_report(source)}).", shows)


@judges("C06")
def comparable() -> Judgement:
    """Of the post's own pairs, as they were matched to their sources."""
    found = benchmarks.comparison(source=POST)
    total = len(found.pairs)
    verdict = of_parts(total - found.n_mixed, total)
    most = WRONG if 2 * found.n_mixed > total else verdict
    told = f"{found.n_mixed} of the post's {total} pairs set figures of different evaluations side by side."
    return Judgement(most, told, state("head-to-head", source=POST))


@judges("C21")
def replaces(source: str) -> Judgement:
    """Every use that a benchmark stands for must be replaced, by scores measured alike."""
    try:
        found = cost.cases(source)
    except ValueError:  # a report without these tests
        return Judgement(UNTOLD, f"None of the uses has a score {in_report(source)}.", state("use-cases"))
    scored = [case for case in found if case.pair]
    yes = sum((case.replaces(cost.POST_CUTS) or "no") != "no" for case in scored)
    bare = len(found) - len(scored)
    told = f"By scores {yes} of {len(scored)} uses hold {in_report(source)}; {bare} have none."
    shows = state("use-cases", source=source)
    if any(case.pair and case.pair.mixed for case in scored):
        return Judgement(MIXED, f"{told} The scores were not measured alike.", shows)
    return Judgement(of_parts(yes, len(found)), told, shows)


@judges("C28")
def production() -> Judgement:
    """Uses with a benchmark behind them, of those that the post names; nobody tried one in production."""
    found = cost.cases(POST)
    bare = [case.post.use_case for case in found if case.benchmark is None]
    told = (
        f"Of the {words.number(len(found))} uses it names, {words.listed(bare)} have no score, the others "
        "have that of an exam. What is enough in production nobody here measured."
    )
    return Judgement(UNTOLD, told, state("use-cases"))


@judges("C26")
def thesis(source: str, confidence: float, correlation: float, law: str, tokens: float) -> Judgement:
    """The law says what size and length make of the pair; what the scores say against it is all the rest."""
    found = compared(source, confidence, correlation)
    ours, theirs = scaling.contenders(d_challenger=tokens)
    gap = Match(scaling.law(law), ours, theirs).gap
    means = trio_means(trios())
    told = (
        f"By the law the 13B is {abs(gap):.3f} nats {'ahead' if gap > 0 else 'behind'}; by scores it is "
        f"behind on {found.n_leads} of {len(found.pairs)} tests. Sharing heads moved a 30B by "
        f"{signed(means['gqa'] - means['mha'])} points: architecture is not it."
    )
    shows = state("factors", law=law, d_challenger=tokens)
    scores = of_leads(found.n_leads, found.leads_beyond, len(found.pairs), found.n_mixed)
    if scores == MIXED:
        return Judgement(UNTOLD, f"{told} But these scores cannot be compared.", shows)
    return Judgement(CAVEAT if scores in (RIGHT, CAVEAT) else scores, told, shows)
