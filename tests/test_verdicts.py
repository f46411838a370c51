"""One set of verdicts for chips, charts and prose, told apart without colour."""

import pytest

from smallmodels import benchmarks
from smallmodels.verdicts import OF_CLAIMS, OF_GAPS, VERDICTS, verdict


@pytest.mark.parametrize("kind", [OF_CLAIMS, OF_GAPS])
def test_no_two_of_a_kind_share_a_mark(kind):
    marks = [(verdict(name).fill, verdict(name).shape) for name in kind]
    assert len(set(marks)) == len(marks)


def test_every_verdict_is_of_a_kind_and_says_what_it_means():
    assert {*OF_CLAIMS, *OF_GAPS} == set(VERDICTS)
    assert all(one.means.endswith(".") and one.slug.islower() for one in VERDICTS.values())


def test_benchmarks_speak_of_these_verdicts():
    said = (benchmarks.BEYOND, benchmarks.WITHIN, benchmarks.MIXED, benchmarks.UNKNOWN)
    assert said == OF_GAPS


def test_an_unknown_verdict_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="right with a caveat"):
        verdict("maybe")
