"""A batch of Kafka records, and the event that Lambda makes of it.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html shows the event.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

_TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}


@dataclass(frozen=True)
class Batch:
    """Records by partition, each partition's in the order of their offsets and never empty."""

    records: Mapping[TopicPartition, tuple[ConsumerRecord, ...]]

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))

    def __str__(self) -> str:
        spans = (
            f"{name_of(partition)}@{records[0].offset}" + (f"…{records[-1].offset}" if len(records) > 1 else "")
            for partition, records in sorted(self.records.items())
        )
        return f"{', '.join(spans)} ({len(self)} record{'s' if len(self) > 1 else ''})"

    def event(self, bootstrap: str, *, source_arn: str | None) -> bytes:
        """Return the payload of the invocation. `source_arn` is that of a cluster of MSK."""
        source = (
            {"eventSource": "aws:kafka", "eventSourceArn": source_arn}
            if source_arn
            else {"eventSource": "SelfManagedKafka"}
        )
        records = {name_of(partition): list(map(_as_json, of_it)) for partition, of_it in self.records.items()}
        return _encode({**source, "bootstrapServers": bootstrap, "records": records})

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return the batch, of two records or more, split in two.

        AWS leaves open where a batch of several partitions is split. Here it is between partitions, so that no
        partition waits for another's half; a single one is split in the middle.
        """
        if len(self.records) > 1:
            partitions = list(self.records)
            middle = len(partitions) // 2
            first, second = (
                {each: self.records[each] for each in some} for some in (partitions[:middle], partitions[middle:])
            )
            return Batch(first), Batch(second)
        [(partition, records)] = self.records.items()
        middle = len(records) // 2
        return Batch({partition: records[:middle]}), Batch({partition: records[middle:]})

    def by_age(self, oldest: float) -> tuple["Batch", "Batch"]:
        """Return the records from before `oldest`, in Unix seconds, and all others.

        A record without a time never grows too old.
        """

        def chosen(*, old: bool) -> Batch:
            parts = {
                partition: tuple(each for each in records if (0 <= each.timestamp < oldest * 1000) is old)
                for partition, records in self.records.items()
            }
            return Batch({partition: records for partition, records in parts.items() if records})

        return chosen(old=True), chosen(old=False)

    def remainder(self, failed: Mapping[TopicPartition, int]) -> "Batch":
        """Return what comes again: of each partition in `failed`, the records from that offset on.

        AWS leaves open whether only the named records come again; from the lowest on is what a consumer that
        commits one offset a partition can do, and the harder case for a function.
        """
        return Batch(
            {
                partition: tuple(record for record in self.records[partition] if record.offset >= lowest)
                for partition, lowest in failed.items()
            }
        )


def name_of(partition: TopicPartition) -> str:
    """Return what the event calls a partition: topic-number."""
    return f"{partition.topic}-{partition.partition}"


def payload_size(record: ConsumerRecord) -> int:
    """Return how many bytes the record takes in an event."""
    return len(_encode(_as_json(record)))


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _as_json(record: ConsumerRecord) -> dict[str, Any]:
    event: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": _TIMESTAMP_TYPES.get(record.timestamp_type, "NO_TIMESTAMP_TYPE"),
        "headers": [{name: _as_signed(value or b"")} for name, value in record.headers],
    }
    if record.key is not None:
        event["key"] = base64.b64encode(record.key).decode()
    if record.value is not None:
        event["value"] = base64.b64encode(record.value).decode()
    return event


def _as_signed(value: bytes) -> list[int]:
    """Return the bytes as Java has them, -128 to 127; Powertools' decode_header_bytes says that AWS sends them so."""
    return [byte - 256 if byte > 127 else byte for byte in value]
