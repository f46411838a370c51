"""The rules by which a claim gets its verdict: numbers in, one of `verdicts.OF_CLAIMS` out."""

from smallmodels.verdicts import CAVEAT, MIXED, RIGHT, UNTOLD, WITHIN, WRONG


def of_lead(gap: float, margin: float | None, claimed: float, mixed: bool = False) -> str:
    """The verdict on "it leads by so many points": on a gap, its margin, and whether evaluations are mixed.

    Right is a lead beyond its margin that rounds to the one claimed; another lead beyond it has a caveat.

    >>> of_lead(5.3, 1.1, 5.3), of_lead(4.5, 1.1, 5.3), of_lead(0.6, 1.1, 0.6), of_lead(5.3, 1.1, 5.3, True)
    ('right', 'right with a caveat', 'within noise', 'not comparable')
    >>> of_lead(-4.0, 1.1, 5.3), of_lead(4.0, None, 5.3)
    ('wrong', 'cannot be told')
    """
    if mixed:
        return MIXED
    if margin is None:
        return UNTOLD
    if abs(gap) <= margin:
        return WITHIN
    if gap < 0:
        return WRONG
    return RIGHT if abs(gap - claimed) < 0.05 else CAVEAT


def of_leads(leads: int, beyond: int, pairs: int, mixed: int) -> str:
    """The verdict on "it leads on most tests": how many of the pairs are leads, beyond noise, or mixed.

    Right takes a lead on most, every one of them beyond noise; a caveat, most of all pairs beyond it.

    >>> of_leads(6, 6, 7, 0), of_leads(11, 7, 12, 0), of_leads(11, 6, 12, 0), of_leads(6, 3, 7, 6)
    ('right', 'right with a caveat', 'within noise', 'not comparable')
    >>> of_leads(6, 6, 12, 0), of_leads(0, 0, 0, 0)
    ('wrong', 'cannot be told')
    """
    if not pairs:
        return UNTOLD
    if mixed:
        return MIXED
    if 2 * leads <= pairs:
        return WRONG
    if 2 * beyond <= pairs:
        return WITHIN
    return RIGHT if beyond == leads else CAVEAT


def of_parts(holding: int, parts: int) -> str:
    """The verdict on a claim of several parts: right if all hold, wrong if none does.

    >>> of_parts(2, 2), of_parts(1, 2), of_parts(0, 2), of_parts(0, 0)
    ('right', 'right with a caveat', 'wrong', 'cannot be told')
    """
    if not parts:
        return UNTOLD
    return RIGHT if holding == parts else CAVEAT if holding else WRONG


def about(value: float, claimed: float, within_pct: float) -> bool:
    """Whether a value is the one claimed, but for so many percent of it.

    >>> about(13.48, 14.2, 1), about(14.48, 14.5, 1)
    (False, True)
    """
    return abs(value - claimed) <= within_pct / 100 * abs(claimed)
