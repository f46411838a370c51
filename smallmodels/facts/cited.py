"""The sources that a sentence names, as links: tables say in words where a figure comes from."""

import re
from functools import cache
from html import escape

from smallmodels.facts.kinds import Source
from smallmodels.facts.lookups import sources

# Where a sentence of ours names a source: at its start, or after another clause ("; ", ": ", " in ").
BEFORE, AFTER = r"(?:^|(?<=[;:.] )|(?<= in ))", r"(?=[.,;:]|'s |$)"


@cache
def linked(sentence: str) -> str:
    """The sentence as HTML, each source that it names being a link to its own address.

    The link carries the source's id in `data-source`, by which a page leads to its own entry for it; what
    has no address of its own has no `href`.

    >>> linked("The post, third table.")
    '<a data-source="post">The post</a>, third table.'
    """
    parts, at = [], 0
    for named in _names().finditer(sentence):
        known = _known()[named[0].lower()]
        href = f' href="{escape(known.url)}"' if known.url else ""
        parts += [escape(sentence[at : named.start()])]
        parts += [f'<a data-source="{escape(known.id)}"{href}>{escape(named[0])}</a>']
        at = named.end()
    return "".join([*parts, escape(sentence[at:])])


@cache
def _known() -> dict[str, Source]:
    """Every source by the names it goes by, in small letters."""
    return {name.lower(): one for one in sources() for name in (one.title, one.short_title)}


@cache
def _names() -> re.Pattern[str]:
    longest_first = sorted(_known(), key=len, reverse=True)
    return re.compile(f"{BEFORE}(?:{'|'.join(map(re.escape, longest_first))}){AFTER}", re.IGNORECASE)
