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


def static_page(root_id: str, described: Mapping[str, Any], table: Table, drawing: str, code: str) -> str:
    """The whole of one `Live`: finding, table, picture, notes, code, and the data a front end starts from."""
    name = escape(described["function"])
    chart = f'<figure class="live-chart">{drawing}</figure>' if described["chart"] else ""
    return (
        f'<div class="live" id="{escape(root_id)}" data-live="{name}" data-state="static">\n'
        f'<form class="live-controls" hidden></form>\n'
        f'<p class="live-finding" role="status">{escape(table.finding)}</p>\n'
        f'<div class="live-scroll">{table.to_html()}</div>\n{chart}\n'
        f'<div class="live-notes">{_notes(table)}</div>\n'
        f'{code}<script type="application/json" class="live-data">{_data(described, table)}</script>\n'
        "</div>"
    )


def _notes(table: Table) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    sources = "".join(f"<li>{escape(source)}</li>" for source in table.sources())
    return notes + (f"<details><summary>Sources</summary><ul>{sources}</ul></details>" if sources else "")


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
    return f'<details class="live-code"><summary>The code of {escape(name)}</summary>{code}</details>\n'
