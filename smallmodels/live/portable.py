"""The HTML of a `Live` as notebooks keep it, and back as the published page shows it.

JupyterLab and Notebook 7 strip `<svg>` from a notebook they do not trust and keep its words, and set every
cell of a table to the right. An `<img>` with a data: address survives there, and so does a cell's own
`style`. The page wants neither: an inline picture follows its theme. What `portable` does, `published`
undoes to the byte.
"""

import re
from base64 import b64decode, b64encode

from smallmodels.table import LEFT, at_the_left

FIGURE = '(?<=<figure class="live-chart">)'
INLINE = re.compile(FIGURE + '(<svg role="img" aria-label="([^"]*)".*?</svg>)', re.DOTALL)
IMAGE = re.compile(FIGURE + r'<img src="data:image/svg\+xml;base64,([^"]*)"[^>]*>')
TABLE = re.compile('<table class="live-table[^>]*>.*?</table>', re.DOTALL)
PAPER = 'style="background:#ffffff"'  # the picture is drawn in the light theme's ink


def portable(html: str) -> str:
    """The HTML of a `Live` with its picture as an image, named as before, and its text set to the left."""
    return INLINE.sub(_image, TABLE.sub(lambda table: at_the_left(table[0]), html))


def published(html: str) -> str:
    """HTML with whatever `portable` wrote in it as it was before; anything else stays."""
    html = IMAGE.sub(lambda image: b64decode(image[1]).decode(), html)
    return TABLE.sub(lambda table: table[0].replace(f"{LEFT}>", ">"), html)


def _image(figure: re.Match[str]) -> str:
    address = f"data:image/svg+xml;base64,{b64encode(figure[1].encode()).decode()}"
    return f'<img src="{address}" alt="{figure[2]}" {PAPER}>'
