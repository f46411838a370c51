"""The figures of chapter 08's sentences."""

import re

from smallmodels import facts, story, words
from smallmodels.figures import Texts, computed


def told(id: str, pattern: str) -> str:
    """What a fact of the story, or the post's account of it, says in the words of `pattern`."""
    one = story.event(id)
    found = re.search(pattern, f"{one.post_says}; {one.fact}")
    assert found, f"The event {id} no longer says {pattern!r}."
    return found[0]


@computed(shows="timeline")
def claims() -> Texts:
    """What the post says of the founding, the seed round and the pace, in its words."""
    from_founding, from_round = (
        told("pace", rf"\w+ months(?= from {start})") for start in ("founding", "the round")
    )
    assert from_founding == from_round, "The post counts the same months twice."
    return {
        "post-founding": told("founding", r"(?<=founded in )\w+ \d{4}"),
        "post-seed": told("seed-round", r"\$\d+ million"),
        "post-pace": from_founding,
    }


@computed(shows="timeline")
def standing() -> Texts:
    """Verdicts counted over the events of the timeline that the post says something of, or implies it."""
    of = story.standing()
    return {
        "said": words.number(of.said),
        "right": words.number(of.right),
        "arguable": words.number(of.arguable),
        "wrong": words.number(of.wrong),
    }


@computed(shows="timeline?start=founding")
def from_the_founding() -> Texts:
    """Days from any day of the month of the founding to the day of the release."""
    span = story.span("founding", "release")
    low, high = span.days
    assert 4.9 < story.months(low) < story.months(high) < 6, "Five months, or nearly six."
    assert story.spoken(span.start.date) == "April 2023"
    return {"founded": story.spoken(span.start.date), "founding-low": f"{low}", "founding-high": f"{high}"}


@computed()
def from_may() -> Texts:
    """Days from any day of May 2023 to the day of the release, in months."""
    days = story.days_between("2023-05", story.event("release").date)
    assert story.spoken("2023-05") in story.event("founding").post_says, "May is the post's month too."
    low, high = (words.number(round(story.months(count))) for count in days)
    assert story.months(days[1]) < 5, "Nearly as many as that."
    return {"may-low": low, "may-high": high}


@computed(shows="timeline?start=seed-round")
def from_the_round() -> Texts:
    """Days from the announcement of the seed round to the day of the release."""
    span = story.span("seed-round", "release")
    assert span.known
    return {"round-date": story.spoken(span.start.date), "round-days": f"{span.days[0]}"}


@computed(shows="timeline?start=release")
def to_the_paper() -> Texts:
    """Days from the release to the paper."""
    span = story.span("release", "paper")
    assert span.known
    assert story.event("blog").date == span.start.date, "The announcement came the same day."
    return {"paper-days": words.number(span.days[0])}


@computed()
def licence() -> Texts:
    """The licence of the weights, as the timeline has it."""
    return {"licence": told("licence", r"Apache [\d.]+")}


@computed()
def date_of_the_post() -> Texts:
    """The post's own date, and the year of the report in which its figure for GSM8K is found first."""
    report, post = facts.source("gemma-report").date, facts.source("post").date
    assert report[:4] == story.event("post-date").public, "The timeline has the same year."
    assert report < f"{report[:4]}-04", "It is of early that year."
    return {"report-year": report[:4], "post-date": story.spoken(post)}


@computed()
def ahead_of_plan() -> Texts:
    """When the company had announced its first models for, as the timeline has it."""
    assert story.event("plan").judgement.startswith("a quarter early")
    return {"planned": told("plan", r"early \d{4}")}


@computed()
def work() -> Texts:
    """How long the work took by the company's announcement, as the timeline has it."""
    assert story.event("work").standing == story.WRONG, "The post's guess is contradicted."
    told("work", "the training pipeline was mostly figured out before the company existed")
    told("work", "the team was assembled, the training tools were rebuilt")
    told("work", "an advanced data processing pipeline was designed")
    return {"work": told("work", r"\w+ months(?= of work)")}


@computed()
def late_news() -> Texts:
    """The events that became public after the day on the post, and when the founding's month did."""
    late = story.public_later(facts.source("post").date)
    assert {one.id for one in late} == {"founding", "paper", "post-date"}
    return {
        "late": ", ".join(f"*{one.topic.lower()}*" for one in late),
        "founding-public": story.spoken(story.event("founding").public),
    }


@computed()
def nearest_pair() -> Texts:
    """Of all pairs of events whose days are known, the one nearest to four months of 30.44 days."""
    span = story.nearest_to(4 * story.DAYS_PER_MONTH)
    assert span.known
    return {
        "nearest-start": span.start.topic.lower(),
        "nearest-end": span.end.topic.lower(),
        "nearest-days": f"{span.days[0]}",
    }
