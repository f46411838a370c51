"""Labels and prices by their own arithmetic."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smallmodels import cost
from smallmodels.cost import LABELS

scores = st.floats(0, 100)


@settings(deadline=None)
@given(scores, scores, scores, scores, scores)
def test_a_higher_score_never_gets_a_lower_label(a, b, moderate, good, plus):
    low, high = sorted([a, b])
    ranks = [LABELS.index(cost.label(score, moderate, good, plus)) for score in (low, high)]
    assert ranks == sorted(ranks)
