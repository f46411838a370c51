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
from smallmodels import gqa, scaling, speed, swa
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


def either(seed: str | int | None = None) -> Any:
    return seed


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
INVENTED = [whole, number, text, truth, perhaps, perhaps_old, either, names, wholes, records]
SENTENCE = re.compile(r"`\w+` (is|holds) [^\n]{1,70}; choose [^\n]{1,70}\.")

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
    if name == "either":
        return value is None or type(value) in (str, int)
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
        assert refusal.startswith(f"`{argument_of(function)}` ")
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
        (whole, "4", "`batch` is the text '4'; choose a whole number."),
        (whole, 2.5, "`batch` is 2.5; choose a whole number."),
        (whole, np.float64(2.5), "`batch` is 2.5; choose a whole number."),
        (whole, True, "`batch` is True; choose a whole number."),
        (whole, None, "`batch` is None; choose a whole number."),
        (whole, [4], "`batch` is a list of 1; choose a whole number."),
        (whole, np.array([4, 5]), "`batch` is a list of 2; choose a whole number."),
        (whole, {4}, "`batch` is of the type set; choose a whole number."),
        (whole, math.nan, "`batch` is nan; choose a finite number."),
        (whole, 10**30, "`batch` is about 10^30; choose a whole number of at most 18 digits."),
        (whole, 10**400, "`batch` is about 10^400; choose a smaller number."),
        (number, -math.inf, "`confidence` is -inf; choose a finite number."),
        (number, -(10**400), "`confidence` is about −10^400; choose a smaller number."),
        (number, False, "`confidence` is False; choose a number."),
        (number, 1j, "`confidence` is of the type complex; choose a number."),
        (perhaps, "8", "`n_kv_heads` is the text '8'; choose a whole number, or None."),
        (either, 2.5, "`seed` is 2.5; choose a text or a whole number, or None."),
        (text, 4090, "`gpu` is 4090; choose a text."),
        (text, b"x", "`gpu` is of the type bytes; choose a text."),
        (truth, 1, "`tied` is 1; choose True or False."),
        (names, None, "`models` is None; choose texts, in a list."),
        (names, ["Mistral 7B", 5], "`models` holds 5; choose texts, in a list."),
        (names, {"Mistral 7B": 1}, "`models` is of the type dict; choose texts, in a list."),
        (wholes, "01", "`seeds` is the text '01'; choose whole numbers, in a list."),
        (wholes, [0, math.inf], "`seeds` holds inf; choose a finite number."),
        (records, 3, "`rows` is 3; choose dictionaries, in a list, or None."),
        (records, {"a": 1}, "`rows` is of the type dict; choose dictionaries, in a list, or None."),
        (records, ["a"], "`rows` holds the text 'a'; choose dictionaries, in a list, or None."),
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
SAID = re.compile(r"[A-Z\d`−-][^\n]*\.")
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
        assert SAID.fullmatch(refusal) if refusal else isinstance(table, Table), refusal


# Their formulas, and the records that are asked by name


def formulas() -> dict[str, Callable[..., Any]]:
    """Every public formula of the rooms on caches and windows whose arguments are single numbers or texts."""
    found = {}
    for room in ("gqa", "swa"):
        for name, thing in vars(import_module(f"smallmodels.{room}.formulas")).items():
            if inspect.isfunction(thing) and thing.__module__.endswith(".formulas") and name[0] != "_":
                kinds = [p.annotation for p in inspect.signature(thing).parameters.values()]
                if all(kind in (int, float, str, int | None) for kind in kinds):
                    found[f"{room}.{name}"] = thing
    return found


FORMULAS = formulas()
BY_NAME = {"speed.step": speed.step, "gqa.cache_of": gqa.cache_of, "scaling.law": scaling.law}
FITTING = {
    "gqa.bytes_per_value": ("INT8",),
    "gqa.kv_bytes_per_token": (32, 8, 128, 2.0),
    "gqa.cached_tokens": (4096, 4096),
    "gqa.kv_cache_bytes": (131_072, 4096, 1, 4096),
    "gqa.shared_heads": (32, 8),
    "gqa.even_sharings": (32,),
    "swa.reach": (32, 4096),
    "swa.hops": (4096, 4096),
    "swa.visible_pairs": (4096, 4096),
    "swa.attention_flops": (4096, 32, 128),
    "speed.step": ("Mistral 7B", "FP16", 1, 0),
    "gqa.cache_of": ("Mistral 7B", 4096, 1, 2.0),
    "scaling.law": ("chinchilla",),
}


def test_every_formula_of_single_arguments_is_asked() -> None:
    assert {*FORMULAS, *BY_NAME} == {*FITTING}


@pytest.mark.parametrize(
    ("name", "place"), [(name, i) for name in FITTING for i in range(len(FITTING[name]))]
)
def test_a_formula_gives_what_can_be_or_a_sentence(name: str, place: int) -> None:
    function, fitting = {**FORMULAS, **BY_NAME}[name], FITTING[name]
    for value in HOSTILE:
        with ending():
            given, refusal = asked(function, *fitting[:place], value, *fitting[place + 1 :])
        if refusal:
            assert SAID.fullmatch(refusal), refusal
        elif isinstance(given, int | float):
            assert math.isfinite(given)
            assert given >= 0, (value, given)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: gqa.kv_bytes_per_token(32, 8, "128"),
            "`head_dim` is the text '128'; choose a whole number.",
        ),
        (lambda: gqa.kv_bytes_per_token(32, -8, 128), "`n_kv_heads` is -8; choose 1 or more."),
        (lambda: swa.reach(32.5, 4096), "`n_layers` is 32.5; choose a whole number."),
        (lambda: swa.hops(math.nan, 4096), "`distance` is nan; choose a finite number."),
        (
            lambda: speed.step("Mistral 7B", "INT5"),
            "There is no precision 'INT5' here; choose one of FP16, INT8, INT4.",
        ),
        (lambda: speed.step("Mistral 7B", "INT4", "1", 4), "`batch` is the text '1'; choose a whole number."),
        (lambda: speed.step("Mistral 7B", batch=0), "The batch is 0; choose a whole number from 1 to 4,096."),
        (
            lambda: speed.step("Mistral 7B", context=-4),
            "The context is -4; choose a whole number from 0 to 1,048,576 tokens.",
        ),
        (
            lambda: gqa.cache_of("Mistral 7B", -1),
            "A context of -1 tokens does not exist; it must be 0 or more.",
        ),
        (
            lambda: gqa.cache_of("Mistral 7B", 1, batch=0),
            "A batch of 0 sequences does not exist; it must be 1 or more.",
        ),
    ],
)
def test_a_formula_refuses_what_it_was_given_and_says_what_it_takes(
    call: Callable[[], Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()


ALLOWED = {
    "speed.step": ("memory.WEIGHT_BITS", "1 to 4,096", "0 to 2^20"),
    "scaling.law": ("LAWS", "chinchilla"),
    "cost.api": ("snapshots", "providers", "1 to 10^15", "0 to 1"),
    "swa.cache_by_context": ("gqa.MODELS", "131,072"),
    "gqa.cache_of": ("MODELS", "0 or more", "1 or more"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_the_help_says_what_is_allowed(name: str) -> None:
    room, function = name.split(".")
    text = " ".join((getattr(import_module(f"smallmodels.{room}"), function).__doc__ or "").split())
    assert [words for words in ALLOWED[name] if words not in text] == []
