"""Fixtures of a real browser, for the tests of both products: the one in CHROMIUM, or the first on the PATH."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tools import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def executable() -> str:
    """The path of a browser. Without one, these tests are skipped, or fail if REQUIRE_BROWSER is 1."""
    found = chromium.find()
    if found is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    return found


# The scope is not the session: Playwright keeps an event loop running, and asyncio.run() in other tests would fail.
@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator[Browser]:
    """A running browser."""
    # Every run of the tests loads this module, and only some need Playwright.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_QUIET)
        yield browser
        browser.close()
