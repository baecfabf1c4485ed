"""Pages that stay open while their stack ends and another one starts on the same port; two tabs, and no script."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from samrun.console import console
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from samrun.testing.processes import free_port
from support.seen_stack import SeenStack
from support.web_server import serve_in_thread


@contextmanager
def served(stack: SeenStack, port: int = 0) -> Iterator[str]:
    app = GuardMiddleware(console(stack.parts), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
    with serve_in_thread(app, port=port) as url:
        yield url


@contextmanager
def opened(browser: Browser, url: str, *, script: bool = True) -> Iterator[Page]:
    context = browser.new_context(base_url=url, java_script_enabled=script)
    yield context.new_page()
    context.close()


def stack_with(folder: Path, key: str) -> SeenStack:
    """A stack that has delivered a record with a key, and sent a mail about it."""
    stack = SeenStack(folder)
    stack.mail(f"Confirmed: {key}", stack.deliver(stack.record(key)))
    return stack


def test_page_finds_the_stack_that_was_started_again(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    first, second = stack_with(tmp_path / "first", "ord_000001"), stack_with(tmp_path / "second", "ord_000002")
    second.deliver(second.record("ord_000003", trace=""))
    with opened(browser, f"http://127.0.0.1:{port}") as flow, opened(browser, f"http://127.0.0.1:{port}") as inbox:
        with served(first, port):
            flow.goto("/flow")
            inbox.goto("/inbox")
            expect(flow.get_by_role("link", name="ord_000001")).to_be_visible()
        for page in (flow, inbox):
            expect(page.get_by_role("status").filter(has_text="The local stack does not answer")).to_be_visible()
        with served(second, port):
            expect(flow.get_by_role("link", name="ord_000003")).to_be_visible()
            expect(flow.get_by_role("link", name="ord_000001")).to_have_count(0)
            expect(inbox.locator("#mails .mail")).to_contain_text("Confirmed: ord_000002")
            for page in (flow, inbox):
                expect(page.locator("#notice")).to_be_hidden()


def test_two_stacks_are_shown_at_once(browser: Browser, tmp_path: Path) -> None:
    with (
        served(stack_with(tmp_path / "first", "ord_000001")) as first,
        served(stack_with(tmp_path / "second", "ord_000002")) as second,
        opened(browser, first) as one,
        opened(browser, second) as other,
    ):
        one.goto("/flow")
        other.goto("/flow")
        expect(one.locator(".flows .name")).to_have_text(["ord_000001"])
        expect(other.locator(".flows .name")).to_have_text(["ord_000002"])


def test_pages_can_be_read_and_searched_without_script(browser: Browser, tmp_path: Path) -> None:
    with served(stack_with(tmp_path, "ord_000001")) as url, opened(browser, url, script=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("ord_0")
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("heading", name="ord_000001")).to_be_visible()
        page.get_by_role("link", name="Open the mail").click()
        expect(page.get_by_role("heading", name="Confirmed: ord_000001")).to_be_visible()
        page.get_by_role("link", name="Headers").click()
        expect(page.get_by_role("row", name="Subject Confirmed: ord_000001")).to_be_visible()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("heading", name="No mail yet")).to_be_visible()
