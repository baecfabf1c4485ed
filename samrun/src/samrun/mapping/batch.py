"""Batch of Kafka records, and the event that Lambda makes of it.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html shows the event.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from samrun.counted import counted
from samrun.mapping.records import KafkaRecord, TopicPartition

Place = tuple[TopicPartition, int]
"""Partition and offset of a record."""


@dataclass(frozen=True)
class Batch:
    """Records by partition, in the order of their offsets. No partition has an empty list."""

    records: Mapping[TopicPartition, tuple[KafkaRecord, ...]]

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))

    def __str__(self) -> str:
        spans = (
            f"{partition}@{_span(records[0].offset, records[-1].offset)}"
            for partition, records in sorted(self.records.items())
        )
        return f"{', '.join(spans)} ({counted(len(self), 'record')})"

    def all_records(self) -> Iterator[KafkaRecord]:
        """Yield the records, partition by partition."""
        for records in self.records.values():
            yield from records

    def event(self, bootstrap: str, *, source_arn: str | None) -> bytes:
        """Return the payload of the invocation. `source_arn` is the ARN of an MSK cluster, or None."""
        source = (
            {"eventSource": "aws:kafka", "eventSourceArn": source_arn}
            if source_arn
            else {"eventSource": "SelfManagedKafka"}
        )
        head = json.dumps({**source, "bootstrapServers": bootstrap}, separators=(",", ":")).encode()
        by_partition = b",".join(
            b"%s:[%s]" % (json.dumps(str(partition)).encode(), b",".join([record.as_json for record in records]))
            for partition, records in self.records.items()
        )
        return b'%s,"records":{%s}}' % (head[:-1], by_partition)

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return the two halves of a batch of one partition and two or more records."""
        [(partition, records)] = self.records.items()
        middle = len(records) // 2
        return Batch({partition: records[:middle]}), Batch({partition: records[middle:]})

    def split_by_age(self, oldest: float) -> tuple["Batch", "Batch"]:
        """Return two batches: the records older than `oldest`, in Unix seconds, and all others.

        A record without a timestamp is never too old.
        """

        def select(*, old: bool) -> Batch:
            selected = {
                partition: tuple(record for record in records if (0 <= record.timestamp < oldest * 1000) is old)
                for partition, records in self.records.items()
            }
            return Batch({partition: records for partition, records in selected.items() if records})

        return select(old=True), select(old=False)

    def only(self, offsets: Mapping[TopicPartition, Collection[int]]) -> "Batch":
        """Return the records of these offsets."""
        return Batch(
            {
                partition: tuple(record for record in self.records[partition] if record.offset in wanted)
                for partition, wanted in offsets.items()
            }
        )

    def from_lowest(self, offsets: Mapping[TopicPartition, Collection[int]]) -> "Batch":
        """Return the records of each of these partitions from the lowest of its offsets on."""
        return Batch(
            {
                partition: tuple(record for record in self.records[partition] if record.offset >= min(some))
                for partition, some in offsets.items()
            }
        )

    def places(self) -> frozenset[Place]:
        """Return the places of the records."""
        return frozenset((partition, each.offset) for partition, records in self.records.items() for each in records)

    def without(self, places: Collection[Place]) -> "Batch":
        """Return the records at other places."""
        if not places:
            return self
        left = {
            partition: tuple(each for each in records if (partition, each.offset) not in places)
            for partition, records in self.records.items()
        }
        return Batch({partition: records for partition, records in left.items() if records})

    def by_partition(self) -> "list[Batch]":
        """Return a batch for each partition."""
        return [Batch({partition: records}) for partition, records in self.records.items()]


def _span(first: int, last: int) -> str:
    return f"{first}…{last}" if last > first else f"{first}"
