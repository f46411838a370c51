"""What `import smallmodels` and the Tab key offer."""

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import smallmodels

FOLDER = Path(smallmodels.__file__).parent
PACKAGES = [*smallmodels.ROOMS, "facts"]


def fresh(code: str) -> str:
    """What a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_room_is_there_as_soon_as_the_package_is() -> None:
    assert "Mistral 7B" in fresh("import smallmodels; print(smallmodels.memory.footprint().finding)")


def test_a_room_is_imported_when_it_is_named() -> None:
    code = "import sys, smallmodels; print([name for name in sys.modules if name.startswith('smallmodels.')])"
    assert fresh(code).strip() == "[]"


def test_an_unknown_room_is_told_with_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no 'attention'; it has .*gqa, .*swa"):
        _ = smallmodels.attention
    assert not hasattr(smallmodels, "attention")


def test_tab_offers_every_room_and_what_all_stand_on() -> None:
    offered = {name for name in dir(smallmodels) if not name.startswith("_")}
    folders = {path.parent.name for path in FOLDER.glob("*/tables.py")}
    assert folders | {"arguments", "facts", "live", "table", "words"} == offered
    for name in offered:
        assert inspect.ismodule(getattr(smallmodels, name))


@pytest.mark.parametrize("name", PACKAGES)
def test_tab_offers_what_is_ours_only(name: str) -> None:
    package = import_module(f"smallmodels.{name}")
    assert sorted({*package.__all__}) == sorted(package.__all__)
    parts = {path.stem for path in (FOLDER / name).glob("*.py")}
    offered = {n for n in dir(package) if not n.startswith("_")}
    assert {*package.__all__} <= offered <= {*package.__all__} | parts


def test_tab_in_a_notebook_finds_the_functions_of_a_room() -> None:
    shell = InteractiveShell.instance()
    shell.run_cell("import smallmodels; from smallmodels import memory")
    for typed, whole in [("smallmodels.mem", "memory"), ("memory.foot", "footprint")]:
        with provisionalcompleter():
            offered = [found.text for found in shell.Completer.completions(typed, len(typed))]
        assert any(text.endswith(whole) for text in offered), typed
