"""A model is added by rows of data alone: every widget that can use it offers and shows it."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
MODEL = "Example 7B"
# A plain decoder whose figures were read, so that there is nothing a widget could not do with it.
ROWS = {
    "models": f"{MODEL},32,4096,32,8,128,14336,3,1,1,32000,no,no,none,2,8192,8192,,,10000,,litgpt,,yes,new",
    "releases": f"{MODEL},Nobody,base,,2026-01-15,Apache-2.0,,,,,,,,litgpt,yes,new",
    "scores": "\n".join(
        [f"example/mmlu,{MODEL},MMLU,test,41.0,acc,5,llama-3-card,llama-3-card,nowhere,yes,new,,"]
        + [
            f"example/{test},{MODEL},{test},{items},60.0,acc,5,obsscaling,obsscaling,nowhere,yes,new,,"
            for test, items in (
                ("MMLU", "test"),
                ("GSM8K", "test"),
                ("HellaSwag", "validation"),
                ("WinoGrande", "validation"),
                ("ARC-c", "test"),
            )
        ]
    ),
}
ARGUMENTS = {"model", "models", "challenger", "baseline"}
# Run in the copy: evaluates every widget's options and asks its function for the new model.
ASK = """
import json, sys
from importlib import import_module
import smallmodels
rooms = {name: import_module(f"smallmodels.{name}") for name in smallmodels.ROOMS}
model, answers = sys.argv[1], []
for function, argument, options in json.load(sys.stdin):
    offered = [choice[1] if isinstance(choice, tuple) else choice for choice in eval(options, dict(rooms))]
    room, name = function.split(".")
    given = (model,) if argument == "models" else model
    table = getattr(rooms[room], name)(**{argument: given}) if model in offered else None
    answers.append([model in offered, table is not None and model in table.to_text()])
print(json.dumps(answers))
"""


class Choice(NamedTuple):
    """A control of a widget that chooses models: whose, for which argument, from which expression."""

    function: str
    argument: str
    options: str


def choices() -> Iterator[Choice]:
    """Every control of every chapter that chooses models, as its notebook writes it."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code" and "Live(" in (text := "".join(cell["source"])):
                for call in ast.walk(ast.parse(text)):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Live":
                        yield from of_widget(call)


def of_widget(call: ast.Call) -> Iterator[Choice]:
    for control in call.keywords:
        if control.arg in ARGUMENTS and isinstance(control.value, ast.Call):
            options = [k.value for k in control.value.keywords if k.arg == "options"]
            yield from (Choice(ast.unparse(call.args[0]), control.arg, ast.unparse(o)) for o in options)


# The models whose figures the post prints are the post's, whatever is added.
CHOICES = sorted(choice for choice in {*choices()} if "printed_models" not in choice.options)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[Choice, list[bool]]:
    """For every choice, whether it offers the added model and whether its function then shows it."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("smallmodels", "data"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for table, row in ROWS.items():
        with (copy / "data" / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(row + "\n")
    done = subprocess.run(
        [sys.executable, "-S", "-c", ASK, MODEL],
        cwd=copy,
        env={},
        input=json.dumps(CHOICES),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(CHOICES, json.loads(done.stdout), strict=True))


def test_there_are_choices_in_most_chapters() -> None:
    assert len({choice.function.partition(".")[0] for choice in CHOICES}) >= 4


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"{choice.function}-{choice.argument}")
def test_a_model_that_was_added_is_offered_and_shown(
    choice: Choice, answers: dict[Choice, list[bool]]
) -> None:
    assert answers[choice] == [True, True]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: f"{choice.function}-{choice.argument}")
def test_no_notebook_types_a_list_of_models(choice: Choice) -> None:
    constants = [n.value for n in ast.walk(ast.parse(choice.options)) if isinstance(n, ast.Constant)]
    assert [text for text in constants if isinstance(text, str)] == []
