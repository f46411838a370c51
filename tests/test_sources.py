"""The sources that a table names are links: to their own addresses, and on a page to the book's entry."""

import re
from html import unescape
from typing import Any

import pytest

import notebooks
from smallmodels import facts
from smallmodels.facts.cited import linked
from smallmodels.live.answer import answer


def first(data: dict[str, Any]) -> list[str]:
    state = data["fixed"] | {control["name"]: control["value"] for control in data["controls"]}
    return list(answer(data["function"], state)["sources"])


SOURCES = {source: data["function"] for data in notebooks.widgets() for source in first(data)}
# Our own measurements, whose record the panel tells; and rows that name who released a model, and when.
OWN = ("recorded experiment", "Our own run")
RELEASED = re.compile(r"^[^,]+, \d+ \w+ \d{4}; [\d.]+ billion\.")
KNOWN = {source.id: source for source in facts.sources()}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_a_table_leads_to_what_it_names(source: str) -> None:
    text = unescape(re.sub("<[^>]+>", "", source))
    if text.startswith(OWN) or RELEASED.match(text):
        return
    links = re.findall(r'<a data-source="([^"]+)"(?: href="([^"]*)")?>(.*?)</a>', source)
    assert links, text
    for id, address, words in links:
        assert unescape(address) == KNOWN[id].url
        assert unescape(words).lower() in (KNOWN[id].title.lower(), KNOWN[id].short_title.lower())


def test_a_source_is_known_where_it_is_named_and_nowhere_else() -> None:
    assert linked("Shape of Mistral 7B: litgpt 0.5.13, litgpt/config.py.").count("<a ") == 1
    assert "<a " not in linked("Nothing <b> is named here; nor is the post of today.")
    assert linked("a < b").endswith("a &lt; b")
    assert 'data-source="post"' in linked("The post, third table.")
    two = linked("What is Mistral AI?; Mistral AI introduces free access to its premier language model.")
    assert re.findall('data-source="([^"]+)"', two) == ["ibm-think", "stork"]


def test_a_page_gets_them_as_html() -> None:
    sources = answer("benchmarks.spread", {})["sources"]
    assert len(sources) > 5
    assert all(source.startswith("<a data-source=") for source in sources)
