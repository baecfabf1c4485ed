"""Reading of dead letters: the forms of each sender, and whatever else somebody sends."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from samrun.dead_letters.dead_letter import RecordSpan
from samrun.dead_letters.reading import contents_of
from samrun.functions.invoker import InvocationResult
from samrun.mapping.batch import Batch
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.testing.kafka_records import kafka_mapping

PARTITION = TopicPartition("orders", 2)
RECORDS = tuple(KafkaRecord(PARTITION, offset, 1000, value=b"{}") for offset in (7, 8))
SPAN = RecordSpan(partition=PARTITION, first=7, last=8)


def discarded() -> DiscardedBatch:
    return DiscardedBatch(
        batch=Batch({PARTITION: RECORDS}),
        condition="RetryAttemptsExhausted",
        attempts=3,
        last_result=InvocationResult.of_error("ValueError", "poison"),
        at=datetime.now(UTC),
        mapping=kafka_mapping(),
        bootstrap="127.0.0.1:9092",
    )


def test_metadata_of_a_mapping_names_the_records() -> None:
    contents = contents_of(json.dumps(discarded().metadata()).encode(), {})
    assert contents.spans == (SPAN,)
    assert contents.event is None
    assert (contents.what, contents.attempts) == ("orders-2@7…8 (2 records)", 3)
    assert contents.reason == "RetryAttemptsExhausted, Unhandled"
    assert contents.function == kafka_mapping().function


def test_object_of_a_bucket_has_the_event_too() -> None:
    batch = discarded()
    contents = contents_of(json.dumps(batch.metadata() | {"payload": batch.payload}).encode(), {})
    assert contents.event == batch.payload.encode()
    assert contents.spans == (SPAN,)


def test_record_of_a_topic_has_the_event_of_its_record() -> None:
    contents = contents_of(json.dumps(discarded().invocation_record(RECORDS[1])).encode(), {})
    assert contents.spans == (RecordSpan(partition=PARTITION, first=8, last=8),)
    [[record]] = json.loads(contents.event or b"")["records"].values()
    assert record["offset"] == 8


def test_message_of_sns_is_read_through_its_envelope() -> None:
    envelope = {"Type": "Notification", "Message": json.dumps(discarded().metadata()), "MessageAttributes": {}}
    assert contents_of(json.dumps(envelope).encode(), {}).spans == (SPAN,)


def test_record_of_an_asynchronous_invocation_has_event_and_error() -> None:
    message = {
        "version": "1.0",
        "requestContext": {
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Fn:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"functionError": "Unhandled"},
        "responsePayload": {"errorType": "ValueError", "errorMessage": "of no use"},
    }
    contents = contents_of(json.dumps(message).encode(), {})
    assert (contents.event, contents.function, contents.attempts) == (b'{"a": 1}', "Fn", 3)
    assert contents.reason == "RetriesExhausted, Unhandled: ValueError: of no use"


def test_dead_letter_of_a_function_is_the_event() -> None:
    contents = contents_of(b'{"a": 1}', {"RequestID": "r", "ErrorCode": "200", "ErrorMessage": "of no use"})
    assert (contents.event, contents.reason) == (b'{"a": 1}', "of no use")


def test_dead_letter_of_a_rule_names_its_target() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:Fn"
    contents = contents_of(b"{}", {"TARGET_ARN": arn, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "gone"})
    assert (contents.event, contents.function, contents.reason) == (b"{}", "Fn", "NO_RESOURCE: gone")


def test_record_that_a_function_sent_is_one_of_its_topic() -> None:
    record = {"topic": "orders", "partition": 2, "offset": 7, "value": base64.b64encode(b"x").decode()}
    attributes = {"topic": "orders", "partition": "2", "offset": "7", "reason": "not JSON"}
    contents = contents_of(json.dumps(record).encode(), attributes)
    assert contents.reason == "not JSON"
    assert contents.spans == (RecordSpan(partition=PARTITION, first=7, last=7),)
    assert json.loads(contents.event or b"")["records"] == {"orders-2": [record]}


def test_place_alone_leaves_the_record_to_kafka() -> None:
    attributes = {"topic": "orders", "partition": "2", "offset": "7", "payload": "omitted"}
    contents = contents_of(json.dumps({"topic": "orders", "partition": 2, "offset": 7}).encode(), attributes)
    assert contents.event is None
    assert contents.spans


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"[" * 100_000,
        b"<script>",
        json.dumps({"KafkaBatchInfo": None}).encode(),
        json.dumps({"KafkaBatchInfo": {"recordsInfo": {"x": 1, "a-1": {"firstRecordOffset": "x"}}}}).encode(),
        json.dumps({"KafkaBatchInfo": {}, "payload": "not JSON", "requestContext": []}).encode(),
        json.dumps({"DDBStreamBatchInfo": {"streamArn": 7}}).encode(),
        json.dumps({"requestPayload": None, "requestContext": None, "responsePayload": [1]}).encode(),
        json.dumps({"Type": "Notification", "Message": "[", "MessageAttributes": {"a": {}}}).encode(),
        json.dumps({"topic": "t", "partition": -1, "offset": 10**30}).encode(),
        b'{"topic": "\\ud800", "partition": 1, "offset": 1, "key": "\\ud800"}',
    ],
)
def test_message_of_any_form_is_read(body: bytes) -> None:
    contents = contents_of(body, {})
    assert contents.what


def test_long_reason_is_cut() -> None:
    attributes: dict[str, Any] = {"ErrorMessage": "x" * 10_000}
    assert len(contents_of(b"{}", attributes).reason) < 400
