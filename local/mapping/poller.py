"""Reads the topic of one mapping, invokes its function with batches, and commits what is done."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from local.invoker import Answer, PayloadTooLargeError
from local.mapping.answer import MalformedAnswerError, failed_from
from local.mapping.batch import Batch, payload_size
from local.model import KafkaMapping

_PAYLOAD_LIMIT = 6 * 1024 * 1024
_POLL = 0.2
_FIRST_BACK_OFF = 0.2
_LONGEST_BACK_OFF = 5.0


@dataclass(frozen=True, kw_only=True)
class Retry:
    """A batch that failed and comes again at `due` (seconds of the monotonic clock)."""

    batch: Batch
    due: float
    tries: int = 1


@dataclass(kw_only=True)
class Poller:
    """Runs in a thread of its own, by `run`, until `stop`.

    A partition whose batch failed is held until that batch is done; the other partitions go on. Nothing is
    committed beyond the first record that is not done, so whatever dies, every record is delivered at least once.
    `report` is told, in words, what happened.
    """

    mapping: KafkaMapping
    bootstrap: str
    invoke: Callable[[str, bytes], Answer]
    report: Callable[[str], None]
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _retries: list[Retry] = field(default_factory=list, init=False)
    _consumer: KafkaConsumer = field(init=False)

    def run(self) -> None:
        """Deliver records until `stop` is called."""
        self._consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap.split(","),
            group_id=self.mapping.consumer_group,
            # Lambda owns the offsets; a group member of our own would be thrown out while a function takes long.
            enable_auto_commit=False,
            max_partition_fetch_bytes=_PAYLOAD_LIMIT,
        )
        try:
            self._assign()
            while not self._stopping.is_set():
                self._step()
        finally:
            self._consumer.close(autocommit=False)

    def stop(self) -> None:
        """Have `run` return; an invocation under way is not waited for longer than it takes."""
        self._stopping.set()

    def _step(self) -> None:
        try:
            if retry := self._due_retry():
                self._deliver(retry.batch, tries=retry.tries)
            elif records := self._collect():
                self._deliver(Batch(records), tries=0)
        except KafkaError as error:
            # The client finds its way back by itself; what was not committed comes again.
            self.report(f"Kafka: {type(error).__name__}: {error}")
            self._stopping.wait(_POLL)

    def _assign(self) -> None:
        topic = self.mapping.topic
        partitions = [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic))]
        self._consumer.assign(partitions)
        for partition in partitions:
            committed = self._consumer.committed(partition)
            self._consumer.seek(partition, self._start(partition) if committed is None else committed)

    def _start(self, partition: TopicPartition) -> int:
        """Return the offset to begin with, for a group that has committed nothing yet."""
        consumer, end = self._consumer, self._consumer.end_offsets([partition])[partition]
        match self.mapping.starting_position:
            case "LATEST":
                return int(end)
            case "AT_TIMESTAMP":
                milliseconds = int((self.mapping.starting_timestamp or 0) * 1000)
                found = consumer.offsets_for_times({partition: milliseconds})[partition]
                return int(found.offset if found else end)
            case _:
                return int(consumer.beginning_offsets([partition])[partition])

    def _collect(self) -> dict[TopicPartition, tuple[ConsumerRecord, ...]]:
        """Return the next batch: full, or what arrived until the window closed; empty if there was nothing."""
        batch: dict[TopicPartition, tuple[ConsumerRecord, ...]] = {}
        count, size, closes = 0, 0, None
        while count < self.mapping.batch_size and not self._stopping.is_set():
            left = _POLL if closes is None else max(0.0, min(_POLL, closes - time.monotonic()))
            polled = self._consumer.poll(timeout_ms=int(left * 1000), max_records=self.mapping.batch_size - count)
            if not polled and (closes is None or time.monotonic() >= closes):
                break
            if closes is None:
                closes = time.monotonic() + self.mapping.window
            for partition, record in _flat(polled):
                size += payload_size(record)
                if size > _PAYLOAD_LIMIT and count:
                    self._return(polled, batch)
                    return batch
                batch[partition] = (*batch.get(partition, ()), record)
                count += 1
        return batch

    def _return(
        self,
        polled: Mapping[TopicPartition, list[ConsumerRecord]],
        batch: Mapping[TopicPartition, tuple[ConsumerRecord, ...]],
    ) -> None:
        """Have what was polled but is not in the batch come with the next one."""
        for partition, records in polled.items():
            taken = batch.get(partition)
            self._consumer.seek(partition, taken[-1].offset + 1 if taken else records[0].offset)

    def _deliver(self, batch: Batch, *, tries: int) -> None:
        remainder = self._invoke(batch)
        offsets = {}
        for partition, records in batch.records.items():
            if again := remainder.records.get(partition):
                offsets[partition] = again[0].offset
                self._consumer.pause(partition)
            else:
                offsets[partition] = records[-1].offset + 1
                self._consumer.resume(partition)
        if remainder.records:
            tries = tries if remainder is batch else 0
            pause = min(_FIRST_BACK_OFF * 2**tries, _LONGEST_BACK_OFF)
            self._retries.append(Retry(batch=remainder, due=time.monotonic() + pause, tries=tries + 1))
            self.report(f"{remainder} again in {pause:.1f} s")
        self._consumer.commit({each: OffsetAndMetadata(offset, "", -1) for each, offset in offsets.items()})

    def _invoke(self, batch: Batch) -> Batch:
        """Invoke the function with the batch, and return what of it has to come again: `batch` itself for all."""
        function = self.mapping.function
        self.report(f"{batch} → {function}")
        try:
            answer = self.invoke(function, batch.event(self.mapping, self.bootstrap))
            if answer.function_error:
                self.report(f"{function} failed: {_message(answer.payload)}")
                return batch
            return batch.remainder(failed_from(answer.payload, batch) if self.mapping.partial_answers else {})
        except MalformedAnswerError as error:
            self.report(f"{function} answered what Lambda cannot read, so the whole batch counts as failed: {error}")
        except PayloadTooLargeError as error:
            self.report(f"{function} cannot be invoked: {error}")
        return batch

    def _due_retry(self) -> Retry | None:
        now = time.monotonic()
        for index, retry in enumerate(self._retries):
            if retry.due <= now:
                return self._retries.pop(index)
        return None


def _flat(polled: Mapping[TopicPartition, list[ConsumerRecord]]) -> Iterator[tuple[TopicPartition, ConsumerRecord]]:
    for partition, records in polled.items():
        for record in records:
            yield partition, record


def _message(payload: bytes) -> str:
    """Return the error's type and message, as the runtime client words them."""
    error = json.loads(payload)
    return f"{error.get('errorType')}: {error.get('errorMessage')}"
