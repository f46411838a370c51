"""What the wheel carries besides the code: the facts, and the bundled chart renderer where it was built."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Carry(BuildHookInterface[Any]):
    """Adds `data/` and, when `make assets` has made it, `vega.js`; an editable install needs neither."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Names the files to carry; `version` is "editable" for an editable install."""
        if version == "editable":
            return
        build_data["force_include"][str(Path(self.root) / "data")] = "smallmodels/data"
        vega = Path(self.root) / "_build" / "live" / "vega.js"
        if vega.is_file():
            build_data["force_include"][str(vega)] = "smallmodels/live/vega.js"
