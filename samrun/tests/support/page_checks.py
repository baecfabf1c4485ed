"""Checks of a page in a browser, whatever it shows: axe, and the width of its window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def check_page(page: Page) -> None:
    """Check that the page breaks no rule of axe and does not scroll sideways. It may have a stranger's mail in it."""
    violations = Axe().run(page, context={"exclude": [["#html", "*"]]}).response["violations"]
    assert {each["id"]: [node["html"] for node in each["nodes"]] for each in violations} == {}, page.url
    window = page.viewport_size
    assert window is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], f"{page.url} scrolls sideways"
