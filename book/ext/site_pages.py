"""What the book can only know while it is built: where its repository lives, and what its pages may load.

- The repository's address is asked of git (`origin`, where it is a GitHub address), else of
  `GITHUB_REPOSITORY`, else of `_config.yml`. Where none is known, the links that need it are left out.
- `EXECUTE=1` runs the notebooks while building; otherwise their committed outputs are shown.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

GITHUB = re.compile(r"github\.com[:/]+(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?$")
BRANCH = "gh-pages"  # where tools/publish.py's output goes
THEBE = re.compile(r'<script(?: type="text/x-thebe-config")?>\s*(?:\{|kernelName).*?</script>', re.DOTALL)
DOOR = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="_static/favicon.svg">
<link rel="canonical" href="{first}">
<meta http-equiv="refresh" content="0; url={first}">
<p><a href="{first}">{title}</a></p>
"""
DESCRIPTION = (
    "Did a 7B model really beat a 13B one? An article of 2023, rebuilt so that every figure has its source "
    "and every table recomputes in your browser."
)


def repository(root: Path, fallback: str = "") -> str | None:
    """The repository as `owner/name`, or None where nothing says.

    `fallback` is the address written in `_config.yml`.
    """
    git = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        origin = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git on this machine: the environment or the settings may know
        origin = ""
    known = (origin, "https://github.com/" + os.environ.get("GITHUB_REPOSITORY", ""), fallback)
    found = (match for address in known if (match := GITHUB.search(address)))
    return next((f"{match['owner']}/{match['name']}" for match in found), None)


def colab(name: str, notebook: str) -> str:
    """Where Colab opens the published copy of a notebook; its first cell knows the published wheel."""
    return f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{colab_path(notebook)}"


def colab_path(notebook: str) -> str:
    """Where tools/publish.py writes that copy, relative to the published site."""
    return f"colab/{notebook}"


def download_path(notebook: str) -> str:
    """Where Sphinx puts the notebook that a page offers for download, relative to the built book."""
    return f"_sources/notebooks/{notebook}"


def published_at(root: Path, name: str) -> str:
    """The address of the published book, with a slash at its end.

    It is `html: baseurl` of `_config.yml`, else the host in a file `CNAME`, else that of GitHub Pages.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    if address := (settings.get("html") or {}).get("baseurl"):
        return f"{address.rstrip('/')}/"
    if (root / "CNAME").is_file():
        return f"https://{(root / 'CNAME').read_text('utf-8').strip()}/"
    owner, repository = name.lower().split("/")
    host = f"{owner}.github.io"
    return f"https://{host}/" if repository == host else f"https://{host}/{name.split('/')[1]}/"


def configure(app: Sphinx, config: Config) -> None:
    """Fills in what depends on this checkout and this command."""
    options = config.html_theme_options
    name = repository(Path(app.srcdir), options.get("repository_url") or "")
    options["repository_url"] = f"https://github.com/{name}" if name else ""
    mark = (Path(app.srcdir) / config.html_logo).read_text("utf-8")
    config.html_context |= {"book_repository": name, "book_description": DESCRIPTION, "book_logo": mark}
    if os.environ.get("EXECUTE") == "1":
        config.nb_execution_mode = "force"
        config.nb_execution_timeout = 600  # seconds a cell; the live experiments take up to a minute
        config.nb_execution_raise_on_error = True


def links(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Names what a reader can do with a page: run its notebook, download it, see where it comes from."""
    name = context.get("book_repository")
    found: list[dict[str, Any]] = []
    if context.get("page_source_suffix") == ".ipynb":
        notebook = f"{Path(page).name}.ipynb"
        if name:
            found.append({"text": "Open in Colab", "url": colab(name, notebook), "icon": "fa-book-play"})
        source = context["pathto"](download_path(notebook), 1)
        found.append({"text": "Notebook", "url": source, "icon": "fa-download", "download": True})
    if name:
        found.append({"text": "Repository", "url": f"https://github.com/{name}", "icon": "fa-book-code"})
    context["book_links"] = found


def widen(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Marks the cells that hold a widget: on wide screens the theme lets them use the margin."""
    for cell in doctree.findall(nodes.container):
        html = (raw.astext() for raw in cell.findall(nodes.raw))
        if "cell" in cell["classes"] and any('data-live="' in text for text in html):
            cell["classes"].append("full-width")


def tidy(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Gives elements the names that a screen reader takes them by, and takes Thebe's settings off the text.

    docutils gives the entries of a bibliography another role than a list gives; a DataFrame has an empty
    corner that heads nothing; the theme wants to start notebooks.
    """
    if "body" in context:
        body = context["body"].replace(' role="doc-biblioentry"', ' role="listitem"')
        context["body"] = THEBE.sub("", body.replace("<th></th>", "<td></td>"))


def front_door(app: Sphinx, error: Exception | None) -> None:
    """Makes the root of the book lead to its first page, with its name and its mark on the way."""
    if error is not None or app.builder.format != "html":
        return
    first = app.builder.get_target_uri(app.config.root_doc)
    (Path(app.outdir) / "index.html").write_text(
        DOOR.format(title=app.config.html_title, first=first), "utf-8"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension with Sphinx."""
    app.connect("config-inited", configure)
    app.connect("doctree-resolved", widen)
    app.connect("html-page-context", links, priority=900)
    app.connect("html-page-context", tidy, priority=800)
    app.connect("build-finished", front_door, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
