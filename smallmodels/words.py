"""English for figures, said once: counts, lists, signs, round numbers. Standard library only.

What a sentence needs beyond a format specification. Every room and every `figures.py` takes its words here,
so that "one sequence", "−0.3" and "a quarter" are written the same way everywhere.
"""

from collections.abc import Iterable
from datetime import date

SMALL = "no one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
SHARES = {1: "all", 2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 8: "an eighth", 16: "a sixteenth"}


def number(n: int) -> str:
    """A whole number as prose has it: in words up to twelve, else in figures; 0 is `no`.

    >>> number(0), number(7), number(12), number(8192)
    ('no', 'seven', 'twelve', '8,192')
    """
    return SMALL[n] if 0 <= n < len(SMALL) else minus(f"{n:,}")


def count(n: int, noun: str, plural: str = "") -> str:
    """So many of something, in words up to twelve.

    >>> count(1, "layer"), count(3, "layer"), count(4096, "token"), count(2, "loss", "losses")
    ('one layer', 'three layers', '4,096 tokens', 'two losses')
    """
    return f"{number(n)} {noun if n == 1 else plural or noun + 's'}"


def figures(n: int, noun: str, plural: str = "") -> str:
    """So many of something, in figures but for one: what labels and findings beside figures use.

    >>> figures(1, "KV head"), figures(8, "KV head"), figures(0, "lead"), figures(20_000, "token")
    ('one KV head', '8 KV heads', 'no leads', '20,000 tokens')
    """
    return count(n, noun, plural) if n in (0, 1) else f"{n:,} {plural or noun + 's'}"


def listed(parts: Iterable[str], last: str = "and") -> str:
    """Several things as one phrase.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    *most, end = parts
    return f"{', '.join(most)} {last} {end}" if most else end


def minus(text: str) -> str:
    """A formatted number with a true minus sign.

    >>> minus("-0.3")
    '−0.3'
    """
    return text.replace("-", "−")


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign; what rounds to nothing has none.

    >>> signed(0.31), signed(-2.5), signed(-0.0001, 3)
    ('+0.3', '−2.5', '0.000')
    """
    text = f"{value:+,.{digits}f}"
    return minus(text) if float(text.replace(",", "")) else text[1:]


def about(value: float, digits: int = 2) -> str:
    """A number to so many digits, never with an exponent.

    >>> about(136_436), about(23.7), about(0.02461), about(262.4)
    ('140,000', '24', '0.025', '260')
    """
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - len(f"{abs(rounded):.0f}")) if abs(rounded) >= 1 else None
    return minus(f"{rounded:,.{decimals}f}" if decimals is not None else f"{rounded:.{digits}g}")


def share(whole: int) -> str:
    """One part in `whole`, in words where there are any.

    >>> share(2), share(4), share(8), share(7)
    ('half', 'a quarter', 'an eighth', '1/7')
    """
    return SHARES.get(whole, f"1/{whole}")


def sentence(text: str) -> str:
    """A text that begins with a capital and ends with a full stop.

    >>> sentence("read in the appendix")
    'Read in the appendix.'
    """
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def month(day: str) -> str:
    """Month and year of an ISO date.

    >>> month("2023-09-27"), month("2023-09")
    ('September 2023', 'September 2023')
    """
    return f"{date.fromisoformat((day + '-01')[:10]):%B %Y}"
