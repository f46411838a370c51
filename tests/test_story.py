"""The story against the post's own telling, a calendar counted by hand, and its own arithmetic."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import facts, story
from smallmodels.story import timeline

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


def test_the_round_came_a_hundred_and_six_days_before_the_release():
    # 17 days of June, 31 of July, 31 of August, 27 of September.
    assert story.days_between("2023-06-13", "2023-09-27") == (17 + 31 + 31 + 27,) * 2
    assert "106 days, or 3.5 months" in timeline("seed-round").finding


def test_from_the_founding_it_was_more_than_four_months():
    low, high = story.days_between("2023-04", "2023-09-27")
    assert (low, high) == (31 + 30 + 31 + 31 + 27, 30 + 31 + 30 + 31 + 31 + 26)
    assert "150 to 179 days, or 4.9 to 5.9 months" in timeline().finding


def test_days_of_whatever_the_reader_counts_from():
    since_round = dict(zip(timeline().values("topic"), timeline("seed-round").values("days"), strict=True))
    assert since_round["Release"] == 106
    assert since_round["Paper"] == 106 + 3 + 10
    assert since_round["Founding"] == "−73 to −44"
    assert since_round["Seed round"] == 0
    assert timeline().values("days")[timeline().values("topic").index("Founders")] == "within 29"
    assert "the same day" in timeline("blog").finding
    assert (
        "From “Release” (27 September 2023) to “Paper” (10 October 2023): 13 days"
        in timeline("paper").finding
    )


def test_what_holds_is_counted():
    standings = {event.id: story.standing(event) for event in facts.story()}
    assert [id for id, standing in standings.items() if standing == "right"] == [
        "founders", "seed-round", "release", "paper",
    ]  # fmt: skip
    assert [id for id, standing in standings.items() if standing == "left out"] == ["plan", "licence"]
    assert "Of 12 things" in timeline().finding
    assert "4 are right as they stand and 8 need a footnote" in timeline().finding


@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.integers(0, 800))
def test_days_are_those_one_can_count(start, days):
    end = start + timedelta(days)
    assert story.days_between(start.isoformat(), end.isoformat()) == (days, days)
    low, high = story.days_between(start.isoformat()[:7], end.isoformat())
    assert low <= days <= high
    assert high - low in (27, 28, 29, 30)  # as many as the month of the first date leaves open


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


def test_what_is_no_date_is_refused():
    with pytest.raises(ValueError, match="month"):
        story.bounds("2023-13")
