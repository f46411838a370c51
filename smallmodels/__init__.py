"""Small Models Are Getting Weird: a blog post's claims as data, functions and tests.

A chapter of the book stands on a room, a package of this one: `smallmodels.memory.footprint()`. A room is
imported when it is first named.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

__version__ = "1.0.0"

# A room is told by its tables; what has none serves all rooms.
ROOMS = tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/tables.py*")))
SHARED = ("arguments", "facts", "live", "table", "words")
__all__ = [*ROOMS, *SHARED]
# Found by name only, since importing one of these may need what is not installed.
BESIDE = ("charts", "figures", "lab")


def __getattr__(name: str) -> ModuleType:
    if name not in __all__ and name not in BESIDE:
        raise AttributeError(f"smallmodels has no {name!r}; it has {', '.join(__all__)}.")
    return import_module(f"smallmodels.{name}")


def __dir__() -> list[str]:
    return list(__all__)
