"""The same table in JupyterLite: a whole notebook interface whose kernel runs in the page.

Built for comparison by tools/bench_page.py, in a folder of its own, and served from this machine only:
Pyodide from npm, as for this book, and every Python package of its kernel from PyPI instead of the usual CDN.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import publish

ROOT = Path(__file__).resolve().parent.parent
PYODIDE = ROOT / "node_modules" / "pyodide"
TOOLS = ["jupyterlite-core==0.8.6", "jupyterlite-pyodide-kernel==0.8.6"]
# The packages Pyodide's own list must name: those that install the others.
INSTALLERS = {"micropip": ["packaging"], "packaging": []}
# What the kernel installs when it starts, without what cannot run in a page.
KERNEL = [
    *("ipython", "jedi", "parso", "comm", "traitlets", "decorator", "pygments", "prompt-toolkit", "wcwidth"),
    *("stack-data", "asttokens", "executing", "pure-eval", "matplotlib-inline", "ipython-pygments-lexers"),
    *("pexpect", "ptyprocess", "typing-extensions"),
]
CODE = """import piplite
await piplite.install("smallmodels", deps=False)
from smallmodels import benchmarks
benchmarks.head_to_head()"""
PAGE = "repl/index.html?" + urlencode({"kernel": "python", "code": CODE})


def build(folder: Path) -> Path:
    """Builds JupyterLite in `folder`, gives the site's folder; `RuntimeError` says what was missing."""
    folder.mkdir(parents=True)
    wheels, site = folder / "wheels", folder / "site"
    run("pip", sys.executable, "-m", "venv", str(folder / "venv"))
    python = str(folder / "venv" / "bin" / "python")
    run("jupyterlite", python, "-m", "pip", "install", "-qq", *TOOLS)
    for package in [*INSTALLERS, *KERNEL]:
        download(package, wheels)
    publish.build_wheel(wheels)
    settings = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {"litePluginSettings": KERNEL_SETTINGS},
    }
    (folder / "jupyter-lite.json").write_text(json.dumps(settings), "utf-8")
    lite = [python, "-m", "jupyter", "lite", "build", "--lite-dir", str(folder), "--output-dir", str(site)]
    own = [
        argument for wheel in sorted(wheels.glob("*.whl")) for argument in ("--piplite-wheels", str(wheel))
    ]
    run("a jupyterlite site", *lite, *own, cwd=folder)
    add_pyodide(site / "static" / "pyodide", wheels)
    return site


KERNEL_SETTINGS = {
    "@jupyterlite/pyodide-kernel-extension:kernel": {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
    }
}


def run(what: str, *command: str, cwd: Path | None = None) -> None:
    """Runs a command; `RuntimeError` says what could not be had."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        raise RuntimeError(f"{what} could not be had ({(done.stderr or done.stdout).strip()[-300:]})")


def download(package: str, folder: Path) -> None:
    """Fetches one package's wheel for any machine; what has none is left out, as the kernel does."""
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary", ":all:"]
    anywhere = ["--platform", "any", "--python-version", "3.14", "--dest", str(folder)]
    subprocess.run([*pip, *anywhere, package], capture_output=True, check=False)


def add_pyodide(folder: Path, wheels: Path) -> None:
    """Puts Pyodide beside the site, with a list of packages that names the installers only."""
    shutil.copytree(PYODIDE, folder)
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))
    lock["packages"] = {name: entry(name, needs, folder, wheels) for name, needs in INSTALLERS.items()}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")


def entry(name: str, needs: list[str], folder: Path, wheels: Path) -> dict[str, object]:
    """One package as Pyodide's list describes it; its wheel is copied beside the list."""
    wheel = next(wheels.glob(f"{name}-*.whl"), None)
    if wheel is None:
        raise RuntimeError(f"PyPI has no wheel of {name} here")
    shutil.copy(wheel, folder)
    return {
        "name": name,
        "version": wheel.name.split("-")[1],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": [name],
        "depends": needs,
        "unvendored_tests": False,
    }
