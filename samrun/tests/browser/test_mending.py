"""The console as a person uses it on a real stack: break a function, mend it; poison a record, replay it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from samrun.testing.stack import RunningStack
from support.page_checks import check_page

APP = Path(__file__).parents[1] / "apps" / "tested"
PATIENCE = 20_000  # milliseconds
TOPIC = "/kafka/topics/registrations"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(APP, tmp_path_factory.mktemp("mending") / "data") as stack:
        yield stack


@pytest.fixture
def page(browser: Browser, stack: RunningStack) -> Iterator[Page]:
    stack.reset()
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=stack.endpoints["console"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def switch(page: Page, label: str | re.Pattern[str]) -> None:
    page.goto("/functions/Welcome")
    page.get_by_label(label).check()
    page.get_by_role("button", name="Switch", exact=True).click()
    page.wait_for_url("/functions/Welcome")


def publish(page: Page, value: str) -> None:
    page.goto(TOPIC)
    page.get_by_role("link", name="Publish a record").click()
    page.get_by_label("Key", exact=False).first.fill("ada")
    page.get_by_label("Value").first.fill(value)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The record is published")).to_be_visible()


def test_broken_function_lets_the_lag_grow_until_it_is_mended(page: Page, stack: RunningStack) -> None:
    switch(page, "it is throttled (429)")
    expect(page.get_by_text("is throttled", exact=True)).to_be_visible()
    for number in range(3):
        publish(page, f'{{"email": "ada{number}@example.com", "name": "Ada"}}')
    page.goto(TOPIC)
    expect(page.locator(".lag-now")).to_have_text("3", timeout=PATIENCE)
    expect(page.get_by_role("img", name=re.compile("3 records behind"))).to_be_visible()
    switch(page, "it works")
    page.goto(TOPIC)
    expect(page.locator(".lag-now")).to_have_text("0", timeout=PATIENCE)
    assert len(stack.mails()) == 3


def test_poisoned_record_is_a_dead_letter_and_is_replayed(page: Page, stack: RunningStack) -> None:
    switch(page, "it fails")
    publish(page, '{"email": "ada@example.com", "name": "Ada"}')
    page.goto("/dead-letters")
    found = page.get_by_role("link", name=re.compile(r"registrations-\d@"))
    expect(found).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("cell", name=re.compile("RetryAttemptsExhausted"))).to_contain_text("after 2 attempts")
    found.click()
    expect(page.get_by_role("group", name=re.compile("Value of"))).to_contain_text("ada@example.com")
    page.get_by_role("button", name="Replay to Welcome").click()
    expect(page.get_by_role("alert")).to_contain_text("Welcome failed again")
    switch(page, "it works")
    page.goto("/dead-letters")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("status").filter(has_text="Welcome has processed it")).to_be_visible()
    expect(page.get_by_role("heading", name="No dead letters")).to_be_visible()
    assert stack.recipients() == ["ada@example.com"]


def test_record_behind_a_failing_one_waits(page: Page, stack: RunningStack) -> None:
    switch(page, "it is throttled (429)")
    for key in ("ada", "grace"):
        stack.produce("registrations", {"email": f"{key}@example.com", "name": "Ada"}, key=key)
        page.goto("/flow")
        expect(page.get_by_role("row").filter(has_text=key)).to_contain_text("retrying" if key == "ada" else "waiting")
    page.get_by_role("link", name="grace").click()
    expect(page.locator("[data-kind=record]")).to_contain_text("waiting for")
    stack.mend("Welcome")
    expect(page.locator("#timeline h1 + .badge")).to_have_text("done", timeout=PATIENCE)
    expect(page.locator("[data-kind=record]")).not_to_contain_text("waiting")


def test_lag_of_a_mapping_moves_and_what_is_typed_stays(page: Page, stack: RunningStack) -> None:
    switch(page, "it is throttled (429)")
    mappings = page.get_by_role("region", name="Kafka mappings")
    expect(mappings).to_contain_text("0 behind", timeout=PATIENCE)
    mappings.get_by_label(re.compile("^earliest")).fill("latest")
    stack.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, key="ada")
    expect(mappings).to_contain_text("1 behind", timeout=PATIENCE)
    expect(mappings.get_by_label(re.compile("^earliest"))).to_have_value("latest")
    expect(mappings.get_by_label(re.compile("^earliest"))).to_be_focused()
    stack.mend("Welcome")
    expect(mappings).to_contain_text("0 behind", timeout=PATIENCE)
    mappings.get_by_role("button", name="Pause").click()
    expect(mappings).to_contain_text("Disabled", timeout=PATIENCE)
    mappings.get_by_role("button", name="Resume").click()
    expect(mappings).to_contain_text("Enabled", timeout=PATIENCE)


def test_mapping_is_paused_and_resumed(page: Page) -> None:
    page.goto("/functions/Welcome")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Disabled", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Enabled", exact=True)).to_be_visible(timeout=PATIENCE)


def test_function_is_invoked_with_an_event_and_shows_what_it_did(page: Page) -> None:
    page.goto("/functions/Welcome")
    page.get_by_role("link", name="Invoke").click()
    page.get_by_label("Event").fill('{"records": {}}')
    page.get_by_role("button", name="Invoke").click()
    expect(page.get_by_role("heading", name=re.compile("Invocation"))).to_be_visible()
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Log")).to_contain_text("REPORT RequestId")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_are_accessible_and_fit(page: Page, stack: RunningStack, theme: str, width: int) -> None:
    stack.produce("registrations", "poison \x1b[31m <b>", key="poison")
    stack.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, key="ada")
    stack.wait_until_idle()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("/dead-letters")
    dead_letter = page.get_by_role("link", name=re.compile(r"registrations-\d@")).get_attribute("href") or ""
    page.goto("/functions/Welcome")
    invocation = page.locator("[id^=invocation-]").first.get_attribute("href") or ""
    record = page.goto(TOPIC) and page.locator("a.record").first.get_attribute("href")
    paths = ["/kafka", TOPIC, record or "", f"{TOPIC}/publish", "/functions", "/functions/Welcome", invocation]
    check(page, *paths, "/functions/Welcome/invoke", "/dead-letters", dead_letter)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_of_an_empty_and_of_a_disturbed_stack_are_accessible_and_fit(
    page: Page, stack: RunningStack, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    check(page, "/", "/flow/new", "/kafka", "/functions", "/functions/Welcome", "/dead-letters", "/inbox", "/nowhere")
    stack.disturb("Welcome", "error")
    stack.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, key="ada")
    stack.wait_for_invocation("Welcome")
    stack.disturb("Welcome", "throttle")
    stack.produce("registrations", {"email": "grace@example.com", "name": "Grace"}, key="grace")
    page.goto(TOPIC)
    expect(page.locator(".lag-now")).not_to_have_text("0", timeout=PATIENCE)
    check_page(page)
    page.goto("/functions/Welcome")
    failed = page.locator("[id^=invocation-]").last.get_attribute("href") or ""
    check(page, "/", "/flow/key/ada", "/kafka", "/functions", "/functions/Welcome", failed, "/dead-letters")


def check(page: Page, *paths: str) -> None:
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle" if path == "/functions/Welcome" else "load")
        check_page(page)
