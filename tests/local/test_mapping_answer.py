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
        (_answer("message-id"), "itemIdentifier is None"),
        (_answer(None), "itemIdentifier is None"),
        (_answer({}), "itemIdentifier is None"),
        (_answer({"itemIdentifier": None}), "itemIdentifier is None"),
        (_answer({"itemIdentifier": ""}), "a string is what SQS has"),
        (_answer({"itemIdentifier": "my-topic-0@5"}), "a string is what SQS has"),
        (_answer({"itemidentifier": {"partition": "my-topic-0", "offset": 5}}), "itemIdentifier is None"),
        (_answer({"itemIdentifier": {"partition": "my-topic-0"}}), "itemIdentifier is"),
        (_answer({"itemIdentifier": {"offset": 5}}), "itemIdentifier is"),
        (_answer(_failure(offset="5")), "itemIdentifier is"),
        (_answer(_failure(offset=5.0)), "itemIdentifier is"),
        (_answer(_failure(offset=None)), "itemIdentifier is"),
        (_answer(_failure(offset=True)), "itemIdentifier is"),
        (_answer(_failure(0)), "itemIdentifier is"),
        (_answer(_failure(["my-topic-0"])), "itemIdentifier is"),
        (_answer(_failure("my-topic")), "my-topic@5, which is not in the batch"),
        (_answer(_failure("my-topic-1")), "my-topic-1@5, which is not in the batch"),
        (_answer(_failure("other-0")), "other-0@5, which is not in the batch"),
        (_answer(_failure(offset=7)), "my-topic-0@7, which is not in the batch"),
        (_answer(_failure(offset=-1)), "my-topic-0@-1, which is not in the batch"),
        (_answer(_failure(), _failure(offset=10)), "my-topic-0@10, which is not in the batch"),
        (_answer(_failure(), "x"), "itemIdentifier is None"),
    ],
)
def test_an_answer_that_lambda_cannot_read_says_what_is_wrong(payload: bytes, says: str) -> None:
    with pytest.raises(MalformedAnswerError) as raised:
        failed_from(payload, BATCH)
    assert says in str(raised.value)


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
