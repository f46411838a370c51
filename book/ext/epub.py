"""The book as an EPUB 3: its articles as XHTML, pictures as SVG files, formulas as MathML, no script."""

import os
import re
import uuid
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path

from articles import Article, still, target
from bs4 import BeautifulSoup, Tag

TITLE = "Small Models Are Getting Weird"
AUTHORS = "The smallmodels contributors"
RIGHTS = "Prose and figures: CC BY 4.0. Code: MIT. Tables: facts with their sources."
IDENTIFIER = uuid.uuid5(uuid.NAMESPACE_URL, "smallmodels:small-models-are-getting-weird").urn
PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg);base64,(.*)", re.DOTALL)
ENDINGS = {"svg+xml": "svg", "png": "png", "jpeg": "jpg"}
TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "css": "text/css"}
TYPES |= {"xhtml": "application/xhtml+xml"}
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><meta charset="UTF-8"/><title>{title}</title>
<link rel="stylesheet" href="book.css" type="text/css"/></head>
<body>{body}</body></html>
"""
PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{identifier}</dc:identifier><dc:title>{title}</dc:title><dc:language>en</dc:language>
<dc:creator>{authors}</dc:creator><dc:rights>{rights}</dc:rights>
<meta property="dcterms:modified">{modified}</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
STYLE = """body { line-height: 1.5; } h1, h2, h3 { line-height: 1.2; }
table { border-collapse: collapse; font-size: 0.8em; margin: 1em 0; }
caption { text-align: left; font-weight: bold; }
th, td { border-bottom: 1px solid #bbb; padding: 0.2em 0.5em; text-align: left; vertical-align: top; }
.number { text-align: right; } img { max-width: 100%; } pre { white-space: pre-wrap; font-size: 0.8em; }
.live-finding, .answer { font-weight: bold; } figure { margin: 1em 0; }
"""


def write_epub(articles: list[Article], built: Path, path: Path) -> None:
    """Writes the book to `path`. Pages of `built` that the articles name by file bring their pictures."""
    files: dict[str, bytes] = {"book.css": STYLE.encode()}
    chapters = {article.page: f"{article.name}.xhtml" for article in articles}
    bodies = {article.page: _body(article, built, files) for article in articles}
    places = {page: {str(tag["id"]) for tag in body.select("[id]")} for page, body in bodies.items()}
    for article in articles:
        _lead(article.page, bodies[article.page], chapters, places)
        text = bodies[article.page].decode(formatter="minimal")
        files[chapters[article.page]] = PAGE.format(title=escape(article.title), body=text).encode()
    files["nav.xhtml"] = PAGE.format(title="Contents", body=_contents(articles, chapters)).encode()
    files["package.opf"] = _package(files, chapters).encode()
    with zipfile.ZipFile(path, "w") as book:  # its first file is stored, not compressed, as readers expect
        book.writestr(_entry("mimetype"), "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr(_entry("META-INF/container.xml"), CONTAINER, zipfile.ZIP_DEFLATED)
        for name, content in files.items():
            book.writestr(_entry(f"book/{name}"), content, zipfile.ZIP_DEFLATED)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _body(article: Article, built: Path, files: dict[str, bytes]) -> Tag:
    """The article as a tree fit for XHTML; its pictures are put among the files."""
    body = BeautifulSoup(str(article.body), "html.parser").select_one("article")
    assert body  # it was an article before
    still(body)
    body.name = "section"
    for shown in body.select(".katex-html"):
        shown.decompose()
    for alternative in body.select("math"):
        alternative["xmlns"] = "http://www.w3.org/1998/Math/MathML"
    for picture in body.select("img"):
        picture["src"] = _picture(str(picture["src"]), article.page, built, files)
        picture["alt"] = picture.get("alt") or ""
    return body


def _picture(source: str, page: str, built: Path, files: dict[str, bytes]) -> str:
    """The name of a picture's file, which is added."""
    inside = PICTURE.match(source)
    if inside:
        ending, content = ENDINGS[inside[1]], b64decode(inside[2])
    else:
        file = (built / page).parent / source
        ending, content = file.suffix[1:], file.read_bytes()
    name = f"{sha256(content).hexdigest()[:16]}.{ending}"
    files.setdefault(name, content)
    return name


def _lead(page: str, body: Tag, chapters: dict[str, str], places: dict[str, set[str]]) -> None:
    """Links within the book lead to its files and to places that are there; what leads nowhere is text."""
    for link in body.select("a[href]"):
        led = target(page, str(link["href"]))
        if led is None:
            continue
        other, place = led
        place = place.partition("?")[0]  # the state of a widget: there is only the first
        if other in chapters:
            link["href"] = chapters[other] + (f"#{place}" if place in places[other] else "")
        else:
            link.unwrap()


def _contents(articles: list[Article], chapters: dict[str, str]) -> str:
    lines = (f'<li><a href="{chapters[a.page]}">{escape(a.title)}</a></li>' for a in articles)
    return f'<nav epub:type="toc" id="toc"><h1>{TITLE}</h1><ol>{"".join(lines)}</ol></nav>'


def _package(files: dict[str, bytes], chapters: dict[str, str]) -> str:
    spine = "\n".join(f'<itemref idref="{_id(name)}"/>' for name in ["nav.xhtml", *chapters.values()])
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(seconds), UTC) if seconds else datetime.now(UTC)
    return PACKAGE.format(
        identifier=IDENTIFIER,
        title=TITLE,
        authors=AUTHORS,
        rights=RIGHTS,
        modified=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        manifest="\n".join(_manifest(files)),
        spine=spine,
    )


def _manifest(files: dict[str, bytes]) -> Iterator[str]:
    for name, content in files.items():
        told = ["nav"] if name == "nav.xhtml" else ["mathml"] if b"<math" in content else []
        properties = f' properties="{" ".join(told)}"' if told and name.endswith("xhtml") else ""
        kind = TYPES[name.rpartition(".")[2]]
        yield f'<item id="{_id(name)}" href="{name}" media-type="{kind}"{properties}/>'


def _id(name: str) -> str:
    return f"f-{name.replace('.', '-')}"
