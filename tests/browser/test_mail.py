"""The mails in the window of a phone and of a desktop, light and dark."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from functions.notify.messages.messages import Messages
from tests.notify.samples import EVENTS, FIELDS, read_event

LONG = {
    "items": [
        {"sku": f"BOOK-{number}", "name": name, "quantity": 10_000, "unit_price": "999999999.99"}
        for number, name in enumerate(["Notes on the Engine", "A" * 120, "Một quyển sách có cái tên rất là dài " * 5])
    ],
    "reason": "A" * 200,
    "carrier": "A" * 200,
    "tracking_code": "A1" * 32,
}
RIGHT_TO_LEFT = {
    "items": [
        {
            "sku": "BOOK-1",
            "name": "\u05d4\u05d9\u05d0 \u05db\u05ea\u05d1\u05d4 (1843)",
            "quantity": 1,
            "unit_price": "1",
        }
    ],
    "reason": "\u0627\u0644\u063a\u0627\u0621 (2)",
}
MESSAGES = Messages(
    shop_name="The Analytical Bookshop", shop_url="https://shop.example", support_address="help@shop.example"
)


@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("event_type", FIELDS)
def test_mail_fits_its_window(browser: Browser, event_type: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    try:
        for locale in ("en", "vi"):
            for changes in ({}, LONG, RIGHT_TO_LEFT):
                page.set_content(_mail(event_type, changes, locale))
                assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
    finally:
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("event_type", FIELDS)
def test_mail_passes_axe(browser: Browser, event_type: str, width: int, scheme: Literal["light", "dark"]) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    try:
        page.set_content(_mail(event_type, LONG, "vi"))
        assert _findings(page) == {}
        assert _is_dark(page) == (scheme == "dark")
    finally:
        page.close()


def test_axe_finds_what_a_mail_lacks(browser: Browser) -> None:
    mail = _mail("order.paid.v1", {}, "en")
    for old, new in [
        (' role="main"', ""),
        ("color:#6b655c", "color:#c0c0c0"),
        ("<h2", "<h4"),
        (' lang="en"', ""),
        ("<title>Your order is confirmed</title>", ""),
    ]:
        assert old in mail
        mail = mail.replace(old, new)
    page = browser.new_page()
    try:
        page.set_content(mail)
        lacks = {"region", "landmark-one-main", "color-contrast", "heading-order", "html-has-lang", "document-title"}
        assert _findings(page).keys() == lacks
    finally:
        page.close()


@pytest.mark.parametrize("event_type", ["order.paid.v1", "order.cancelled.v1"])
def test_a_text_from_right_to_left_keeps_its_place(browser: Browser, event_type: str) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 800})
    try:
        page.set_content(_mail(event_type, RIGHT_TO_LEFT, "en"))
        texts = page.locator("bdi").all()
        assert len(texts) >= 2
        for text in texts:
            assert text.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
            box, parent = text.bounding_box(), text.locator("xpath=..").bounding_box()
            assert box
            assert parent
            assert box["x"] - parent["x"] < 100, "it is not where a text from left to right would be"
    finally:
        page.close()


def _mail(event_type: str, changes: dict[str, Any], locale: str) -> str:
    sample = EVENTS[event_type]
    data = sample["data"] | changes | {"customer": sample["data"]["customer"] | {"locale": locale}}
    return MESSAGES.render(read_event(sample | {"data": data})).html


def _findings(page: Page) -> dict[str, list[str]]:
    """Return axe's rules that the page breaks or may break, each with the elements."""
    results = Axe().run(page, options=None).response
    return {
        finding["id"]: [node["html"] for node in finding["nodes"]]
        for kind in ("violations", "incomplete")
        for finding in results[kind]
    }


def _is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(float, colour.removeprefix("rgba").removeprefix("rgb").strip("()").split(",")[:3])) < 3 * 128
