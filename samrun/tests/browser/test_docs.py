"""The docs page of an API in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from samrun.functions.invoker import InvocationResult
from samrun.gateway import Access, gateway
from samrun.template.model.http_apis import HttpApi, Route
from support.fake_invoker import FakeInvoker, success
from support.web_server import serve_in_thread

# In the form that Powertools writes: version 3.1, and with the URL of the deployed API.
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Greetings", "version": "1"},
    "servers": [{"url": "https://api.example.com"}],
    "paths": {
        "/greeting": {
            "get": {
                "summary": "Greets",
                "parameters": [{"name": "language", "in": "query", "schema": {"type": "string", "enum": ["en", "vi"]}}],
                "responses": {"200": {"description": "A greeting", "content": {"text/plain": {}}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Name"}}}},
                "responses": {"201": {"description": "Made"}},
            },
            "put": {"responses": {"204": {"description": "Changed"}}},
            "patch": {"responses": {"204": {"description": "Changed"}}},
            "delete": {"responses": {"204": {"description": "Gone"}}},
        }
    },
    "components": {
        "schemas": {"Name": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}}},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    },
    "security": [{"token": []}],
}


async def greet(_name: str, payload: bytes) -> InvocationResult:
    """Greet, and repeat the token of the request."""
    token = json.loads(payload)["headers"].get("authorization", "nobody")
    return success({"statusCode": 200, "body": f"Hello from the function to {token}"})


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "openapi.json"


@pytest.fixture
def accesses() -> list[Access]:
    return []


@pytest.fixture
def tokens() -> list[str | None]:
    """The tokens that the page gets, the last one first."""
    return [None]


@pytest.fixture
def url(document: Path, accesses: list[Access], tokens: list[str | None]) -> Iterator[str]:
    routes = (Route(method="GET", path="/greeting", function="Greet"),)
    api = HttpApi(logical_id="Api", routes=routes, openapi_document=document)
    app = gateway(api, FakeInvoker(function=greet), log=accesses.append, warn=pytest.fail, token=tokens.pop)
    with serve_in_thread(app) as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_try_it_out_calls_this_gateway_and_no_other_host(
    page: Page, url: str, document: Path, accesses: list[Access]
) -> None:
    document.write_text(json.dumps(DOCUMENT))
    elsewhere: list[str] = []
    complaints: list[str] = []

    def note_request(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            elsewhere.append(request.url)

    def note_complaint(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("request", note_request)
    page.on("console", note_complaint)
    page.goto(f"{url}/docs")
    expect(page).to_have_title("Greetings")
    page.get_by_text("Greets").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("Hello from the function")).to_be_visible()
    assert "Greet" in {access.function for access in accesses}
    assert (elsewhere, complaints) == ([], [])


def test_entered_token_is_sent(page: Page, url: str, document: Path) -> None:
    document.write_text(json.dumps(DOCUMENT))
    page.goto(f"{url}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    dialog.locator("input").fill("a.b.c")
    dialog.locator("button.authorize").click()
    dialog.get_by_role("button", name="Close").last.click()
    page.get_by_text("Greets").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("Hello from the function to Bearer a.b.c")).to_be_visible()


def test_docs_page_explains_a_missing_document(page: Page, url: str, document: Path) -> None:
    page.goto(f"{url}/docs")
    expect(page.get_by_text(f"{document} cannot be read")).to_be_visible()


def test_local_token_is_filled_in(page: Page, url: str, document: Path, tokens: list[str | None]) -> None:
    tokens[:] = ["of.this.machine"]
    document.write_text(json.dumps(DOCUMENT))
    page.goto(f"{url}/docs")
    page.get_by_text("Greets").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("Hello from the function to Bearer of.this.machine")).to_be_visible()


def test_docs_page_passes_axe(page: Page, url: str, document: Path) -> None:
    document.write_text(json.dumps(DOCUMENT))
    page.goto(f"{url}/docs")
    expect(page.get_by_text("Greets")).to_be_visible()
    assert _violations(page) == {}
    for number in range(2):
        page.locator(".opblock-summary-control").nth(number).click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").last.click()
        expect(page.get_by_text("Server response").nth(number)).to_be_visible()
    assert _violations(page) == {}


def _violations(page: Page) -> dict[str, list[str]]:
    """Return axe's rules that the page breaks, each with the elements."""
    violations = Axe().run(page, options=None).response["violations"]
    return {finding["id"]: [node["html"] for node in finding["nodes"]] for finding in violations}
