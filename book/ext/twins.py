"""Every page a second time, as Markdown: for programs that read, and for people who read in a terminal.

A widget stands there as the `Table`'s own Markdown, a formula as TeX, a figure of a sentence as it is shown.
"""

import json
from collections.abc import Collection
from posixpath import relpath
from typing import Any

from articles import Article, target
from bs4 import BeautifulSoup, Tag
from markdownify import ATX, MarkdownConverter

FOLDED = ".live-controls, .headerlink, button, style, .katex-html"


class Converter(MarkdownConverter):
    """markdownify, with what this book has beside HTML's own."""

    def convert_math(self, element: Tag, text: str, *_: Any, **__: Any) -> str:
        """A formula as the TeX it was made from."""
        tex = element.find("annotation")
        return f"${tex.get_text().strip()}$" if tex else text

    def convert_dt(self, element: Tag, text: str, *_: Any, **__: Any) -> str:
        """A term of a glossary."""
        return f"\n**{text.strip()}**\n"

    def convert_dd(self, element: Tag, text: str, *_: Any, **__: Any) -> str:
        """Its meaning."""
        return f"\n{text.strip()}\n"


def markdown(article: Article, twins: Collection[str], address: str = "") -> str:
    """The article as Markdown; `twins` are the pages that have one, `address` that of the book, if known."""
    body = BeautifulSoup(str(article.body), "html.parser")
    for code in body.select("div[class*=highlight-] pre, .live-code pre"):
        code.string = code.get_text()
    tables = [_table(live) for live in body.select(".live")]
    for dead in body.select(f"{FOLDED}, script"):
        dead.decompose()
    for link in body.select("a[href]"):
        link["href"] = _address(article.page, str(link["href"]), twins)
        if "live-figure" in (link.get("class") or ()):
            link.unwrap()
    text = Converter(heading_style=ATX, bullets="-", code_language_callback=_language).convert_soup(body)
    for number, table in enumerate(tables):
        text = text.replace(_mark(number), table)
    text = text.replace("\u00a0", " ").replace("$$$", "$$")
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for i, line in enumerate(lines) if line or (i and lines[i - 1])]
    return "\n".join([*kept, "", "---", "", _origin(article, address), ""])


def _mark(number: int) -> str:
    return f"LIVE{number:03}EVIL"


def _table(live: Tag) -> str:
    """A widget as its table says itself, with notes and sources; a mark is left where it stood."""
    data = live.select_one("script.live-data")
    shown = json.loads(data.get_text())["result"] if data else {}
    captions = live.select("caption")
    notes = [*shown.get("notes", ()), *(f"Source: {source}" for source in shown.get("sources", ()))]
    parts = [f"**{caption.get_text().strip()}**" for caption in captions[:1]]
    parts += [shown.get("markdown", "").strip(), *(f"- {note}" for note in notes)]
    document = live.find_parent() or live
    number = len(document.find_all_previous("p", class_="live-place"))
    place = BeautifulSoup(f'<p class="live-place">{_mark(number)}</p>', "html.parser")
    live.replace_with(place)
    return "\n\n".join(parts[:2]) + ("\n\n" + "\n".join(parts[2:]) if notes else "")


def _address(page: str, href: str, twins: Collection[str]) -> str:
    """A link to the twin of a page; to the page itself where a place or a widget's state is meant."""
    led = target(page, href)
    if led is None:
        return href
    other, place = led
    here = page.rpartition("/")[0] or "."
    if other in twins:
        return f"{relpath(other, here)}.html#{place}" if place else f"{relpath(other, here)}.md"
    return href


def _language(pre: Tag) -> str:
    outer = pre.find_parent("div", class_=lambda name: bool(name) and name.startswith("highlight-"))
    classes = " ".join(outer.get("class") or ()) if outer else ""
    return "python" if "python" in classes else ""


def _origin(article: Article, address: str) -> str:
    return (
        f"The page with its widgets: {address}{article.page}.html" if address else f"Of {article.page}.html."
    )
