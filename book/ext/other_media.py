"""Writes the book for other readers beside its pages: Markdown twins, `llms.txt`, the data, and an EPUB.

- `notebooks/06-cost.md` beside `notebooks/06-cost.html`: the page as Markdown, named in its head;
- `llms.txt`: what there is, for a program that reads;
- `data/`: one Frictionless package, and the same as `data.zip`, with a citation and its licence;
- `smallmodels.epub`: the whole book.
"""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from articles import Article, articles
from epub import write_epub
from site_pages import DESCRIPTION, published_at
from sphinx.application import Sphinx
from twins import markdown

EPUB = "smallmodels.epub"
WITH_THE_DATA = ("CITATION.cff", "LICENSE-data")
FIRST = (1980, 1, 1, 0, 0, 0)  # the date of every entry of an archive: the same files make the same bytes


def name_twin(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Says in the head of a page where its Markdown is."""
    if page in app.env.found_docs:
        tag = f'<link rel="alternate" type="text/markdown" href="{Path(page).name}.md">'
        context["metatags"] = f"{context.get('metatags', '')}\n{tag}\n"


def write_twins(found: list[Article], built: Path, address: str) -> None:
    """One Markdown file beside each page, and the list of them."""
    twins = {article.page for article in found}
    for article in found:
        (built / f"{article.page}.md").write_text(markdown(article, twins, address), "utf-8")
    (built / "llms.txt").write_text(llms(found, address), "utf-8")


def llms(found: list[Article], address: str) -> str:
    """What a program that reads is offered, as llmstxt.org lays it out."""
    chapters = [f"- [{a.title}]({address}{a.page}.md)" for a in found if a.page.startswith("notebooks/")]
    others = [f"- [{a.title}]({address}{a.page}.md)" for a in found if not a.page.startswith("notebooks/")]
    data = [
        f"- [Facts]({address}data/datapackage.json): every figure with its source, protocol and unit, as a "
        "Frictionless package of CSV files",
        f"- [The same as one archive]({address}data.zip)",
    ]
    sections = (("Chapters", chapters), ("Data", data), ("Optional", others))
    parts = [f"## {name}\n\n" + "\n".join(lines) for name, lines in sections]
    told = "Each page is here as Markdown; its tables are those of the page at their first values."
    return "\n\n".join(["# Small Models Are Getting Weird", f"> {DESCRIPTION}", told, *parts]) + "\n"


def write_data(root: Path, built: Path) -> None:
    """The tables and recorded experiments as one package, loose and in an archive."""
    folder = built / "data"
    shutil.rmtree(folder, ignore_errors=True)
    described = json.loads((root / "data" / "datapackage.json").read_text("utf-8"))
    names = ["datapackage.json", *(resource["path"] for resource in described["resources"])]
    files = [root / "data" / name for name in names]
    files += [path for path in sorted((root / "data" / "runs").rglob("*.json")) if "state" not in path.parts]
    for path in dict.fromkeys(files):
        copy = folder / path.relative_to(root / "data")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for name in WITH_THE_DATA:
        shutil.copyfile(root / name, folder / name)
    (built / "data.zip").write_bytes(archive(folder))


def archive(folder: Path) -> bytes:
    """A folder as a zip archive, always with the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", FIRST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return stream.getvalue()


def finish(app: Sphinx, error: Exception | None) -> None:
    """Writes them all, from the finished pages."""
    if error is not None or app.builder.format != "html":
        return
    root, built = Path(app.srcdir), Path(app.outdir)
    name = app.config.html_context.get("book_repository")
    address = published_at(root, name) if name else ""
    found = articles(built, root / "_toc.yml")
    write_twins(found, built, address)
    write_data(root, built)
    write_epub(found, built, built / EPUB)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx; it comes last, when the pages are as they will be read."""
    app.connect("html-page-context", name_twin, priority=960)
    app.connect("build-finished", finish, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
