"""The console on a stack of orders, as a person uses it: place an order, watch its flow, open its mail."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")

# Milliseconds: a first invocation starts its environment.
_PATIENCE = 60_000


@pytest.fixture
def page(browser: Browser, samrun: OrderStack) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", base_url=samrun.endpoints["console"]
    )
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    yield page
    context.close()


def test_an_order_is_placed_in_the_form_and_its_flow_ends_with_a_mail(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Place a sample order").first.click()
    page.get_by_label("email").fill("grace@example.com")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".step[data-kind=request]")).to_contain_text("POST /orders", timeout=_PATIENCE)
    steps = page.locator(".step")
    expect(steps.filter(has_text="OrderFunction")).to_contain_text("done", timeout=_PATIENCE)
    expect(page.locator(".step[data-kind=record]")).to_contain_text("order.paid.v1", timeout=_PATIENCE)
    expect(page.locator(".step[data-kind=delivery]")).to_contain_text("attempt 1", timeout=_PATIENCE)
    expect(page.locator(".step[data-kind=mail]")).to_contain_text("to grace@example.com", timeout=_PATIENCE)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^ord_"))

    page.get_by_role("link", name="Open the mail").click()
    expect(page).to_have_url(re.compile("/inbox/[0-9a-f]{22}$"))
    expect(page.get_by_role("heading", name=re.compile("Confirmed: your order"))).to_be_visible()


def test_each_sample_is_an_order_of_its_own(page: Page, samrun: OrderStack) -> None:
    page.goto("/flow/new")
    page.get_by_label("Requests").fill("5")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("5 \u00d7 201")).to_be_visible(timeout=_PATIENCE)
    samrun.wait_until_idle()
    assert len(samrun.mails()) == 5
    page.goto("/flow?q=ada@example.com")
    expect(page.locator("tbody tr")).to_have_count(5)


def test_a_flow_is_found_by_what_a_person_knows_of_it(page: Page, samrun: OrderStack) -> None:
    order = samrun.place("pay-found").json()
    samrun.wait_for_mails_to(["pay-found"])
    place = samrun.invocations("NotifyFunction")[-1].event["records"]
    [[record]] = place.values()
    known = ("order_id", order["order_id"]), ("mail address", "pay-found@example.com")
    offset = ("offset", f"order-events/{record['partition']}/{record['offset']}")
    for what, text in (*known, offset):
        page.goto("/flow")
        page.get_by_role("searchbox").fill(text)
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("heading", name=order["order_id"]), what).to_be_visible()
