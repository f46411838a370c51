"""The command line: `smallmodels memory footprint --gpu "RTX 4090" --format csv` prints a table of the book.

Every function of a room that gives a `Table` is there under its room's name and its own. What it takes is
read from its signature; what an argument may be is asked of the function itself, which names its choices
when it refuses. Exit codes: 0, a table was printed; 1, the function refuses what it was given; 2, the
command was not understood. Standard library only.
"""

import argparse
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

from smallmodels import ROOMS, __version__
from smallmodels.table import Table

Function = Callable[..., Table]
REFUSED, MISUSED = 1, 2
NO_NAME = "?"  # a text that no argument of the book takes: refusing it, a function names what it takes
CHOICES = re.compile(rf"no .*'{re.escape(NO_NAME)}'.*(?:there is|choose(?: one of)?) (.*)\.$")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and where the rest is told, without the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with exit code 2."""
        text = f"{message[0].upper()}{message[1:]}".rstrip(".")
        self.exit(MISUSED, f"{text}. See {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table that is asked for; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(encoding="utf-8")  # the tables hold − and ×, which not every terminal's own has
    try:
        return run(list(sys.argv[1:] if arguments is None else arguments))
    except SystemExit as end:  # argparse has printed what was asked for, or what is wrong
        return end.code if isinstance(end.code, int) else MISUSED
    except BrokenPipeError:  # whoever read has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(words: list[str]) -> int:
    """From the words of a command to its table on standard output, or a sentence on standard error."""
    room, rest = named(words, "room", {name: import_module(f"smallmodels.{name}") for name in ROOMS}, rooms())
    offered = functions(room)
    if len(offered) == 1 and (not rest or (rest[0].startswith("--") and rest[0] != "--help")):
        rest = [*offered, *rest]  # a room with one table needs no second name
    function, rest = named(rest, "table", offered, listing(room, offered))
    parser = options(room.__name__.rpartition(".")[2], function)
    space, strangers = parser.parse_known_args(rest)
    if strangers:
        parser.error(unknown(strangers[0], [f"--{name}" for name in taken(function)]))
    given = vars(space)
    form = given.pop("format")
    try:
        table = function(**given)
    except ValueError as refusal:
        print(f"{refusal}{hint(function, given)}", file=sys.stderr)
        return REFUSED
    sys.stdout.write(FORMATS[form](table))
    sys.stdout.flush()
    return 0


def named(
    words: list[str], what: str, known: Mapping[str, Any], parser: argparse.ArgumentParser
) -> tuple[Any, list[str]]:
    """What the first word names, and the words after it; ends with a sentence where it names nothing."""
    if not words or words[0].startswith("-"):
        parser.parse_args(words)  # --help and --version end here
        parser.error(f"Name a {what}: {', '.join(map(typed, known))}.")
    shown = {typed(name): name for name in known}
    if typed(words[0]) not in shown:
        guess = meant(words[0], [*shown])
        parser.error(f"There is no {what} {words[0]!r}{guess}; there is {', '.join(shown)}.")
    return known[shown[typed(words[0])]], words[1:]


def typed(name: str) -> str:
    """A name of Python as one types it here: `kv-cache`."""
    return name.replace("_", "-")


def unknown(stranger: str, known: Sequence[str]) -> str:
    """What is said of an option, or a word too many, that the function does not have."""
    if stranger.startswith("--"):
        name = typed(stranger.partition("=")[0])
        return f"There is no option {name}{meant(name, known)}; there is {', '.join([*known, '--format'])}."
    return f"{stranger!r} belongs to no option; a name of several words is written in quotes."


def meant(name: str, known: Sequence[str]) -> str:
    """A guess at what was meant, whatever its case, as a part of a sentence; nothing where none is near.

    >>> meant("mistral 7b", ["Mistral 7B", "Llama 2 7B"]), meant("x", ["Mistral 7B"])
    (' (did you mean Mistral 7B?)', '')
    """
    folded = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), folded, n=1)
    return f" (did you mean {folded[near[0]]}?)" if near else ""


def hint(function: Function, given: Mapping[str, Any]) -> str:
    """A guess at what was meant by the first text that is none of its argument's choices."""
    for name, value in given.items():
        known = choices(function, name)
        for text in [value] if isinstance(value, str) else value if isinstance(value, list) else []:
            if known and text not in known:
                guess = meant(text, known).strip(" ()")
                return f" {guess[0].upper()}{guess[1:]}" if guess else ""
    return ""


def functions(room: Any) -> dict[str, Function]:
    """The functions of a room that give a table and can be asked from a command line, by name."""
    found = ((name, getattr(room, name)) for name in room.__all__)
    return {
        name: function
        for name, function in found
        if inspect.isfunction(function)
        and function.__annotations__.get("return") is Table
        and all(p.default is not p.empty or reader(p.annotation) for p in parameters(function))
    }


def parameters(function: Function) -> list[inspect.Parameter]:
    """What the function takes, in its order."""
    return [*inspect.signature(function).parameters.values()]


def taken(function: Function) -> dict[str, inspect.Parameter]:
    """The arguments that can be typed, under their option's name; rows of a measurement cannot."""
    return {typed(p.name): p for p in parameters(function) if reader(p.annotation)}


def reader(annotation: Any) -> Callable[[str], Any] | None:
    """How one typed word becomes what an annotation asks for; `None` where no word can.

    >>> reader(int)("32,768"), reader(str | int)("0"), reader(dict)
    (32768, 0, None)
    """
    parts = [part for part in get_args(annotation) if part not in (type(None), ...)]
    if get_origin(annotation) in (Union, UnionType):
        readers = [reader(part) for part in sorted(parts, key=lambda part: part is str)]
        return first_of([read for read in readers if read]) if all(readers) else None
    if parts and get_origin(annotation) is not dict and len(parts) == 1:
        return reader(parts[0])
    return READERS.get(annotation)


def first_of(readers: Sequence[Callable[[str], Any]]) -> Callable[[str], Any]:
    """Reads by the first of them that can."""

    def value(text: str) -> Any:
        for read in readers[:-1]:
            try:
                return read(text)
            except argparse.ArgumentTypeError:
                continue
        return readers[-1](text)

    return value


def whole_number(text: str) -> int:
    """A whole number, with or without commas in it; `ArgumentTypeError` for anything else."""
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def number(text: str) -> float:
    """A number, with or without commas in it; `ArgumentTypeError` for anything else."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


READERS: dict[Any, Callable[[str], Any]] = {int: whole_number, float: number, str: str}


def several(annotation: Any) -> bool:
    """Whether an argument takes more than one."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(map(several, get_args(annotation)))
    return isinstance(origin, type) and issubclass(origin, Sequence)


def choices(function: Function, name: str) -> list[str]:
    """What the function says a text may be, when it is given one that nothing is called; else nothing.

    >>> from smallmodels import memory
    >>> choices(memory.footprint, "precision"), choices(memory.footprint, "batch")
    (['FP16', 'INT8', 'INT4'], [])
    """
    try:
        function(**{name: NO_NAME})
    except (TypeError, ValueError) as refusal:
        if found := CHOICES.search(str(refusal)):
            return re.split(", | or ", found[1])
    return []


def options(room: str, function: Function) -> argparse.ArgumentParser:
    """The options of a function: its arguments, their defaults and choices, and the format."""
    parser = Parser(f"smallmodels {room} {typed(function.__name__)}", description=explained(function))
    for option, parameter in taken(function).items():
        many = several(parameter.annotation)
        parser.add_argument(
            f"--{option}",
            dest=parameter.name,
            type=reader(parameter.annotation) or str,
            default=parameter.default if parameter.default is not parameter.empty else None,
            required=parameter.default is parameter.empty,
            metavar=option.upper(),
            help=said(function, parameter),
            **({"nargs": "+"} if many else {}),
        )
    parser.add_argument("--format", choices=[*FORMATS], default="text", help="text if not given")
    return parser


def explained(function: Function) -> str:
    """The docstring as help: without its marks, and without what is for programs only."""
    text = " ".join((inspect.getdoc(function) or "").replace("`", "").replace("%", "%%").split())
    first, *rest = re.split(r"(?<=[.;]) (?=\w)", text)
    return " ".join([first, *(part for part in rest if "ValueError" not in part)]).rstrip(";.") + "."


def said(function: Function, parameter: inspect.Parameter) -> str:
    """The help of one option: what it is when not given, and what it may be."""
    default, known = parameter.default, choices(function, parameter.name)
    texts = []
    if default not in (None, parameter.empty):
        texts.append(
            f"{', '.join(map(str, default)) if isinstance(default, tuple) else default} if not given"
        )
    if known:
        texts.append(f"one of {', '.join(known)}")
    return "; ".join(texts).replace("%", "%%")


def rooms() -> argparse.ArgumentParser:
    """The command itself; its help lists the rooms with the question that each answers."""
    lines = [f"  {name:12} {first_line(import_module(f'smallmodels.{name}'))}" for name in ROOMS]
    return _lister("smallmodels ROOM TABLE", "The tables of the book, as text or data.", lines)


def listing(room: Any, offered: Mapping[str, Function]) -> argparse.ArgumentParser:
    """A room; its help lists its tables."""
    name = room.__name__.rpartition(".")[2]
    lines = [f"  {typed(each):20} {first_line(made)}" for each, made in offered.items()]
    return _lister(f"smallmodels {name} TABLE", first_line(room), lines)


def _lister(usage: str, description: str, lines: Sequence[str]) -> argparse.ArgumentParser:
    epilog = "\n".join([*lines, "", "Each of them says what it takes: --help after its name."])
    parser = Parser(
        "smallmodels",
        usage=f"{usage} [OPTIONS] [--format {{{','.join(FORMATS)}}}]",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"smallmodels {__version__}")
    return parser


def first_line(thing: Any) -> str:
    """The first line of a docstring, as plain text."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].replace("`", "")


def as_text(table: Table) -> str:
    """The table with its finding and its notes, for a terminal."""
    return "\n".join([table.to_text(), *table.notes]) + "\n"


def as_json(table: Table) -> str:
    """Raw values with all that explains them."""
    content = {
        "caption": table.caption,
        "finding": table.finding,
        "columns": [
            {"name": c.name, "label": c.label, "unit": c.unit, "meaning": c.meaning} for c in table.columns
        ],
        "rows": table.records(),
        "notes": [*table.notes],
        "sources": table.sources(),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


FORMATS: dict[str, Callable[[Table], str]] = {
    "text": as_text,
    "csv": Table.to_csv,
    "md": Table.to_markdown,
    "json": as_json,
}
