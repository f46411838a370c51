"""The rules of the house: who may import whom, what a tracked file may name, what the commands promise."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import lock
import publish
import pytest
import site_pages
from packaging.requirements import Requirement

import notebooks

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "smallmodels"
# Which modules are ours to run in a reader's browser is read from the folders: all but these.
NOT_SHIPPED = {"charts", "figures", "lab", "live"}  # they need packages that a browser does not have
NOT_SHIPPED |= {"__main__", "command"}  # a page has no command line
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/*.py")]
    if path != PACKAGE / "__init__.py"
    and not NOT_SHIPPED & {*path.relative_to(PACKAGE).with_suffix("").parts}
)
FILE_READERS = {"os", "pathlib", "io", "shutil", "glob", "importlib"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def path_of(module: str) -> Path:
    """The file of a module, named from the package on."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> Iterator[str]:
    """Every module that a module imports, wherever in the file; of ours the module that is meant."""
    for node in ast.walk(ast.parse(path_of(module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            known = [name for name in inside if name.removeprefix("smallmodels.") in MODULES]
            yield from known or [str(node.module)]


def ours(module: str) -> set[str]:
    return {m.removeprefix("smallmodels.") for m in imports(module) if m.split(".")[0] == "smallmodels"}


def room(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_the_standard_library_and_what_rooms_may_use(module: str) -> None:
    offered = {"pandas"} if module == "table" else set()  # imported by who asks for a DataFrame only
    foreign = {m for m in imports(module) if m.split(".")[0] not in sys.stdlib_module_names} - offered
    assert {m.removeprefix("smallmodels.") for m in foreign} <= {*MODULES}


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) != "facts"])
def test_only_facts_reads_files(module: str) -> None:
    tree = ast.parse(path_of(module).read_text("utf-8"))
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not FILE_READERS & {name.split(".")[0] for name in imports(module)}
    assert "open" not in calls


def test_the_modules_are_found() -> None:
    assert {"arguments", "facts", "facts.reader", "table", "words", "memory", "memory.tables"} <= {*MODULES}


def test_rooms_import_each_other_without_cycles() -> None:
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        graph.setdefault(room(module), set()).update({room(m) for m in ours(module)} - {room(module)})
    assert {"facts", "table"} <= set(TopologicalSorter(graph).static_order())  # a cycle raises CycleError


def functions() -> Iterator[tuple[str, int]]:
    """Every function with its length in lines, without its docstring."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tools").glob("*.py"), *(ROOT / "book" / "ext").glob("*.py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                start = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                yield f"{file.name}:{node.name}", (node.end_lineno or 0) - start.lineno + 1


def test_a_function_fits_on_a_screen() -> None:
    assert {name: lines for name, lines in functions() if lines > 45} == {}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written in pieces, so that this file passes its own test.
FORBIDDEN = [
    *(
        "un" + "pkg.com",
        "jsdel" + "ivr",
        "cdn" + "js",
        "esm" + ".sh",
        "sky" + "pack",
        "fonts.google" + "apis",
    ),
    *("registry.npm" + "js", "files.python" + "hosted", "pypi.org" + "/simple", "download.py" + "torch"),
    *("/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/", "/op" + "t/", "/ho" + "me/"),
]


def test_no_tracked_file_names_a_path_of_a_machine_a_registry_or_a_cdn() -> None:
    found = []
    for file in tracked():
        text = file.read_bytes().decode("utf-8", "ignore")
        found += [f"{file.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert found == []


def test_the_lock_file_is_complete_and_names_no_registry() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in locked["packages"].items() if name}
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    assert all("resolved" not in entry and "integrity" in entry for entry in packages.values())


def test_what_lighthouse_needs_is_locked_too() -> None:
    locked = json.loads((ROOT / "tools" / "lighthouse" / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in locked["packages"].items() if name}
    assert packages["node_modules/lighthouse"]["version"]
    assert all("resolved" not in entry and "integrity" in entry for entry in packages.values())


def entries(name: str) -> list[str]:
    """The requirements of a lock, each with its sums."""
    return lock.requirements((ROOT / "requirements" / f"{name}.txt").read_text("utf-8"))


def pins(*names: str) -> dict[str, str]:
    wanted = [Requirement(lock.without_sums(entry)) for name in names for entry in entries(name)]
    assert all([s.operator for s in r.specifier] == ["=="] for r in wanted)
    here = [r for r in wanted if r.marker is None or r.marker.evaluate()]
    return {r.name.lower().replace("_", "-"): next(iter(r.specifier)).version for r in here}


def test_every_requirement_is_pinned_to_a_version_that_satisfies_it() -> None:
    extras = PROJECT["optional-dependencies"].values()
    wanted = [Requirement(line) for extra in extras for line in extra]
    pinned = pins("test", "torch") | {"smallmodels": "1.0.0"}
    unsatisfied = [
        str(r) for r in wanted if not r.specifier.contains(pinned.get(r.name.lower(), "0"), prereleases=True)
    ]
    assert unsatisfied == []
    assert pinned["torch"] == "2.13.0"


@pytest.mark.parametrize("name", ["book", "jupyter", "test", "node"])
def test_what_is_installed_is_known_to_the_byte(name: str) -> None:
    assert entries(name)
    for entry in entries(name):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.split()[0]
        assert not lock.PYTORCH.match(entry)


def test_the_locks_agree() -> None:
    whole = pins("test")
    for name in ("book", "jupyter"):
        assert pins(name).items() <= whole.items()


def test_the_core_needs_nothing_and_its_builder_is_pinned() -> None:
    assert PROJECT["dependencies"] == []
    built = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert built == [f"hatchling=={pins('book')['hatchling']}"]


def test_a_binder_has_what_notebooks_need_and_no_test_bench() -> None:
    wanted = (ROOT / "binder" / "requirements.txt").read_text("utf-8")
    assert "../requirements/jupyter.txt" in wanted
    assert not {"pytest", "mypy", "playwright", "transformers", "torch"} & pins("jupyter").keys()
    # A Binder looks into its own folder first; whoever asks for the book's requirements gets its lock.
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r requirements/book.txt"]


def test_the_book_does_not_need_torch() -> None:
    assert "torch" not in pins("book")


TARGETS = (
    "book html check test notebooks jupyter bench-page lighthouse lab sweep bench-lab site publish "
    "test-chapters test-colab clean"
)


@pytest.mark.parametrize("target", TARGETS.split())
def test_make_knows_every_command(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_links_to_what_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish.build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_runs_a_chapter_by_itself(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from smallmodels import benchmarks; print(benchmarks.head_to_head().finding)"
    # -S leaves out site-packages, so nothing but the standard library and the wheel is there.
    run = [sys.executable, "-S", "-c", code]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    from smallmodels import benchmarks

    assert done.stdout.strip() == benchmarks.head_to_head().finding
    assert not (tmp_path / "tests").exists()


def test_what_the_launch_button_names_is_published(tmp_path: Path) -> None:
    built, site = tmp_path / "html", tmp_path / "site"
    built.mkdir()
    (built / "index.html").write_text("a book")
    publish.write_site(site, built, "someone/abook")
    for path in notebooks.paths():
        url = site_pages.colab("someone/abook", path.name)
        inside = url.removeprefix(
            f"https://colab.research.google.com/github/someone/abook/blob/{site_pages.BRANCH}/"
        )
        first = notebooks.source(json.loads((site / inside).read_text("utf-8"))["cells"][0])
        address = re.search(r'^ *WHEEL = "(.+)"  #', first, re.MULTILINE)
        assert address
        assert (site / address[1].split(f"/{site_pages.BRANCH}/")[1]).is_file()
        assert first.replace(address[1], "").startswith(notebooks.FIRST_CELL)
    assert (site / ".nojekyll").is_file()


def run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_publishing_replaces_the_branch_and_leaves_the_checkout_alone(tmp_path: Path) -> None:
    origin, checkout, site = tmp_path / "origin.git", tmp_path / "checkout", tmp_path / "site"
    run_git(tmp_path, "init", "--quiet", "--bare", str(origin))
    run_git(tmp_path, "clone", "--quiet", str(origin), str(checkout))
    (checkout / ".gitignore").write_text("_build\n")
    run_git(checkout, "add", ".gitignore")
    run_git(checkout, "commit", "--quiet", "-m", "first")
    for word in ("old", "new"):
        site.mkdir(exist_ok=True)
        (site / "index.html").write_text(word)
        (site / f"{word}.html").write_text(word)
        publish.push(site, checkout)
        (site / f"{word}.html").unlink()
    assert run_git(origin, "show", "gh-pages:index.html") == "new"
    assert run_git(origin, "ls-tree", "--name-only", "gh-pages").split() == ["index.html", "new.html"]
    assert run_git(origin, "rev-list", "--count", "gh-pages").strip() == "1"
    assert run_git(checkout, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("origin", "environment", "fallback", "expected"),
    [
        ("git@github.com:someone/abook.git", "other/one", "", "someone/abook"),
        ("https://github.com/someone/abook", "", "", "someone/abook"),
        ("https://example.org/someone/abook", "other/one", "", "other/one"),
        ("", "", "https://github.com/third/book", "third/book"),
        ("", "", "", None),
    ],
)
def test_the_repository_is_asked_of_git_then_the_environment_then_the_settings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    origin: str,
    environment: str,
    fallback: str,
    expected: str | None,
) -> None:
    run_git(tmp_path, "init", "--quiet")
    if origin:
        run_git(tmp_path, "remote", "add", "origin", origin)
    monkeypatch.setenv("GITHUB_REPOSITORY", environment)
    assert site_pages.repository(tmp_path, fallback) == expected
