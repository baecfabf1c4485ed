"""Pages of the view Flow show what strangers write, and do nothing else with it."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from support.console_pages import page
from support.seen_stack import SeenStack

HOSTILE = ["\u202egnp.exe", "<script>alert(1)</script>", "nul\x00key", "\x1b[2J\x07", "K" * 5_000, "\u2028\ufeff"]


def test_request_without_a_record_has_its_name_on_its_page_too(tmp_path: Path) -> None:
    stack = SeenStack(tmp_path)
    stack.request("/orders", status=422, trace="a" * 32)
    assert "<h1>POST /orders</h1>" in page(stack.parts, f"/flow/trace/{'a' * 32}")
    assert ">POST /orders</a>" in page(stack.parts, "/flow")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_key_and_log_are_seen_and_do_nothing(tmp_path: Path, text: str) -> None:
    stack = SeenStack(tmp_path)
    stack.deliver(stack.record(text, type=text, email=text), error=text)
    stack.mail("Subject", stack.deliver(stack.record(text, trace="")), to="ada@example.com")
    stack.text_message(text, stack.deliver(stack.record(text, trace="")))
    stack.invoke("Other", {"text": text}, log=text)
    for path in ("/flow", f"/flow/key/{quote(text, safe='')}", f"/inbox?q={quote(text)}"):
        shown = re.sub(r'<input type="search"[^>]*>', "", page(stack.parts, path))
        assert "<script>alert" not in shown
        assert not set(shown) & set("\u202e\x00\x1b\x07\u2028\ufeff"), path
