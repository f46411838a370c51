"""The pages made from `data/`: the sources and the bibliography, built by Sphinx on their own."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import facts_pages
import pytest
from sphinx.errors import ExtensionError

from smallmodels import facts

BOOK = Path(__file__).parents[1] / "book"
SETTINGS = f"""
import sys
sys.path[:0] = {[str(BOOK / "ext"), str(BOOK.parent)]!r}
extensions = ["myst_parser", "sphinxcontrib.bibtex", "facts_pages"]
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    for name in ("sources.md", "bibliography.md", "references.bib"):
        shutil.copy(BOOK / name, folder)
    (folder / "conf.py").write_text(SETTINGS, "utf-8")
    (folder / "index.md").write_text("# Book\n\n```{toctree}\nsources\nbibliography\n```\n", "utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-n",
        "-W",
        "-b",
        "html",
        str(folder),
        str(folder / "html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_source_has_its_place_on_the_page(built: Path) -> None:
    page = (built / "sources.html").read_text("utf-8")
    sections = dict(re.findall(r'<section id="source-([^"]+)">(.*?)</section>', page, re.DOTALL))
    assert {*sections} == {source.id for source in facts.sources()}
    for source in facts.sources():
        text = plain(sections[source.id])
        assert source.title in text
        assert source.date in text
        assert source.note in text
        assert "Taken from it: " in text
        assert source.url in unescape(sections[source.id])


def plain(html: str) -> str:
    """The text of a piece of HTML, with the straight quotes it was written with."""
    return unescape(re.sub(r"<[^>]+>", "", html)).translate(str.maketrans("‘’“”", "''\"\""))


def test_the_page_counts_every_score_once(built: Path) -> None:
    page = (built / "sources.html").read_text("utf-8")
    assert sum(map(int, re.findall(r"[ :](\d+) scores?\b", page))) == len(facts.scores())
    doubtful = {source.id for source in facts.sources() if source.kind == "memory"}
    assert doubtful == {"recalled"}
    recalled = page.split('id="source-recalled"')[1].split("</section>")[0]
    assert "not verified" in recalled


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        (
            "url",
            "javascript:alert(1)",
            "the address of post is 'javascript:alert(1)'; it must begin with https://.",
        ),
        ("url", "example.org", "the address of post is 'example.org'; it must begin with https://."),
        ("kind", "rumour", "post is of kind 'rumour'; choose from post, paper, "),
    ],
)
def test_a_source_that_cannot_be_shown_stops_the_build(field: str, value: str, complaint: str) -> None:
    with pytest.raises(ExtensionError, match=re.escape(f"sources.csv: {complaint}")):
        facts_pages.address(replace(facts.source("post"), **{field: value}))


def test_a_row_that_stands_twice_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = facts.metrics()
    facts_pages.refuse_repeated("metrics")
    monkeypatch.setattr(facts, "metrics", lambda: (*rows, rows[1]))
    line = len(rows) + 2
    with pytest.raises(ExtensionError, match=f"metrics.csv, line {line}: the row of line 3 again"):
        facts_pages.refuse_repeated("metrics")


def test_the_bibliography_holds_every_work(built: Path) -> None:
    page = (built / "bibliography.html").read_text("utf-8")
    works = re.findall(r"^@\w+\{(\S+),$", (BOOK / "references.bib").read_text("utf-8"), re.MULTILINE)
    assert len(re.findall(r'<div class="citation" id="id\d+"', page)) == len(works) > 40
