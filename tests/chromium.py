"""A real browser: the one that CHROMIUM names, or the first that is installed."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tools import chromium

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
    """The path of a browser; without one these tests are skipped, or fail where REQUIRE_BROWSER is 1."""
    found = chromium.find()
    if found is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    return found


# Not for the session: Playwright keeps an event loop running, under which other tests' asyncio.run() fails.
@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator[Browser]:
    """A browser that runs."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=_QUIET)
        yield running
        running.close()
