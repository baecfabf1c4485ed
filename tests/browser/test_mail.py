"""The mails in the window of a phone and of a desktop, light and dark."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from functions.notify.events.order_events import OrderEvent
from functions.notify.messages.messages import Messages

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = {
    event_type: json.loads((EVENTS / f"{event_type}.json").read_text())
    for event_type in ("order.paid.v1", "order.cancelled.v1")
}
LONG = [
    {"sku": f"BOOK-{number}", "name": name, "quantity": 10_000, "unit_price": "999999999.99"}
    for number, name in enumerate(["Notes on the Engine", "A" * 120, "Một quyển sách có cái tên rất là dài " * 5])
]
MESSAGES = Messages(shop_name="The Analytical Bookshop")

# The contrast between text and background, from the luminance of both colours, by WCAG 2.
CONTRAST = """
element => {
  const parse = colour => colour.match(/[0-9.]+/g).map(Number);
  const luminance = colour => {
    const [r, g, b] = parse(colour).slice(0, 3)
      .map(part => part / 255).map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const [light, dark] = [getComputedStyle(element).color, background(element)]
    .map(luminance).sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}
"""


@pytest.mark.parametrize("locale", ["en", "vi"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("changes", [{}, {"items": LONG, "reason": "A" * 200}], ids=["sample", "long"])
@pytest.mark.parametrize("event_type", SAMPLES)
def test_mail_fits_its_window_and_has_enough_contrast(
    browser: Browser,
    event_type: str,
    changes: dict[str, Any],
    width: int,
    scheme: Literal["light", "dark"],
    locale: str,
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    try:
        page.set_content(_mail(event_type, changes, locale))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        for text in page.locator("h1, p, td").all():
            if text.is_visible() and text.inner_text().strip():
                assert text.evaluate(CONTRAST) >= 4.5, f"too faint: {text.inner_text()[:40]!r}"
        assert _is_dark(page) == (scheme == "dark")
    finally:
        page.close()


def _mail(event_type: str, changes: dict[str, Any], locale: str) -> str:
    sample = SAMPLES[event_type]
    data = sample["data"] | changes | {"customer": sample["data"]["customer"] | {"locale": locale}}
    return MESSAGES.render(OrderEvent.model_validate(sample | {"data": data})).html


def _is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(float, colour.removeprefix("rgba").removeprefix("rgb").strip("()").split(",")[:3])) < 3 * 128
