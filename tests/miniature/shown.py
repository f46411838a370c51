"""Helpers for the tables of this room."""

import math


def by_name(table):
    """The rows of a table as plain values, in order."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*map(table.values, names), strict=True)]


def finite(table):
    """Every number of every row and series is finite."""
    numbers = [v for row in by_name(table) for v in row.values()]
    numbers += [v for records in table.series.values() for record in records for v in record.values()]
    return all(math.isfinite(v) for v in numbers if isinstance(v, int | float)) and len(table.to_html()) > 0
