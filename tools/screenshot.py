"""`python -m tools.screenshot`: place the Vietnamese and the English sample order, and picture the inbox.

Writes docs/images/inbox.png. Needs Chromium: its path in CHROMIUM, or chromium on the PATH.
"""

import sys
from pathlib import Path

from playwright.async_api import async_playwright

from samrun import run_until_signal
from tools import chromium
from tools.demo import INTERRUPTED, SAMPLES, running_demo

IMAGE = Path("docs/images/inbox.png")
# Newest last: its mail is the one that is open in the picture.
ORDERS = ("create-order-yen.json", "create-order-vi.json", "create-order-minimal.json", "create-order-ada.json")


async def picture(executable: str) -> None:
    """Write the picture, and print where it is."""
    async with (
        running_demo([SAMPLES / name for name in ORDERS], one_by_one=True) as shown,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1280, "height": 880}, color_scheme="light")
        await page.goto(shown.console)
        await page.get_by_text(shown.rows[-1][-1]).first.click()
        frame = page.frame_locator("iframe").first
        await frame.get_by_text("Ada Lovelace").first.wait_for()
        await page.wait_for_timeout(500)  # it is there, and painted a moment later
        IMAGE.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=IMAGE)
        await browser.close()
    print(IMAGE)


def main() -> int:
    """Make the picture; return the exit status."""
    executable = chromium.find()
    if not executable:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    return run_until_signal(picture(executable), interrupted=INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
