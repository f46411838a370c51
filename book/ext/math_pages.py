"""Formulas are set while the book is built, by KaTeX: HTML for the eye, MathML for screen readers.

So no page loads a math script, and its fonts hold only the characters of the book's formulas.
"""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from light_pages import reduced
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

HERE = Path(__file__).resolve().parent
KATEX = HERE.parent.parent / "node_modules" / "katex" / "dist"
TAG = re.compile(r"<[^>]*>")
SHOWN: list[str] = []  # what is seen of each formula set in this build
# Every supported browser reads woff2; the sheet's older formats are neither copied nor named.
OLD_FORMATS = re.compile(r',url\([^)]*\.(?:woff|ttf)\) ?format\("[^"]*"\)')


class Renderer:
    """The one node process that sets every formula of a build, started at the first of them."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def answer(self, question: str) -> str:
        """One line for one line."""
        process = self.process = self.process or self.start()
        assert process.stdin  # both are pipes
        assert process.stdout
        process.stdin.write(question + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    def start(self) -> subprocess.Popen[str]:
        """Starts node; `ExtensionError` when it or KaTeX is not there."""
        node = shutil.which("node")
        if node is None or not KATEX.is_dir():
            raise ExtensionError("Formulas need node and `npm ci`; `make html` sees to both.")
        command = [node, str(HERE / "katex.mjs")]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")

    def stop(self) -> None:
        """Lets node end."""
        if self.process:
            self.process.communicate()
            self.process = None


RENDERER = Renderer()


@cache
def rendered(tex: str, display: bool) -> str:
    """A formula as HTML with MathML in it; `ExtensionError` names one that KaTeX does not understand."""
    question = json.dumps({"tex": tex, "displayMode": display})
    answer: dict[str, str] = json.loads(RENDERER.answer(question))
    if "error" in answer:
        raise ExtensionError(f"KaTeX cannot set {tex!r}: {answer['error']}")
    SHOWN.append(answer["html"].partition('class="katex-html"')[2])
    return answer["html"]


def visit_inline(writer: Any, node: nodes.math) -> None:
    """Writes an inline formula."""
    writer.body.append(rendered(node.astext(), False))
    raise nodes.SkipNode


def visit_block(writer: Any, node: nodes.math_block) -> None:
    """Writes a displayed formula, in a box that scrolls by itself where the screen is narrow."""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    writer.body.append(f'<div class="math-block"{anchor}>{number}{rendered(node.astext(), True)}</div>')
    raise nodes.SkipNode


def finish(app: Sphinx, error: Exception | None) -> None:
    """Stops node, and puts the style sheet, and the fonts with the characters in use, beside the pages."""
    RENDERER.stop()
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static"
    (target / "katex").mkdir(exist_ok=True)
    style = (KATEX / "katex.min.css").read_text("utf-8")
    (target / "katex" / "katex.min.css").write_text(OLD_FORMATS.sub("", style), "utf-8")
    (target / "fonts").mkdir(exist_ok=True)
    characters = {ord(character) for formula in SHOWN for character in TAG.sub("", formula)}
    for font in (KATEX / "fonts").glob("*.woff2"):
        (target / "fonts" / font.name).write_bytes(reduced(font, characters))


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension with Sphinx."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_block, None))
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
