"""The event of a batch, by what AWS documents and by the samples that the notify function is tested with."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local.mapping.batch import Batch, payload_size
from local.model import KafkaMapping

SAMPLES = Path(__file__).parents[2] / "events" / "kafka"


def mapping(arn: str | None = None) -> KafkaMapping:
    return KafkaMapping(
        logical_id="Mapping",
        function="Fn",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
        topic="t",
        consumer_group="g",
        event_source_arn=arn,
        batch_size=10,
        window=0,
        starting_position="TRIM_HORIZON",
        starting_timestamp=None,
        partial_answers=True,
    )


def record(offset: int = 0, **fields: Any) -> ConsumerRecord:
    return ConsumerRecord(
        **{
            "topic": "t",
            "partition": 0,
            "leader_epoch": 0,
            "offset": offset,
            "timestamp": 1795342530612,
            "timestamp_type": 0,
            "key": None,
            "value": None,
            "headers": [],
            "checksum": None,
            "serialized_key_size": -1,
            "serialized_value_size": -1,
            "serialized_header_size": -1,
        }
        | fields
    )


def batch(*records: ConsumerRecord) -> Batch:
    partitions = {TopicPartition(each.topic, each.partition): None for each in records}
    return Batch(
        {
            partition: tuple(each for each in records if (each.topic, each.partition) == partition)
            for partition in partitions
        }
    )


def in_event(each: ConsumerRecord) -> dict[str, Any]:
    """Return what the event holds of one record."""
    event = json.loads(batch(each).event("broker:9092", source_arn=None))
    [[found]] = event["records"].values()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["self-managed", "msk", "several-partitions"])
def test_the_event_is_the_one_of_the_samples(name: str) -> None:
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


def test_a_record_has_its_place_and_time_as_numbers() -> None:
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
    [(0, "CREATE_TIME"), (1, "LOG_APPEND_TIME"), (None, "NO_TIMESTAMP_TYPE"), (-1, "NO_TIMESTAMP_TYPE")],
)
def test_the_type_of_the_timestamp_is_named(kind: int | None, name: str) -> None:
    assert in_event(record(timestamp_type=kind))["timestampType"] == name


def test_what_a_record_does_not_have_is_absent_and_what_is_empty_is_empty() -> None:
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


def test_partitions_keep_their_records_apart_and_in_order() -> None:
    event = json.loads(batch(record(1), record(7, partition=1), record(2), record(4)).event("b:1", source_arn=None))
    offsets = {name: [each["offset"] for each in records] for name, records in event["records"].items()}
    assert offsets == {"t-0": [1, 2, 4], "t-1": [7]}


_bytes = st.none() | st.binary(max_size=300)


@given(key=_bytes, value=_bytes, headers=st.lists(st.tuples(st.text(max_size=20), _bytes), max_size=5))
def test_the_size_of_a_record_is_what_it_adds_to_an_event(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    added = record(1, key=key, value=value, headers=headers)
    without, with_it = batch(record(0)), batch(record(0), added)
    growth = len(with_it.event("b:1", source_arn=None)) - len(without.event("b:1", source_arn=None))
    assert payload_size(added) == growth - len(",")


def test_the_remainder_is_each_failed_partition_from_its_lowest_on() -> None:
    whole = batch(
        record(1), record(3), record(4), record(8, partition=1), record(9, partition=1), record(5, partition=2)
    )
    failed = {TopicPartition("t", 0): 3, TopicPartition("t", 2): 5}
    assert whole.remainder(failed) == batch(record(3), record(4), record(5, partition=2))
    assert len(whole.remainder({})) == 0


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([record(5)], "t-0@5 (1 record)"),
        ([record(5), record(9)], "t-0@5…9 (2 records)"),
        ([record(7, partition=1), record(5), record(6)], "t-0@5…6, t-1@7 (3 records)"),
    ],
)
def test_a_batch_is_named_by_its_offsets(records: list[ConsumerRecord], text: str) -> None:
    assert str(batch(*records)) == text


def test_one_partition_is_halved_in_the_middle() -> None:
    assert batch(record(1), record(3), record(4)).halves() == (batch(record(1)), batch(record(3), record(4)))
    assert batch(record(1), record(3)).halves() == (batch(record(1)), batch(record(3)))


def test_several_partitions_are_parted_whole() -> None:
    first, second, third = ([record(offset, partition=each) for offset in (1, 2)] for each in range(3))
    assert batch(*first, *second, *third).halves() == (batch(*first), batch(*second, *third))


def test_records_are_too_old_one_by_one() -> None:
    young, old = record(2, timestamp=60_000), [record(1, timestamp=59_999), record(3, timestamp=0)]
    timeless = record(5, partition=1, timestamp=-1)
    assert batch(*old, young, timeless).by_age(60) == (batch(*old), batch(young, timeless))
    assert batch(young).by_age(60) == (batch(), batch(young))
