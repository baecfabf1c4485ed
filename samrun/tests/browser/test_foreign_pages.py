"""Pages of other origins in a real browser: the ports of a stack do nothing for them, and tell them nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import Receive, Scope, Send

from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from support.web_server import serve_in_thread

# Each way in which a page can send a request without asking the server first.
ATTACKS = """async url => {
    const post = {method: "POST", mode: "no-cors", body: "{}", headers: {"Content-Type": "text/plain"}};
    const seen = [];
    for (const options of [post, {...post, credentials: "include"}, {mode: "no-cors"}, {}]) {
        try {
            seen.push(await (await fetch(url, options)).text());
        } catch (error) {
            seen.push("");
        }
    }
    navigator.sendBeacon(url, "{}");
    for (const tag of ["img", "script", "iframe"]) {
        await new Promise(resolve => {
            const element = document.createElement(tag);
            element.onload = element.onerror = resolve;
            element.src = url;
            document.body.append(element);
        });
    }
    const form = document.createElement("form");
    const frame = document.createElement("iframe");
    [frame.name, form.target, form.action, form.method] = ["sent", "sent", url, "post"];
    document.body.append(frame, form);
    await new Promise(resolve => { frame.onload = resolve; form.submit(); });
    return seen.join("");
}"""


class _Target:
    """A server that keeps what reaches it."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(f"{scope['method']} {Request(scope).headers.get('host')}")
        await PlainTextResponse("a secret")(scope, receive, send)


@pytest.fixture
def foreign_page(browser: Browser) -> Iterator[Page]:
    with serve_in_thread(HTMLResponse("<!doctype html><title>Foreign</title>")) as url:
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        yield page
        context.close()


@pytest.mark.parametrize("pages", [Pages.NONE, Pages.OWN, Pages.READERS])
def test_no_request_of_a_foreign_page_is_served(foreign_page: Page, pages: Pages) -> None:
    target = _Target()
    with serve_in_thread(GuardMiddleware(target, BrowserGuard(pages=pages))) as url:
        assert foreign_page.evaluate(ATTACKS, url) == ""
    assert target.requests == []


def test_the_attacks_reach_a_server_without_a_guard(foreign_page: Page) -> None:
    target = _Target()
    with serve_in_thread(target) as url:
        foreign_page.evaluate(ATTACKS, url)
    assert len([request for request in target.requests if request.startswith("POST")]) >= 3
    assert len([request for request in target.requests if request.startswith("GET")]) >= 4
