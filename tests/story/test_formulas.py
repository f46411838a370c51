"""Days between dates against a calendar counted by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallmodels import story
from smallmodels.story import timeline


def test_the_round_came_a_hundred_and_six_days_before_the_release():
    # 17 days of June, 31 of July, 31 of August, 27 of September.
    assert story.days_between("2023-06-13", "2023-09-27") == (17 + 31 + 31 + 27,) * 2
    assert "106 days, or 3.5 months" in timeline("seed-round").finding


def test_from_the_founding_it_was_more_than_four_months():
    low, high = story.days_between("2023-04", "2023-09-27")
    assert (low, high) == (31 + 30 + 31 + 31 + 27, 30 + 31 + 30 + 31 + 31 + 26)
    assert "150 to 179 days, or 4.9 to 5.9 months" in timeline().finding


@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.integers(0, 800))
def test_days_are_those_one_can_count(start, days):
    end = start + timedelta(days)
    assert story.days_between(start.isoformat(), end.isoformat()) == (days, days)
    low, high = story.days_between(start.isoformat()[:7], end.isoformat())
    assert low <= days <= high
    assert high - low in (27, 28, 29, 30)  # as many as the month of the first date leaves open


def test_a_year_alone_is_any_of_its_days():
    assert story.bounds("2024") == (date(2024, 1, 1), date(2024, 12, 31))
    assert story.days_between("2023-12-31", "2024") == (1, 366)


def test_what_is_no_date_is_refused():
    with pytest.raises(ValueError, match="month"):
        story.bounds("2023-13")
