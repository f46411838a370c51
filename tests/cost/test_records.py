"""Offers, rents and cases against prices typed in by hand and the rules of the data."""

from smallmodels import cost


def test_one_currency_in_a_snapshot():
    for _, snapshot in cost.snapshots():
        assert len({offer.currency for offer in cost.offers(snapshot)}) == 1
