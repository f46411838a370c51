"""The HTML of a `Live` that needs no script: complete by itself, with no dead control in it."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from inspect import getsource
from textwrap import dedent
from typing import Any

from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from smallmodels.facts.cited import linked
from smallmodels.live.answer import shown
from smallmodels.table import Table


def static_page(
    root_id: str, described: Mapping[str, Any], table: Table, drawing: str, code: str, beside: str = ""
) -> str:
    """The whole of one `Live`, in the order seen: finding, picture, table, notes, one quiet line.

    The place of the controls comes first and is empty; the data a front end starts from come last. `beside`
    is HTML between the picture and the table.
    """
    name = escape(described["function"])
    chart = f'<figure class="live-chart">{drawing}</figure>\n' if described["chart"] else ""
    return (
        f'<div class="live" id="{escape(root_id)}" data-live="{name}" data-state="static">\n'
        f'<form class="live-controls" hidden></form>\n'
        f'{_verdict(table)}<p class="live-finding" role="status">{escape(table.finding)}</p>\n'
        f"{chart}{beside}"
        f'<details class="live-figures" open><summary>{figures(len(table))}</summary>\n'
        f'<div class="live-scroll">{table.to_html()}</div></details>\n'
        f'<div class="live-notes">{_paragraphs(table.notes)}</div>\n{_panel(table, code)}'
        f'<script type="application/json" class="live-data">{_data(described, table)}</script>\n'
        "</div>"
    )


def figures(rows: int) -> str:
    """What the table is folded behind on a small screen; the front end says the same.

    >>> figures(7), figures(1)
    ('The figures (7 rows)', 'The figures (1 row)')
    """
    return f"The figures ({rows} row{'' if rows == 1 else 's'})"


def _verdict(table: Table) -> str:
    judged = table.judged()
    return f'<p class="live-verdict">{judged}</p>\n' if judged else ""


def _paragraphs(sentences: Sequence[str]) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in sentences)


def _panel(table: Table, code: str) -> str:
    """One line that opens all that stands behind the figures; nothing where there is nothing to open.

    A part that is empty in this state is hidden: a front end fills it when another state has one.
    """
    sources = "".join(f"<li>{linked(source)}</li>" for source in table.sources())
    parts = {
        "Sources": ("sources", bool(sources), f"<p>Sources</p><ul>{sources}</ul>"),
        "Code": ("code", bool(code), code),
        "Record": ("record", bool(table.record), _paragraphs(table.record)),
    }
    there = [name for name, (_, full, _) in parts.items() if full]
    if not there:
        return ""
    sections = "".join(
        f'<section class="live-{kind}"{"" if full else " hidden"}>{content}</section>'
        for kind, full, content in parts.values()
    )
    return f'<details class="live-panel"><summary>{", ".join(there)}</summary>{sections}</details>\n'


def _data(described: Mapping[str, Any], table: Table) -> str:
    # The table itself stands in the page already; "<" could end the script element or open a comment.
    result = {part: value for part, value in shown(table).items() if part != "html"}
    text = json.dumps({**described, "result": result}, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


@cache
def code_of(name: str, function: Callable[..., Table]) -> str:
    """The highlighted source of a function; nothing for one that was typed where no source is kept."""
    try:
        source = dedent(getsource(function))
    except OSError:
        return ""
    code = highlight(source, PythonLexer(), HtmlFormatter(cssclass="highlight"))
    return f"<p>The code of {escape(name)}</p>{code}"
