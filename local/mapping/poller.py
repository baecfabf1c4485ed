"""Reads the topic of one mapping, invokes its function with batches, and commits what is done."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from local.errors import PlainError
from local.invoker import PAYLOAD_LIMIT, Answer, PayloadTooLargeError
from local.mapping.answer import MalformedAnswerError, failed_from
from local.mapping.batch import Batch
from local.mapping.gathering import Gathering
from local.model import KafkaMapping

# Seconds. No wait is longer than _POLL, so that `stop` is heard.
_POLL = 0.2
_FIRST_BACK_OFF = 0.2
_LONGEST_BACK_OFF = 5.0
_COMMIT_PATIENCE = 2.0
_START_PATIENCE = 10.0
_STOP_PATIENCE = 1.0


class MappingError(PlainError):
    """A mapping reads a topic that does not exist."""


@dataclass(frozen=True, kw_only=True)
class Retry:
    """A batch that failed and comes again at `due` (seconds of the monotonic clock)."""

    batch: Batch
    due: float
    tries: int


@dataclass(kw_only=True)
class Poller:
    """Runs in a thread of its own, by `run`, until `stop`; one invocation at a time.

    A partition whose batch failed is held until that batch is done; the other partitions go on. Nothing is
    committed beyond the first record that is not done, so whatever dies, every record is delivered at least once.
    `report` is told, in words, what happened; `on_assigned` is called once no record can be missed any more.
    """

    mapping: KafkaMapping
    bootstrap: str
    invoke: Callable[[str, bytes], Future[Answer]]
    report: Callable[[str], None]
    on_assigned: Callable[[], object] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _gathering: Gathering = field(init=False)
    _retries: list[Retry] = field(default_factory=list, init=False)
    # The offset that each partition goes on from, where Kafka does not know it yet.
    _uncommitted: dict[TopicPartition, int] = field(default_factory=dict, init=False)
    _trouble: str | None = field(default=None, init=False)
    _consumer: KafkaConsumer = field(init=False)

    def __post_init__(self) -> None:
        self._gathering = Gathering(batch_size=self.mapping.batch_size, window=self.mapping.window)

    def run(self) -> None:
        """Deliver records until `stop` is called. Raises MappingError."""
        self._consumer = self._connect()
        try:
            self._assign()
            self.on_assigned()
            while not self._stopping.is_set():
                self._step()
        finally:
            self._consumer.close(autocommit=False, timeout_ms=_milliseconds(_STOP_PATIENCE))

    def stop(self) -> None:
        """Have `run` return soon; what an invocation under way is about comes again, unless it ends at once."""
        self._stopping.set()

    def _connect(self) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self.bootstrap.split(","),
            bootstrap_timeout_ms=_milliseconds(_START_PATIENCE),
            group_id=self.mapping.consumer_group,
            # We own the offsets; a member of a group would be thrown out while a function takes long.
            enable_auto_commit=False,
            # Of a partition whose offset is gone (its topic was made anew), everything: rather twice than never.
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=PAYLOAD_LIMIT,
            # A broker that was away is found soon after it is back.
            reconnect_backoff_max_ms=1000,
        )

    def _assign(self) -> None:
        topic = self.mapping.topic
        partitions = [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic))]
        if not partitions:
            raise MappingError(
                f"{self.mapping.logical_id} reads the topic {topic}, which does not exist at {self.bootstrap}: "
                "create it, or correct Topics in the template."
            )
        self._consumer.assign(partitions)
        for partition in partitions:
            offset = self._consumer.committed(partition, timeout_ms=_milliseconds(_START_PATIENCE))
            if offset is None:
                # Committed too: a record that comes while we are away must not be before a later LATEST.
                offset = self._uncommitted[partition] = self._start(partition)
            self._consumer.seek(partition, offset)

    def _start(self, partition: TopicPartition) -> int:
        """Return the offset to begin with, for a group that has committed nothing yet."""
        consumer, end = self._consumer, self._consumer.end_offsets([partition])[partition]
        match self.mapping.starting_position:
            case "LATEST":
                return int(end)
            case "AT_TIMESTAMP":
                milliseconds = _milliseconds(self.mapping.starting_timestamp or 0)
                found = consumer.offsets_for_times({partition: milliseconds})[partition]
                return int(found.offset if found else end)
            case _:
                return int(consumer.beginning_offsets([partition])[partition])

    def _step(self) -> None:
        try:
            if retry := self._due_retry():
                self._deliver(retry.batch, tries=retry.tries)
            elif batch := self._gathered():
                self._deliver(batch, tries=0)
            self._commit()
        except KafkaError as error:
            # The client finds its way back by itself, and what could not be committed is committed later.
            self._report_once(f"Kafka: {type(error).__name__}: {error}")
            self._stopping.wait(_POLL)
        else:
            self._trouble = None

    def _due_retry(self) -> Retry | None:
        now = time.monotonic()
        for index, retry in enumerate(self._retries):
            if retry.due <= now:
                return self._retries.pop(index)
        return None

    def _gathered(self) -> Batch | None:
        """Gather what arrives within a moment; return the batch if that completes it."""
        polled = self._consumer.poll(timeout_ms=_milliseconds(self._patience()), max_records=self._gathering.room)
        for partition, records in polled.items():
            for record in records:
                if not self._gathering.add(partition, record):
                    self._consumer.seek(partition, record.offset)  # the next batch begins with it
                    break
        # A window of 0 takes what is there, however many polls that is.
        complete = self._gathering.room == 0 or (self._gathering.window_closed and not polled)
        return self._gathering.take() if complete else None

    def _patience(self) -> float:
        """Return for how many seconds a poll may wait: until something else is due."""
        now = time.monotonic()
        moments = [now + _POLL, *(retry.due for retry in self._retries)]
        if self._gathering.closes is not None:
            moments.append(self._gathering.closes)
        return max(0.0, min(moments) - now)

    def _deliver(self, batch: Batch, *, tries: int) -> None:
        remainder = self._invoke(batch)
        for partition, records in batch.records.items():
            if again := remainder.records.get(partition):
                self._uncommitted[partition] = again[0].offset
                self._consumer.pause(partition)
            else:
                self._uncommitted[partition] = records[-1].offset + 1
                self._consumer.resume(partition)
        if remainder.records and not self._stopping.is_set():
            tries = tries if len(remainder) == len(batch) else 0
            pause = min(_FIRST_BACK_OFF * 2**tries, _LONGEST_BACK_OFF)
            self._retries.append(Retry(batch=remainder, due=time.monotonic() + pause, tries=tries + 1))
            self.report(f"{remainder} again in {pause:.1f} s")

    def _invoke(self, batch: Batch) -> Batch:
        """Invoke the function with the batch, and return what of it has to come again."""
        function = self.mapping.function
        self.report(f"{batch} → {function}")
        try:
            answer = self._answer(self.invoke(function, batch.event(self.mapping, self.bootstrap)))
            if answer is None:
                return batch
            if answer.function_error:
                self.report(f"{function} failed ({_error_type(answer.payload)}), so the whole batch comes again")
                return batch
            return batch.remainder(failed_from(answer.payload, batch) if self.mapping.partial_answers else {})
        except MalformedAnswerError as error:
            self.report(f"{function} answered what Lambda cannot read, so the whole batch comes again: {error}")
            return batch
        except PayloadTooLargeError as error:
            # One record, since no batch is gathered beyond the limit: no try would ever end better.
            self.report(f"{batch} is passed over, as Lambda would: {error}")
            return batch.remainder({})

    def _answer(self, invocation: Future[Answer]) -> Answer | None:
        """Wait for the answer; return None if it has not come shortly after `stop`."""
        while not invocation.done() and not self._stopping.is_set():
            wait([invocation], timeout=_POLL)
        if not wait([invocation], timeout=_STOP_PATIENCE).done:
            invocation.cancel()
            return None
        return invocation.result()

    def _commit(self) -> None:
        if self._uncommitted:
            offsets = {each: OffsetAndMetadata(offset, "", -1) for each, offset in self._uncommitted.items()}
            self._consumer.commit(offsets, timeout_ms=_milliseconds(_COMMIT_PATIENCE))
            self._uncommitted.clear()

    def _report_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self.report(trouble)
        self._trouble = trouble


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _error_type(payload: bytes) -> str:
    """Return the type of a function's error. Its message is in the function's own log, and may hold anything."""
    error = json.loads(payload)
    return str(error.get("errorType"))
