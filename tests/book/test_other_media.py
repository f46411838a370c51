"""The book for other readers: Markdown twins, `llms.txt`, the data as one package, EPUB and PDF."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import browser
import frictionless
import pdf
import pytest
from articles import articles, target
from bs4 import BeautifulSoup
from live_pages import stored
from serve import BUILT, ROOT

from smallmodels.live.answer import answer

HTML = "{http://www.w3.org/1999/xhtml}"


def twin(page: str) -> str:
    return (BUILT / page).with_suffix(".md").read_text("utf-8")


def test_every_page_has_a_twin_and_says_so(book: Any) -> None:
    for page in book.pages:
        html = (BUILT / page).read_text("utf-8")
        named = re.findall(r'<link rel="alternate" type="text/markdown" href="([^"]+)">', html)
        assert [(BUILT / page).parent / name for name in named] == [(BUILT / page).with_suffix(".md")]
        assert twin(page).startswith("# ")
        text = re.sub(r"```.*?```|`[^`\n]*`", "", twin(page), flags=re.DOTALL)  # code may speak of HTML
        assert not re.search(r"<(?:div|span|svg|script|table)|LIVE\d", text), page


def test_a_table_of_a_twin_is_the_tables_own(book: Any) -> None:
    seen = 0
    for page in book.pages:
        text = twin(page)
        for live in stored((BUILT / page).read_text("utf-8")):
            first = {**live.data["fixed"], **{c["name"]: c["value"] for c in live.data["controls"]}}
            own = answer(live.data["function"], first)["markdown"].strip()
            assert own.replace("\u00a0", " ") in text, f"{page}: {live.id}"
            seen += 1
    assert seen >= 30


def test_every_figure_of_a_sentence_stands_in_the_twin(book: Any) -> None:
    """In order: the words of the page's marked figures are found one after the other in its twin."""
    for page in book.pages:
        soup = BeautifulSoup((BUILT / page).read_text("utf-8"), "html.parser")
        text, place = " ".join(re.sub(r"[\\*]", "", twin(page)).split()), 0
        for figure in soup.select("article .live-figure"):
            words = " ".join(figure.get_text().split())
            place = text.find(words, place)
            assert place >= 0, f"{page}: {words}"


def test_links_of_twins_lead_to_files(book: Any) -> None:
    seen = 0
    for page in book.pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", twin(page)):
            led = target(page.removesuffix(".html"), link)
            if led and led[0] != page.removesuffix(".html"):
                name = f"{led[0]}.html" if ".html" in link else led[0]
                assert (BUILT / name).is_file(), f"{page}: {link}"
                seen += 1
    assert seen > 30


def test_llms_txt_names_every_twin(book: Any) -> None:
    text = (BUILT / "llms.txt").read_text("utf-8")
    assert text.startswith("# Small Models Are Getting Weird\n\n> ")
    named = re.findall(r"\]\(([^)]+)\)", text)
    assert {page.replace(".html", ".md") for page in book.pages} <= {*named}
    assert all((BUILT / name).is_file() for name in named)


def test_the_data_is_one_valid_package_with_its_citation(tmp_path: Path) -> None:
    zipfile.ZipFile(BUILT / "data.zip").extractall(tmp_path)
    report = frictionless.validate(tmp_path / "data" / "datapackage.json")
    assert report.valid, report.flatten(["message"])
    assert len(report.tasks) == len(list((ROOT / "data").glob("*.csv")))
    for name in ("CITATION.cff", "LICENSE-data", "runs/scaling/PROTOCOL.md"):
        loose = BUILT / "data" / name
        assert loose.is_file() == (tmp_path / "data" / name).is_file()
    assert json.loads((BUILT / "data" / "datapackage.json").read_text("utf-8"))["licenses"]


@pytest.fixture(scope="module")
def epub() -> zipfile.ZipFile:
    return zipfile.ZipFile(BUILT / "smallmodels.epub")


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    """What epubcheck says; a test is left out where it neither is nor can be installed."""
    if not shutil.which("epubcheck") and not browser.from_apt("epubcheck"):
        pytest.skip("epubcheck was not found: install epubcheck.")
    program = ["java", "-jar", str(shutil.which("epubcheck")), "--failonwarnings", str(path)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_the_epub_is_clean() -> None:
    done = checked(BUILT / "smallmodels.epub")
    assert done.returncode == 0, done.stderr


def test_epubcheck_would_find_a_script_and_a_dead_link(tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.epub"
    with zipfile.ZipFile(BUILT / "smallmodels.epub") as book, zipfile.ZipFile(spoilt, "w") as copy:
        for entry in book.infolist():
            content = book.read(entry)
            if entry.filename.endswith("glossary.xhtml"):
                content = content.replace(
                    b"</body>", b'<p><a href="#nowhere">x</a></p><script>1</script></body>'
                )
            copy.writestr(entry, content)
    said = checked(spoilt).stderr
    assert "RSC-012" in said
    assert "OPF-014" in said


def test_the_epub_holds_the_whole_book_without_a_script(book: Any, epub: zipfile.ZipFile) -> None:
    assert epub.namelist()[0] == "mimetype"
    names = epub.namelist()
    assert not [name for name in names if name.endswith((".js", ".css")) and name != "book/book.css"]
    for page in book.pages:
        html = (BUILT / page).read_text("utf-8")
        text = epub.read(f"book/{Path(page).stem}.xhtml").decode()
        chapter = ElementTree.fromstring(text)
        pictures = [tag.get("src") for tag in chapter.iter(f"{HTML}img")]
        assert all(f"book/{name}" in names for name in pictures)
        assert len(pictures) >= html.count('class="live-chart"')
        assert all(tag.get("alt") for tag in chapter.iter(f"{HTML}img"))
        assert len(list(chapter.iter(f"{HTML}table"))) >= html.count("<table")
        assert "<script" not in text
        assert " on" + "click" not in text


def test_the_pdf_is_the_whole_book_on_paper(book: Any, browser: Any, tmp_path: Path) -> None:
    """As the page that is printed: every article, every place of its own, no link that leads nowhere."""
    html = pdf.whole(articles(BUILT, ROOT / "_toc.yml"))
    soup = BeautifulSoup(html, "html.parser")
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len({*ids})
    assert [tag["id"] for tag in soup.select("article")] == [Path(page).stem for page in book.pages]
    inside = {str(link["href"])[1:] for link in soup.select('a[href^="#"]')}
    assert inside <= {*ids}, sorted(inside - {*ids})[:5]
    for article in soup.select("article"):
        marks = [int(mark.get_text().strip("[]")) for mark in article.select(".out-mark")]
        assert {*marks} == {*range(1, len(article.select(".out li")) + 1)}
    assert len(soup.select("img")) >= 30
    # Printed: paper of one size, and white whatever the reader's screen prefers.
    page = browser.new_page(color_scheme="dark")
    page.set_content(html.replace('<link rel="stylesheet" href="_static/page.css">', ""))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert io.BytesIO(page.pdf()).read(5) == b"%PDF-"
    page.close()


def test_what_is_passed_on_is_named_with_its_licence(book: Any) -> None:
    text = (BUILT / "licences.txt").read_text("utf-8")
    for words in (
        "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2",
        "Mozilla Public License, version 2.0",
        "SIL OPEN FONT LICENSE",
        "Khan Academy",
        "sphinx-book-theme",
        "pydata-sphinx-theme",
        "vega",
        "d3-array",
    ):
        assert words.casefold() in text.casefold(), words
    assert '<a href="../licences.txt">' in (BUILT / "book" / "how-it-works.html").read_text("utf-8")
