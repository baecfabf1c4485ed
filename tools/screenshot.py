"""`python -m tools.screenshot`: place sample orders, and picture the flow of one and its mail, light and dark.

Writes docs/images/flow-light.png, flow-dark.png, inbox-light.png and inbox-dark.png. Needs Chromium: its path in
CHROMIUM, or chromium on the PATH.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.async_api import async_playwright

from samrun import run_until_signal
from tools import chromium
from tools.demo import INTERRUPTED, SAMPLES, running_demo

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

IMAGES = Path("docs/images")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Newest last: its flow and its mail are the ones in the pictures.
ORDERS = ("create-order-vi.json", "create-order-minimal.json", "create-order-ada.json")


async def take_pictures(executable: str) -> None:
    """Write the pictures, and print where they are."""
    async with (
        running_demo([SAMPLES / name for name in ORDERS], one_by_one=True) as shown,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        IMAGES.mkdir(parents=True, exist_ok=True)
        for scheme in SCHEMES:
            page = await _page(browser, scheme)
            await _open_flow(page, shown.console)
            await _take(page, f"flow-{scheme}.png")
            await page.get_by_text("Open the mail").first.click()
            await page.frame_locator("iframe").first.get_by_text("Ada Lovelace").first.wait_for()
            await _take(page, f"inbox-{scheme}.png")
        await browser.close()


async def _page(browser: Browser, scheme: Literal["light", "dark"]) -> Page:
    return await browser.new_page(viewport={"width": 1280, "height": 880}, color_scheme=scheme)


async def _open_flow(page: Page, console: str) -> None:
    """Open the timeline of the newest order, until its mail is there."""
    await page.goto(console)
    await page.locator(".flows .name a").first.click()
    await page.get_by_text("Open the mail").first.wait_for()


async def _take(page: Page, name: str) -> None:
    await page.wait_for_timeout(500)  # it is there, and painted a moment later
    await page.screenshot(path=IMAGES / name)
    print(IMAGES / name)


def main() -> int:
    """Take the pictures; return the exit status."""
    executable = chromium.find()
    if not executable:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    return run_until_signal(take_pictures(executable), interrupted=INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
