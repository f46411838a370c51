"""The front end as one text, which is all that a kernel can send: `live.js` with the modules that it imports.

In the published page a bundler does the same (tools/assets.mjs).
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile("^export (?!default )", re.MULTILINE)


def script(entry: Path) -> str:
    """A module and all that it imports from beside itself, each once and after what it stands on.

    The modules share one scope then, so no two of them may give a thing the same name.
    """
    texts: dict[Path, str] = {}

    def add(path: Path) -> None:
        if path not in texts:
            text = path.read_text("utf-8")
            for name in IMPORT.findall(text):
                add(path.with_name(name))
            texts[path] = EXPORT.sub("", IMPORT.sub("", text))

    add(entry)
    return "\n".join(texts.values())
