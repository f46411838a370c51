"""Events, spans and verdicts against what the table of facts says."""

import pytest

from smallmodels import facts, story


def test_the_reader_counts_from_every_date_once():
    ids = [id for _, id in story.event_choices()]
    assert ids == ["torrent", "founding", "seed-round", "release", "paper"]
    assert sorted(story.event(id).date for id in ids) == sorted({event.date for event in facts.story()})


def test_what_the_post_leaves_out_is_what_it_does_not_mention():
    for event in facts.story():
        assert (event.standing == story.LEFT_OUT) == (event.post_says == "not mentioned")


def test_what_became_public_after_the_post_is_told_by_its_date():
    for event in facts.story():
        assert story.bounds(event.public)[1] >= story.bounds(event.date)[0]
    posted = facts.source("post").date
    later = {event.id for event in facts.story() if story.days_between(posted, event.public)[0] > 0}
    assert later == {"founding", "paper", "post-date"}


def test_a_span_is_as_long_either_way():
    there, back = story.span("founding", "paper"), story.span("paper", "founding")
    assert there.days == tuple(-days for days in reversed(back.days))
    assert back.forwards() == there == there.forwards()
    assert story.span("founding", "founding").days == (0, 0)
    assert not story.span("founding", "founders").known


def test_the_pair_nearest_to_four_months_found_by_trying_all():
    days = {}
    for a in facts.story():
        for b in facts.story():
            if len(a.date) == len(b.date) == len("2023-09-27") and a.date < b.date:
                days[a.id, b.id] = story.days_between(a.date, b.date)[0]
    nearest = story.nearest_to(121.75)
    least = min(abs(count - 121.75) for count in days.values())
    assert abs(nearest.days[0] - 121.75) == least
    assert nearest.days[0] == 119


def test_verdicts_are_counted_once_each():
    of = story.standing()
    left_out = [event for event in facts.story() if event.standing == story.LEFT_OUT]
    assert of.said == len(facts.story()) - len(left_out)


def test_an_unknown_event_is_refused():
    with pytest.raises(ValueError, match="There is no event 'moon' here; choose"):
        story.span("founding", "moon")
