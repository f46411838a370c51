"""The story against the post's own telling, a calendar counted by hand, and its own arithmetic."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import facts
from smallmodels.story import charts, timeline

# What the post tells of the company, statement by statement.
POST = {
    "Founding": "founded in May 2023",
    "Founders": "former Google DeepMind and Meta researchers",
    "Seed round": "seed round of $113 million",
    "Pace": "four months from founding to first model",
    "Release": "a magnet link on Twitter",
    "Blog and code": "no blog post (that came later), no paper",
}
IDS = [event.id for event in facts.story()]


def rows():
    table = timeline()
    return {row[0]: row for row in list(table.shown())[1:]}


@pytest.mark.parametrize(("topic", "words"), POST.items())
def test_the_post_is_quoted_as_it_stands(topic, words):
    assert words in rows()[topic][3]


def test_days_of_whatever_the_reader_counts_from():
    since_round = dict(zip(timeline().values("topic"), timeline("seed-round").values("days"), strict=True))
    assert since_round["Release"] == 106
    assert since_round["Paper"] == 106 + 3 + 10
    assert since_round["Founding"] == "−73 to −44"
    assert since_round["Seed round"] == 0
    assert timeline().values("days")[timeline().values("topic").index("Founders")] == "same month"
    assert timeline().values("days")[timeline().values("topic").index("Founding")] == 0
    assert (
        "From “Release” (27 September 2023) to “Paper” (10 October 2023): 13 days"
        in timeline("paper").finding
    )


def test_from_the_day_of_the_release_days_run_to_the_paper():
    to_paper = "“Paper” (10 October 2023): 13 days, or 0.4 months."
    for id in ("release", "pace", "work", "blog", "licence", "post-date"):
        assert to_paper in timeline(id).finding
        assert timeline(id).series["span"] == [{"from": "2023-09-27", "to": "2023-10-10"}]


def test_what_holds_is_counted():
    standings = {event.id: event.standing for event in facts.story()}
    by_hand = {
        "right": ["founders", "paper", "release", "seed-round"],
        "defensible or unprovable": ["founding", "pace", "post-date", "torrent"],
        "overstated or contradicted": ["blog", "work"],
        "left out": ["licence", "plan"],
    }
    for standing, ids in by_hand.items():
        assert sorted(id for id, kind in standings.items() if kind == standing) == ids
    counts = "Of 10 things the post says or implies, 4 are right, 4 defensible or unprovable, 2 overstated"
    assert counts in timeline().notes[0]
    verdicts = dict(zip(timeline().values("topic"), timeline().values("verdict"), strict=True))
    assert verdicts["Seed round"] == "right: as announced"


def test_the_chart_has_a_mark_for_every_standing():
    legends = re.findall(r'"domain": (\[[^\]]*\])', json.dumps(charts.timeline().to_dict()))
    kinds = {event.standing for event in facts.story()}
    assert legends
    assert all(set(json.loads(legend)) == kinds for legend in legends)


@given(st.sampled_from(IDS))
def test_every_reachable_timeline_is_whole(start):
    table = timeline(start)
    assert len(table.rows) == len(IDS) == len(table.series["events"])
    dates = [row["from"] for row in table.series["events"]]
    assert dates == sorted(dates)
    assert all(mark["from"] <= mark["to"] for records in table.series.values() for mark in records)
    assert all(text for row in table.shown() for text in row)
    counted = [days for days in table.values("days") if isinstance(days, int)]
    assert 0 in counted
    assert counted == sorted(counted)


@pytest.mark.parametrize("wrong", [{"start": "moon-landing"}, {"start": ""}])
def test_an_unknown_event_gets_one_sentence(wrong):
    with pytest.raises(ValueError, match=re.escape(f"There is no event {next(iter(wrong.values()))!r}")):
        timeline(**wrong)
