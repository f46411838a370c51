"""The text of the built pages, as other media take it: no script, no control, every picture and figure kept.

A page's article is read from the finished HTML, so what stands in the Markdown, the EPUB and the PDF is what
stands on the page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml  # type: ignore[import-untyped]
from bs4 import BeautifulSoup, Tag

from smallmodels.live.portable import portable

OTHER = re.compile(r"[a-z][a-z0-9+.-]*:|//")  # how an address of another host begins
DEAD = "script, style, form, button, .headerlink, .live-panel, .live-data, .sd-d-none, #search-results"
KEPT = {"alt", "class", "colspan", "display", "encoding", "height", "href", "id", "lang", "open", "rowspan"}
KEPT |= {"scope", "src", "start", "style", "title", "type", "width", "xmlns", "mathvariant", "stretchy"}


@dataclass
class Article:
    """One page: its path in the book (`notebooks/06-cost`), its title, and its text as a tree of its own."""

    page: str
    title: str
    body: Tag

    @property
    def name(self) -> str:
        """The last part of its path, unique in the book."""
        return PurePosixPath(self.page).name


def pages(toc: Path) -> list[str]:
    """Every page that the table of contents names, in its order, without an ending."""
    return list(_named(yaml.safe_load(toc.read_text("utf-8"))))


def _named(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for each in entry:
            yield from _named(each)
    elif isinstance(entry, dict):
        yield from (
            str(PurePosixPath(entry[key]).with_suffix("")) for key in ("root", "file") if key in entry
        )
        yield from _named([value for value in entry.values() if isinstance(value, list)])


def articles(built: Path, toc: Path) -> list[Article]:
    """The articles of a built book, in reading order; `ValueError` where a page has none."""
    return [article(built, page) for page in pages(toc)]


def article(built: Path, page: str) -> Article:
    """The article of one page."""
    # Pictures become files of their own, as notebooks hold them: a tree of HTML would spoil their names.
    soup = BeautifulSoup(portable((built / f"{page}.html").read_text("utf-8")), "html.parser")
    body, heading = soup.select_one("article"), soup.select_one("article h1")
    if body is None or heading is None:
        raise ValueError(f"{page}.html has no article with a heading.")
    for link in heading.select(".headerlink"):
        link.decompose()
    return Article(page, " ".join(heading.get_text().split()), body)


def still(body: Tag) -> None:
    """Takes away what only a script brings to life, and what a reading program does not know."""
    for dead in body.select(DEAD):
        dead.decompose()
    for link in body.select("a.live-figure"):
        link.name = "span"
        del link["href"]
    for field in body.select(".live-figures"):
        _replace_summary(field)
    for tag in body.find_all(True):
        tag.attrs = {name: value for name, value in tag.attrs.items() if name in KEPT}


def _replace_summary(field: Tag) -> None:
    """A folded table stands open: there is room for it."""
    for summary in field.select("summary"):
        summary.decompose()
    field.name = "div"
    field.attrs.pop("open", None)


def target(page: str, href: str) -> tuple[str, str] | None:
    """The page and the place that a link of a page leads to; `None` where it leads out of the book."""
    if OTHER.match(href):
        return None
    path, _, place = href.partition("#")
    if not path:
        return page, place
    parts: list[str] = []
    for part in [*PurePosixPath(page).parent.parts, *path.split("/")]:
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return str(PurePosixPath(*parts).with_suffix("")) if path.endswith(".html") else "/".join(parts), place
