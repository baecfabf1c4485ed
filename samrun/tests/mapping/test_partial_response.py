"""Partial batch responses: those that Lambda reads, and those that it cannot read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.functions.batch_item_failures import MalformedBatchResponseError
from samrun.mapping.batch import Batch
from samrun.mapping.partial_response import parse_batch_item_failures
from samrun.mapping.records import KafkaRecord, TopicPartition

FIRST, SECOND = TopicPartition("my-topic", 0), TopicPartition("my-topic", 12)


def _record(partition: TopicPartition, offset: int) -> KafkaRecord:
    return KafkaRecord(partition, offset=offset, value=b"")


BATCH = Batch(
    {
        partition: tuple(_record(partition, offset) for offset in offsets)
        for partition, offsets in {FIRST: (5, 6, 9), SECOND: (6, 7)}.items()
    }
)


def _failure(partition: Any = "my-topic-0", offset: Any = 5) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": partition, "offset": offset}}


def _response(*failures: Any) -> bytes:
    return json.dumps({"batchItemFailures": failures}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"{}",
        b'{"batchItemFailures": []}',
        b'{"batchItemFailures": null}',
        b'{"something": "else"}',
        b' {"batchItemFailures":\n[]} ',
    ],
)
def test_response_without_failures_means_that_every_record_is_done(payload: bytes) -> None:
    assert parse_batch_item_failures(payload, BATCH) == {}


def test_failure_counts_for_its_own_partition() -> None:
    assert parse_batch_item_failures(_response(_failure("my-topic-12", 6)), BATCH) == {SECOND: {6}}


def test_each_failed_offset_counts_once_whatever_the_order() -> None:
    failures = [_failure(offset=9), _failure("my-topic-12", 7), _failure(offset=6), _failure(offset=9)]
    assert parse_batch_item_failures(_response(*failures), BATCH) == {FIRST: {6, 9}, SECOND: {7}}


def test_additional_fields_are_ignored() -> None:
    failure = _failure() | {"why": "x"}
    failure["itemIdentifier"]["topic"] = "my-topic"
    assert parse_batch_item_failures(_response(failure), BATCH) == {FIRST: {5}}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"no json", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b'{"batchItemFailures": [', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'"ok"', "str, not an object"),
        (b"[]", "list, not an object"),
        (b"true", "bool, not an object"),
        (b"0", "int, not an object"),
        (b'{"batchItemFailures": ""}', "str, not a list"),
        (b'{"batchItemFailures": false}', "bool, not a list"),
        (b'{"batchItemFailures": {}}', "dict, not a list"),
        (_response("message-id"), "[0].itemIdentifier is NoneType"),
        (_response(None), "[0].itemIdentifier is NoneType"),
        (_response({}), "[0].itemIdentifier is NoneType"),
        (_response({"itemIdentifier": None}), "[0].itemIdentifier is NoneType"),
        (_response({"itemIdentifier": ""}), "is a string, as for SQS"),
        (_response({"itemIdentifier": "my-topic-0@5"}), "is a string, as for SQS"),
        (_response({"itemidentifier": {"partition": "my-topic-0", "offset": 5}}), "[0].itemIdentifier is NoneType"),
        (_response({"itemIdentifier": {"partition": "my-topic-0"}}), "lacks partition or offset"),
        (_response({"itemIdentifier": {"offset": 5}}), "lacks partition or offset"),
        (_response(_failure(offset="5")), "an offset of type str"),
        (_response(_failure(offset=5.0)), "an offset of type float"),
        (_response(_failure(offset=None)), "an offset of type NoneType"),
        (_response(_failure(offset=True)), "an offset of type bool"),
        (_response(_failure(0)), "a partition of type int"),
        (_response(_failure(["my-topic-0"])), "a partition of type list"),
        (_response(_failure("my-topic")), "batchItemFailures[0] names a record that is not in the batch"),
        (_response(_failure("my-topic-1")), "batchItemFailures[0] names a record that is not in the batch"),
        (_response(_failure("other-0")), "batchItemFailures[0] names a record that is not in the batch"),
        (_response(_failure(offset=7)), "batchItemFailures[0] names a record that is not in the batch"),
        (_response(_failure(offset=-1)), "batchItemFailures[0] names a record that is not in the batch"),
        (_response(_failure(), _failure(offset=10)), "batchItemFailures[1] names a record that is not in the batch"),
        (_response(_failure(), "x"), "[1].itemIdentifier is NoneType"),
    ],
)
def test_error_says_why_lambda_cannot_read_the_response(payload: bytes, message: str) -> None:
    with pytest.raises(MalformedBatchResponseError) as raised:
        parse_batch_item_failures(payload, BATCH)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    ["secret", _failure("secret"), _failure(offset="secret"), {"itemIdentifier": "secret"}, _failure("s", -7)],
)
def test_error_repeats_nothing_of_the_response(failure: Any) -> None:
    with pytest.raises(MalformedBatchResponseError) as raised:
        parse_batch_item_failures(_response(failure), BATCH)
    assert "secret" not in str(raised.value)
    assert "-7" not in str(raised.value)


_scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
_json = st.recursive(
    _scalar, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=10), inner), max_leaves=8
)
_offset = st.sampled_from([5, 6, 7, 9]) | _json
_partition = st.sampled_from(["my-topic-0", "my-topic-12", "my-topic-1"]) | _json
_identifier = st.fixed_dictionaries({}, optional={"partition": _partition, "offset": _offset}) | _json
_failures = st.lists(st.fixed_dictionaries({"itemIdentifier": _identifier}) | _json)


@given(st.fixed_dictionaries({"batchItemFailures": _failures | _json}).map(json.dumps) | _json.map(json.dumps))
def test_any_json_is_read_or_raises_malformed_response_error(response: str) -> None:
    _read_or_malformed(response.encode())


@given(st.binary(max_size=50))
def test_any_bytes_are_read_or_raise_malformed_response_error(payload: bytes) -> None:
    _read_or_malformed(payload)


def _read_or_malformed(payload: bytes) -> None:
    try:
        failed = parse_batch_item_failures(payload, BATCH)
    except MalformedBatchResponseError:
        return
    for partition, offsets in failed.items():
        assert offsets
        assert offsets <= {record.offset for record in BATCH.records[partition]}
