"""Member of a mapping's consumer group: a client of Kafka that reads its share of a topic, and commits offsets."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from samrun.errors import SamrunError
from samrun.mapping.client_errors import description
from samrun.mapping.client_records import partition_of, record_of
from samrun.mapping.partition_leader import ask_leader, bounds
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.template.model.kafka_mappings import KafkaMapping

# Seconds.
_PATIENCE = 5.0
_ONE_TRY = 0.5
# Milliseconds.
_SESSION, _HEARTBEAT = 10_000, 2_000
# Also how long the client waits for the answer to a request to join, and to any other one: on a connection that is
# dead, without an end, nothing ever comes. A member that gives partitions up takes up to 30 s.
_MAX_POLL_INTERVAL, _SOCKET_TIMEOUT = 35_000, 10_000
_METADATA_AGE = 3_000
_BACK_OFF = 1_000
_KIBIBYTES_AHEAD = 16 * 1024

_REFUSED = {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}


class TopicNotFoundError(SamrunError):
    """The topic of a mapping does not exist. The message says where, and what to do."""


class BrokerRefusalError(SamrunError):
    """The brokers refuse the member. The message says why, and contains nothing of a secret."""


class MemberListener(Protocol):
    """Listener to the events of a member. It is called in the thread that calls `poll`."""

    def assigned(
        self, offsets: Mapping[TopicPartition, int], uncommitted: Collection[TopicPartition], /
    ) -> Mapping[TopicPartition, int]:
        """Take over these partitions. Return the offsets to read from.

        The offsets are the committed ones, or those at which the mapping begins to read the `uncommitted` partitions.
        """
        ...

    def revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        """Finish the deliveries in flight of these partitions and commit them; after that, another member has them."""
        ...

    def lost(self, partitions: Sequence[TopicPartition], /) -> None:
        """Forget these partitions: others may read them already."""
        ...

    def refused(self, reason: str, /) -> None:
        """Note that the brokers refuse the credentials or the certificate: this member is of no use."""
        ...

    def failed(self, error: str, /) -> None:
        """Note that something failed that the client tries again by itself."""
        ...


@dataclass(frozen=True)
class PartitionFailure:
    """A partition could not be read."""

    topic_partition: TopicPartition
    error: KafkaError


class GroupMember:
    """Client of Kafka that reads its share of a topic as a member of the mapping's group, and commits offsets.

    One thread calls all methods, and the listener is called in it. `instance` makes it a static member of the group:
    one that was killed and starts again gets its partitions back at once, instead of after its session. Methods raise
    KafkaException. After one with KafkaError._FATAL, which `poll` raises, this member is of no use.

    It reads the records of aborted and of open transactions. So does Java's client by default, which Lambda's pollers
    are said to run; AWS does not document it. librdkafka would skip them by default.
    """

    def __init__(
        self,
        mapping: KafkaMapping,
        bootstrap: str,
        authentication: Mapping[str, str],
        *,
        listener: MemberListener,
        instance: str | None,
    ) -> None:
        self._mapping = mapping
        self._bootstrap = bootstrap
        self._listener = listener
        self._is_closing = False
        self._refusal: str | None = None
        self._failure: KafkaException | None = None
        # The offsets at which the partitions were begun, and those that are paused.
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._consumer = Consumer(
            {
                **authentication,
                **({"group.instance.id": instance} if instance else {}),
                "bootstrap.servers": bootstrap,
                "client.id": mapping.logical_id,
                "group.id": mapping.consumer_group,
                "session.timeout.ms": _SESSION,
                "heartbeat.interval.ms": _HEARTBEAT,
                "max.poll.interval.ms": _MAX_POLL_INTERVAL,
                "socket.timeout.ms": _SOCKET_TIMEOUT,
                # Java's client and kafka-python know these two: the group may have other members.
                "partition.assignment.strategy": "range,roundrobin",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                # An offset that is gone is reported, by `poll`.
                "auto.offset.reset": "error",
                "isolation.level": "read_uncommitted",
                "check.crcs": True,
                "queued.max.messages.kbytes": _KIBIBYTES_AHEAD,
                # Find partitions that are added.
                "topic.metadata.refresh.interval.ms": _METADATA_AGE,
                # Find a broker soon after it is back.
                "reconnect.backoff.max.ms": _BACK_OFF,
                "log_level": 0,  # what a user has to know goes to the listener
                "error_cb": self._on_error,
            },
        )
        # A client beside it, for what a callback asks. confluent-kafka 2.16 forgets that a client is polled once its
        # `poll`, `consume`, `close` or `list_topics` returns within: its next callback in that poll would end the
        # process (CallState_get). A `commit` has no such state, and so a callback may commit.
        self._offsets = Consumer(
            {
                **authentication,
                "bootstrap.servers": bootstrap,
                "client.id": mapping.logical_id,
                "group.id": mapping.consumer_group,
                "reconnect.backoff.max.ms": _BACK_OFF,
                "log_level": 0,
            }
        )

    def join(self) -> None:
        """Find the topic and join the group. Raises TopicNotFoundError and BrokerRefusalError."""
        if not self._find_partitions():
            raise TopicNotFoundError(f"there is no such topic at {self._bootstrap}. Create it, or correct Topics")
        self._consumer.subscribe(
            [self._mapping.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _find_partitions(self) -> list[int]:
        """Return the partitions of the topic, as soon as a broker answers."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._partitions(self._consumer, timeout=_ONE_TRY)
            except KafkaException:
                self._consumer.poll(0)  # has errors of the connections reported
                if self._refusal:
                    raise BrokerRefusalError(self._refusal) from None
                if time.monotonic() > deadline:
                    raise

    def poll(self, count: int, *, timeout: float) -> list[KafkaRecord | PartitionFailure]:
        """Wait up to `timeout` seconds for records, and return those that are there, up to `count`.

        Among them are failures to read a partition.
        """
        read: list[KafkaRecord | PartitionFailure] = []
        # `consume` would wait until it has `count` of them.
        first = self._consumer.poll(timeout)
        messages = [] if first is None else [first, *self._consumer.consume(count - 1, 0)]
        self._raise_failure()
        for message in messages:
            error, partition = message.error(), partition_of(message)
            if partition and error:
                read.append(PartitionFailure(partition, error))
            elif partition:
                read.append(record_of(message, partition))
            elif error:
                self._on_error(error)
        return read

    def _raise_failure(self) -> None:
        """Raise the error of a callback: the client would raise it in a form that no `except` catches."""
        failure, self._failure = self._failure, None
        if failure:
            raise failure

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the offset of the next record of each partition, and wait until that is done or has failed.

        Without the wait, a commit could take effect after a later one, and undo it: librdkafka repeats commits that a
        broker did not answer, and sends others meanwhile. While no broker answers, this takes up to the session's 10 s.
        """
        for each in self._consumer.commit(offsets=_with_offsets(offsets), asynchronous=False):
            if each.error:
                raise KafkaException(each.error)

    def pause(self, partition: TopicPartition) -> None:
        """Read no more of a partition until it is resumed."""
        self._paused.add(partition)
        self._consumer.pause([_as_client_has(partition)])

    def resume(self, partition: TopicPartition) -> None:
        """Go on reading a partition that was paused."""
        self._paused.discard(partition)
        self._consumer.resume([_as_client_has(partition)])

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on reading a partition at an offset, also one that could not be read."""
        # librdkafka does not seek in a partition that it has stopped reading: all are assigned again, where they are.
        for each in self._consumer.position([_as_client_has(each) for each in self._positions]):
            if each.offset >= 0:
                self._positions[TopicPartition(each.topic, each.partition)] = each.offset
        self._positions[partition] = offset
        self._assign()

    def close(self) -> None:
        """Leave the group and close the connections. The listener hears no more."""
        self._is_closing = True
        self._consumer.close()
        self._offsets.close()

    def _partitions(self, client: Consumer, *, timeout: float = _PATIENCE) -> list[int]:
        topic = client.list_topics(self._mapping.topic, timeout=timeout).topics[self._mapping.topic]
        if topic.error and topic.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaException(topic.error)
        return sorted(topic.partitions)

    def _on_assign(self, _: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        try:
            offsets, uncommitted = self._next_offsets(_ours(partitions))
            if not self._is_closing:
                self._positions = dict(self._listener.assigned(offsets, uncommitted))
                self._paused.clear()
                self._assign()
        except KafkaException as error:  # of a partition that has no leader yet, for one
            self._failure = error

    def _assign(self) -> None:
        """Read the partitions at their positions. librdkafka leaves those paused that were paused before."""
        self._consumer.assign(_with_offsets(self._positions))
        self._consumer.resume([_as_client_has(each) for each in self._positions if each not in self._paused])
        self._consumer.pause([_as_client_has(each) for each in self._positions if each in self._paused])

    def _on_revoke(self, _: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        if not self._is_closing:
            self._listener.revoked(_ours(partitions))

    def _on_lost(self, _: Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        if not self._is_closing:
            self._listener.lost(_ours(partitions))

    def _next_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> tuple[Mapping[TopicPartition, int], Collection[TopicPartition]]:
        """Return for each partition the committed offset, or the one at which the mapping begins.

        The second part of the result are the partitions without a committed offset.
        """
        if not partitions:
            return {}, ()
        everything = [TopicPartition(self._mapping.topic, number) for number in self._partitions(self._offsets)]
        committed = self._committed(everything)
        uncommitted = [partition for partition in partitions if partition not in committed]
        beginnings = {partition: self._starting_offset(partition, committed) for partition in uncommitted}
        return {partition: (committed | beginnings)[partition] for partition in partitions}, uncommitted

    def _committed(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        found = self._offsets.committed([_as_client_has(each) for each in partitions], timeout=_PATIENCE)
        for each in found:
            if each.error:
                raise KafkaException(each.error)
        return {TopicPartition(each.topic, each.partition): each.offset for each in found if each.offset >= 0}

    def _starting_offset(self, partition: TopicPartition, committed: Mapping[TopicPartition, int]) -> int:
        first, end = bounds(self._offsets, partition)
        if any(each.partition < partition.partition for each in committed):
            # The partition was added after the mapping had begun: none of its records is older than that.
            return first
        match self._mapping.starting_position:
            case "LATEST":
                return end
            case "AT_TIMESTAMP":
                milliseconds = int((self._mapping.starting_timestamp or 0) * 1000)
                found = ask_leader(lambda: self._offset_at(partition, milliseconds))
                return found if found >= 0 else end
            case _:
                return first

    def _offset_at(self, partition: TopicPartition, milliseconds: int) -> int:
        """Return the offset of the first record at a time or later; a negative number if there is none."""
        [found] = self._offsets.offsets_for_times([_as_client_has(partition, milliseconds)], timeout=_PATIENCE)
        if found.error:
            raise KafkaException(found.error)
        offset: int = found.offset
        return offset

    def _on_error(self, error: KafkaError) -> None:
        if self._is_closing or error.code() == KafkaError._TRANSPORT:
            return  # one connection ended; the client opens another, or reports that all brokers are down
        if error.code() == KafkaError._FATAL:
            # A static member is fenced, for one: after a broker was away, even by itself, if an old commit of it comes
            # after it has joined again.
            self._failure = KafkaException(error)
        elif error.code() in _REFUSED:
            self._refusal = _reason(error)
            self._listener.refused(self._refusal)
        else:
            self._listener.failed(description(error))


def _reason(error: KafkaError) -> str:
    if error.code() == KafkaError._SSL:
        return error.str()
    return "the broker refuses the authentication"


def _ours(partitions: Iterable[confluent_kafka.TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(each.topic, each.partition) for each in partitions]


def _with_offsets(offsets: Mapping[TopicPartition, int]) -> list[confluent_kafka.TopicPartition]:
    return [_as_client_has(partition, offset) for partition, offset in offsets.items()]


def _as_client_has(
    partition: TopicPartition, offset: int = confluent_kafka.OFFSET_INVALID
) -> confluent_kafka.TopicPartition:
    return confluent_kafka.TopicPartition(partition.topic, partition.partition, offset)
