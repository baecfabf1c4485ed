"""Reads the topic of one mapping, has its function invoked with batches, and commits what is done."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from local.errors import PlainError
from local.invoker import PAYLOAD_LIMIT, PayloadTooLargeError
from local.mapping.batch import Batch
from local.mapping.connection import Refusals, connected
from local.mapping.destination import DestinationError
from local.mapping.discarded import Condition, Discarded
from local.mapping.gathering import Gathering
from local.mapping.invocation import Invoke, Outcome, deliver
from local.mapping.login import LoginError
from local.mapping.waiting import Delivery, Waiting
from local.model import KafkaMapping

# Seconds. No wait is longer than _POLL, so that `stop` is heard.
_POLL = 0.2
_COMMIT_PATIENCE = 2.0
_START_PATIENCE = 4.0
_RECONNECT_PAUSE = 1.0
_STOP_PATIENCE = 1.0


class MappingError(PlainError):
    """A mapping reads a topic that does not exist."""


@dataclass(kw_only=True)
class Poller:
    """Runs in a thread of its own, by `run`, until `stop`; one invocation at a time.

    A partition whose batch failed is held until that batch is done; the other partitions go on. Nothing is
    committed beyond the first record that is not done, so whatever dies, every record is delivered at least once.
    A batch that is too old, or has no tries left, goes to `keep`, which returns where it is now and may raise
    DestinationError; None: the mapping has no destination for it. Then the partition goes on.
    `report` is told, in words, what happened; `on_assigned` is called once no record can be missed any more, or once it
    takes somebody else to go on. `login` gives what kafka-python is to be told of the login, and may raise LoginError:
    it is asked at each try to connect.
    """

    mapping: KafkaMapping
    bootstrap: str
    invoke: Invoke
    report: Callable[[str], None]
    keep: Callable[[Discarded], str] | None = None
    on_assigned: Callable[[], object] = lambda: None
    login: Callable[[], Mapping[str, Any]] = dict
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _gathering: Gathering = field(init=False)
    _waiting: Waiting = field(default_factory=Waiting, init=False)
    # The offset that each partition goes on from, where Kafka does not know it yet.
    _uncommitted: dict[TopicPartition, int] = field(default_factory=dict, init=False)
    # The offset that each partition is read on from once nothing of it waits any more.
    _held: dict[TopicPartition, int] = field(default_factory=dict, init=False)
    _trouble: str | None = field(default=None, init=False)
    _consumer: KafkaConsumer = field(init=False)
    _refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        self._gathering = Gathering(batch_size=self.mapping.batch_size, window=self.mapping.window)
        self._refusals = Refusals(self.mapping.logical_id)

    def run(self) -> None:
        """Deliver records until `stop` is called. Raises MappingError."""
        with self._refusals:
            while not self._stopping.is_set():
                try:
                    self._run_connected()
                except (KafkaError, LoginError) as error:
                    reason = self._refusals.take() or error
                    self._report_once(f"{self.mapping.logical_id} cannot connect, and goes on trying: {reason}")
                    self.on_assigned()
                    self._stopping.wait(_RECONNECT_PAUSE)

    def _run_connected(self) -> None:
        """Deliver records until `stop` is called. Raises KafkaError or LoginError if another login is to be tried."""
        self._consumer = self._connect()
        try:
            self._assign()
            self.on_assigned()
            while not self._stopping.is_set():
                self._step()
                if refusal := self._refusals.take():
                    raise LoginError(refusal)
        finally:
            self._consumer.close(autocommit=False, timeout_ms=_milliseconds(_STOP_PATIENCE))

    def stop(self) -> None:
        """Have `run` return soon; what an invocation under way is about comes again, unless it ends at once."""
        self._stopping.set()

    def _connect(self) -> KafkaConsumer:
        return connected(
            **self.login(),
            client_id=self.mapping.logical_id,
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
        # What an earlier connection gathered, or held to bring again, is read anew.
        self._gathering.take()
        self._waiting = Waiting()
        self._held.clear()
        for partition in partitions:
            offset = self._uncommitted.get(partition)
            if offset is None:
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
            if delivery := self._waiting.due():
                self._deliver(delivery)
            elif batch := self._gathered():
                self._deliver(Delivery(batch=batch))
            self._commit()
        except KafkaError as error:
            # The client finds its way back by itself, and what could not be committed is committed later.
            self._report_once(f"Kafka: {type(error).__name__}: {error}")
            self._stopping.wait(_POLL)
        else:
            self._trouble = None

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
        moments = (now + _POLL, self._waiting.next_due(), self._gathering.closes)
        return max(0.0, min(moment for moment in moments if moment is not None) - now)

    def _deliver(self, delivery: Delivery) -> None:
        self._waiting.put(self._left(delivery), instead_of=delivery)
        for partition, records in delivery.batch.records.items():
            waits = self._waiting.lowest_offset(partition)
            if waits is None:
                self._uncommitted[partition] = records[-1].offset + 1
                self._release(partition)
            else:
                self._uncommitted[partition] = waits
                self._hold(partition)

    def _hold(self, partition: TopicPartition) -> None:
        """Read no more of a partition.

        Not by `pause`: kafka-python 3.0.12 puts aside what it has fetched of it, and once it has read another partition
        meanwhile, it never takes that up again.
        """
        if partition not in self._held:
            self._held[partition] = self._consumer.position(partition)
            self._consumer.assign(self._consumer.assignment() - {partition})

    def _release(self, partition: TopicPartition) -> None:
        if partition in self._held:
            self._consumer.assign(self._consumer.assignment() | {partition})
            self._consumer.seek(partition, self._held.pop(partition))

    def _left(self, delivery: Delivery) -> list[Delivery]:
        """Invoke the function with the batch, and return what is left of it to be delivered again.

        As in Lambda, records that are too old are given up before they are sent at all.
        """
        batch = delivery.batch
        if self.mapping.maximum_age is not None:
            old, batch = batch.by_age(time.time() - self.mapping.maximum_age)
            if old:
                self._give_up(old, delivery, "RecordAgeExceeded")
        return self._left_of_tried(batch, delivery) if batch else []

    def _left_of_tried(self, batch: Batch, delivery: Delivery) -> list[Delivery]:
        mapping = self.mapping
        self.report(f"{batch} → {mapping.function}")
        payload = batch.event(self.bootstrap, source_arn=mapping.event_source_arn)
        try:
            outcome = deliver(batch, payload, mapping=mapping, invoke=self.invoke, stopping=self._stopping)
        except PayloadTooLargeError:
            # One record, since no batch is gathered beyond the limit: no try would ever end better.
            self._give_up(batch, delivery, "MaximumPayloadSizeExceeded")
            return []
        if outcome.trouble:
            self.report(f"{mapping.function} {outcome.trouble}")
        if not outcome.again:
            return []
        if outcome.answer is None:
            return [replace(delivery, batch=batch)]
        tried = delivery.again(outcome.again, outcome.answer)
        if mapping.maximum_retries is not None and tried.tries > mapping.maximum_retries:
            self._give_up(outcome.again, tried, "RetryAttemptsExhausted")
            return []
        parts = outcome.again.halves() if self._is_halved(outcome) else (outcome.again,)
        left = [delivery.again(part, outcome.answer) for part in parts]
        for each in left:
            self.report(f"{each.batch} again in {each.pause:.1f} s")
        return left

    def _is_halved(self, outcome: Outcome) -> bool:
        return self.mapping.bisect and outcome.is_function_error and len(outcome.again) > 1

    def _give_up(self, batch: Batch, delivery: Delivery, condition: Condition) -> None:
        """Pass over the batch, and keep it where the mapping wants it. What cannot be kept is lost, as in Lambda."""
        if self.keep is None:
            self.report(f"{batch} is passed over and lost, since the mapping has no destination: {condition}")
            return
        discarded = Discarded(
            batch=batch,
            condition=condition,
            tries=delivery.tries,
            answer=delivery.last,
            at=datetime.now(UTC),
            mapping=self.mapping,
            bootstrap=self.bootstrap,
        )
        try:
            self.report(f"{batch} is passed over, and kept in {self.keep(discarded)}: {condition}")
        except DestinationError as error:
            self.report(f"{batch} is passed over ({condition}) and lost, as it would be in Lambda: {error}")

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
