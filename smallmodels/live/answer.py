"""Asks a chapter's function for a table: the one path from a control to a figure.

A kernel, the builder of the book and the worker in the reader's browser all come through here, with the
arguments as JSON, so that a function is called with the same values of the same types everywhere. Standard
library only: the worker loads this file by itself, as the top-level module `answer`.
"""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from smallmodels.facts.cited import linked
from smallmodels.table import Table


def resolve(name: str) -> Callable[..., Table]:
    """The function that `data-live` names: `"benchmarks.spread"` is `smallmodels.benchmarks.spread`.

    Raises `ImportError` or `AttributeError` if there is no such function.
    """
    module, _, attribute = name.rpartition(".")
    function: Callable[..., Table] = getattr(import_module(f"smallmodels.{module}"), attribute)
    return function


def call(function: Callable[..., Table], arguments: Mapping[str, str]) -> Table:
    """The function's table for these arguments (name to JSON text).

    Raises the function's own `ValueError` for what it refuses and `TypeError` if it gives no `Table`.
    """
    table = function(**{name: _frozen(json.loads(text)) for name, text in arguments.items()})
    if not isinstance(table, Table):
        raise TypeError(f"{function.__name__} returned {type(table).__name__}; a Live shows a Table.")
    return table


def shown(table: Table) -> dict[str, Any]:
    """The parts of a table as a page shows them: its sources are HTML, with links to what they name."""
    return {**table.to_dict(), "sources": [linked(source) for source in table.sources()]}


def answer(name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    """What a page shows: the parts of the table, or `{"error": sentence}` where the function refuses.

    Only a `ValueError` is a sentence for the reader; any other exception is a bug of ours and is raised.
    """
    try:
        return shown(call(resolve(name), arguments))
    except ValueError as refusal:
        return {"error": str(refusal)}


def answer_text(name: str, arguments: str) -> str:
    """`answer` from text to text, for the worker: a JSON object of JSON texts in, a JSON object out."""
    return json.dumps(answer(name, json.loads(arguments)), ensure_ascii=False)


def _frozen(value: Any) -> Any:
    # JSON knows no tuples, ipywidgets gives nothing else: a function gets tuples from either.
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
