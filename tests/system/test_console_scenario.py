"""The console on a stack of orders, from end to end: break notify and mend it, poison a record and replay it."""

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.crashing_notify import dies_of
from tests.system.order_stack import OrderStack

OPENAPI = "docs/openapi.json"
NOTIFY = "functions/notify/handlers/notify.py"
TOPIC = "/kafka/topics/order-events"
# Milliseconds: a first invocation starts its environment, and a record that kills the function is retried.
PATIENCE = 90_000


@pytest.fixture
def stack(project: Path, start: Callable[..., OrderStack]) -> OrderStack:
    """A stack whose notify function dies of a record with the word "deadly"."""
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 10000", "MaximumRetryAttempts: 2"))
    (project / "docs").mkdir()
    shutil.copy(ROOT / OPENAPI, project / OPENAPI)  # the form comes from it
    (project / NOTIFY).write_text((ROOT / NOTIFY).read_text() + dies_of(b"deadly"))
    return start(eager=True)


@pytest.fixture
def page(browser: Browser, stack: OrderStack) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", base_url=stack.endpoints["console"]
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def test_a_person_places_breaks_watches_mends_poisons_and_replays(page: Page, stack: OrderStack, project: Path) -> None:
    expect.set_options(timeout=PATIENCE)
    _place_an_order_and_open_its_mail(page)
    _switch_notify(page, "it is throttled (429)")
    _place_orders(page, 3)
    _watch_the_lag(page, "3")
    _switch_notify(page, "it works")
    _watch_the_lag(page, "0")
    stack.wait_until_idle()
    assert len(stack.mails()) == 4
    _poison_a_record(page)
    _look_at_the_dead_letter_and_replay_it_in_vain(page)
    _mend_the_code(stack, project)
    _replay(page)
    assert sorted(stack.recipients()) == ["ada@example.com"] * 3 + ["grace@example.com", "poisoned@example.com"]


def _place_an_order_and_open_its_mail(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Place a sample order").first.click()
    page.get_by_label("email").fill("grace@example.com")
    page.get_by_role("button", name="Send").click()
    for kind, words in {
        "request": "POST /orders",
        "invocation": "OrderFunction",
        "record": "order.paid.v1",
        "delivery": "NotifyFunction",
        "mail": "to grace@example.com",
    }.items():
        expect(page.locator(f".step[data-kind={kind}]")).to_contain_text(words)
    page.get_by_role("link", name="Open the mail").click()
    expect(page.get_by_role("heading", name=re.compile("Confirmed: your order"))).to_be_visible()
    expect(page.frame_locator("#html").get_by_role("heading", name="Your order is confirmed.")).to_be_visible()


def _switch_notify(page: Page, label: str) -> None:
    page.get_by_role("link", name="Functions", exact=True).first.click()
    page.get_by_role("link", name="NotifyFunction").click()
    page.get_by_label(label).check()
    page.get_by_role("button", name="Switch", exact=True).click()
    expect(page.get_by_label(label)).to_be_checked()


def _place_orders(page: Page, number: int) -> None:
    page.get_by_role("link", name="Flow", exact=True).click()
    page.get_by_role("link", name="Place a sample order").first.click()
    page.get_by_label("Requests").fill(str(number))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text(f"{number} \u00d7 201")).to_be_visible()


def _watch_the_lag(page: Page, behind: str) -> None:
    page.get_by_role("link", name="Kafka", exact=True).click()
    page.get_by_role("link", name="order-events", exact=True).click()
    expect(page.locator(".lag-now")).to_have_text(behind)
    expect(page.get_by_role("img", name=re.compile(f": {behind} records behind"))).to_be_visible()


def _poison_a_record(page: Page) -> None:
    """Edit a record that is in the topic: another event of the order, of which notify dies."""
    page.goto(TOPIC)
    page.locator("a.record").first.click()
    page.get_by_role("link", name="Edit and publish").click()
    event = json.loads(page.get_by_label("Value").first.input_value())
    event["id"] = str(uuid.uuid4())
    event["data"]["customer"] |= {"email": "poisoned@example.com", "name": "deadly"}
    page.get_by_label("Value").first.fill(json.dumps(event))
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The record is published")).to_be_visible()


def _look_at_the_dead_letter_and_replay_it_in_vain(page: Page) -> None:
    page.get_by_role("link", name="Dead letters").click()
    found = page.get_by_role("link", name=re.compile(r"order-events-\d@"))
    expect(page.get_by_role("cell", name=re.compile("RetryAttemptsExhausted"))).to_contain_text("after 3 attempts")
    found.click()
    expect(page.get_by_role("group", name=re.compile("Value of"))).to_contain_text("poisoned@example.com")
    page.get_by_role("button", name="Replay to NotifyFunction").click()
    expect(page.get_by_role("alert")).to_contain_text("NotifyFunction failed again")


def _mend_the_code(stack: OrderStack, project: Path) -> None:
    (project / NOTIFY).write_text((ROOT / NOTIFY).read_text())
    eventually(lambda: bool(stack.logged("code changed")), what="notify to be started again")


def _replay(page: Page) -> None:
    page.get_by_role("link", name="Dead letters").first.click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("status").filter(has_text="NotifyFunction has processed it")).to_be_visible()
    expect(page.get_by_role("heading", name="No dead letters")).to_be_visible()
    page.get_by_role("link", name="Inbox").click()
    expect(page.locator("#mails .mail", has_text="deadly").first).to_be_visible()
