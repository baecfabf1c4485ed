"""Processor of a mapping's batches: each record of a batch is done, retried later, or discarded."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from samrun.functions.invoker import FunctionUnavailableError, PayloadTooLargeError
from samrun.functions.threaded_invocation import Invoke
from samrun.mapping.batch import Batch
from samrun.mapping.batch_sender import BatchResult, send_batch
from samrun.mapping.delivery import Delivery
from samrun.mapping.delivery_observer import DeliveryObserver, DeliveryObservers
from samrun.mapping.discarded_batch import Condition, DiscardedBatch
from samrun.mapping.on_failure_destination import DestinationError, SendToDestination
from samrun.mapping.schema_validator import SchemaValidator
from samrun.schemas.schema import SchemaUnavailableError
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver

Report = Callable[[str], None]
"""Reports one line of text about an event."""


@dataclass(frozen=True, kw_only=True)
class DeliveryResult:
    """Result of a delivery: what to retry. `succeeded` says that the function reported every record as done."""

    succeeded: bool
    retries: Sequence[Delivery] = ()


@dataclass(frozen=True, kw_only=True)
class BatchProcessor:
    """Processor of batches: it invokes the function, and decides what to retry and what to discard.

    A batch that is too old or has no attempts left goes to `send_to_destination`. If that is None, the mapping has no
    on-failure destination, and the batch is lost.
    """

    mapping: KafkaMapping
    bootstrap: str
    invoke: Invoke
    report: Report
    send_to_destination: SendToDestination | None
    redeliver: Redeliver
    stopping: threading.Event
    validator: SchemaValidator | None = None
    observer: DeliveryObserver = field(default_factory=DeliveryObservers)

    def process(self, delivery: Delivery) -> DeliveryResult:
        """Invoke the function with a batch. Records that are too old are discarded before that, as in Lambda."""
        batch = delivery.batch
        self._report_missing_headers(delivery)
        if self.mapping.maximum_age is not None:
            old, batch = batch.split_by_age(time.time() - self.mapping.maximum_age)
            if unfinished := old.without(delivery.done):
                self._discard(unfinished, delivery, "RecordAgeExceeded")
        is_finished = not batch.without(delivery.done)
        return DeliveryResult(succeeded=False) if is_finished else self._validate(batch, delivery)

    def _report_missing_headers(self, delivery: Delivery) -> None:
        if not (delivery.attempts or delivery.waits):
            for record in delivery.batch.all_records():
                if record.lacks_headers:
                    self.report(
                        f"{record.topic_partition}@{record.offset} is delivered without its headers: the key of one is "
                        "not UTF-8, which Kafka's client cannot read. Lambda would deliver it with U+FFFD in the key."
                    )

    def _validate(self, batch: Batch, delivery: Delivery) -> DeliveryResult:
        """Discard the records that are not valid, and send the others. While no registry answers, all of them wait."""
        if self.validator is None:
            return self._send(batch, delivery)
        try:
            batch, rejected = self.validator.validate(batch)
        except SchemaUnavailableError as error:
            if not delivery.waits:
                self.report(f"{batch} waits: {error}")
            return DeliveryResult(succeeded=False, retries=_later(batch, delivery))
        for each in rejected:
            self.report(f"{each.batch} is not valid: {each.error}")
            self._discard(each.batch, delivery, each.error.condition)
        return self._send(batch, delivery) if batch else DeliveryResult(succeeded=not rejected)

    def _send(self, batch: Batch, delivery: Delivery) -> DeliveryResult:
        mapping = self.mapping
        self.report(f"{batch} → {mapping.function}")
        self.observer.sent(batch)
        payload = batch.event(self.bootstrap, source_arn=mapping.event_source_arn)
        try:
            result = send_batch(
                batch,
                payload,
                mapping=mapping,
                invoke=self.invoke,
                redeliver=self.redeliver,
                stopping=self.stopping,
            )
        except FunctionUnavailableError:
            # AWS does not say whether this counts as an attempt. Here, the function has to see a record first.
            return DeliveryResult(succeeded=False, retries=_later(batch, delivery))
        except PayloadTooLargeError:
            if len(batch) > 1:  # only records that were decoded are larger than they were when they were taken together
                return DeliveryResult(succeeded=False, retries=_split(batch, delivery))
            self._discard(batch, delivery, "MaximumPayloadSizeExceeded")  # no attempt can succeed
            return DeliveryResult(succeeded=False)
        self.observer.answered(batch, result, delivery.attempts + 1)
        if result.error:
            self.report(f"{mapping.function} {result.error}")
        if not result.failed:
            return DeliveryResult(succeeded=True)
        if result.invocation is None:
            return DeliveryResult(succeeded=False, retries=[replace(delivery, batch=batch)])
        return DeliveryResult(succeeded=False, retries=self._retry(result, delivery))

    def _retry(self, result: BatchResult, delivery: Delivery) -> list[Delivery]:
        # A function that fails as a whole reports nothing: what it reported before holds.
        unfinished = result.failed.without(delivery.done) if result.error else result.failed
        retry = delivery.retry(unfinished, result.invocation)
        if self.mapping.maximum_retries is not None and retry.attempts > self.mapping.maximum_retries:
            self._discard(unfinished, retry, "RetryAttemptsExhausted")
            return []
        done = result.to_retry.places() - unfinished.places()
        parts = [part for part in self._parts(result) if part.without(done)]
        retries = [delivery.retry(part, result.invocation, done=done) for part in parts]
        for each in retries:
            self.observer.retried(each, split=len(retries) > 1)
            self.report(f"{each.batch}: retry in {each.back_off:.1f} s")
        return retries

    def _parts(self, result: BatchResult) -> Sequence[Batch]:
        """Return the batches in which records are retried.

        Each partition is retried by itself, so that none waits for another. AWS does not document what Lambda does with
        a batch of several partitions, nor where it splits one.
        """
        to_retry = result.to_retry
        if len(to_retry.records) > 1:
            return to_retry.by_partition()
        return to_retry.halves() if self._is_bisected(result) else (to_retry,)

    def _is_bisected(self, result: BatchResult) -> bool:
        return self.mapping.bisect and result.is_function_error and len(result.to_retry) > 1

    def _discard(self, batch: Batch, delivery: Delivery, condition: Condition) -> None:
        """Send the batch to the on-failure destination. If that does not accept it, the batch is lost.

        AWS does not say what Lambda does then. The batch does not hold up its partition: its retries are over.
        """
        destination = self._send_to_destination(batch, delivery, condition)
        self.observer.discarded(batch, condition, destination)

    def _send_to_destination(self, batch: Batch, delivery: Delivery, condition: Condition) -> str | None:
        """Send a discarded batch to the on-failure destination. Return where it is; None if it is lost."""
        if self.send_to_destination is None:
            self.report(f"{batch} is discarded ({condition}) and lost: the mapping has no on-failure destination")
            return None
        discarded = DiscardedBatch(
            batch=batch,
            condition=condition,
            attempts=delivery.attempts,
            last_result=delivery.last_result,
            at=datetime.now(UTC),
            mapping=self.mapping,
            bootstrap=self.bootstrap,
        )
        try:
            location = self.send_to_destination(discarded)
        except DestinationError as error:
            self.report(
                f"{batch} is discarded ({condition}) and lost, since its on-failure destination did not accept it: "
                f"{error}. The topic still has its records, at these offsets."
            )
            return None
        self.report(f"{batch} is discarded ({condition}) and sent to {location}")
        return location


def _later(batch: Batch, delivery: Delivery) -> list[Delivery]:
    """Return a later delivery of each partition of a batch, so that none waits for another."""
    return [delivery.later(each) for each in batch.by_partition()]


def _split(batch: Batch, delivery: Delivery) -> list[Delivery]:
    """Split a batch too large for one event; return a delivery of each part."""
    parts = batch.by_partition() if len(batch.records) > 1 else batch.halves()
    return [replace(delivery, batch=each, due=time.monotonic()) for each in parts]
