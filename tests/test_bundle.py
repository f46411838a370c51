"""The front end as one module: what Python joins is what esbuild bundles."""

import json
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from smallmodels import live
from smallmodels.live.bundle import bundled

ROOT = Path(__file__).resolve().parent.parent
ENTRY = Path(live.__file__).parent / "live.js"


def bundle(*arguments: str, given: str = "") -> str:
    """What esbuild makes of it, on one line per statement and with names shortened alike."""
    command = [str(ROOT / "node_modules" / ".bin" / "esbuild"), "--minify", "--format=esm", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def test_python_joins_what_esbuild_bundles() -> None:
    ours = bundle("--loader=js", "--minify-identifiers=false", given=bundled(ENTRY))
    theirs = bundle("--bundle", "--tree-shaking=false", "--minify-identifiers=false", str(ENTRY))
    # Statement by statement the same program; the two may name a loop's variable differently, and declare it.
    ours, theirs = (re.sub(r"\b(?:const|let|var) ", "let ", text) for text in (ours, theirs))
    assert abs(len(ours) - len(theirs)) < 0.01 * len(theirs)
    names = {part.split("(")[0].split("{")[0] for part in ours.split("function ")[1:]}
    assert names == {part.split("(")[0].split("{")[0] for part in theirs.split("function ")[1:]}


def inputs(entry: Path) -> set[Path]:
    """The modules that a program is made of, as esbuild finds them; workers are programs of their own."""
    with TemporaryDirectory() as folder:
        bundle("--bundle", f"--metafile={folder}/meta.json", f"--outfile={folder}/out.js", str(entry))
        return {ROOT / name for name in json.loads(Path(folder, "meta.json").read_text("utf-8"))["inputs"]}


def test_every_module_is_of_some_program() -> None:
    programs = [inputs(entry) for entry in ENTRY.parent.glob("*.js")]
    assert set(ENTRY.parent.glob("front/*.js")) <= set().union(*programs)


def test_every_module_is_joined_once() -> None:
    text = bundled(ENTRY)
    assert "import {" not in text
    assert text.count("export ") == text.count("export default ") == 1
    wanted = inputs(ENTRY)
    for module in (ENTRY.parent / "front").glob("*.js"):
        first = module.read_text("utf-8").splitlines()[0]
        assert text.count(first) == (module in wanted), module.name
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE)
    assert len(names) == len({*names})  # in one module every name is one thing


def test_a_circle_of_imports_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = b;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = a;\n')
    with pytest.raises(ValueError, match=r"a\.js imports itself through a\.js, b\.js"):
        bundled(tmp_path / "a.js")


def test_the_plays_front_end_is_one_module_too(tmp_path: Path) -> None:
    """Names of modules that are joined must not clash; Node reads the whole."""
    whole = tmp_path / "playing.mjs"
    whole.write_text(bundled(ENTRY.parent / "playing.js"), "utf-8")
    subprocess.run(["node", "--check", whole], check=True)
