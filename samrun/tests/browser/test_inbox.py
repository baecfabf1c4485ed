"""The inbox in a real browser."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Self

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from samrun.console import console
from samrun.services.mail_store import MailStore
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from support.idle_stack import idle_stack
from support.stored_mails import mails_in
from support.web_server import serve_in_thread

Send = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path)


@pytest.fixture
def send(store: MailStore) -> Send:
    """Store a mail as the local SES does, each a minute later than the previous one."""
    clock = [datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)]

    def accept(subject: str, *, text: str = "Hello", html: str | None = None) -> str:
        message = EmailMessage()
        message["From"] = "The Analytical Bookshop <orders@shop.example.com>"
        message["To"] = "Ada Lovelace <ada@example.com>"
        message["Subject"] = subject
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        clock[0] += timedelta(minutes=1)
        recipients = ["ada@example.com"]
        return store.add(bytes(message), sender="orders@shop.example.com", recipients=recipients, created=clock[0])

    return accept


@pytest.fixture
def url(store: MailStore) -> Iterator[str]:
    app = GuardMiddleware(console(idle_stack(store.folder)), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
    with serve_in_thread(app) as served:
        yield served


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A page that fails the test if the browser logs an error or a warning. It closes before its server."""
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


def test_empty_inbox_says_what_to_do(page: Page) -> None:
    page.goto("/inbox")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    expect(page.get_by_text("Send a mail from your application")).to_be_visible()
    expect(page.get_by_role("button", name="Delete all")).to_be_disabled()


def test_mail_is_shown_as_html_as_text_and_as_source(page: Page, send: Send) -> None:
    send("Your order", text="Thank you in plain words.", html="<h2>Thank you</h2>")
    page.goto("/inbox")
    expect(page).to_have_title("(1) Inbox · samrun")
    page.get_by_role("button", name="Your order").click()

    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.frame_locator("#html").get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page).to_have_title("Inbox · samrun")

    page.get_by_role("tab", name="Text").click()
    expect(page.get_by_text("Thank you in plain words.", exact=True)).to_be_visible()
    expect(page.locator("#html")).to_be_hidden()

    page.get_by_role("tab", name="Source").click()
    expect(page.locator("#plain")).to_contain_text("Content-Type: multipart/alternative")


def test_new_mail_appears_without_a_reload(page: Page, send: Send) -> None:
    page.goto("/inbox")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    send("Just arrived")
    expect(page.get_by_role("button", name="Just arrived")).to_be_visible()


def test_keys_j_and_k_move_through_the_mails(page: Page, send: Send) -> None:
    for subject in ("First", "Second", "Third"):
        send(subject)
    page.goto("/inbox")
    expect(page.locator(".mail")).to_have_count(3)
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Third")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="Third")).to_be_visible()


def test_search_narrows_the_list(page: Page, send: Send) -> None:
    send("Your order")
    send("Your refund")
    page.goto("/inbox")
    page.get_by_role("searchbox").fill("subject:refund")
    expect(page.locator(".mail")).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No mail matches “nothing like it”.")).to_be_visible()


def test_mail_opens_by_its_url(page: Page, send: Send) -> None:
    identifier = send("Your order")
    send("Another")
    page.goto(f"/view/{identifier}")
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()


def test_delete_all_asks_for_confirmation(page: Page, send: Send, store: MailStore) -> None:
    send("Your order")
    page.goto("/inbox")
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="Keep them").click()
    expect(page.get_by_role("button", name="Your order")).to_be_visible()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    assert mails_in(store) == []


def test_phone_shows_the_list_or_the_mail(page: Page, send: Send) -> None:
    send("Your order", html="<p>Thank you</p>")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/inbox")
    page.get_by_role("button", name="Your order").click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.locator(".list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_role("button", name="Your order")).to_be_visible()


def test_theme_is_switched_and_stored(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/inbox")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_hostile_mail_runs_and_loads_nothing(browser: Browser, url: str, send: Send) -> None:
    with _Attacker() as attacker:
        attacks = (
            f'<meta http-equiv="refresh" content="0;url={attacker.url}/refresh">'
            f'<link rel="stylesheet" href="{attacker.url}/style.css">'
            f'<style>@import "{attacker.url}/import.css"; body {{ background: url({attacker.url}/css.png) }}</style>'
            f'<script>document.title = "owned"; fetch("{attacker.url}/script")</script>'
            f'<img src="{attacker.url}/pixel.png" onerror="parent.document.title = \'owned\'">'
            f'<iframe src="{attacker.url}/frame"></iframe>'
            f'<form action="{attacker.url}/form"><button>Pay</button></form>'
            '<form action="/api/v1/messages" method="post"><button>Post</button></form>'
            '<a href="/api/v1/messages" target="_top">Top</a>'
        )
        send("<img src=x onerror=alert(1)>", text="<script>alert(1)</script>", html=f"<p>Bait</p>{attacks}")
        page = browser.new_page()
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
        page.goto(f"{url}/inbox")
        page.locator(".mail").click()
        mail = page.frame_locator("#html")
        expect(mail.get_by_text("Bait")).to_be_visible()
        mail.get_by_role("button", name="Pay").click()
        mail.get_by_role("button", name="Post").click()
        mail.get_by_role("link", name="Top").click()
        page.get_by_role("tab", name="Text").click()
        expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()

        expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>")).to_be_visible()
        expect(page).to_have_title("Inbox · samrun")
        assert page.url.startswith(f"{url}/view/")
        page.close()
        httpx.get(f"{attacker.url}/control")
    assert attacker.visits == ["/control"]


class _Attacker:
    """A foreign site that records every visit."""

    def __init__(self) -> None:
        self.visits: list[str] = []
        visits = self.visits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Log nothing: the list of visits is the log."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
