"""The command line: every table under its name, help and choices from the function, sentences, exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import smallmodels
from smallmodels import command, gqa, memory
from smallmodels.table import Table

ROOT = Path(__file__).resolve().parent.parent
EVERY = [
    (room, name, function)
    for room in smallmodels.ROOMS
    for name, function in command.functions(import_module(f"smallmodels.{room}")).items()
]
FREE = [(r, n, f) for r, n, f in EVERY if all(p.default is not p.empty for p in command.parameters(f))]


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = command.main(words)
    return code, *capsys.readouterr()


def test_every_table_function_of_every_room_is_there() -> None:
    """Counted by what the rooms' files define, not by the command's own search."""
    for room in smallmodels.ROOMS:
        module = import_module(f"smallmodels.{room}")
        made = {n for n in module.__all__ if getattr(module, n).__class__.__name__ == "function"}
        tables = {n for n in made if getattr(module, n).__annotations__.get("return") is Table}
        offered = set(command.functions(module))
        assert offered <= tables
        assert tables - offered <= {"rerun"}  # it takes the rows of a reader's own run


@pytest.mark.parametrize(("room", "name", "function"), FREE, ids=lambda x: x if isinstance(x, str) else "")
def test_a_table_is_printed_as_the_function_gives_it(
    room: str, name: str, function: command.Function, capsys: pytest.CaptureFixture[str]
) -> None:
    table = function()
    words = (room, name.replace("_", "-"))
    assert asked(capsys, *words, "--format", "csv") == (0, table.to_csv(), "")
    assert asked(capsys, *words, "--format=md") == (0, table.to_markdown(), "")
    code, text, _ = asked(capsys, *words)
    assert code == 0
    assert text.startswith(table.to_text())
    told = json.loads(asked(capsys, room, name, "--format", "json")[1])
    assert told["rows"] == table.records()
    assert told["finding"] == table.finding


def test_arguments_reach_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--models", "Mistral 7B", "Llama 2 7B", "--gpu", "L4", "--batch", "2", "--context", "32,768")
    table = memory.footprint("L4", batch=2, context=32768, models=["Mistral 7B", "Llama 2 7B"])
    assert asked(capsys, "memory", "footprint", *given, "--format", "csv")[1] == table.to_csv()


def test_the_command_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    """A room with one table needs no second name, and an option may be cut short as long as it is one."""
    code, text, _ = asked(capsys, "memory", "--model", "Mistral 7B", "--gpu", "RTX 4090", "--format", "csv")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["model"], row["parameters"], row["fits"]) == ("Mistral 7B", "7241732096", "yes")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Name a room: benchmarks, "),
        (("memry",), 2, "There is no room 'memry' (did you mean memory?); there is benchmarks, "),
        (("gqa",), 2, "Name a table: calculators, "),
        (("gqa", "kv_cash"), 2, "There is no table 'kv_cash' (did you mean kv-cache?); there is "),
        (("memory", "footprint", "--gpux", "L4"), 2, "There is no option --gpux (did you mean --gpu?);"),
        (("memory", "footprint", "--batch", "many"), 2, "Argument --batch: 'many' is no whole number. See "),
        (("memory", "footprint", "--batch", "1.5"), 2, "Argument --batch: '1.5' is no whole number. See "),
        (("cost", "api", "--input-share", "half"), 2, "Argument --input-share: 'half' is no number. See "),
        (("memory", "footprint", "--format", "xml"), 2, "Argument --format: "),
        (("memory", "footprint", "--gpu", "RTX", "4090"), 2, "'4090' belongs to no option; a name of "),
        (("memory", "footprint", "--gpu", "rtx4090"), 1, "There is no GPU 'rtx4090'; there is T4, "),
        (("memory", "footprint", "--batch", "0"), 1, "The batch is 0; choose a whole number from 1 to "),
    ],
)
def test_what_is_not_understood_is_one_sentence(
    words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, error = asked(capsys, *words)
    assert (found, out) == (code, "")
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("memory", "footprint", "--gpu", "rtx4090"), "Did you mean RTX 4090?"),
        (("memory", "footprint", "--models", "Mistral 7B", "llama2 7b"), "Did you mean Llama 2 7B?"),
        (("benchmarks", "spread", "--benchmark", "gsm8k"), "Did you mean GSM8K?"),
        (("gqa", "kv-cache", "--precision", "fp16"), "Did you mean FP16?"),
    ],
)
def test_a_name_that_is_nearly_right_is_guessed(
    words: tuple[str, ...], guess: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = asked(capsys, *words)
    assert code == 1
    assert error.endswith(f" {guess}\n")


@pytest.mark.parametrize(("room", "name", "function"), EVERY, ids=lambda x: x if isinstance(x, str) else "")
def test_help_names_every_argument_with_its_choices(
    room: str, name: str, function: command.Function, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _ = asked(capsys, room, name, "--help")
    plain = " ".join(text.replace("-\n", "-").split())
    assert code == 0
    for option in command.taken(function):
        assert f" --{option} " in plain
    assert "ValueError" not in plain
    assert (function.__doc__ or "").partition("\n")[0].split(".")[0].replace("`", "")[:40] in plain


@pytest.mark.parametrize(("room", "name", "function"), FREE, ids=lambda x: x if isinstance(x, str) else "")
def test_a_default_is_one_of_the_choices(room: str, name: str, function: command.Function) -> None:
    for parameter in command.parameters(function):
        known = command.choices(function, parameter.name)
        given = parameter.default
        for text in given if isinstance(given, tuple) else [given]:
            assert not known or text in known or text.split("/")[0] in known


def test_a_choice_that_help_names_is_taken() -> None:
    for card in command.choices(memory.footprint, "gpu"):
        assert memory.footprint(gpu=card)
    for model in command.choices(gqa.kv_cache, "model"):
        assert gqa.kv_cache(model=model)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    # -S leaves out what is installed: the command stands on the standard library.
    command = [sys.executable, "-S", "-m", "smallmodels", *words]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


def test_it_runs_without_a_package_and_in_any_locale() -> None:
    done = run("gqa", "kv-cache", "--format", "md")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == gqa.kv_cache().to_markdown()
    assert run("--version").stdout == f"smallmodels {smallmodels.__version__}\n"
    assert run("memry").returncode == 2


def test_a_reader_who_leaves_early_is_no_error() -> None:
    words = [sys.executable, "-m", "smallmodels", "memory", "--models", "Mistral 7B"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_installing_gives_the_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["smallmodels"].partition(":")
    assert getattr(import_module(module), name) is command.main
