"""Poller of an SQS trigger: invokes the function with batches, and deletes the messages that are done."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.counted import counted
from samrun.error_code import error_code
from samrun.functions.batch_item_failures import MalformedBatchResponseError
from samrun.functions.invoker import FunctionUnavailableError, InvocationResult, PayloadTooLargeError
from samrun.functions.threaded_invocation import Invoke, wait_for_result
from samrun.queues.batch_receiver import BatchReceiver
from samrun.queues.events import Message, batch_event
from samrun.queues.partial_response import failed_messages
from samrun.queues.visibility import kept_invisible
from samrun.template.model.triggers import QueueTrigger

# Seconds.
_PAUSE_AFTER_ERROR = 2.0
_POLL = 0.2


@dataclass(frozen=True, kw_only=True)
class QueuePoller:
    """Poller of one trigger; `run` blocks until `stop`. `report` takes lines about what happened.

    At most `concurrency` batches are with the function at a time, and no further batch is received meanwhile: so a
    message does not wait here while its visibility timeout runs out. Of a FIFO queue, a message group has one batch at
    a time, because SQS itself withholds a group while some of its messages are invisible.
    """

    trigger: QueueTrigger
    sqs: Any
    invoke: Invoke
    report: Callable[[str], None]
    concurrency: int
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        """Receive batches and invoke the function with them, until `stop` is called."""
        receiver = BatchReceiver(trigger=self.trigger, sqs=self.sqs, is_stopping=self._stopping.is_set)
        in_flight: set[Future[bool]] = set()
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix=self.trigger.logical_id) as executor:
            while not self._stopping.is_set():
                in_flight = self._still_in_flight(in_flight)
                if len(in_flight) < self.concurrency and (batch := self._receive(receiver)):
                    in_flight.add(executor.submit(self._process, batch, receiver))

    def stop(self) -> None:
        """End `run`. Messages whose invocation is not done become visible again."""
        self._stopping.set()

    def _still_in_flight(self, in_flight: set[Future[bool]]) -> set[Future[bool]]:
        """Return the batches that are still with the function. If there is no room for more, wait a moment."""
        if len(in_flight) == self.concurrency:
            wait(in_flight, timeout=_POLL, return_when="FIRST_COMPLETED")
        done = {each for each in in_flight if each.done()}
        for each in done:
            each.result()  # raises a fault of our own
        return in_flight - done

    def _receive(self, receiver: BatchReceiver) -> list[Message]:
        try:
            return receiver.receive()
        except (BotoCoreError, ClientError) as error:
            if not self._stopping.is_set():
                self.report(f"{self.trigger.logical_id} cannot read {self.trigger.queue}, and retries: {error}")
            self._stopping.wait(_PAUSE_AFTER_ERROR)
            return []

    def _process(self, batch: list[Message], receiver: BatchReceiver) -> bool:
        """Invoke the function with a batch. Return whether all of its messages are done and deleted."""
        self.report(f"{self.trigger.queue} ({counted(len(batch), 'message')}) → {self.trigger.function}")
        try:
            with self._visibility(batch, receiver):
                invocation = wait_for_result(
                    self.invoke(self.trigger.function, batch_event(batch, self.trigger.queue_arn)), self._stopping
                )
        except PayloadTooLargeError:
            return self._process_halves(batch, receiver)
        except FunctionUnavailableError as error:
            self.report(f"{error} The messages return to {self.trigger.queue} after its visibility timeout")
            return False
        if invocation is None:
            return False
        failed = self._failed(batch, invocation)
        try:
            receiver.delete([message for message in batch if message["MessageId"] not in failed])
        except (BotoCoreError, ClientError) as error:
            self.report(f"{self.trigger.queue}: messages that are done were not deleted ({error_code(error)})")
            return False
        return not failed

    def _visibility(self, batch: list[Message], receiver: BatchReceiver) -> AbstractContextManager[None]:
        if not self.trigger.extends_visibility:
            return nullcontext()
        return kept_invisible(batch, url=receiver.url(), sqs=self.sqs, report=self.report)

    def _process_halves(self, batch: list[Message], receiver: BatchReceiver) -> bool:
        half = len(batch) // 2
        if half == 0:
            self.report(f"{self.trigger.queue}: the event of a message is larger than the 6 MB of an invocation")
            return False
        is_done = self._process(batch[:half], receiver)
        if not is_done and self.trigger.queue.endswith(".fifo"):
            # A message must not overtake one of its group that failed.
            rest = counted(len(batch) - half, "message")
            self.report(f"{rest} after them return to {self.trigger.queue}, too, to keep the order")
            return False
        return self._process(batch[half:], receiver) and is_done

    def _failed(self, batch: list[Message], invocation: InvocationResult) -> set[str]:
        """Return the ids of the messages to retry, and report why."""
        all_ids = {message["MessageId"] for message in batch}
        if invocation.function_error:
            failed, why = all_ids, f"failed ({invocation.error_type})"
        elif not self.trigger.report_batch_item_failures:
            return set()
        else:
            try:
                failed, why = failed_messages(invocation.payload, all_ids), "named failed messages"
            except MalformedBatchResponseError as error:
                failed, why = all_ids, f"returned a malformed partial batch response: {error}"
        if failed:
            self.report(
                f"{self.trigger.function} {why}: {len(failed)} of {len(batch)} messages return to {self.trigger.queue} "
                "after its visibility timeout"
            )
        return failed
