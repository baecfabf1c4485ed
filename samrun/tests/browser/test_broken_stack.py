"""Pages of a stack that is broken: its Kafka does not answer, or all of it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from samrun.console import console
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from samrun.testing.kafka_records import kafka_mapping
from support.page_checks import check_page
from support.python_function import create_function
from support.seen_stack import SeenStack
from support.web_server import serve_in_thread

Scheme = Literal["light", "dark"]
in_each_window = pytest.mark.parametrize("scheme", ["light", "dark"])
of_each_width = pytest.mark.parametrize("width", [390, 1280])
WHY = "No Kafka broker answers (127.0.0.1:1: Connection refused). Start it"
TOPIC = "/kafka/topics/t"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the console of a stack that has seen things, and whose Kafka does not answer any more."""
    folder.mkdir(exist_ok=True)
    stack = SeenStack(folder)
    application = replace(
        stack.parts.application,
        functions=(create_function(folder),),
        mappings=(kafka_mapping(on_failure="kafka://failed"),),
    )
    stack.parts.application = application
    stack.deliver(stack.record("ord_000001"))
    app = GuardMiddleware(console(stack.parts), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
    with serve_in_thread(app) as url:
        yield url


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, scheme: Scheme = "light") -> Iterator[Page]:
    viewport: Any = {"width": width, "height": 800}
    context = browser.new_context(base_url=url, viewport=viewport, color_scheme=scheme)
    yield context.new_page()
    context.close()


@in_each_window
@of_each_width
def test_pages_without_kafka_say_what_is_wrong_where_and_what_to_do(
    browser: Browser, tmp_path: Path, width: int, scheme: Scheme
) -> None:
    with served(tmp_path) as url, opened(browser, url, width, scheme) as page:
        for path in ("/kafka", TOPIC, f"{TOPIC}/records/0/0", f"{TOPIC}/publish", "/dead-letters/topic/failed/0.1"):
            page.goto(path)
            expect(page.get_by_role("heading", name="Kafka does not answer")).to_be_visible()
            expect(page.get_by_role("main")).to_contain_text(WHY)
            check_page(page)
        page.goto("/dead-letters")
        expect(page.get_by_role("heading", name="Not every place can be read")).to_be_visible()
        expect(page.get_by_role("region", name="Places")).to_contain_text(WHY)
        check_page(page)
        page.goto("/functions/Fn")
        expect(page.get_by_role("alert")).to_contain_text(WHY)
        check_page(page)


@in_each_window
@of_each_width
def test_every_page_says_that_the_stack_has_ended(browser: Browser, tmp_path: Path, width: int, scheme: Scheme) -> None:
    pages = []
    with opened(browser, "", width, scheme) as first:
        with served(tmp_path) as url:
            # The form has nothing else that changes.
            for path in ("/", "/flow/key/ord_000001", "/flow/new", "/functions/Fn", "/dead-letters", "/inbox"):
                page = first.context.new_page()
                page.goto(url + path)
                pages.append(page)
        for page in pages:
            page.bring_to_front()
            expect(page.locator("#notice")).to_contain_text(
                "The local stack does not answer. Its terminal says why, and samrun up starts it again.", timeout=15_000
            )
            check_page(page)
