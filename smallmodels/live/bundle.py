"""The front end as one module, for a kernel: a notebook's page can load none of our files beside it.

The published page gets the same modules bundled by esbuild; here no node need be installed. Our modules
import each other by name and export by name only, which is all that this has to understand.
"""

import re
from functools import cache
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "(\./[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def bundled(entry: Path) -> str:
    """The module and all that it imports, each once, what is imported first.

    Raises `ValueError` for a circle of imports.
    """
    texts: dict[Path, str] = {}
    _gather(entry.resolve(), texts, ())
    return "\n".join(texts.values())


def _gather(path: Path, texts: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        raise ValueError(f"{path.name} imports itself through {', '.join(p.name for p in above)}.")
    if path in texts:
        return
    text = path.read_text("utf-8")
    for name in IMPORT.findall(text):
        _gather((path.parent / name).resolve(), texts, (*above, path))
    texts[path] = EXPORT.sub("", IMPORT.sub("", text))
