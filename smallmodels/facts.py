"""The book's facts: every table of `data/` as typed, frozen records.

The only module that reads files. A table is read once, on first use, by `load`, which is driven by the
annotations of the record: the CSV's header must name the record's fields, in their order. A bad cell
raises a `ValueError` that names file, line and column. Standard library only: this runs in the browser too.

An empty cell is `None` where a field may be `None`, else the empty text; a list's parts are separated by
semicolons. `source_id` leads to `sources()`;
`locator` says where in the source; `verified` is `yes`, `partly` or `no`, and `note` says why it isn't `yes`.
"""

import csv
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from. `id` is the key of `references.bib` too when `kind` is `paper`."""

    id: str
    short_title: str
    title: str
    authors: str
    date: str  # ISO, as precise as known: 2023, 2023-09 or 2023-09-27
    kind: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A test, or a mean of tests (`kind` is then `average`), and what it measures in plain words."""

    benchmark: str
    title: str
    kind: str
    measures: str
    source_id: str


@dataclass(frozen=True, slots=True)
class EvalSet:
    """The items a benchmark's score is a share of; `n_items` is None where no source gives it."""

    benchmark: str
    eval_set: str
    split: str
    n_items: int | None
    source_id: str
    locator: str
    verified: str
    note: str


@dataclass(frozen=True, slots=True)
class Metric:
    """How an answer is scored; `proportion` is false where a score is no share of the items."""

    metric: str
    meaning: str
    proportion: bool


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Who ran an evaluation; `kind` is `single`, or `mixed` for a table of figures from several runs."""

    id: str
    name: str
    run_by: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Score:
    """One published score. `pipeline_id` produced it, `source_id` printed it (they differ where it is quoted).

    `shots` is the number of worked examples in the prompt, as text (`3-5`, `not stated`). `matches` holds the
    ids of the primary scores a figure of the post was matched to; `match_note` says so in words.
    """

    id: str
    model: str
    benchmark: str
    eval_set: str
    score_pct: float
    metric: str
    shots: str
    pipeline_id: str
    source_id: str
    locator: str
    verified: str
    note: str
    matches: tuple[str, ...]
    match_note: str


def data_folder() -> Path:
    """The folder of the CSV files: `smallmodels/data` in a wheel, `data` beside the package in a checkout."""
    package = Path(__file__).parent
    inside = package / "data"
    return inside if inside.is_dir() else package.parent / "data"


def load(table: str, record: type[Record], folder: Path | None = None) -> tuple[Record, ...]:
    """Every row of `<table>.csv` as a `record`; `ValueError` names file, line and column of a bad cell."""
    path = (folder or data_folder()) / f"{table}.csv"
    names = [f.name for f in fields(record)]  # type: ignore[arg-type]
    readers = [_READERS[f.type] for f in fields(record)]  # type: ignore[arg-type, index]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        if next(lines, []) != names:
            raise ValueError(f"{path.name}, line 1: the columns must be {', '.join(names)}.")
        return tuple(_record(record, names, readers, line, f"{path.name}, line {lines.line_num}") for line in lines)


def _record(record: type[Record], names: list[str], readers: list[Any], line: list[str], where: str) -> Record:
    if len(line) != len(names):
        raise ValueError(f"{where}: {len(line)} cells where {len(names)} are needed.")
    try:
        return record(*[read(text) for read, text in zip(readers, line, strict=True)])
    except ValueError:
        raise _bad_cell(names, readers, line, where) from None


def _bad_cell(names: list[str], readers: list[Any], line: list[str], where: str) -> ValueError:
    for name, read, text in zip(names, readers, line, strict=True):
        try:
            read(text)
        except ValueError:
            return ValueError(f"{where}, column {name}: {text!r} is not {_EXPECTED[read]}.")
    raise AssertionError("a record was refused although each of its cells can be read")


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # inf and nan: a table holds finite numbers only
        raise ValueError(text)
    return number


def _bool(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def _int_or_none(text: str) -> int | None:
    return int(text) if text else None


def _float_or_none(text: str) -> float | None:
    return _float(text) if text else None


_READERS = {
    str: str,
    int: int,
    float: _float,
    bool: _bool,
    tuple[str, ...]: _list,
    int | None: _int_or_none,
    float | None: _float_or_none,
}
_EXPECTED = {
    int: "a whole number",
    _float: "a number",
    _bool: "yes or no",
    _int_or_none: "a whole number or empty",
    _float_or_none: "a number or empty",
}


@cache
def sources() -> tuple[Source, ...]:
    """Every source a figure of the book comes from."""
    return load("sources", Source)


@cache
def benchmarks() -> tuple[Benchmark, ...]:
    """The benchmarks, in the order in which the book lists them."""
    return load("benchmarks", Benchmark)


@cache
def eval_sets() -> tuple[EvalSet, ...]:
    """The sets of items behind the benchmarks."""
    return load("eval_sets", EvalSet)


@cache
def metrics() -> tuple[Metric, ...]:
    """The ways in which answers are scored."""
    return load("metrics", Metric)


@cache
def pipelines() -> tuple[Pipeline, ...]:
    """The evaluations that produced the scores."""
    return load("pipelines", Pipeline)


@cache
def scores() -> tuple[Score, ...]:
    """Every published score, the post's 21 first."""
    return load("scores", Score)


def source(id: str) -> Source:
    """The source with this id."""
    return _one({s.id: s for s in sources()}, id, "source")


def benchmark(name: str) -> Benchmark:
    """The benchmark of this name."""
    return _one({b.benchmark: b for b in benchmarks()}, name, "benchmark")


def metric(name: str) -> Metric:
    """The metric of this name."""
    return _one({m.metric: m for m in metrics()}, name, "metric")


def pipeline(id: str) -> Pipeline:
    """The pipeline with this id."""
    return _one({p.id: p for p in pipelines()}, id, "pipeline")


def score(id: str) -> Score:
    """The score with this id."""
    return _one(_scores_by_id(), id, "score")


def eval_set(benchmark: str, name: str) -> EvalSet:
    """The set of items of this name behind a benchmark."""
    sets = {e.eval_set: e for e in eval_sets() if e.benchmark == benchmark}
    return _one(sets, name, f"evaluation set of {benchmark}")


@cache
def _scores_by_id() -> dict[str, Score]:
    return {s.id: s for s in scores()}


def _one(known: dict[str, Record], key: str, what: str) -> Record:
    if key not in known:
        some = ", ".join([*known][:40])
        raise ValueError(f"There is no {what} {key!r}; there is {some}{' and more' if len(known) > 40 else ''}.")
    return known[key]
