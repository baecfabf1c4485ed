"""Batch processor: what it retries and what it discards, with a function that answers as a test says."""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from samrun.functions.invoker import FunctionUnavailableError, InvocationResult
from samrun.mapping.batch_processor import BatchProcessor
from samrun.mapping.delivery import Delivery
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.testing.kafka_records import batch, kafka_mapping, record

FAILS_AS_A_WHOLE = "fails as a whole"
MALFORMED = "malformed"
UNREACHED = "is not reached"

Response = Sequence[int] | str
"""The offsets that the function reports as failed, or how else it ends."""


class Processing:
    """A processor that retries from the lowest failed offset on, and what it sent and discarded."""

    def __init__(self, answers: Sequence[Response], **fields: Any) -> None:
        self.sent: list[list[int]] = []
        self.discarded: list[tuple[str, list[int]]] = []
        self._answers = list(answers)
        self._processor = BatchProcessor(
            mapping=kafka_mapping(**fields),
            bootstrap="b:1",
            invoke=self._invoke,
            report=lambda _: None,
            send_to_destination=self._discard,
            redeliver="from-lowest",
            stopping=threading.Event(),
        )

    def process(self, *deliveries: Delivery) -> None:
        """Process deliveries and their retries, one after the other."""
        left = list(deliveries)
        while left:
            left[:0] = self._processor.process(left.pop(0)).retries

    def _invoke(self, _name: str, payload: bytes) -> Future[InvocationResult]:
        self.sent.append([each["offset"] for records in json.loads(payload)["records"].values() for each in records])
        done: Future[InvocationResult] = Future()
        answer = self._answers.pop(0)
        if answer == UNREACHED:
            done.set_exception(FunctionUnavailableError("TooManyRequestsException"))
        else:
            done.set_result(_result(answer))
        return done

    def _discard(self, discarded: DiscardedBatch) -> str:
        self.discarded.append((discarded.condition, [each.offset for each in discarded.batch.all_records()]))
        return "a queue"


def _result(answer: Response) -> InvocationResult:
    if answer == FAILS_AS_A_WHOLE:
        return InvocationResult(request_id="r", payload=b"{}", function_error="Unhandled")
    if answer == MALFORMED:
        return InvocationResult(request_id="r", payload=b'{"batchItemFailures": [{}]}')
    failures = [{"itemIdentifier": {"partition": "t-0", "offset": offset}} for offset in answer]
    return InvocationResult(request_id="r", payload=json.dumps({"batchItemFailures": failures}).encode())


def three_records(**fields: Any) -> Delivery:
    return Delivery(batch=batch(*(record(offset, **fields) for offset in range(3))))


@pytest.mark.parametrize(
    ("answers", "sent", "discarded"),
    [
        ([[0]], [[0, 1, 2]], [0]),
        ([[0], [0]], [[0, 1, 2]] * 2, [0]),
        ([[0, 2], [0]], [[0, 1, 2]] * 2, [0]),
        ([[0], [1]], [[0, 1, 2]] * 2, [1]),
        ([[0], FAILS_AS_A_WHOLE], [[0, 1, 2]] * 2, [0]),
        ([[0, 1], MALFORMED], [[0, 1, 2]] * 2, [0, 1]),
        ([FAILS_AS_A_WHOLE, [1]], [[0, 1, 2]] * 2, [1]),
        ([FAILS_AS_A_WHOLE, MALFORMED], [[0, 1, 2]] * 2, [0, 1, 2]),
        ([[0], []], [[0, 1, 2]] * 2, None),
    ],
)
def test_record_that_the_function_reported_as_done_is_never_discarded(
    answers: Sequence[Response], sent: list[list[int]], discarded: list[int] | None
) -> None:
    processing = Processing(answers, maximum_retries=len(answers) - 1)
    processing.process(three_records())
    assert processing.sent == sent
    assert processing.discarded == ([("RetryAttemptsExhausted", discarded)] if discarded else [])


def test_record_that_is_done_is_not_discarded_for_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    processing = Processing([[0]], maximum_age=60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    [retry] = processing._processor.process(three_records(timestamp=int(now * 1000))).retries
    monkeypatch.setattr(time, "time", lambda: now + 61)
    processing.process(retry)
    assert processing.sent == [[0, 1, 2]]
    assert processing.discarded == [("RecordAgeExceeded", [0])]


def test_half_with_nothing_left_to_do_is_not_sent() -> None:
    processing = Processing([[0], FAILS_AS_A_WHOLE, []], bisect=True)
    processing.process(three_records())
    assert processing.sent == [[0, 1, 2], [0, 1, 2], [0]]
    assert processing.discarded == []


def test_batch_that_did_not_reach_the_function_had_no_attempt() -> None:
    processing = Processing([UNREACHED, [2], UNREACHED, UNREACHED, [2]], maximum_retries=1)
    processing.process(three_records())
    assert processing.sent == [[0, 1, 2]] * 2 + [[2]] * 3
    assert processing.discarded == [("RetryAttemptsExhausted", [2])]


def test_batch_that_did_not_reach_the_function_waits_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    processing = Processing([UNREACHED] * 7)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    delivery, pauses = three_records(), []
    for _ in range(7):
        [delivery] = processing._processor.process(delivery).retries
        pauses.append(round(delivery.due - now, 1))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_batch_that_never_reaches_the_function_grows_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    processing = Processing([UNREACHED], maximum_age=60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    [retry] = processing._processor.process(three_records(timestamp=int(now * 1000))).retries
    monkeypatch.setattr(time, "time", lambda: now + 61)
    processing.process(retry)
    assert processing.discarded == [("RecordAgeExceeded", [0, 1, 2])]
