"""The inbox in a real browser."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Literal, Self

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect

from samrun.console import console
from samrun.control.stack_parts import StackParts
from samrun.services.mail_store import MailStore
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from samrun.template.model.application import Application
from samrun.template.model.functions import PreviewFolder
from support.hostile_mails import HOSTILE_MAILS
from support.idle_stack import idle_stack
from support.stored_mails import mails_in
from support.web_server import serve_in_thread

Send = Callable[..., str]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def parts(tmp_path: Path) -> StackParts:
    folder = tmp_path / "previews"
    nothing = Application(functions=(), apis=(), mappings=(), schedules=(), resources=(), ignored=())
    return idle_stack(
        tmp_path / "mails",
        application=replace(nothing, preview_folders=(PreviewFolder(logical_id="Notify", path=folder),)),
    )


@pytest.fixture
def store(parts: StackParts) -> MailStore:
    return parts.mails


@pytest.fixture
def send(store: MailStore) -> Send:
    """Store a mail as the local SES does, each a minute later than the previous one."""
    clock = [NOON]

    def accept(subject: str, *, text: str = "Hello", html: str | None = None, file: str = "") -> str:
        message = EmailMessage()
        message["From"] = "The Analytical Bookshop <orders@shop.example.com>"
        message["To"] = "Ada Lovelace <ada@example.com>"
        message["Subject"] = subject
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        if file:
            message.add_attachment(b"%PDF", "application", "pdf", filename=file)
        clock[0] += timedelta(minutes=1)
        recipients = ["ada@example.com"]
        return store.add(bytes(message), sender="orders@shop.example.com", recipients=recipients, created=clock[0])

    return accept


@pytest.fixture
def url(parts: StackParts) -> Iterator[str]:
    app = GuardMiddleware(console(parts), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
    with serve_in_thread(app) as served:
        yield served


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A page that fails the test if the browser logs an error or a warning. It closes before its server."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", base_url=url)
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A message that was deleted is a page with the status 404, as it should be.
        if message.type in {"error", "warning"} and "404 (Not Found)" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def violations(page: Page) -> list[str]:
    """Return axe's rules that the page breaks, each with the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


def row(page: Page, text: str) -> Locator:
    return page.locator("#mails .mail", has_text=text)


def test_empty_inbox_says_what_to_do(page: Page) -> None:
    page.goto("/inbox")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    expect(page.get_by_text("Send a mail from your application")).to_be_visible()
    expect(page.get_by_role("button", name="Delete all")).to_be_disabled()


def test_mail_is_shown_as_html_text_headers_and_source(page: Page, send: Send) -> None:
    send("Your order", text="Thank you in plain words.", html="<h2>Thank you</h2>")
    page.goto("/inbox")
    expect(page).to_have_title("(1) Inbox · samrun")
    row(page, "Your order").click()

    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.frame_locator("#html").get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page).to_have_title("Inbox · samrun")

    page.get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("#plain")).to_have_text("Thank you in plain words.")
    expect(page.locator("#html")).to_have_count(0)

    page.get_by_role("link", name="Headers").click()
    expect(page.get_by_role("row", name="Subject Your order")).to_be_visible()

    page.get_by_role("link", name="Source").click()
    expect(page.locator("#plain")).to_contain_text("Content-Type: multipart/alternative")


def test_row_tells_what_a_mail_says_and_whom_it_went_to(page: Page, send: Send) -> None:
    send("Confirmed: your order A7YUQ", text="2 books are paid.")
    send("Cancelled: your order A7YUQ", text="You get your money back.", file="credit.pdf")
    page.goto("/inbox")
    expect(row(page, "Cancelled")).to_contain_text("Ada Lovelace")
    expect(row(page, "Cancelled")).to_contain_text("You get your money back.")
    expect(row(page, "Cancelled").get_by_role("img", name="With attachments")).to_be_visible()
    expect(row(page, "Confirmed")).to_contain_text("2 books are paid.")


def test_new_mail_appears_without_a_reload(page: Page, send: Send) -> None:
    page.goto("/inbox")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    send("Just arrived")
    expect(row(page, "Just arrived")).to_be_visible()
    expect(page.get_by_role("button", name="Delete all")).to_be_enabled()
    row(page, "Just arrived").click()
    send("Another")
    expect(row(page, "Another")).to_be_visible()
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()


def test_message_opens_during_a_tick_and_the_late_answer_does_not_close_it(page: Page, send: Send) -> None:
    send("First")
    ticks: list[Route] = []
    page.route(re.compile("shown="), lambda route: ticks.append(route))
    with page.expect_request(re.compile("shown=")):
        page.goto("/inbox")
    send("Second")  # so the tick's answer is another list, with no message beside it
    row(page, "First").click()
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    for tick in ticks:
        tick.continue_()
    page.unroute_all()
    expect(row(page, "Second")).to_be_visible()
    expect(page.get_by_role("heading", name="First")).to_be_visible()


def test_keys_j_and_k_move_through_the_messages(page: Page, send: Send) -> None:
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
    page.keyboard.press("Escape")
    expect(page.get_by_text("Choose a message")).to_be_visible()


def test_tab_leads_from_the_list_to_the_message(page: Page, send: Send) -> None:
    for subject in ("First", "Second", "Third"):
        send(subject)
    page.goto("/inbox")
    row(page, "Third").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "Second")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    expect(row(page, "Second")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Text", exact=True)).to_be_focused()


def test_back_leads_to_what_was_there_before(page: Page, send: Send) -> None:
    send("First")
    send("Second")
    page.goto("/inbox")
    row(page, "First").click()
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    row(page, "Second").click()
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="First")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Choose a message")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="First")).to_be_visible()


def test_search_narrows_the_list(page: Page, send: Send) -> None:
    send("Your order")
    send("Your refund")
    page.goto("/inbox")
    page.get_by_role("searchbox").fill("subject:refund")
    expect(page.locator(".mail")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=subject%3Arefund"))
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No message matches “nothing like it”.")).to_be_visible()
    page.get_by_role("searchbox").fill("recipient:ada")
    expect(page.get_by_role("alert")).to_contain_text("recipient: is no search operator")
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".mail")).to_have_count(2)


def test_empty_inbox_names_what_is_wrong_with_a_search(page: Page) -> None:
    page.goto("/inbox?q=recipient:ada")
    expect(page.get_by_role("alert")).to_contain_text("recipient: is no search operator")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_hidden()
    page.get_by_role("searchbox").fill("ada")
    expect(page.get_by_text("No message matches “ada”.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()


def test_list_keeps_its_place_while_messages_open(page: Page, send: Send) -> None:
    for number in range(40):
        send(f"Order {number:02}")
    page.goto("/inbox")
    row(page, "Order 05").scroll_into_view_if_needed()
    row(page, "Order 05").click()
    expect(page.get_by_role("heading", name="Order 05")).to_be_visible()
    expect(row(page, "Order 05")).to_be_in_viewport()
    send("Newest")
    expect(row(page, "Newest")).to_be_attached()
    expect(row(page, "Order 05")).to_be_in_viewport()


def test_row_of_a_message_that_opens_by_its_url_is_in_sight(page: Page, send: Send) -> None:
    identifiers = [send(f"Order {number:02}", text="") for number in range(40)]
    page.goto(f"/inbox/{identifiers[5]}")
    expect(row(page, "Order 05")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("This mail has no text.")).to_be_visible()


def test_message_opens_by_its_url_and_says_if_it_was_deleted(page: Page, send: Send, store: MailStore) -> None:
    identifier = send("Your order")
    send("Another")
    for path in (f"/inbox/{identifier}", f"/view/{identifier}"):  # the second one is Mailpit's
        page.goto(path)
        expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    store.delete(identifier)
    page.goto(f"/inbox/{identifier}")
    expect(page.get_by_role("heading", name="This message was deleted")).to_be_visible()
    expect(row(page, "Another")).to_be_visible()


def test_mail_is_deleted_and_marked_as_unread(page: Page, send: Send, store: MailStore) -> None:
    kept, deleted = send("Kept"), send("Deleted")
    page.goto(f"/inbox/{kept}")
    page.get_by_role("button", name="Mark unread").click()
    expect(row(page, "Kept")).to_contain_text("unread")
    page.goto(f"/inbox/{deleted}")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(row(page, "Kept")).to_be_visible()
    expect(row(page, "Deleted")).to_have_count(0)
    assert [mail.id for mail in mails_in(store)] == [kept]


def test_delete_all_asks_for_confirmation(page: Page, send: Send, parts: StackParts) -> None:
    send("Your order")
    parts.text_messages.add("Paid", to="+4930123456", created=NOON)
    page.goto("/inbox")
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="Keep them").click()
    expect(row(page, "Your order")).to_be_visible()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
    assert mails_in(parts.mails) == []
    assert parts.text_messages.identifiers() == []


def test_text_message_is_shown_as_on_a_phone(page: Page, send: Send, parts: StackParts) -> None:
    send("Your order")
    text = "Bookshop: order A7YUQ is paid.\nCảm ơn!"
    parts.text_messages.add(text, to="+4930123456", sender_id="Bookshop", created=NOON + timedelta(days=1))
    page.goto("/inbox")
    row(page, "+4930123456").click()
    expect(page.get_by_role("heading", name="Text message to +4930123456")).to_be_visible()
    expect(page.locator(".bubble")).to_have_text(text)
    expect(page.locator(".phone-sender")).to_have_text("Bookshop")
    expect(page.get_by_text("1 in UCS-2 (38 characters, 32 left)")).to_be_visible()
    page.get_by_role("searchbox").fill("to:+4930")
    expect(page.locator(".mail")).to_have_count(1)


def test_simulated_feedback_says_who_gets_it(page: Page, send: Send, parts: StackParts) -> None:
    page.goto(f"/inbox/{send('Your order')}")
    page.get_by_role("button", name="Bounce").click()
    expect(page.locator("#feedback").get_by_role("status")).to_contain_text("sent without a configuration set")


def test_previews_show_the_mail_beside_the_text_message(page: Page, parts: StackParts) -> None:
    [folder] = parts.application.preview_folders
    preview = folder.path / "order.paid.v1/vi"
    preview.mkdir(parents=True)
    page.goto("/inbox/previews")
    expect(page.get_by_role("heading", name="No previews")).to_have_count(1)
    (preview / "mail.html").write_text("<h1>Cảm ơn</h1>", encoding="utf-8")
    (preview / "headers.txt").write_text("Subject: Paid", encoding="utf-8")
    (preview / "text_message.txt").write_text("Đã trả\n", encoding="utf-8")
    page.goto("/inbox")
    page.get_by_role("link", name="Previews").click()
    page.get_by_role("link", name="order.paid.v1 vi").click()
    expect(page.frame_locator("#html").get_by_role("heading", name="Cảm ơn")).to_be_visible()
    expect(page.locator(".bubble")).to_have_text("Đã trả")
    expect(page.get_by_text("1 segment in UCS-2")).to_be_visible()
    page.get_by_text("headers.txt").click()
    expect(page.get_by_text("Subject: Paid")).to_be_visible()
    assert violations(page) == []


def test_phone_shows_the_list_or_the_message(page: Page, send: Send) -> None:
    send("Your order", html="<p>Thank you</p>")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/inbox")
    row(page, "Your order").click()
    expect(page.get_by_role("heading", name="Your order")).to_be_visible()
    expect(page.locator(".list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="Back to the list").click()
    expect(row(page, "Your order")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_long_names_leave_every_button_on_the_screen(page: Page, send: Send, width: int) -> None:
    identifier = send("W" * 500, text="x" * 2000, html=f"<p>{'y' * 2000}", file=f"{'a' * 200}.pdf")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"/inbox/{identifier}")
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("link", name=re.compile("^aaaa"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_reaches_the_mail(page: Page, send: Send, scheme: Literal["light", "dark"]) -> None:
    styles = ":root{color-scheme:light dark} p{color:#010101} @media (prefers-color-scheme:dark){p{color:#fefefe}}"
    identifier = send("Your order", html=f"<style>{styles}</style><p>Thank you</p>")
    page.emulate_media(color_scheme=scheme)
    page.goto(f"/inbox/{identifier}")
    text = page.frame_locator("#html").get_by_text("Thank you")
    colours = {"light": "rgb(1, 1, 1)", "dark": "rgb(254, 254, 254)"}
    other = colours["dark" if scheme == "light" else "light"]
    expect(text).to_have_css("color", colours[scheme])
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(text).to_have_css("color", other)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    expect(text).to_have_css("color", other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(
    page: Page, send: Send, parts: StackParts, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto("/inbox")
    assert violations(page) == []
    mail = send("Your order", html="<html lang=en><title>Order</title><main><h1>Thank you</h1></main>", file="a.pdf")
    text = parts.text_messages.add("Paid", to="+4930123456", created=NOON)
    parts.mails.set_tags(mail, ["paid"])
    views = ("", "?view=text", "?view=headers", "?view=source")
    paths = ["/inbox?q=nothing", "/inbox?q=to:", *(f"/inbox/{mail}{view}" for view in views), f"/inbox/{text}"]
    [folder] = parts.application.preview_folders
    preview = folder.path / "order.paid.v1/vi"
    preview.mkdir(parents=True)
    (preview / "text_message.txt").write_text("Đã trả\n", encoding="utf-8")
    previews = ("/inbox/previews", "/inbox/previews/order.paid.v1/vi", "/inbox/previews/none")
    for path in ("/inbox", *paths, f"/inbox/{'0' * 22}", *previews):
        page.goto(path)
        assert violations(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_around_hostile_mails(
    page: Page, store: MailStore, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    identifiers = {
        name: store.add(raw, sender="\u202e<x>@example.com", recipients=["a" * 300 + "@example.com"], created=NOON)
        for name, raw in HOSTILE_MAILS.items()
    }
    paths = [f"/inbox/{each}{view}" for each in identifiers.values() for view in ("", "?view=headers", "?view=source")]
    for path in ("/inbox", *paths):
        page.goto(path)
        assert around_the_mail(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def around_the_mail(page: Page) -> list[str]:
    """Return axe's rules that the page breaks. What a stranger's HTML has inside its frame is not the page's."""
    found = Axe().run(page, context={"exclude": [["#html", "*"]]}).response["violations"]
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


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
        page.get_by_role("link", name="Text", exact=True).click()
        expect(page.locator("#plain")).to_have_text("<script>alert(1)</script>")

        expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>")).to_be_visible()
        expect(page).to_have_title("Inbox · samrun")
        assert page.url.startswith(f"{url}/inbox/")
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
