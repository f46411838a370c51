"""A floor that goes to its bound."""

from itertools import chain, combinations

from smallmodels import miniature
from smallmodels.scaling.fitting import METHODS

SEEDS = chain.from_iterable(combinations((0, 1, 2), n) for n in (1, 2, 3))


def test_a_floor_at_its_bound_is_zero_in_the_browser_and_in_a_kernel():
    """It was shown as 8.4e-10, whose digits are rounding and differ between mathematical libraries."""
    floors = [
        miniature.refit(smallest=48, last=8_388_608, held_out=0, seeds=seeds, how=how)["fitted"][0]
        for seeds in SEEDS
        for how in METHODS
    ]
    assert 0 in floors
    assert [floor for floor in floors if 0 < floor < 1e-3] == []
