"""The view Flow in a real browser: timelines that fill while somebody looks, and the form of sample requests."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as WebRoute

from samrun.console import console
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from samrun.template.model.application import Application
from samrun.template.model.http_apis import HttpApi
from support.page_checks import check_page
from support.seen_stack import SeenStack
from support.web_server import serve_in_thread

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "paths": {
        "/orders": {
            "post": {
                "summary": "Place an order",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
            }
        },
        "/orders/{id}/cancellation": {
            "post": {
                "summary": "Cancel an order",
                "requestBody": {"content": {"application/json": {"example": {"reason": "changed_mind"}}}},
            }
        },
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "customer": {"type": "object", "properties": {"name": {"type": "string", "example": "Ada"}}},
                    "payment": {"type": "object", "properties": {"reference": {"type": "string"}}},
                    "quantity": {"type": "integer", "minimum": 2},
                },
            }
        }
    },
}


class OrderApi:
    """The API of the stack: what it was asked, and what samrun would see of it."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.stack: SeenStack
        self.app = Starlette(routes=[WebRoute("/{path:path}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        trace = request.headers["traceparent"].split("-")[1]
        self.stack.request(request.url.path, trace=trace)
        self.stack.deliver(self.stack.record(f"ord_{len(self.bodies):06}", trace=trace))
        return JSONResponse({}, 201)


@pytest.fixture
def api() -> OrderApi:
    return OrderApi()


@pytest.fixture
def stack(tmp_path: Path, api: OrderApi) -> Iterator[SeenStack]:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(DOCUMENT))
    declared = HttpApi(
        logical_id="Api", routes=(), openapi_document=document, new_in_each_sample=("/payment/reference",)
    )
    application = Application(functions=(), apis=(declared,), mappings=(), schedules=(), resources=(), ignored=())
    seen = api.stack = SeenStack(tmp_path / "mails", application)
    with serve_in_thread(api.app) as url:
        seen.parts.endpoints = replace(seen.parts.endpoints, api=url)
        yield seen


@pytest.fixture
def page(browser: Browser, stack: SeenStack) -> Iterator[Page]:
    """A page that fails the test if the browser logs an error or a warning. It closes before its server."""
    app = GuardMiddleware(console(stack.parts), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
    with serve_in_thread(app) as url:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", base_url=url)
        page = context.new_page()
        complaints: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                complaints.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        context.close()
    assert complaints == []


def test_empty_list_offers_a_sample(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing has happened yet")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Place a sample order").last.click()
    expect(page.get_by_role("heading", name="Place a sample order")).to_be_visible()


def test_flow_appears_and_its_timeline_fills_without_a_reload(page: Page, stack: SeenStack) -> None:
    page.goto("/flow")
    stack.request()
    record = stack.record("ord_000001")
    stack.deliver(record, error="RuntimeError")
    page.get_by_role("link", name="ord_000001").click()
    expect(page.get_by_text("retrying", exact=True)).to_be_visible()
    mail = stack.mail("Confirmed: your order", stack.deliver(record, attempt=2))
    expect(page.locator(".step[data-kind=mail]")).to_contain_text("Confirmed: your order")
    expect(page.get_by_text("attempt 2")).to_be_visible()
    page.get_by_role("link", name="Open the mail").click()
    expect(page).to_have_url(re.compile(f"/inbox/{mail}$"))
    page.go_back()
    expect(page.get_by_role("heading", name="ord_000001")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="ord_000001")).to_be_visible()


def test_id_is_on_one_line_beside_all_that_happened(page: Page, stack: SeenStack) -> None:
    key = "ord_vd4br4vqikmozcg5mkvasyxhih"
    stack.request()
    stack.mail("Confirmed", stack.deliver(stack.record(key)))
    stack.deliver(stack.record("w" * 300))
    page.goto("/flow")
    lines = "element => element.getBoundingClientRect().height / parseFloat(getComputedStyle(element).lineHeight)"
    assert round(page.get_by_role("link", name=key).evaluate(lines)) == 1
    assert page.get_by_role("link", name="wwww").evaluate(lines) > 1
    check_page(page)


def test_notice_stays_until_the_part_that_failed_is_there_again(page: Page, stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record)
    page.goto("/flow/key/ord_000001")
    notice = page.locator("#notice")
    answers = "detail => document.body.dispatchEvent(new CustomEvent('htmx:' + detail.name, {detail}))"
    failed = {"status": 500, "responseText": "of no use", "statusText": ""}
    page.evaluate(answers, {"name": "responseError", "elt": {"id": "part"}, "xhr": failed})
    expect(notice).to_have_text("That did not work: of no use")
    page.wait_for_timeout(2500)  # two good answers of the timeline
    expect(notice).to_be_visible()
    page.evaluate(answers, {"name": "beforeOnLoad", "elt": {"id": "part"}, "xhr": {"status": 200}})
    expect(notice).to_be_hidden()


def test_what_is_open_stays_open_when_something_happens(page: Page, stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record)
    page.goto("/flow/key/ord_000001")
    page.get_by_text("Log", exact=True).click()
    expect(page.get_by_text("mailing")).to_be_visible()
    stack.deliver(record, attempt=2)
    expect(page.locator(".step[data-kind=delivery]")).to_have_count(2)
    expect(page.get_by_text("mailing").first).to_be_visible()


def test_page_that_nobody_sees_asks_nothing(page: Page, stack: SeenStack) -> None:
    page.goto("/flow")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stack.request()
    page.wait_for_timeout(2500)  # two ticks
    assert asked == []
    page.evaluate("delete document.hidden")
    expect(page.get_by_role("link", name="POST /orders")).to_be_visible()


def test_search_goes_to_the_only_flow(page: Page, stack: SeenStack) -> None:
    stack.deliver(stack.record("ord_000001"))
    stack.deliver(stack.record("ord_000002", trace=""))
    page.goto("/flow")
    search = page.get_by_role("searchbox", name="Find a flow")
    search.fill("orders/0/1")
    search.press("Enter")
    expect(page.get_by_role("heading", name="ord_000002")).to_be_visible()
    page.goto("/flow?q=nothing")
    expect(page.get_by_role("heading", name="Nothing matches “nothing”")).to_be_visible()


def test_sample_is_sent_by_its_form_and_its_flow_is_shown(page: Page, api: OrderApi) -> None:
    page.goto("/flow/new")
    expect(page.get_by_label("quantity")).to_have_value("2")
    page.get_by_label("name").fill("Grace")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="ord_000001")).to_be_visible()
    [body] = api.bodies
    assert body["customer"] == {"name": "Grace"}
    assert body["quantity"] == 2
    assert str(body["payment"]).startswith("{'reference': 'sample_")


def test_many_samples_are_sent_and_each_is_new(page: Page, api: OrderApi) -> None:
    page.goto("/flow/new")
    page.get_by_label("Requests").fill("7")
    page.get_by_label("A second").fill("50")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("7 \u00d7 201")).to_be_visible()
    expect(page.get_by_text("ended")).to_be_visible()
    assert len({json.dumps(body) for body in api.bodies}) == 7


def test_sample_is_shown_as_a_command(page: Page) -> None:
    page.goto("/flow/new?as=json")
    page.get_by_label("Body").fill('{"quantity": "it\'s"}')
    page.get_by_role("button", name="Show as curl").click()
    command = page.get_by_role("region", name="The request as a command")
    expect(command).to_contain_text("/orders -X POST")
    expect(command).to_contain_text("""'{\n  "quantity": "it'"'"'s"\n}'""")


def test_body_that_is_no_json_stays_in_the_form(page: Page, api: OrderApi) -> None:
    # The browser logs the status 400.
    response = page.request.post(
        "/flow/new", form={"operation": "POST /orders", "body": "{"}, headers={"origin": _origin(page)}
    )
    assert response.status == 400
    assert "The body is not JSON" in response.text()
    assert api.bodies == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_pass_axe_and_fit_their_window(
    page: Page, stack: SeenStack, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    _check(page, "/")
    record = stack.record("o" * 300)
    stack.deliver(record, error="RuntimeError")
    stack.discard(record)
    stack.mail("Confirmed " * 30, stack.deliver(stack.record("ord_000001")))
    stack.request(status=422, trace="a" * 32)
    for path in (
        "/flow",
        "/flow?q=nothing",
        f"/flow/key/{'o' * 300}",
        "/flow/key/ord_000001",
        f"/flow/trace/{'a' * 32}",
    ):
        _check(page, path)
    for path in ("/flow/new", "/flow/new?as=json", "/flow/new?operation=POST+/orders/{id}/cancellation"):
        _check(page, path)
    page.goto("/flow/new")
    page.get_by_role("button", name="Show as curl").click()
    check_page(page)
    _check(page, "/flow/new/run")
    page.goto("/flow/new")
    page.get_by_label("Requests").fill("3")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("ended")).to_be_visible()
    check_page(page)
    page.goto("/flow/key/ord_000001")
    for summary in page.locator("summary").all():
        summary.click()
    check_page(page)


def test_content_is_reached_by_the_skip_link(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()


def _check(page: Page, path: str) -> None:
    page.goto(path)
    check_page(page)


def _origin(page: Page) -> str:
    page.goto("/flow")
    origin: str = page.evaluate("location.origin")
    return origin
