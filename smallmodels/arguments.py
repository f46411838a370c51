"""What a reader gives a function, made plain or refused in one sentence: `@checked` on every table function.

A slider, a notebook, a DataFrame and an address all give arguments, and a function's annotations already say
what it takes. `checked` reads them: NumPy's and pandas' numbers, texts and arrays become Python's own, lists
become tuples, 4.0 is a whole number, one name is a list of one. What does not fit is a `ValueError` that
names the argument, what was given and what is allowed; what is too large for the subject is left to the
function. Standard library only, and little of it: this file starts with every page.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from math import isfinite, log10
from types import UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

P = ParamSpec("P")
R = TypeVar("R")

MOST_DIGITS = 18  # of a whole number: what is counted here is smaller, and larger ones overflow elsewhere
MOST = 10**MOST_DIGITS
SHOWN = 60  # characters of what was given


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, asked with plain arguments only; a `ValueError` of one sentence for what does not fit.

    `int`, `float`, `str`, `bool`, dictionaries, lists of these (`Sequence[str]`, `tuple[int, ...]`), one
    or another (`str | int`) and `None` beside any of them are read; another annotation takes what it is
    given. So do defaults.

    >>> @checked
    ... def tokens(batch: int, models: tuple[str, ...] = ()) -> str:
    ...     return f"{batch!r} {models!r}"
    >>> tokens(4.0, ["Mistral 7B"]), tokens(4, models="Mistral 7B")
    ("4 ('Mistral 7B',)", "4 ('Mistral 7B',)")
    >>> tokens("4")
    Traceback (most recent call last):
        ...
    ValueError: `batch` is the text '4'; choose a whole number.
    """
    annotations = function.__annotations__
    kinds = {name: kind for name in annotations if (kind := _kind(annotations[name])) and name != "return"}
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]

    def plain(name: str, value: Any) -> Any:
        return _read(name, kinds[name], value) if name in kinds else value

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        placed = [plain(name, value) for name, value in zip(names, args, strict=False)]
        named = {name: plain(name, value) for name, value in kwargs.items()}
        # What there is no name for goes along, so that Python's own TypeError says so.
        return function(*placed, *args[len(placed) :], **named)  # type: ignore[arg-type]

    return asked


def in_range(low: int, high: int | None = None, **given: float) -> None:
    """A `ValueError` for what lies outside, under the name it is given by.

    >>> in_range(1, n_layers=32, n_heads=0)
    Traceback (most recent call last):
        ...
    ValueError: `n_heads` is 0; choose 1 or more.
    """
    allowed = f"{low:,} or more" if high is None else f"{low:,} to {high:,}"
    for name, value in given.items():
        if value < low or (high is not None and value > high):
            raise ValueError(f"`{name}` is {_shown(value)}; choose {allowed}.")


def above_zero(**given: float) -> None:
    """A `ValueError` for what is zero or less, under the name it is given by."""
    for name, value in given.items():
        if not value > 0:
            raise ValueError(f"`{name}` is {_shown(value)}; choose a number above 0.")


class _Unfit(Exception):
    """Raised by a reader: the value that does not fit, what is allowed, and whether it stood in a list."""

    def __init__(self, value: Any, allowed: str = "", inside: bool = False) -> None:
        self.value, self.allowed, self.inside = value, allowed, inside


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of argument: how it is read, and what one and many of it are called."""

    read: Callable[[Any], Any]
    one: str
    many: str


def _read(name: str, kind: _Kind, value: Any) -> Any:
    try:
        return kind.read(value)
    except _Unfit as unfit:
        verb, allowed = "holds" if unfit.inside else "is", unfit.allowed or kind.one
        raise ValueError(f"`{name}` {verb} {_shown(unfit.value)}; choose {allowed}.") from None


def _kind(annotation: Any) -> _Kind | None:
    """What an annotation asks for; `None` where it is none of ours and takes anything."""
    origin, parts = get_origin(annotation) or annotation, get_args(annotation)
    if origin in (UnionType, Union):
        kind = _any_of([_kind(part) for part in parts if part is not type(None)])
        if kind is None or type(None) not in parts:
            return kind
        return _Kind(_or_none(kind), f"{kind.one}, or None", kind.many)
    if origin in (tuple, list, Sequence) and parts and parts[1:] in ((), (...,)):
        kind = _kind(parts[0])
        return kind and _Kind(_list_of(kind), f"{kind.many}, in a list", f"lists of {kind.many}")
    return _KINDS.get(origin)


def _any_of(kinds: Sequence[_Kind | None]) -> _Kind | None:
    """Several kinds as one, the first that fits; `None` where one of them takes anything."""
    known = [kind for kind in kinds if kind]
    if len(known) < len(kinds):
        return None
    if len(known) == 1:
        return known[0]

    def read(value: Any) -> Any:
        for kind in known:
            with suppress(_Unfit):
                return kind.read(value)
        raise _Unfit(_python(value))

    return _Kind(read, " or ".join(kind.one for kind in known), " or ".join(kind.many for kind in known))


def _or_none(kind: _Kind) -> Callable[[Any], Any]:
    return lambda value: None if value is None else kind.read(value)


def _list_of(kind: _Kind) -> Callable[[Any], Any]:
    """Reads several of a kind as a tuple; what is no list is taken for the only one of it."""

    def read(value: Any) -> tuple[Any, ...]:
        value = _python(value)
        several = _is_list(value)
        if isinstance(value, Mapping):  # one record is no list of records: it has keys of its own
            raise _Unfit(value)
        try:
            return tuple(kind.read(part) for part in (value if several else [value]))
        except _Unfit as unfit:
            raise _Unfit(unfit.value, unfit.allowed, inside=several) from None

    return read


def _is_list(value: Any) -> bool:
    # Not a set, which has no order, nor a generator, which can be read once.
    ordered = hasattr(value, "__getitem__") and hasattr(value, "__len__") and hasattr(value, "__iter__")
    return ordered and not isinstance(value, str | bytes) and not hasattr(value, "keys")


def _python(value: Any) -> Any:
    """NumPy's, pandas' and PyTorch's numbers, texts and arrays as Python's own; all else as it is."""
    return value.tolist() if hasattr(value, "tolist") and not isinstance(value, type) else value


def _number(value: Any) -> int | float:
    """A plain number; fractions, decimals and NumPy's long floats become floats."""
    if (type(value) is float and isfinite(value)) or (
        type(value) is int and -MOST < value < MOST
    ):  # what most are, and formulas are asked thousands of times
        return value
    value = _python(value)
    if isinstance(value, bool | str | bytes) or _is_list(value) or not hasattr(value, "__float__"):
        raise _Unfit(value)
    try:
        finite = isfinite(float(value))
    except (OverflowError, TypeError, ValueError):
        raise _Unfit(value, "a smaller number" if isinstance(value, int) else "") from None
    if not finite:
        raise _Unfit(value, "a finite number")
    return int(value) if isinstance(value, int) else float(value)


def _whole(value: Any) -> int:
    if type(value) is int and -MOST < value < MOST:
        return value
    number = _number(value)
    if number != int(number):
        raise _Unfit(number)
    if abs(number) >= MOST:
        raise _Unfit(number, f"a whole number of at most {MOST_DIGITS} digits")
    return int(number)


def _text(value: Any) -> str:
    value = _python(value)
    if not isinstance(value, str):
        raise _Unfit(value)
    return str.__str__(value)


def _truth(value: Any) -> bool:
    value = _python(value)
    if not isinstance(value, bool):
        raise _Unfit(value)
    return value


def _record(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Unfit(_python(value))
    return value


def _shown(value: Any) -> str:
    """What was given, in at most `SHOWN` characters and a few words.

    >>> _shown("4"), _shown(2.5), _shown([1, 2]), _shown(10**400), _shown({})
    ("the text '4'", '2.5', 'a list of 2', 'about 10^400', 'of the type dict')
    """
    if isinstance(value, str):
        text = repr(value)
        return f"the text {text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}"
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        return f"about {'−' if value < 0 else ''}10^{int(value.bit_length() * log10(2))}"
    if value is None or isinstance(value, int | float):
        return f"{value}"
    return f"a list of {len(value)}" if _is_list(value) else f"of the type {type(value).__name__}"


_KINDS = {
    int: _Kind(_whole, "a whole number", "whole numbers"),
    float: _Kind(_number, "a number", "numbers"),
    str: _Kind(_text, "a text", "texts"),
    bool: _Kind(_truth, "True or False", "True and False"),
    dict: _Kind(_record, "a dictionary", "dictionaries"),
    Mapping: _Kind(_record, "a dictionary", "dictionaries"),
}
