"""Finds single records in topics."""

from collections.abc import Iterable
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from local.errors import PlainError
from local.event_settings import Place
from local.kafka import PATIENCE, KafkaUnreachableError, reach

_POLL_MILLISECONDS = 1000


class NoRecordError(PlainError):
    """There is no record where one was looked for; the message says what there is."""


def find(place: Place, bootstrap: str) -> ConsumerRecord:
    """Return the record at a place. Raises KafkaUnreachableError and NoRecordError."""
    reach(bootstrap)
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=int(PATIENCE * 1000),
            enable_auto_commit=False,
            allow_auto_create_topics=False,
        )
        try:
            return _Finder(consumer).find(place)
        finally:
            consumer.close()
    except KafkaError as error:
        raise KafkaUnreachableError(
            f"Kafka at {bootstrap} does not give its records: {type(error).__name__}: {error}"
        ) from error


class _Finder:
    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    def find(self, place: Place) -> ConsumerRecord:
        partitions = self._partitions(place)
        if place.offset is not None:
            [partition] = partitions
            return self._at(partition, place.offset)
        newest = [record for partition in partitions if (record := self._newest(partition))]
        if not newest:
            raise NoRecordError(f"{place} has no records yet.")
        return max(newest, key=lambda record: record.timestamp)

    def _partitions(self, place: Place) -> list[TopicPartition]:
        numbers = sorted(self._consumer.partitions_for_topic(place.topic) or ())
        if not numbers:
            raise NoRecordError(f"There is no topic {place.topic}; there are {_listed(self._consumer.topics())}.")
        if place.partition is None:
            return [TopicPartition(place.topic, number) for number in numbers]
        if place.partition not in numbers:
            raise NoRecordError(f"{place.topic} has no partition {place.partition}; it has {_listed(numbers)}.")
        return [TopicPartition(place.topic, place.partition)]

    def _at(self, partition: TopicPartition, offset: int) -> ConsumerRecord:
        begin, end = self._bounds(partition)
        for record in self._read(partition, offset, offset + 1) if begin <= offset < end else ():
            return record
        has = f"its offsets are {begin} to {end - 1}" if begin < end else "it is empty"
        raise NoRecordError(f"{partition.topic}:{partition.partition} has no record {offset}; {has}.")

    def _newest(self, partition: TopicPartition) -> ConsumerRecord | None:
        """Look ever farther back: the last offsets may be a transaction's marks, or compacted away."""
        begin, end = self._bounds(partition)
        back = 1
        while begin < end:
            start = max(begin, end - back)
            if records := self._read(partition, start, end):
                return records[-1]
            if start == begin:
                break
            back *= 2
        return None

    def _bounds(self, partition: TopicPartition) -> tuple[int, int]:
        begins, ends = self._consumer.beginning_offsets([partition]), self._consumer.end_offsets([partition])
        return begins[partition], ends[partition]

    def _read(self, partition: TopicPartition, start: int, end: int) -> list[ConsumerRecord]:
        self._consumer.assign([partition])
        self._consumer.seek(partition, start)
        records: list[ConsumerRecord] = []
        while self._consumer.position(partition) < end:
            records += self._consumer.poll(timeout_ms=_POLL_MILLISECONDS).get(partition, [])
        return [record for record in records if record.offset < end]


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, sorted(names)))
