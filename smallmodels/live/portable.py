"""The HTML of a `Live` as notebooks store it, and back as the published page shows it.

JupyterLab and Notebook 7 strip `<svg>` from a notebook they do not trust and keep its words, and set every cell
of a table to the right. An `<img>` with a data: address survives there, and so does a cell's own `style`. The
page wants neither: an inline picture follows its theme. What `stored` does, `published` undoes to
the byte.
"""

import re
from base64 import b64decode, b64encode

from smallmodels.table import LEFT, at_the_left

FIGURE = re.compile(
    r'(?<=<figure class="live-chart">)(<svg role="img" aria-label="([^"]*)".*?</svg>)', re.DOTALL
)
IMAGE = re.compile(r'(?<=<figure class="live-chart">)<img src="data:image/svg\+xml;base64,([^"]*)"[^>]*>')
TABLE = re.compile(r'<table class="live-table">.*?</table>', re.DOTALL)
PAPER = 'style="background:#ffffff"'  # the picture is drawn in the light theme's ink


def stored(html: str) -> str:
    """The HTML of a `Live` with its picture as an image, named as before, and its text columns at the left."""
    return FIGURE.sub(_image, TABLE.sub(lambda table: at_the_left(table[0]), html))


def published(html: str) -> str:
    """HTML with whatever `stored` wrote in it as it was before; anything else stays."""
    html = IMAGE.sub(lambda image: b64decode(image[1]).decode(), html)
    return TABLE.sub(lambda table: table[0].replace(f"{LEFT}>", ">"), html)


def _image(figure: re.Match[str]) -> str:
    address = f"data:image/svg+xml;base64,{b64encode(figure[1].encode()).decode()}"
    return f'<img src="{address}" alt="{figure[2]}" {PAPER}>'
