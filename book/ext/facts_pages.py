"""The directive `{facts-sources}`: every source of `data/`, and what the book takes from it.

Each source gets a section with the anchor `source-<id>`, so that a figure anywhere can lead to its source.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from smallmodels import facts
from smallmodels.facts import Source

KINDS = {
    "post": "The post",
    "paper": "Papers",
    "model card": "Model cards",
    "announcement": "Announcements",
    "code": "Code",
    "documentation": "Documentation",
    "leaderboard": "Leaderboards",
    "data": "Data",
    "package": "Packages",
    "press": "Press",
    "memory": "From memory",
}
# What a row of each table is, one and many.
TABLES = {
    facts.scores: ("score", "scores"),
    facts.models: ("shape of a model", "shapes of models"),
    facts.releases: ("release", "releases"),
    facts.benchmarks: ("description of a benchmark", "descriptions of benchmarks"),
    facts.eval_sets: ("test set", "test sets"),
    facts.correlations: ("correlation of results", "correlations of results"),
    facts.leaks: ("excess over new questions", "excesses over new questions"),
    facts.chat_ratings: ("rating of chat models", "ratings of chat models"),
    facts.laws: ("scaling law", "scaling laws"),
    facts.projections: ("projection", "projections"),
    facts.progress_claims: ("claim on progress", "claims on progress"),
    facts.gpus: ("card", "cards"),
    facts.speeds: ("measurement", "measurements"),
    facts.recall: ("result on long texts", "results on long texts"),
    facts.weight_files: ("size of a file", "sizes of files"),
    facts.calculators: ("formula of a calculator", "formulas of calculators"),
    facts.prices: ("price of tokens", "prices of tokens"),
    facts.rentals: ("price of a rented card", "prices of rented cards"),
    facts.price_history: ("price through time", "prices through time"),
    facts.story: ("turn of the story", "turns of the story"),
}
DOUBTS = {"partly": "verified in part", "no": "not verified"}
POST_TABLES = (facts.post_factors, facts.post_inference, facts.post_use_cases, facts.post_costs, facts.claims)


class FactsSources(SphinxDirective):
    """Lists every source under the kind it is of; takes neither arguments nor content."""

    def run(self) -> list[nodes.Node]:
        """One section for each kind, in the order of `KINDS`."""
        for path in facts.data_folder().glob("*.csv"):
            self.env.note_dependency(str(path))
            refuse_repeated(path.stem)
        for source in facts.sources():
            address(source)
        return [section for kind in KINDS if (section := _kind_section(kind))]


def refuse_repeated(table: str) -> None:
    """Stops the build where a row of a table stands there twice, with the lines."""
    lines: dict[Any, int] = {}
    for line, row in enumerate(getattr(facts, table)(), 2):  # the first line names the columns
        if lines.setdefault(row, line) != line:
            raise ExtensionError(f"{table}.csv, line {line}: the row of line {lines[row]} again; keep one.")


def address(source: Source) -> str:
    """A source's address, or nothing for what we recall; stops the build at one that no browser opens."""
    if source.kind not in KINDS:
        raise ExtensionError(
            f"sources.csv: {source.id} is of kind {source.kind!r}; choose from {', '.join(KINDS)}."
        )
    if source.url and not source.url.startswith(("https://", "http://")):
        raise ExtensionError(
            f"sources.csv: the address of {source.id} is {source.url!r}; it must begin with https://."
        )
    return source.url


def _kind_section(kind: str) -> nodes.section | None:
    sources = [source for source in facts.sources() if source.kind == kind]
    if not sources:
        return None
    return _section(f"sources-{kind.replace(' ', '-')}", KINDS[kind], map(_source_section, sources))


def _source_section(source: Source) -> nodes.section:
    published = nodes.paragraph("", f"{source.authors}, {source.date}. ")
    if url := address(source):
        published += nodes.reference("", url.split("://", 1)[1].rstrip("/"), refuri=url, internal=False)
    paragraphs = [
        published,
        *(nodes.paragraph("", text) for text in (source.note, taken_from(source.id)) if text),
    ]
    return _section(f"source-{source.id}", source.title, paragraphs)


def _section(anchor: str, title: str, children: Iterable[nodes.Node]) -> nodes.section:
    return nodes.section("", nodes.title("", title), *children, ids=[anchor], names=[anchor])


def taken_from(source_id: str) -> str:
    """What the book takes from a source, as one sentence: how many rows of what, and how many in doubt."""
    parts, doubts = [], Counter[str]()
    for table, (one, many) in TABLES.items():
        rows = [row for row in table() if source_id in _sources_of(row)]
        doubts.update(getattr(row, "verified", "yes") for row in rows)
        if rows:
            parts.append(f"{len(rows)} {one if len(rows) == 1 else many}")
    if source_id == "post":
        parts.append(f"{sum(len(table()) for table in POST_TABLES)} claims and rows of its other tables")
    if counts := [row for row in facts.models() if row.params_source_id == source_id]:
        parts.append(f"{len(counts)} exact numbers of parameters")
    unsure = [f"{doubts[v]} {words}" for v, words in DOUBTS.items() if doubts[v]]
    doubt = f" ({', '.join(unsure)})" if unsure else ""
    return f"Taken from it: {', '.join(parts)}{doubt}."


def _sources_of(row: Any) -> tuple[str, ...]:
    return getattr(row, "source_ids", None) or (getattr(row, "source_id", ""),)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directive with Sphinx."""
    app.add_directive("facts-sources", FactsSources)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
