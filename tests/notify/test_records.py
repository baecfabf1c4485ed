from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.notify.events.records import Record, UndecodableError, read_records

EVENTS = Path(__file__).parents[2] / "events"
PAID = (EVENTS / "order.paid.v1.json").read_bytes()


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / "kafka" / name).read_text())
    return event


def record(**source: Any) -> Record:
    place = {"topic": "order-events", "partition": 0, "offset": 7}
    (found,) = read_records({"eventSource": "aws:kafka", "records": {"order-events-0": [place | source]}})
    return found


@pytest.mark.parametrize("name", ["msk.json", "self-managed.json"])
def test_a_sample_of_one_record_contains_the_sample_event(name: str) -> None:
    (found,) = read_records(load(name))
    assert found.value() == PAID
    assert found.headers() == {"content-type": b"application/cloudevents+json; charset=UTF-8"}
    assert (found.partition_id, found.topic, found.partition) == ("order-events-0", "order-events", 0)


def test_several_partitions_keep_their_order() -> None:
    places = [(found.partition_id, found.offset) for found in read_records(load("several-partitions.json"))]
    assert places == [
        ("order-events-0", 7),
        ("order-events-0", 8),
        ("order-events-1", 4),
        ("order-events-1", 5),
        ("order-events-2", 11),
    ]


def test_a_record_without_key_value_and_headers_is_a_tombstone() -> None:
    found = record()
    assert (found.key, found.value(), found.headers()) == (None, None, {})


def test_a_null_value_is_a_tombstone() -> None:
    assert record(value=None).value() is None


def test_an_empty_value_is_no_tombstone() -> None:
    assert record(value="").value() == b""


@pytest.mark.parametrize("byte", [0xE9, 0xE9 - 256])
def test_header_bytes_are_read_signed_and_unsigned(byte: int) -> None:
    assert record(headers=[{"name": [99, byte]}]).headers() == {"name": b"c\xe9"}


def test_the_last_of_repeated_headers_counts() -> None:
    assert record(headers=[{"a": [49]}, {"a": [50]}]).headers() == {"a": b"2"}


@pytest.mark.parametrize("value", ["no base64!", "YQ", 7, ["YQ=="]])
def test_a_value_that_is_not_base64_is_named(value: Any) -> None:
    with pytest.raises(UndecodableError, match="the value is not base64"):
        record(value=value).value()


@pytest.mark.parametrize("headers", [["a"], [{"a": "text"}], [{"a": 1}], [{"a": [None]}], 7])
def test_headers_that_are_not_lists_of_bytes_are_named(headers: Any) -> None:
    with pytest.raises(UndecodableError, match="the headers are not names with lists of bytes"):
        record(headers=headers).headers()


def test_the_error_for_an_event_of_another_source_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="Trigger this function by a Kafka event source mapping"):
        read_records({"Records": [{"eventSource": "aws:sqs"}]})
