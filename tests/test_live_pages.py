"""The book's Sphinx extension for `Live`: what it finds in a page, refuses to publish, and computes ahead."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import ipywidgets
import pytest

from smallmodels import benchmarks
from smallmodels.live import Live
from smallmodels.live.answer import answer
from smallmodels.table import Table

EXTENSION = Path(__file__).parents[1] / "book" / "ext" / "live_pages.py"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("live_pages", EXTENSION)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def head_to_head(id: str = "here") -> str:
    source = ipywidgets.Dropdown(options=benchmarks.reports(), value="post")
    return Live(benchmarks.head_to_head, id=id, source=source, confidence=(0.5, 0.99, 0.01)).to_html()


def spread(id: str = "there") -> str:
    return Live(
        benchmarks.spread, id=id, model=ipywidgets.fixed("Mistral 7B"), benchmark=["GSM8K", "MMLU"]
    ).to_html()


def foreign() -> Table:
    return benchmarks.spread()


def test_every_live_of_a_page_is_found(pages: ModuleType) -> None:
    found = list(pages.stored(f"<main>{head_to_head()}<p>and</p>{spread()}</main>"))
    assert [(live.id, live.data["function"]) for live in found] == [
        ("here", "benchmarks.head_to_head"),
        ("there", "benchmarks.spread"),
    ]
    assert found[1].table == benchmarks.spread().to_html()
    assert list(pages.problems(found)) == []


def said(pages: ModuleType, html: str) -> list[str]:
    return list(pages.problems(list(pages.stored(html))))


def test_what_must_not_be_published_is_said_in_a_sentence(pages: ModuleType) -> None:
    assert said(pages, head_to_head() + head_to_head()) == [
        "two Lives are called here; give one of them another id."
    ]
    figure = f"{benchmarks.spread().values('score')[0]}"
    stale = spread().replace(f'data-value="{figure}"', 'data-value="0"')
    assert said(pages, stale) == ["the stored table of there is stale; run `make notebooks`."]
    unknown = Live(foreign).to_html()
    assert said(pages, unknown) == [f"foreign shows {__name__}.foreign, which is no function of smallmodels."]


def whole(packed: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """A packed result as the page unpacks it."""
    if "error" in packed:
        return {"error": "".join(texts[i] for i in packed["error"])}
    joined = {
        part: "".join(texts[i] for i in packed[part])
        for part in ("html", "finding", "verdict", "csv", "markdown")
    }
    listed = {part: [texts[i] for i in packed[part]] for part in ("notes", "sources", "record")}
    series = {name: [json.loads(texts[i]) for i in indices] for name, indices in packed["series"].items()}
    depending = {part: packed[part] for part in ("choices", "nearest")}
    return {**joined, **listed, **depending, "series": series}


@pytest.mark.parametrize("make", [head_to_head, spread])
def test_first_answers_are_those_of_the_function(pages: ModuleType, make: Any) -> None:
    (live,) = pages.stored(make())
    answers = pages.first_answers(live.data)
    assert len(set(answers["texts"])) == len(answers["texts"])
    moved = {control["name"]: 0 for control in live.data["controls"]}
    for name, value, packed in answers["states"]:
        arguments = {
            **live.data["fixed"],
            **{c["name"]: c["value"] for c in live.data["controls"]},
            name: value,
        }
        expected = json.loads(json.dumps(answer(live.data["function"], arguments)))
        assert whole(packed, answers["texts"]) == expected
        moved[name] += 1
    assert all(moved.values())
