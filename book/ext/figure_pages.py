"""Says on the page where a marked figure comes from, and leads to the widget that shows it.

`<span data-figure="speed.even">2,560</span>` of a notebook's prose becomes a link to the state of the widget
that shows the figure, or where no widget does a place that can be pointed at; both carry the origin in
`aria-description`, which the page's script shows (`live.js`). Which page holds which widget and heading is
written beside that script, so that an address from before a chapter was divided is sent on (`moved.js`).
"""

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import ExtensionError

from smallmodels.figures import MARK, Figure, figure

STATE = re.compile(r'(?<=<a href=")#([^"?]+)(?=\?)')
LIVE_ID = re.compile(r'class=\\"live\\" id=\\"([^"\\]*)\\"')
ADDRESSES = "widgets_of_the_book"  # in `env`: a widget's id to the page that holds it


def find_widgets(app: Sphinx) -> None:
    """Notes which page holds which widget: the first in reading order, where several hold one of the name."""
    found: dict[str, str] = {}
    for path in sorted((Path(app.srcdir) / "notebooks").glob("*.ipynb")):
        for id in LIVE_ID.findall(path.read_text("utf-8")):
            found.setdefault(id, f"notebooks/{path.stem}")
    setattr(app.env, ADDRESSES, found)


def furnish(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Replaces every marked figure of a page, and gives links to a state the page that holds its widget."""
    body, pathto = context.get("body", ""), context.get("pathto")
    if pathto and ("data-figure=" in body or STATE.search(body)):
        here = set(re.findall(r'<div class="live" id="([^"]*)"', body))
        body = STATE.sub(lambda link: elsewhere(app, link, here, pathto), body)
        context["body"] = MARK.sub(lambda mark: told(app, mark, here, pathto), body)


def elsewhere(app: Sphinx, link: re.Match[str], here: set[str], pathto: Callable[[str], str]) -> str:
    """The start of a link `#id?...` in a table or in prose, with its page where that is another one."""
    page = getattr(app.env, ADDRESSES).get(link[1])
    return link[0] if page is None or link[1] in here else f"{pathto(page)}{link[0]}"


def told(app: Sphinx, mark: re.Match[str], here: set[str], pathto: Callable[[str], str]) -> str:
    """One figure with its origin; `ExtensionError` where it is unknown or shown by no widget of its name."""
    try:
        known = figure(mark[2])
    except ValueError as problem:
        raise ExtensionError(str(problem)) from problem
    described = f'class="live-figure" data-figure="{mark[2]}" aria-description="{escape(known.origin)}"'
    if not known.shows:
        return f'<span {described} tabindex="0">{mark[3]}</span>'
    return f'<a {described} href="{escape(address(app, known, here, pathto))}">{mark[3]}</a>'


def address(app: Sphinx, known: Figure, here: set[str], pathto: Callable[[str], str]) -> str:
    """Where the widget stands in the state that shows the figure."""
    id = known.shows.partition("?")[0]
    if id in here:
        return f"#{known.shows}"
    page = getattr(app.env, ADDRESSES).get(id)
    if page is None:
        raise ExtensionError(
            f"The figure {known.name} is shown by {id!r}, but no page holds a widget of that id."
        )
    return f"{pathto(page)}#{known.shows}"


def places(app: Sphinx) -> dict[str, str]:
    """Where each widget and each heading of the book stands, as a page relative to the book.

    What several pages hold by one name is left out, but for widgets: they are in the first.
    """
    found: dict[str, set[str]] = {}
    for page, contents in app.env.tocs.items():
        for entry in contents.findall(nodes.reference):
            found.setdefault(entry.get("anchorname", "").lstrip("#"), set()).add(page)
    headings = {id: next(iter(pages)) for id, pages in found.items() if id and len(pages) == 1}
    every: dict[str, str] = headings | getattr(app.env, ADDRESSES)
    return {id: app.builder.get_target_uri(page) for id, page in sorted(every.items())}


def write_places(app: Sphinx, failure: Exception | None) -> None:
    """Writes the places beside the page's script, which asks for them when it finds no such place at home."""
    if failure or not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    file = Path(app.outdir) / "_static" / "live" / "places.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(places(app), indent=0), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx; it comes before the pages' widgets are furnished."""
    app.connect("builder-inited", find_widgets)
    app.connect("html-page-context", furnish, priority=800)
    app.connect("build-finished", write_places)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
