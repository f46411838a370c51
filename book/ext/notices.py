"""Writes `licences.txt`: what the published book passes on that is not ours, with the licences' own words.

What the page's scripts are made of is listed by `tools/assets.mjs`; here come Python, the typefaces, KaTeX,
Sphinx and its themes.
"""

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx

OURS = """Small Models Are Getting Weird. Code: MIT. Prose and figures: CC BY 4.0. The tables of data/: see
data/LICENSE-data. What follows is the work of others, passed on with these pages under its own licences.
"""
RULE = f"\n{'=' * 80}\n\n"
BUILDERS = ("Sphinx", "pydata-sphinx-theme", "sphinx-book-theme", "docutils")
PACKAGES = (  # npm's packages that become style sheets and typefaces
    ("katex", "KaTeX, its style sheet and its typefaces"),
    ("@fontsource-variable/source-serif-4", "Source Serif 4, a part of it"),
    ("@fontsource-variable/source-sans-3", "Source Sans 3, a part of it"),
)


def notices(root: Path) -> Iterator[str]:
    """One text for each work; `OSError` or `PackageNotFoundError` where one is not there."""
    yield OURS
    own = root / "book" / "licences"
    yield "CPython, its standard library\n\n" + (own / "CPython.txt").read_text("utf-8")
    yield (
        "Pyodide: the Mozilla Public License 2.0; its sources are published by the Pyodide contributors\n\n"
        + (own / "MPL-2.0.txt").read_text("utf-8")
    )
    for name, told in PACKAGES:
        yield f"{told}\n\n" + (root / "node_modules" / name / "LICENSE").read_text("utf-8")
    for name in BUILDERS:
        yield f"{name} {distribution(name).version}\n\n{_text(name)}"
    yield (root / "_build" / "live" / "licences.txt").read_text("utf-8")


def _text(name: str) -> str:
    """The licence that an installed package brings."""
    files = distribution(name).files or []
    found = sorted(
        (f for f in files if f.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))),
        key=lambda file: len(str(file)),
    )
    if not found:
        raise OSError(f"{name} brings no licence.")
    return found[0].read_text("utf-8")


def finish(app: Sphinx, error: Exception | None) -> None:
    """Writes them beside the pages."""
    if error is None and app.builder.format == "html":
        texts = (text.strip() + "\n" for text in notices(Path(app.srcdir)))
        (Path(app.outdir) / "licences.txt").write_text(RULE.join(texts), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
