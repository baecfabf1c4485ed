"""Shell of the console: each page names the views, keeps to its policy, and says in words what is not there."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from samrun.console import console
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from support.idle_stack import idle_stack

VIEWS = {"Flow": "/flow", "Kafka": "/kafka", "Functions": "/functions", "Dead letters": "/dead-letters"}
PATHS = ["/", *VIEWS.values(), "/inbox", "/view/0123", "/nowhere"]


@pytest.fixture
def app(tmp_path: Path) -> ASGIApp:
    return GuardMiddleware(console(idle_stack(tmp_path)), BrowserGuard(pages=Pages.OWN))  # as a stack serves it


def get(app: ASGIApp, path: str, **headers: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
            return await client.get(path, headers={"accept": "text/html", **headers})

    return asyncio.run(request())


@pytest.mark.parametrize("path", PATHS)
def test_page_names_every_view(app: ASGIApp, path: str) -> None:
    page = get(app, path).text
    for title, target in {**VIEWS, "Inbox": "/inbox"}.items():
        assert f'<a href="{target}"' in page
        assert f">{title}</a>" in page


@pytest.mark.parametrize(("path", "title"), [("/", "Flow"), *((path, title) for title, path in VIEWS.items())])
def test_page_says_which_view_it_is(app: ASGIApp, path: str, title: str) -> None:
    page = get(app, path)
    assert page.status_code == 200
    assert page.text.count("aria-current") == 1
    assert f'aria-current="page">{title}</a>' in page.text


@pytest.mark.parametrize("path", PATHS)
def test_page_allows_no_inline_script_and_no_other_host(app: ASGIApp, path: str) -> None:
    page = get(app, path)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert "//" not in page.text.replace("<!doctype", "")


def test_page_that_is_not_there_says_so_in_words(app: ASGIApp) -> None:
    page = get(app, "/nowhere")
    assert page.status_code == 404
    assert "There is no such page" in page.text
    assert "Nothing is at this address" in page.text


def test_page_with_a_fault_of_its_own_says_so_without_a_traceback(tmp_path: Path) -> None:
    async def fail(_: Request) -> None:
        raise ZeroDivisionError("secret")

    app = console(idle_stack(tmp_path))
    app.router.routes.insert(0, Route("/flow", fail))
    answer = get(app, "/flow")
    assert answer.status_code == 500
    assert "<h1>This page failed</h1>" in answer.text
    assert "A fault of samrun: ZeroDivisionError." in answer.text
    assert "secret" not in answer.text


def test_commands_in_the_text_of_an_error_are_code_and_nothing_else_is_html(tmp_path: Path) -> None:
    async def fail(_: Request) -> None:
        raise HTTPException(404, "There is no topic <b>: `samrun topics` lists\x1b `<i>`")

    app = console(idle_stack(tmp_path))
    app.router.routes.insert(0, Route("/flow", fail))
    shown = "There is no topic &lt;b&gt;: <code>samrun topics</code> lists\u241b <code>&lt;i&gt;</code>"
    assert f"<p>{shown}</p>" in get(app, "/flow").text


def test_program_gets_a_line_of_text_for_a_path_that_is_not_there(app: ASGIApp) -> None:
    answer = get(app, "/nowhere", accept="application/json")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("file", ["console.css", "theme.js", "console.js", "htmx.min.js", "icon.svg"])
def test_static_files_are_served(app: ASGIApp, file: str) -> None:
    assert get(app, f"/static/{file}").status_code == 200
