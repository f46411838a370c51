"""The whole book as one PDF, `_build/smallmodels.pdf`: every page in reading order, light, by Chromium.

Links within the book stay links; those that lead out of it are numbered, and listed where the chapter ends.
"""

import sys
from html import escape
from pathlib import Path

import browser
from bs4 import BeautifulSoup, Tag
from serve import BUILT, ROOT, Site

sys.path.insert(0, str(ROOT / "book" / "ext"))

from articles import Article, articles, still, target

PDF = ROOT / "_build" / "smallmodels.pdf"
TITLE = "Small Models Are Getting Weird"
PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="_static/page.css"><style>{style}</style></head>
<body><div class="cover"><h1>{title}</h1><p>{about}</p></div>
<nav class="printed-contents"><h2>Contents</h2><ol>{contents}</ol></nav>
<main class="bd-main"><div class="bd-content"><div class="bd-article-container">{text}</div></div></main>
</body></html>
"""
ABOUT = (
    "An article of 2023, rebuilt so that every figure has its source. This is the book on paper: each table "
    "stands at its first values. In the pages it recomputes while a control is moved."
)
STYLE = """@page { size: A4; margin: 18mm 16mm 20mm; }
:root, body { background: #fff; color-scheme: light; }
.cover { height: 40vh; display: grid; align-content: center; }
.printed-contents { break-after: page; break-before: avoid; }
.printed-contents li { margin: 0; } .printed-contents a { color: inherit; text-decoration: none; }
.chapter { break-before: page; }
.bd-article a[href^="http"]::after { content: none !important; }
.out { break-before: avoid; font-size: 0.8em; overflow-wrap: anywhere; } .out-mark { font-size: 0.7em; }
table { font-size: 0.72em; } pre { white-space: pre-wrap; } img { max-width: 100%; }
"""
FOOT = '<p style="width: 100%; font: 8px sans-serif; text-align: center"><span class="pageNumber"></span></p>'


def whole(found: list[Article]) -> str:
    """The articles as one page, whose places carry the name of their chapter."""
    chapters = {article.page: article.name for article in found}
    text = "".join(chapter(article, chapters) for article in found)
    contents = "".join(f'<li><a href="#{a.name}">{escape(a.title)}</a></li>' for a in found)
    return PAGE.format(title=TITLE, about=ABOUT, style=STYLE, contents=contents, text=text)


def chapter(article: Article, chapters: dict[str, str]) -> str:
    """One article, its ids made unique in the book and its links out of it noted at its end."""
    body = BeautifulSoup(str(article.body), "html.parser")
    still(body)
    for inner in body.select("article"):
        inner.unwrap()
    for formula in body.select(".katex-mathml"):
        formula.decompose()
    for place in body.select("[id]"):
        place["id"] = f"{article.name}--{place['id']}"
    for folded in body.select("details"):
        folded["open"] = ""
    out: dict[str, int] = {}
    for link in body.select("a[href]"):
        _lead(link, article.page, chapters, out)
    notes = "".join(f"<li>{escape(address)}</li>" for address in out)
    end = f'<section class="out"><h2>Links</h2><ol>{notes}</ol></section>' if out else ""
    return f'<article class="bd-article chapter" id="{article.name}">{body}{end}</article>'


def _lead(link: Tag, page: str, chapters: dict[str, str], out: dict[str, int]) -> None:
    """A link within the book goes to its chapter; one out of it gets the number of its address."""
    led = target(page, str(link["href"]))
    if led is None:
        number = out.setdefault(str(link["href"]), len(out) + 1)
        link.insert_after(BeautifulSoup(f'<sup class="out-mark">[{number}]</sup>', "html.parser"))
    elif led[0] in chapters:
        place = led[1].partition("?")[0]
        link["href"] = f"#{chapters[led[0]]}" + (f"--{place}" if place else "")
    else:
        link.unwrap()


def write_pdf(path: Path = PDF, built: Path = BUILT) -> None:
    """Prints the built book to `path`."""
    html = whole(articles(built, ROOT / "_toc.yml"))
    with Site(built) as site, browser.chromium() as running:
        page = running.new_page(color_scheme="light")
        page.route("**/whole-book.html", lambda route: route.fulfill(body=html, content_type="text/html"))
        sheet = (built / "_static" / "page.css").read_text("utf-8").replace("font-display:optional", "")
        page.route("**/page.css", lambda route: route.fulfill(body=sheet, content_type="text/css"))
        page.goto(site.url("whole-book.html"), wait_until="load")
        page.evaluate("document.fonts.ready.then(() => null)")
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".making")
        page.pdf(
            path=made,
            prefer_css_page_size=True,
            print_background=True,
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
        )
        made.rename(path)


def main() -> None:
    """Prints it and says where it is."""
    if not (BUILT / "index.html").is_file():
        raise SystemExit("There is no built book; run `make html` first.")
    write_pdf()
    print(f"{PDF.relative_to(ROOT)}, {PDF.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
