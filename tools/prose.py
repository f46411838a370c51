"""Prose of the notebooks: its marked figures, and the digits that are neither marked nor part of a name.

A figure in a sentence is marked, `<span data-figure="speed.even">2,560</span>`, and `make notebooks` writes
what stands in it. Any other digit must belong to a name: of a model, a card, a benchmark, a number format, a
table or a chapter, or be a year. `python tools/prose.py` prints what it finds.
"""

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import notebooks
from smallmodels import facts
from smallmodels.figures import MARK, marked

# What is no prose, each replaced by a space: code, formulas, marked figures, tags, targets of links,
# numbers of lists.
NO_PROSE = (
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(r"`[^`\n]+`"),
    re.compile(r"(?<!\\)\$\$.*?(?<!\\)\$\$", re.DOTALL),
    re.compile(r"(?<!\\)\$[^$\n]+(?<!\\)\$"),
    MARK,
    re.compile(r"<[^>]+>"),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"^\s*\d+\.\s", re.MULTILINE),
    re.compile(r"^\*\*\d+\.\*\*", re.MULTILINE),
    re.compile(r"&#?\w+;"),
)
# Names of kinds that no table of facts lists.
NAMES = (
    r"(?:FP|BF|INT|TF|Q)\d+(?:_\w+)*",  # number formats
    r"\d+(?:x\d+)?B",  # a size as people name it: "a 7B"
    r"(?:GPT|T|C|Qwen|Gemma|Phi|LLaMA|Llama|Ministral|Mistral|Mixtral)[- ]?\d+(?:\.\d+)?(?:[- ]?[A-Z]+)?",
    r"v\d+\.\d+",  # a version
    r"(?:A|H|V|L|T)\d+s?",  # a card by its short name
    r"GSM\d?K?8?K?|GSM1k|mc[12]|maj@\d+|pass@\d+|acc_norm",
    r"(?:[Tt]able|[Ss]ection|[Ff]igure|[Cc]hapter|[Ee]xercise|[Ee]quation|[Pp]art|[Aa]ppendix) [A-Z]?\d+",
    r"(?:19|20)\d\d",  # a year
    r"CC BY \d\.\d",
)


@cache
def names() -> re.Pattern[str]:
    """Every name in which digits may stand."""
    listed = [model.name for model in facts.models()] + [release.model for release in facts.releases()]
    listed += [card.name for card in facts.gpus()] + [test.title for test in facts.benchmarks()]
    listed += [source.short_title for source in facts.sources()]
    longest_first = sorted(
        {re.escape(name) for name in listed if re.search(r"\d", name)}, key=len, reverse=True
    )
    return re.compile(rf"(?<![\w.])(?:{'|'.join([*longest_first, *NAMES])})(?![\w])")


def bare(markdown: str) -> str:
    """The text without code, formulas, tags, marked figures and names."""
    for pattern in NO_PROSE:
        markdown = pattern.sub(" ", markdown)
    return names().sub(" ", markdown)


def unmarked(markdown: str) -> list[str]:
    """Each digit that is neither marked nor in a name, with the words around it."""
    text = " ".join(bare(markdown).split())
    return [text[max(0, at.start() - 30) : at.end() + 20] for at in re.finditer(r"\d[\d,.]*", text)]


def cells(path: Path) -> Iterator[tuple[str, str]]:
    """The Markdown cells of a notebook, each with its id."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield cell["id"], notebooks.source(cell)


def main() -> None:
    """Prints, notebook by notebook, words and marked figures, and every unmarked digit."""
    faults = 0
    for path in notebooks.paths():
        prose = dict(cells(path))
        figures = sum(len(marked(text)) for text in prose.values())
        words = sum(len(bare(text).split()) for text in prose.values())
        print(f"{path.name}: {words:,} words, {figures} marked figures")
        for id, text in prose.items():
            for found in unmarked(text):
                faults += 1
                print(f"  {id}: a digit neither marked nor in a name: … {found} …")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
