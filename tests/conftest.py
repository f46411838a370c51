"""What tests of several folders share: one browser for a whole run, as Playwright allows no second."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import browser as chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    with chromium.chromium() as running:
        yield running
