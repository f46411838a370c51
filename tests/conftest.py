"""What tests of several folders share: one browser for a whole run, as Playwright allows no second."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import browser as chromium
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# No test depends on a clock.
settings.register_profile("book", deadline=None)
settings.load_profile("book")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    with chromium.chromium() as running:
        yield running
