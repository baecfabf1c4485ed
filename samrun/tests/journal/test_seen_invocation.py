"""Invocation as its event tells it: triggers, traces and records, whatever the event is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from samrun.functions.invocation_log import LoggedInvocation
from samrun.journal.seen_invocation import record_in_event, seen_invocation
from samrun.mapping.records import TopicPartition
from samrun.testing.kafka_records import batch, record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def logged(event: bytes) -> LoggedInvocation:
    return LoggedInvocation(number=1, function="Fn", request_id="r", event=event, started=datetime.now(UTC))


@pytest.mark.parametrize(
    ("event", "trigger"),
    [
        ({"requestContext": {}, "headers": None}, "API"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "SQS"),
        ({"Records": [{"EventSource": "aws:sns"}]}, "SNS"),
        ({"Records": [{"eventSource": "aws:dynamodb"}]}, "DynamoDB stream"),
        ({"Records": [{"eventSource": "aws:new"}]}, "aws:new"),
        ({"detail-type": "Scheduled Event"}, "schedule"),
        ({"detail-type": "Order Paid"}, "EventBridge"),
        ({"order": 1}, "direct invocation"),
        ([1], "direct invocation"),
        ({"Records": []}, "direct invocation"),
    ],
)
def test_event_tells_its_trigger(event: Any, trigger: str) -> None:
    assert seen_invocation(logged(json.dumps(event).encode())).trigger == trigger


@pytest.mark.parametrize("event", [b"", b"no JSON", b"[" * 100_000])
def test_event_that_is_no_json_has_no_records(event: bytes) -> None:
    assert seen_invocation(logged(event)).records == ()


@pytest.mark.parametrize("name", ["traceparent", "TraceParent"])
def test_headers_of_a_request_tell_its_trace(name: str) -> None:
    event = {"requestContext": {}, "headers": {name: TRACEPARENT}}
    assert seen_invocation(logged(json.dumps(event).encode())).trace_ids == (TRACE,)


def test_records_have_key_type_and_trace_of_a_cloud_event_in_its_value() -> None:
    value = json.dumps({"type": "order.paid.v1", "traceparent": TRACEPARENT}).encode()
    [seen] = seen_invocation(
        logged(batch(record(7, key=b"ord_1", value=value)).event("kafka", source_arn=None))
    ).records
    assert seen.place == (TopicPartition("t", 0), 7)
    assert (seen.key, seen.type, seen.trace_ids) == ("ord_1", "order.paid.v1", (TRACE,))


def test_records_have_type_and_trace_of_their_headers() -> None:
    headers = [("ce_type", b"order.paid.v1"), ("traceparent", TRACEPARENT.encode())]
    event = batch(record(0, value=b"\xff", headers=headers)).event("kafka", source_arn="arn:aws:kafka:x")
    [seen] = seen_invocation(logged(event)).records
    assert (seen.key, seen.type, seen.trace_ids) == (None, "order.paid.v1", (TRACE,))


def test_key_that_is_no_text_is_written_with_its_bytes() -> None:
    [seen] = seen_invocation(logged(batch(record(0, key=b"\xff1")).event("kafka", source_arn=None))).records
    assert seen.key == "\\xff1"


def test_record_is_found_in_its_event() -> None:
    event = batch(record(6, value=b"six"), record(7, key=b"k", value=b"seven")).event("kafka", source_arn=None)
    found = record_in_event(event, (TopicPartition("t", 0), 7))
    assert found is not None
    assert (found["key"], found["value"]) == ("k", "seven")
    assert record_in_event(event, (TopicPartition("t", 1), 7)) is None
