"""Batches: their event, by AWS's documents and by the sample events of the notify function, and how they are split."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.testing.kafka_records import batch, record

SAMPLES = Path(__file__).parents[3] / "events" / "kafka"


def in_event(each: KafkaRecord) -> dict[str, Any]:
    """Return the record as it is in an event."""
    event = json.loads(batch(each).event("broker:9092", source_arn=None))
    [[in_records]] = event["records"].values()
    assert isinstance(in_records, dict)
    return in_records


@pytest.mark.parametrize("name", ["self-managed", "msk", "several-partitions"])
def test_event_equals_the_sample_event(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text())
    records = [
        record(
            each["offset"],
            topic=each["topic"],
            partition=each["partition"],
            timestamp=each["timestamp"],
            key=base64.b64decode(each["key"]) if "key" in each else None,
            value=base64.b64decode(each["value"]),
            headers=[
                (name, bytes(byte % 256 for byte in value))
                for header in each["headers"]
                for name, value in header.items()
            ],
        )
        for partition in sample["records"].values()
        for each in partition
    ]
    event = batch(*records).event(sample["bootstrapServers"], source_arn=sample.get("eventSourceArn"))
    assert json.loads(event) == sample


def test_record_has_its_position_and_time_as_numbers() -> None:
    assert in_event(record(15, partition=2, key=b"k", value=b"v")) == {
        "topic": "t",
        "partition": 2,
        "offset": 15,
        "timestamp": 1795342530612,
        "timestampType": "CREATE_TIME",
        "key": "aw==",
        "value": "dg==",
        "headers": [],
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [(0, "CREATE_TIME"), (1, "LOG_APPEND_TIME"), (2, "NO_TIMESTAMP_TYPE"), (-1, "NO_TIMESTAMP_TYPE")],
)
def test_record_names_the_type_of_its_timestamp(kind: int, name: str) -> None:
    assert in_event(record(timestamp_type=kind))["timestampType"] == name


def test_record_without_key_or_value_lacks_it_and_keeps_an_empty_one() -> None:
    tombstone = in_event(record(key=b"k"))
    assert "value" not in tombstone
    assert "key" not in in_event(record(value=b"v"))
    empty = in_event(record(key=b"", value=b""))
    assert (empty["key"], empty["value"]) == ("", "")


def test_headers_are_signed_bytes_in_their_order_and_may_repeat() -> None:
    headers = [("a", b"\x00\x7f\x80\xff"), ("b", b""), ("a", b"x"), ("null", None)]
    assert in_event(record(headers=headers))["headers"] == [
        {"a": [0, 127, -128, -1]},
        {"b": []},
        {"a": [120]},
        {"null": []},
    ]


def test_event_has_the_records_by_partition_and_in_order() -> None:
    event = json.loads(batch(record(1), record(7, partition=1), record(2), record(4)).event("b:1", source_arn=None))
    offsets = {name: [each["offset"] for each in records] for name, records in event["records"].items()}
    assert offsets == {"t-0": [1, 2, 4], "t-1": [7]}


_bytes = st.none() | st.binary(max_size=300)


@given(key=_bytes, value=_bytes, headers=st.lists(st.tuples(st.text(max_size=20), _bytes), max_size=5))
def test_json_of_a_record_has_as_many_bytes_as_the_record_adds_to_an_event(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    added = record(1, key=key, value=value, headers=headers)
    without, with_it = batch(record(0)), batch(record(0), added)
    growth = len(with_it.event("b:1", source_arn=None)) - len(without.event("b:1", source_arn=None))
    assert len(added.as_json) == growth - len(",")


WHOLE = batch(record(1), record(3), record(4), record(8, partition=1), record(9, partition=1), record(5, partition=2))
FAILED = {TopicPartition("t", 0): {3}, TopicPartition("t", 2): {5}}


def test_failed_records_are_those_that_are_named() -> None:
    assert WHOLE.only(FAILED) == batch(record(3), record(5, partition=2))
    assert len(WHOLE.only({})) == 0


def test_records_from_the_lowest_failed_one_on_are_those_of_its_partition() -> None:
    assert WHOLE.from_lowest(FAILED) == batch(record(3), record(4), record(5, partition=2))
    assert WHOLE.from_lowest({TopicPartition("t", 1): {9, 8}}) == batch(record(8, partition=1), record(9, partition=1))
    assert len(WHOLE.from_lowest({})) == 0


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([record(5)], "t-0@5 (1 record)"),
        ([record(5), record(9)], "t-0@5…9 (2 records)"),
        ([record(7, partition=1), record(5), record(6)], "t-0@5…6, t-1@7 (3 records)"),
    ],
)
def test_batch_is_described_by_its_offsets(records: list[KafkaRecord], text: str) -> None:
    assert str(batch(*records)) == text


def test_single_partition_is_halved_in_the_middle() -> None:
    assert batch(record(1), record(3), record(4)).halves() == (batch(record(1)), batch(record(3), record(4)))
    assert batch(record(1), record(3)).halves() == (batch(record(1)), batch(record(3)))


def test_several_partitions_are_split_into_a_batch_for_each() -> None:
    first, second, third = ([record(offset, partition=each) for offset in (1, 2)] for each in range(3))
    assert batch(*first, *second, *third).by_partition() == [batch(*first), batch(*second), batch(*third)]


def test_split_by_age_judges_each_record_by_itself() -> None:
    young, old = record(2, timestamp=60_000), [record(1, timestamp=59_999), record(3, timestamp=0)]
    timeless = record(5, partition=1, timestamp=-1)
    assert batch(*old, young, timeless).split_by_age(60) == (batch(*old), batch(young, timeless))
    assert batch(young).split_by_age(60) == (batch(), batch(young))


_numbers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 2**63 - 1, -(2**63), 1795342530612000])


@given(
    each=st.builds(
        KafkaRecord,
        topic_partition=st.builds(TopicPartition, st.text(min_size=1), st.integers(0, 2**31 - 1)),
        offset=st.integers(0, 2**63 - 1),
        timestamp=_numbers,
        timestamp_type=st.integers(-1, 2),
        key=_bytes,
        value=_bytes,
        headers=st.lists(st.tuples(st.text(), _bytes)),
    )
)
def test_any_record_becomes_an_event_with_all_its_values(each: KafkaRecord) -> None:
    got = in_event(each)
    assert (got["topic"], got["partition"], got["offset"]) == (each.topic, each.partition, each.offset)
    assert got["timestamp"] == each.timestamp
    for name, value in (("key", each.key), ("value", each.value)):
        assert value == (base64.b64decode(got[name]) if name in got else None)
    headers = [
        (name, bytes(byte % 256 for byte in value)) for header in got["headers"] for name, value in header.items()
    ]
    assert headers == [(name, value or b"") for name, value in each.headers]
    batch(each).split_by_age(1.0)
