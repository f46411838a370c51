"""What a page asks for before its text can be read: one style sheet, one typeface in three cuts, few scripts.

- The sheets of the themes, of KaTeX, of the widget and of this book become one (`tools/style.mjs`), without
  the rules that no page has a use for, and with the icons inside.
- The fonts keep the weights that the sheet asks for and the characters that a page can show.
- The themes' scripts are left out: `book/front/frame.js` does what they did here.
"""

import shutil
import subprocess
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent.parent
STYLE = ROOT / "tools" / "style.mjs"
# Each cut of a family with the weights its text is set in; a single one makes a font without an axis.
FONTS: dict[tuple[str, str], Any] = {
    ("source-serif-4", "normal"): (400, 700),
    ("source-serif-4", "italic"): 400,
    ("source-sans-3", "normal"): (400, 600),
}
# ASCII, Latin-1, and what English prose and small formulas take beside them, where the font has it.
CHARACTERS = {*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x2000, 0x2030), *map(ord, "€′″←↑→↓−≈≤≥")}
FEATURES = ["kern", "liga", "tnum", "ccmp", "locl", "mark"]
# What a page needs of Sphinx's scripts: they mark the words that a reader has searched for.
MARKING = ("documentation_options.js", "doctools.js", "sphinx_highlight.js")
PENDING = "?v=pending"  # stands in each page until the sheet, which depends on all of them, is made


def reduced(font: Path, characters: set[int], weights: Any = None) -> bytes:
    """A font with these characters and weights only, as woff2; kept in `_build/fonts`: it takes seconds."""
    settings = repr((sorted(characters), weights, FEATURES)).encode()
    kept = ROOT / "_build" / "fonts" / f"{sha256(settings + font.read_bytes()).hexdigest()[:16]}.woff2"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        making = kept.with_suffix(".making")
        making.write_bytes(_reduced(font, characters, weights))
        making.rename(kept)
    return kept.read_bytes()


def _reduced(font: Path, characters: set[int], weights: Any) -> bytes:
    shape = TTFont(font, lazy=False)
    smaller = subset.Subsetter(subset.Options(layout_features=FEATURES, hinting=False))
    smaller.populate(unicodes=characters)
    smaller.subset(shape)
    if weights is not None:
        shape = instancer.instantiateVariableFont(shape, {"wght": weights})
    shape.flavor = "woff2"
    stream = BytesIO()
    shape.save(stream)
    return stream.getvalue()


def copy_fonts(app: Sphinx, error: Exception | None) -> None:
    """Puts the book's fonts, with their licences, beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "fonts"
    target.mkdir(parents=True, exist_ok=True)
    for (family, style), weights in FONTS.items():
        package = Path(app.srcdir) / "node_modules" / "@fontsource-variable" / family
        name = f"{family}-latin-wght-{style}.woff2"
        (target / name).write_bytes(reduced(package / "files" / name, CHARACTERS, weights))
        shutil.copy(package / "LICENSE", target / f"{family}-LICENSE.txt")


def light(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Names the one style sheet and the few scripts of a page; the search page keeps Sphinx's own besides."""
    version = (Path(app.srcdir) / "_build" / "live" / "version").read_text("utf-8")[:12]
    context["book_style"] = context["pathto"]("_static/page.css", 1) + PENDING
    context["book_frame"] = context["pathto"]("_static/live/frame.js", 1) + f"?v={version}"
    context["css_files"] = []
    kept = MARKING if template == "search.html" else ()
    context["script_files"] = [
        script for script in context["script_files"] if Path(str(script.filename)).name in kept
    ]
    context["book_marking"] = not kept and context["pathto"]("_static/marking.js", 1)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Makes the one style sheet from all the pages, and names its version in them."""
    if error is not None or app.builder.format != "html":
        return
    built, static = Path(app.outdir), Path(app.outdir) / "_static"
    node = shutil.which("node")
    if node is None:
        raise ExtensionError("The style sheet needs node and `npm ci`; `make html` sees to both.")
    made = subprocess.run([node, str(STYLE), str(built)], capture_output=True, text=True, check=False)
    if made.returncode:
        raise ExtensionError(f"The style sheet could not be made: {made.stderr.strip()}")
    marking = ";\n".join((static / name).read_text("utf-8") for name in MARKING)
    (static / "marking.js").write_text(marking, "utf-8")
    version = sha256((static / "page.css").read_bytes()).hexdigest()[:12]
    for page in built.rglob("*.html"):
        page.write_text(page.read_text("utf-8").replace(PENDING, f"?v={version}"), "utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension with Sphinx."""
    app.connect("html-page-context", light, priority=950)
    app.connect("build-finished", copy_fonts)
    app.connect("build-finished", finish, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
