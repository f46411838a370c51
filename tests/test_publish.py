"""What is published beside the pages: notebooks that run anywhere and whose links lead somewhere."""

import json
import re
import shutil
from pathlib import Path

import publish
import pytest
import site_pages
import yaml

import notebooks

ROOT = Path(__file__).resolve().parents[1]
BOOK = "https://someone.github.io/abook/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    (folder / "html").mkdir()
    (folder / "html" / "index.html").write_text("a book")
    publish.write_site(folder / "site", folder / "html", "someone/abook")
    return folder / "site"


def markdown(path: Path) -> str:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n".join(notebooks.source(cell) for cell in cells if cell["cell_type"] == "markdown")


def links(text: str) -> list[str]:
    return [found[1] or found[2] for found in re.finditer(r'\]\(([^)]*)\)|href="([^"]*)"', text)]


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
@pytest.mark.parametrize("place", [site_pages.colab_path, site_pages.download_path])
def test_a_published_notebook_knows_its_wheel(site: Path, path: Path, place: object) -> None:
    document = json.loads((site / place(path.name)).read_text("utf-8"))  # type: ignore[operator]
    first = notebooks.source(document["cells"][0])
    address = re.search(r'^ *WHEEL = "(.+)"  #', first, re.MULTILINE)
    assert address
    assert address[1].startswith(
        "smallmodels[notebook]@https://raw.githubusercontent.com/someone/abook/gh-pages/wheel/"
    )
    assert (site / "wheel" / address[1].rsplit("/", 1)[1]).is_file()
    mine = json.loads(path.read_text("utf-8"))["cells"][0]
    assert first.replace(address[1], "") == notebooks.source(mine)


def test_links_of_the_copies_lead_to_the_published_book(site: Path) -> None:
    pages = {f"{path.stem}.html" for path in [*notebooks.paths(), *(ROOT / "book").glob("*.md")]}
    seen = {"state": 0, "page": 0}
    for path in notebooks.paths():
        copy = markdown(site / site_pages.colab_path(path.name))
        for before, link in zip(links(markdown(path)), links(copy), strict=True):
            if before.startswith("https://"):
                assert link == before
                continue
            assert link.startswith(BOOK), link
            assert re.split("[#?]", link.removeprefix(BOOK))[0].split("/")[1] in pages
            if before.startswith("#"):
                assert link == f"{BOOK}notebooks/{path.stem}.html{before}"
            seen["state" if before.startswith("#") else "page"] += 1
    print(seen)
    assert all(seen.values())


def test_a_download_moves_its_own_widgets_and_finds_the_other_pages(site: Path) -> None:
    for path in notebooks.paths():
        copy = links(markdown(site / site_pages.download_path(path.name)))
        for before, link in zip(links(markdown(path)), copy, strict=True):
            assert link == before if before.startswith("#") else link.startswith("https://"), link


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("#mask?window=2&amp;x=a%20b", f"{BOOK}notebooks/04-x.html#mask?window=2&amp;x=a%20b"),
        ("05-speed-and-memory.ipynb#a-section", f"{BOOK}notebooks/05-speed-and-memory.html#a-section"),
        ("../book/glossary.md", f"{BOOK}book/glossary.html"),
        ("../data/scores.csv", "https://github.com/someone/abook/blob/HEAD/data/scores.csv"),
        ("../README.md#read-it", "https://github.com/someone/abook/blob/HEAD/README.md#read-it"),
    ],
)
def test_where_a_link_leads(link: str, address: str) -> None:
    assert publish.leading("04-x", BOOK, "someone/abook", states=True)(link) == address


def test_links_to_other_hosts_stay_and_text_that_is_no_link_too() -> None:
    text = '[a](https://x.org/#y?z) <a href="mailto:x@y.z">b</a> f(x)[1](/root) #mask?window=2'
    cells = [notebooks.first_cell(), {"cell_type": "markdown", "source": text}]
    copy = publish.away(json.dumps({"cells": cells}).encode(), "w", lambda link: "moved")
    assert notebooks.source(json.loads(copy)["cells"][1]) == text


@pytest.mark.parametrize(
    ("name", "baseurl", "cname", "expected"),
    [
        ("Someone/aBook", "", "", "https://someone.github.io/aBook/"),
        ("Someone/someone.github.io", "", "", "https://someone.github.io/"),
        ("someone/abook", "", "book.example.org\n", "https://book.example.org/"),
        ("someone/abook", "https://example.org/b", "book.example.org", "https://example.org/b/"),
    ],
)
def test_the_address_of_the_book(tmp_path: Path, name: str, baseurl: str, cname: str, expected: str) -> None:
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    settings["html"]["baseurl"] = baseurl
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(settings))
    if cname:
        (tmp_path / "CNAME").write_text(cname)
    assert site_pages.published_at(tmp_path, name) == expected


def test_a_host_of_ones_own_is_published_with_the_book(tmp_path: Path) -> None:
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "CNAME").write_text("book.example.org\n")
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("a book")
    publish.write_site(tmp_path / "site", tmp_path / "html", "someone/abook", tmp_path)
    assert (tmp_path / "site" / "CNAME").read_text() == "book.example.org\n"
    some = markdown(next((tmp_path / "site" / "colab").glob("01-*.ipynb")))
    assert "https://book.example.org/notebooks/01-" in some


def test_without_a_repository_notebooks_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("a book")
    publish.write_site(tmp_path / "site", tmp_path / "html", None)
    for path in notebooks.paths():
        assert (tmp_path / "site" / "colab" / path.name).read_bytes() == path.read_bytes()
