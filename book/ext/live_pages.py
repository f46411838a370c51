"""Puts what a `Live` needs on the pages that hold one, and computes its first answers.

A page with a `Live` (`smallmodels.live`), or with a marked figure, gets the widget's style and script; every
other page gets neither.
When the book is built, each `Live` is checked against the function of today, and its results for every move
that a reader can make first are written beside the scripts. Needs no setting but its own place in
`local_extensions`; `node tools/assets.mjs` must have made `_build/live`, which becomes `_static/live`.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import ExtensionError
from sphinx.util import logging

from smallmodels.live.answer import answer, resolve
from smallmodels.live.controls import reachable
from smallmodels.live.picture import WIDTH, converter
from smallmodels.live.portable import published

logger = logging.getLogger(__name__)

ROOT_ELEMENT = re.compile(r'<div class="live" id="([^"]*)" data-live="[^"]*" data-state="static">')
TABLE = re.compile(r'<div class="live-scroll">(<table.*?</table>)</div>', re.DOTALL)
DATA = re.compile(r'<script type="application/json" class="live-data">(.*?)</script>', re.DOTALL)
# A source that a panel names: on the page it leads to the book's own entry for it. (What a front end starts
# from keeps the source's own address: there the quotation marks are escaped.)
SOURCE = re.compile(r'(<a data-source="([^"]+)")(?: href="[^"]*")?')
# The page that a table's link to a state leads to, which only the book knows (`figure_pages.py`).
AWAY = re.compile(r'(?<=<a href=")[^"#]+(?=#[^"]*\?)')
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# Where the theme keeps a name for a kernel that no page here has: a script that a strict policy would refuse.
KERNEL_NAME = re.compile(r"<script>kernelName = '[^']*'</script>")


@dataclass
class Stored:
    """One `Live` as it stands in a page: its id, its table, and what its front end starts from."""

    id: str
    table: str
    data: dict[str, Any]


def stored(html: str) -> Iterator[Stored]:
    """Every `Live` of a page, from top to bottom."""
    roots = list(ROOT_ELEMENT.finditer(html))
    ends = [root.start() for root in roots[1:]] + [len(html)]
    for root, end in zip(roots, ends, strict=False):
        own = html[root.end() : end]
        table, data = TABLE.search(own), DATA.search(own)
        if table and data:
            yield Stored(unescape(root[1]), table[1], json.loads(data[1]))


def furnish(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Adds style, script and first answers to a page that holds a `Live` or a figure that it explains.

    Pictures of charts become part of the page, as a theme needs them; no page keeps widget state.
    """
    context["script_files"][:] = [
        file
        for file in context["script_files"]
        if getattr(file, "attributes", {}).get("type") != WIDGET_STATE
    ]
    body = context["body"] = KERNEL_NAME.sub("", published(context.get("body", "")))
    lives = list(stored(body))
    if not lives and 'class="live-figure"' not in body:
        return
    version = f"?v={(built(app) / 'version').read_text('utf-8')[:12]}"

    def address(name: str) -> str:
        return str(context["pathto"](f"_static/live/{name}", 1)) + version

    context["metatags"] = (
        f"{context.get('metatags', '')}\n"
        f'<script defer src="{address("still.js")}"></script>\n'
        f'<script type="module" src="{address("live.js")}" data-live-page="{page_key(pagename)}"></script>\n'
    )
    entries = context["pathto"]("book/sources")
    body = SOURCE.sub(lambda link: f'{link[1]} href="{entries}#source-{link[2]}"', body)
    context["body"] = DATA.sub(compiled, body)


def compiled(data: re.Match[str]) -> str:
    """The data of a `Live` with its chart as Vega draws it, so that the page need not load a compiler."""
    content = json.loads(data[1])
    chart = content.get("chart")
    if not chart:
        return data[0]
    fluid = chart.get("width") == "container"
    sized = {"width": WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}} if fluid else {}
    meta = {"usermeta": {"compiled": "container" if fluid else "fixed"}}
    content["chart"] = {**converter().vegalite_to_vega({**chart, **sized}), **meta}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return data[0].replace(data[1], text)


def results_file(pagename: str, live: Stored) -> str:
    """The name of the file with a `Live`'s first answers."""
    return f"{page_key(pagename)}--{live.id}.json"


def page_key(pagename: str) -> str:
    """A page's name as part of a file's name."""
    return pagename.replace("/", "-")


def built(app: Sphinx) -> Path:
    """The folder of the widget's built files; `ExtensionError` if it has not been built."""
    folder = Path(app.srcdir) / "_build" / "live"
    if not (folder / "version").is_file():
        raise ExtensionError("The widget's files are missing; run `make assets` first.")
    return folder


def finish(app: Sphinx, failure: Exception | None) -> None:
    """Copies the widget's files into the book, checks each page's `Live`s and writes their first answers."""
    builder = app.builder
    if failure or not isinstance(builder, StandaloneHTMLBuilder):
        return
    target = Path(app.outdir) / "_static" / "live"
    shutil.copytree(built(app), target, dirs_exist_ok=True)
    shutil.rmtree(target / "results", ignore_errors=True)
    (target / "results").mkdir()
    for pagename in sorted(app.env.found_docs):
        page = Path(builder.get_outfilename(pagename))
        lives = list(stored(page.read_text("utf-8")))
        for problem in problems(lives):
            logger.warning("%s: %s", pagename, problem, type="live")
        for live in lives:
            if live.data["controls"]:
                answers = json.dumps(first_answers(live.data), ensure_ascii=False)
                (target / "results" / results_file(pagename, live)).write_text(answers, "utf-8")


def problems(lives: list[Stored]) -> Iterator[str]:
    """What a page must not be published with, each in one sentence."""
    ids = [live.id for live in lives]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        yield f"two Lives are called {id}; give one of them another id."
    for live in lives:
        try:
            resolve(live.data["function"])
        except (ImportError, AttributeError):
            yield f"{live.id} shows {live.data['function']}, which is no function of smallmodels."
            continue
        if answer(live.data["function"], arguments(live.data)).get("html") != AWAY.sub("", live.table):
            yield f"the stored table of {live.id} is stale; run `make notebooks`."


def arguments(data: dict[str, Any], **moved: str) -> dict[str, str]:
    """The arguments of one state as JSON texts: the first values, but for what is moved."""
    return {**data["fixed"], **{control["name"]: control["value"] for control in data["controls"]}, **moved}


def first_answers(data: dict[str, Any]) -> dict[str, Any]:
    """The results of every state one move away from the first; texts they share are stored once."""
    texts: dict[str, int] = {}
    states = [
        [
            control["name"],
            value,
            packed(answer(data["function"], arguments(data, **{control["name"]: value})), texts),
        ]
        for control in data["controls"]
        for value in reachable(control)
        if value != control["value"]
    ]
    return {"texts": list(texts), "states": states}


def packed(result: dict[str, Any], texts: dict[str, int]) -> dict[str, Any]:
    """A result whose texts are lists of indices into `texts`, to which it adds what is new."""

    def indices(pieces: list[str]) -> list[int]:
        return [texts.setdefault(piece, len(texts)) for piece in pieces]

    if "error" in result:
        return {"error": indices([result["error"]])}
    return {
        "html": indices(re.split("(?=<t[rhd])", result["html"])),
        "finding": indices([result["finding"]]),
        "verdict": indices([result["verdict"]]),
        "csv": indices(result["csv"].splitlines(keepends=True)),
        "markdown": indices(result["markdown"].splitlines(keepends=True)),
        "notes": indices(result["notes"]),
        "record": indices(result["record"]),
        "sources": indices(result["sources"]),
        "choices": result["choices"],
        "nearest": result["nearest"],
        "series": {
            name: indices([json.dumps(record, ensure_ascii=False) for record in records])
            for name, records in result["series"].items()
        },
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("html-page-context", furnish, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
