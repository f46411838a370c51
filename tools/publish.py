"""Writes what is published, to `_build/site`: the book, also as a PDF, the wheel, and notebooks.

`python tools/publish.py --push` also makes it the branch `gh-pages` of `origin`, one commit without history.
A notebook on Colab, or one that was downloaded from its page, knows nothing of this repository: its first
cell is given the address of the wheel, and its links to other pages lead to the published book.
"""

import argparse
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pdf

import notebooks

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "ext"))

# The book's own account of its addresses.
from site_pages import BRANCH, colab_path, download_path, published_at, repository  # noqa: E402

BUILT = ROOT / "_build" / "html"
SITE = ROOT / "_build" / "site"
PDF = "smallmodels.pdf"
PDF_NAMED = re.compile('<span class="book-pdf">(.*?)</span>')
NO_ADDRESS = 'WHEEL = ""'
# A link of Markdown or HTML to a place of this page, or to a file beside it.
LINK = re.compile(r'(\]\(|href=")((?![a-z]+:|/)[^)"\s]+)')


def write_site(site: Path = SITE, built: Path = BUILT, name: str | None = None, root: Path = ROOT) -> None:
    """Copies the book to `site` and adds the wheel and the notebooks for Colab.

    `name` is the repository as `owner/name`; where it is unknown notebooks keep their empty address.
    """
    if not (built / "index.html").is_file():
        raise SystemExit("There is no built book; run `make html` first.")
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(built, site, ignore=shutil.ignore_patterns(".built", ".buildinfo", ".doctrees"))
    (site / ".nojekyll").touch()
    if (root / "CNAME").is_file():
        shutil.copy(root / "CNAME", site)  # the branch is replaced as a whole, and with it the host's name
    wheel = build_wheel(site / "wheel")
    for path in notebooks.paths():
        for place, states in ((colab_path(path.name), True), (download_path(path.name), False)):
            target = site / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            if name:
                leads = leading(path.stem, published_at(root, name), name, states=states)
                target.write_bytes(away(path.read_bytes(), wheel_address(name, wheel.name), leads))


def offer_pdf(site: Path = SITE) -> None:
    """Adds the book as one PDF, and makes a link of the words that name it."""
    pdf.write_pdf(site / PDF)
    page = site / "book" / "how-it-works.html"
    link = rf'<a href="../{PDF}">\1</a>'
    page.write_text(PDF_NAMED.sub(link, page.read_text("utf-8")), "utf-8")


def build_wheel(folder: Path) -> Path:
    """Builds the package's wheel, with its data and its chart renderer, into `folder`."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def wheel_address(name: str, wheel: str) -> str:
    """What pip is given: the wheel, at an address that is there as soon as the branch is, with what notebooks
    import.
    """
    return f"smallmodels[notebook]@https://raw.githubusercontent.com/{name}/{BRANCH}/wheel/{wheel}"


def away(notebook: bytes, wheel: str, leads: Callable[[str], str]) -> bytes:
    """The notebook for another place: its first cell knows the wheel, each link is as `leads` gives it."""
    document = json.loads(notebook)
    first = document["cells"][0]
    text = notebooks.source(first)
    if NO_ADDRESS not in text:
        raise ValueError("The notebook does not begin with the first cell of tools/notebooks.py.")
    first["source"] = text.replace(NO_ADDRESS, f'WHEEL = "{wheel}"', 1).splitlines(keepends=True)
    for cell in document["cells"]:
        if cell["cell_type"] == "markdown":
            text = LINK.sub(lambda link: link[1] + leads(link[2]), notebooks.source(cell))
            cell["source"] = text.splitlines(keepends=True)
    return notebooks.to_bytes(document)


def leading(page: str, book: str, name: str, *, states: bool) -> Callable[[str], str]:
    """Gives a link of the notebook `page` its address in the published book, or in the repository.

    Links within the page, to the state of a widget mostly, lead there only where `states` asks for it: on
    Colab, where every output is a frame of its own. Elsewhere the notebook's own widget follows them.
    """

    def address(link: str) -> str:
        path, place = re.match(r"([^#?]*)(.*)", link, re.DOTALL).groups()  # type: ignore[union-attr]
        if not path:
            return f"{book}notebooks/{page}.html{place}" if states else place
        whole = posixpath.normpath(f"notebooks/{path}")
        stem, ending = posixpath.splitext(whole)
        if ending in (".ipynb", ".md", ".html") and stem.startswith(("notebooks/", "book/")):
            return f"{book}{stem}.html{place}"
        return f"https://github.com/{name}/blob/HEAD/{whole}{place}"

    return address


def push(site: Path = SITE, root: Path = ROOT) -> None:
    """Makes the branch one commit that holds the site, and nothing of what it held before."""
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / "index"  # the checkout's own index stays as it is
        git(root, f"--work-tree={site}", "add", "--all", "--force", ".", cwd=site, index=aside)
        tree = git(root, "write-tree", index=aside)
    head = git(root, "rev-parse", "--short", "HEAD")
    who = ("-c", "user.name=publisher", "-c", "user.email=publisher@users.noreply.github.com")
    commit = git(root, *who, "commit-tree", tree, "-m", f"The book at {head}")
    git(root, "push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{BRANCH}")


def git(root: Path, *arguments: str, cwd: Path | None = None, index: Path | None = None) -> str:
    """What git answers about the repository at `root`; its error is shown and ends the program."""
    command = ["git", f"--git-dir={root / '.git'}", *arguments]
    env = {**os.environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=cwd or root, env=env)
    if done.returncode:
        raise SystemExit("git failed; nothing was published.")
    return done.stdout.strip()


def main() -> None:
    """Writes the site, and pushes it when asked to."""
    parser = argparse.ArgumentParser(description="Write what is published to _build/site.")
    parser.add_argument("--push", action="store_true", help=f"put it on the branch {BRANCH} of origin")
    name = repository(ROOT)
    wanted = parser.parse_args()
    write_site(name=name)
    offer_pdf()
    print(f"Wrote {SITE.relative_to(ROOT)}" + ("" if name else ", without the address of a repository."))
    if wanted.push:
        push()
        print(f"Published to the branch {BRANCH} of {name}.")


if __name__ == "__main__":
    main()
