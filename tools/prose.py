"""Prose of the notebooks: its marked figures, and the digits that are neither marked nor part of a name.

A figure in a sentence is marked, `<span data-figure="speed.even">2,560</span>`, and `make notebooks` writes
what stands in it. Any other digit must belong to a name: of a model, a card, a benchmark, a number format, a
table or a chapter, or be a year. `python tools/prose.py` prints what it finds.
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
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
    r"(?:19|20)\d\d-\d\d-\d\d",  # a day
    r"(?:19|20)\d\d",  # a year
    r"(?:CC BY|Apache) \d\.\d",  # a licence
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


def code(path: Path) -> Iterator[tuple[str, ast.Module]]:
    """The code cells of a notebook, parsed, each with its id; a line for IPython alone is passed by."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            text = re.sub(r"^(\s*)%.*$", r"\1pass", notebooks.source(cell), flags=re.MULTILINE)
            yield cell["id"], ast.parse(text)


def calls(tree: ast.Module, name: str) -> int:
    """How often a function of this name is called."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sum(isinstance(function, ast.Name) and function.id == name for function in called)


def bound(tree: ast.Module) -> Iterator[str]:
    """Every name that a cell binds for the cells after it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.For | ast.With):
            inside = {
                id(n)
                for part in ast.walk(node)
                if isinstance(part, ast.comprehension)
                for n in ast.walk(part)
            }
            stored = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            yield from dict.fromkeys(name.id for name in stored if id(name) not in inside)


def told(path: Path) -> dict[str, int]:
    """What a notebook's prose amounts to, in counts."""
    prose, trees = [text for _, text in cells(path)], [tree for _, tree in code(path)]
    return {
        "words": sum(len(bare(text).split()) for text in prose),
        "marked figures": sum(len(marked(text)) for text in prose),
        "unmarked digits": sum(len(unmarked(text)) for text in prose),
        "f-string prose": sum(calls(tree, "Markdown") for tree in trees),
        "asserts": sum(isinstance(node, ast.Assert) for tree in trees for node in ast.walk(tree)),
    }


def line(name: str, counts: Mapping[str, int]) -> str:
    """Counts in one line."""
    return f"{name}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items())


def main() -> None:
    """Prints what each notebook's prose amounts to, and every unmarked digit; fails where there is one."""
    counts = {path: told(path) for path in notebooks.paths()}
    for path, found in counts.items():
        print(line(path.name, found))
        for id, text in cells(path):
            for digit in unmarked(text):
                print(f"  {id}: a digit neither marked nor in a name: … {digit} …")
    total = sum(map(Counter, counts.values()), Counter())
    print(line("together", {what: total[what] for what in next(iter(counts.values()))}))
    sys.exit(1 if total["unmarked digits"] else 0)


if __name__ == "__main__":
    main()
