"""Poller of an SQS trigger, on queues of the local AWS."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from samrun.filtering.filter_pattern import SQS_FIELDS, FilterPattern
from samrun.functions.invoker import FunctionThrottledError, InvocationResult, PayloadTooLargeError
from samrun.queues.poller import QueuePoller
from samrun.queues.visibility import kept_invisible
from samrun.template.model.triggers import QueueTrigger
from samrun.testing.waiting import eventually
from support.local_aws import LocalAws

Reaction = Callable[[list[dict[str, Any]]], Any]


def succeed(_records: list[dict[str, Any]]) -> None:
    return None


class PolledQueue:
    """A queue of its own for each test, pollers on it, and the batches that its function got."""

    def __init__(self, local_aws: LocalAws, executor: ThreadPoolExecutor) -> None:
        self.sqs = local_aws.client("sqs")
        self.batches: list[list[str]] = []
        self.records: list[dict[str, Any]] = []
        self.reports: list[str] = []
        self._executor = executor
        self._pollers: list[tuple[QueuePoller, Future[None]]] = []

    def create(self, *, fifo: bool = False, **attributes: str) -> str:
        """Create the queue, and return its ARN."""
        name = f"queue-{uuid.uuid4().hex}{'.fifo' if fifo else ''}"
        if fifo:
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return f"arn:aws:sqs:eu-central-1:123456789012:{name}"

    def send(self, *bodies: str, **options: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **options)

    def poll(self, arn: str, reacts: Reaction = succeed, *, concurrency: int = 2, **properties: Any) -> None:
        """Start a poller. Its function does as `reacts` says, and fails where that raises ValueError."""
        usual: dict[str, Any] = {"batch_size": 10, "window": 0.0, "report_batch_item_failures": False}
        trigger = QueueTrigger(logical_id="Trigger", function="Fn", queue_arn=arn, **usual | properties)

        def answer(payload: bytes) -> InvocationResult:
            records = json.loads(payload)["Records"]
            self.batches.append([record["body"] for record in records])
            self.records += records
            try:
                return InvocationResult(request_id="r", payload=json.dumps(reacts(records)).encode())
            except ValueError as error:
                return InvocationResult.of_error("ValueError", str(error))

        poller = QueuePoller(
            trigger=trigger,
            sqs=self.sqs,
            invoke=lambda _, payload: self._executor.submit(answer, payload),
            report=self.reports.append,
            concurrency=concurrency,
        )
        self._pollers.append((poller, self._executor.submit(poller.run)))

    def wait_for(self, count: int) -> list[str]:
        """Wait until so many messages came, and return their bodies."""
        eventually(lambda: len(self.records) >= count, what=f"{count} messages", patience=30)
        return [record["body"] for record in self.records]

    def wait_until_empty(self) -> None:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_empty() -> bool:
            found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
            return all(found[name] == "0" for name in names)

        eventually(is_empty, what="the queue to be empty", patience=30)

    def stop(self) -> None:
        for poller, _ in self._pollers:
            poller.stop()
        for _, run in self._pollers:
            run.result(timeout=30)


@pytest.fixture
def queue(local_aws: LocalAws) -> Iterator[PolledQueue]:
    with ThreadPoolExecutor(16) as executor:
        queue = PolledQueue(local_aws, executor)
        yield queue
        queue.stop()


def test_messages_that_are_done_leave_the_queue(queue: PolledQueue) -> None:
    arn = queue.create()
    queue.send("a", "b", "c", MessageAttributes={"kind": {"DataType": "String", "StringValue": "job"}})
    queue.poll(arn)
    assert sorted(queue.wait_for(3)) == ["a", "b", "c"]
    queue.wait_until_empty()
    record = queue.records[0]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["SentTimestamp"].isdigit()
    assert record["messageAttributes"]["kind"]["stringValue"] == "job"
    assert record["eventSourceARN"] == arn


def test_message_stays_invisible_while_a_debugger_holds_the_function(queue: PolledQueue) -> None:
    arn = queue.create(VisibilityTimeout="1")
    queue.send("a")
    queue.poll(arn, lambda _: time.sleep(3.5), concurrency=1, extends_visibility=True)
    queue.wait_until_empty()
    assert queue.batches == [["a"]]
    assert queue.reports == [f"{arn.rpartition(':')[2]} (1 message) → Fn"]


def test_message_that_fails_after_it_was_held_is_retried(queue: PolledQueue) -> None:
    arn = queue.create(VisibilityTimeout="1")
    queue.send("a")

    def fail_once(_records: list[dict[str, Any]]) -> None:
        if len(queue.batches) == 1:
            time.sleep(2.5)
            raise ValueError("once")

    queue.poll(arn, fail_once, concurrency=1, extends_visibility=True)
    queue.wait_until_empty()
    assert queue.batches == [["a"], ["a"]]


def test_calls_that_do_not_keep_a_message_invisible_are_reported(queue: PolledQueue) -> None:
    queue.create(VisibilityTimeout="1")
    queue.send("a")
    [message] = queue.sqs.receive_message(QueueUrl=queue.url)["Messages"]
    queue.sqs.delete_queue(QueueUrl=queue.url)
    with kept_invisible([message], url=queue.url, sqs=queue.sqs, report=queue.reports.append):
        eventually(lambda: queue.reports, what="a report", patience=30)
    assert queue.reports[0].startswith(f"{queue.url}: messages that the function still has may become visible (")
    assert "NonExistentQueue" in queue.reports[0]


def test_batch_is_no_larger_than_the_batch_size(queue: PolledQueue) -> None:
    arn = queue.create()
    queue.send(*"abcde")
    queue.poll(arn, batch_size=2, concurrency=1)
    queue.wait_for(5)
    assert [len(batch) for batch in queue.batches] == [2, 2, 1]


def test_window_collects_a_batch_of_several_calls(queue: PolledQueue) -> None:
    arn = queue.create()
    queue.send(*map(str, range(25)))
    queue.poll(arn, batch_size=25, window=30.0)
    queue.wait_for(25)
    assert [len(batch) for batch in queue.batches] == [25]
    queue.wait_until_empty()


def test_failed_batch_is_retried_after_the_visibility_timeout(queue: PolledQueue) -> None:
    arn = queue.create(VisibilityTimeout="1")

    def fail_once(records: list[dict[str, Any]]) -> None:
        if any(record["attributes"]["ApproximateReceiveCount"] == "1" for record in records):
            raise ValueError("of no use")

    queue.send("a")
    queue.poll(arn, fail_once)
    assert queue.wait_for(2) == ["a", "a"]
    queue.wait_until_empty()
    name = arn.rpartition(":")[2]
    assert queue.reports == [
        f"{name} (1 message) → Fn",
        f"Fn failed (ValueError): 1 of 1 messages return to {name} after its visibility timeout",
        f"{name} (1 message) → Fn",
    ]


def test_only_the_messages_that_the_function_names_are_retried(queue: PolledQueue) -> None:
    arn = queue.create(VisibilityTimeout="1")

    def fail_b_once(records: list[dict[str, Any]]) -> Any:
        failed = [
            each for each in records if each["body"] == "b" and each["attributes"]["ApproximateReceiveCount"] == "1"
        ]
        return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in failed]}

    queue.send("a", "b", "c")
    queue.poll(arn, fail_b_once, report_batch_item_failures=True)
    assert sorted(queue.wait_for(4)) == ["a", "b", "b", "c"]
    queue.wait_until_empty()


def test_malformed_partial_response_fails_the_whole_batch(queue: PolledQueue) -> None:
    arn = queue.create(VisibilityTimeout="1")
    queue.send("a")
    queue.poll(arn, lambda _: {"batchItemFailures": [{"itemIdentifier": "other"}]}, report_batch_item_failures=True)
    assert queue.wait_for(2) == ["a", "a"]
    assert "malformed partial batch response" in queue.reports[1]


def test_message_that_keeps_failing_goes_to_the_dead_letter_queue(queue: PolledQueue) -> None:
    dead_arn = queue.create()
    dead_url = queue.url
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    arn = queue.create(VisibilityTimeout="1", RedrivePolicy=policy)

    def fail(_records: list[dict[str, Any]]) -> None:
        raise ValueError("of no use")

    queue.send("poison")
    queue.poll(arn, fail)
    dead = eventually(
        lambda: queue.sqs.receive_message(QueueUrl=dead_url).get("Messages"), what="a dead letter", patience=30
    )
    assert [message["Body"] for message in dead] == ["poison"]
    assert queue.batches == [["poison"], ["poison"]]


def test_message_that_no_filter_passes_is_deleted(queue: PolledQueue) -> None:
    arn = queue.create()
    queue.send('{"state": "new"}', '{"state": "old"}', "text")
    pattern = FilterPattern.parse('{"body": {"state": ["new"]}}', fields=SQS_FIELDS)
    queue.poll(arn, filters=(pattern,))
    queue.wait_until_empty()
    assert queue.batches == [['{"state": "new"}']]


def test_message_group_has_one_batch_at_a_time_in_order(queue: PolledQueue) -> None:
    arn = queue.create(fifo=True)
    for number in range(4):
        queue.send(f"one-{number}", MessageGroupId="one")
    queue.send("two-0", MessageGroupId="two")
    first_of_one, go_on = threading.Event(), threading.Event()

    def hold_the_first(records: list[dict[str, Any]]) -> None:
        if records[0]["body"] == "one-0":
            first_of_one.set()
            assert go_on.wait(30)

    queue.poll(arn, hold_the_first, batch_size=1, concurrency=3)
    assert first_of_one.wait(30)
    eventually(lambda: ["two-0"] in queue.batches, what="the other group", patience=30)
    assert ["one-1"] not in queue.batches
    go_on.set()
    queue.wait_for(5)
    assert [body for [body] in queue.batches if body.startswith("one")] == ["one-0", "one-1", "one-2", "one-3"]


def test_no_more_batches_run_at_a_time_than_the_concurrency(queue: PolledQueue) -> None:
    arn = queue.create()
    busy, maximum, lock, enough = 0, 0, threading.Lock(), threading.Event()

    def count(_records: list[dict[str, Any]]) -> None:
        nonlocal busy, maximum
        with lock:
            busy += 1
            maximum = max(maximum, busy)
        enough.wait(0.2)
        with lock:
            busy -= 1

    queue.send(*"abcdef")
    queue.poll(arn, count, batch_size=1, concurrency=2)
    queue.wait_for(6)
    assert maximum == 2


def test_messages_return_to_the_queue_while_the_function_is_throttled(queue: PolledQueue) -> None:
    refusals = [FunctionThrottledError("Rate Exceeded.")]

    def react(_records: list[dict[str, Any]]) -> None:
        if refusals:
            raise refusals.pop()

    arn = queue.create(VisibilityTimeout="1")
    queue.send("a")
    queue.poll(arn, react)
    assert queue.wait_for(2) == ["a", "a"]
    queue.wait_until_empty()
    assert any(report.startswith("Rate Exceeded. The messages return") for report in queue.reports)


def test_batch_that_is_too_large_for_one_invocation_is_halved(local_aws: LocalAws, queue: PolledQueue) -> None:
    arn = queue.create()
    queue.send("a", "b", "c", "d")
    trigger = QueueTrigger(
        logical_id="Trigger", function="Fn", queue_arn=arn, batch_size=4, window=5.0, report_batch_item_failures=False
    )
    batches: list[list[str]] = []

    def invoke(_function: str, payload: bytes) -> Future[InvocationResult]:
        future: Future[InvocationResult] = Future()
        bodies = [record["body"] for record in json.loads(payload)["Records"]]
        if len(bodies) > 2:
            future.set_exception(PayloadTooLargeError("too large"))
        else:
            batches.append(bodies)
            future.set_result(InvocationResult(request_id="r", payload=b"null"))
        return future

    poller = QueuePoller(
        trigger=trigger, sqs=local_aws.client("sqs"), invoke=invoke, report=queue.reports.append, concurrency=1
    )
    with ThreadPoolExecutor(1) as executor:
        run = executor.submit(poller.run)
        queue.wait_until_empty()
        poller.stop()
        run.result()
    assert [len(batch) for batch in batches] == [2, 2]


def test_second_half_of_a_fifo_batch_is_not_sent_when_the_first_fails(local_aws: LocalAws, queue: PolledQueue) -> None:
    arn = queue.create(fifo=True, VisibilityTimeout="300")
    queue.send("a", "b", "c", "d", MessageGroupId="group")
    trigger = QueueTrigger(
        logical_id="Trigger", function="Fn", queue_arn=arn, batch_size=4, window=0.0, report_batch_item_failures=False
    )
    batches: list[str] = []

    def invoke(_function: str, payload: bytes) -> Future[InvocationResult]:
        future: Future[InvocationResult] = Future()
        bodies = "".join(record["body"] for record in json.loads(payload)["Records"])
        if len(bodies) > 2:
            future.set_exception(PayloadTooLargeError("too large"))
        else:
            batches.append(bodies)
            future.set_result(InvocationResult.of_error("ValueError", "of no use"))
        return future

    poller = QueuePoller(
        trigger=trigger, sqs=local_aws.client("sqs"), invoke=invoke, report=queue.reports.append, concurrency=1
    )
    with ThreadPoolExecutor(1) as executor:
        run = executor.submit(poller.run)
        kept = f"2 messages after them return to {trigger.queue}, too, to keep the order"
        eventually(lambda: batches == ["ab", "cd"] or kept in queue.reports, what="the end of the batch", patience=30)
        poller.stop()
        run.result()
    assert batches == ["ab"]


def test_queue_that_cannot_be_read_is_reported_and_read_later(queue: PolledQueue) -> None:
    arn = queue.create()
    name = arn.rpartition(":")[2]
    queue.sqs.delete_queue(QueueUrl=queue.url)
    queue.poll(arn)
    eventually(lambda: queue.reports, what="a report", patience=30)
    assert queue.reports[0].startswith(f"Trigger cannot read {name}, and retries: ")
    queue.url = queue.sqs.create_queue(QueueName=name)["QueueUrl"]
    queue.send("a")
    assert queue.wait_for(1) == ["a"]
