"""Pages of the view Kafka, on librdkafka's mock cluster: hostile records never break one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from samrun.control.stack_parts import StackParts
from support.console_pages import page, request
from support.idle_stack import idle_stack
from support.mock_broker import MockBroker

TOPIC = "/kafka/topics/orders"
HOSTILE = {
    "html": b"<script>alert(1)</script><img src=x onerror=alert(1)>",
    "binary": bytes(range(256)),
    "escape": b"\x1b[2J\x1b]0;title\x07 \xe2\x80\xae drowssap",
    "null": None,
    "empty": b"",
    "surrogates": b'{"a": "\\ud800"}',
    "raw surrogates": b"\xed\xa0\x80",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "numbers": b'{"n": 1' + b"0" * 5000 + b', "f": 1.10, "NaN": "NaN"}',
    "no JSON": b"{'a': 1}",
    "event": b'{"specversion": {"a": [1]}, "type": "<b>", "subject": null}',
}


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    broker = MockBroker()
    broker.create("orders")
    yield broker
    broker.close()


@pytest.fixture
def parts(broker: MockBroker, tmp_path: Path) -> StackParts:
    parts = idle_stack(tmp_path)
    return replace(parts, endpoints=replace(parts.endpoints, kafka=broker.bootstrap))


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_record_breaks_no_page(broker: MockBroker, parts: StackParts, value: bytes | None) -> None:
    broker.append("orders", (value, value, [(b"h", value), (b"<b>", b"x")]))
    for path in (TOPIC, f"{TOPIC}/records/0/0", f"{TOPIC}/publish?record=0.0", f"{TOPIC}?q=a"):
        text = page(parts, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "<b>" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_large_record_is_cut_and_can_be_downloaded(broker: MockBroker, parts: StackParts) -> None:
    value = json.dumps({"name": "x" * 6_000_000}).encode()
    broker.append("orders", (b"k", value, []))
    text = page(parts, f"{TOPIC}/records/0/0")
    assert len(text) < 200_000
    assert "this is the beginning" in text
    assert len(page(parts, TOPIC)) < 20_000
    assert request(parts, f"{TOPIC}/records/0/0/value").content == value


def test_topic_shows_its_records_the_newest_first(broker: MockBroker, parts: StackParts) -> None:
    for number in range(60):
        broker.append("orders", (b"ord_%d" % number, b'{"n": %d}' % number, []), timestamp=1000 + number)
    text = page(parts, TOPIC)
    assert text.index("0@59") < text.index("0@10")
    assert "0@9<" not in text
    assert "before=0.10" in text
    assert "0@9<" in page(parts, f"{TOPIC}?before=0.10")


def test_record_shows_json_in_lines_and_the_attributes_of_its_event(broker: MockBroker, parts: StackParts) -> None:
    event = {"specversion": "1.0", "type": "order.paid.v1", "subject": "ord_1", "data": {"total": "1.50"}}
    broker.append("orders", (b"ord_1", json.dumps(event).encode(), [(b"content-type", b"application/json")]))
    text = page(parts, f"{TOPIC}/records/0/0")
    assert '<dt>type</dt><dd class="mono"><bdi>order.paid.v1</bdi>' in text
    assert "&#34;data&#34;: {\n    &#34;total&#34;: &#34;1.50&#34;\n  }" in text
    assert "content-type" in text
    assert "order.paid.v1" in page(parts, TOPIC)


def test_search_finds_what_the_text_is_in_and_says_what_was_read(broker: MockBroker, parts: StackParts) -> None:
    broker.append("orders", (b"ada", b"x", []), (b"bob", b"y", []))
    text = page(parts, f"{TOPIC}?q=ADA")
    assert "0@0" in text
    assert "0@1<" not in text
    assert "No record with this text" in page(parts, f"{TOPIC}?q=nobody")


def test_place_that_is_none_is_said_in_words(parts: StackParts) -> None:
    assert "is no place in a topic" in page(parts, f"{TOPIC}?from=yesterday")


def test_jump_to_an_offset_shows_the_records_from_there_on(broker: MockBroker, parts: StackParts) -> None:
    for _ in range(5):
        broker.append("orders", (b"k", b"v", []))
    text = page(parts, f"{TOPIC}?from=3&partition=0")
    assert "0@3" in text
    assert "0@2<" not in text


@pytest.mark.parametrize("path", ["/kafka/topics/nothing/records/0/7", f"{TOPIC}/records/0/7", f"{TOPIC}/records/99/0"])
def test_record_that_is_not_there_is_a_page_with_404(parts: StackParts, path: str) -> None:
    answer = request(parts, path)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "There is no such page" in answer.text


def test_published_record_is_in_the_topic(broker: MockBroker, parts: StackParts) -> None:
    fields = {"key": "ord_1", "value": "a\r\nb", "headers": "type: x\r\n", "partition": "0"}
    answer = request(parts, f"{TOPIC}/publish", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{TOPIC}/records/0/0?published")
    text = page(parts, f"{TOPIC}/records/0/0?published")
    assert "<bdi>a\nb</bdi>" in text
    assert '<dt class="mono"><bdi>type</bdi></dt><dd class="mono"><bdi>x</bdi>' in text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"headers": "no colon"}, "NAME: VALUE"),
        ({"value": "?", "base64": "on"}, "not base64"),
        ({"partition": "x"}, "partition is a number"),
        ({"partition": "77"}, "no partition 77"),
    ],
)
def test_record_that_cannot_be_published_keeps_the_form(parts: StackParts, fields: dict[str, str], why: str) -> None:
    answer = request(parts, f"{TOPIC}/publish", {"key": "mine", **fields})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert why in answer.text
    assert 'value="mine"' in answer.text


def test_page_says_that_no_broker_answers(tmp_path: Path) -> None:
    parts = idle_stack(tmp_path)
    assert "No Kafka broker answers" in page(parts, "/kafka")
    assert "No topics" not in page(parts, "/kafka")
    for path in (TOPIC, f"{TOPIC}/records/0/0", f"{TOPIC}/publish"):
        answer = request(parts, path)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "<h1>Kafka does not answer</h1>" in answer.text
        assert "No Kafka broker answers (127.0.0.1:1: Connection refused). Start it" in answer.text
        assert "Try again" in answer.text


def test_record_that_no_broker_takes_stays_in_the_form(tmp_path: Path) -> None:
    fields = {"key": "mine", "value": "typed by hand", "headers": "a: b", "partition": "2"}
    answer = request(idle_stack(tmp_path), f"{TOPIC}/publish", fields)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    for shown in ("No Kafka broker answers", 'value="mine"', "typed by hand", "a: b", "<option selected>2</option>"):
        assert shown in answer.text
