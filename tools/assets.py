"""Run by Pyodide itself (see assets.mjs): which of the standard library our code uses, compiled to bytecode.

Reads /library.zip and /app, writes /stdlib.zip and a `.pyc` beside each `.py` of /app.
"""

import importlib.util
import inspect
import marshal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

APP = Path("/app")
# Always needed, though nothing imports them by name: text in and out, and Python's words for an error.
ALWAYS = {"encodings/ascii.py", "encodings/latin_1.py", "encodings/utf_8.py", "linecache.py", "traceback.py"}


def compiled(source: bytes, name: str, optimize: int) -> bytes:
    """An unchecked hash-based `.pyc`, which needs no source beside it."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    flags = (1).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def use_everything() -> None:
    """Imports the chapters and calls what needs no arguments, so that lazy imports happen too."""
    sys.path.insert(0, str(APP))
    import_module("answer")
    for path in sorted((APP / "smallmodels").rglob("*.py")):
        parts = path.relative_to(APP).with_suffix("").parts
        module = import_module(".".join(parts).removesuffix(".__init__"))
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                asked = inspect.unwrap(function)  # what a decorator stands before
                given = len(asked.__defaults__ or ()) + len(asked.__kwdefaults__ or ())
                if given == asked.__code__.co_argcount + asked.__code__.co_kwonlyargcount:
                    with suppress(ValueError):  # a function may refuse; only its imports are wanted here
                        function()
    try:
        raise ValueError("as the worker meets one")
    except ValueError:
        traceback.format_exc()


def used() -> set[str]:
    """The files of the standard library that are loaded now, as named in its archive."""
    files = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
    return ALWAYS | {file.split(".zip/")[1] for file in files if ".zip/" in file}


def write_library(wanted: set[str]) -> None:
    """The wanted part of the library as bytecode without docstrings, always with the same bytes."""
    import zipfile  # here, where it cannot be taken for something our code uses

    with zipfile.ZipFile("/library.zip") as library, zipfile.ZipFile("/stdlib.zip", "w") as small:
        for name in sorted(wanted):
            entry = zipfile.ZipInfo(f"{name}c")
            entry.compress_type = zipfile.ZIP_DEFLATED
            small.writestr(entry, compiled(library.read(name), name, optimize=2), compresslevel=9)


use_everything()
write_library(used())
for path in APP.rglob("*.py"):
    path.with_suffix(".pyc").write_bytes(compiled(path.read_bytes(), str(path), optimize=0))
