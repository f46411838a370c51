"""The picture that stands for the book where a link to it is shown: the introduction's chart, as it is.

It is drawn when the book is built, from the same function and chart as the page, so that it cannot show
another figure. Pages name it by its full address, as those who fetch it ask for; where the book does not know
its own address, they don't.
"""

import re
from html import escape
from pathlib import Path
from typing import Any

import site_pages
from sphinx.application import Sphinx

from smallmodels.benchmarks import first_look
from smallmodels.benchmarks.charts import first_look as chart
from smallmodels.live.picture import MEASURED, SHOWN, converter, specification, static_picture

WIDE, HIGH = 1200, 630  # pixels, what such pictures have
CARD = "_static/card.png"
INK, MUTED, ACCENT, PAPER = "#1f2328", "#5b626b", "#b2470a", "#ffffff"


def card(title: str, source: str = "mistral-7b-paper") -> str:
    """The card as SVG: the book's question and its answer at the left, the scores at the right."""
    table = first_look(source=source)
    claim, verdict = table.verdict
    drawn = static_picture(specification(chart()), table).replace(SHOWN, MEASURED)
    drawn = re.sub("[\u25c6\u25cf] ", "", drawn)  # signs that would bring in another typeface
    size = [float(found) for found in re.findall(r' (?:width|height)="([\d.]+)"', drawn)[:2]]
    scale = min(620 / size[0], 540 / size[1])
    left, top = WIDE - 40 - size[0] * scale, (HIGH - size[1] * scale) / 2
    placed = f'<g transform="translate({left:.1f},{top:.1f}) scale({scale:.4f})">'
    lines = [
        *_lines(title, 48, 120, 19, f'font-weight="700" fill="{INK}"'),
        *_lines(f"“{claim}”", 30, 330, 23, f'fill="{MUTED}"'),
        *_lines(f"{verdict.capitalize()}.", 36, 440, 24, f'font-weight="700" fill="{ACCENT}"'),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" font-family="{MEASURED}">'
        f'<rect width="{WIDE}" height="{HIGH}" fill="{PAPER}"/>'
        f'<rect width="16" height="{HIGH}" fill="{ACCENT}"/>'
        f"{''.join(lines)}{placed}{drawn}</g></svg>"
    )


def _lines(text: str, size: int, top: int, width: int, look: str) -> list[str]:
    """A text in lines of at most so many characters."""
    lines = [""]
    for word in text.split():
        lines[-1:] = (
            [f"{lines[-1]} {word}".strip()] if len(lines[-1]) + len(word) < width else [lines[-1], word]
        )
    return [
        f'<text x="56" y="{top + i * size * 1.25:.0f}" font-size="{size}" {look}>{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]


def name(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Says in a page's head what a link to it shows."""
    told = {"og:title": context.get("title") or app.config.html_title, "og:type": "article"}
    told |= {"og:site_name": app.config.html_title, "og:description": site_pages.DESCRIPTION}
    repository = context.get("book_repository")
    if repository:
        at = site_pages.published_at(Path(app.srcdir), repository)
        told |= {"og:image": at + CARD, "og:image:width": f"{WIDE}", "og:image:height": f"{HIGH}"}
        told |= {"og:image:alt": first_look(source="mistral-7b-paper").finding}
    tags = "".join(
        f'<meta property="{key}" content="{escape(re.sub("<[^>]+>", "", value))}">\n'
        for key, value in told.items()
    )
    context["metatags"] = (
        f'{context.get("metatags", "")}\n{tags}<meta name="twitter:card" content="summary_large_image">\n'
    )


def draw(app: Sphinx, failure: Exception | None) -> None:
    """Writes the card beside the pages."""
    if failure or app.builder.format != "html" or converter() is None:
        return
    target = Path(app.outdir) / CARD
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(converter().svg_to_png(card(app.config.html_title)))


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("html-page-context", name, priority=700)
    app.connect("build-finished", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
