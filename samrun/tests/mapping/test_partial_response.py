"""Partial answers: what Lambda reads, and what it cannot read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local.mapping.answer import MalformedAnswerError, failed_from
from local.mapping.batch import Batch

FIRST, SECOND = TopicPartition("my-topic", 0), TopicPartition("my-topic", 12)


def _record(partition: TopicPartition, offset: int) -> ConsumerRecord:
    return ConsumerRecord(*partition, 0, offset, 0, 0, None, b"", [], None, -1, 0, -1)


BATCH = Batch(
    {
        partition: tuple(_record(partition, offset) for offset in offsets)
        for partition, offsets in {FIRST: (5, 6, 9), SECOND: (6, 7)}.items()
    }
)


def _failure(partition: Any = "my-topic-0", offset: Any = 5) -> dict[str, Any]:
    return {"itemIdentifier": {"partition": partition, "offset": offset}}


def _answer(*failures: Any) -> bytes:
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
def test_an_answer_without_failures_means_that_all_is_done(payload: bytes) -> None:
    assert failed_from(payload, BATCH) == {}


def test_a_failure_is_of_its_own_partition() -> None:
    assert failed_from(_answer(_failure("my-topic-12", 6)), BATCH) == {SECOND: 6}


def test_the_lowest_of_a_partition_counts_in_whatever_order_and_however_often() -> None:
    failures = [_failure(offset=9), _failure("my-topic-12", 7), _failure(offset=6), _failure(offset=9)]
    assert failed_from(_answer(*failures), BATCH) == {FIRST: 6, SECOND: 7}


def test_what_stands_beside_the_identifier_does_not_matter() -> None:
    failure = _failure() | {"why": "x"}
    failure["itemIdentifier"]["topic"] = "my-topic"
    assert failed_from(_answer(failure), BATCH) == {FIRST: 5}


@pytest.mark.parametrize(
    ("payload", "says"),
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
        (_answer("message-id"), "[0].itemIdentifier is NoneType"),
        (_answer(None), "[0].itemIdentifier is NoneType"),
        (_answer({}), "[0].itemIdentifier is NoneType"),
        (_answer({"itemIdentifier": None}), "[0].itemIdentifier is NoneType"),
        (_answer({"itemIdentifier": ""}), "is a string, as SQS has it"),
        (_answer({"itemIdentifier": "my-topic-0@5"}), "is a string, as SQS has it"),
        (_answer({"itemidentifier": {"partition": "my-topic-0", "offset": 5}}), "[0].itemIdentifier is NoneType"),
        (_answer({"itemIdentifier": {"partition": "my-topic-0"}}), "lacks partition or offset"),
        (_answer({"itemIdentifier": {"offset": 5}}), "lacks partition or offset"),
        (_answer(_failure(offset="5")), "an offset of type str"),
        (_answer(_failure(offset=5.0)), "an offset of type float"),
        (_answer(_failure(offset=None)), "an offset of type NoneType"),
        (_answer(_failure(offset=True)), "an offset of type bool"),
        (_answer(_failure(0)), "a partition of type int"),
        (_answer(_failure(["my-topic-0"])), "a partition of type list"),
        (_answer(_failure("my-topic")), "batchItemFailures[0] is of a record that is not in the batch"),
        (_answer(_failure("my-topic-1")), "batchItemFailures[0] is of a record that is not in the batch"),
        (_answer(_failure("other-0")), "batchItemFailures[0] is of a record that is not in the batch"),
        (_answer(_failure(offset=7)), "batchItemFailures[0] is of a record that is not in the batch"),
        (_answer(_failure(offset=-1)), "batchItemFailures[0] is of a record that is not in the batch"),
        (_answer(_failure(), _failure(offset=10)), "batchItemFailures[1] is of a record that is not in the batch"),
        (_answer(_failure(), "x"), "[1].itemIdentifier is NoneType"),
    ],
)
def test_an_answer_that_lambda_cannot_read_says_what_is_wrong(payload: bytes, says: str) -> None:
    with pytest.raises(MalformedAnswerError) as raised:
        failed_from(payload, BATCH)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    ["secret", _failure("secret"), _failure(offset="secret"), {"itemIdentifier": "secret"}, _failure("s", -7)],
)
def test_what_is_wrong_repeats_nothing_of_the_answer(failure: Any) -> None:
    with pytest.raises(MalformedAnswerError) as raised:
        failed_from(_answer(failure), BATCH)
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
def test_any_json_is_read_or_called_malformed(answer: str) -> None:
    _read_or_malformed(answer.encode())


@given(st.binary(max_size=50))
def test_any_bytes_are_read_or_called_malformed(payload: bytes) -> None:
    _read_or_malformed(payload)


def _read_or_malformed(payload: bytes) -> None:
    try:
        failed = failed_from(payload, BATCH)
    except MalformedAnswerError:
        return
    for partition, lowest in failed.items():
        assert lowest in [record.offset for record in BATCH.records[partition]]
