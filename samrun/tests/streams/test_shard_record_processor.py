"""Processing of the records of a shard: retries, halves, partial responses, limits."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from samrun.functions.invoker import FunctionThrottledError, InvocationResult, PayloadTooLargeError
from samrun.streams.shard_record_processor import ShardRecordProcessor
from samrun.streams.stream_source import StreamRecord
from samrun.template.model.triggers import StreamTrigger

if TYPE_CHECKING:
    from samrun.streams.on_failure import DiscardedRecords

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"
Reaction = Callable[[list[str]], Any]


def record(number: str, *, age: float = 0.0) -> StreamRecord:
    arrived = datetime.now(UTC) - timedelta(seconds=age)
    return StreamRecord(sequence_number=number, arrived=arrived, entry={"number": number}, fields={})


class Processed:
    """The result of one batch: the batches that the function got, what was discarded, and the checkpoints."""

    def __init__(self, reacts: Reaction, *records: StreamRecord, **properties: Any) -> None:
        self.batches: list[str] = []
        self.discarded: list[DiscardedRecords] = []
        self.done: list[str] = []
        self.reports: list[str] = []
        self._reacts = reacts
        usual: dict[str, Any] = {"batch_size": 10, "window": 0.0, "starting_position": "TRIM_HORIZON"}
        trigger = StreamTrigger(
            logical_id="Trigger",
            function="Fn",
            function_arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
            service="dynamodb",
            stream_arn=ARN,
            name="T",
            **usual | properties,
        )
        ShardRecordProcessor(
            trigger=trigger,
            shard="shard",
            invoke=self._invoke,
            report=self.reports.append,
            discard=self.discarded.append,
            done=self.done.append,
            stopping=threading.Event(),
        ).process(records or [record(number) for number in "abcd"])

    def _invoke(self, _function: str, payload: bytes) -> Future[InvocationResult]:
        numbers = [each["number"] for each in json.loads(payload)["Records"]]
        self.batches.append("".join(numbers))
        future: Future[InvocationResult] = Future()
        try:
            future.set_result(InvocationResult(request_id="r", payload=json.dumps(self._reacts(numbers)).encode()))
        except ValueError as error:
            future.set_result(InvocationResult.of_error("ValueError", str(error)))
        except (FunctionThrottledError, PayloadTooLargeError) as error:
            future.set_exception(error)
        return future


def fail_with(*poison: str) -> Reaction:
    def react(numbers: list[str]) -> None:
        if set(poison) & set(numbers):
            raise ValueError("poison")

    return react


def name(*failed: str) -> Reaction:
    """Return a function that names these records as failed, each once."""
    left = list(failed)

    def react(numbers: list[str]) -> Any:
        named = [number for number in numbers if number in left]
        left[:] = [number for number in left if number not in named]
        return {"batchItemFailures": [{"itemIdentifier": number} for number in named]}

    return react


def test_batch_that_succeeds_is_done() -> None:
    processed = Processed(lambda _: None)
    assert (processed.batches, processed.done, processed.reports) == (["abcd"], ["d"], ["T (4 records) → Fn"])


def test_batch_that_fails_is_retried_as_a_whole_and_discarded_after_its_retries() -> None:
    processed = Processed(fail_with("b"), maximum_retries=2)
    assert processed.batches == ["abcd"] * 3
    [discarded] = processed.discarded
    assert (discarded.condition, discarded.attempts) == ("RetryAttemptsExhausted", 3)
    assert processed.done[-1] == "d"


def test_batch_is_halved_until_the_bad_record_is_alone() -> None:
    processed = Processed(fail_with("b"), maximum_retries=1, bisect=True)
    assert processed.batches == ["abcd", "ab", "a", "b", "b", "cd"]
    [discarded] = processed.discarded
    assert [each.sequence_number for each in discarded.records] == ["b"]
    assert processed.done == ["a", "b", "d"]


def test_records_from_the_first_failed_one_on_are_retried() -> None:
    processed = Processed(name("d", "b"), report_batch_item_failures=True)
    assert processed.batches == ["abcd", "bcd"]
    assert processed.done == ["a", "d"]
    assert processed.reports == [
        "T (4 records) → Fn",
        "Fn named failed records: 3 of 4 records of T are not done",
        "T (3 records) → Fn",
    ]


def test_batch_that_is_too_large_is_halved_without_an_attempt() -> None:
    def react(numbers: list[str]) -> None:
        if len(numbers) > 2:
            raise PayloadTooLargeError("too large")

    processed = Processed(react, maximum_retries=0)
    assert (processed.batches, processed.discarded, processed.done) == (["abcd", "ab", "cd"], [], ["b", "d"])


def test_record_that_is_too_large_alone_is_discarded() -> None:
    def react(numbers: list[str]) -> None:
        if "b" in numbers:
            raise PayloadTooLargeError("too large")

    processed = Processed(react)
    assert processed.batches == ["abcd", "ab", "a", "b", "cd"]
    [discarded] = processed.discarded
    assert [each.sequence_number for each in discarded.records] == ["b"]
    assert (discarded.condition, discarded.attempts) == ("MaximumPayloadSizeExceeded", 0)
    assert processed.done == ["a", "b", "d"]


def test_throttling_is_no_attempt() -> None:
    refusals = [FunctionThrottledError("Rate Exceeded."), FunctionThrottledError("Rate Exceeded.")]

    def react(_numbers: list[str]) -> None:
        if refusals:
            raise refusals.pop()

    processed = Processed(react, maximum_retries=0)
    assert (processed.batches, processed.discarded, processed.done) == (["abcd"] * 3, [], ["d"])


def test_named_record_is_where_a_batch_is_split() -> None:
    processed = Processed(name("c"), report_batch_item_failures=True, bisect=True)
    assert processed.batches == ["abcd", "cd"]


@pytest.mark.parametrize(
    "response", [{"batchItemFailures": [{"itemIdentifier": "x"}]}, "text", {"batchItemFailures": 1}]
)
def test_malformed_response_fails_the_whole_batch(response: Any) -> None:
    processed = Processed(lambda _: response, report_batch_item_failures=True, maximum_retries=1)
    assert processed.batches == ["abcd", "abcd"]
    assert "malformed partial batch response" in processed.reports[1]


def test_records_that_are_too_old_are_discarded() -> None:
    processed = Processed(lambda _: None, record("a", age=100), record("b"), maximum_age=60.0)
    assert processed.batches == ["b"]
    assert [(each.condition, len(each.records)) for each in processed.discarded] == [("RecordAgeExceeded", 1)]
    assert processed.done == ["b"]


def test_metadata_of_discarded_records_has_lambdas_form() -> None:
    processed = Processed(fail_with("a"), maximum_retries=0)
    [discarded] = processed.discarded
    metadata = discarded.metadata()
    assert metadata["requestContext"] == {
        "requestId": "",
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:Fn",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 1,
    }
    assert metadata["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    batch = metadata["DDBStreamBatchInfo"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == ("a", "d", 4)
    assert (batch["shardId"], batch["streamArn"]) == ("shard", ARN)
