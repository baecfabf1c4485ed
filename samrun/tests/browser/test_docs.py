"""The page of an API's OpenAPI document in a real browser."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from local.gateway import Access, gateway
from local.invoker import Answer
from local.model import HttpApi, Route

# As Powertools writes them: version 3.1, and where the API is deployed.
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Greetings", "version": "1"},
    "servers": [{"url": "https://api.example.com"}],
    "paths": {"/greeting": {"get": {"summary": "Greets", "responses": {"200": {"description": "A greeting"}}}}},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
    "security": [{"token": []}],
}


class Greeter:
    """A Lambda whose functions all greet, and say back what token they got."""

    async def invoke(self, function: str, payload: bytes) -> Answer:
        token = json.loads(payload)["headers"].get("authorization", "nobody")
        answer = {"statusCode": 200, "body": f"Hello from the function to {token}"}
        return Answer(request_id="r-1", payload=json.dumps(answer).encode())


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "openapi.json"


@pytest.fixture
def accesses() -> list[Access]:
    return []


@pytest.fixture
def url(document: Path, accesses: list[Access]) -> Iterator[str]:
    routes = (Route(method="GET", path="/greeting", function="Greet"),)
    api = HttpApi(logical_id="Api", routes=routes, openapi_document=document)
    app = gateway(api, Greeter(), log=accesses.append, warn=pytest.fail)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the gateway did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_try_it_out_calls_this_gateway_and_nothing_leaves_it(
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


def test_a_token_that_was_entered_is_sent(page: Page, url: str, document: Path) -> None:
    document.write_text(json.dumps(DOCUMENT))
    page.goto(f"{url}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    dialog.locator("input").fill("a.b.c")
    dialog.get_by_role("button", name="Authorize").click()
    dialog.get_by_role("button", name="Close").last.click()
    page.get_by_text("Greets").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text("Hello from the function to Bearer a.b.c")).to_be_visible()


def test_a_missing_document_is_explained(page: Page, url: str, document: Path) -> None:
    page.goto(f"{url}/docs")
    expect(page.get_by_text(f"{document} cannot be read")).to_be_visible()
