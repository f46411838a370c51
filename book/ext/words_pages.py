"""What helps to read a chapter: how long it takes, and its words explained where they first stand.

Under a chapter's title stands the time its text takes and how much there is to move. The first time a page
uses a word of the glossary, the word leads to its entry, and says on hover and focus what the entry says.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

CHAPTER = re.compile(r"notebooks/\d\d[a-z]?-(?!lab-)")
WORDS_A_MINUTE = 230
# Too common in other senses: where these are meant, the text says so.
EVERYDAY = {"key", "value", "query", "reach", "score", "margin", "fit", "floor", "shot", "seed", "serving"}
EVERYDAY |= {"loss", "head", "power", "compute"}
# A word is explained in running text only, and not where it is a link, a name or code.
ELSEWHERE = (nodes.reference, nodes.literal, nodes.title, nodes.raw, nodes.math, nodes.caption, nodes.strong)
RUNNING = (nodes.paragraph,)
GLOSSARY = "book/glossary"


def entries(env: BuildEnvironment) -> dict[str, str]:
    """The words of the glossary with what it says of each."""
    if GLOSSARY not in env.found_docs:
        return {}
    found: dict[str, str] = {}
    for item in env.get_doctree(GLOSSARY).findall(nodes.definition_list_item):
        said = " ".join(item[-1].astext().split())
        found |= {term.astext(): said for term in item.findall(nodes.term)}
    return {term: said for term, said in found.items() if term not in EVERYDAY}


def pattern(terms: list[str]) -> re.Pattern[str]:
    """Finds any of the terms as a whole word, in singular or plural; capitals as they are written."""
    longest_first = sorted(terms, key=len, reverse=True)
    either = (re.escape(term) if term[:2].isupper() else f"(?i:{re.escape(term)})" for term in longest_first)
    return re.compile(rf"(?<![\w-])({'|'.join(either)})(?=s?(?![\w-]))")


def texts(doctree: nodes.document) -> Iterator[nodes.Text]:
    """The running text of a page, piece by piece."""
    for text in list(doctree.findall(nodes.Text)):
        above = _above(text)
        if any(isinstance(one, RUNNING) for one in above) and not any(
            isinstance(one, ELSEWHERE) for one in above
        ):
            yield text


def _above(node: nodes.Node) -> list[nodes.Node]:
    parents = []
    while node.parent is not None:
        node = node.parent
        parents.append(node)
    return parents


def explain(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Explains the words of a notebook's page where each first stands."""
    if not page.startswith("notebooks/") or app.builder.format != "html":
        return
    left, anchors = entries(app.env), places(app.env)
    for text in texts(doctree):
        made: list[nodes.Node] = []
        at, whole = 0, text.astext()
        for found in pattern([*left]).finditer(whole) if left else ():
            term = next((one for one in left if one.lower() == found[1].lower()), None)
            if term is None:
                continue  # stood earlier in this very text
            href = f"{app.builder.get_relative_uri(page, GLOSSARY)}#{anchors[_key(term)]}"
            made += [nodes.Text(whole[at : found.start()]), word(found[1], href, left.pop(term))]
            at = found.end(1)
        if made:
            text.parent.replace(text, [*made, nodes.Text(whole[at:])])


def places(env: BuildEnvironment) -> dict[str, str]:
    """Where on the glossary's page each word stands."""
    objects = env.get_domain("std").objects  # type: ignore[attr-defined]
    return {_key(name): label for (kind, name), (_, label) in objects.items() if kind == "term"}


def _key(term: str) -> str:
    # Sphinx makes typographic quotation marks of a text's, and leaves its index as it is.
    return term.lower().replace("’", "'")


def word(shown: str, href: str, said: str) -> nodes.raw:
    """A word that is explained."""
    described = f'class="live-word" href="{escape(href)}" aria-description="{escape(said)}"'
    return nodes.raw("", f"<a {described}>{escape(shown)}</a>", format="html")


def reading(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Says under a chapter's title how long it takes to read."""
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is None or not CHAPTER.match(page) or app.builder.format != "html":
        return
    minutes = max(1, round(sum(len(text.astext().split()) for text in texts(doctree)) / WORDS_A_MINUTE))
    lives = sum(raw.astext().count('data-live="') for raw in doctree.findall(nodes.raw))
    moved = f", and {lives} {'table' if lives == 1 else 'tables'} to move" if lives else ""
    told = f"{minutes} {'minute' if minutes == 1 else 'minutes'} to read{moved}"
    line = nodes.raw("", f'<p class="reading">{told}</p>', format="html")
    title.parent.insert(title.parent.index(title) + 1, line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension with Sphinx."""
    app.connect("doctree-resolved", reading, priority=400)
    app.connect("doctree-resolved", explain)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
