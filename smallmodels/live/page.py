"""The HTML of a `Live` that needs no script: complete by itself, with no dead control in it."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from inspect import getsource
from textwrap import dedent
from typing import Any

from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

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
        f'<p class="live-finding" role="status">{escape(table.finding)}</p>\n{chart}{beside}'
        f'<details class="live-figures" open><summary>{figures(len(table))}</summary>\n'
        f'<div class="live-scroll">{table.to_html()}</div></details>\n'
        f'<div class="live-notes">{_notes(table)}</div>\n{_panel(table, code)}'
        f'<script type="application/json" class="live-data">{_data(described, table)}</script>\n'
        "</div>"
    )


def figures(rows: int) -> str:
    """What the table is folded behind on a small screen; the front end says the same.

    >>> figures(7), figures(1)
    ('The figures (7 rows)', 'The figures (1 row)')
    """
    return f"The figures ({rows} row{'' if rows == 1 else 's'})"


def _notes(table: Table) -> str:
    return "".join(f"<p>{escape(note)}</p>" for note in table.notes)


def _panel(table: Table, code: str) -> str:
    """One line that opens all that stands behind the figures; nothing where there is nothing to open."""
    sources = "".join(f"<li>{escape(source)}</li>" for source in table.sources())
    parts = {
        "Sources": f'<section class="live-sources"><p>Sources</p><ul>{sources}</ul></section>',
        "Code": f'<section class="live-code">{code}</section>',
    }
    there = [name for name, part in zip(parts, (sources, code), strict=True) if part]
    if not there:
        return ""
    line = ", ".join(there)
    return (
        f'<details class="live-panel"><summary>{line}</summary>{"".join(parts[n] for n in there)}</details>\n'
    )


def _data(described: Mapping[str, Any], table: Table) -> str:
    # The table itself stands in the page already; "<" could end the script element or open a comment.
    result = {part: value for part, value in table.to_dict().items() if part != "html"}
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
