"""Writes what readers see to `_build/shots`: every page, wide and narrow, light and dark, and as printed.

`python tools/shots.py [PAGE ...]`; a page is named as in the built book, `notebooks/06-cost.html`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import browser
from serve import BUILT, ROOT, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHOTS = ROOT / "_build" / "shots"
WIDTHS = {1280: 900, 360: 740}  # pixels: width and height of a screen
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def pages() -> list[str]:
    """Every page of the built book that has a text."""
    found = (
        path.relative_to(BUILT)
        for folder in ("notebooks", "book")
        for path in (BUILT / folder).glob("*.html")
    )
    return sorted(map(str, found))


def shoot(running: "Browser", url: str, name: str) -> None:
    """One page on each screen in each theme, whole, and on paper."""
    for theme in THEMES:
        for width, height in WIDTHS.items():
            context = running.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(url)
            for chart in page.locator(".live-chart").all():
                chart.scroll_into_view_if_needed()
            page.wait_for_load_state("networkidle")
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png", full_page=True)
            if (width, theme) == (1280, "dark"):  # paper must be light even so
                page.pdf(
                    path=SHOTS / f"{name}.pdf", format="A4", prefer_css_page_size=True, print_background=True
                )
            context.close()


def main() -> None:
    """Shoots the pages named, or all of them."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with Site(BUILT) as site, browser.chromium() as running:
        for path in sys.argv[1:] or pages():
            shoot(running, site.url(path), Path(path).stem)
            print(SHOTS.relative_to(ROOT) / f"{Path(path).stem}-*.png", flush=True)


if __name__ == "__main__":
    main()
