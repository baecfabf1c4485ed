"""Position of a record in a topic: partition and offset, or the newest record."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RecordPosition:
    """Position of a record. Without an offset it is the newest one of the partition, or of all partitions."""

    topic: str
    partition: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.topic, self.partition, self.offset) if part is not None)
