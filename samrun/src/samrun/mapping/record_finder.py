"""Finder of a single record in a topic: at an offset, or the newest one."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException

from samrun.errors import UserError
from samrun.mapping.client_errors import description
from samrun.mapping.record_position import RecordPosition
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.services.kafka import KafkaUnreachableError, reach


class NoRecordError(UserError):
    """The topic, the partition or the record does not exist. The message says which ones exist."""


def find_record(position: RecordPosition, bootstrap: str) -> KafkaRecord:
    """Return the record at a location. Raises KafkaUnreachableError and NoRecordError."""
    reach(bootstrap)
    try:
        with TopicReader(bootstrap) as reader:
            return _Finder(reader).find(position)
    except KafkaException as error:
        raise KafkaUnreachableError(
            f"Kafka at {bootstrap} does not return its records: {description(error)}"
        ) from error


class _Finder:
    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader

    def find(self, position: RecordPosition) -> KafkaRecord:
        partitions = self._partitions(position)
        if position.offset is not None:
            [partition] = partitions
            return self._at(partition, position.offset)
        newest = [record for partition in partitions if (record := self._newest(partition))]
        if not newest:
            raise NoRecordError(f"{position} has no records yet.")
        return max(newest, key=lambda record: record.timestamp)

    def _partitions(self, position: RecordPosition) -> list[TopicPartition]:
        partitions = self._reader.partitions(position.topic)
        if not partitions:
            raise NoRecordError(f"There is no topic {position.topic}; there are {_listed(self._reader.topics())}.")
        if position.partition is None:
            return partitions
        numbers = [each.partition for each in partitions]
        if position.partition not in numbers:
            raise NoRecordError(f"{position.topic} has no partition {position.partition}; it has {_listed(numbers)}.")
        return [TopicPartition(position.topic, position.partition)]

    def _at(self, partition: TopicPartition, offset: int) -> KafkaRecord:
        begin, end = self._reader.bounds(partition)
        for record in self._reader.read(partition, offset, offset + 1) if begin <= offset < end else ():
            return record
        has = f"its offsets are {begin} to {end - 1}" if begin < end else "it is empty"
        raise NoRecordError(f"{partition.topic}:{partition.partition} has no record {offset}; {has}.")

    def _newest(self, partition: TopicPartition) -> KafkaRecord | None:
        """Return the last record of a partition, if it has any.

        The last offsets may be markers of a transaction, or deleted by compaction: look back further each time.
        """
        begin, end = self._reader.bounds(partition)
        back = 1
        while begin < end:
            start = max(begin, end - back)
            if records := self._reader.read(partition, start, end):
                return records[-1]
            if start == begin:
                break
            back *= 2
        return None


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, sorted(names)))
