"""Writes `sw.js`, which keeps the book in a reader's browser, with the list of what it keeps.

Its version is the sum of all that it keeps, so another build makes another one, and readers get that.
"""

import json
import re
from hashlib import sha256
from pathlib import Path

from articles import pages
from sphinx.application import Sphinx

SOURCE = Path(__file__).resolve().parent.parent / "front" / "sw.js"
VERSIONED = re.compile(r'(?:href|src)="([^"]*_static/[^"]*\?v=[^"]*)"')
# What the scripts of a page ask for by themselves, in the order in which it is missed.
ASKED = ("worker.js", "draw.js", "places.json", "pyodide/*", "results/*")
FONTS = "_static/fonts/source-*.woff2"


def kept(built: Path, toc: Path) -> list[str]:
    """The addresses that a reader without a network needs, relative to the book."""
    texts = {f"{page}.html": (built / f"{page}.html").read_text("utf-8") for page in pages(toc)}
    named = {path[path.index("_static/") :] for text in texts.values() for path in VERSIONED.findall(text)}
    version = (built.parent / "live" / "version").read_text("utf-8")[:12]
    live = built / "_static" / "live"
    asked = [path for pattern in ASKED for path in sorted(live.glob(pattern)) if path.is_file()]
    files = [f"{path.relative_to(built).as_posix()}?v={version}" for path in asked]
    fonts = [path.relative_to(built).as_posix() for path in sorted(built.glob(FONTS))]
    return ["", *texts, *sorted(named), *fonts, *files]


def finish(app: Sphinx, error: Exception | None) -> None:
    """Writes it when everything that it keeps is there."""
    if error is not None or app.builder.format != "html":
        return
    built = Path(app.outdir)
    files = kept(built, Path(app.srcdir) / "_toc.yml")
    total = sha256()
    for file in files:
        total.update((built / (file.partition("?")[0] or "index.html")).read_bytes())
    script = SOURCE.read_text("utf-8").replace("@version@", total.hexdigest()[:16])
    (built / "sw.js").write_text(script.replace('["@files@"]', json.dumps(files, indent=0)), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx; it comes when the pages are as they will be read."""
    app.connect("build-finished", finish, priority=980)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
