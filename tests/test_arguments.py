"""What a reader may give a function: taken or refused in one sentence, whatever it is."""

import inspect
import math
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smallmodels
from smallmodels.arguments import checked
from smallmodels.live import place_of
from smallmodels.table import Table


def whole(batch: int) -> Any:
    return batch


def number(confidence: float) -> Any:
    return confidence


def text(gpu: str) -> Any:
    return gpu


def truth(tied: bool) -> Any:
    return tied


def perhaps(n_kv_heads: int | None = None) -> Any:
    return n_kv_heads


def perhaps_old(served: Optional[float] = None) -> Any:  # noqa: UP045
    return served


def names(models: Sequence[str] = ()) -> Any:
    return models


def wholes(seeds: tuple[int, ...] = ()) -> Any:
    return seeds


def records(rows: Sequence[Mapping[str, Any]] | None = None) -> Any:
    return rows


def anything(card: object) -> Any:
    return card


SCALARS = {"whole": int, "number": (int, float), "text": str, "truth": bool}
LISTS = {"names": str, "wholes": int}
INVENTED = [whole, number, text, truth, perhaps, perhaps_old, names, wholes, records]
SENTENCE = re.compile(r"The \w+ (is|are|hold) [^\n]{1,70}; choose [^\n]{1,70}\.")

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.just(-(10**400))
    | st.floats()
    | st.text()
    | st.text(min_size=5000, max_size=6000)
    | st.binary()
    | st.complex_numbers()
    | st.fractions()
    | st.decimals()
    | st.dates()
    | st.integers(-128, 127).map(np.int8)
    | st.integers(0, 2**64 - 1).map(np.uint64)
    | st.floats(width=32).map(np.float32)
    | st.floats().map(np.float64)
    | st.floats().map(np.longdouble)
    | st.booleans().map(np.bool_)
    | st.text().map(np.str_)
    | st.integers(-9, 9).map(np.array)
    | st.builds(object)
    | st.just(np.float64)
    | st.just(pd.NA)
)
given_things = (
    scalars
    | st.lists(scalars, max_size=3)
    | st.lists(scalars, max_size=3).map(tuple)
    | st.lists(st.integers(-9, 9)).map(np.array)
    | st.lists(st.integers(-9, 9)).map(pd.Series)
    | st.lists(st.text()).map(pd.Index)
    | st.lists(st.lists(st.integers()))
    | st.dictionaries(st.text(), scalars, max_size=2)
    | st.sets(st.integers())
    | st.just(pd.DataFrame({"a": [1]}))
)


def is_plain(function: Callable[..., Any], value: Any) -> bool:
    """Whether a value is of just the type that the function's annotation names, and can be computed with."""
    name = function.__name__
    if name in LISTS:
        return type(value) is tuple and all(type(part) is LISTS[name] for part in value)
    if name == "records":
        return value is None or (type(value) is tuple and all(isinstance(part, Mapping) for part in value))
    if name.startswith("perhaps"):
        return value is None or (type(value) in (int, float) and math.isfinite(value))
    kinds = SCALARS[name]
    return type(value) in (kinds if isinstance(kinds, tuple) else (kinds,)) and (
        isinstance(value, str) or math.isfinite(value)
    )


def asked(function: Callable[..., Any], *values: Any, **named: Any) -> tuple[Any, str]:
    """What the function gives, or the sentence with which it refuses."""
    try:
        return function(*values, **named), ""
    except ValueError as refusal:
        return None, str(refusal)


def argument_of(function: Callable[..., Any]) -> str:
    return next(iter(inspect.signature(function).parameters))


@pytest.mark.parametrize("function", INVENTED, ids=lambda function: function.__name__)
@settings(deadline=None)
@given(value=given_things)
def test_whatever_is_given_is_made_plain_or_refused_in_a_sentence(
    function: Callable[..., Any], value: Any
) -> None:
    taken, refusal = asked(checked(function), value)
    if refusal:
        assert SENTENCE.fullmatch(refusal), refusal
        assert refusal.startswith(f"The {argument_of(function)} ")
    else:
        assert is_plain(function, taken), taken


@settings(deadline=None)
@given(st.integers(-128, 127))
def test_numbers_are_taken_from_wherever_they_come(n: int) -> None:
    ways = [n, float(n), np.int8(n), np.float16(n), np.array(n), pd.Series([n])[0], Decimal(n), Fraction(n)]
    for way in ways:
        assert checked(whole)(way) == checked(perhaps)(way) == checked(number)(way) == n
        assert type(checked(whole)(way)) is int
    assert type(checked(number)(n)) is int  # a number that was whole is still shown as one
    assert type(checked(number)(np.float32(n))) is float


def test_lists_are_taken_from_wherever_they_come() -> None:
    for way in (
        [1, 2],
        (1, 2),
        np.array([1, 2]),
        pd.Series([1.0, 2.0]),
        range(1, 3),
        [np.int64(1), Fraction(2)],
    ):
        assert checked(wholes)(way) == (1, 2)
    for way in (["a", "b"], np.array(["a", "b"]), pd.Index(["a", "b"]), ("a", np.str_("b"))):
        assert checked(names)(way) == ("a", "b")
    assert checked(names)("Mistral 7B") == ("Mistral 7B",)
    assert checked(wholes)(np.int64(3)) == (3,)
    assert checked(records)([{"a": 1}]) == ({"a": 1},)
    assert checked(records)() is checked(perhaps)(None) is None
    assert checked(truth)(np.bool_(True)) is True
    assert checked(anything)(object) is object


@pytest.mark.parametrize(
    ("function", "value", "sentence"),
    [
        (whole, "4", "The batch is the text '4'; choose a whole number."),
        (whole, 2.5, "The batch is 2.5; choose a whole number."),
        (whole, np.float64(2.5), "The batch is 2.5; choose a whole number."),
        (whole, True, "The batch is True; choose a whole number."),
        (whole, None, "The batch is None; choose a whole number."),
        (whole, [4], "The batch is a list of 1; choose a whole number."),
        (whole, np.array([4, 5]), "The batch is a list of 2; choose a whole number."),
        (whole, {4}, "The batch is of the type set; choose a whole number."),
        (whole, math.nan, "The batch is nan; choose a finite number."),
        (whole, 10**30, "The batch is about 10^30; choose a whole number of at most 18 digits."),
        (whole, 10**400, "The batch is about 10^400; choose a smaller number."),
        (number, -math.inf, "The confidence is -inf; choose a finite number."),
        (number, -(10**400), "The confidence is about −10^400; choose a smaller number."),
        (number, False, "The confidence is False; choose a number."),
        (number, 1j, "The confidence is of the type complex; choose a number."),
        (perhaps, "8", "The n_kv_heads is the text '8'; choose a whole number, or None."),
        (text, 4090, "The gpu is 4090; choose a text."),
        (text, b"x", "The gpu is of the type bytes; choose a text."),
        (truth, 1, "The tied is 1; choose True or False."),
        (names, None, "The models are None; choose texts, in a list."),
        (names, ["Mistral 7B", 5], "The models hold 5; choose texts, in a list."),
        (names, {"Mistral 7B": 1}, "The models are of the type dict; choose texts, in a list."),
        (wholes, "01", "The seeds are the text '01'; choose whole numbers, in a list."),
        (wholes, [0, math.inf], "The seeds hold inf; choose a finite number."),
        (records, 3, "The rows are 3; choose dictionaries, in a list, or None."),
        (records, {"a": 1}, "The rows are of the type dict; choose dictionaries, in a list, or None."),
        (records, ["a"], "The rows hold the text 'a'; choose dictionaries, in a list, or None."),
    ],
)
def test_the_sentence_is_true(function: Callable[..., Any], value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        checked(function)(value)


def test_a_long_text_is_cut() -> None:
    with pytest.raises(ValueError, match="choose a whole number") as refusal:
        checked(whole)("4" * 3000)
    assert len(str(refusal.value)) < 120


def test_python_says_itself_what_does_not_belong() -> None:
    def two(first: int, second: int = 2, *, third: float = 3) -> tuple[Any, ...]:
        return first, second, third

    made = checked(two)
    assert made(1.0, third=np.float64(4)) == (1, 2, 4.0)
    for wrong in (
        lambda: made(1, 2, 3),
        lambda: made(),
        lambda: made(1, fourth=4),
        lambda: made(1, first=1),
    ):
        with pytest.raises(TypeError, match=r"two\(\)"):
            wrong()


def test_the_function_behind_is_still_to_be_seen() -> None:
    """What a widget asks of a function: its arguments, its name, its place and its code."""
    made = checked(whole)
    assert inspect.signature(made) == inspect.signature(whole)
    assert inspect.getsource(made) == inspect.getsource(whole)
    assert (made.__name__, made.__doc__, place_of(made)) == (
        whole.__name__,
        whole.__doc__,
        place_of(whole),
    )
    assert made.__annotations__ == whole.__annotations__


# The rooms


def table_functions() -> dict[str, Callable[..., Table]]:
    """Every public function of a room that gives a table, by room and name."""
    rooms = {room: vars(import_module(f"smallmodels.{room}")) for room in smallmodels.ROOMS}
    return {
        f"{room}.{name}": thing
        for room, things in rooms.items()
        for name, thing in things.items()
        if inspect.isfunction(thing)
        and not name.startswith("_")
        and thing.__annotations__.get("return") is Table
    }


FUNCTIONS = table_functions()
ARGUMENTS = [
    (name, argument) for name in FUNCTIONS for argument in inspect.signature(FUNCTIONS[name]).parameters
]
HOSTILE = [None, [], [1], ["a"], True, False, "", "4", "a" * 3000, b"4", {}, 1j, object()]
HOSTILE += [-1, 0, 2.5, 1e300, math.nan, math.inf, 10**17, 10**30, 10**400, -(10**400)]
HOSTILE += [np.int64(4), np.uint8(0), np.float32(4), np.float64(0.5), np.str_("a"), np.bool_(True)]
HOSTILE += [np.array([4, 8]), np.array(4), pd.NA, pd.Series(["Mistral 7B"])]
LONG = 60  # seconds after which a call counts as one that never ends


@contextmanager
def ending() -> Iterator[None]:
    """Fails where what stands inside does not end."""

    def stop(*_: object) -> None:
        raise TimeoutError("it does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def needed(function: Callable[..., Table]) -> dict[str, Any]:
    """Something for every argument without a default."""
    wanted = {
        p.name: p.annotation for p in inspect.signature(function).parameters.values() if p.default is p.empty
    }
    return {name: {int: 4, float: 0.5, str: "a"}.get(kind, (0.5, 0.25)) for name, kind in wanted.items()}


def test_there_are_functions_to_look_at() -> None:
    assert len(FUNCTIONS) > 30


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_that_gives_a_table_reads_its_arguments(name: str) -> None:
    assert FUNCTIONS[name].__wrapped__.__code__ is not FUNCTIONS[name].__code__  # type: ignore[attr-defined]
    assert FUNCTIONS[name].__code__.co_filename == checked.__code__.co_filename


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_a_table_or_a_sentence_whatever_is_given(name: str, argument: str) -> None:
    for value in HOSTILE:
        with ending():
            table, refusal = asked(FUNCTIONS[name], **{**needed(FUNCTIONS[name]), argument: value})
        assert re.fullmatch(r"[A-Z\d−-][^\n]*\.", refusal) if refusal else isinstance(table, Table), refusal
